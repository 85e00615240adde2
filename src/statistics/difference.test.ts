import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { differenceOfShares } from "./difference.ts";

test("intervals of a difference are those of Newcombe's table, method 10", () => {
  const cases = [
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [10, 10, 0, 20, 0.6791, 1],
    [0, 10, 0, 20, -0.1611, 0.2775],
  ] as const;
  for (const [failures, trials, others, of, lower, upper] of cases) {
    const found = differenceOfShares({ failures, trials }, { failures: others, trials: of }, 0.95);
    assert.ok(Math.abs(found.lower - lower) < 5e-5, `${found.lower} is not ${lower}`);
    assert.ok(Math.abs(found.upper - upper) < 5e-5, `${found.upper} is not ${upper}`);
  }
});

test("a difference the other way round is the same with its sign turned, and lies within its interval", () => {
  const counts = fc
    .tuple(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1, noNaN: true }))
    .map(([trials, share]) => ({ trials, failures: Math.round(trials * share) }));
  fc.assert(
    fc.property(counts, counts, (one, other) => {
      const there = differenceOfShares(one, other, 0.95);
      const back = differenceOfShares(other, one, 0.95);
      assert.ok(there.lower <= there.difference + 1e-12 && there.difference <= there.upper + 1e-12);
      assert.ok(Math.abs(there.lower + back.upper) < 1e-12 && Math.abs(there.upper + back.lower) < 1e-12);
      assert.ok(there.lower >= -1 - 1e-12 && there.upper <= 1 + 1e-12);
    }),
    { seed: 5 },
  );
});
