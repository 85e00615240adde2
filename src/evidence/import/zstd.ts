// One zstd frame, unpacked where there is no Node that does it: browsers have no zstd of their own, and logs of today are packed by it.
// Written from RFC 8878. What it gives out is checked by its caller against the size and CRC-32 of its archive; here anything
// that the format does not allow is refused. A frame looks back on at most 64 MiB, blocks come out as they are unpacked.
import { concatBytes } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";
import { type HuffmanTable, huffmanDecode, readHuffman } from "./zstd-huffman.ts";
import {
  type FseTable,
  type BackwardBits,
  backwardBits,
  fixedTable,
  readFse,
  repeated,
  tableOf,
} from "./zstd-tables.ts";

/** As much of what went before as a frame may look back on. */
const windowBytesMax = 64 * 1024 * 1024;
const blockBytesMax = 128 * 1024;
const frameMagic = 0xfd2fb528;

/** The bytes of one frame, block by block. Fails with request_invalid. */
export async function* unpackZstd(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const parts: Uint8Array[] = [];
  for await (const part of packed) parts.push(part);
  yield* blocksOf(concatBytes(parts));
}

interface Frame {
  readonly window: number;
  /** Where its blocks begin. */
  readonly at: number;
}

const contentSizeBytes = [0, 2, 4, 8] as const;

function headerOf(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 6 || view.getUint32(0, true) !== frameMagic) throw broken();
  const descriptor = byteAt(bytes, 4);
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeBytes = sizeBytesOf(descriptor >> 6, isSingle);
  const sizeAt = isSingle ? 5 : 6;
  // A dictionary, or a bit that means something that is not known here.
  if ((descriptor & 0x0b) !== 0 || sizeAt + sizeBytes > bytes.length) throw broken();
  const window = isSingle ? sizeOf(view, sizeAt, sizeBytes) : windowOf(byteAt(bytes, 5));
  if (window > windowBytesMax && !isSingle) throw broken();
  return { window: Math.min(window, windowBytesMax), at: sizeAt + sizeBytes };
}

function sizeBytesOf(flag: number, isSingle: boolean): number {
  return flag === 0 && isSingle ? 1 : (contentSizeBytes[flag] ?? 0);
}

function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

function sizeOf(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  return bytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** What blocks leave to those after them, and what was given out last. */
interface Unpacker {
  readonly window: number;
  out: Uint8Array;
  length: number;
  huffman: HuffmanTable | undefined;
  readonly tables: { literals: FseTable | undefined; offsets: FseTable | undefined; matches: FseTable | undefined };
  readonly recent: [number, number, number];
}

function* blocksOf(bytes: Uint8Array): Generator<Uint8Array, void> {
  const { window, at: start } = headerOf(bytes);
  const unpacker: Unpacker = {
    window,
    out: new Uint8Array(Math.min(window, blockBytesMax) + 2 * blockBytesMax),
    length: 0,
    huffman: undefined,
    tables: { literals: undefined, offsets: undefined, matches: undefined },
    recent: [1, 4, 8],
  };
  let at = start;
  for (let isLast = false; !isLast;) {
    if (at + 3 > bytes.length) throw broken();
    const head = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16);
    isLast = (head & 1) === 1;
    const kind = (head >> 1) & 3;
    const size = head >> 3;
    const taken = kind === 1 ? 1 : size;
    if (at + 3 + taken > bytes.length || size > blockBytesMax) throw broken();
    const before = makeRoom(unpacker);
    unpackBlock(unpacker, { kind, size, bytes: bytes.subarray(at + 3, at + 3 + taken) });
    yield unpacker.out.slice(before, unpacker.length);
    at += 3 + taken;
  }
}

/** So that a block has room behind what it may look back on. */
function makeRoom(unpacker: Unpacker): number {
  const needed = unpacker.length + blockBytesMax;
  if (needed <= unpacker.out.length) return unpacker.length;
  const kept = Math.min(unpacker.length, unpacker.window);
  const from = unpacker.length - kept;
  const size = Math.max(unpacker.out.length, Math.min(2 * kept, kept + 4 * 1024 * 1024) + 2 * blockBytesMax);
  const out = size === unpacker.out.length ? unpacker.out : new Uint8Array(size);
  out.set(unpacker.out.subarray(from, unpacker.length));
  unpacker.out = out;
  unpacker.length = kept;
  return kept;
}

interface Block {
  readonly kind: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

function unpackBlock(unpacker: Unpacker, { kind, size, bytes }: Block): void {
  if (kind === 0) put(unpacker, bytes);
  else if (kind === 1) {
    unpacker.out.fill(byteAt(bytes, 0), unpacker.length, unpacker.length + size);
    unpacker.length += size;
  } else if (kind === 2) {
    const { literals, end } = literalsOf(unpacker, bytes);
    runSequences(unpacker, literals, bytes.subarray(end));
  } else throw broken();
}

function put(unpacker: Unpacker, bytes: Uint8Array): void {
  if (unpacker.length + bytes.length > unpacker.out.length) throw broken();
  unpacker.out.set(bytes, unpacker.length);
  unpacker.length += bytes.length;
}

interface Literals {
  readonly literals: Uint8Array;
  /** Where the sequences begin. */
  readonly end: number;
}

function literalsOf(unpacker: Unpacker, bytes: Uint8Array): Literals {
  const first = byteAt(bytes, 0);
  const kind = first & 3;
  const format = (first >> 2) & 3;
  if (kind >= 2) return packedLiterals(unpacker, bytes, { format, isTreeless: kind === 3 });
  const [head, size] = plainHead(bytes, format);
  if (size > blockBytesMax) throw broken();
  if (kind === 1) return { literals: new Uint8Array(size).fill(byteAt(bytes, head)), end: head + 1 };
  if (head + size > bytes.length) throw broken();
  return { literals: bytes.subarray(head, head + size), end: head + size };
}

function plainHead(bytes: Uint8Array, format: number): readonly [head: number, size: number] {
  const first = byteAt(bytes, 0);
  if ((format & 1) === 0) return [1, first >> 3];
  const two = (first >> 4) | (byteAt(bytes, 1) << 4);
  return format === 1 ? [2, two] : [3, two | (byteAt(bytes, 2) << 12)];
}

interface PackedHow {
  readonly format: number;
  readonly isTreeless: boolean;
}

/** Bytes of the head, and bits of each of its sizes, by format. */
const packedHeads = [
  [3, 10],
  [3, 10],
  [4, 14],
  [5, 18],
] as const;

function packedLiterals(unpacker: Unpacker, bytes: Uint8Array, { format, isTreeless }: PackedHow): Literals {
  const [head, bits] = packedHeads[format] ?? packedHeads[0];
  let whole = 0;
  for (let at = head - 1; at >= 0; at -= 1) whole = whole * 256 + byteAt(bytes, at);
  const size = Math.floor(whole / 16) % 2 ** bits;
  const packed = Math.floor(whole / 2 ** (4 + bits)) % 2 ** bits;
  const end = head + packed;
  if (end > bytes.length || size > blockBytesMax) throw broken();
  let at = head;
  if (!isTreeless) {
    const read = readHuffman(bytes.subarray(head, end));
    unpacker.huffman = read.table;
    at += read.bytes;
  }
  const table = unpacker.huffman;
  if (table === undefined) throw broken();
  const streams = bytes.subarray(at, end);
  const literals = new Uint8Array(size);
  if (format === 0) huffmanDecode(table, streams, literals);
  else fourStreams(table, streams, literals);
  return { literals, end };
}

function fourStreams(table: HuffmanTable, bytes: Uint8Array, literals: Uint8Array): void {
  const sizes = [0, 2, 4].map((place) => byteAt(bytes, place) | (byteAt(bytes, place + 1) << 8));
  const quarter = Math.ceil(literals.length / 4);
  let at = 6;
  for (let stream = 0; stream < 4; stream += 1) {
    const end = stream === 3 ? bytes.length : at + (sizes[stream] ?? 0);
    if (end > bytes.length || at > end || stream * quarter > literals.length) throw broken();
    const to = stream === 3 ? literals.length : (stream + 1) * quarter;
    huffmanDecode(table, bytes.subarray(at, end), literals.subarray(stream * quarter, to));
    at = end;
  }
}

/** Base and further bits of each code of a length; of the literals' lengths, and of the matches'. */
const literalCodes = codesOf(16, 0, [
  [16, 1],
  [18, 1],
  [20, 1],
  [22, 1],
  [24, 2],
  [28, 2],
  [32, 3],
  [40, 3],
  [48, 4],
  [64, 6],
  [128, 7],
  [256, 8],
  [512, 9],
  [1024, 10],
  [2048, 11],
  [4096, 12],
  [8192, 13],
  [16_384, 14],
  [32_768, 15],
  [65_536, 16],
]);
const matchCodes = codesOf(32, 3, [
  [35, 1],
  [37, 1],
  [39, 1],
  [41, 1],
  [43, 2],
  [47, 2],
  [51, 3],
  [59, 3],
  [67, 4],
  [83, 4],
  [99, 5],
  [131, 7],
  [259, 8],
  [515, 9],
  [1027, 10],
  [2051, 11],
  [4099, 12],
  [8195, 13],
  [16_387, 14],
  [32_771, 15],
  [65_539, 16],
]);

type Code = readonly [base: number, bits: number];

function codesOf(plain: number, base: number, rest: readonly Code[]): readonly Code[] {
  return [...Array.from({ length: plain }, (_, code): Code => [base + code, 0]), ...rest];
}

const offsetCodeMax = 31;

const kinds = [
  { name: "literals", fixed: fixedTable.literals, logMax: 9, symbolMax: literalCodes.length - 1 },
  { name: "offsets", fixed: fixedTable.offsets, logMax: 8, symbolMax: offsetCodeMax },
  { name: "matches", fixed: fixedTable.matches, logMax: 9, symbolMax: matchCodes.length - 1 },
] as const;

function runSequences(unpacker: Unpacker, literals: Uint8Array, bytes: Uint8Array): void {
  const { count, at: start } = countOf(bytes);
  if (count === 0) {
    put(unpacker, literals);
    return;
  }
  const modes = byteAt(bytes, start);
  let at = start + 1;
  for (const [index, kind] of kinds.entries()) {
    const mode = (modes >> (6 - 2 * index)) & 3;
    const rest = bytes.subarray(at);
    if (mode === 0) unpacker.tables[kind.name] = kind.fixed;
    else if (mode === 1) {
      unpacker.tables[kind.name] = tableOf([...repeated(0, byteAt(rest, 0)), 1], 0);
      at += 1;
    } else if (mode === 2) {
      const read = readFse(rest, kind);
      unpacker.tables[kind.name] = read.table;
      at += read.bytes;
    }
  }
  if ((modes & 3) !== 0 || at > bytes.length) throw broken();
  copySequences(unpacker, { literals, count, bytes: bytes.subarray(at) });
}

function countOf(bytes: Uint8Array): { readonly count: number; readonly at: number } {
  const first = byteAt(bytes, 0);
  if (first < 128) return { count: first, at: 1 };
  if (first < 255) return { count: ((first - 128) << 8) + byteAt(bytes, 1), at: 2 };
  return { count: byteAt(bytes, 1) + (byteAt(bytes, 2) << 8) + 0x7f00, at: 3 };
}

interface Sequences {
  readonly literals: Uint8Array;
  readonly count: number;
  readonly bytes: Uint8Array;
}

function copySequences(unpacker: Unpacker, { literals, count, bytes }: Sequences): void {
  const bits = backwardBits(bytes);
  const { literals: lengths, offsets, matches } = unpacker.tables;
  const [length, offset, match] = [readerOf(lengths, bits), readerOf(offsets, bits), readerOf(matches, bits)];
  let used = 0;
  for (let sequence = 0; sequence < count; sequence += 1) {
    const offsetCode = offset.symbol();
    const value = 2 ** offsetCode + bits.read(offsetCode);
    const matchLength = lengthOf(matchCodes[match.symbol()], bits);
    const literalLength = lengthOf(literalCodes[length.symbol()], bits);
    if (sequence < count - 1) for (const one of [length, match, offset]) one.next();
    if (used + literalLength > literals.length) throw broken();
    put(unpacker, literals.subarray(used, used + literalLength));
    used += literalLength;
    copyMatch(unpacker, offsetOf(unpacker.recent, value, literalLength), matchLength);
  }
  if (bits.left() !== 0) throw broken();
  put(unpacker, literals.subarray(used));
}

interface Reader {
  readonly symbol: () => number;
  readonly next: () => void;
}

function readerOf(table: FseTable | undefined, bits: BackwardBits): Reader {
  if (table === undefined) throw broken();
  let state = bits.read(table.log);
  return {
    symbol: () => table.symbols[state] ?? 0,
    next: () => {
      state = (table.bases[state] ?? 0) + bits.read(table.bits[state] ?? 0);
    },
  };
}

function lengthOf(code: Code | undefined, bits: BackwardBits): number {
  if (code === undefined) throw broken();
  const [base, more] = code;
  return base + bits.read(more);
}

/** Small values stand for offsets that were used lately. */
function offsetOf(recent: Unpacker["recent"], value: number, literalLength: number): number {
  const [first, second, third] = recent;
  if (value > 3) {
    recent.splice(0, 3, value - 3, first, second);
    return value - 3;
  }
  const place = value - 1 + (literalLength === 0 ? 1 : 0);
  if (place === 0) return first;
  const offset = place === 1 ? second : place === 2 ? third : first - 1;
  if (place === 1) recent.splice(0, 3, second, first, third);
  else recent.splice(0, 3, offset, first, second);
  return offset;
}

function copyMatch(unpacker: Unpacker, offset: number, length: number): void {
  const { out, length: at } = unpacker;
  if (offset < 1 || offset > at || offset > unpacker.window || at + length > out.length) throw broken();
  // One by one where it runs into itself.
  if (offset >= length) out.copyWithin(at, at - offset, at - offset + length);
  else for (let place = at; place < at + length; place += 1) out[place] = out[place - offset] ?? 0;
  unpacker.length += length;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw broken();
  return byte;
}

function broken(): Failure {
  return new Failure("request_invalid", "The report has a zstd frame that is damaged. Export it again.");
}
