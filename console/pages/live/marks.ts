// Entries of the ledger as marks of a chart: each with a letter, which the list under the charts has beside its sentence.
import type { LiveView } from "../../../src/control/contract-live.ts";

export type Marked = LiveView["entries"][number] & { readonly letter: string };

/** Oldest first: A, B, … Z, AA. */
export function marksOf({ entries }: LiveView): readonly Marked[] {
  return entries.toReversed().map((entry, at) => ({ ...entry, letter: letterOf(at) }));
}

function letterOf(at: number): string {
  const last = String.fromCharCode(65 + (at % 26));
  return at < 26 ? last : letterOf(Math.floor(at / 26) - 1) + last;
}
