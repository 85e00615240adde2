// Two systems on the same items where items come in clusters (paraphrases of one behaviour, turns of one conversation): the
// difference with its clustered standard error, and an exact test by swapping the two systems' names in whole clusters
// (Fisher 1935; of clusters of one it is McNemar's exact test).
import { doubtOf, type Interval, type Level } from "./counts.ts";
import { normalQuantile } from "./normal.ts";
import { itemsOf, newcombeAt, type PairedCounts } from "./paired.ts";
import { studentQuantile } from "./student.ts";

export interface ClusteredDifference {
  readonly clusters: number;
  readonly items: number;
  /** Failure rate of one less that of the other over all items; null without items. */
  readonly difference: number | null;
  /** Null with fewer than two clusters. */
  readonly error: number | null;
  /** By t with C − 1 degrees of freedom; where all clusters are alike, Newcombe's with each cluster counted as one item. */
  readonly interval: Interval;
  readonly method: "clustered-t" | "newcombe-of-clusters";
}

/** One entry a cluster. */
export function clusteredDifference(clusters: readonly PairedCounts[], level: Level): ClusteredDifference {
  const doubt = doubtOf(level);
  const all = clusters
    .map((counts) => ({ items: itemsOf(counts), gap: gapOf(counts) }))
    .filter(({ items }) => items > 0);
  const items = all.reduce((sum, one) => sum + one.items, 0);
  const count = all.length;
  if (items === 0) {
    const none = { clusters: 0, items: 0, difference: null, error: null };
    return { ...none, interval: { lower: -1, upper: 1 }, method: "newcombe-of-clusters" };
  }
  const difference = all.reduce((sum, one) => sum + one.gap, 0) / items;
  const squares = all.reduce((sum, one) => sum + (one.gap - one.items * difference) ** 2, 0);
  const error = count < 2 ? null : Math.sqrt((squares * count) / (count - 1)) / items;
  const known = { clusters: count, items, difference, error };
  if (error === null || error === 0) {
    const interval = newcombeAt(scaled(totalOf(clusters), count / items), {
      items: count,
      z: normalQuantile(doubt / 2),
    });
    return { ...known, interval, method: "newcombe-of-clusters" };
  }
  const reach = studentQuantile(doubt / 2, count - 1) * error;
  const interval = { lower: Math.max(-1, difference - reach), upper: Math.min(1, difference + reach) };
  return { ...known, interval, method: "clustered-t" };
}

/** Additions that a swap test may take, a second's worth, and sums that it may keep side by side; beyond it, it is not made. */
const additionsMax = 500_000_000;
const sumsMax = 10_000_000;

/**
 * Two-sided probability, exact, that swapping the systems' names in each cluster by the throw of a coin gives a difference as
 * large as this one; null where it would take more than `additionsMax` or `sumsMax`.
 */
export function swapTest(clusters: readonly PairedCounts[]): number | null {
  const gaps = clusters.map((counts) => Math.abs(gapOf(counts))).filter((gap) => gap > 0);
  const total = gaps.reduce((sum, gap) => sum + gap, 0);
  const observed = Math.abs(clusters.reduce((sum, counts) => sum + gapOf(counts), 0));
  if (total > sumsMax || gaps.length * (total + 1) > additionsMax) return null;
  // chances[k]: that the gaps which keep their sign come to k. The signed sum is then 2 k − total.
  const chances = new Float64Array(total + 1);
  chances[0] = 1;
  let reached = 0;
  for (const gap of gaps) {
    reached += gap;
    for (let at = reached; at >= 0; at -= 1)
      chances[at] = ((chances[at] ?? 0) + (at < gap ? 0 : (chances[at - gap] ?? 0))) / 2;
  }
  const asFar = chances.reduce((sum, chance, at) => (Math.abs(2 * at - total) >= observed ? sum + chance : sum), 0);
  return Math.min(1, asFar);
}

/** All clusters together. Throws request_invalid where they are more than may be counted. */
export function totalOf(clusters: readonly PairedCounts[]): PairedCounts {
  const total = { both: 0, onlyOne: 0, onlyOther: 0, neither: 0 };
  for (const one of clusters) {
    total.both += one.both;
    total.onlyOne += one.onlyOne;
    total.onlyOther += one.onlyOther;
    total.neither += one.neither;
  }
  itemsOf(total);
  return total;
}

function gapOf({ onlyOne, onlyOther }: PairedCounts): number {
  return onlyOne - onlyOther;
}

function scaled({ both, onlyOne, onlyOther, neither }: PairedCounts, by: number): PairedCounts {
  return { both: both * by, onlyOne: onlyOne * by, onlyOther: onlyOther * by, neither: neither * by };
}
