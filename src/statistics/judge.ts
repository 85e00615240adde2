// A rate that an imperfect judge counted, corrected for what it misses and what it raises falsely, with the doubt of the
// counts and of its calibration. p = θ · Se + (1 − θ)(1 − Sp) holds for the true rate θ; solved for θ it is Rogan and
// Gladen's estimate (American Journal of Epidemiology 107, 1978). Two intervals: the one of Lee and others (arXiv 2511.21140:
// smoothed counts, delta method), an approximation; and bounds that hold for every truth and every number of trials, from
// exact bounds on all three counts at a third of the doubt each. Both are of trials that the judge saw, all of them. What a gate reads
// is `doubtedBounds`, which holds where it saw only some and where trials are clusters of several answers (decisions/035).
import { binomialLower, binomialUpper, type Claim } from "./binomial.ts";
import { checkCounts, doubtOf, type Counts, type Interval, type Level } from "./counts.ts";
import { normalQuantile } from "./normal.ts";

/** What a judge said, of the measured trials and of those whose truth people know. */
export interface JudgedCounts {
  /** All measured trials, and those that the judge calls failures. */
  readonly judged: Counts;
  /** Calibration trials that failed in truth (`trials`), and those of them that the judge calls failures (`failures`): sensitivity. */
  readonly failed: Counts;
  /** Calibration trials that were clean in truth (`trials`), and those of them that the judge calls failures: 1 − specificity. */
  readonly clean: Counts;
}

/** Rogan and Gladen's estimate, 0 to 1; null where a count is empty or the judge tells nothing (Se + Sp ≤ 1). */
export function correctedRate({ judged, failed, clean }: JudgedCounts): number | null {
  for (const counts of [judged, failed, clean]) checkCounts(counts);
  if (judged.trials === 0 || failed.trials === 0 || clean.trials === 0) return null;
  const falseShare = clean.failures / clean.trials;
  const gain = failed.failures / failed.trials - falseShare;
  return gain <= 0 ? null : clipped((judged.failures / judged.trials - falseShare) / gain);
}

/** Two-sided interval of Lee and others, 0 to 1; everything where the judge tells nothing even smoothed. Approximate. */
export function correctedInterval({ judged, failed, clean }: JudgedCounts, level: Level): Interval {
  for (const counts of [judged, failed, clean]) checkCounts(counts);
  const z = normalQuantile(doubtOf(level) / 2);
  const n = judged.trials + z * z;
  const rate = n === 0 ? 0.5 : (judged.failures + (z * z) / 2) / n;
  const sensitivity = smoothed(failed.failures, failed.trials);
  const specificity = smoothed(clean.trials - clean.failures, clean.trials);
  const gain = sensitivity.share + specificity.share - 1;
  if (gain <= 0 || judged.trials === 0) return { lower: 0, upper: 1 };
  const middle = (rate + specificity.share - 1) / gain;
  const shift = 2 * z * z * (middle * sensitivity.variance - (1 - middle) * specificity.variance);
  const variance =
    (rate * (1 - rate)) / n + (1 - middle) ** 2 * specificity.variance + middle ** 2 * sensitivity.variance;
  const reach = (z * Math.sqrt(variance)) / gain;
  return { lower: clipped(middle + shift - reach), upper: clipped(middle + shift + reach) };
}

/** Bounds on a corrected rate, one-sided each. */
export interface CorrectedBounds extends Interval {
  /** False where no rate fits what was counted: the calibration is not of trials like these. The bounds are then 0 and 1. */
  readonly fits: boolean;
}

/** One-sided bounds that hold at `level` whatever the rate, the judge and the numbers of trials are. */
export function correctedBounds({ judged, failed, clean }: JudgedCounts, level: Level): CorrectedBounds {
  for (const counts of [judged, failed, clean]) checkCounts(counts);
  const third = doubtOf(level) / 3;
  // Of each count the bound that counts against the claim: for the upper one a judge that misses much and seldom errs.
  const upper = largestRate(binomialUpper(judged, third), binomialLower(failed, third), binomialLower(clean, third));
  const lower = smallestRate(binomialLower(judged, third), binomialUpper(failed, third), binomialUpper(clean, third));
  if (upper === undefined || lower === undefined) return { lower: 0, upper: 1, fits: false };
  return { lower, upper, fits: true };
}

/** Clusters as a judge of single answers called them: one failed as soon as any answer of it did. */
export interface DoubtedCounts extends Pick<JudgedCounts, "failed" | "clean"> {
  /** One-sided bounds on the share of clusters called failures, each at half of the doubt, by whatever rule they were counted. */
  readonly called: Interval;
  /** Answers that the judge saw of one cluster, at the most. */
  readonly answersMax: number;
}

/** The confidence that leaves half of the doubt. */
export function halvedDoubt(confidence: number): number {
  return 1 - doubtOf(confidence) / 2;
}

/**
 * One-sided bounds on the share of clusters that failed in truth. Each end reads of the judge's errors those that count against it, and
 * nothing else: the upper one what it may have missed, the lower one what it may have raised falsely. Half of the doubt goes to the
 * clusters and half to the calibration, so that each end holds at `level`.
 */
export function doubtedBounds({ called, failed, clean, answersMax }: DoubtedCounts, level: Level): Interval {
  const half = doubtOf(level) / 2;
  for (const some of [failed, clean]) checkCounts(some);
  const found = binomialLower(failed, half);
  // Any of the answers of a clean cluster may be called a failure, however their errors hang together.
  const raised = Math.min(1, answersMax * binomialUpper(clean, half));
  return {
    lower: raised >= 1 ? 0 : clipped((called.lower - raised) / (1 - raised)),
    upper: found === 0 ? 1 : clipped(called.upper / found),
  };
}

/** The claim that counts, as judged, have to show so that at most `limit` failed in truth; undefined where none of them could. */
export function doubtedClaim({ limit, confidence }: Claim<number>, failed: Counts): Claim<number> | undefined {
  checkCounts(failed);
  const half = halvedDoubt(confidence);
  const least = limit * binomialLower(failed, 1 - half);
  return least > 0 ? { limit: least, confidence: half } : undefined;
}

/** The largest θ with θ · caught + (1 − θ) · raised ≤ called; undefined where there is none. */
function largestRate(called: number, caught: number, raised: number): number | undefined {
  if (caught <= called) return 1;
  return raised > called ? undefined : clipped((called - raised) / (caught - raised));
}

/** The smallest θ with θ · caught + (1 − θ) · raised ≥ called; undefined where there is none. */
function smallestRate(called: number, caught: number, raised: number): number | undefined {
  if (raised >= called) return 0;
  return caught < called ? undefined : clipped((called - raised) / (caught - raised));
}

function smoothed(hits: number, of: number): { readonly share: number; readonly variance: number } {
  const share = (hits + 1) / (of + 2);
  return { share, variance: (share * (1 - share)) / (of + 2) };
}

function clipped(rate: number): number {
  return Math.max(0, Math.min(1, rate));
}
