// Which rows something was trained on, without the rows: the sorted first five bytes of the SHA-256 of each text, in lower case and with
// white space folded. Two such lists tell how many texts stand in both; that an unrelated one seems to has a chance of one in 10^12
// for each pair. `scripts/commit-rows.ts` makes them, each lies beside its weights as NAME.rows.bin.

export const rowKeyBytes = 5;

/** What something was trained on, as far as it is known here. */
export type TrainedOn =
  | { readonly kind: "nothing" }
  | { readonly kind: "rows"; readonly keys: Uint8Array }
  | { readonly kind: "unknown" };

/** A text as its key is made of it. */
export function rowText(text: string): string {
  return text.trim().toLowerCase().replaceAll(/\s+/gu, " ");
}

/** How many keys stand in both of two sorted lists. */
export function sharedRows(one: Uint8Array, other: Uint8Array): number {
  let [at, beside, shared] = [0, 0, 0];
  while (at < one.length && beside < other.length) {
    const order = compareKeys(one, at, { of: other, at: beside });
    if (order === 0) shared += 1;
    if (order <= 0) at += rowKeyBytes;
    if (order >= 0) beside += rowKeyBytes;
  }
  return shared;
}

function compareKeys(one: Uint8Array, at: number, other: { readonly of: Uint8Array; readonly at: number }): number {
  for (let byte = 0; byte < rowKeyBytes; byte += 1) {
    const difference = (one[at + byte] ?? 0) - (other.of[other.at + byte] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
