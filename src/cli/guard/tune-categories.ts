// What `guard tune --by-category` answers: a rate for each category, what they catch and refuse together, of each set of harmless texts too, and the
// lines that a Safeguards document takes them as.
import { clopperPearson } from "../../statistics/binomial.ts";
import { type Share, percent } from "../../statistics/share.ts";
import type { Category, Surface } from "../../terms/finding.ts";
import { z } from "zod";
import { ratesByCategory, type StoppedText } from "./category-rates.ts";
import { legible } from "../legible.ts";

/** `everyday=0.003,coding=0.01`: the shares of sets that differ from that of all others. */
export const SetShares = z
  .string()
  .regex(
    /^[^=,]{1,100}=0?\.[0-9]{1,9}(,[^=,]{1,100}=0?\.[0-9]{1,9})*$/,
    "written NAME=SHARE,NAME=SHARE, as everyday=0.003",
  )
  .transform((written) => new Map(written.split(",").map((one) => shareOfSet(one.split("=")))));

function shareOfSet([set = "", share = ""]: readonly string[]): readonly [string, number] {
  return [set, Number(share)];
}

export interface CategoryTuning {
  readonly texts: readonly StoppedText[];
  /** Those that the document stops as it is. */
  readonly stoppedNow: ReadonlySet<StoppedText>;
  readonly rates: readonly number[];
  /** The greatest block rate of any entry of the document: where a category gets a narrower rate, that has to be narrower, too. */
  readonly blockRate: number;
  readonly surface: Surface;
  readonly refusedMax: number;
  readonly sets: ReadonlyMap<string, number>;
  readonly confidence: number;
}

interface OfSet {
  readonly set: string;
  readonly refused: Share;
  readonly refusedNow: Share;
  readonly refusedMax: number;
}

export interface ByCategory {
  readonly confidence: number;
  readonly caught: Share;
  readonly caughtNow: Share;
  readonly sets: readonly OfSet[];
  /** Empty where no category catches anything, or the narrowest rates refuse too much already. */
  readonly categories: readonly CategoryRate[];
}

interface CategoryRate {
  readonly category: Category;
  readonly on: readonly [Surface];
  readonly block?: { readonly benignRate: number };
  readonly review: { readonly benignRate: number };
}

/** Chosen as `ratesByCategory` does. */
export function tunedByCategory(tuning: CategoryTuning): ByCategory {
  const { texts, stoppedNow, rates, refusedMax, sets, confidence } = tuning;
  const maxOf = (set: string): number => sets.get(set) ?? refusedMax;
  const { places, stopped } = ratesByCategory(texts, rates.length, maxOf);
  const share = (some: readonly StoppedText[], of: ReadonlySet<StoppedText>): Share => {
    const count = some.filter((text) => of.has(text)).length;
    return { count, of: some.length, ...clopperPearson({ failures: count, trials: some.length }, confidence) };
  };
  const harmful = texts.filter(({ isHarmful }) => isHarmful);
  const benign = Map.groupBy(
    texts.filter(({ isHarmful }) => !isHarmful),
    ({ set }) => set,
  );
  const ofSets = [...benign].map(([set, some]) => ({
    set,
    refused: share(some, stopped),
    refusedNow: share(some, stoppedNow),
    refusedMax: maxOf(set),
  }));
  const isKept = ofSets.every(({ refused, refusedMax: most }) => refused.count <= refused.of * most + 1e-9);
  return {
    confidence,
    caught: share(harmful, stopped),
    caughtNow: share(harmful, stoppedNow),
    sets: ofSets,
    categories: isKept ? [...places].map(([category, place]) => rateOf(category, rates[place] ?? 0, tuning)) : [],
  };
}

function rateOf(category: Category, benignRate: number, { blockRate, surface }: CategoryTuning): CategoryRate {
  return {
    category,
    on: [surface],
    ...(blockRate > benignRate ? { block: { benignRate } } : {}),
    review: { benignRate },
  };
}

export function categoriesText({ confidence, caught, caughtNow, sets, categories }: ByCategory): string {
  const wide = Math.max(14, ...sets.map(({ set }) => legible(set).length + 2));
  const line = (...[first = "", ...rest]: readonly string[]): string =>
    first.padEnd(wide) + rest.map((cell) => cell.padEnd(42)).join("");
  const lines = [
    line("of", "stopped", "as it is now", "at most").trimEnd(),
    line("harmful", shownShare(caught), shownShare(caughtNow)).trimEnd(),
    ...sets.map(({ set, refused, refusedNow, refusedMax }) =>
      line(
        set === "" ? "benign" : legible(set),
        shownShare(refused),
        shownShare(refusedNow),
        percent(refusedMax),
      ).trimEnd(),
    ),
    "",
  ];
  if (categories.length === 0)
    return [...lines, "Proposed: none. At the narrowest rates, too, a set has more refused than it may."].join("\n");
  return [
    ...lines,
    "Proposed, for the entries that have rates:",
    "    categories:",
    ...categories.map(
      ({ category, on: [side], block, review }) =>
        `      - { category: ${category}, on: [${side}], ${block === undefined ? "" : `block: { benignRate: ${block.benignRate} }, `}review: { benignRate: ${review.benignRate} } }`,
    ),
    "Each is the widest with which all sets keep to their shares, as counted; wider ones that would catch nothing further are not.",
    `They were chosen on these very texts, so the ${confidence * 100} % intervals are too narrow: try them on others.`,
  ].join("\n");
}

function shownShare({ count, of, lower, upper }: Share): string {
  return of === 0 ? "none" : `${percent(count / of)} (${count} of ${of}; ${percent(lower)} to ${percent(upper)})`;
}
