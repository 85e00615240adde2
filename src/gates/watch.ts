// What the counts of a live measure come to: two bets on its rate, one that it is above its limit (then the stage steps back) and one that
// it is below (then the next step may be taken). Both may be looked at whenever one likes. For stepping back only what has a
// label counts; for the next step what has none counts as bad.
import type { CallerMeasure, LiveMeasure, Probes } from "../acts/watch.ts";
import type { Interval } from "../statistics/counts.ts";
import { logEValue } from "../statistics/evalue.ts";
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
  /** The same of the bet that it is kept, where that is another one. */
  readonly logNeededKept: number;
  /** Of the rate, at all moments of this period at once; unknown ones as if all were good, and as if all were bad. */
  readonly interval: Interval;
  readonly verdict: "exceeded" | "kept" | "open";
}

/** The part of alpha that the period of this number may use: 1/2, 1/6, 1/12 and so on, of which all together are no more than alpha. */
function alphaOf(alpha: number, period: number): number {
  return alpha / (period * (period + 1));
}

export function judgeLive(measure: CallerMeasure, counts: LiveCounts, period: number): LiveJudgement {
  const { all, ...judged } = judgePeriod(measure, counts, { period, seen: seenBy(measure) });
  const logKept = logWatchedEValue(all, { ...seenBy(measure), limit: measure.limit, side: "below" });
  return verdictOf(measure, { ...judged, logKept, logNeededKept: judged.logNeeded, isEnough: true });
}

/** In clusters. */
export interface ProbeCounts extends LiveCounts {
  /** What the laboratory and all probes of this configuration come to, those of earlier periods among them. */
  readonly inAll: LiveCounts;
  /** Whether a probe of this period was sealed as lately as its plan asks. */
  readonly isFresh: boolean;
}

/**
 * Probes. That the limit is exceeded is bet anew in each period, as of every live measure. That it is kept is the laboratory's own bet, gone
 * on with: over all of its clusters and all that were probed since, at one alpha that no period takes a part of. Since what was shown
 * long ago would carry what is bad now, the probes of this period must keep the limit by themselves as well, unknown ones as bad.
 */
export function judgeProbes(measure: Probes, counts: ProbeCounts, period: number): LiveJudgement {
  const { limit } = measure;
  const { inAll, isFresh, exchanges, good } = counts;
  const { all: _, ...judged } = judgePeriod(measure, counts, { period, seen: sureSeen });
  const worst = { failures: Math.max(0, inAll.exchanges - inAll.good), trials: inAll.exchanges };
  const logKept = logEValue(worst, { limit, side: "below" });
  const isEnough = isFresh && exchanges - good <= limit * exchanges;
  return verdictOf(measure, { ...judged, logKept, logNeededKept: -Math.log(measure.alpha), isEnough });
}

type Judged = Omit<LiveJudgement, "verdict">;

/** What is the same of all live measures. */
function judgePeriod(
  { limit, alpha: whole }: Pick<LiveMeasure, "limit" | "alpha">,
  { exchanges, bad, good }: LiveCounts,
  { period, seen }: { readonly period: number; readonly seen: Seen },
): Omit<Judged, "logKept" | "logNeededKept"> & { readonly all: Watched } {
  const unknown = Math.max(0, exchanges - bad - good);
  const alpha = alphaOf(whole, period);
  const known = watchedOf(seen, { failed: bad, clean: good, unknown: 0 });
  const all = watchedOf(seen, { failed: bad, clean: good, unknown });
  const logExceeded = logWatchedEValue(known, { ...seen, limit, side: "above" });
  const interval = watchedBounds(all, seen, { doubt: alpha });
  return { exchanges, bad, good, unknown, alpha, logExceeded, logNeeded: -Math.log(alpha), interval, all };
}

function verdictOf(
  { exchangesMin }: Pick<LiveMeasure, "exchangesMin">,
  { isEnough, ...judged }: Judged & { readonly isEnough: boolean },
): LiveJudgement {
  const { logExceeded, logNeeded, logKept, logNeededKept, exchanges } = judged;
  const isKept = isEnough && logKept >= logNeededKept && exchanges >= exchangesMin;
  return { ...judged, verdict: logExceeded >= logNeeded ? "exceeded" : isKept ? "kept" : "open" };
}

/** All exchanges of a measure are drawn with the same chance. Whoever labels may be better than the plan says, and no worse. */
function seenBy(measure: CallerMeasure): Seen {
  if (measure.measure === "safeguard-failures") return sureSeen;
  const { sensitivity = 1, specificity = 1 } = measure.labels;
  const grader = { sensitivity: { lower: sensitivity, upper: 1 }, specificity: { lower: specificity, upper: 1 } };
  return { weightMin: measure.sample, grader };
}

const sure: Interval = { lower: 1, upper: 1 };

/** Everything is looked at, and what is said of it is right. */
const sureSeen: Seen = { weightMin: 1, grader: { sensitivity: sure, specificity: sure } };

function watchedOf({ weightMin: weight }: Seen, counts: Omit<Watched[number], "weight">): Watched {
  return [{ weight, ...counts }];
}
