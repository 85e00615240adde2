import assert from "node:assert/strict";
import { test } from "node:test";
import { logBetaTails, logPower, betaQuantile } from "./beta.ts";

// Computed with 50 digits by mpmath: [x, a, b, ln lower tail, ln upper tail]; null where only a double's zero is left.
const references = [
  [0.5, 1, 1, -Math.LN2, -Math.LN2],
  [0.01, 1, 300, -0.05028421848780524, -3.0151007560504324],
  [1e-6, 1, 3000, -5.810642116063473, -0.0030000015000009998],
  [0.3, 100, 200, -2.2178481989357404, -0.11523473418689843],
  [0.95, 50, 3, -0.6644246071554029, -0.7227191985446381],
  [1e-12, 3, 1e6, -43.23828889312261, -1.6666704166679998e-19],
  [0.001, 900, 1e6, -0.0005614813502916197, -7.4852127259610155],
  [0.0011, 900, 1e6, -1.7890450482950164e-10, -22.44416894510766],
  [0.5, 0.5, 0.5, -Math.LN2, -Math.LN2],
  [0.9999, 1e5, 2, -7.602604760536462, -0.0004992741901674064],
] as const;

test("both tails agree with a 50-digit reference to 11 digits, far tails included", () => {
  for (const [x, a, b, lower, upper] of references) {
    const tails = logBetaTails({ p: x, complement: 1 - x }, { a, b });
    assertClose(tails.lower, lower, `lower at ${x}, ${a}, ${b}`);
    assertClose(tails.upper, upper, `upper at ${x}, ${a}, ${b}`);
  }
});

test("the quantile is the inverse of the tail on either side", () => {
  for (const [x, a, b, lower, upper] of references) {
    if (Math.abs(lower) > 1e-6) assertClose(betaQuantile({ a, b }, "lower", lower).p, x, `lower ${x} ${a} ${b}`);
    if (Math.abs(upper) > 1e-6) assertClose(betaQuantile({ a, b }, "upper", upper).p, x, `upper ${x} ${a} ${b}`);
  }
});

test("the power over the beta function is exact where it is a fraction", () => {
  assertClose(logPower({ p: 0.5, complement: 0.5 }, { a: 1, b: 51 }), Math.log(51) - 52 * Math.LN2, "B(1, 51)");
  assertClose(logPower({ p: 0.25, complement: 0.75 }, { a: 3, b: 4 }), Math.log((60 * 81) / 4 ** 7), "B(3, 4)");
});

function assertClose(actual: number, expected: number, what: string): void {
  const error = Math.abs(actual - expected) / Math.abs(expected);
  assert.ok(error < 1e-11, `${what}: ${actual} instead of ${expected}`);
}
