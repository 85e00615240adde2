// From logits to findings: scores of families given to categories, thresholds of benign rates, bands.
import { Failure } from "../terms/failure.ts";
import { type Band, Category, type Finding, type Inspection, type Span } from "../terms/finding.ts";
import type { Scores, Thresholds } from "./safeguard.ts";
import type { ThresholdTable } from "./weights.ts";

/** Misuse of the world, or an attack on the model itself: the two are told apart, and have thresholds of their own. */
export type Family = "misuse" | "attack";

/** Which of the two a category belongs to. */
export function familyOf(category: Category): Family {
  return category === "jailbreak" || category === "injection" ? "attack" : "misuse";
}

/** A stretch of the source with what it scores. */
export interface Scored {
  readonly span: Span;
  readonly scores: Scores;
}

export function probability(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** A score for each category: the likeliest of each family takes its family's score, the others a part of it by how likely they are. */
export function spread(families: Readonly<Record<Family, number>>, logits: Float32Array): Scores {
  const top = { misuse: -Infinity, attack: -Infinity };
  Category.options.forEach((category, index) => {
    const family = familyOf(category);
    top[family] = Math.max(top[family], logits[index] ?? -Infinity);
  });
  const scores = noScores();
  Category.options.forEach((category, index) => {
    const family = familyOf(category);
    scores[category] = families[family] * Math.exp((logits[index] ?? -Infinity) - top[family]);
  });
  return scores;
}

/** What the score of a family must reach to be a finding of any category: none is higher than that of its family. */
export function leastOf({ review, block }: Thresholds, family: Family): number {
  const all = Category.options.filter((category) => familyOf(category) === family);
  return Math.min(...all.flatMap((category) => [review[category] ?? Infinity, block[category] ?? Infinity]));
}

export function highest(all: readonly Scored[]): Scores {
  const scores = noScores();
  for (const one of all)
    for (const category of Category.options) scores[category] = Math.max(scores[category], one.scores[category]);
  return scores;
}

/** One finding a category, where it scores highest. */
export function findingsOf(all: readonly Scored[], thresholds: Thresholds, detector: string): Inspection {
  const findings: Finding[] = [];
  for (const category of Category.options) {
    let best: Scored | undefined;
    for (const one of all) {
      // A score that is not a number compares false with everything: it must not look clear.
      if (!Number.isFinite(one.scores[category]))
        throw new Failure("safeguard_unavailable", "A safeguard gave no number as its score.");
      if (best === undefined || one.scores[category] > best.scores[category]) best = one;
    }
    if (best === undefined) continue;
    const score = best.scores[category];
    const band = bandOf(score, thresholds, category);
    if (band !== "clear") findings.push({ category, score, band, span: best.span, detector });
  }
  return { kind: "inspected", findings };
}

function bandOf(score: number, thresholds: Thresholds, category: Category): Band {
  if (score >= (thresholds.block[category] ?? Infinity)) return "block";
  return score >= (thresholds.review[category] ?? Infinity) ? "review" : "clear";
}

/** The score at a benign rate, interpolated between the entries of the table by the logarithm of the rate. */
export function thresholdAt(table: ThresholdTable, rate: number): number {
  const above = table.findIndex((entry) => entry.benignRate >= rate);
  const right = table[above];
  const left = table[Math.max(0, above - 1)];
  if (right === undefined || left === undefined || rate < (table[0]?.benignRate ?? 0))
    throw new Failure("configuration_invalid", `No threshold is calibrated for a benign rate of ${rate}.`, {
      detail: { rateMin: table[0]?.benignRate ?? 0, rateMax: table.at(-1)?.benignRate ?? 0 },
    });
  if (left === right) return right.score;
  const share = Math.log(rate / left.benignRate) / Math.log(right.benignRate / left.benignRate);
  return left.score + share * (right.score - left.score);
}

/** 0 for every category. */
export function noScores(): Record<Category, number> {
  return {
    misinformation: 0,
    cyber: 0,
    manipulation: 0,
    fraud: 0,
    weapons: 0,
    violence: 0,
    "self-harm": 0,
    hate: 0,
    sexual: 0,
    privacy: 0,
    "illegal-goods": 0,
    "illegal-acts": 0,
    jailbreak: 0,
    injection: 0,
  };
}
