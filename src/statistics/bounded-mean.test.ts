import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { clopperPearson } from "./binomial.ts";
import { meanInterval } from "./bounded-mean.ts";

test("intervals of a mean are those that its equation gives by hand", () => {
  // 10 · KL(½, μ) = ln 40 gives 4μ(1 − μ) = e^(−ln 40 / 5).
  const half = meanInterval(0.5, 10, 0.95);
  const reach = Math.sqrt(1 - Math.exp(-Math.log(40) / 5)) / 2;
  assert.ok(Math.abs(half.lower - (0.5 - reach)) < 1e-12);
  assert.ok(Math.abs(half.upper - 0.861187) < 1e-6);
  // Where all shares are 1, μ^10 = 0.025.
  assert.deepEqual(
    [meanInterval(1, 10, 0.95).lower.toFixed(6), meanInterval(1, 10, 0.95).upper],
    [(0.025 ** 0.1).toFixed(6), 1],
  );
  assert.equal(meanInterval(0, 10, 0.95).lower, 0);
  assert.deepEqual(meanInterval(0.3, 0, 0.95), { lower: 0, upper: 1 });
});

test("the interval of a mean has the mean in it, and is no narrower than the exact one of counts", () => {
  const counts = fc
    .integer({ min: 1, max: 2000 })
    .chain((trials) => fc.tuple(fc.constant(trials), fc.integer({ min: 0, max: trials })));
  fc.assert(
    fc.property(counts, ([trials, failures]) => {
      const { lower, upper } = meanInterval(failures / trials, trials, 0.95);
      const exact = clopperPearson({ failures, trials }, 0.95);
      assert.ok(lower <= failures / trials && failures / trials <= upper);
      assert.ok(lower <= exact.lower + 1e-9 && upper >= exact.upper - 1e-9);
    }),
    { seed: 7 },
  );
});
