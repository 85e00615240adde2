// What the counts of a live measure come to: two bets on its rate, one that it is above its limit (then the stage steps back) and one that
// it is below (then the next step may be taken). Both may be looked at whenever one likes. For stepping back only what has a
// label counts; for the next step what has none counts as bad.
import type { LiveMeasure } from "../acts/watch.ts";
import type { Interval } from "../statistics/counts.ts";
import { logEValue } from "../statistics/evalue.ts";
import { anytimeInterval } from "../statistics/sequence.ts";

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

export function judgeLive(measure: LiveMeasure, counts: LiveCounts, period: number): LiveJudgement {
  const { exchanges, bad, good } = counts;
  const unknown = Math.max(0, exchanges - bad - good);
  const alpha = alphaOf(measure.alpha, period);
  const logNeeded = -Math.log(alpha);
  const seen = { failures: bad, trials: bad + good };
  const worst = { failures: bad + unknown, trials: exchanges };
  const labelled = labelledRates(measure, measure.limit);
  const logExceeded = logEValue(seen, { limit: labelled.highest, side: "above" });
  const logKept = logEValue(worst, { limit: labelled.lowest, side: "below" });
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
    interval: intervalOf(measure, { exchanges, bad, unknown, alpha }),
    verdict: logExceeded >= logNeeded ? "exceeded" : isKept ? "kept" : "open",
  };
}

interface Errors {
  readonly sensitivity: number;
  readonly specificity: number;
}

function errorsOf(measure: LiveMeasure): Errors {
  const { sensitivity = 1, specificity = 1 } = measure.measure === "safeguard-failures" ? {} : measure.labels;
  return { sensitivity, specificity };
}

/** Between which rates labels say bad where `rate` is: whoever labels may be better than the plan says, and no worse. */
function labelledRates(measure: LiveMeasure, rate: number): { readonly lowest: number; readonly highest: number } {
  const { sensitivity, specificity } = errorsOf(measure);
  return { lowest: rate * sensitivity, highest: rate + (1 - rate) * (1 - specificity) };
}

function intervalOf(
  measure: LiveMeasure,
  { exchanges, bad, unknown, alpha }: Pick<LiveJudgement, "exchanges" | "bad" | "unknown" | "alpha">,
): Interval {
  const level = { doubt: alpha };
  const { sensitivity, specificity } = errorsOf(measure);
  const { lower } = anytimeInterval({ failures: bad, trials: exchanges }, level);
  const { upper } = anytimeInterval({ failures: bad + unknown, trials: exchanges }, level);
  return {
    lower: Math.max(0, (lower - (1 - specificity)) / specificity),
    upper: Math.min(1, upper / sensitivity),
  };
}
