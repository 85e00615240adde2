// A slow oracle for src/statistics: fractions of whole numbers of any size, nothing rounded. A double is such a fraction, so the
// chance of a tail at a bound that the code found can be compared with the doubt exactly.

export interface Fraction {
  readonly above: bigint;
  readonly below: bigint;
}

/** The very number that a finite double is. */
export function fractionOf(value: number): Fraction {
  let below = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    below *= 2n;
  }
  return { above: BigInt(scaled), below };
}

/** Negative, zero or positive as `one` is less than, equal to or more than `other`. */
export function compare(one: Fraction, other: Fraction): number {
  const difference = one.above * other.below - other.above * one.below;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The double nearest to a positive fraction, to some 19 digits; its logarithm where it is too large or small for one. */
export function logOf({ above, below }: Fraction): number {
  const digits = 19;
  const shift = below.toString().length - above.toString().length + digits;
  const scaled = shift >= 0 ? (above * 10n ** BigInt(shift)) / below : above / (below * 10n ** BigInt(-shift));
  return Math.log(Number(scaled)) - shift * Math.LN10;
}

/** The chance of at most `failures` of `trials`, each with the chance `rate`. */
export function chanceOfAtMost(failures: number, trials: number, rate: Fraction): Fraction {
  const clean = rate.below - rate.above;
  let choices = 1n;
  let above = 0n;
  for (let k = 0; k <= failures; k += 1) {
    above += choices * rate.above ** BigInt(k) * clean ** BigInt(trials - k);
    choices = (choices * BigInt(trials - k)) / BigInt(k + 1);
  }
  return { above, below: rate.below ** BigInt(trials) };
}

/** `1 − chance`. */
export function complementOf({ above, below }: Fraction): Fraction {
  return { above: below - above, below };
}

/** rate^failures (1 − rate)^(trials − failures). */
export function likelihoodOf(failures: number, trials: number, rate: Fraction): Fraction {
  return {
    above: rate.above ** BigInt(failures) * (rate.below - rate.above) ** BigInt(trials - failures),
    below: rate.below ** BigInt(trials),
  };
}

/** B(failures + 1, trials − failures + 1): what all rates alike make of the counts. */
export function uniformMixture(failures: number, trials: number): Fraction {
  let choices = 1n;
  for (let k = 0; k < failures; k += 1) choices = (choices * BigInt(trials - k)) / BigInt(k + 1);
  return { above: 1n, below: choices * BigInt(trials + 1) };
}

/** The e-value of the uniform bet against `limit`, by the binomial sum that its incomplete beta function is. */
export function uniformEValue(
  { failures, trials }: { readonly failures: number; readonly trials: number },
  limit: Fraction,
  side: "below" | "above",
): Fraction {
  const atMost = chanceOfAtMost(failures, trials + 1, limit);
  const tail = side === "below" ? complementOf(atMost) : atMost;
  const share = side === "below" ? limit : complementOf(limit);
  const mixture = uniformMixture(failures, trials);
  const likelihood = likelihoodOf(failures, trials, limit);
  return {
    above: mixture.above * tail.above * share.below * likelihood.below,
    below: mixture.below * tail.below * share.above * likelihood.above,
  };
}
