// What runs in the browser that opens a release card: the bundle in it is verified once more, by the modules that verify it
// anywhere, and its text made once more, to be held against the one that is shown.
import { browserPrimitives, hasEd25519 } from "../proof/browser.ts";
import { cardOf } from "./release-card.ts";

export interface Rechecked {
  /** What the page has to say. */
  readonly html: string;
  readonly title: string;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly firstDifference: string | null;
  readonly certified: boolean;
}

/** Fails where nothing could be checked: then nothing was. */
export async function recheck(bytes: Uint8Array): Promise<Rechecked> {
  if (!(await hasEd25519()))
    throw new Error(
      "This browser cannot check Ed25519 signatures. Open the page in a newer one, or use headgate verify.",
    );
  const { html, title, verification } = await cardOf(bytes, browserPrimitives);
  const { checks, firstDifference, certified } = verification;
  return { html, title, checks, firstDifference, certified };
}
