// The upper tail of the normal distribution and its quantile, used for intervals that are shown, never for a gate.
// Series and continued fraction of DLMF 7.6.1 and 7.9.1.
import { crossingOf } from "./root.ts";

/** z with probability `tail` above it, for 1e-300 < tail ≤ ½. */
export function normalQuantile(tail: number): number {
  return crossingOf((z) => tail - upperTail(z), 0, 40);
}

function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return z < 2.5 ? 0.5 - density * bodySeries(z) : density / tailFraction(z);
}

/** z + z³/3 + z⁵/(3·5) + … */
function bodySeries(z: number): number {
  let term = z;
  let sum = z;
  for (let odd = 3; odd < 200 && term > sum * 1e-17; odd += 2) {
    term *= (z * z) / odd;
    sum += term;
  }
  return sum;
}

/** z + 1/(z + 2/(z + 3/(z + …))) */
function tailFraction(z: number): number {
  let value = z;
  for (let step = 120; step >= 1; step -= 1) value = z + step / value;
  return value;
}
