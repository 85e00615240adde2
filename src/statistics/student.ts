// Student's t, of which intervals over clusters take a quantile: a beta distribution in other coordinates (DLMF 8.17).
import { betaQuantile } from "./beta.ts";

/** t with probability `tail` above it at `freedom` degrees of freedom, for 1e-300 < tail ≤ ½ and freedom above 0. */
export function studentQuantile(tail: number, freedom: number): number {
  if (tail >= 0.5) return 0;
  const { p, complement } = betaQuantile({ a: freedom / 2, b: 0.5 }, "lower", Math.log(2 * tail));
  return Math.sqrt(freedom) * Math.sqrt(complement / p);
}
