// Chance that can be repeated: numbers drawn from the hash of what they are for. Not for secrets.
import { toUtf8 } from "../../proof/encoding.ts";
import type { Hasher } from "../../proof/primitives.ts";

export interface Draw {
  /** A whole number from 0 to below `count`, which is at least 1 and at most 2^24. */
  readonly below: (count: number) => number;
  /** True in this share of cases, from 0 to 1. */
  readonly chance: (share: number) => boolean;
}

/** The same numbers for the same words, everywhere: xoshiro128** (Blackman and Vigna, 2018) from their SHA-256. */
export function drawFor(what: readonly string[], hasher: Hasher): Draw {
  const seed = new DataView(Uint8Array.from(hasher.sha256(toUtf8(JSON.stringify(what)))).buffer);
  let [a, b, c, d] = [seed.getUint32(0), seed.getUint32(4), seed.getUint32(8), seed.getUint32(12) | 1];
  const next = (): number => {
    const result = Math.imul(turned(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = turned(d, 11);
    return result;
  };
  return {
    below: (count) => Math.floor((next() / 2 ** 32) * count),
    chance: (share) => next() / 2 ** 32 < share,
  };
}

function turned(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** In an order of its own: Fisher and Yates. */
export function shuffled<T>(items: readonly T[], draw: Draw): T[] {
  const order = [...items];
  for (let left = order.length - 1; left > 0; left -= 1) {
    const at = draw.below(left + 1);
    const [one, other] = [order[left], order[at]];
    if (one === undefined || other === undefined) continue;
    order[left] = other;
    order[at] = one;
  }
  return order;
}
