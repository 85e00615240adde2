// What is fresh in a statement: nonces and ids of random digits, and texts that may one day be erased, with what is signed in
// their place.
import { browserPrimitives } from "../../src/proof/browser.ts";
import { type Opening, commit } from "../../src/proof/digest.ts";
import { toBase64, toHex } from "../../src/proof/encoding.ts";
import type { Digest } from "../../src/terms/ids.ts";

/** `prefix` and so many random hex digits. */
export function freshId(prefix: string, digits: number): string {
  return prefix + toHex(crypto.getRandomValues(new Uint8Array(digits / 2)));
}

const saltBytes = 32;

/** A text that may one day be erased, and the commitment that a statement carries in its place. */
export function committed(text: string): { readonly opening: Opening; readonly digest: Digest } {
  const opening = { salt: toBase64(crypto.getRandomValues(new Uint8Array(saltBytes))), text };
  return { opening, digest: commit(opening, browserPrimitives) };
}
