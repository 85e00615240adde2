import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, nat, property, tuple } from "fast-check";
import { Failure } from "../terms/failure.ts";
import { clusteredDifference, swapTest } from "./paired-clusters.ts";
import {
  discordantShare,
  mcNemar,
  newcombePaired,
  pairedDifference,
  tangoInterval,
  type PairedCounts,
} from "./paired.ts";

type Four = readonly [both: number, onlyOne: number, onlyOther: number, neither: number];
const items = (...[both, onlyOne, onlyOther, neither]: Four): PairedCounts => ({ both, onlyOne, onlyOther, neither });
/** A cluster of `size` items, on all of which one system alone fails. */
const cluster = (gap: number, size: number): PairedCounts => (gap > 0 ? items(0, size, 0, 0) : items(0, 0, size, 0));

test("Newcombe's interval of his example is the published one", () => {
  const { lower, upper } = newcombePaired(items(36, 12, 2, 0), 0.95);
  assert.equal(lower.toFixed(4), "0.0569");
  assert.equal(upper.toFixed(4), "0.3404");
});

test("without items nothing is said, and without a discordant one nothing is shown", () => {
  const none = items(0, 0, 0, 0);
  assert.equal(pairedDifference(none), null);
  assert.deepEqual(tangoInterval(none, 0.95), { lower: -1, upper: 1 });
  assert.deepEqual(newcombePaired(none, 0.95), { lower: -1, upper: 1 });
  for (const chance of Object.values(mcNemar(items(5, 0, 0, 9)))) assert.ok(Math.abs(chance - 1) < 1e-12);
  assert.deepEqual(discordantShare(items(5, 0, 0, 9), 0.95), { lower: 0, upper: 1 });
  const { lower, upper } = tangoInterval(items(5, 0, 0, 95), 0.95);
  assert.ok(lower < -0.01 && upper > 0.01, "an interval of no difference has a width");
});

test("intervals hold the difference, turn round with the systems, grow with confidence, and are numbers", () => {
  const count = nat({ max: 60 });
  check(
    property(tuple(count, count, count, count), ([both, one, other, neither]) => {
      const there = items(both, one, other, neither);
      const back = items(both, other, one, neither);
      const difference = pairedDifference(there);
      if (difference === null) return;
      for (const method of [tangoInterval, newcombePaired]) {
        const [found, turned, wide] = [method(there, 0.95), method(back, 0.95), method(there, 0.999)];
        assert.ok(found.lower <= difference + 1e-9 && difference <= found.upper + 1e-9);
        assert.ok(Math.abs(found.lower + turned.upper) < 1e-9, `${method.name} ${JSON.stringify(there)}`);
        assert.ok(wide.lower <= found.lower + 1e-12 && wide.upper >= found.upper - 1e-12);
        assert.ok(found.lower >= -1 && found.upper <= 1);
      }
      const tested = mcNemar(there);
      assert.ok(tested.exact > 0 && tested.exact <= 1 && tested.midP <= tested.exact);
    }),
    { seed: 2, numRuns: 300 },
  );
});

test("a difference over clusters of one has nearly the error of paired differences", () => {
  const clusters = Array.from({ length: 400 }, (_, at) =>
    at % 10 === 0 ? items(0, 1, 0, 0) : at % 10 === 1 && at % 20 === 1 ? items(0, 0, 1, 0) : items(0, 0, 0, 1),
  );
  const found = clusteredDifference(clusters, 0.95);
  assert.equal(found.difference, 0.05);
  assert.ok(Math.abs((found.error ?? 0) - Math.sqrt((0.15 - 0.0025) / 399)) < 1e-12);
  assert.equal(found.method, "clustered-t");
});

test("repeats of an item narrow neither the interval nor the test over clusters", () => {
  const [once, often] = [1, 7].map((size) =>
    Array.from({ length: 30 }, (_, at) => cluster(at % 3 === 0 ? -1 : 1, size)),
  );
  if (once === undefined || often === undefined) throw new Error("two sizes");
  const [narrow, wide] = [clusteredDifference(once, 0.95), clusteredDifference(often, 0.95)];
  assert.ok(Math.abs(narrow.interval.lower - wide.interval.lower) < 1e-12);
  assert.ok(Math.abs((swapTest(once) ?? 0) - (swapTest(often) ?? 1)) < 1e-12);
});

test("clusters that are all alike still leave an interval with a width", () => {
  const found = clusteredDifference(
    Array.from({ length: 20 }, () => items(0, 0, 0, 50)),
    0.95,
  );
  assert.equal(found.method, "newcombe-of-clusters");
  assert.ok(found.interval.upper > 0.1 && found.interval.lower < -0.1);
});

test("a swap test too long to make is null, and counts that are none are request_invalid", () => {
  assert.equal(swapTest(Array.from({ length: 60_000 }, () => items(0, 1, 0, 0))), null);
  assert.equal(swapTest([items(0, 900_000_000, 0, 0)]), null);
  for (const wrong of [items(-1, 0, 0, 0), items(0.5, 0, 0, 0.5), items(0, 2e9, 0, 0), items(0, Number.NaN, 0, 0)])
    assert.throws(
      () => tangoInterval(wrong, 0.95),
      (error) => error instanceof Failure && error.code === "request_invalid",
    );
});
