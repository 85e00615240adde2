import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../terms/failure.ts";
import { logPower, type BetaShape } from "./beta.ts";
import { hasReached, logEValue, type Bet } from "./evalue.ts";

const jeffreys = { a: 0.5, b: 0.5 };

test("e-values of the truncated uniform bet are the reference ones", () => {
  const table = [
    [0, 300, "below", 6.44556],
    [0, 458, "below", 21.5247],
    [1, 1000, "below", 228.981],
    [3, 20, "above", 50.0518],
    [2, 20, "above", 3.03008],
    [5, 100, "above", 3.44931],
  ] as const;
  for (const [failures, trials, side, expected] of table) {
    const found = Math.exp(logEValue({ failures, trials }, { limit: 0.01, side }));
    assert.ok(Math.abs(found / expected - 1) < 3e-6, `${failures} of ${trials}: ${found} instead of ${expected}`);
  }
});

test("without a failure 1 % is shown at any time after 449 trials, and after 377 with the stake nearer to the ends", () => {
  for (const [prior, needed] of [
    [undefined, 449],
    [jeffreys, 377],
  ] as const) {
    const bet = { limit: 0.01, side: "below", ...(prior === undefined ? {} : { prior }) } as const;
    assert.ok(hasReached({ failures: 0, trials: needed }, bet, 0.95));
    assert.ok(!hasReached({ failures: 0, trials: needed - 1 }, bet, 0.95));
  }
});

test("a stake is expected to stay what it is at the limit, and to shrink beyond it, whatever was counted before", () => {
  const bets = (["below", "above"] as const).flatMap((side) =>
    [{ a: 1, b: 1 }, jeffreys, { a: 3, b: 20 }].flatMap((prior) =>
      [0.003, 0.05, 0.5, 0.97].map((limit): Bet => ({ limit, side, prior })),
    ),
  );
  for (const bet of bets)
    for (const [failures, trials] of [
      [0, 0],
      [0, 40],
      [3, 40],
      [40, 40],
      [900, 20_000],
    ] as const) {
      const { limit, side } = bet;
      const now = logEValue({ failures, trials }, bet);
      const [failed, clean] = [1, 0].map((more) =>
        Math.exp(logEValue({ failures: failures + more, trials: trials + 1 }, bet) - now),
      );
      const expected = (rate: number): number => rate * (failed ?? 0) + (1 - rate) * (clean ?? 0);
      assert.ok(Math.abs(expected(limit) - 1) < 1e-9, `${side} ${limit}, ${failures} of ${trials}: ${expected(limit)}`);
      const beyond = side === "below" ? limit + (1 - limit) / 3 : limit / 3;
      assert.ok(expected(beyond) < 1, `${side} ${limit}, ${failures} of ${trials}`);
    }
});

/** confseq's mixture about a rate of 0.2, tuned for a variance of 100 at `doubt`. */
function shape(doubt: number): BetaShape {
  const rho = 100 / (2 * Math.log(1 / doubt) + Math.log(1 + 2 * Math.log(1 / doubt)));
  return { a: (rho - 0.16) / 0.8, b: (rho - 0.16) / 0.2 };
}

test("mixtures about a rate are those of confseq's own tests", () => {
  // Its beta_binomial_log_mixture(s = 10, v = 100, v_opt = 100, g = 0.2, h = 0.8) is of 135 failures in 625 trials at a limit of 0.2.
  const counts = { failures: 135, trials: 625 };
  const at = { p: 0.2, complement: 0.8 };
  const both = shape(0.05);
  const after = { a: both.a + 135, b: both.b + 490 };
  assert.ok(Math.abs(logPower(at, both) - logPower(at, after) - -0.6941012) < 1e-6);
  assert.ok(Math.abs(logEValue(counts, { limit: 0.2, side: "above", prior: shape(0.1) }) - -0.07134019) < 1e-6);
});

test("no trials leave a stake as it was", () => {
  assert.equal(logEValue({ failures: 0, trials: 0 }, { limit: 0.2, side: "above", prior: jeffreys }), 0);
});

test("a limit, a prior or a count that is none is request_invalid", () => {
  for (const [failures, trials, limit, a] of [
    [0, 10, 0, 1],
    [0, 10, 1, 1],
    [0, 10, Number.NaN, 1],
    [0, 10, 0.1, 0],
    [0, 10, 0.1, Number.NaN],
    [11, 10, 0.1, 1],
  ] as const)
    assert.throws(
      () => logEValue({ failures, trials }, { limit, side: "below", prior: { a, b: 1 } }),
      (error) => error instanceof Failure && error.code === "request_invalid",
    );
});
