// The line on the error stream while a run is under way: how far, how fast, how long still, and a bound that may be looked
// at as often as one likes without losing its meaning (src/statistics/sequence.ts).
import { anytimeInterval } from "../statistics/sequence.ts";
import { type FailureKind, markOf } from "../terms/trial.ts";
import type { Progress } from "./run-suite.ts";

export interface Live {
  readonly line: (progress: Progress, atMs: number) => string;
}

/** `known` are the outcomes of earlier sittings. */
export function liveBound(failure: FailureKind, confidence: number, startMs: number): Live {
  const counts = { failures: 0, trials: 0, unknown: 0 };
  let first: number | undefined;
  return {
    line: ({ done, total, outcome }, atMs) => {
      first ??= done - 1;
      const mark = markOf(outcome, failure);
      counts.trials += 1;
      if (mark === "failed") counts.failures += 1;
      if (mark === "unknown") counts.unknown += 1;
      const rate = (done - first) / Math.max(0.001, (atMs - startMs) / 1000);
      const { upper } = anytimeInterval(
        { failures: counts.failures + counts.unknown, trials: counts.trials },
        confidence,
      );
      const left = Math.ceil((total - done) / rate);
      return (
        `${done}/${total}  ${rate.toFixed(1)}/s  ${left} s left  failures ${counts.failures}  unknown ${counts.unknown}  ` +
        `rate at most ${(100 * upper).toFixed(2)} % so far (anytime bound)`
      );
    },
  };
}
