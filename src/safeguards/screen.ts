// The cheap look before the exact one: which windows of a text are certainly clear. The view by spelling is summed exactly,
// of the view by meaning only what it can add at most. A window that is not certainly clear is judged in full, so that
// what is found, and with which score, does not depend on this file; a test holds the two against each other.
import type { Surface } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import { MeaningBound, type MixedHead } from "./meaning-bound.ts";
import { type Network, headColumns } from "./network.ts";
import type { Folded } from "./normalise.ts";
import { SpellingWindows } from "./spelling.ts";
import type { Weights } from "./weights.ts";
import type { Stretch } from "./windows.ts";

export type HeadName = keyof typeof headColumns;

/** The probabilities from which on what the two heads say is a finding. */
export interface Limits {
  readonly misuse: number;
  readonly attack: number;
}

/**
 * For each window whether all limits are certainly kept in it. Windows that start or end before the one before them are
 * never said to be clear. Cost: linear in the length of the text, and little for each window.
 */
export type Screen = (text: Pick<Folded, "units" | "length">, windows: readonly Stretch[], limits: Limits) => boolean[];

/** The heads that a text is judged by, by the side of the model that it stands on. */
const headsOf = {
  input: ["misuse-input", "attack-input"],
  output: ["misuse-output", "attack-input"],
} as const satisfies Record<Surface, readonly [misuse: HeadName, attack: HeadName]>;

/** Reads the tables of one side into a shape in which they are fast. Cost: some 10 ms. */
export function screenOf(weights: Weights, network: Network, surface: Surface): Screen {
  if (!isSound(weights, network)) return (_text, windows) => windows.map(() => false);
  const [misuse, attack] = headsOf[surface].map((head) => mixtureOf(weights, head));
  if (misuse === undefined || attack === undefined) throw new RangeError("A side has two heads.");
  const spelling = new SpellingWindows([misuse.table, attack.table], detectorShape.buckets);
  const meaning = new MeaningBound(network, [misuse.mixed, attack.mixed]);
  return ({ units, length }, windows, limits) => {
    const needsMeaning =
      (limits.misuse !== Infinity && misuse.mixed.weight !== 0) ||
      (limits.attack !== Infinity && attack.mixed.weight !== 0);
    spelling.begin(units, length);
    if (needsMeaning) meaning.begin(units, length);
    const isBelow = (): boolean => {
      const { features, first, second } = spelling;
      const [misuseMeans = 0, attackMeans = 0] = needsMeaning ? meaning.most : [];
      return (
        (limits.misuse === Infinity || mostOf(misuse, [first, features], misuseMeans) < limits.misuse) &&
        (limits.attack === Infinity || mostOf(attack, [second, features], attackMeans) < limits.attack)
      );
    };
    const isClear = ([start, end]: Stretch): boolean => {
      spelling.moveTo(start, end);
      if (!needsMeaning) return isBelow();
      if (!meaning.bound(start, end)) return false;
      if (isBelow()) return true;
      meaning.tighten();
      return isBelow();
    };
    let before: Stretch = [0, 0];
    try {
      return windows.map((window) => {
        const [start, end] = window;
        if (start < before[0] || end < before[1] || start >= end || end > length) return false;
        before = window;
        return isClear(window);
      });
    } finally {
      spelling.rewind();
    }
  };
}

/** How a head mixes the two views. */
interface Mixture {
  readonly bias: number;
  readonly spelling: number;
  readonly table: Int8Array;
  readonly tableScale: number;
  readonly tableBias: number;
  readonly mixed: MixedHead;
}

function mixtureOf(weights: Weights, head: HeadName): Mixture {
  return {
    bias: weights.number(`${head}:bias`),
    spelling: weights.number(`${head}:spelling`),
    table: weights.int8(`ngrams:${head}`),
    tableScale: weights.number(`ngrams:${head}:scale`),
    tableBias: weights.number(`ngrams:${head}:bias`),
    mixed: { column: headColumns[head], weight: weights.number(`${head}:meaning`) },
  };
}

/** The probability that a head can give at most; `meaning` is what the other view adds at most to the sum. */
function mostOf(head: Mixture, [sum, features]: readonly [number, number], meaning: number): number {
  const mean = features === 0 ? 0 : (sum * head.tableScale) / Math.sqrt(features);
  const logit = head.bias + head.spelling * (head.tableBias + mean) + meaning;
  return 1 / (1 + Math.exp(-logit)) + rounding;
}

/** More than what the order of a few additions can change in a probability. */
const rounding = 1e-9;

/**
 * Whether bounds hold for these weights: ordinary numbers everywhere, and tokens that all count for something. With others
 * a score may be no number, which must close and not be overlooked.
 */
function isSound(weights: Weights, { dense, heads, tokenWeights, vectorMax }: Network): boolean {
  const tables = [dense.weights, dense.bias, heads.weights, heads.bias, weights.float32("ngrams:categories:bias")];
  return (
    tables.every((table) => table.every((value) => Math.abs(value) < sizeMax)) &&
    vectorMax.every((value) => value < sizeMax) &&
    tokenWeights.every((value) => value > 0 && value < sizeMax)
  );
}

const sizeMax = 1e6;
