import assert from "node:assert/strict";
import { test } from "node:test";
import { anytimeInterval, anytimeLower, anytimeUpper, tunedInterval } from "./sequence.ts";
import { clopperPearson } from "./binomial.ts";

test("uniform-mixture intervals are the reference ones", () => {
  const table = [
    [0, 50, 0, 0.129381],
    [0, 100, 0, 0.073284],
    [0, 1000, 0, 0.009856],
    [5, 100, 0.006577, 0.160259],
    [15, 50, 0.131445, 0.517077],
    [700, 1000, 0.646985, 0.749662],
  ] as const;
  for (const [failures, trials, lower, upper] of table) {
    const interval = anytimeInterval({ failures, trials }, 0.95);
    assert.equal(interval.lower.toFixed(6), lower.toFixed(6));
    assert.equal(interval.upper.toFixed(6), upper.toFixed(6));
  }
});

test("intervals tuned for a number of trials are those of the authors' own tests", () => {
  const table = [
    [700, 1000, 100, 0.651629, 0.745949],
    [15, 50, 50, 0.129556, 0.511896],
    [5, 50, 50, 0.013021, 0.269264],
    [1, 50, 50, 0, 0.13489],
    [1, 2, 50, 0, 1],
    [100, 200, 1, 0.328923, 0.671076],
    [0, 1, 50, 0, 1],
    [1, 1, 50, 0, 1],
  ] as const;
  for (const [failures, trials, tunedFor, lower, upper] of table) {
    const found = tunedInterval({ failures, trials }, 0.95, tunedFor);
    const what = `${failures} of ${trials}: ${found.lower} to ${found.upper}`;
    assert.ok(Math.abs(found.lower - lower) < 1e-5 && Math.abs(found.upper - upper) < 1e-5, what);
  }
});

test("a rate next to nothing that a tuned interval does not rule out leaves 0, and not a number next to it", () => {
  assert.equal(tunedInterval({ failures: 1, trials: 50 }, 0.95, 50).lower, 0);
  assert.equal(tunedInterval({ failures: 49, trials: 50 }, 0.95, 50).upper, 1);
});

test("no trials leave an interval of everything", () => {
  assert.deepEqual(anytimeInterval({ failures: 0, trials: 0 }, 0.95), { lower: 0, upper: 1 });
  assert.deepEqual(tunedInterval({ failures: 0, trials: 0 }, 0.95, 10), { lower: 0, upper: 1 });
  assert.equal(anytimeUpper({ failures: 0, trials: 0 }, 0.95), 1);
  assert.equal(anytimeLower({ failures: 0, trials: 0 }, 0.95), 0);
});

test("one-sided bounds mirror each other", () => {
  for (const [failures, trials] of [
    [0, 100],
    [3, 100],
    [100, 100],
    [450, 500],
  ] as const) {
    const upper = anytimeUpper({ failures, trials }, 0.95);
    const lower = anytimeLower({ failures: trials - failures, trials }, 0.95);
    assert.ok(Math.abs(upper + lower - 1) < 1e-12, `${failures} of ${trials}: ${upper}, ${lower}`);
  }
});

test("an interval that may be watched is never narrower than the one fixed in advance", () => {
  for (const trials of [1, 10, 200, 5000])
    for (const failures of [0, Math.floor(trials / 20), Math.floor(trials / 2), trials]) {
      const any = anytimeInterval({ failures, trials }, 0.95);
      const fixed = clopperPearson({ failures, trials }, 0.95);
      assert.ok(any.upper >= fixed.upper - 1e-12 && any.lower <= fixed.lower + 1e-12, `${failures} of ${trials}`);
    }
});

test("watched after every trial, it misses the true rate no more often than promised", () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  let missed = 0;
  for (let run = 0; run < 400; run += 1) missed += everMissed(random, 0.1) ? 1 : 0;
  assert.ok(missed <= 0.05 * 400, `missed in ${missed} of 400 runs`);
});

function everMissed(random: () => number, rate: number): boolean {
  let failures = 0;
  for (let trials = 1; trials <= 300; trials += 1) {
    if (random() < rate) failures += 1;
    const { lower, upper } = anytimeInterval({ failures, trials }, 0.95);
    if (lower > rate || upper < rate) return true;
  }
  return false;
}
