// Holds that reached one gateway directly, said to all others at once: also while the store is away, when the ledger cannot
// carry them. In memory: each gateway keeps in its mark what it was told, and hands it to the ledger itself.
import { type ToldHolds, toldHoldsMax } from "../feed/feed.ts";
import type { Digest } from "../terms/ids.ts";

export interface Telling {
  /** Said to every gateway that waits now or comes later; once each act. */
  readonly tell: (act: Digest, envelope: Uint8Array) => void;
  /** What there is from this cursor on; none where there is nothing. A cursor of an earlier process says all again. */
  readonly from: (cursor: string) => ToldHolds;
}

/** `epoch` names this process, so that a cursor of another is not taken for one of ours. */
export function createTelling(epoch: string): Telling {
  const kept = new Map<Digest, { readonly number: number; readonly envelope: Uint8Array }>();
  let last = 0;
  return {
    tell: (act, envelope) => {
      if (kept.has(act)) return;
      last += 1;
      kept.set(act, { number: last, envelope });
      const [oldest] = kept.keys();
      if (kept.size > toldHoldsMax.kept && oldest !== undefined) kept.delete(oldest);
    },
    from: (cursor) => {
      const [name, number] = cursor.split(".");
      const after = name === epoch ? Number(number) : 0;
      const found = [...kept.values()].filter((one) => one.number > after).slice(0, toldHoldsMax.atOnce);
      return { cursor: `${epoch}.${found.at(-1)?.number ?? after}`, envelopes: found.map(({ envelope }) => envelope) };
    },
  };
}
