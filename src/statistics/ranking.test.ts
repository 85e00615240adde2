import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { type Area, type Ranked, areaOf, scoreAtShare } from "./ranking.ts";

function ranked(harmful: readonly number[], benign: readonly number[]): Ranked[] {
  return [
    ...harmful.map((score) => ({ score, isHarmful: true })),
    ...benign.map((score) => ({ score, isHarmful: false })),
  ];
}

function area(rows: readonly Ranked[]): Area {
  const found = areaOf(rows, 0.95);
  assert.ok(found !== undefined);
  return found;
}

describe("the area under the curve", () => {
  test("and its interval are those worked out by hand", () => {
    // Areas of the harmful ½ and 1, of the benign 1 and ½: variances ⅛ and ⅛, so the deviation is √⅛.
    const found = area(ranked([1, 3], [0, 2]));
    assert.equal(found.area, 0.75);
    const reach = (1.959963985 * Math.sqrt(1 / 8)) / (0.75 * 0.25);
    assert.ok(Math.abs(found.lower - 1 / (1 + Math.exp(reach - Math.log(3)))) < 1e-9);
    assert.ok(Math.abs(found.upper - 1 / (1 + Math.exp(-reach - Math.log(3)))) < 1e-9);
  });

  test("counts equal scores half", () => {
    assert.equal(area(ranked([1, 1], [1, 1])).area, 0.5);
    assert.equal(area(ranked([1, 2], [1, 0])).area, 0.875);
  });

  test("that is whole has the interval of as many rows as the smaller side", () => {
    const found = area(ranked([5, 6, 7, 8], [1, 2]));
    assert.deepEqual([found.area, found.upper, found.lower.toFixed(6)], [1, 1, Math.sqrt(0.025).toFixed(6)]);
  });

  test("has a wider interval where every row stands there four times over, if that is said", () => {
    const rows = ranked([1, 3, 4, 6], [0, 2, 3, 5]);
    const often = rows.flatMap((row, at) => [1, 2, 3, 4].map(() => ({ ...row, cluster: String(at) })));
    const [once, clustered, taken] = [area(rows), area(often), area([1, 2, 3, 4].flatMap(() => rows))];
    assert.ok(Math.abs(once.area - clustered.area) < 1e-12 && Math.abs(once.lower - clustered.lower) < 1e-12);
    assert.ok(taken.lower > once.lower && taken.upper < once.upper);
  });

  test("is one less itself where labels are swapped, with the interval swapped too", () => {
    const scores = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(scores, scores, (harmful, benign) => {
        const [there, back] = [area(ranked(harmful, benign)), area(ranked(benign, harmful))];
        assert.ok(Math.abs(there.area + back.area - 1) < 1e-12);
        assert.ok(there.lower <= there.area && there.area <= there.upper);
        assert.ok(Math.abs(there.lower + back.upper - 1) < 1e-9);
      }),
      { seed: 3 },
    );
  });

  test("of one label alone is none", () => {
    assert.equal(areaOf(ranked([1], []), 0.95), undefined);
  });
});

describe("the score at a share of the benign", () => {
  test("is the least that no more of them reach", () => {
    const benign = [0, 0, 0, 1, 2, 3, 4, 5, 6, 7];
    assert.equal(scoreAtShare(benign, 0.2), 6);
    assert.equal(scoreAtShare(benign, 0.7), 1);
    assert.equal(scoreAtShare(benign, 0.05), Infinity, "one of ten is more than that");
    assert.equal(scoreAtShare(benign, 1), -Infinity);
    assert.equal(scoreAtShare([1, 1, 1, 1], 0.5), Infinity, "equal ones are flagged together");
  });

  test("flags no more than the share, and would with the next lower score", () => {
    const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (benign, share) => {
        const least = scoreAtShare(benign, share);
        const flagged = (from: number): number => benign.filter((score) => score >= from).length / benign.length;
        assert.ok(flagged(least) <= share);
        const lower = Math.max(...benign.filter((score) => score < least));
        if (Number.isFinite(lower)) assert.ok(flagged(lower) > share);
      }),
      { seed: 4 },
    );
  });
});
