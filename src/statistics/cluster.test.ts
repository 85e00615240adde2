import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, array, integer, property } from "fast-check";
import { clopperPearsonUpper } from "./binomial.ts";
import {
  clusteredInterval,
  clusteredRate,
  effectiveBounds,
  effectiveTrials,
  meanShare,
  meanShareBounds,
} from "./cluster.ts";

const small = [
  { failures: 2, trials: 3 },
  { failures: 0, trials: 2 },
  { failures: 3, trials: 4 },
];
const close = (actual: number | null, expected: number, error = 1e-6): void =>
  assert.ok(actual !== null && Math.abs(actual - expected) < error, `${actual} instead of ${expected}`);

test("naive and clustered errors of three clusters are the reference ones", () => {
  const found = clusteredRate(small);
  close(found.naiveError, 0.175682);
  close(found.clusteredError, 0.190059);
  // Without C / (C − 1) it is the published .155183.
  close((found.clusteredError ?? 0) * Math.sqrt(2 / 3), 0.155183);
  close(found.designEffect, (0.190059 / 0.175682) ** 2, 1e-4);
});

test("the correlation of three clusters is the one of the analysis of variance, worked out in fractions", () => {
  close(clusteredRate(small).correlation, 54 / 275, 1e-12);
});

test("clusters all alike within have a correlation of 1, and a design effect of their size", () => {
  const clusters = Array.from({ length: 40 }, (_, at) => ({ failures: at % 4 === 0 ? 5 : 0, trials: 5 }));
  const found = clusteredRate(clusters);
  close(found.correlation, 1, 1e-12);
  close(found.expectedDesignEffect, 5, 1e-12);
  close(found.designEffect, 5, 0.2);
  close(effectiveTrials(found), 40, 1.1);
});

test("clusters of one have the naive error and no correlation", () => {
  const found = clusteredRate([0, 1, 0, 0, 1].map((failures) => ({ failures, trials: 1 })));
  close(found.clusteredError, found.naiveError ?? 0, 1e-12);
  assert.equal(found.correlation, null);
});

test("without a failure the clustered interval says nothing, and the effective bound counts clusters", () => {
  const found = clusteredRate(Array.from({ length: 59 }, () => ({ failures: 0, trials: 10 })));
  assert.equal(clusteredInterval(found, 0.95), undefined);
  assert.equal(effectiveBounds(found, 0.95).upper, clopperPearsonUpper({ failures: 0, trials: 59 }, 0.95));
});

test("bounds on the mean share hold what they are of, and lie within those of clusters in which any attempt failed", () => {
  const clusters = Array.from({ length: 200 }, (_, at) => ({ failures: at % 20 === 0 ? 1 : 0, trials: 5 }));
  const share = meanShare(clusters);
  assert.equal(share.mean.toFixed(12), "0.010000000000");
  const { lower, upper } = meanShareBounds(share, 0.95);
  assert.ok(lower < 0.01 && upper > 0.01 && upper < clopperPearsonUpper({ failures: 10, trials: 200 }, 0.95));
  assert.deepEqual(meanShareBounds(meanShare([]), 0.95), { lower: 0, upper: 1 });
  close(meanShareBounds({ mean: 0, clusters: 59 }, 0.95).upper, clopperPearsonUpper({ failures: 0, trials: 59 }, 0.95));
});

test("one cluster, or none, rules out nothing", () => {
  for (const clusters of [[], [{ failures: 0, trials: 1000 }], [{ failures: 0, trials: 0 }]]) {
    const found = clusteredRate(clusters);
    assert.equal(clusteredInterval(found, 0.95), undefined);
    assert.deepEqual(effectiveBounds(found, 0.95), { lower: 0, upper: 1 });
  }
});

test("of any clusters nothing is not a number, and the rate lies within its bounds", () => {
  const cluster = integer({ min: 0, max: 12 }).chain((trials) =>
    integer({ min: 0, max: trials }).map((failures) => ({ failures, trials })),
  );
  check(
    property(array(cluster, { maxLength: 30 }), (clusters) => {
      const found = clusteredRate(clusters);
      for (const value of Object.values(found))
        assert.ok(value === null || Number.isFinite(value), JSON.stringify(found));
      const { lower, upper } = effectiveBounds(found, 0.95);
      assert.ok(lower >= 0 && upper <= 1 && lower <= (found.rate ?? 0) + 1e-12 && upper >= (found.rate ?? 0) - 1e-12);
      assert.ok(effectiveTrials(found) <= found.trials && effectiveTrials(found) >= 0);
    }),
    { seed: 3, numRuns: 500 },
  );
});
