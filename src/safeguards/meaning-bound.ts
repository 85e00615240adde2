// How much the view by meaning can add at most, in two steps of which the second is dearer and all but exact.
// First, one number a token: a rectifier is convex, so that of a mean is at most the mean of it; what a head says of a text
// is therefore at most the mean of what the parts of the head that raise it say of each token alone. Second, the mean itself
// of what the hidden units hold for each token, kept from text to text. Slack covers the rounding of the network's own steps.
import { detectorShape } from "./detector-shape.ts";
import type { Network } from "./network.ts";
import type { Stretch } from "./windows.ts";
import { wordEnd, wordStart } from "./wordpiece.ts";

/** A column of the heads and the weight by which its logit is mixed in. */
export interface MixedHead {
  readonly column: number;
  readonly weight: number;
}

/** One text at a time: `begin`, then `bound` windows in the order of the text, `tighten` after some of them. */
export class MeaningBound {
  /** What each head's logit times its weight is at most in the window; valid where `bound` or `tighten` gave true. */
  readonly most: Float64Array;
  readonly #network: Network;
  readonly #heads: readonly MixedHead[];
  /** What each head adds to the mean for a token: rows of heads, not a number where it was not needed yet. */
  readonly #tokens: Float64Array;
  /** What the hidden units hold for a token: rows of units, filled with the row of `#tokens`. */
  readonly #hidden: Float32Array;
  readonly #mean: Float64Array;
  readonly #constants: Float64Array;
  #units: Uint16Array = new Uint16Array(0);
  /** Of each word: start and end. */
  #spans = new Int32Array(2 * roomLeast);
  /** Of all words before each: pieces, weight, and for each head the weighted sum. */
  #before: Float64Array;
  /** Pieces of the text, at most one a unit, and after them those of words that the window cuts. */
  #pieces = new Int32Array(2 * roomLeast + detectorShape.piecesMax);
  /** Where pieces are written. */
  #piece = 0;
  /** The pieces of the window: some of the text's, and some written for the window alone. */
  #shared: Stretch = [0, 0];
  #own: Stretch = [0, 0];
  #words = 0;
  #first = 0;
  #last = 0;
  readonly #sums: Float64Array;

  constructor(network: Network, heads: readonly MixedHead[]) {
    const tokens = network.tokenWeights.length;
    this.#network = network;
    this.#heads = heads;
    this.most = new Float64Array(heads.length);
    this.#sums = new Float64Array(2 + heads.length);
    this.#before = new Float64Array(roomLeast * this.#sums.length);
    this.#tokens = new Float64Array(tokens * heads.length).fill(Number.NaN);
    this.#hidden = new Float32Array(tokens * network.dense.bias.length);
    this.#mean = new Float64Array(network.dense.bias.length);
    this.#constants = Float64Array.from(heads, (head) => constantOf(network, head));
  }

  /** Takes the first `length` units, which must stay as they are while windows are asked for. */
  begin(units: Uint16Array, length: number): void {
    this.#units = units;
    this.#makeRoom(length + 1);
    this.#first = 0;
    this.#last = 0;
    this.#piece = 0;
    this.#sums.fill(0);
    let word = 0;
    for (let start = wordStart(units, 0, length); start < length; word += 1) {
      const end = wordEnd(units, start, length);
      this.#spans[2 * word] = start;
      this.#spans[2 * word + 1] = end;
      this.#before.set(this.#sums, word * this.#sums.length);
      this.#addWord(start, end);
      start = wordStart(units, end, length);
    }
    this.#words = word;
    this.#before.set(this.#sums, word * this.#sums.length);
  }

  /** Whether there is a bound for the window: not for one without words. */
  bound(start: number, end: number): boolean {
    this.#moveTo(start, end);
    const first = this.#first;
    const last = this.#last;
    const sums = this.#sums.fill(0);
    if (last > first) this.#addWords(first, last);
    this.#shared = last > first ? [this.#piecesBefore(first), this.#piecesBefore(last)] : [0, 0];
    // Pieces of cut words are written behind all those of the text.
    const from = this.#piecesBefore(this.#words);
    this.#piece = from;
    if (first > 0) this.#addStretch(start, Math.min(end, this.#spans[2 * first - 1] ?? 0));
    const middle = this.#piece;
    if (last >= first && last < this.#words) this.#addStretch(this.#spans[2 * last] ?? 0, end);
    this.#own = [from, this.#piece];
    if ((sums[0] ?? 0) > detectorShape.piecesMax) this.#keepFirst(middle);
    return this.#toBound(sums);
  }

  /** Pieces beyond the most that are read are not: the window has those that come first. */
  #keepFirst(middle: number): void {
    const [from, until] = this.#own;
    const start = this.#piece;
    this.#sums.fill(0);
    for (const [first, end] of [[from, middle], this.#shared, [middle, until]] as const)
      for (let at = first; at < end && this.#piece - start < detectorShape.piecesMax; at += 1)
        this.#addPiece(this.#pieces[at] ?? 0);
    this.#shared = [0, 0];
    this.#own = [start, this.#piece];
    this.#sums[0] = this.#piece - start;
  }

  #piecesBefore(word: number): number {
    return this.#before[word * this.#sums.length] ?? 0;
  }

  /** Lowers the bound of the last window to what the heads say, but for rounding. Cost: some 15 µs. */
  tighten(): void {
    const mean = this.#mean.fill(0);
    this.#addHidden(...this.#shared);
    this.#addHidden(...this.#own);
    const weight = this.#sums[1] ?? 0;
    const { weights, bias } = this.#network.heads;
    for (const [head, { column, weight: mixed }] of this.#heads.entries()) {
      let most = 0;
      for (let unit = 0; unit < mean.length; unit += 1)
        most += mixed * (weights[unit * bias.length + column] ?? 0) * Math.max(0, mean[unit] ?? 0);
      this.most[head] = (this.#constants[head] ?? 0) + most / weight;
    }
  }

  #makeRoom(units: number): void {
    const room = this.#spans.length / 2;
    if (units <= room && room <= roomKeptMax) return;
    const size = Math.max(units, roomLeast);
    this.#spans = new Int32Array(2 * size);
    this.#before = new Float64Array(size * this.#sums.length);
    this.#pieces = new Int32Array(2 * size + detectorShape.piecesMax);
  }

  /** Words from `first` on start in the window; words before `last` end in it. */
  #moveTo(start: number, end: number): void {
    const spans = this.#spans;
    while (this.#first < this.#words && (spans[2 * this.#first] ?? 0) < start) this.#first += 1;
    while (this.#last < this.#words && (spans[2 * this.#last + 1] ?? 0) <= end) this.#last += 1;
  }

  #toBound(sums: Float64Array): boolean {
    const [pieces = 0, weight = 0] = sums;
    if (pieces === 0) return false;
    for (let head = 0; head < this.#heads.length; head += 1)
      this.most[head] = (this.#constants[head] ?? 0) + (sums[2 + head] ?? 0) / weight;
    return true;
  }

  #addWords(first: number, last: number): void {
    const sums = this.#sums;
    const before = this.#before;
    for (let field = 0; field < sums.length; field += 1)
      sums[field] = (before[last * sums.length + field] ?? 0) - (before[first * sums.length + field] ?? 0);
  }

  /** A part of a word is read as the words that it makes by itself. */
  #addStretch(from: number, end: number): void {
    for (let start = wordStart(this.#units, from, end); start < end;) {
      const next = wordEnd(this.#units, start, end);
      this.#addWord(start, next);
      start = wordStart(this.#units, next, end);
    }
  }

  #addWord(start: number, end: number): void {
    const { cut, ids } = this.#network.pieces;
    const count = cut(this.#units, start, end);
    this.#sums[0] = (this.#sums[0] ?? 0) + count;
    for (let index = 0; index < count; index += 1) this.#addPiece(ids[index] ?? 0);
  }

  #addPiece(token: number): void {
    const sums = this.#sums;
    const tokens = this.#tokens;
    const heads = sums.length - 2;
    const weight = this.#network.tokenWeights[token] ?? 0;
    this.#pieces[this.#piece] = token;
    this.#piece += 1;
    sums[1] = (sums[1] ?? 0) + weight;
    if (Number.isNaN(tokens[token * heads])) this.#learn(token);
    for (let head = 0; head < heads; head += 1)
      sums[2 + head] = (sums[2 + head] ?? 0) + weight * (tokens[token * heads + head] ?? 0);
  }

  /** Four pieces at a time: most of the time goes into reading and writing the mean. */
  #addHidden(from: number, until: number): void {
    const hidden = this.#hidden;
    const mean = this.#mean;
    const width = mean.length;
    for (let piece = from; piece < until; piece += 4) {
      const [one, two, three, four] = [
        this.#tokenAt(piece, until),
        this.#tokenAt(piece + 1, until),
        this.#tokenAt(piece + 2, until),
        this.#tokenAt(piece + 3, until),
      ];
      const [first, second, third, fourth] = [
        this.#weightOf(one),
        this.#weightOf(two),
        this.#weightOf(three),
        this.#weightOf(four),
      ];
      const [rowOne, rowTwo, rowThree, rowFour] = [
        Math.max(0, one) * width,
        Math.max(0, two) * width,
        Math.max(0, three) * width,
        Math.max(0, four) * width,
      ];
      for (let unit = 0; unit < width; unit += 1)
        mean[unit] =
          (mean[unit] ?? 0) +
          first * (hidden[rowOne + unit] ?? 0) +
          second * (hidden[rowTwo + unit] ?? 0) +
          third * (hidden[rowThree + unit] ?? 0) +
          fourth * (hidden[rowFour + unit] ?? 0);
    }
  }

  /** -1 behind the last piece. */
  #tokenAt(piece: number, until: number): number {
    return piece < until ? (this.#pieces[piece] ?? 0) : -1;
  }

  #weightOf(token: number): number {
    return token < 0 ? 0 : (this.#network.tokenWeights[token] ?? 0);
  }

  #learn(token: number): void {
    const hidden = this.#network.hiddenOf(token);
    this.#hidden.set(hidden, token * hidden.length);
    const { weights, bias } = this.#network.heads;
    for (const [head, { column, weight }] of this.#heads.entries()) {
      let most = 0;
      for (let unit = 0; unit < hidden.length; unit += 1) {
        const raises = weight * (weights[unit * bias.length + column] ?? 0);
        if (raises > 0) most += raises * Math.max(0, hidden[unit] ?? 0);
      }
      this.#tokens[token * this.#heads.length + head] = most;
    }
  }
}

/** Room for a text: what there is at the least, and what is kept at the most. In units. */
const roomLeast = 4096;
const roomKeptMax = 1 << 17;

/** What a head adds whatever the text says, and the rounding of single precision over all its steps. */
function constantOf(network: Network, { column, weight }: MixedHead): number {
  const { dense, heads, vectorMax } = network;
  const width = dense.bias.length;
  let size = Math.abs(heads.bias[column] ?? 0);
  for (let unit = 0; unit < width; unit += 1) {
    let hidden = Math.abs(dense.bias[unit] ?? 0);
    vectorMax.forEach((largest, at) => {
      hidden += largest * Math.abs(dense.weights[at * width + unit] ?? 0);
    });
    size += hidden * Math.abs(heads.weights[unit * heads.bias.length + column] ?? 0);
  }
  const steps = detectorShape.piecesMax + vectorMax.length + width + 8;
  const slack = 2 * steps * 2 ** -24 * size;
  return weight * (heads.bias[column] ?? 0) + Math.abs(weight) * (slack + 1e-6);
}
