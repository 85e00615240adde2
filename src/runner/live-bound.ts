// The line on the error stream while a run is under way: how far, how fast, how long still, and a bound that may be looked
// at as often as one likes without losing its meaning (src/statistics/sequence.ts). It counts what the sealed run will:
// clusters, and those of earlier sittings too.
import { anytimeInterval } from "../statistics/sequence.ts";
import { type FailureKind, type CountedAs, TrialOutcome, countAttempts, worstCounted } from "../terms/trial.ts";
import { placeOf } from "./run-lines.ts";
import { type Try, settledPlaces } from "./run-record.ts";
import type { Progress, RunItem } from "./run-suite.ts";

export interface Live {
  /** Counts an attempt; costs next to nothing, which the line does not. */
  readonly take: (progress: Progress) => void;
  /** As of the last one that was taken. */
  readonly line: (progress: Progress, atMs: number) => string;
}

/** One attempt that there is nothing more to ask about. */
export interface Settled {
  readonly cluster: string;
  readonly outcome: TrialOutcome;
}

interface LiveOptions {
  readonly failure: FailureKind;
  readonly confidence: number;
  readonly startMs: number;
  /** What earlier sittings settled. */
  readonly known: readonly Settled[];
}

export function liveBound({ failure, confidence, startMs, known }: LiveOptions): Live {
  // Of each cluster its outcomes, a bit each: there may be as many clusters as items.
  const outcomes = new Map<string, number>();
  const worst = new Map<number, CountedAs>();
  const counts: Record<CountedAs, number> = { failed: 0, unknown: 0, clean: 0 };
  const take = ({ cluster, outcome }: Settled): void => {
    const before = outcomes.get(cluster) ?? 0;
    const own = before | bitOf(outcome);
    if (own === before) return;
    outcomes.set(cluster, own);
    if (before > 0) counts[worstIn(before)] -= 1;
    counts[worstIn(own)] += 1;
  };
  const worstIn = (bits: number): CountedAs => {
    const found = worst.get(bits) ?? worstOf(bits, failure);
    worst.set(bits, found);
    return found;
  };
  for (const one of known) take(one);
  let first: number | undefined;
  return {
    take: (progress) => {
      take(progress);
      first ??= progress.done - 1;
    },
    line: ({ done, total }, atMs) => {
      const rate = (done - (first ?? done)) / Math.max(0.001, (atMs - startMs) / 1000);
      const { upper } = anytimeInterval(
        { failures: counts.failed + counts.unknown, trials: outcomes.size },
        confidence,
      );
      const left = Math.ceil((total - done) / rate);
      return (
        `${done}/${total}  ${rate.toFixed(1)}/s  ${left} s left  failures ${counts.failed}  unknown ${counts.unknown}  ` +
        `rate at most ${(100 * upper).toFixed(2)} % so far (anytime bound)`
      );
    },
  };
}

/** An outcome in the set of those that a cluster had. */
export function bitOf(outcome: TrialOutcome): number {
  return 1 << TrialOutcome.options.indexOf(outcome);
}

/** What a cluster counts as: how often each of its outcomes came makes no difference to that. */
export function worstOf(bits: number, failure: FailureKind): CountedAs {
  const outcomes = TrialOutcome.options.filter((_, at) => (bits & (1 << at)) !== 0);
  return worstCounted(
    countAttempts(
      outcomes.map((outcome) => ({ cluster: "", outcome })),
      failure,
    ),
  );
}

/** The attempts that earlier sittings settled: an answer, or a loss that the gateway gives no second answer for. */
export function settledBefore(items: readonly RunItem[], results: readonly Try[]): readonly Settled[] {
  const clusters = new Map(items.map(({ id, cluster }) => [id, cluster]));
  const settled = settledPlaces(results);
  const tries = Map.groupBy(results, (result) => placeOf(result));
  return [...tries].flatMap(([place, made]) => {
    const last = made.findLast(({ outcome }) => outcome !== "errored") ?? made.at(-1);
    const cluster = last === undefined ? undefined : clusters.get(last.item);
    if (last === undefined || cluster === undefined || !settled.has(place)) return [];
    return [{ cluster, outcome: last.outcome }];
  });
}
