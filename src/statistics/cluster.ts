// Rates over clusters of unequal size: attempts on one item, paraphrases of one behaviour. Attempts of a cluster are not
// independent, so the naive error is too small. Four ways out: count clusters (measure.ts: exact, what a gate reads); bound the
// mean of their shares (bounded-mean.ts: holds whatever the shares are, and is of attempts where sizes are alike); the clustered standard error with Student's t (Miller, arXiv 2411.00640, and Inspect's `stderr(cluster=…)`: sound with
// many clusters, and nothing at zero failures); the exact bound on an effective number of trials (Korn and Graubard, Survey
// Methodology 24, 1998), which does not collapse there. The last two are approximations, to be shown beside the others.
import { meanInterval } from "./bounded-mean.ts";
import { binomialLower, binomialUpper } from "./binomial.ts";
import { checkCounts, doubtOf, type Counts, type Interval, type Level } from "./counts.ts";
import { studentQuantile } from "./student.ts";

/** What is known of a rate over clusters. What takes two clusters, or a cluster of two, is null without them. */
export interface ClusteredRate {
  readonly clusters: number;
  readonly trials: number;
  readonly failures: number;
  /** Failures over trials, a rate of attempts; null without trials. */
  readonly rate: number | null;
  /** Standard error as if all trials were independent. */
  readonly naiveError: number | null;
  /** √(Σ (failures of a cluster less what its trials make expect)² · C / (C − 1)) / trials. */
  readonly clusteredError: number | null;
  /** How many trials in clusters are worth one by itself: the clustered variance over the naive one. */
  readonly designEffect: number | null;
  /** Intraclass correlation by analysis of variance, −1 to 1. */
  readonly correlation: number | null;
  /** 1 + (m − 1) · correlation, m the mean size of a cluster, and at least 0: what the design effect comes to where sizes are alike. */
  readonly expectedDesignEffect: number | null;
}

/** One entry a cluster: its trials and how many of them failed. Clusters without trials are left out. */
export function clusteredRate(clusters: readonly Counts[]): ClusteredRate {
  for (const counts of clusters) checkCounts(counts);
  const all = clusters.filter(({ trials }) => trials > 0);
  const [trials, failures] = [sumOf(all.map((one) => one.trials)), sumOf(all.map((one) => one.failures))];
  checkCounts({ failures, trials });
  const empty = { clusters: all.length, trials, failures };
  const unknown = { naiveError: null, clusteredError: null, designEffect: null };
  if (trials === 0) return { ...empty, ...unknown, rate: null, correlation: null, expectedDesignEffect: null };
  const rate = failures / trials;
  const naiveError = trials < 2 ? null : Math.sqrt((rate * (1 - rate)) / (trials - 1));
  const clusteredError = all.length < 2 ? null : errorOver(all, rate);
  const correlation = correlationOf(all, rate);
  return {
    ...empty,
    rate,
    naiveError,
    clusteredError,
    designEffect:
      naiveError === null || naiveError === 0 || clusteredError === null ? null : (clusteredError / naiveError) ** 2,
    correlation,
    expectedDesignEffect: correlation === null ? null : Math.max(0, 1 + (trials / all.length - 1) * correlation),
  };
}

/**
 * The rate plus and less t · clustered error, with C − 1 degrees of freedom; undefined where that says nothing: fewer than
 * two clusters, or clusters all alike, where the error is zero whatever the true rate is.
 */
export function clusteredInterval(
  { rate, clusteredError, clusters }: ClusteredRate,
  level: Level,
): Interval | undefined {
  const tail = doubtOf(level) / 2;
  if (rate === null || clusteredError === null || clusteredError === 0) return undefined;
  const reach = studentQuantile(tail, clusters - 1) * clusteredError;
  return { lower: Math.max(0, rate - reach), upper: Math.min(1, rate + reach) };
}

/** Number of independent trials that say as much; never more than there are, nor fewer than clusters where all are alike. */
export function effectiveTrials({ rate, clusteredError, clusters, trials }: ClusteredRate): number {
  if (rate === null || clusters < 2 || clusteredError === null) return Math.min(clusters, 1);
  if (rate === 0 || rate === 1 || clusteredError === 0) return clusters;
  return Math.min(trials, (rate * (1 - rate)) / clusteredError ** 2);
}

/**
 * Exact bounds on the effective number of trials, one-sided each, with Korn and Graubard's correction for few clusters. Less than
 * one trial, which is what few clusters come to at extreme confidence, rules out nothing.
 */
export function effectiveBounds(measured: ClusteredRate, level: Level): Interval {
  const doubt = doubtOf(level);
  const { rate, clusters, trials } = measured;
  if (rate === null || clusters < 2) return { lower: 0, upper: 1 };
  const effective = effectiveTrials(measured);
  const correction = doubt === 0.5 ? 1 : studentQuantile(doubt, trials - 1) / studentQuantile(doubt, clusters - 1);
  const scaled = isAlike(measured) ? effective : effective * correction ** 2;
  if (scaled < 1) return { lower: 0, upper: 1 };
  const counts = { failures: rate * scaled, trials: scaled };
  return { lower: binomialLower(counts, doubt), upper: binomialUpper(counts, doubt) };
}

/** The mean over clusters of the share of their trials that failed, each cluster counting the same. */
export interface MeanShare {
  readonly mean: number;
  readonly clusters: number;
}

/** Clusters without trials are left out; of none the mean is 0. */
export function meanShare(clusters: readonly Counts[]): MeanShare {
  const all = clusters.filter(({ trials }) => trials > 0);
  const sum = sumOf(all.map((one) => one.failures / one.trials));
  return { mean: all.length === 0 ? 0 : Math.min(1, sum / all.length), clusters: all.length };
}

/** Bounds on a mean share, one-sided each, that hold at `level` whatever the shares are. */
export function meanShareBounds({ mean, clusters }: MeanShare, level: Level): Interval {
  // Half of the doubt of a two-sided interval lies on each side, and it has a half at most.
  return meanInterval(mean, clusters, { doubt: Math.min(0.5, 2 * doubtOf(level)) });
}

/** Of no failures, or nothing but failures, the clusters are counted and nothing is estimated. */
function isAlike({ rate, clusteredError }: ClusteredRate): boolean {
  return rate === 0 || rate === 1 || clusteredError === 0;
}

function errorOver(clusters: readonly Counts[], rate: number): number {
  const trials = sumOf(clusters.map((one) => one.trials));
  const squares = sumOf(clusters.map((one) => (one.failures - one.trials * rate) ** 2));
  return Math.sqrt((squares * clusters.length) / (clusters.length - 1)) / trials;
}

function correlationOf(clusters: readonly Counts[], rate: number): number | null {
  const count = clusters.length;
  const trials = sumOf(clusters.map((one) => one.trials));
  if (count < 2 || trials === count) return null;
  const between = sumOf(clusters.map((one) => one.trials * (one.failures / one.trials - rate) ** 2)) / (count - 1);
  const within = sumOf(clusters.map((one) => one.failures * (1 - one.failures / one.trials))) / (trials - count);
  const size = (trials - sumOf(clusters.map((one) => one.trials ** 2)) / trials) / (count - 1);
  const all = between + (size - 1) * within;
  return all === 0 ? null : Math.max(-1, Math.min(1, (between - within) / all));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
