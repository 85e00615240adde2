// What the two quick views say of one window: by spelling, over hashed n-grams, and by meaning, over token vectors; how
// they are mixed, alone and with a second look, and which category the score is given to.
import { Category } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import { encoderTokensMax } from "./encoder.ts";
import { type Meaning, type Network } from "./network.ts";
import { ngramsOf } from "./ngrams.ts";
import type { Scores } from "./safeguard.ts";
import type { HeadName, Limits } from "./screen.ts";
import type { Weights } from "./weights.ts";

/** Misuse of the world, or an attack on the model itself: the two are told apart, and have thresholds of their own. */
export type Family = "misuse" | "attack";

/** Which of the two a category belongs to. */
export function familyOf(category: Category): Family {
  return category === "jailbreak" || category === "injection" ? "attack" : "misuse";
}

/** Judges one window of normalised text. */
export interface Judge {
  readonly answer: (text: string) => Scores;
  readonly request: (text: string) => FirstLook;
}

/** What the two views say of a window of a request, and what the second look needs. */
export interface FirstLook {
  readonly misuse: TwoViews;
  readonly attack: TwoViews;
  /** Logits of the categories. */
  readonly categories: Float32Array;
  /** Word pieces of the window, all of them, in as many pieces of text as the second look reads at once. */
  readonly readings: readonly Uint16Array[];
}

/** Logits of both views, and the probability that they make without the second look. */
export interface TwoViews {
  readonly spelling: number;
  readonly meaning: number;
  readonly probability: number;
}

/** A score that is not a number is not below anything. */
export function isBelow({ misuse, attack }: FirstLook, gate: Limits): boolean {
  return misuse.probability < gate.misuse && attack.probability < gate.attack;
}

/** Reads the views out of the weights. */
export function judgeOf(weights: Weights, network: Network): Judge {
  const linear = {
    misuseInput: linearHead(weights, "misuse-input"),
    misuseOutput: linearHead(weights, "misuse-output"),
    attackInput: linearHead(weights, "attack-input"),
  };
  const tellCategories = categoryHeads(weights);
  const seen = (text: string): { features: Uint32Array; meaning: Meaning; categories: Float32Array } => {
    const features = ngramsOf(text, detectorShape.buckets);
    const meaning = network.judge(text);
    return { features, meaning, categories: tellCategories(features, meaning.categories) };
  };
  const views = (head: HeadName, spelling: number, meaning: number): TwoViews => ({
    spelling,
    meaning,
    probability: mixed(weights, head, [spelling, meaning]),
  });
  return {
    answer: (text) => {
      const { features, meaning, categories } = seen(text);
      const misuse = mixed(weights, "misuse-output", [linear.misuseOutput(features), meaning["misuse-output"]]);
      const attack = mixed(weights, "attack-input", [linear.attackInput(features), meaning["attack-input"]]);
      return spread({ misuse, attack }, categories);
    },
    request: (text) => {
      const { features, meaning, categories } = seen(text);
      return {
        misuse: views("misuse-input", linear.misuseInput(features), meaning["misuse-input"]),
        attack: views("attack-input", linear.attackInput(features), meaning["attack-input"]),
        categories,
        readings: readingsOf(Uint16Array.from(network.pieces.idsOf(text, text.length))),
      };
    },
  };
}

/** The start, the end and what lies between, so that nothing is hidden from the second look by what stands before it. */
function readingsOf(pieces: Uint16Array): Uint16Array[] {
  const readings: Uint16Array[] = [];
  for (let from = 0; from + readingMax < pieces.length; from += readingMax)
    readings.push(pieces.slice(from, from + readingMax));
  return [...readings, pieces.slice(-readingMax)];
}

const readingMax = encoderTokensMax - 2;

/** Weighted sum of the logits of the two views, as a probability. */
function mixed(weights: Weights, head: HeadName, [spelling, meaning]: readonly [number, number]): number {
  const sum =
    weights.number(`${head}:bias`) +
    weights.number(`${head}:spelling`) * spelling +
    weights.number(`${head}:meaning`) * meaning;
  return probability(sum);
}

/** How a head mixes the two views with what the second look says, as a probability. */
export function finalOf(weights: Weights, head: HeadName): (look: TwoViews, read: number) => number {
  const [bias, spells, means, reads] = ["bias", "spelling", "meaning", "encoder"].map((name) =>
    weights.number(`${head}:final:${name}`),
  );
  return ({ spelling, meaning }, read) =>
    probability((bias ?? 0) + (spells ?? 0) * spelling + (means ?? 0) * meaning + (reads ?? 0) * read);
}

function probability(logit: number): number {
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
