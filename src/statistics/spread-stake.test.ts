import assert from "node:assert/strict";
import { test } from "node:test";
import { type Fraction, fractionOf, logOf } from "../../test/exact-rationals.ts";
import { logEValue } from "./evalue.ts";
import { type Bets, logSpreadStake } from "./spread-stake.ts";

test("where all trials weigh alike a spread stake is the e-value of the uniform bet", () => {
  for (const limit of [1e-6, 0.003, 0.01, 0.2, 0.5, 0.97])
    for (const side of ["above", "below"] as const)
      for (const [failures, trials] of [
        [0, 0],
        [0, 1],
        [1, 1],
        [3, 20],
        [0, 458],
        [1, 1000],
        [5, 100],
        [900, 1000],
        [1000, 1000],
        [70, 7000],
        [0, 100_000],
        [900, 20_000],
      ] as const) {
        const clean = trials - failures;
        const odds = side === "above" ? (1 - limit) / limit : limit / (1 - limit);
        const [won, lost] = side === "above" ? [failures, clean] : [clean, failures];
        const found = logSpreadStake([{ won, lost, part: 1 }], odds);
        const expected = logEValue({ failures, trials }, { limit, side });
        // Of many trials the logarithm is a sum of large terms, and has the last bits of those.
        const allowed = 1e-12 * Math.max(1, trials / 1000, Math.abs(expected));
        assert.ok(
          Math.abs(found - expected) <= allowed,
          `${failures} of ${trials}, ${side} ${limit}: ${found}, ${expected}`,
        );
      }
});

test("where they do not, it is the integral of the polynomial, worked out in whole fractions", () => {
  for (const odds of [1 / 64, 1, 99, 4096])
    for (const bets of [
      [{ won: 0, lost: 0, part: 0.25 }],
      [{ won: 3, lost: 0, part: 0.25 }],
      [{ won: 0, lost: 30, part: 0.0625 }],
      [
        { won: 2, lost: 20, part: 1 },
        { won: 5, lost: 3, part: 0.125 },
      ],
      [
        { won: 1, lost: 40, part: 0.75 },
        { won: 0, lost: 9, part: 0.5 },
        { won: 12, lost: 1, part: 0.0009765625 },
      ],
    ] satisfies (readonly Bets[])[]) {
      const found = logSpreadStake(bets, odds);
      const exact = logOf(exactStake(bets, odds));
      assert.ok(
        Math.abs(found - exact) < 1e-12 * Math.max(1, Math.abs(exact)),
        `${JSON.stringify(bets)} at ${odds}: ${found}, ${exact}`,
      );
    }
});

/** Multiplies the polynomial out over one power of two, and integrates it term by term. All its numbers are doubles. */
function exactStake(bets: readonly Bets[], odds: number): Fraction {
  let terms = [1n];
  let below = 1n;
  for (const { won, lost, part } of bets)
    for (let at = 0; at < won + lost; at += 1) {
      const slope = fractionOf(at < won ? part * odds : -part);
      terms = [...terms, 0n].map((term, power) => term * slope.below + (terms[power - 1] ?? 0n) * slope.above);
      below *= slope.below;
    }
  const powers = terms.reduce((product, _, power) => product * BigInt(power + 1), 1n);
  const above = terms.reduce((sum, term, power) => sum + (term * powers) / BigInt(power + 1), 0n);
  return { above, below: below * powers };
}
