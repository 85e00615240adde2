// The second look: a small sentence encoder (all-MiniLM-L6-v2, its upper layers trained further on requests) that reads a
// window in its order. Weights are 8-bit with a scale a row, numbers between layers 13-bit with a scale a token, sums are
// integers. If you change a step, change scripts/train-encoder.py.
import { createKernel, type Kernel } from "./dot-kernel.ts";
import type { Weights } from "../weights.ts";

/** Tokens read of a window with the two that enclose it. */
export const encoderTokensMax = 64;

/** The logits that the encoder gives for the word pieces of one window. Cost: half a millisecond to one a token. */
export type Encoder = (pieces: ArrayLike<number>) => Float32Array;

const width = 384;
const inner = 1536;
const headsCount = 12;
const headWidth = width / headsCount;
const layersCount = 6;
const [startToken, endToken] = [101, 102];
/** Largest number between layers: with 8-bit weights, a sum over `inner` of them stays below 2³¹. */
const activationMax = 8191;

/** Reads the encoder out of its weights. Cost: some 60 ms, 50 MB. */
export function encoderOf(weights: Weights): Encoder {
  const layout = layoutOf();
  const kernel = createKernel(layout.bytes);
  const layers = Array.from({ length: layersCount }, (_, index) => layerOf(weights, { kernel, layout, index }));
  const embed = embedderOf(weights);
  const judge = headOf(weights);
  return (pieces) => {
    const tokens = tokensOf(pieces);
    let state = embed(tokens);
    for (const layer of layers) state = layer(state, tokens.length);
    return judge(state, tokens.length);
  };
}

function tokensOf(pieces: ArrayLike<number>): number[] {
  const inside = Array.from(
    { length: Math.min(pieces.length, encoderTokensMax - 2) },
    (_, index) => pieces[index] ?? 0,
  );
  return [startToken, ...inside, endToken];
}

function embedderOf(weights: Weights): (tokens: readonly number[]) => Float32Array {
  const words = weights.int8("words");
  const scale = weights.float32("words:scale");
  const positions = weights.float32("positions");
  const norm = weights.float32("norm");
  return (tokens) => {
    const state = new Float32Array(tokens.length * width);
    tokens.forEach((token, at) => {
      const factor = scale[token] ?? 0;
      for (let index = 0; index < width; index += 1)
        state[at * width + index] = (words[token * width + index] ?? 0) * factor + (positions[at * width + index] ?? 0);
    });
    normalise(state, norm);
    return state;
  };
}

type Layer = (state: Float32Array, tokens: number) => Float32Array;

interface Place {
  readonly kernel: Kernel;
  readonly layout: Layout;
  readonly index: number;
}

function layerOf(weights: Weights, place: Place): Layer {
  const part = (name: string, size: number): Float32Array =>
    weights.float32(name).subarray(place.index * size, (place.index + 1) * size);
  const attend = denseOf(weights, { ...place, name: "qkv" });
  const project = denseOf(weights, { ...place, name: "out" });
  const up = denseOf(weights, { ...place, name: "up" });
  const down = denseOf(weights, { ...place, name: "down" });
  const [norm1, norm2] = [part("norm1", 2 * width), part("norm2", 2 * width)];
  return (state, tokens) => {
    const attended = project(attention(attend(state, tokens), tokens), tokens).slice();
    addTo(attended, state);
    normalise(attended, norm1);
    const raised = up(attended, tokens);
    bend(raised);
    const lowered = down(raised, tokens).slice();
    addTo(lowered, attended);
    normalise(lowered, norm2);
    return lowered;
  };
}

/** Rows and columns of the four matrices of a layer: outputs, inputs. */
const matrices = {
  qkv: [3 * width, width],
  out: [width, width],
  up: [inner, width],
  down: [width, inner],
} as const;
type MatrixName = keyof typeof matrices;

/** Where things lie in the memory of the kernel, in bytes. */
interface Layout {
  readonly weights: Readonly<Record<MatrixName, number>>;
  readonly scales: Readonly<Record<MatrixName, number>>;
  readonly biases: Readonly<Record<MatrixName, number>>;
  readonly left: number;
  readonly factors: number;
  readonly result: number;
  readonly bytes: number;
}

const matrixNames = ["qkv", "out", "up", "down"] as const;

function layoutOf(): Layout {
  let bytes = 0;
  const take = (size: number): number => {
    bytes += size;
    return bytes - size;
  };
  const each = (size: (name: MatrixName) => number): Record<MatrixName, number> => {
    const places = { qkv: 0, out: 0, up: 0, down: 0 };
    for (const name of matrixNames) places[name] = take(layersCount * size(name));
    return places;
  };
  const weights = each((name) => 2 * sizeOf(name));
  const scales = each((name) => 4 * matrices[name][0]);
  const biases = each((name) => 4 * matrices[name][0]);
  const left = take(2 * encoderTokensMax * inner);
  const factors = take(4 * encoderTokensMax);
  const result = take(4 * encoderTokensMax * inner);
  return { weights, scales, biases, left, factors, result, bytes };
}

function sizeOf(name: MatrixName): number {
  const [outputs, inputs] = matrices[name];
  return outputs * inputs;
}

/** A dense layer over all tokens at once, by the kernel. What it gives is overwritten by the next one. */
function denseOf(weights: Weights, { kernel, layout, index, name }: Place & { readonly name: MatrixName }): Layer {
  const [outputs, inputs] = matrices[name];
  const size = sizeOf(name);
  const { buffer } = kernel.memory;
  const right = layout.weights[name] + index * size * 2;
  const scales = layout.scales[name] + index * outputs * 4;
  const biases = layout.biases[name] + index * outputs * 4;
  const part = (values: Float32Array): Float32Array => values.subarray(index * outputs, (index + 1) * outputs);
  new Int16Array(buffer, right, size).set(weights.int8(name).subarray(index * size, (index + 1) * size));
  new Float32Array(buffer, scales, outputs).set(part(weights.float32(`${name}:scale`)));
  new Float32Array(buffer, biases, outputs).set(part(weights.float32(`${name}:bias`)));
  const left = new Int16Array(buffer, layout.left, encoderTokensMax * inputs);
  const factors = new Float32Array(buffer, layout.factors, encoderTokensMax);
  const result = new Float32Array(buffer, layout.result, encoderTokensMax * outputs);
  const places = { left: layout.left, right, result: layout.result, factors: layout.factors, scales, biases };
  return (state, tokens) => {
    for (let token = 0; token < tokens; token += 1)
      factors[token] = quantise(state, left, { from: token * inputs, count: inputs });
    kernel.multiply(places, { rows: tokens + (tokens % 2), columns: outputs, depth: inputs });
    return result.subarray(0, tokens * outputs);
  };
}

/** Writes a stretch of `values` as whole numbers, gives the factor that makes them what they were. */
function quantise(
  values: Float32Array,
  into: Int16Array,
  { from, count }: { readonly from: number; readonly count: number },
): number {
  let largest = 1e-9;
  for (let index = from; index < from + count; index += 1) {
    const size = Math.abs(values[index] ?? 0);
    if (size > largest) largest = size;
  }
  const factor = activationMax / largest;
  for (let index = from; index < from + count; index += 1) {
    const scaled = (values[index] ?? 0) * factor;
    into[index] = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
  }
  return largest / activationMax;
}

/** Attention of every token to every token, head by head; `qkv` holds queries, keys and values of a token side by side. */
function attention(qkv: Float32Array, tokens: number): Float32Array {
  const out = new Float32Array(tokens * width);
  const shares = new Float32Array(tokens);
  for (let head = 0; head < headsCount; head += 1)
    for (let token = 0; token < tokens; token += 1) {
      attendTo(qkv, shares, { query: token * 3 * width + head * headWidth, key: width + head * headWidth });
      gather(qkv, shares, { value: 2 * width + head * headWidth, out, at: token * width + head * headWidth });
    }
  return out;
}

/** How much of each token a query takes. */
function attendTo(
  qkv: Float32Array,
  shares: Float32Array,
  { query, key }: { readonly query: number; readonly key: number },
): void {
  const tokens = shares.length;
  let largest = -Infinity;
  for (let other = 0; other < tokens; other += 1) {
    const row = other * 3 * width + key;
    const share = product(qkv, query, row) * attentionFactor;
    shares[other] = share;
    if (share > largest) largest = share;
  }
  let total = 0;
  for (let other = 0; other < tokens; other += 1) {
    const share = Math.exp((shares[other] ?? 0) - largest);
    shares[other] = share;
    total += share;
  }
  for (let other = 0; other < tokens; other += 1) shares[other] = (shares[other] ?? 0) / total;
}

/** Of two stretches of `headWidth` numbers, in four sums which do not wait for one another. */
function product(values: Float32Array, one: number, other: number): number {
  let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
  for (let index = 0; index < headWidth; index += 4) {
    sum0 += (values[one + index] ?? 0) * (values[other + index] ?? 0);
    sum1 += (values[one + index + 1] ?? 0) * (values[other + index + 1] ?? 0);
    sum2 += (values[one + index + 2] ?? 0) * (values[other + index + 2] ?? 0);
    sum3 += (values[one + index + 3] ?? 0) * (values[other + index + 3] ?? 0);
  }
  return sum0 + sum1 + (sum2 + sum3);
}

const attentionFactor = 1 / Math.sqrt(headWidth);

interface Gathering {
  readonly value: number;
  readonly out: Float32Array;
  readonly at: number;
}

/** The mean of the values by their shares, four numbers at a time. */
function gather(qkv: Float32Array, shares: Float32Array, { value, out, at }: Gathering): void {
  const tokens = shares.length;
  for (let index = 0; index < headWidth; index += 4) {
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let other = 0; other < tokens; other += 1) {
      const share = shares[other] ?? 0;
      const place = other * 3 * width + value + index;
      sum0 += share * (qkv[place] ?? 0);
      sum1 += share * (qkv[place + 1] ?? 0);
      sum2 += share * (qkv[place + 2] ?? 0);
      sum3 += share * (qkv[place + 3] ?? 0);
    }
    out[at + index] = sum0;
    out[at + index + 1] = sum1;
    out[at + index + 2] = sum2;
    out[at + index + 3] = sum3;
  }
}

function addTo(sum: Float32Array, addend: Float32Array): void {
  for (let index = 0; index < sum.length; index += 1) sum[index] = (sum[index] ?? 0) + (addend[index] ?? 0);
}

/** Layer normalisation of each token, in place; `norm` holds the factors, then the terms. */
function normalise(state: Float32Array, norm: Float32Array): void {
  for (let row = 0; row < state.length; row += width) {
    let mean = 0;
    for (let index = 0; index < width; index += 1) mean += state[row + index] ?? 0;
    mean /= width;
    let variance = 0;
    for (let index = 0; index < width; index += 1) variance += ((state[row + index] ?? 0) - mean) ** 2;
    const factor = 1 / Math.sqrt(variance / width + 1e-12);
    for (let index = 0; index < width; index += 1)
      state[row + index] =
        ((state[row + index] ?? 0) - mean) * factor * (norm[index] ?? 0) + (norm[width + index] ?? 0);
  }
}

function bend(values: Float32Array): void {
  for (let index = 0; index < values.length; index += 1) values[index] = gelu(values[index] ?? 0);
}

/** x · Φ(x), by the usual formula with tanh, which is written as a logistic function. */
function gelu(value: number): number {
  return value / (1 + Math.exp(-1.595_769_121_605_73 * (value + 0.044_715 * value * value * value)));
}

/** The mean of the tokens, a hidden layer, the logits. */
function headOf(weights: Weights): (state: Float32Array, tokens: number) => Float32Array {
  const hidden = { table: weights.float32("head:dense"), bias: weights.float32("head:dense:bias") };
  const last = { table: weights.float32("head:last"), bias: weights.float32("head:last:bias") };
  return (state, tokens) => {
    const mean = new Float32Array(width);
    state.forEach((value, index) => {
      mean[index % width] = (mean[index % width] ?? 0) + value / tokens;
    });
    return small(last, small(hidden, mean).map(gelu));
  };
}

function small({ table, bias }: Readonly<Record<"table" | "bias", Float32Array>>, input: Float32Array): Float32Array {
  return bias.map((start, column) =>
    input.reduce((sum, value, row) => sum + value * (table[row * bias.length + column] ?? 0), start),
  );
}
