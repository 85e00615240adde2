// Bounds that hold at every moment at once, so that a run may be watched and stopped whenever one likes: the price is a
// wider interval. Two-sided by a mixture over all rates (Robbins 1970; Howard, Ramdas and others, arXiv 1810.08240), either
// one mixture for every rate, or one about each rate that is narrowest near a chosen number of trials; one-sided by the
// e-values of evalue.ts. The gate never reads them: its count is fixed by the permit.
import { logPower, logPowerOf, type BetaShape } from "./beta.ts";
import { checkCounts, doubtOf, trialsMax, type Counts, type Interval, type Level } from "./counts.ts";
import { logEValueAt, uniform } from "./evalue.ts";
import { Failure } from "../terms/failure.ts";
import { crossingOf, logOddsMax, probabilityOf, type Probability } from "./root.ts";

/** ln of what a mixture of rates makes of the counts over what the rate at hand makes of them. Chosen before the first trial. */
type LogMixture = (rate: Probability) => number;

/** Two-sided interval that holds for all numbers of trials at once at `level`: uniform mixture. */
export function anytimeInterval(counts: Counts, level: Level): Interval {
  const posterior = logPowerOf(after(uniform, counts));
  return mixtureInterval(counts, level, (rate) => Math.log(rate.p) + Math.log(rate.complement) - posterior(rate));
}

/**
 * As `anytimeInterval`, narrowest near `trials` trials: the beta-binomial mixture of Howard, Ramdas and others, whose weight
 * lies about each rate (their optimal ρ at doubt 0.05). Tuned for few trials it bets on rates of just 0 or 1: narrow without a
 * failure, and wider than others after the first.
 */
export function tunedInterval(counts: Counts, level: Level, trials: number): Interval {
  if (!Number.isSafeInteger(trials) || trials < 1 || trials > trialsMax)
    throw new Failure("request_invalid", `An interval is tuned for a whole number of trials, 1 to ${trialsMax}.`);
  const weight = Math.max(trials / (2 * Math.log(20) + Math.log(1 + 2 * Math.log(20))) - 1, 1e-3);
  return mixtureInterval(counts, level, (rate) => {
    const prior = { a: weight * rate.p, b: weight * rate.complement };
    return logPower(rate, prior) - logPower(rate, after(prior, counts));
  });
}

/**
 * The largest rate that `counts` do not rule out, one-sided, at all numbers of trials at once: where the e-value against
 * "the rate is at least this", of the uniform bet, reaches 1 / doubt. It is the larger the larger that rate.
 */
export function anytimeUpper(counts: Counts, level: Level): number {
  checkCounts(counts);
  return ruledOutFrom(counts, doubtOf(level)).p;
}

/** The smallest rate that `counts` do not rule out, one-sided, at all numbers of trials at once. */
export function anytimeLower({ failures, trials }: Counts, level: Level): number {
  checkCounts({ failures, trials });
  return ruledOutFrom({ failures: trials - failures, trials }, doubtOf(level)).complement;
}

function ruledOutFrom(counts: Counts, doubt: number): Probability {
  if (counts.failures === counts.trials) return { p: 1, complement: 0 };
  const excess = (logOdds: number): number =>
    logEValueAt(counts, probabilityOf(logOdds), { side: "below", prior: uniform }) + Math.log(doubt);
  return probabilityOf(crossingOf(excess, -logOddsMax, logOddsMax));
}

function after(prior: BetaShape, { failures, trials }: Counts): BetaShape {
  return { a: prior.a + failures, b: prior.b + trials - failures };
}

function mixtureInterval(counts: Counts, level: Level, mixture: LogMixture): Interval {
  checkCounts(counts);
  const { failures, trials } = counts;
  const threshold = -Math.log(doubtOf(level));
  if (trials === 0) return { lower: 0, upper: 1 };
  const excess = (logOdds: number): number => mixture(probabilityOf(logOdds)) - threshold;
  const peak = Math.log((failures + 0.5) / (trials - failures + 0.5));
  // A mixture about each rate may rule out none of the rates next to 0 or 1.
  const isOpenBelow = failures === 0 || excess(-logOddsMax) < 0;
  const isOpenAbove = failures === trials || excess(logOddsMax) < 0;
  return {
    lower: isOpenBelow ? 0 : probabilityOf(crossingOf((u) => -excess(u), -logOddsMax, peak)).p,
    upper: isOpenAbove ? 1 : probabilityOf(crossingOf(excess, peak, logOddsMax)).p,
  };
}
