// The view by meaning: the weighted mean of static token vectors that were read off a sentence encoder, and a small
// network on it. Word order is lost here and kept by the other view. The card beside the weights says where the vectors
// are from. If you change a step, change scripts/train-misuse.py.
import { Category } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import type { Weights } from "./weights.ts";
import { type WordPieces, wordPieces } from "./wordpiece.ts";

/** What the network says of one window: logits of the heads, and one logit a category in the order of `Category`. */
export interface Meaning {
  readonly "misuse-input": number;
  readonly "attack-input": number;
  readonly "misuse-output": number;
  readonly categories: Float32Array;
}

/** The network of a weight file. */
export interface Network {
  readonly pieces: WordPieces;
  /** Judges normalised text of one window. */
  readonly judge: (text: string) => Meaning;
  /** How much each token counts in the mean. */
  readonly tokenWeights: Float32Array;
  /** Before the first rectifier, as if the token stood alone; valid until the next call. */
  readonly hiddenOf: (token: number) => Float64Array;
  /** One row a hidden unit, one column a head. */
  readonly heads: Dense;
  readonly dense: Dense;
  /** The largest size of each entry that a token vector has. */
  readonly vectorMax: Float64Array;
}

/** Reads the network out of the weights. */
export function networkOf(weights: Weights): Network {
  const vocabulary = new TextDecoder().decode(weights.bytes("vocabulary")).split("\n");
  const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));
  const tokens = tokensOf(weights);
  const dense = denseOf(weights, "dense");
  const heads = denseOf(weights, "heads");
  return {
    pieces,
    dense,
    heads,
    tokenWeights: tokens.weight,
    vectorMax: vectorMaxOf(tokens),
    hiddenOf: hiddenOf(tokens, dense),
    judge: (text) => {
      const hidden = apply(dense, meanOf(tokens, pieces.idsOf(text, detectorShape.piecesMax)));
      for (let at = 0; at < hidden.length; at += 1) hidden[at] = Math.max(0, hidden[at] ?? 0);
      const logits = apply(heads, hidden);
      const [misuseInput = 0, attackInput = 0, misuseOutput = 0] = logits;
      return {
        "misuse-input": misuseInput,
        "attack-input": attackInput,
        "misuse-output": misuseOutput,
        categories: logits.subarray(3, 3 + Category.options.length),
      };
    },
  };
}

/** Columns of the heads that are mixed with the other view, in the order of `Meaning`. */
export const headColumns = { "misuse-input": 0, "attack-input": 1, "misuse-output": 2 } as const;

interface Tokens {
  /** One row of `size` a token, in units of the token's scale. */
  readonly embedding: Int8Array;
  readonly scale: Float32Array;
  readonly weight: Float32Array;
  readonly size: number;
}

function tokensOf(weights: Weights): Tokens {
  const embedding = weights.int8("net:embedding");
  const scale = weights.float32("net:embedding:scale");
  const weight = weights.float32("net:embedding:weight");
  return { embedding, scale, weight, size: embedding.length / scale.length };
}

/** Mean of the tokens' vectors, each by its weight: rare tokens say more. Nothing for no tokens. */
function meanOf({ embedding, scale, weight, size }: Tokens, ids: readonly number[]): Float32Array {
  const sum = new Float32Array(size);
  let total = 0;
  for (const id of ids) total += weight[id] ?? 0;
  for (let at = 0; at < ids.length; at += 4) {
    const of = (next: number): TokenRow => {
      const id = ids[at + next];
      if (id === undefined) return { row: 0, factor: 0 };
      return { row: id * size, factor: ((scale[id] ?? 0) * (weight[id] ?? 0)) / total };
    };
    addTokens(sum, embedding, [of(0), of(1), of(2), of(3)]);
  }
  return sum;
}

/** Where the row of a token starts and what it is multiplied by. */
interface TokenRow {
  readonly row: number;
  readonly factor: number;
}

/** Adds four rows at once, which is quicker, with each step rounded as if they came one by one. */
function addTokens(sum: Float32Array, table: Int8Array, four: readonly [TokenRow, TokenRow, TokenRow, TokenRow]): void {
  const [{ row: row0, factor: factor0 }, { row: row1, factor: factor1 }] = four;
  const [, , { row: row2, factor: factor2 }, { row: row3, factor: factor3 }] = four;
  for (let index = 0; index < sum.length; index += 1) {
    let value = Math.fround((sum[index] ?? 0) + (table[row0 + index] ?? 0) * factor0);
    value = Math.fround(value + (table[row1 + index] ?? 0) * factor1);
    value = Math.fround(value + (table[row2 + index] ?? 0) * factor2);
    sum[index] = value + (table[row3 + index] ?? 0) * factor3;
  }
}

function vectorMaxOf({ embedding, scale, size }: Tokens): Float64Array {
  const largest = new Float64Array(size);
  for (let at = 0; at < embedding.length; at += 1) {
    const value = Math.abs((embedding[at] ?? 0) * (scale[Math.floor(at / size)] ?? 0));
    if (value > (largest[at % size] ?? 0)) largest[at % size] = value;
  }
  return largest;
}

function hiddenOf({ embedding, scale, size }: Tokens, { weights, bias }: Dense): (token: number) => Float64Array {
  const hidden = new Float64Array(bias.length);
  return (token) => {
    hidden.set(bias);
    for (let at = 0; at < size; at += 1) {
      const factor = (embedding[token * size + at] ?? 0) * (scale[token] ?? 0);
      const row = at * bias.length;
      for (let index = 0; index < bias.length; index += 1)
        hidden[index] = (hidden[index] ?? 0) + (weights[row + index] ?? 0) * factor;
    }
    return hidden;
  };
}

/** A dense layer: `weights[input * outputs + output]`. */
interface Dense {
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

function denseOf(weights: Weights, name: string): Dense {
  return { weights: weights.float32(`net:${name}`), bias: weights.float32(`net:${name}:bias`) };
}

function apply({ weights, bias }: Dense, input: Float32Array): Float32Array {
  const output = bias.slice();
  for (let at = 0; at < input.length; at += 4) {
    const factors = input.subarray(at, at + 4);
    if (factors.some((factor) => factor !== 0)) addInputs(output, weights.subarray(at * bias.length), factors);
  }
  return output;
}

/** As `addTokens`, for the rows that a part of a dense layer begins with. */
function addInputs(sum: Float32Array, rows: Float32Array, factors: Float32Array): void {
  const width = sum.length;
  const [factor0 = 0, factor1 = 0, factor2 = 0, factor3 = 0] = factors;
  for (let index = 0; index < width; index += 1) {
    let value = Math.fround((sum[index] ?? 0) + (rows[index] ?? 0) * factor0);
    value = Math.fround(value + (rows[width + index] ?? 0) * factor1);
    value = Math.fround(value + (rows[2 * width + index] ?? 0) * factor2);
    sum[index] = value + (rows[3 * width + index] ?? 0) * factor3;
  }
}
