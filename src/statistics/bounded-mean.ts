// The mean of shares, each between 0 and 1 and each of something that may be taken as independent, with an interval that holds
// whatever the shares are: Hoeffding's bound in its relative-entropy form (JASA 58, 1963, theorem 1). It needs no large
// numbers and no resampling, and does not collapse where all shares are the same. Of shares that are all 0 or 1 it is a
// little wider than Clopper-Pearson; where all are 1, or all 0, it is the same.
import { type Interval, type Level, doubtOf } from "./counts.ts";
import { crossingOf } from "./root.ts";

/** Two-sided. `mean`: of `count` shares, 0 to 1. No shares rule out nothing. */
export function meanInterval(mean: number, count: number, level: Level): Interval {
  const doubt = doubtOf(level);
  if (count === 0) return { lower: 0, upper: 1 };
  const most = Math.log(2 / doubt) / count;
  const beyond = (at: number): number => relativeEntropy(mean, at) - most;
  return {
    lower: mean <= 0 ? 0 : crossingOf((at) => -beyond(at), 0, mean),
    upper: mean >= 1 ? 1 : crossingOf(beyond, mean, 1),
  };
}

/** Of a share that is `mean` to one that is `at`, in nats. */
function relativeEntropy(mean: number, at: number): number {
  const hit = mean === 0 ? 0 : mean * Math.log(mean / at);
  const miss = mean === 1 ? 0 : (1 - mean) * Math.log((1 - mean) / (1 - at));
  return hit + miss;
}
