// The Huffman trees of zstd's literals (RFC 8878, section 4.2): weights, themselves packed or plain, and what they stand for.
import { Failure } from "../../terms/failure.ts";
import { backwardBits, highBit, readFse } from "./zstd-tables.ts";

const bitsMax = 11;
const weightsMax = 255;

/** For each run of `log` bits the symbol that it begins with, and how many bits of it that takes. */
export interface HuffmanTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
}

export function readHuffman(bytes: Uint8Array): { readonly table: HuffmanTable; readonly bytes: number } {
  const head = bytes[0] ?? 0;
  if (head < 128) {
    if (1 + head > bytes.length) throw broken();
    return { table: tableOf(packedWeights(bytes.subarray(1, 1 + head))), bytes: 1 + head };
  }
  const count = head - 127;
  const length = 1 + Math.ceil(count / 2);
  if (length > bytes.length) throw broken();
  const weights = Array.from({ length: count }, (_, at) => {
    const byte = bytes[1 + (at >> 1)] ?? 0;
    return (at & 1) === 0 ? byte >> 4 : byte & 15;
  });
  return { table: tableOf(weights), bytes: length };
}

/** By two states that take turns, until the bits are used up. */
function packedWeights(bytes: Uint8Array): number[] {
  const { table, bytes: head } = readFse(bytes, { logMax: 6, symbolMax: weightsMax });
  const bits = backwardBits(bytes.subarray(head));
  const states = [bits.read(table.log), bits.read(table.log)];
  const weights: number[] = [];
  for (let turn = 0; ; turn = 1 - turn) {
    const state = states[turn] ?? 0;
    weights.push(table.symbols[state] ?? 0);
    states[turn] = (table.bases[state] ?? 0) + bits.read(table.bits[state] ?? 0);
    if (bits.left() < 0) {
      weights.push(table.symbols[states[1 - turn] ?? 0] ?? 0);
      return weights;
    }
    if (weights.length > weightsMax) throw broken();
  }
}

/** The last weight is not written: it fills up what the others leave. */
function tableOf(written: readonly number[]): HuffmanTable {
  const sum = written.reduce((total, weight) => total + (weight === 0 ? 0 : 2 ** (weight - 1)), 0);
  if (sum === 0 || written.length > weightsMax) throw broken();
  const log = highBit(sum) + 1;
  const left = 2 ** log - sum;
  if (log > bitsMax || left !== 2 ** highBit(left)) throw broken();
  const weights = [...written, highBit(left) + 1];
  const symbols = new Uint8Array(1 << log);
  const bits = new Uint8Array(1 << log);
  let at = 0;
  for (let weight = 1; weight <= log; weight += 1) {
    for (const [symbol, own] of weights.entries()) {
      if (own !== weight) continue;
      const end = at + 2 ** (weight - 1);
      symbols.fill(symbol, at, end);
      bits.fill(log + 1 - weight, at, end);
      at = end;
    }
  }
  if (at !== symbols.length) throw broken();
  return { log, symbols, bits };
}

/** Fills `out`; the stream has to end just there. */
export function huffmanDecode({ log, symbols, bits }: HuffmanTable, bytes: Uint8Array, out: Uint8Array): void {
  const stream = backwardBits(bytes);
  for (let at = 0; at < out.length; at += 1) {
    const next = stream.peek(log);
    out[at] = symbols[next] ?? 0;
    stream.skip(bits[next] ?? 0);
  }
  if (stream.left() !== 0) throw broken();
}

function broken(): Failure {
  return new Failure("request_invalid", "The report has a zstd frame that is damaged. Export it again.");
}
