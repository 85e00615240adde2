// Runs of the same items under another document. Digests are compared, not what they mean: items under another file's name, in another
// order, or with one of them left out are another suite. What came out badly there counts here, so that no run vanishes behind a
// new name; what came out well does not, since the other document may have had another word for it. Pure.
import type { PermitRun, SeenReceipt } from "./pool.ts";

type Run = Pick<PermitRun, "exchanges" | "receipts" | "tries">;

/** Whether some of `items` were asked in the run, or nobody can say: exchanges of it have no receipt here. */
export function touches(run: Run, items: ReadonlySet<string>): boolean {
  return keptBack(run) > 0 || run.receipts.some(({ item }) => items.has(item));
}

/** The run as far as it asked `items`, with what was kept back of it; it counts only against. */
export function countedAgainst<R extends PermitRun>(run: R, items: ReadonlySet<string>): R {
  const receipts = run.receipts.filter(({ item }) => items.has(item));
  return {
    ...run,
    receipts,
    tries: run.tries?.filter(({ item }) => items.has(item)) ?? null,
    exchanges: distinct(receipts) + keptBack(run),
    againstOnly: true,
  };
}

function keptBack({ exchanges, receipts }: Run): number {
  return Math.max(0, exchanges - distinct(receipts));
}

function distinct(receipts: readonly SeenReceipt[]): number {
  return new Set(receipts.map(({ receipt }) => receipt)).size;
}
