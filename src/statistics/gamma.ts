// The part of the gamma function that Stirling's formula leaves out, and the deviance term that goes with it: with these
// two, beta and binomial densities keep their digits however large the counts. C. Loader, "Fast and Accurate Computation
// of Binomial Probabilities" (2000); series of DLMF 5.11.1.

/** From here on eight terms of the series are exact to double precision. */
const seriesFrom = 16;

/** ln Γ(x + 1) − [(x + ½) ln x − x + ½ ln 2π], for x > 0. */
export function stirlingError(x: number): number {
  let sum = 0;
  let at = x;
  for (; at < seriesFrom; at += 1) sum += (at + 0.5) * Math.log1p(1 / at) - 1;
  return sum + stirlingSeries(at);
}

/** Numerators over denominators of B₂ₖ / (2k (2k − 1)), k = 1 … 8. */
const stirlingTerms = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400];

function stirlingSeries(x: number): number {
  const inverseSquare = 1 / (x * x);
  return stirlingTerms.reduceRight((sum, term) => sum * inverseSquare + term, 0) / x;
}

/** count · ln(count / mean) + mean − count for positive arguments, without cancellation where the two are close. */
export function deviance(count: number, mean: number): number {
  if (Math.abs(count - mean) >= 0.1 * (count + mean)) return count * Math.log(count / mean) + mean - count;
  const v = (count - mean) / (count + mean);
  let sum = (count - mean) * v;
  let power = 2 * count * v;
  for (let odd = 3; odd < 60; odd += 2) {
    power *= v * v;
    const next = sum + power / odd;
    if (next === sum) break;
    sum = next;
  }
  return sum;
}
