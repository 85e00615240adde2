import assert from "node:assert/strict";
import { test } from "node:test";
import type { CountedAs } from "../terms/trial.ts";
import { boundsOf, tally } from "./measure.ts";

const attempts = (
  allCounted: readonly CountedAs[],
  cluster: string,
): readonly { cluster: string; countsAs: CountedAs }[] => allCounted.map((countsAs) => ({ cluster, countsAs }));

test("a cluster fails with any attempt, and is unknown only if none failed", () => {
  const counted = tally([
    ...attempts(["clean", "failed", "unknown"], "a"),
    ...attempts(["clean", "unknown"], "b"),
    ...attempts(["clean", "clean"], "c"),
  ]);
  assert.deepEqual(counted, {
    trials: 7,
    failures: 1,
    unknown: 2,
    clusters: 3,
    clustersFailed: 1,
    clustersUnknown: 1,
  });
});

test("unknown counts as failure in the upper bound and not in the estimate", () => {
  const clean = Array.from({ length: 97 }, (_, at) => ({ cluster: `c${at}`, countsAs: "clean" as const }));
  const unknown = Array.from({ length: 3 }, (_, at) => ({ cluster: `u${at}`, countsAs: "unknown" as const }));
  const bounds = boundsOf(tally([...clean, ...unknown]), 0.95);
  assert.equal(bounds.estimate, 0);
  assert.equal(bounds.upper.toFixed(6), "0.075711");
  assert.equal(bounds.lower, 0);
});

test("repeats of one item never narrow the bound", () => {
  const once = tally(attempts(["clean"], "a"));
  const often = tally(
    attempts(
      Array.from({ length: 300 }, () => "clean"),
      "a",
    ),
  );
  assert.equal(boundsOf(often, 0.95).upper, boundsOf(once, 0.95).upper);
});

test("nothing measured is an estimate of nothing and a bound of 1", () => {
  const bounds = boundsOf(tally([]), 0.95);
  assert.equal(bounds.estimate, null);
  assert.equal(bounds.upper, 1);
});
