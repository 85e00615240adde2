// What the counts of a live measure come to: two bets on its rate, one that it is above its limit (then the stage steps back) and one that
// it is below (then the next step may be taken). Both may be looked at whenever one likes. For stepping back only what has a
// label counts; for the next step what has none counts as bad.
import type { LiveMeasure } from "../acts/watch.ts";
import type { Interval } from "../statistics/counts.ts";
import { type Seen, type Watched, logWatchedEValue, watchedBounds } from "../statistics/watched-rate.ts";

/** Of one period. */
export interface LiveCounts {
  /** Those that the measure looks at, whether or not it knows of them what they were. */
  readonly exchanges: number;
  readonly bad: number;
  readonly good: number;
}

export interface LiveJudgement extends LiveCounts {
  readonly unknown: number;
  /** What of the measure's error this period may use. */
  readonly alpha: number;
  /** ln of the e-value that the limit is exceeded, that it is kept, and what each has to reach. */
  readonly logExceeded: number;
  readonly logKept: number;
  readonly logNeeded: number;
  /** Of the rate, at all moments of this period at once; unknown ones as if all were good, and as if all were bad. */
  readonly interval: Interval;
  readonly verdict: "exceeded" | "kept" | "open";
}

/** The part of alpha that the period of this number may use: 1/2, 1/6, 1/12 and so on, of which all together are no more than alpha. */
function alphaOf(alpha: number, period: number): number {
  return alpha / (period * (period + 1));
}

export function judgeLive(measure: LiveMeasure, { exchanges, bad, good }: LiveCounts, period: number): LiveJudgement {
  const unknown = Math.max(0, exchanges - bad - good);
  const alpha = alphaOf(measure.alpha, period);
  const logNeeded = -Math.log(alpha);
  const seen = seenBy(measure);
  const { limit } = measure;
  const known = watchedOf(seen, { failed: bad, clean: good, unknown: 0 });
  const all = watchedOf(seen, { failed: bad, clean: good, unknown });
  const logExceeded = logWatchedEValue(known, { ...seen, limit, side: "above" });
  const logKept = logWatchedEValue(all, { ...seen, limit, side: "below" });
  const isKept = logKept >= logNeeded && exchanges >= measure.exchangesMin;
  return {
    exchanges,
    bad,
    good,
    unknown,
    alpha,
    logExceeded,
    logKept,
    logNeeded,
    interval: watchedBounds(all, seen, { doubt: alpha }),
    verdict: logExceeded >= logNeeded ? "exceeded" : isKept ? "kept" : "open",
  };
}

/** All exchanges of a measure are drawn with the same chance. Whoever labels may be better than the plan says, and no worse. */
function seenBy(measure: LiveMeasure): Seen {
  if (measure.measure === "safeguard-failures")
    return { weightMin: 1, grader: { sensitivity: sure, specificity: sure } };
  const { sensitivity = 1, specificity = 1 } = measure.labels;
  const grader = { sensitivity: { lower: sensitivity, upper: 1 }, specificity: { lower: specificity, upper: 1 } };
  return { weightMin: measure.sample, grader };
}

const sure: Interval = { lower: 1, upper: 1 };

function watchedOf({ weightMin: weight }: Seen, counts: Omit<Watched[number], "weight">): Watched {
  return [{ weight, ...counts }];
}
