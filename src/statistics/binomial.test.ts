import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, double, nat, property, tuple } from "fast-check";
import {
  clopperPearson,
  clopperPearsonLower,
  clopperPearsonUpper,
  cleanTrialsNeeded,
  failuresAllowed,
  isShown,
  trialsNeeded,
  wilson,
} from "./binomial.ts";
import { Failure } from "../terms/failure.ts";

const near = (actual: number, expected: number, digits = 5): void =>
  assert.equal(actual.toFixed(digits), expected.toFixed(digits));

test("one-sided 95 % upper bounds are the published ones", () => {
  const table = [
    [0, 30, 0.095034],
    [0, 100, 0.029513],
    [0, 299, 0.009969],
    [0, 300, 0.009936],
    [0, 1000, 0.002991],
    [0, 2995, 0.001],
    [1, 100, 0.04656],
    [3, 100, 0.075711],
    [5, 1000, 0.010484],
  ] as const;
  for (const [failures, trials, upper] of table) near(clopperPearsonUpper({ failures, trials }, 0.95), upper, 6);
});

test("upper bounds agree with a 50-digit reference to 12 digits, also at extreme confidence", () => {
  const table = [
    [0, 300, 0.95, 0.009936081944457713],
    [3, 200, 0.95, 0.03830970849856935],
    [0, 1000, 1 - 1e-6, 0.013720514368789528],
    [199, 200, 0.95, 0.9997435664127765],
    [1, 1_000_000, 0.95, 4.7438556382068105e-6],
    [500, 1000, 0.975, 0.531450827028208],
    [0, 1, 0.95, 0.95],
  ] as const;
  for (const [failures, trials, confidence, upper] of table) {
    const error = Math.abs(clopperPearsonUpper({ failures, trials }, confidence) / upper - 1);
    assert.ok(error < (confidence > 0.999 ? 1e-10 : 1e-12), `${failures} of ${trials}: off by ${error}`);
  }
});

test("two-sided intervals are Newcombe's, exact and Wilson", () => {
  const table = [
    [81, 263, 0.2527, 0.3676, 0.2553, 0.3662],
    [15, 148, 0.0578, 0.1617, 0.0624, 0.1605],
    [0, 20, 0, 0.1684, 0, 0.1611],
    [1, 29, 0.0009, 0.1776, 0.0061, 0.1718],
  ] as const;
  for (const [failures, trials, lower, upper, wilsonLower, wilsonUpper] of table) {
    const exact = clopperPearson({ failures, trials }, 0.95);
    near(exact.lower, lower, 4);
    near(exact.upper, upper, 4);
    const shown = wilson({ failures, trials }, 0.95);
    near(shown.lower, wilsonLower, 4);
    near(shown.upper, wilsonUpper, 4);
  }
  near(clopperPearson({ failures: 8, trials: 10 }, 0.95).lower, 0.443905, 6);
  near(clopperPearson({ failures: 8, trials: 10 }, 0.95).upper, 0.974789, 6);
  near(clopperPearson({ failures: 10, trials: 10 }, 0.95).lower, 0.691503, 6);
  near(clopperPearson({ failures: 700, trials: 1000 }, 0.95).upper, 0.728279, 6);
});

test("the smallest clean run is the published one at every limit", () => {
  const table = [
    [0.1, 29, 44],
    [0.05, 59, 90],
    [0.01, 299, 459],
    [0.005, 598, 919],
    [0.001, 2995, 4603],
    [0.0001, 29_956, 46_050],
  ] as const;
  for (const [limit, at95, at99] of table) {
    assert.equal(trialsNeeded(0, { limit, confidence: 0.95 }), at95);
    assert.equal(trialsNeeded(0, { limit, confidence: 0.99 }), at99);
  }
});

test("the smallest run with failures is the published one", () => {
  assert.deepEqual(needed(0.01), [299, 473, 628, 773, 913, 1049]);
  assert.deepEqual(needed(0.001), [2995, 4742, 6294, 7752, 9151, 10_511]);
});

test("no trials rule out nothing, and all failed leaves 1", () => {
  assert.equal(clopperPearsonUpper({ failures: 0, trials: 0 }, 0.95), 1);
  assert.equal(clopperPearsonLower({ failures: 0, trials: 0 }, 0.95), 0);
  assert.equal(clopperPearsonUpper({ failures: 7, trials: 7 }, 0.95), 1);
  assert.deepEqual(wilson({ failures: 0, trials: 0 }, 0.95), { lower: 0, upper: 1 });
});

test("a claim out of reach has no number of trials", () => {
  assert.equal(trialsNeeded(0, { limit: 1e-10, confidence: 0.95 }), undefined);
  assert.equal(cleanTrialsNeeded({ failures: 3, trials: 200 }, { limit: 0.03, confidence: 0.95 }), 57);
  assert.equal(cleanTrialsNeeded({ failures: 0, trials: 5000 }, { limit: 0.03, confidence: 0.95 }), 0);
});

test("the most failures allowed still show the claim, and one more does not", () => {
  for (const [trials, limit] of [
    [229, 0.45],
    [200, 0.03],
    [59, 0.05],
    [1, 0.96],
  ] as const) {
    const claim = { limit, confidence: 0.95 };
    const allowed = failuresAllowed(trials, claim);
    assert.ok(allowed !== undefined && isShown({ failures: allowed, trials }, claim));
    assert.ok(allowed === trials || !isShown({ failures: allowed + 1, trials }, claim));
  }
  assert.equal(failuresAllowed(58, { limit: 0.05, confidence: 0.95 }), undefined);
});

test("whatever is not a count, a confidence or a limit is request_invalid", () => {
  const claim = { limit: 0.1, confidence: 0.95 };
  const attempts = [
    (): unknown => clopperPearsonUpper({ failures: -1, trials: 10 }, 0.95),
    (): unknown => clopperPearsonUpper({ failures: 11, trials: 10 }, 0.95),
    (): unknown => clopperPearsonUpper({ failures: 0.5, trials: 10 }, 0.95),
    (): unknown => clopperPearsonUpper({ failures: 0, trials: Number.NaN }, 0.95),
    (): unknown => clopperPearsonUpper({ failures: 0, trials: 2e9 }, 0.95),
    (): unknown => clopperPearsonLower({ failures: 0, trials: 10 }, 1),
    (): unknown => clopperPearsonUpper({ failures: 0, trials: 10 }, { doubt: 0.6 }),
    (): unknown => clopperPearsonUpper({ failures: 0, trials: 10 }, { doubt: 0 }),
    (): unknown => wilson({ failures: 0, trials: 10 }, Number.NaN),
    (): unknown => isShown({ failures: 0, trials: 10 }, { ...claim, limit: 0 }),
    (): unknown => isShown({ failures: 0, trials: 10 }, { ...claim, limit: 1 }),
  ];
  for (const attempt of attempts)
    assert.throws(attempt, (error) => error instanceof Failure && error.code === "request_invalid");
});

test("the bound covers: for any true rate it lies below that rate no more often than the doubt allows", () => {
  const rates = [0.001, 0.01, 0.05, 0.2, 0.5, 0.9];
  for (const trials of [1, 7, 30, 100])
    for (const rate of rates) {
      const missed = Array.from({ length: trials + 1 }, (_, failures) => ({ failures, trials }))
        .filter((counts) => clopperPearsonUpper(counts, 0.95) < rate)
        .reduce((sum, counts) => sum + chance(counts, rate), 0);
      assert.ok(missed <= 0.05 + 1e-12, `${trials} trials at ${rate}: missed ${missed}`);
    }
});

test("a claim is shown exactly when the upper bound is at or below its limit", () => {
  const counts = tuple(nat({ max: 400 }), nat({ max: 400 })).map(([failures, clean]) => ({ failures, clean }));
  check(
    property(counts, double({ min: 0.001, max: 0.999, noNaN: true }), ({ failures, clean }, limit) => {
      const trials = failures + clean;
      const upper = clopperPearsonUpper({ failures, trials }, 0.95);
      if (Math.abs(upper - limit) > 1e-9)
        assert.equal(isShown({ failures, trials }, { limit, confidence: 0.95 }), upper <= limit);
    }),
    { seed: 1, numRuns: 500 },
  );
});

function chance({ failures, trials }: { failures: number; trials: number }, rate: number): number {
  let log = failures * Math.log(rate) + (trials - failures) * Math.log1p(-rate);
  for (let k = 1; k <= failures; k += 1) log += Math.log((trials - k + 1) / k);
  return Math.exp(log);
}

function needed(limit: number): readonly (number | undefined)[] {
  return [0, 1, 2, 3, 4, 5].map((failures) => trialsNeeded(failures, { limit, confidence: 0.95 }));
}
