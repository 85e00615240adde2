// Bounds that hold at every moment at once, so that a run may be watched and stopped whenever one likes: the price is a
// wider interval. Uniform-mixture confidence sequence for a rate (Robbins 1970; Howard, Ramdas et al., arXiv 1810.08240)
// and the one-sided e-values of the same mixture. The gate never reads them: its count is fixed by the permit.
import { logBeta, logBetaTails } from "./beta.ts";
import { checkConfidence, checkCounts, checkLimit, type Counts, type Interval } from "./counts.ts";
import { crossingOf, logOddsMax, probabilityOf, type Probability } from "./root.ts";

/** Two-sided interval that holds for all sample sizes at once with `confidence`. */
export function anytimeInterval(counts: Counts, confidence: number): Interval {
  checkCounts(counts);
  checkConfidence(confidence);
  const { failures, trials } = counts;
  if (trials === 0) return { lower: 0, upper: 1 };
  const mixture = logBeta({ a: 1 + failures, b: 1 + trials - failures });
  const threshold = -Math.log1p(-confidence);
  const excess = (logOdds: number): number => mixture - logLikelihood(counts, probabilityOf(logOdds)) - threshold;
  const peak = Math.log((failures + 0.5) / (trials - failures + 0.5));
  return {
    lower: failures === 0 ? 0 : probabilityOf(crossingOf((u) => -excess(u), -logOddsMax, peak)).p,
    upper: failures === trials ? 1 : probabilityOf(crossingOf(excess, peak, logOddsMax)).p,
  };
}

/**
 * ln of the e-value against "the rate is at least `limit`" (side below) or "at most `limit`" (side above):
 * one may stop and conclude whenever it reaches ln(1 / doubt), whatever was looked at before.
 */
export function logEValue(counts: Counts, limit: number, side: "below" | "above"): number {
  checkCounts(counts);
  checkLimit(limit);
  const at: Probability = { p: limit, complement: 1 - limit };
  const shape = { a: 1 + counts.failures, b: 1 + counts.trials - counts.failures };
  const tails = logBetaTails(at, shape);
  const share = side === "below" ? tails.lower - Math.log(at.p) : tails.upper - Math.log(at.complement);
  return logBeta(shape) + share - logLikelihood(counts, at);
}

function logLikelihood({ failures, trials }: Counts, at: Probability): number {
  const failed = failures === 0 ? 0 : failures * Math.log(at.p);
  return trials === failures ? failed : failed + (trials - failures) * Math.log(at.complement);
}
