// Where a typed text may lead: pages by name, an entry of the ledger by number, anything with an id by its id. More kinds are
// added here by whoever has a page for them.
import { words } from "../words/words.ts";
import { pages } from "./pages.ts";

export interface Target {
  readonly name: string;
  readonly kind: string;
  readonly href: string;
}

const targetsMax = 12;
const idForm = /^[a-z]{2,12}_[0-9A-Za-z-]{4,64}$|^sha256:[0-9a-f]{8,64}$/;

export function targetsFor(text: string): readonly Target[] {
  const wanted = text.trim();
  return [...byNumber(wanted), ...byId(wanted), ...byName(wanted)].slice(0, targetsMax);
}

function byName(wanted: string): readonly Target[] {
  const lower = wanted.toLowerCase();
  return pages
    .filter(({ name }) => name.toLowerCase().includes(lower))
    .map(({ name, to }) => ({ name, kind: words.shell.palette.page, href: to }));
}

function byNumber(wanted: string): readonly Target[] {
  const entry = wanted.replaceAll(",", "");
  if (!/^\d{1,9}$/.test(entry)) return [];
  const { openEntry, entry: kind } = words.shell.palette;
  return [{ name: openEntry(wanted), kind, href: `/ledger/${entry}` }];
}

function byId(wanted: string): readonly Target[] {
  if (!idForm.test(wanted)) return [];
  const { findId, id } = words.shell.palette;
  return [{ name: findId(wanted), kind: id, href: `/ledger?find=${encodeURIComponent(wanted)}` }];
}
