// Chance that can be repeated: every choice of a campaign or a fuzz run follows from a seed, so that a failure is one line to
// run again. Source of the generator: Bob Jenkins, "A small noncryptographic PRNG" (sfc32 has the same uses; this is jsf32).

export interface Chance {
  /** A whole number from 0 to `below` - 1. */
  readonly below: (below: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** True once in `times`. */
  readonly oneIn: (times: number) => boolean;
}

export function chanceOf(seed: number): Chance {
  const next = jsf32(seed);
  const below = (limit: number): number => Math.floor((next() / 0x1_0000_0000) * limit);
  return {
    below,
    pick: <T>(from: readonly T[]): T => {
      const found = from[below(from.length)];
      if (found === undefined) throw new Error("there is nothing to choose from");
      return found;
    },
    oneIn: (times) => below(times) === 0,
  };
}

function jsf32(seed: number): () => number {
  let a = 0xf1ea5eed;
  let b = seed >>> 0;
  let c = seed >>> 0;
  let d = seed >>> 0;
  const next = (): number => {
    const e = (a - ((b << 27) | (b >>> 5))) | 0;
    a = b ^ ((c << 17) | (c >>> 15));
    b = (c + d) | 0;
    c = (d + e) | 0;
    d = (e + a) | 0;
    return d >>> 0;
  };
  for (let turn = 0; turn < 20; turn += 1) next();
  return next;
}
