// The first look: sums of the weights of n-grams, block by block, and over the window of the last blocks. Sums are whole
// numbers, so that they are the same however often a window moves.
import { NgramReader, ngramBuckets } from "./ngrams.ts";
import type { Weights } from "./weights.ts";

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
    this.#sums = Array.from({ length: (blocksAWindow + 1) * fields }, () => 0);
  }

  /** The next block of a text; `isEnd` where the text ends with it. */
  block(units: Uint16Array, [from, to]: readonly [number, number], isEnd: boolean): void {
    const sums = this.#sums;
    const [at, window] = [this.#at, sums.length - fields];
    for (let field = 0; field < fields; field += 1) {
      sums[window + field] = (sums[window + field] ?? 0) - (sums[at + field] ?? 0);
      sums[at + field] = 0;
    }
    this.#add(this.#reader.read(units, from, to));
    if (isEnd) this.#add(this.#reader.readEnd());
    for (let field = 0; field < fields; field += 1)
      sums[window + field] = (sums[window + field] ?? 0) + (sums[at + field] ?? 0);
    this.#at = (at + fields) % window;
    const ngrams = sums[window] ?? 0;
    const factor = ngrams === 0 ? 0 : 1 / Math.sqrt(ngrams);
    this.first = this.#pair.first.bias + this.#pair.first.scale * (sums[window + 1] ?? 0) * factor;
    this.second = this.#pair.second.bias + this.#pair.second.scale * (sums[window + 2] ?? 0) * factor;
  }

  #add(found: Uint32Array): void {
    const { table } = this.#pair;
    let [first, second] = [0, 0];
    for (let at = 0; at < found.length; at += 1) {
      const both = table[found[at] ?? 0] ?? 0;
      first += both >> 8;
      second += (both << 24) >> 24;
    }
    const [sums, at] = [this.#sums, this.#at];
    sums[at] = (sums[at] ?? 0) + found.length;
    sums[at + 1] = (sums[at + 1] ?? 0) + first;
    sums[at + 2] = (sums[at + 2] ?? 0) + second;
  }
}

const fields = 3;

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
