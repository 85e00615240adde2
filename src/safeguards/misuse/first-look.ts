// The first look: sums of the weights of n-grams, block by block, and over the window of the last blocks. Sums are whole
// numbers, so that they are the same however often a window moves.
import { NgramReader, ngramBuckets } from "../ngrams.ts";
import type { Weights } from "../weights.ts";

/** Names of the linear heads in the weights. */
type HeadName = "misuse-input" | "attack-input" | "misuse-output";

/** Two heads over the same n-grams. */
export interface LinearPair {
  /** For each bucket the weight of the first head in the upper byte, that of the second in the lower. */
  readonly table: Int16Array;
  readonly first: Linear;
  readonly second: Linear;
}

interface Linear {
  readonly scale: number;
  readonly bias: number;
}

/** Reads two heads, side by side so that one look at memory gives both; without a second one that is 0. */
export function linearPairOf(weights: Weights, first: HeadName, second?: HeadName): LinearPair {
  const upper = weights.int8(`ngrams:${first}`);
  const lower = second === undefined ? undefined : weights.int8(`ngrams:${second}`);
  const table = Int16Array.from({ length: ngramBuckets }, (_, bucket) => {
    return ((upper[bucket] ?? 0) << 8) | ((lower?.[bucket] ?? 0) & 0xff);
  });
  const linear = (head: HeadName): Linear => ({
    scale: weights.number(`ngrams:${head}:scale`),
    bias: weights.number(`ngrams:${head}:bias`),
  });
  return { table, first: linear(first), second: second === undefined ? { scale: 0, bias: 0 } : linear(second) };
}

/** Goes along a text: after each block the logits of the window that it ends. */
export class FirstLook {
  first = 0;
  second = 0;
  readonly #pair: LinearPair;
  readonly #reader = new NgramReader();
  /**
   * Sums of the blocks of the window, and behind them of the window: n-grams, first head, second head of each. No typed array:
   * for so few numbers it would take more than they do.
   */
  readonly #sums: number[];
  /** Where the oldest block stands. */
  #at = 0;

  constructor(pair: LinearPair, blocksAWindow: number) {
    this.#pair = pair;
    const length = (blocksAWindow + 1) * fields;
    this.#sums = length <= zeros.length ? zeros.slice(0, length) : Array.from({ length }, () => 0);
  }

  /** The next block of a text; `isEnd` where the text ends with it. */
  block(units: Uint16Array, [from, to]: readonly [number, number], isEnd: boolean): void {
    const [sums, { table }] = [this.#sums, this.#pair];
    const [at, window] = [this.#at, sums.length - fields];
    blockSums.count = 0;
    blockSums.first = 0;
    blockSums.second = 0;
    this.#reader.sum({ units, from, to }, table, blockSums);
    if (isEnd) this.#reader.sumEnd(table, blockSums);
    const { count, first, second } = blockSums;
    const ngrams = (sums[window] ?? 0) - (sums[at] ?? 0) + count;
    const all = (sums[window + 1] ?? 0) - (sums[at + 1] ?? 0) + first;
    const others = (sums[window + 2] ?? 0) - (sums[at + 2] ?? 0) + second;
    sums[at] = count;
    sums[at + 1] = first;
    sums[at + 2] = second;
    sums[window] = ngrams;
    sums[window + 1] = all;
    sums[window + 2] = others;
    this.#at = (at + fields) % window;
    const factor = ngrams === 0 ? 0 : 1 / Math.sqrt(ngrams);
    this.first = this.#pair.first.bias + this.#pair.first.scale * all * factor;
    this.second = this.#pair.second.bias + this.#pair.second.scale * others * factor;
  }
}

/** Of the block that is added; nothing is waited for in between. */
const blockSums = { count: 0, first: 0, second: 0 };
const fields = 3;
/** Of usual windows, to be copied. */
const zeros = Array.from({ length: 48 }, () => 0);

/** The logits of a stretch that stands alone. */
export function lookAlone(
  pair: LinearPair,
  units: Uint16Array,
  stretch: readonly [number, number],
): { readonly first: number; readonly second: number } {
  const look = new FirstLook(pair, 1);
  look.block(units, stretch, true);
  return look;
}
