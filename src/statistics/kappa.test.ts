import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as holds, integer, nat, property } from "fast-check";
import { type AgreementTable, cohensKappa } from "./kappa.ts";

const seed = 20_261_130;

function near(one: number | undefined, other: number): void {
  assert.ok(one !== undefined && Math.abs(one - other) < 1e-9, `${one} and ${other}`);
}

/** Table, kappa, and its interval at 95 %: statsmodels 0.14, `cohens_kappa`; the second is of Fleiss' textbook (0.68, error 0.087). */
const references = [
  {
    table: [
      [20, 5],
      [10, 15],
    ],
    kappa: 0.3999999999999999,
    interval: [0.151092290476661, 0.6489077095233389],
  },
  {
    table: [
      [75, 1, 4],
      [5, 4, 1],
      [0, 0, 10],
    ],
    kappa: 0.676470588235294,
    interval: [0.5045759580860855, 0.8483652183845026],
  },
  {
    table: [
      [30, 3, 1, 0],
      [2, 40, 4, 1],
      [0, 5, 50, 2],
      [1, 0, 2, 6],
    ],
    kappa: 0.7928326957922286,
    interval: [0.7111803716343635, 0.8744850199500936],
  },
] as const;

test("kappa and its usual interval are those of a known program", () => {
  for (const { table, kappa, interval } of references) {
    const got = cohensKappa(table, 0.95);
    near(got.kappa ?? undefined, kappa);
    near(got.interval?.lower, interval[0]);
    near(got.interval?.upper, interval[1]);
  }
});

test("where nothing is beyond chance there is no kappa, and where two always agree no usual interval", () => {
  assert.deepEqual(
    cohensKappa(
      [
        [0, 0],
        [0, 0],
      ],
      0.95,
    ),
    {
      pairs: 0,
      agreed: null,
      kappa: null,
      interval: null,
      bounds: { lower: -1, upper: 1 },
    },
  );
  const same = cohensKappa(
    [
      [40, 0],
      [0, 0],
    ],
    0.95,
  );
  assert.deepEqual([same.kappa, same.interval, same.agreed], [null, null, 1]);
  const agreed = cohensKappa(
    [
      [20, 0],
      [0, 20],
    ],
    0.95,
  );
  assert.deepEqual([agreed.kappa, agreed.interval], [1, null]);
  assert.ok(agreed.bounds.lower < 0.9 && agreed.bounds.upper === 1);
});

const tables = integer({ min: 2, max: 4 }).chain((size) => {
  const row = array(nat({ max: 60 }), { minLength: size, maxLength: size });
  return array(row, { minLength: size, maxLength: size });
});

test("kappa is the same whoever of the two comes first, lies in its bounds, and these narrow with more of the same", () => {
  holds(
    property(tables, (table) => {
      const turned = table.map((_, at) => table.map((row) => row[at] ?? 0));
      const [one, other] = [cohensKappa(table, 0.95), cohensKappa(turned, 0.95)];
      const more = cohensKappa(
        table.map((row) => row.map((count) => count * 10)),
        0.95,
      );
      assert.equal(one.kappa === null, other.kappa === null);
      if (one.kappa === null || more.kappa === null) return;
      near(other.kappa ?? undefined, one.kappa);
      near(more.kappa, one.kappa);
      assert.ok(one.bounds.lower <= one.kappa + 1e-12 && one.bounds.upper >= one.kappa - 1e-12);
      assert.ok(more.bounds.lower >= one.bounds.lower - 1e-12 && more.bounds.upper <= one.bounds.upper + 1e-12);
      assert.ok(one.bounds.lower >= -1 && one.bounds.upper <= 1);
    }),
    { seed, numRuns: 300 },
  );
});

/** A generator of our own, so that every run draws the same. */
function* uniform(): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

function drawTable(truth: AgreementTable, pairs: number, draw: Generator<number, never>): AgreementTable {
  const table = truth.map((row) => row.map(() => 0));
  for (let pair = 0; pair < pairs; pair += 1) {
    let left = draw.next().value;
    const cells = truth.flatMap((row, i) => row.map((share, j) => ({ i, j, share })));
    const cell = cells.find(({ share }) => (left -= share) < 0) ?? { i: 0, j: 0 };
    const row = table[cell.i];
    if (row !== undefined) row[cell.j] = (row[cell.j] ?? 0) + 1;
  }
  return table;
}

/** Of 200 draws of so many pairs, how often the true kappa lay outside. */
function missedOf(truth: AgreementTable, pairs: number, draw: Generator<number, never>): number {
  const millions = truth.map((row) => row.map((share) => Math.round(share * 1_000_000)));
  const whole = cohensKappa(millions, 0.95).kappa ?? Number.NaN;
  const all = Array.from({ length: 200 }, () => cohensKappa(drawTable(truth, pairs, draw), 0.95).bounds);
  return all.filter(({ lower, upper }) => !(whole >= lower && whole <= upper)).length;
}

test("the bounds hold the true kappa in far more than 95 of 100 draws, few pairs and rare words included", () => {
  const draw = uniform();
  const truths = [
    [
      [0.9, 0.02],
      [0.03, 0.05],
    ],
    [
      [0.3, 0.1],
      [0.1, 0.5],
    ],
    [
      [0.25, 0.25],
      [0.25, 0.25],
    ],
    [
      [0.94, 0.01, 0.01],
      [0.01, 0.01, 0.005],
      [0.005, 0.005, 0.005],
    ],
  ];
  for (const truth of truths) {
    for (const pairs of [5, 20, 100]) {
      const missed = missedOf(truth, pairs, draw);
      assert.ok(missed <= 10, `${missed} of 200 missed, ${pairs} pairs`);
    }
  }
});
