import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../terms/failure.ts";
import { failuresAllowed } from "./binomial.ts";
import { chanceToShow, decisionOf, edgeOf, horizonMax, trialsForPower } from "./plan.ts";

const claim = { limit: 0.01, confidence: 0.95 };
const jeffreys = { a: 0.5, b: 0.5 };
const hundredth = { every: 100, horizon: 5000, level: 0.95 };

test("a bet that is looked at each 100 trials decides as the simulations of it did", () => {
  const promote = { ...hundredth, bet: { limit: 0.01, side: "below", prior: jeffreys } } as const;
  assert.equal(decisionOf(promote, 0.003).trials.half, 900);
  const slow = decisionOf(promote, 0.005);
  assert.equal(slow.trials.half, 2100);
  assert.ok(Math.abs(slow.chance - 0.9) < 0.01, `${slow.chance}`);
});

test("a rollback that is looked at after each trial catches worse rates as the simulations of it did", () => {
  const rollback = {
    bet: { limit: 0.01, side: "above", prior: jeffreys },
    every: 1,
    horizon: 5000,
    level: 0.95,
  } as const;
  for (const [rate, median] of [
    [0.05, 104],
    [0.03, 372],
    [0.02, 1411],
  ] as const) {
    const half = decisionOf(rollback, rate).trials.half ?? 0;
    assert.ok(Math.abs(half / median - 1) < 0.01, `${rate}: ${half} instead of ${median}`);
  }
  assert.ok(Math.abs(decisionOf(rollback, 0.01).chance - 0.0175) < 0.001);
});

test("at the limit, or beyond it, a watched bet is won no more often than its doubt allows", () => {
  for (const limit of [0.01, 0.1, 0.45])
    for (const side of ["below", "above"] as const)
      for (const prior of [
        { a: 1, b: 1 },
        { a: 0.5, b: 0.5 },
        { a: 1, b: 30 },
      ]) {
        const watch = { bet: { limit, side, prior }, level: 0.95, every: 1, horizon: 2000 };
        const beyond = side === "below" ? limit * 1.1 : limit * 0.9;
        assert.ok(decisionOf(watch, limit).chance <= 0.05 && decisionOf(watch, beyond).chance <= 0.05);
      }
});

test("a plan with power has it, and one failure less allowed has not enough", () => {
  const found = trialsForPower(claim, 0.003, 0.9);
  assert.equal(found?.trials, 1049);
  assert.equal(found?.failures, 5);
  assert.ok(chanceToShow(1049, claim, 0.003) >= 0.9 && chanceToShow(1048, claim, 0.003) < 0.9);
});

test("power is one where nothing ever fails, and none where too few are tried or the rate is not below the limit", () => {
  assert.equal(chanceToShow(299, claim, 0), 1);
  assert.equal(chanceToShow(298, claim, 0), 0);
  assert.ok(chanceToShow(5000, claim, 0.01) <= 0.05);
  assert.equal(trialsForPower(claim, 0.01, 0.9), undefined);
  assert.equal(trialsForPower({ limit: 1e-9, confidence: 0.95 }, 0, 0.9), undefined);
});

test("the edge of a bet only moves forwards, and is never kinder than the exact bound", () => {
  const below = edgeOf({ bet: { limit: 0.05, side: "below" }, level: 0.95 });
  let before = -1;
  for (let trials = 1; trials <= 3000; trials += 1) {
    const most = below(trials);
    assert.ok(most >= before);
    assert.ok(most <= (failuresAllowed(trials, { limit: 0.05, confidence: 0.95 }) ?? -1));
    before = most;
  }
});

test("a rate, a horizon or looks that are none are request_invalid", () => {
  const watch = { bet: { limit: 0.01, side: "below" }, level: 0.95, every: 1, horizon: 100 } as const;
  const attempts = [
    (): unknown => decisionOf({ ...watch, horizon: horizonMax + 1 }, 0.1),
    (): unknown => decisionOf({ ...watch, every: 0 }, 0.1),
    (): unknown => decisionOf(watch, 1.5),
    (): unknown => chanceToShow(10, claim, Number.NaN),
    (): unknown => trialsForPower(claim, 0.001, 1),
  ];
  for (const attempt of attempts)
    assert.throws(attempt, (error) => error instanceof Failure && error.code === "request_invalid");
});
