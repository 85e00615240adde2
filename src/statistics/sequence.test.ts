import assert from "node:assert/strict";
import { test } from "node:test";
import { anytimeInterval, logEValue } from "./sequence.ts";
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

test("e-values of the truncated uniform mixture are the reference ones", () => {
  assertClose(logEValue({ failures: 0, trials: 300 }, 0.01, "below"), 6.44556);
  assertClose(logEValue({ failures: 0, trials: 458 }, 0.01, "below"), 21.5247);
  assertClose(logEValue({ failures: 1, trials: 1000 }, 0.01, "below"), 228.981);
  assertClose(logEValue({ failures: 3, trials: 20 }, 0.01, "above"), 50.0518);
  assertClose(logEValue({ failures: 2, trials: 20 }, 0.01, "above"), 3.03008);
  assertClose(logEValue({ failures: 5, trials: 100 }, 0.01, "above"), 3.44931);
});

test("no trials leave an e-value of 1 and an interval of everything", () => {
  assert.ok(Math.abs(logEValue({ failures: 0, trials: 0 }, 0.2, "below")) < 1e-12);
  assert.deepEqual(anytimeInterval({ failures: 0, trials: 0 }, 0.95), { lower: 0, upper: 1 });
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

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(Math.exp(actual) / expected - 1) < 3e-6, `${Math.exp(actual)} instead of ${expected}`);
}
