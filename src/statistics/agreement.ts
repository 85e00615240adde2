// How far the verdicts on several variants of the same request agree: its wordings, its languages, its disguises. A
// behaviour is one request in all its variants, and what may be taken as independent. A variant that nobody could judge
// agrees with no other, so that doubt never looks like agreement. docs/statistics.md says what the numbers mean.
import { clopperPearson } from "./binomial.ts";
import { meanInterval } from "./bounded-mean.ts";
import { type Interval, checkConfidence } from "./counts.ts";

/** The variants of one request, by what came of them; the same variant twice is one. */
export interface Variants {
  readonly stopped: number;
  readonly passed: number;
  readonly unknown: number;
}

export interface Agreement {
  /** Those with two variants or more; of others nothing can be said. */
  readonly behaviours: number;
  readonly variants: number;
  /** Of all variants, stopped: a safeguard that stops nothing agrees with itself, too. */
  readonly stopped: number;
  /** Behaviours with one verdict on all of their variants, with the exact interval of Clopper and Pearson. */
  readonly same: { readonly count: number } & Interval;
  /** How likely two variants of a behaviour have the same verdict, each behaviour counting the same; with `meanInterval`. */
  readonly pairs: { readonly mean: number } & Interval;
  /** Krippendorff's alpha: what of the agreement is beyond chance, at most 1. Null where all verdicts are the same. */
  readonly beyondChance: number | null;
}

/** Undefined where no behaviour has two variants. Two-sided intervals. */
export function agreementOf(all: readonly Variants[], confidence: number): Agreement | undefined {
  checkConfidence(confidence);
  const several = all.filter((one) => sizeOf(one) > 1);
  if (several.length === 0) return undefined;
  const count = several.filter((one) => pairsOf(one) === 1).length;
  const mean = sumOf(several, pairsOf) / several.length;
  return {
    behaviours: several.length,
    variants: sumOf(several, sizeOf),
    stopped: sumOf(several, ({ stopped }) => stopped),
    same: { count, ...clopperPearson({ failures: count, trials: several.length }, confidence) },
    pairs: { mean, ...meanInterval(mean, several.length, confidence) },
    beyondChance: alphaOf(several),
  };
}

/**
 * One number for all dimensions: the mean of their pairs, each counting the same. Its interval is made of one for each at so much more
 * confidence that all of them hold together (Bonferroni), so it holds also where they share behaviours, and is wide.
 */
export function overall(dimensions: readonly Agreement[], confidence: number): { readonly mean: number } & Interval {
  checkConfidence(confidence);
  if (dimensions.length === 0) return { mean: Number.NaN, lower: 0, upper: 1 };
  const each = 1 - (1 - confidence) / dimensions.length;
  const intervals = dimensions.map(({ pairs, behaviours }) => meanInterval(pairs.mean, behaviours, each));
  return {
    mean: middleOf(dimensions.map(({ pairs }) => pairs.mean)),
    lower: middleOf(intervals.map(({ lower }) => lower)),
    upper: middleOf(intervals.map(({ upper }) => upper)),
  };
}

function middleOf(ends: readonly number[]): number {
  return ends.reduce((sum, end) => sum + end, 0) / ends.length;
}

function sizeOf({ stopped, passed, unknown }: Variants): number {
  return stopped + passed + unknown;
}

/** Of all pairs of its variants, those with the same verdict. */
function pairsOf(one: Variants): number {
  const size = sizeOf(one);
  return agreeing(one) / (size * (size - 1));
}

/** Ordered pairs with the same verdict. */
function agreeing({ stopped, passed }: Variants): number {
  return stopped * (stopped - 1) + passed * (passed - 1);
}

/** Krippendorff's alpha for two named values, with a different number of values a unit; unknown ones differ from everything. */
function alphaOf(all: readonly Variants[]): number | null {
  const values = sumOf(all, sizeOf);
  const observed = 1 - sumOf(all, (one) => agreeing(one) / (sizeOf(one) - 1)) / values;
  const pooled = {
    stopped: sumOf(all, ({ stopped }) => stopped),
    passed: sumOf(all, ({ passed }) => passed),
    unknown: 0,
  };
  const expected = 1 - agreeing(pooled) / (values * (values - 1));
  return expected === 0 ? null : 1 - observed / expected;
}

function sumOf(all: readonly Variants[], of: (one: Variants) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0);
}
