// Chance with a fixed seed, so that a simulation says the same each time: Chris Doty-Humphrey's sfc32, and draws made of it.

export interface Random {
  /** 0 to below 1, in steps of 2⁻³². */
  readonly share: () => number;
}

export function randomFrom(seed: number): Random {
  let [a, b, c, counter] = [seed, 0x9e3779b9, 0x243f6a88, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 16; warm += 1) next();
  return { share: next };
}

/** How many of `trials` fail, each with the chance `rate`: by the lengths of the runs without a failure. */
export function binomialDraw({ share }: Random, trials: number, rate: number): number {
  if (rate <= 0 || trials <= 0) return 0;
  if (rate >= 1) return trials;
  if (rate > 0.5) return trials - binomialDraw({ share }, trials, 1 - rate);
  const logClean = Math.log1p(-rate);
  let failures = 0;
  for (let at = Math.floor(Math.log(1 - share()) / logClean); at < trials; failures += 1)
    at += 1 + Math.floor(Math.log(1 - share()) / logClean);
  return failures;
}
