// The pages that the sidebar and the palette list, in the order of work. A page's own folder has its route.
import { words } from "../words/words.ts";

export interface PageEntry {
  readonly to: "/" | "/release" | "/evidence" | "/policy" | "/organisations" | "/live" | "/ledger" | "/settings";
  readonly name: string;
  /** Second key after G. */
  readonly key: string;
}

export const pages: readonly PageEntry[] = [
  { to: "/", name: words.shell.pages.home, key: "h" },
  { to: "/release", name: words.shell.pages.release, key: "r" },
  { to: "/evidence", name: words.shell.pages.evidence, key: "e" },
  { to: "/policy", name: words.shell.pages.policy, key: "p" },
  { to: "/organisations", name: words.shell.pages.organisations, key: "o" },
  { to: "/live", name: words.shell.pages.live, key: "l" },
  { to: "/ledger", name: words.shell.pages.ledger, key: "d" },
  { to: "/settings", name: words.shell.pages.settings, key: "s" },
];
