// Exact bounds on a failure rate from counts fixed in advance: Clopper and Pearson (Biometrika 26, 1934). They promise
// their confidence for every true rate, also at zero failures, where bootstrap and normal intervals collapse to nothing.
// Wilson (JASA 22, 1927) stands beside them for display only.
import { betaQuantile, logBetaTails } from "./beta.ts";
import { checkCounts, checkLimit, doubtOf, trialsMax, type Counts, type Interval, type Level } from "./counts.ts";
import { normalQuantile } from "./normal.ts";

/** The largest rate that `counts` do not rule out, one-sided, at `level`. No trials rule out nothing: 1. */
export function clopperPearsonUpper(counts: Counts, level: Level): number {
  checkCounts(counts);
  return binomialUpper(counts, doubtOf(level));
}

/** The smallest rate that `counts` do not rule out, one-sided, at `level`. No trials rule out nothing: 0. */
export function clopperPearsonLower(counts: Counts, level: Level): number {
  checkCounts(counts);
  return binomialLower(counts, doubtOf(level));
}

/** Both bounds, half of the doubt on each side. */
export function clopperPearson(counts: Counts, level: Level): Interval {
  checkCounts(counts);
  const doubt = doubtOf(level) / 2;
  return { lower: binomialLower(counts, doubt), upper: binomialUpper(counts, doubt) };
}

/** Wilson's two-sided score interval, for drawing; a gate never reads it. */
export function wilson(counts: Counts, level: Level): Interval {
  checkCounts(counts);
  return scoreInterval(counts, normalQuantile(doubtOf(level) / 2));
}

/** Wilson's interval at `z`, also of counts that are not whole, as a design effect leaves them. */
export function scoreInterval({ failures, trials }: Counts, z: number): Interval {
  if (trials === 0) return { lower: 0, upper: 1 };
  const rate = failures / trials;
  const middle = rate + (z * z) / (2 * trials);
  const reach = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return {
    lower: failures === 0 ? 0 : Math.max(0, (middle - reach) / scale),
    upper: failures === trials ? 1 : Math.min(1, (middle + reach) / scale),
  };
}

/** The chance that at least one of `tries` fails, each with the chance `rate` by itself: 1 − (1 − rate)^tries. */
export function chanceInTries(rate: number, tries: number): number {
  return rate === 1 ? 1 : -Math.expm1(tries * Math.log1p(-rate));
}

/** What a bound is asked for: a rate not to be exceeded, and how sure one must be of it. */
export interface Claim<Confidence extends Level = Level> {
  readonly limit: number;
  readonly confidence: Confidence;
}

/** True when `counts` show at the claim's confidence that the rate is at most its limit. */
export function isShown(counts: Counts, { limit, confidence }: Claim): boolean {
  checkCounts(counts);
  checkLimit(limit);
  return logChanceOfSoFew(counts, limit) <= Math.log(doubtOf(confidence));
}

/**
 * The smallest number of trials in all that shows `claim` when exactly `failures` of them fail;
 * undefined when that takes more than `trialsMax`.
 */
export function trialsNeeded(failures: number, claim: Claim): number | undefined {
  checkCounts({ failures, trials: trialsMax });
  if (!isShown({ failures, trials: trialsMax }, claim)) return undefined;
  let short = failures;
  let enough = Math.min(trialsMax, failures * 2 + 1);
  while (!isShown({ failures, trials: enough }, claim)) {
    short = enough;
    enough = Math.min(trialsMax, enough * 2);
  }
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if (isShown({ failures, trials: middle }, claim)) enough = middle;
    else short = middle;
  }
  return enough;
}

/** The most failures among `trials` that still show `claim`; undefined where not even none would. */
export function failuresAllowed(trials: number, claim: Claim): number | undefined {
  if (!isShown({ failures: 0, trials }, claim)) return undefined;
  let allowed = 0;
  let tooMany = trials + 1;
  while (tooMany - allowed > 1) {
    const middle = Math.floor((allowed + tooMany) / 2);
    if (middle <= trials && isShown({ failures: middle, trials }, claim)) allowed = middle;
    else tooMany = middle;
  }
  return allowed;
}

/** How many further trials, none of them failing, would show `claim` from `counts`; undefined when out of reach. */
export function cleanTrialsNeeded(counts: Counts, claim: Claim): number | undefined {
  checkCounts(counts);
  const needed = trialsNeeded(counts.failures, claim);
  return needed === undefined ? undefined : Math.max(0, needed - counts.trials);
}

/**
 * The rate at which so few failures, or fewer, have the chance `doubt`; counts may be fractions (effective sample sizes).
 * With no failures it is 1 − doubt^(1 / trials).
 */
export function binomialUpper({ failures, trials }: Counts, doubt: number): number {
  if (failures >= trials) return 1;
  if (failures === 0) return -Math.expm1(Math.log(doubt) / trials);
  return betaQuantile({ a: failures + 1, b: trials - failures }, "upper", Math.log(doubt)).p;
}

/** The rate at which so many failures, or more, have the chance `doubt`; counts may be fractions. */
export function binomialLower({ failures, trials }: Counts, doubt: number): number {
  if (failures <= 0) return 0;
  if (failures >= trials) return Math.exp(Math.log(doubt) / trials);
  return betaQuantile({ a: failures, b: trials - failures + 1 }, "lower", Math.log(doubt)).p;
}

/** ln of the chance of at most `failures` of `trials` at `rate`. */
export function logChanceOfSoFew({ failures, trials }: Counts, rate: number): number {
  if (failures === trials) return 0;
  if (failures === 0) return trials * Math.log1p(-rate);
  return logBetaTails({ p: rate, complement: 1 - rate }, { a: failures + 1, b: trials - failures }).upper;
}
