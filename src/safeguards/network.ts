// The view by meaning: the weighted mean of static token vectors that were read off a sentence encoder, and a small
// network on it. Word order is lost here and kept by the other view. The card beside the weights says where the vectors
// are from. If you change a step, change scripts/train-misuse.py.
import { Category } from "../terms/finding.ts";
import { detectorShape } from "./detector-shape.ts";
import type { Weights } from "./weights.ts";
import { wordPieces } from "./wordpiece.ts";

/** What the network says of one window: logits of the heads, and one logit a category in the order of `Category`. */
export interface Meaning {
  readonly "misuse-input": number;
  readonly "attack-input": number;
  readonly "misuse-output": number;
  readonly categories: Float32Array;
}

/** Reads the network out of the weights; the function it gives judges normalised text of one window. */
export function networkOf(weights: Weights): (text: string) => Meaning {
  const vocabulary = new TextDecoder().decode(weights.bytes("vocabulary")).split("\n");
  const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));
  const mean = meanOf(weights);
  const dense = denseOf(weights, "dense");
  const heads = denseOf(weights, "heads");
  return (text) => {
    const logits = apply(heads, rectified(apply(dense, mean(pieces.idsOf(text, detectorShape.piecesMax)))));
    const [misuseInput = 0, attackInput = 0, misuseOutput = 0] = logits;
    return {
      "misuse-input": misuseInput,
      "attack-input": attackInput,
      "misuse-output": misuseOutput,
      categories: logits.subarray(3, 3 + Category.options.length),
    };
  };
}

/** Mean of the tokens' vectors, each by its weight: rare tokens say more. Nothing for no tokens. */
function meanOf(weights: Weights): (ids: readonly number[]) => Float32Array {
  const embedding = weights.int8("net:embedding");
  const scale = weights.float32("net:embedding:scale");
  const weight = weights.float32("net:embedding:weight");
  const size = embedding.length / scale.length;
  return (ids) => {
    const sum = new Float32Array(size);
    const total = ids.reduce((before, id) => before + (weight[id] ?? 0), 0);
    for (const id of ids) {
      const factor = ((scale[id] ?? 0) * (weight[id] ?? 0)) / total;
      const row = id * size;
      for (let index = 0; index < size; index += 1)
        sum[index] = (sum[index] ?? 0) + (embedding[row + index] ?? 0) * factor;
    }
    return sum;
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
  const width = bias.length;
  input.forEach((factor, at) => {
    if (factor === 0) return;
    const row = at * width;
    for (let index = 0; index < width; index += 1)
      output[index] = (output[index] ?? 0) + (weights[row + index] ?? 0) * factor;
  });
  return output;
}

function rectified(values: Float32Array): Float32Array {
  return values.map((value) => Math.max(0, value));
}
