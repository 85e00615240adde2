// One root finder for every quantile here: bisection on a bracket. It needs no derivative, cannot leave the bracket and
// ends after a fixed number of steps, which matters more for a release decision than a few microseconds.

/** Halvings of a bracket: enough to go from the widest one used here down to neighbouring doubles. */
const halvingsMax = 80;

/**
 * Where an increasing function crosses zero between `low` and `high`, to the last bits of a double.
 * The caller promises that it is below zero at `low` and not below at `high`.
 */
export function crossingOf(increasing: (u: number) => number, low: number, high: number): number {
  return roughCrossingOf(increasing, { low, high, halvings: halvingsMax });
}

/** As `crossingOf`, to the bracket over 2^halvings: where a function need only be known nearly. */
export function roughCrossingOf(
  increasing: (u: number) => number,
  { low, high, halvings }: { readonly low: number; readonly high: number; readonly halvings: number },
): number {
  let below = low;
  let above = high;
  for (let step = 0; step < halvings; step += 1) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) break;
    if (increasing(middle) < 0) below = middle;
    else above = middle;
  }
  return below + (above - below) / 2;
}

/** Log-odds beyond which a double holds no probability: the outermost bracket of a search. */
export const logOddsMax = 700;

/** A probability and its complement from log-odds: near 1 the complement keeps its digits. */
export interface Probability {
  readonly p: number;
  readonly complement: number;
}

export function probabilityOf(logOdds: number): Probability {
  const small = Math.exp(-Math.abs(logOdds));
  const less = small / (1 + small);
  const more = 1 / (1 + small);
  return logOdds > 0 ? { p: more, complement: less } : { p: less, complement: more };
}

/** ln(1 − e^x) for x ≤ 0, exact at both ends. */
export function logOneMinusExp(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}
