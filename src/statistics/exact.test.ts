// What src/statistics says of small counts, against sums of whole fractions in which nothing is rounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  chanceOfAtMost,
  compare,
  complementOf,
  fractionOf,
  likelihoodOf,
  logOf,
  uniformEValue,
  uniformMixture,
  type Fraction,
} from "../../test/exact-rationals.ts";
import { clopperPearsonLower, clopperPearsonUpper, isShown } from "./binomial.ts";
import { logEValue } from "./evalue.ts";
import { mcNemar } from "./paired.ts";
import { swapTest } from "./paired-clusters.ts";
import { chanceToShow, decisionOf, trialsForPower, type Watch } from "./plan.ts";
import { anytimeInterval, anytimeUpper } from "./sequence.ts";

/** Relative: a bound is right when the truth lies within this of it. */
const within = 1e-12;
const counts = [1, 2, 7, 30, 120].flatMap((trials) =>
  [...new Set([0, 1, 2, Math.floor(trials / 3), trials - 1, trials])]
    .filter((failures) => failures >= 0 && failures <= trials)
    .map((failures) => ({ failures, trials })),
);
const doubts = [0.5, 0.05, 1e-3, 1e-9, 1e-30];

/** Both neighbours of `rate`, a little to either side. */
function around(rate: number): readonly [Fraction, Fraction] {
  return [fractionOf(rate * (1 - within)), fractionOf(Math.min(1, rate * (1 + within)))];
}

test("at every exact upper bound so few failures have just the doubt as their chance", () => {
  for (const { failures, trials } of counts)
    for (const doubt of doubts) {
      const upper = clopperPearsonUpper({ failures, trials }, { doubt });
      if (failures === trials) {
        assert.equal(upper, 1);
        continue;
      }
      const [left, right] = around(upper);
      const what = `${failures} of ${trials} at ${doubt}: ${upper}`;
      assert.ok(compare(chanceOfAtMost(failures, trials, left), fractionOf(doubt)) >= 0, what);
      // Close to 1 a double cannot be a little to the right.
      if (upper < 1 - 1e-3) assert.ok(compare(chanceOfAtMost(failures, trials, right), fractionOf(doubt)) <= 0, what);
    }
});

test("at every exact lower bound so many failures have just the doubt as their chance", () => {
  for (const { failures, trials } of counts.filter((each) => each.failures > 0))
    for (const doubt of doubts) {
      const lower = clopperPearsonLower({ failures, trials }, { doubt });
      const [left, right] = around(lower);
      const chance = (rate: Fraction): Fraction => complementOf(chanceOfAtMost(failures - 1, trials, rate));
      const what = `${failures} of ${trials} at ${doubt}: ${lower}`;
      assert.ok(compare(chance(left), fractionOf(doubt)) <= 0, what);
      assert.ok(compare(chance(right), fractionOf(doubt)) >= 0, what);
    }
});

test("e-values of the uniform bet are the exact ones on both sides, also where they are vast or next to nothing", () => {
  for (const each of counts)
    for (const limit of [0.001, 0.01, 0.05, 0.45, 0.9])
      for (const side of ["below", "above"] as const) {
        const found = logEValue(each, { limit, side });
        const exact = logOf(uniformEValue(each, fractionOf(limit), side));
        // The error of a logarithm is the relative error of the e-value. The complement of a limit is rounded: n · 10⁻¹⁶.
        assert.ok(
          Math.abs(found - exact) < 1e-11,
          `${each.failures} of ${each.trials} ${side} ${limit}: ${found}, ${exact}`,
        );
      }
});

test("at both ends of an interval that may be watched the mixture outweighs the rate by just 1 / doubt", () => {
  for (const { failures, trials } of counts)
    for (const doubt of [0.5, 0.05, 1e-9]) {
      const { lower, upper } = anytimeInterval({ failures, trials }, { doubt });
      const weight = (rate: number): number =>
        logOf(uniformMixture(failures, trials)) -
        logOf(likelihoodOf(failures, trials, fractionOf(rate))) +
        Math.log(doubt);
      for (const end of [lower, upper].filter((each) => each > 0 && each < 1 - 1e-3))
        assert.ok(Math.abs(weight(end)) < 1e-9, `${failures} of ${trials} at ${doubt}: ${end}`);
    }
});

test("a one-sided bound that may be watched is where the exact e-value reaches 1 / doubt", () => {
  for (const each of counts.filter(({ failures, trials }) => failures < trials)) {
    const upper = anytimeUpper(each, 0.95);
    const exact = logOf(uniformEValue(each, fractionOf(upper), "below"));
    if (upper < 1 - 1e-3)
      assert.ok(Math.abs(exact - Math.log(20)) < 1e-9, `${each.failures} of ${each.trials}: ${upper}`);
  }
});

test("McNemar's probabilities are those of throws of a coin", () => {
  const half = fractionOf(0.5);
  for (const [onlyOne, onlyOther] of [
    [0, 0],
    [1, 0],
    [2, 12],
    [12, 2],
    [9, 9],
    [80, 120],
    [0, 60],
  ] as const) {
    const items = onlyOne + onlyOther;
    const chance = (most: number): number => (most < 0 ? 0 : Math.exp(logOf(chanceOfAtMost(most, items, half))));
    const found = mcNemar({ both: 3, onlyOne, onlyOther, neither: 5 });
    const smaller = Math.min(onlyOne, onlyOther);
    assertClose(found.oneFailsLess, chance(onlyOne));
    assertClose(found.oneFailsMore, chance(onlyOther));
    assertClose(found.exact, Math.min(1, 2 * chance(smaller)));
    assertClose(found.midP, Math.min(1, chance(smaller) + chance(smaller - 1)));
  }
});

test("a swap test is the share of all ways to swap names that part the systems as far", () => {
  for (const gaps of [[1, 1, 1, -1], [3, -1, 2, 0, 5], [4], [], [2, 2, -2, 1, 1, -7, 3]]) {
    const clusters = gaps.map((gap) => ({
      both: 1,
      onlyOne: Math.max(gap, 0),
      onlyOther: Math.max(-gap, 0),
      neither: 2,
    }));
    const observed = Math.abs(gaps.reduce((sum, gap) => sum + gap, 0));
    let asFar = 0;
    for (let signs = 0; signs < 2 ** gaps.length; signs += 1) {
      const sum = gaps.reduce((all, gap, at) => all + ((signs >> at) % 2 === 0 ? gap : -gap), 0);
      if (Math.abs(sum) >= observed) asFar += 1;
    }
    assertClose(swapTest(clusters) ?? Number.NaN, asFar / 2 ** gaps.length);
  }
});

test("of clusters of one a swap test is McNemar's", () => {
  const one = { both: 0, onlyOne: 1, onlyOther: 0, neither: 0 };
  const other = { both: 0, onlyOne: 0, onlyOther: 1, neither: 0 };
  const clusters = [...Array.from({ length: 14 }, () => one), ...Array.from({ length: 5 }, () => other)];
  assertClose(swapTest(clusters) ?? Number.NaN, mcNemar({ both: 0, onlyOne: 14, onlyOther: 5, neither: 0 }).exact);
});

test("when a watched bet decides is what going through every course of trials says", () => {
  for (const side of ["below", "above"] as const)
    for (const [limit, rate, every] of [
      [0.6, 0.2, 1],
      [0.6, 0.6, 3],
      [0.2, 0.5, 1],
      [0.2, 0, 2],
    ] as const) {
      const watch = { bet: { limit, side }, level: 0.8, every, horizon: 14 };
      const found = decisionOf(watch, rate);
      const decided = everyCourse(watch, rate);
      assert.ok(Math.abs(found.chance - (decided.at(-1) ?? 0)) < 1e-12, `${side} ${limit} ${rate}`);
      const half = decided.findIndex((share) => share >= 0.5);
      assert.equal(found.trials.half, half === -1 ? null : half, `${side} ${limit} ${rate}`);
    }
});

/** By number of trials: the chance that the bet was won by then, over all 2^horizon courses. */
function everyCourse(watch: Watch, rate: number): readonly number[] {
  const decided = Array.from({ length: watch.horizon + 1 }, () => 0);
  for (let course = 0; course < 2 ** watch.horizon; course += 1) {
    const failed = Array.from({ length: watch.horizon }, (_, at) => (course >> at) % 2 === 1);
    const chance = failed.reduce((all, each) => all * (each ? rate : 1 - rate), 1);
    const wonAt = decided.findIndex((_, trials) => {
      if (trials === 0 || trials % watch.every !== 0) return false;
      const failures = failed.slice(0, trials).filter(Boolean).length;
      return logEValue({ failures, trials }, watch.bet) >= -Math.log(1 - 0.8);
    });
    for (const trials of wonAt === -1 ? [] : decided.keys())
      if (trials >= wonAt) decided[trials] = (decided[trials] ?? 0) + chance;
  }
  return decided;
}

test("the fewest trials with a power are the fewest of all", () => {
  for (const [limit, rate, power] of [
    [0.1, 0.02, 0.8],
    [0.45, 0.3, 0.9],
    [0.5, 0.1, 0.5],
    [0.45, 0.405, 0.7],
    [0.95, 0.855, 0.7],
    [0.05, 0, 0.99],
  ] as const) {
    const claim = { limit, confidence: 0.95 };
    const found = trialsForPower(claim, rate, power);
    let trials = 1;
    while (chanceToShow(trials, claim, rate) < power) trials += 1;
    assert.equal(found?.trials, trials);
    assert.ok(isShown(found ?? { failures: 0, trials: 0 }, claim));
  }
});

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= 1e-12 * Math.max(expected, 1e-300), `${actual} instead of ${expected}`);
}
