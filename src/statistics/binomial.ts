// Exact bounds on a failure rate from counts fixed in advance: Clopper and Pearson (Biometrika 26, 1934). They promise
// their confidence for every true rate, also at zero failures, where bootstrap and normal intervals collapse to nothing.
// Wilson (JASA 22, 1927) stands beside them for display only.
import { betaQuantile, logBetaTails } from "./beta.ts";
import { checkConfidence, checkCounts, checkLimit, trialsMax, type Counts, type Interval } from "./counts.ts";
import { normalQuantile } from "./normal.ts";

/** The largest rate that `counts` do not rule out, one-sided, at `confidence`. No trials rule out nothing: 1. */
export function clopperPearsonUpper(counts: Counts, confidence: number): number {
  checkCounts(counts);
  checkConfidence(confidence);
  return upperBound(counts, 1 - confidence);
}

/** The smallest rate that `counts` do not rule out, one-sided, at `confidence`. No trials rule out nothing: 0. */
export function clopperPearsonLower(counts: Counts, confidence: number): number {
  checkCounts(counts);
  checkConfidence(confidence);
  return lowerBound(counts, 1 - confidence);
}

/** Both bounds, half of the doubt on each side. */
export function clopperPearson(counts: Counts, confidence: number): Interval {
  checkCounts(counts);
  checkConfidence(confidence);
  const doubt = (1 - confidence) / 2;
  return { lower: lowerBound(counts, doubt), upper: upperBound(counts, doubt) };
}

/** Wilson's two-sided score interval, for drawing; a gate never reads it. */
export function wilson(counts: Counts, confidence: number): Interval {
  checkCounts(counts);
  checkConfidence(confidence);
  const { failures, trials } = counts;
  if (trials === 0) return { lower: 0, upper: 1 };
  const z = normalQuantile((1 - confidence) / 2);
  const rate = failures / trials;
  const middle = rate + (z * z) / (2 * trials);
  const reach = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return {
    lower: failures === 0 ? 0 : Math.max(0, (middle - reach) / scale),
    upper: failures === trials ? 1 : Math.min(1, (middle + reach) / scale),
  };
}

/** What a bound is asked for: a rate not to be exceeded, and how sure one must be of it. */
export interface Claim {
  readonly limit: number;
  readonly confidence: number;
}

/** True when `counts` show at the claim's confidence that the rate is at most its limit. */
export function isShown(counts: Counts, { limit, confidence }: Claim): boolean {
  checkCounts(counts);
  checkConfidence(confidence);
  checkLimit(limit);
  return logChanceOfSoFew(counts, limit) <= Math.log1p(-confidence);
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

function upperBound({ failures, trials }: Counts, doubt: number): number {
  if (failures === trials) return 1;
  return betaQuantile({ a: failures + 1, b: trials - failures }, "upper", Math.log(doubt)).p;
}

function lowerBound({ failures, trials }: Counts, doubt: number): number {
  if (failures === 0) return 0;
  return betaQuantile({ a: failures, b: trials - failures + 1 }, "lower", Math.log(doubt)).p;
}

/** ln of the chance of at most `failures` of `trials` at rate `rate`. */
function logChanceOfSoFew({ failures, trials }: Counts, rate: number): number {
  if (failures === trials) return 0;
  if (failures === 0) return trials * Math.log1p(-rate);
  return logBetaTails({ p: rate, complement: 1 - rate }, { a: failures + 1, b: trials - failures }).upper;
}
