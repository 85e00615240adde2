// When a run may end that was registered to end at any time: once what was asked shows its limit, counted as its gate will count
// it, by whole clusters, with one that is not through counted as failed.
import type { Counts } from "../statistics/counts.ts";
import type { FailureKind } from "../terms/trial.ts";
import { type Settled, bitOf, worstOf } from "./live-bound.ts";

export interface Stopping {
  readonly take: (settled: Settled) => void;
  /** Clusters that nothing is open in. */
  readonly through: () => Counts;
  /** All that were begun, those that something is open in as failed. */
  readonly begun: () => Counts;
}

interface Watched {
  /** Attempts that each cluster takes. */
  readonly attempts: ReadonlyMap<string, number>;
  readonly failure: FailureKind;
  /** What earlier sittings settled. */
  readonly known: readonly Settled[];
}

export function watchClusters({ attempts, failure, known }: Watched): Stopping {
  const made = new Map<string, { readonly count: number; readonly outcomes: number }>();
  let through: Counts = { failures: 0, trials: 0 };
  const take = ({ cluster, outcome }: Settled): void => {
    const before = made.get(cluster);
    const count = (before?.count ?? 0) + 1;
    const outcomes = (before?.outcomes ?? 0) | bitOf(outcome);
    made.set(cluster, { count, outcomes });
    if (count !== (attempts.get(cluster) ?? 1)) return;
    through = {
      failures: through.failures + Number(worstOf(outcomes, failure) !== "clean"),
      trials: through.trials + 1,
    };
  };
  for (const one of known) take(one);
  return {
    take,
    through: () => through,
    begun: () => ({ failures: through.failures + made.size - through.trials, trials: made.size }),
  };
}
