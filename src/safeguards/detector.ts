// The misuse detector: two views of a text that err differently, one by its spelling (hashed n-grams, linear), one by
// its meaning (a small network over static token vectors), mixed into one score for misuse and one for attacks on the
// model (jailbreaks, planted orders); other heads say which category it is. Trained by scripts/train-misuse.py.
import { Failure } from "../terms/failure.ts";
import { Category, type Band, type Finding, type Inspection, type Span, type Surface } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import { type Network, networkOf } from "./network.ts";
import { ngramsOf } from "./ngrams.ts";
import { type Folded, foldText, textOf } from "./normalise.ts";
import type { Safeguard, Scores, Thresholds } from "./safeguard.ts";
import { type HeadName, type Limits, screenOf } from "./screen.ts";
import { windowsOfStretches } from "./stretches.ts";
import type { ThresholdTable, Weights } from "./weights.ts";
import { type Stretch, wholeWindows } from "./windows.ts";

type Detector = Omit<Safeguard, "name" | "version" | "digest">;

const maxChars = 400_000;

export function detectorOf(weights: Weights): Detector {
  const network = networkOf(weights);
  const judge = judgeOf(weights, network);
  const screens = { input: screenOf(weights, network, "input"), output: screenOf(weights, network, "output") };
  const label = weights.detector;
  return {
    maxChars,
    thresholds: (rates, surface) => {
      const review: Partial<Record<Category, number>> = {};
      const block: Partial<Record<Category, number>> = {};
      for (const category of Category.options) {
        const table = weights.thresholds[`${surface}:${familyOf(category)}`];
        if (table === undefined) continue;
        review[category] = thresholdAt(table, rates.review);
        block[category] = thresholdAt(table, rates.block);
      }
      return { review, block };
    },
    scores: (text, surface) => {
      const folded = foldText(text);
      return highest(scored(readAll(folded), judge, surface));
    },
    inspect: (text, surface, thresholds) => {
      if (text.length > maxChars) return tooLong;
      const folded = foldText(text);
      const windows = wholeWindows(folded.length, detectorShape.windowChars);
      const clear = screens[surface](folded, windows, limitsOf(thresholds));
      const doubtful = readEach(
        folded,
        windows.filter((_, at) => clear[at] !== true),
      );
      return findingsOf(scored(doubtful, judge, surface), thresholds, label);
    },
    *inspectInSteps(text, surface, thresholds) {
      if (text.length > maxChars) return tooLong;
      const folded = keptFold(foldText(text));
      const windows = wholeWindows(folded.length, detectorShape.windowChars);
      const found: ScoredWindow[] = [];
      for (let at = 0; at < windows.length; at += windowsAStep) {
        if (at > 0) yield;
        const some = windows.slice(at, at + windowsAStep);
        const from = some[0]?.[0] ?? 0;
        const part = { units: folded.units.subarray(from), length: (some.at(-1)?.[1] ?? 0) - from };
        const shifted = some.map(([start, end]): Stretch => [start - from, end - from]);
        const clear = screens[surface](part, shifted, limitsOf(thresholds));
        const doubtful = some.filter((_, index) => clear[index] !== true);
        found.push(...scored(readEach(folded, doubtful), judge, surface));
      }
      return findingsOf(found, thresholds, label);
    },
    inspectStretches: (text, stretches, { surface, thresholds }) => {
      if (text.length > maxChars) return stretches.map(() => tooLong);
      const folded = foldText(text);
      const windows = windowsOfStretches(text, folded, stretches);
      // In the order of the text, as they are screened: those of one stretch may go beyond the first ones of the next.
      const all = windows
        .flatMap((some) => some ?? [])
        .toSorted((one, other) => one[0] - other[0] || one[1] - other[1]);
      const isClear = screens[surface](folded, all, limitsOf(thresholds));
      if (!windows.includes(undefined) && !isClear.includes(false)) return stretches.map(() => nothingFound);
      const doubtful = new Set(all.filter((_, at) => isClear[at] !== true).map(String));
      // Screening is over before the exact look folds other text into the same memory.
      const areClear = windows.map((some) => some?.every((window) => !doubtful.has(String(window))) ?? false);
      return stretches.map(([start, end], at) => {
        if (areClear[at] === true) return nothingFound;
        const stretch = foldText(text.slice(start, end));
        return findingsOf(scored(readAll(stretch), judge, surface), thresholds, label);
      });
    },
  };
}

/** Windows judged in one step: a millisecond or two of work where all of them are doubtful. */
const windowsAStep = 8;

/** A copy, which other texts that are folded between two steps do not write over. */
function keptFold(folded: Folded): Folded {
  const { units, offsets, length } = folded;
  return { ...folded, units: units.slice(0, length), offsets: offsets.slice(0, length + 1) };
}

const tooLong: Inspection = { kind: "unknown", cause: "too-long" };
const nothingFound: Inspection = { kind: "inspected", findings: [] };

/** Scores of one window of normalised text. */
type Judge = (text: string, surface: Surface) => Scores;

interface ScoredWindow {
  readonly span: Span;
  readonly scores: Scores;
}

/** A window with its text and where it lies in the source. */
interface ReadWindow {
  readonly span: Span;
  readonly text: string;
}

function readAll(folded: Folded): ReadWindow[] {
  return readEach(folded, wholeWindows(folded.length, detectorShape.windowChars));
}

function readEach(folded: Folded, windows: readonly Stretch[]): ReadWindow[] {
  const { offsets } = folded;
  return windows.map(([start, end]) => ({
    span: [offsets[start] ?? 0, offsets[end] ?? 0],
    text: textOf(folded, start, end),
  }));
}

function scored(windows: readonly ReadWindow[], judge: Judge, surface: Surface): ScoredWindow[] {
  return windows.map(({ span, text }) => ({ span, scores: judge(text, surface) }));
}

/** What a text must stay below to have no finding. No score of a category is higher than that of its family. */
function limitsOf({ review, block }: Thresholds): Limits {
  const least = { misuse: Infinity, attack: Infinity };
  for (const category of Category.options) {
    const family = familyOf(category);
    least[family] = Math.min(least[family], review[category] ?? Infinity, block[category] ?? Infinity);
  }
  return least;
}

function highest(windows: readonly ScoredWindow[]): Scores {
  const scores = noScores();
  for (const window of windows)
    for (const category of Category.options) scores[category] = Math.max(scores[category], window.scores[category]);
  return scores;
}

/** One finding a category, at its highest window. */
function findingsOf(windows: readonly ScoredWindow[], thresholds: Thresholds, detector: string): Inspection {
  const findings: Finding[] = [];
  for (const category of Category.options) {
    let best: ScoredWindow | undefined;
    for (const window of windows)
      if (best === undefined || window.scores[category] > best.scores[category]) best = window;
    if (best === undefined) continue;
    const score = best.scores[category];
    const band = bandOf(score, thresholds, category);
    if (band !== "clear") findings.push({ category, score, band, span: best.span, detector });
  }
  return { kind: "inspected", findings };
}

function bandOf(score: number, thresholds: Thresholds, category: Category): Band {
  // A score that is not a number compares false with everything: it must not look clear.
  if (!Number.isFinite(score)) throw new Failure("safeguard_unavailable", "A safeguard gave no number as its score.");
  if (score >= (thresholds.block[category] ?? Infinity)) return "block";
  return score >= (thresholds.review[category] ?? Infinity) ? "review" : "clear";
}

/** Misuse of the world, or an attack on the model itself: the two are told apart, and have thresholds of their own. */
type Family = "misuse" | "attack";

function familyOf(category: Category): Family {
  return category === "jailbreak" || category === "injection" ? "attack" : "misuse";
}

/** The score at a benign rate, interpolated between the entries of the table by the logarithm of the rate. */
function thresholdAt(table: ThresholdTable, rate: number): number {
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

function judgeOf(weights: Weights, network: Network): Judge {
  const linear = {
    misuseInput: linearHead(weights, "misuse-input"),
    misuseOutput: linearHead(weights, "misuse-output"),
    attackInput: linearHead(weights, "attack-input"),
  };
  const tellCategories = categoryHeads(weights);
  return (text, surface) => {
    const features = ngramsOf(text, detectorShape.buckets);
    const meaning = network.judge(text);
    const spelled = surface === "input" ? linear.misuseInput(features) : linear.misuseOutput(features);
    const misuse = mixed(weights, `misuse-${surface}`, [spelled, meaning[`misuse-${surface}`]]);
    const attack = mixed(weights, "attack-input", [linear.attackInput(features), meaning["attack-input"]]);
    return spread({ misuse, attack }, tellCategories(features, meaning.categories));
  };
}

/** Weighted sum of the logits of the two views, as a probability. */
function mixed(weights: Weights, head: HeadName, [spelling, meaning]: readonly [number, number]): number {
  const sum =
    weights.number(`${head}:bias`) +
    weights.number(`${head}:spelling`) * spelling +
    weights.number(`${head}:meaning`) * meaning;
  return 1 / (1 + Math.exp(-sum));
}

/** The likeliest category of each family takes its family's score, the others a part of it by how likely they are. */
function spread(families: Readonly<Record<Family, number>>, logits: Float32Array): Scores {
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

/** Linear head over n-grams, every feature of a text weighing 1/√n. Weights are 8-bit with one scale. */
function linearHead(weights: Weights, name: string): (features: Uint32Array) => number {
  const table = weights.int8(`ngrams:${name}`);
  const scale = weights.number(`ngrams:${name}:scale`);
  const bias = weights.number(`ngrams:${name}:bias`);
  return (features) => {
    let sum = 0;
    for (const feature of features) sum += table[feature] ?? 0;
    return bias + (features.length === 0 ? 0 : (sum * scale) / Math.sqrt(features.length));
  };
}

/** Logits of the categories: n-grams in a table of fewer buckets (feature-major), plus what the network says. */
function categoryHeads(weights: Weights): (features: Uint32Array, meaning: Float32Array) => Float32Array {
  const table = weights.int8("ngrams:categories");
  const bias = weights.float32("ngrams:categories:bias");
  const scale = weights.number("ngrams:categories:scale");
  const heads = Category.options.length;
  const mask = table.length / heads - 1;
  return (features, meaning) => {
    const sums = new Int32Array(heads);
    for (const feature of features) {
      const row = (feature & mask) * heads;
      for (let head = 0; head < heads; head += 1) sums[head] = (sums[head] ?? 0) + (table[row + head] ?? 0);
    }
    const factor = features.length === 0 ? 0 : scale / Math.sqrt(features.length);
    return Float32Array.from(sums, (sum, head) => (bias[head] ?? 0) + sum * factor + (meaning[head] ?? 0));
  };
}

function noScores(): Record<Category, number> {
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
