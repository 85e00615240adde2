// How well scores put what is harmful above what is benign: the area under the curve, with an interval that minds that
// rows come in clusters (answers to the same question), and the score at which so much of the benign is flagged.
import { type Interval, checkConfidence } from "./counts.ts";
import { normalQuantile } from "./normal.ts";
import { probabilityOf } from "./root.ts";

export interface Ranked {
  readonly score: number;
  readonly isHarmful: boolean;
  /** Rows of one cluster are not independent; a row without one stands for itself. */
  readonly cluster?: string;
}

/** How likely a harmful row scores above a benign one; equal ones count half. */
export interface Area extends Interval {
  readonly area: number;
  readonly harmful: number;
  readonly benign: number;
}

/**
 * Undefined where one side has no row. The interval is DeLong's (Biometrics 44, 1988), for clusters Obuchowski's (Biometrics 53,
 * 1997), on the log-odds of the area; an area of 0 or 1, which has no variance, has that of as many rows as the smaller side.
 */
export function areaOf(rows: readonly Ranked[], confidence: number): Area | undefined {
  checkConfidence(confidence);
  const harmful = rows.filter(({ isHarmful }) => isHarmful);
  const benign = rows.filter(({ isHarmful }) => !isHarmful);
  if (harmful.length === 0 || benign.length === 0) return undefined;
  const above = shareBelow(benign.map(({ score }) => score));
  const below = shareBelow(harmful.map(({ score }) => score));
  const areas = [...harmful.map(({ score }) => above(score)), ...benign.map(({ score }) => 1 - below(score))];
  const area = areas.slice(0, harmful.length).reduce((sum, one) => sum + one, 0) / harmful.length;
  const deviation = deviationOf([...harmful, ...benign], areas, area);
  const counts = { harmful: harmful.length, benign: benign.length };
  return { area, ...counts, ...intervalOf(area, deviation, { confidence, ...counts }) };
}

/** Of `scores`, the share below one; equal ones count half. */
function shareBelow(scores: readonly number[]): (score: number) => number {
  const sorted = scores.toSorted((one, other) => one - other);
  const firstAt = (isPast: (score: number) => boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isPast(sorted[middle] ?? 0)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return (score) => (firstAt((other) => other >= score) + firstAt((other) => other > score)) / (2 * sorted.length);
}

interface ClusterSum {
  /** Of its rows of each side: how far their areas lie from that of all, in all. */
  harmful: number;
  benign: number;
  hasHarmful: boolean;
  hasBenign: boolean;
}

/** The standard deviation of the area, from the area of every row. */
function deviationOf(rows: readonly Ranked[], areas: readonly number[], area: number): number {
  const clusters = new Map<string, ClusterSum>();
  for (const [at, { isHarmful, cluster }] of rows.entries()) {
    const name = cluster === undefined ? `row ${at}` : `cluster ${cluster}`;
    const sum = clusters.get(name) ?? { harmful: 0, benign: 0, hasHarmful: false, hasBenign: false };
    clusters.set(name, sum);
    sum[isHarmful ? "harmful" : "benign"] += (areas[at] ?? 0) - area;
    sum[isHarmful ? "hasHarmful" : "hasBenign"] = true;
  }
  const all = [...clusters.values()];
  const counts = {
    harmful: rows.filter(({ isHarmful }) => isHarmful).length,
    benign: rows.filter(({ isHarmful }) => !isHarmful).length,
  };
  const part = (side: "harmful" | "benign", has: "hasHarmful" | "hasBenign"): number => {
    const own = all.filter((one) => one[has]);
    const squares = own.reduce((sum, one) => sum + one[side] ** 2, 0);
    return spread(own.length, squares) / counts[side] ** 2;
  };
  const products = all.reduce((sum, one) => sum + one.harmful * one.benign, 0);
  const shared = (2 * spread(all.length, products)) / (counts.harmful * counts.benign);
  return Math.sqrt(Math.max(0, part("harmful", "hasHarmful") + part("benign", "hasBenign") + shared));
}

function spread(count: number, sum: number): number {
  return count > 1 ? (sum * count) / (count - 1) : sum;
}

interface Sizes {
  readonly confidence: number;
  readonly harmful: number;
  readonly benign: number;
}

function intervalOf(area: number, deviation: number, { confidence, harmful, benign }: Sizes): Interval {
  const doubt = (1 - confidence) / 2;
  const few = doubt ** (1 / Math.min(harmful, benign));
  if (area <= 0) return { lower: 0, upper: 1 - few };
  if (area >= 1) return { lower: few, upper: 1 };
  const middle = Math.log(area / (1 - area));
  const reach = (normalQuantile(doubt) * deviation) / (area * (1 - area));
  return { lower: probabilityOf(middle - reach).p, upper: probabilityOf(middle + reach).p };
}

/** The least score at or past which at most `share` of `benign` lies; Infinity where even the highest ones are more. */
export function scoreAtShare(benign: readonly number[], share: number): number {
  const sorted = benign.toSorted((one, other) => other - one);
  const most = Math.floor(share * sorted.length);
  const first = sorted[most];
  // All that lie above the first score that would be one too many.
  if (first === undefined) return -Infinity;
  const above = sorted.slice(0, most).findLast((score) => score > first);
  return above ?? Infinity;
}
