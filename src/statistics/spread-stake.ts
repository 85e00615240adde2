// What a stake becomes that is spread over bets of every size, where the trials do not all weigh alike: the integral over v from
// 0 to 1 of Π (1 + v · part · odds)^won (1 − v · part)^lost. How it is spread is one more such factor of part 1, whose powers may be
// fractions from −1/2 on. With the v (1 − v) of u = ln(v / (1 − v)) its logarithm is concave in v, so that in u the integrand has one hill
// that falls off on both sides: the trapezoidal rule between the two points where it has fallen to nothing converges faster than
// any power of the step (Trefethen and Weideman, SIAM Review 56, 2014).
import { probabilityOf, roughCrossingOf, type Probability } from "./root.ts";

/** Trials of one weight. `part`: of the bet, how much is put on each of them, above 0 to 1. */
export interface Bets {
  readonly won: number;
  readonly lost: number;
  readonly part: number;
}

/** Where the hill has fallen to e^−40 of its height, the rest of it is less than a double's last bit. It falls with e^(u / 2) at the least. */
const fall = 40;
/** Steps over the hill: with twice as many the sums agree to the last digits. */
const steps = 320;
/** Where the hill stands is needed to a hundredth of the narrowest one, of 10^9 trials. */
const halvings = 30;

/** ln of the integral. `odds`: what a won trial pays for a whole bet, above 0. */
export function logSpreadStake(bets: readonly Bets[], odds: number): number {
  const won = bets.reduce((sum, bet) => sum + bet.won, 0);
  const lost = bets.reduce((sum, bet) => sum + bet.lost, 0);
  const height = (u: number): number => logHeight(bets, odds, probabilityOf(u));
  // Powers from −1/2 on: where v is below 1 / (2 lost + 4) the integrand rises, and where 1 − v is below 1 / (2 won + 4) it falls.
  const falling = (u: number): number => -slope(bets, odds, probabilityOf(u));
  const top = roughCrossingOf(falling, { low: -Math.log(2 * lost + 4) - 1, high: Math.log(2 * won + 4) + 1, halvings });
  const foot = height(top) - fall;
  const from = roughCrossingOf((u) => height(u) - foot, { low: Math.min(top, 0) - 3 * fall, high: top, halvings });
  const to = roughCrossingOf((u) => foot - height(u), { low: top, high: Math.max(top, 0) + 3 * fall, halvings });
  const step = (to - from) / steps;
  let sum = 0;
  for (let at = 0; at <= steps; at += 1) sum += Math.exp(height(from + at * step) - foot - fall);
  return foot + fall + Math.log(sum * step);
}

/** ln of the integrand in u, whose dv is v (1 − v) du. */
function logHeight(bets: readonly Bets[], odds: number, { p, complement }: Probability): number {
  let sum = Math.log(p) + Math.log(complement);
  for (const { won, lost, part } of bets) {
    if (won !== 0) sum += won * Math.log1p(p * part * odds);
    if (lost !== 0) sum += lost * (p < 0.5 ? Math.log1p(-p * part) : Math.log(complement + p * (1 - part)));
  }
  return sum;
}

/** The derivative of the same in v. */
function slope(bets: readonly Bets[], odds: number, { p, complement }: Probability): number {
  let sum = 1 / p - 1 / complement;
  for (const { won, lost, part } of bets)
    sum += won / (1 / (part * odds) + p) - (lost * part) / (complement + p * (1 - part));
  return sum;
}
