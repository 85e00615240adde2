// The two bit streams of zstd and its finite state entropy tables (RFC 8878, sections 4.1 and 4.1.1).
import { Failure } from "../../terms/failure.ts";

/** What each state stands for, and how the next one follows: its base, and bits to be added. */
export interface FseTable {
  readonly log: number;
  readonly symbols: Uint8Array;
  readonly bits: Uint8Array;
  readonly bases: Uint16Array;
}

export interface BackwardBits {
  /** Bits that are read from the end on; beyond the beginning they are 0. */
  readonly read: (count: number) => number;
  /** The next bits, left where they are; at most 24. */
  readonly peek: (count: number) => number;
  readonly skip: (count: number) => void;
  /** Bits that are left; below 0 where more were read than there were. */
  readonly left: () => number;
}

/** A stream that is read from its last bit on, which is the highest one that is set in the last byte and no part of it. */
export function backwardBits(bytes: Uint8Array): BackwardBits {
  const last = bytes.at(-1) ?? 0;
  if (last === 0) throw broken();
  let left = (bytes.length - 1) * 8 + highBit(last);
  const at = (start: number, count: number): number => {
    if (count === 0) return 0;
    if (start < 0) return count + start <= 0 ? 0 : at(0, count + start) << -start;
    const byte = start >>> 3;
    const four =
      (bytes[byte] ?? 0) |
      ((bytes[byte + 1] ?? 0) << 8) |
      ((bytes[byte + 2] ?? 0) << 16) |
      ((bytes[byte + 3] ?? 0) << 24);
    return (four >>> (start & 7)) & ((1 << count) - 1);
  };
  const read = (count: number): number => {
    if (count > 16) {
      const high = read(count - 16);
      return high * 65_536 + read(16);
    }
    left -= count;
    return at(left, count);
  };
  return {
    read,
    peek: (count) => at(left - count, count),
    skip: (count) => {
      left -= count;
    },
    left: () => left,
  };
}

export interface FseLimits {
  readonly logMax: number;
  readonly symbolMax: number;
}

/** A table as it is written before what is packed by it, and how many bytes it takes. */
export function readFse(bytes: Uint8Array, { logMax, symbolMax }: FseLimits): { table: FseTable; bytes: number } {
  let at = 4;
  const bitsAt = (start: number, count: number): number => {
    const byte = start >>> 3;
    const four =
      (bytes[byte] ?? 0) |
      ((bytes[byte + 1] ?? 0) << 8) |
      ((bytes[byte + 2] ?? 0) << 16) |
      ((bytes[byte + 3] ?? 0) << 24);
    return (four >>> (start & 7)) & ((1 << count) - 1);
  };
  const log = bitsAt(0, 4) + 5;
  if (log > logMax) throw broken();
  const shares: number[] = [];
  let remaining = 1 << log;
  while (remaining > 0) {
    if (shares.length > symbolMax) throw broken();
    const bits = highBit(remaining + 1) + 1;
    const low = (1 << (bits - 1)) - 1;
    const threshold = 2 ** bits - 1 - (remaining + 1);
    const value = bitsAt(at, bits);
    const isShort = (value & low) < threshold;
    at += isShort ? bits - 1 : bits;
    const share = (isShort ? value & low : value > low ? value - threshold : value) - 1;
    remaining -= Math.abs(share);
    shares.push(share);
    for (let more = share === 0 ? 3 : 0; more === 3;) {
      more = bitsAt(at, 2);
      at += 2;
      shares.push(...repeated(0, more));
    }
  }
  const length = Math.ceil(at / 8);
  if (remaining < 0 || shares.length > symbolMax + 1 || length > bytes.length) throw broken();
  return { table: tableOf(shares, log), bytes: length };
}

/** The table of these shares; -1 is less than one. */
export function tableOf(shares: readonly number[], log: number): FseTable {
  const size = 1 << log;
  const symbols = new Uint8Array(size);
  const next = shares.map((share) => Math.abs(share));
  let high = size;
  for (const [symbol, share] of shares.entries()) {
    if (share !== -1) continue;
    high -= 1;
    symbols[high] = symbol;
  }
  spread(symbols, shares, high);
  const bits = new Uint8Array(size);
  const bases = new Uint16Array(size);
  for (const [state, symbol] of symbols.entries()) {
    const place = next[symbol] ?? 1;
    next[symbol] = place + 1;
    const count = log - highBit(place);
    bits[state] = count;
    bases[state] = (place << count) - size;
  }
  return { log, symbols, bits, bases };
}

function spread(symbols: Uint8Array, shares: readonly number[], high: number): void {
  const size = symbols.length;
  const step = (size >> 1) + (size >> 3) + 3;
  let place = 0;
  for (const [symbol, share] of shares.entries()) {
    for (let count = 0; count < share; count += 1) {
      symbols[place] = symbol;
      place = (place + step) & (size - 1);
      // Places at the top are taken by those of less than one.
      while (place >= high) place = (place + step) & (size - 1);
    }
  }
  if (place !== 0) throw broken();
}

/** Where a frame names none of its own (section 3.1.1.3.2.2). */
export const fixedTable = {
  literals: tableOf(
    [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    6,
  ),
  offsets: tableOf([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1], 5),
  matches: tableOf([1, 4, 3, 2, 2, 2, 2, 2, 2, ...repeated(1, 37), -1, -1, -1, -1, -1, -1, -1], 6),
} as const;

export function repeated(value: number, count: number): number[] {
  return Array.from({ length: count }, () => value);
}

/** Place of the highest bit that is set. */
export function highBit(value: number): number {
  return 31 - Math.clz32(value);
}

function broken(): Failure {
  return new Failure("request_invalid", "The report has a zstd frame that is damaged. Export it again.");
}
