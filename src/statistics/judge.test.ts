import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, nat, property, tuple } from "fast-check";
import { clopperPearsonLower, clopperPearsonUpper, isShown } from "./binomial.ts";
import {
  correctedBounds,
  correctedInterval,
  correctedRate,
  doubtedBounds,
  doubtedClaim,
  halvedDoubt,
  type JudgedCounts,
} from "./judge.ts";

/** As called, of how many; caught, of how many failed; raised, of how many clean. */
function counts([judged, n, caught, failed, raised, clean]: readonly [
  number,
  number,
  number,
  number,
  number,
  number,
]): JudgedCounts {
  return {
    judged: { failures: judged, trials: n },
    failed: { failures: caught, trials: failed },
    clean: { failures: raised, trials: clean },
  };
}

test("estimates and intervals are those of the authors' own program", () => {
  const table = [
    [800, 1000, 180, 200, 30, 200, 0.866667, 0.811398, 0.931708],
    [50, 1000, 180, 200, 6, 200, 0.022989, 0, 0.051466],
    [10, 500, 80, 100, 1, 100, 0.012658, 0, 0.042433],
    [0, 500, 80, 100, 1, 100, 0, 0, 0.014059],
  ] as const;
  for (const [judged, n, caught, failed, raised, clean, rate, lower, upper] of table) {
    const given = counts([judged, n, caught, failed, raised, clean]);
    const found = correctedInterval(given, 0.95);
    for (const [actual, expected] of [
      [correctedRate(given), rate],
      [found.lower, lower],
      [found.upper, upper],
    ] as const)
      assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-6, `${actual} instead of ${expected}`);
  }
});

test("a judge that tells nothing leaves everything open", () => {
  const chance = counts([50, 100, 50, 100, 50, 100]);
  assert.equal(correctedRate(chance), null);
  assert.deepEqual(correctedBounds(chance, 0.95), { lower: 0, upper: 1, fits: true });
  assert.deepEqual(correctedInterval(counts([50, 100, 0, 100, 100, 100]), 0.95), { lower: 0, upper: 1 });
  assert.deepEqual(correctedBounds(counts([0, 0, 0, 0, 0, 0]), 0.95), { lower: 0, upper: 1, fits: true });
});

test("a judge known to be perfect leaves nearly the bound of the counts at a third of the doubt", () => {
  const { upper } = correctedBounds(counts([3, 200, 1e8, 1e8, 0, 1e8]), 0.95);
  assert.ok(Math.abs(upper - clopperPearsonUpper({ failures: 3, trials: 200 }, { doubt: 0.05 / 3 })) < 1e-6);
});

test("a calibration that no rate fits says so, and bounds nothing", () => {
  const odd = correctedBounds(counts([0, 10_000, 90, 100, 60, 100]), 0.95);
  assert.deepEqual(odd, { lower: 0, upper: 1, fits: false });
});

test("where they fit, more failures raise the bounds, and a better known judge narrows them", () => {
  check(
    property(tuple(nat({ max: 299 }), nat({ max: 60 }), nat({ max: 60 })), ([judged, caught, raised]) => {
      const less = correctedBounds(counts([judged, 300, caught, 60, raised, 60]), 0.95);
      const more = correctedBounds(counts([judged + 1, 300, caught, 60, raised, 60]), 0.95);
      assert.ok(less.lower <= less.upper);
      if (less.fits && more.fits) assert.ok(more.upper >= less.upper - 1e-12 && more.lower >= less.lower - 1e-12);
      const surer = correctedBounds(counts([judged, 300, caught * 10, 600, raised * 10, 600]), 0.95);
      if (surer.fits && less.fits) assert.ok(surer.upper <= less.upper + 1e-12);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test("the exact bound lies below the true rate no more often than the doubt allows, for any judge", () => {
  // All counts together, weighted by their chances: 30 trials, 20 calibration trials on each side.
  for (const [rate, sensitivity, specificity] of [
    [0.05, 0.9, 0.95],
    [0.3, 0.6, 0.7],
    [0.3, 1, 1],
  ] as const) {
    const called = rate * sensitivity + (1 - rate) * (1 - specificity);
    const calibrations = points(20, sensitivity).flatMap(([caught, p]) =>
      points(20, 1 - specificity).map(([raised, q]) => ({ caught, raised, chance: p * q })),
    );
    const missed = points(30, called)
      .flatMap(([judged, p]) => calibrations.map((one) => ({ ...one, judged, chance: one.chance * p })))
      .filter(
        ({ judged, caught, raised }) => correctedBounds(counts([judged, 30, caught, 20, raised, 20]), 0.8).upper < rate,
      )
      .reduce((sum, { chance }) => sum + chance, 0);
    assert.ok(missed <= 0.2, `missed ${missed} at ${rate}, ${sensitivity}, ${specificity}`);
  }
});

/** Clusters called, of how many; of calibration answers caught, of how many failed; raised, of how many clean; at `level`. */
function doubtedOf(
  numbers: Parameters<typeof counts>[0],
  level: number,
  { unknown = 0, answersMax = 1 }: { readonly unknown?: number; readonly answersMax?: number } = {},
): ReturnType<typeof doubtedBounds> {
  const { judged, failed, clean } = counts(numbers);
  const half = halvedDoubt(level);
  const against = { failures: judged.failures + unknown, trials: judged.trials };
  const called = { upper: clopperPearsonUpper(against, half), lower: clopperPearsonLower(judged, half) };
  return doubtedBounds({ called, failed, clean, answersMax }, level);
}

test("a grader's doubt never makes a claim easier: what it may have missed is added to a bound, and nothing is taken off", () => {
  check(
    property(tuple(nat({ max: 300 }), nat({ max: 60 }), nat({ max: 60 })), ([called, caught, raised]) => {
      const { upper, lower } = doubtedOf([called, 300, caught, 60, raised, 60], 0.95);
      const plain = { failures: called, trials: 300 };
      assert.ok(upper >= clopperPearsonUpper(plain, 0.95) && lower <= clopperPearsonLower(plain, 0.95));
      assert.ok(lower >= 0 && lower <= upper && upper <= 1);
    }),
    { seed: 12, numRuns: 300 },
  );
});

test("the bound with a grader's misses is half of the doubt on the counts, and half on what it finds", () => {
  const { upper } = doubtedOf([20, 229, 131, 135, 0, 100], 0.95, { unknown: 3 });
  const called = clopperPearsonUpper({ failures: 23, trials: 229 }, 0.975);
  const found = clopperPearsonLower({ failures: 131, trials: 135 }, 0.975);
  assert.ok(Math.abs(upper - called / found) < 1e-12);
});

test("the counts show the doubted claim exactly where the doubted bound is at or below the limit", () => {
  for (let called = 0; called <= 60; called += 1) {
    const claim = doubtedClaim({ limit: 0.2, confidence: 0.95 }, { failures: 131, trials: 135 });
    assert.ok(claim !== undefined);
    const { upper } = doubtedOf([called, 229, 131, 135, 0, 100], 0.95);
    assert.equal(isShown({ failures: called, trials: 229 }, claim), upper <= 0.2, `${called}`);
  }
});

test("a grader that found nothing bounds nothing from above, and one that raises everything nothing from below", () => {
  assert.equal(doubtedOf([0, 200, 0, 50, 0, 50], 0.95).upper, 1);
  assert.equal(doubtedClaim({ limit: 0.2, confidence: 0.95 }, { failures: 0, trials: 50 }), undefined);
  assert.equal(doubtedOf([200, 200, 50, 50, 50, 50], 0.95).lower, 0);
  assert.equal(doubtedOf([200, 200, 50, 50, 20, 50], 0.95, { answersMax: 5 }).lower, 0);
});

/** How often each doubted bound misses, of 20 clusters and 20 calibration answers on each side: all counts, by their chances. */
function doubtedMisses(
  [rate, sensitivity, raised]: readonly [number, number, number],
  { called, answersMax }: { readonly called: number; readonly answersMax: number },
): { readonly upper: number; readonly lower: number } {
  const calibrations = points(20, sensitivity).flatMap(([caught, p]) =>
    points(20, raised).map(([wrong, q]) => ({ caught, wrong, chance: p * q })),
  );
  const all = points(20, called).flatMap(([judged, p]) =>
    calibrations.map(({ caught, wrong, chance }) => ({
      ...doubtedOf([judged, 20, caught, 20, wrong, 20], 0.8, { answersMax }),
      chance: chance * p,
    })),
  );
  const chanceOf = (some: typeof all): number => some.reduce((sum, { chance }) => sum + chance, 0);
  return {
    upper: chanceOf(all.filter(({ upper }) => upper < rate)),
    lower: chanceOf(all.filter(({ lower }) => lower > rate)),
  };
}

test("doubted bounds miss no more often than they may, also of clusters whose answers are misjudged together", () => {
  // In a failed cluster a single answer failed, which is the hardest to find.
  for (const [rate, sensitivity, raised, answersMax] of [
    [0.3, 0.6, 0.02, 3],
    [0.1, 0.9, 0.1, 1],
    [0.5, 0.9, 0.05, 4],
  ] as const)
    for (const falselyCalled of [raised, 1 - (1 - raised) ** answersMax]) {
      const called = rate * sensitivity + (1 - rate) * falselyCalled;
      const missed = doubtedMisses([rate, sensitivity, raised], { called, answersMax });
      assert.ok(missed.upper <= 0.2 && missed.lower <= 0.2, `${JSON.stringify(missed)} at ${rate}, ${sensitivity}`);
    }
});

/** Numbers of failures that are not next to impossible, with their chances. */
function points(trials: number, rate: number): readonly (readonly [number, number])[] {
  let chance = (1 - rate) ** trials;
  const all: (readonly [number, number])[] = [];
  for (let k = 0; k <= trials; k += 1) {
    all.push([k, rate === 1 ? Number(k === trials) : chance]);
    chance *= ((trials - k) / (k + 1)) * (rate / (1 - rate));
  }
  return all.filter(([, each]) => each > 1e-6);
}
