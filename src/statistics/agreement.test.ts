import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { type Agreement, type Variants, agreementOf, overall } from "./agreement.ts";
import { meanInterval } from "./bounded-mean.ts";

function variants(stopped: number, passed: number, unknown = 0): Variants {
  return { stopped, passed, unknown };
}

function agreement(all: readonly Variants[]): Agreement {
  const found = agreementOf(all, 0.95);
  assert.ok(found !== undefined);
  return found;
}

describe("agreement", () => {
  test("is what is worked out by hand of four requests in three wordings", () => {
    // Pairs that agree: 3 of 3, 3 of 3, 1 of 3, 1 of 3. Alpha: 1 − (1/3) / (70/132), with 7 stopped and 5 passed of 12.
    const found = agreement([variants(3, 0), variants(0, 3), variants(2, 1), variants(2, 1)]);
    assert.deepEqual([found.behaviours, found.variants, found.stopped, found.same.count], [4, 12, 7, 2]);
    assert.ok(Math.abs(found.pairs.mean - 2 / 3) < 1e-12);
    assert.ok(Math.abs((found.beyondChance ?? 0) - (1 - 1 / 3 / (70 / 132))) < 1e-12);
    // Clopper-Pearson of 2 of 4.
    assert.deepEqual([found.same.lower.toFixed(4), found.same.upper.toFixed(4)], ["0.0676", "0.9324"]);
  });

  test("beyond chance is Krippendorff's alpha of his worked binary example, two observers and ten units", () => {
    const both = [
      [0, 1], [1, 1], [0, 1], [0, 0], [0, 0], [0, 1], [0, 0], [0, 0], [1, 0], [0, 0],
    ] as const; // oxfmt-ignore
    const units = both.map(([one, other]) => variants(one + other, 2 - one - other));
    assert.equal(agreement(units).beyondChance?.toFixed(3), "0.095");
  });

  test("of verdicts that are all the same it is whole, and nothing is said of chance", () => {
    const found = agreement([variants(0, 2), variants(0, 5)]);
    assert.deepEqual([found.same.count, found.pairs.mean, found.beyondChance], [2, 1, null]);
    assert.ok(found.pairs.lower < 0.2, "two requests show little");
  });

  test("a variant that nobody could judge agrees with no other, not even with another such", () => {
    assert.equal(agreement([variants(0, 0, 4)]).pairs.mean, 0);
    assert.equal(agreement([variants(2, 0, 1)]).pairs.mean, 1 / 3);
    assert.equal(agreement([variants(0, 0, 2), variants(2, 0)]).same.count, 1);
  });

  test("requests in one wording only say nothing", () => {
    assert.equal(agreementOf([variants(1, 0), variants(0, 1)], 0.95), undefined);
    assert.equal(agreement([variants(1, 0), variants(1, 1)]).behaviours, 1);
  });

  test("more doubt never makes it greater, and its interval has it within", () => {
    const counts = fc.nat({ max: 6 });
    const some = fc.array(fc.record({ stopped: counts, passed: counts, unknown: counts }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(some, (all) => {
        const found = agreementOf(all, 0.95);
        if (found === undefined) return;
        assert.ok(found.pairs.lower <= found.pairs.mean && found.pairs.mean <= found.pairs.upper);
        assert.ok(found.same.count / found.behaviours <= found.pairs.mean + 1e-12);
        const doubted = all.map(({ stopped, passed, unknown }) =>
          stopped > 0 ? variants(stopped - 1, passed, unknown + 1) : variants(stopped, passed, unknown),
        );
        assert.ok((agreementOf(doubted, 0.95)?.pairs.mean ?? 0) <= found.pairs.mean + 1e-12);
      }),
      { seed: 11 },
    );
  });
});

describe("one number for all dimensions", () => {
  test("is the mean of theirs, with what each allows at their shared confidence", () => {
    const one = agreement([variants(3, 0), variants(0, 3)]);
    const other = agreement([variants(1, 1), variants(2, 0), variants(1, 1), variants(0, 2)]);
    const found = overall([one, other], 0.95);
    assert.equal(found.mean, 0.75);
    const [left, right] = [meanInterval(1, 2, 0.975), meanInterval(0.5, 4, 0.975)];
    assert.ok(Math.abs(found.lower - (left.lower + right.lower) / 2) < 1e-12);
    assert.ok(Math.abs(found.upper - (left.upper + right.upper) / 2) < 1e-12);
  });

  test("of no dimension is no number, and rules nothing out", () => {
    assert.deepEqual(overall([], 0.95), { mean: Number.NaN, lower: 0, upper: 1 });
  });
});
