// The regularised incomplete beta function and its inverse, in logarithms so that far tails keep their digits: the
// arithmetic under every exact bound. Continued fraction of DiDonato and Morris (ACM TOMS 18, 1992, formula 9), which does
// not cancel where the point is close to 1, summed by the modified Lentz method.
import { deviance, stirlingError } from "./gamma.ts";
import { crossingOf, logOddsMax, logOneMinusExp, probabilityOf, type Probability } from "./root.ts";

/** Parameters of a beta distribution, both above zero. */
export interface BetaShape {
  readonly a: number;
  readonly b: number;
}

/** Logarithms of the probability below and above a point. */
export interface LogTails {
  readonly lower: number;
  readonly upper: number;
}

/** Both tails of Beta(a, b) at `at`, as natural logarithms. Cost grows with the square root of a + b. */
export function logBetaTails(at: Probability, shape: BetaShape): LogTails {
  const { a, b } = shape;
  if (at.p <= 0) return { lower: -Infinity, upper: 0 };
  if (at.complement <= 0) return { lower: 0, upper: -Infinity };
  if (at.p <= a / (a + b)) {
    const lower = Math.min(0, logSmallTail(at, shape));
    return { lower, upper: logOneMinusExp(lower) };
  }
  const upper = Math.min(0, logSmallTail({ p: at.complement, complement: at.p }, { a: b, b: a }));
  return { lower: logOneMinusExp(upper), upper };
}

/** The point that has probability e^logTail on the side `tail` of it. */
export function betaQuantile(shape: BetaShape, tail: "lower" | "upper", logTail: number): Probability {
  const excess =
    tail === "lower"
      ? (u: number): number => logBetaTails(probabilityOf(u), shape).lower - logTail
      : (u: number): number => logTail - logBetaTails(probabilityOf(u), shape).upper;
  return probabilityOf(crossingOf(excess, -logOddsMax, logOddsMax));
}

/** ln of p^a (1 − p)^b / B(a, b), which keeps its digits where a / (a + b) is close to p. */
export function logPower(at: Probability, shape: BetaShape): number {
  return logPowerOf(shape)(at);
}

/** As `logPower`, for many points of one shape: what does not depend on the point is worked out once. */
export function logPowerOf({ a, b }: BetaShape): (at: Probability) => number {
  const n = a + b;
  const stirling = stirlingError(n) - stirlingError(a) - stirlingError(b);
  const constant = stirling + 0.5 * Math.log((a / n) * (b / (2 * Math.PI)));
  return (at) => constant - deviance(a, n * at.p) - deviance(b, n * at.complement);
}

/**
 * ln of a tail over p^a (1 − p)^b / B(a, b): of the smaller tail it is the fraction alone, so that ratios of such tails,
 * which e-values are, lose nothing however small the tails.
 */
export function logTailOverPower(at: Probability, shape: BetaShape, tail: "lower" | "upper"): number {
  const { a, b } = shape;
  const isLowerSmall = at.p <= a / (a + b);
  const logFraction = isLowerSmall
    ? Math.log(continuedFraction(at, shape))
    : Math.log(continuedFraction({ p: at.complement, complement: at.p }, { a: b, b: a }));
  if (isLowerSmall === (tail === "lower")) return -logFraction;
  const power = logPower(at, shape);
  return logOneMinusExp(Math.min(0, power - logFraction)) - power;
}

function logSmallTail(at: Probability, shape: BetaShape): number {
  return logPower(at, shape) - Math.log(continuedFraction(at, shape));
}

/** About the square root of a + b terms are needed, so this is far beyond any count admitted. */
const termsMax = 1_000_000;

/** β₁ + α₂/(β₂ + α₃/(β₃ + …)), for x up to the mean. `above` and `below` are Lentz's ratios of successive terms. */
function continuedFraction(at: Probability, shape: BetaShape): number {
  const { a, b } = shape;
  const x = at.p;
  const beyondMean = x < 0.5 ? a - (a + b) * x : (a + b) * at.complement - b;
  let value = (a / (a + 1)) * (beyondMean + 1);
  let above = value;
  let below = 0;
  for (let n = 1; n <= termsMax; n += 1) {
    const s = a + 2 * n - 1;
    const alpha = ((a + n - 1) / s) * ((a + b + n - 1) / s) * (n * x) * ((b - n) * x);
    const beta = n + (n * (b - n) * x) / s + ((a + n) / (s + 2)) * (beyondMean + 1 + n * (1 + at.complement));
    below = 1 / awayFromZero(beta + alpha * below);
    above = awayFromZero(beta + alpha / above);
    value *= above * below;
    if (Math.abs(above * below - 1) < 3e-16) return value;
  }
  throw new RangeError("the incomplete beta function did not converge");
}

function awayFromZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}
