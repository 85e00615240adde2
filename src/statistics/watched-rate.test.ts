import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, array, constantFrom, integer, property, record, tuple } from "fast-check";
import { Failure } from "../terms/failure.ts";
import { clopperPearson } from "./binomial.ts";
import { logEValue, uniform } from "./evalue.ts";
import { anytimeLower, anytimeUpper } from "./sequence.ts";
import {
  graderOf,
  logWatchedEValue,
  nothingWatched,
  observe,
  resolve,
  sureGrader,
  watchedBounds,
  watchVerdict,
  weightsMax,
  type GraderBounds,
  type Label,
  type Watch,
  type Watched,
} from "./watched-rate.ts";

const sides = ["above", "below"] as const;
const nearTheEnds = { a: 0.5, b: 0.5 };
const erring: GraderBounds = { sensitivity: { lower: 0.8, upper: 0.95 }, specificity: { lower: 0.97, upper: 0.995 } };
/** The grader that is as bad as its interval allows for one side of a watch. */
const worst = { above: { found: 0.95, raised: 1 - 0.97 }, below: { found: 0.8, raised: 1 - 0.995 } };

function fullyWatched(failed: number, clean: number, unknown = 0): Watched {
  return [{ weight: 1, failed, clean, unknown }];
}

test("where every exchange is drawn and the grader is sure, a watch is evalue.ts to the last digits", () => {
  for (const [failures, trials, side, expected] of [
    [0, 300, "below", 6.44556],
    [0, 458, "below", 21.5247],
    [1, 1000, "below", 228.981],
    [3, 20, "above", 50.0518],
    [2, 20, "above", 3.03008],
    [5, 100, "above", 3.44931],
  ] as const) {
    const watch = { side, limit: 0.01, weightMin: 1, grader: sureGrader, prior: uniform };
    const found = logWatchedEValue(fullyWatched(failures, trials - failures), watch);
    assert.ok(Math.abs(Math.exp(found) / expected - 1) < 3e-6, `${failures} of ${trials}: ${Math.exp(found)}`);
    assert.ok(Math.abs(found - logEValue({ failures, trials }, { limit: 0.01, side })) <= 1e-12);
    const usual = logWatchedEValue(fullyWatched(failures, trials - failures), { ...watch, prior: nearTheEnds });
    assert.ok(Math.abs(usual - logEValue({ failures, trials }, { limit: 0.01, side, prior: nearTheEnds })) <= 1e-12);
    // Drawn with one and the same chance, those that were drawn say as much.
    const drawn = [{ weight: 0.05, failed: failures, clean: trials - failures, unknown: 0 }];
    assert.ok(Math.abs(logWatchedEValue(drawn, { ...watch, weightMin: 0.05 }) - found) <= 1e-12);
  }
});

test("where they are drawn with two chances that are all but alike, it is so too, by the other way to work it out", () => {
  const bets = [uniform, nearTheEnds, { a: 1, b: 0.5 }].flatMap((prior) =>
    [1e-6, 0.01, 0.5, 0.97].flatMap((limit) => sides.map((side) => ({ limit, side, prior }))),
  );
  for (const bet of bets)
    for (const [failures, trials] of [
      [0, 0],
      [0, 300],
      [3, 20],
      [40, 40],
      [900, 20_000],
    ] as const) {
      const alike = [
        { weight: 0.5, failed: failures, clean: trials - failures, unknown: 0 },
        { weight: 0.5 + 1e-16, failed: 0, clean: 0, unknown: 0 },
      ];
      const found = logWatchedEValue(alike, { ...bet, weightMin: 0.5 - 1e-16, grader: sureGrader });
      const expected = logEValue({ failures, trials }, bet);
      const allowed = 1e-12 * Math.max(1, Math.abs(expected), trials / 100);
      const what = `${failures} of ${trials}, ${JSON.stringify(bet)}: ${found}, ${expected}`;
      assert.ok(Math.abs(found - expected) < allowed, what);
    }
});

test("its bounds are then those of sequence.ts, each at half of the doubt", () => {
  for (const [failures, trials] of [
    [0, 50],
    [1, 50],
    [15, 50],
    [50, 50],
    [5, 1000],
  ] as const) {
    const seen = { weightMin: 1, grader: sureGrader, prior: uniform };
    const found = watchedBounds(fullyWatched(failures, trials - failures), seen, 0.9);
    assert.ok(Math.abs(found.lower - anytimeLower({ failures, trials }, 0.95)) < 1e-12, `${failures} of ${trials}`);
    assert.ok(Math.abs(found.upper - anytimeUpper({ failures, trials }, 0.95)) < 1e-12, `${failures} of ${trials}`);
  }
  assert.deepEqual(watchedBounds(nothingWatched, { weightMin: 0.1, grader: sureGrader }, 0.95), { lower: 0, upper: 1 });
});

const rows = array(
  record({
    weight: constantFrom(0.05, 0.1, 0.3, 0.5, 1),
    failed: integer({ min: 0, max: 30 }),
    clean: integer({ min: 0, max: 3000 }),
    unknown: integer({ min: 0, max: 10 }),
  }),
  { maxLength: 4 },
).map((some): Watched => some.filter((row, at) => some.findIndex((each) => each.weight === row.weight) === at));
const watches = tuple(
  integer({ min: 1, max: 999 }),
  constantFrom(...sides),
  constantFrom(sureGrader, erring),
  constantFrom(uniform, nearTheEnds, { a: 1, b: 0.5 }),
).map(([perMille, side, grader, prior]): Watch => ({ limit: perMille / 1000, side, weightMin: 0.05, grader, prior }));

test("a stake is expected to stay what it is where the rate is at the limit and the grader at its worst, and to shrink beyond", () => {
  check(
    property(rows, watches, constantFrom(0.05, 0.3, 1), (watched, watch, weight) => {
      const now = logWatchedEValue(watched, watch);
      const after = (label: Label): number =>
        Math.exp(logWatchedEValue(observe(watched, { weight, label }), watch) - now);
      const [failed, clean] = [after("failed"), after("clean")];
      // With the chance weight it is drawn; where it is not, the stake stays. What is left is the expectation if it was drawn.
      const expected = (rate: number, { found, raised }: typeof worst.above): number => {
        const called = rate * found + (1 - rate) * raised;
        return called * failed + (1 - called) * clean;
      };
      const grader = watch.grader === sureGrader ? { found: 1, raised: 0 } : worst[watch.side];
      const { limit, side } = watch;
      assert.ok(Math.abs(expected(limit, grader) - 1) < 1e-9, `${expected(limit, grader)}`);
      const beyond = side === "above" ? limit / 2 : (1 + limit) / 2;
      assert.ok(expected(beyond, grader) < 1);
      if (watch.grader === erring) {
        assert.ok(expected(limit, { found: 0.9, raised: 0.01 }) < 1);
        assert.ok(expected(beyond, { found: 0.9, raised: 0.01 }) < 1);
      }
    }),
    { seed: 31, numRuns: 400 },
  );
});

test("a stake is a number, and moves the right way with each label; what is unknown is read against the claim", () => {
  check(
    property(rows, watches, constantFrom(0.05, 0.1, 1), (watched, watch, weight) => {
      const now = logWatchedEValue(watched, watch);
      assert.ok(Number.isFinite(now), `${now}`);
      const after = (label: Label): number => logWatchedEValue(observe(watched, { weight, label }), watch);
      const [failed, clean, unknown] = [after("failed"), after("clean"), after("unknown")];
      const slack = 1e-9;
      const [better, worse] = watch.side === "above" ? [failed, clean] : [clean, failed];
      assert.ok(better >= now - slack && worse <= now + slack);
      assert.ok(Math.abs(unknown - worse) <= slack);
    }),
    { seed: 32, numRuns: 400 },
  );
});

test("a stake falls as the limit moves away from what was seen, and with a wider interval of the grader", () => {
  check(
    property(rows, watches, integer({ min: 1, max: 999 }), (watched, watch, perMille) => {
      const other = { ...watch, limit: perMille / 1000 };
      const [low, high] = watch.limit <= other.limit ? [watch, other] : [other, watch];
      const [nearer, farther] = watch.side === "above" ? [low, high] : [high, low];
      assert.ok(logWatchedEValue(watched, nearer) >= logWatchedEValue(watched, farther) - 1e-9);
      const wider = {
        ...watch,
        grader: { sensitivity: { lower: 0.5, upper: 1 }, specificity: { lower: 0.9, upper: 1 } },
      };
      assert.ok(logWatchedEValue(watched, wider) <= logWatchedEValue(watched, watch) + 1e-9);
    }),
    { seed: 33, numRuns: 400 },
  );
});

test("bounds lie in order, hold the limit out where its stake has won, and widen with unknown ones", () => {
  check(
    property(rows, watches, (watched, watch) => {
      const { lower, upper } = watchedBounds(watched, watch, 0.9);
      assert.ok(lower >= 0 && upper <= 1, `${lower} to ${upper}`);
      const hasWon = logWatchedEValue(watched, watch) >= Math.log(20) + 1e-9;
      if (hasWon) assert.ok(watch.side === "above" ? lower >= watch.limit - 1e-9 : upper <= watch.limit + 1e-9);
      const less = watchedBounds(observe(watched, { weight: 0.3, label: "unknown" }), watch, 0.9);
      assert.ok(less.lower <= lower + 1e-9 && less.upper >= upper - 1e-9);
    }),
    { seed: 34, numRuns: 40 },
  );
});

test("labels may come late and in any order, and what is kept is plain JSON", () => {
  const course = array(tuple(constantFrom(0.05, 0.2, 1), constantFrom("failed", "clean")), { maxLength: 60 });
  check(
    property(course, (exchanges) => {
      const atOnce = exchanges.reduce((all, [weight, label]) => observe(all, { weight, label }), nothingWatched);
      const drawn = exchanges.reduce((all, [weight]) => observe(all, { weight, label: "unknown" }), nothingWatched);
      const late = exchanges
        .toReversed()
        .reduce<Watched>((all, [weight, label]) => resolve(all, { weight, label }), drawn);
      assert.deepEqual(late, atOnce);
      assert.deepEqual(JSON.parse(JSON.stringify(late)), atOnce);
      for (const side of sides) {
        const watch = { side, limit: 0.02, weightMin: 0.05, grader: erring };
        assert.ok(logWatchedEValue(drawn, watch) <= logWatchedEValue(atOnce, watch) + 1e-9);
      }
    }),
    { seed: 35, numRuns: 200 },
  );
});

test("a grader that tells nothing decides nothing", () => {
  const blind = { sensitivity: { lower: 0, upper: 1 }, specificity: { lower: 0, upper: 1 } };
  const watched = fullyWatched(300, 500);
  for (const side of sides)
    assert.equal(logWatchedEValue(watched, { side, limit: 0.3, weightMin: 1, grader: blind }), 0);
  assert.deepEqual(watchedBounds(watched, { weightMin: 1, grader: blind }, 0.95), { lower: 0, upper: 1 });
});

test("a grader that calls clean ones failed more often than failed ones never moves a stake its way", () => {
  // At the worst all of them are clean, and nine in ten called failed: ninety of a hundred say nothing.
  const upsideDown = { sensitivity: { lower: 0.1, upper: 0.2 }, specificity: { lower: 0.1, upper: 0.15 } };
  const watch = { limit: 0.01, weightMin: 1, grader: upsideDown };
  assert.ok(logWatchedEValue(fullyWatched(90, 10), { ...watch, side: "above" }) < 0);
  assert.ok(logWatchedEValue(fullyWatched(10, 90), { ...watch, side: "below" }) < 0);
});

test("verdicts: rolled back at ten times the limit, may widen where it is clean, held while labels are missing", () => {
  const seen = { limit: 0.01, weightMin: 1, grader: sureGrader };
  const doubts = { rollBack: 0.05, widen: 0.05 };
  assert.equal(watchVerdict(fullyWatched(10, 90), seen, doubts), "roll-back");
  assert.equal(watchVerdict(fullyWatched(0, 377), seen, doubts), "may-widen");
  assert.equal(watchVerdict(fullyWatched(0, 376), seen, doubts), "hold");
  assert.equal(watchVerdict(fullyWatched(0, 377, 1), seen, doubts), "hold");
  assert.equal(watchVerdict(nothingWatched, seen, doubts), "hold");
});

test("a grader's interval has the doubt of its calibration", () => {
  const { sensitivity, specificity } = graderOf({ failures: 90, trials: 100 }, { failures: 4, trials: 200 }, 0.01);
  assert.deepEqual(sensitivity, clopperPearson({ failures: 90, trials: 100 }, { doubt: 0.01 }));
  assert.deepEqual(specificity, clopperPearson({ failures: 196, trials: 200 }, { doubt: 0.01 }));
  assert.deepEqual(graderOf({ failures: 0, trials: 0 }, { failures: 0, trials: 0 }, 0.01), {
    sensitivity: { lower: 0, upper: 1 },
    specificity: { lower: 0, upper: 1 },
  });
});

/** Exchanges of which one in ten looks suspicious: those are all drawn, of the others one in ten, and harm is where suspicion is. */
const runs = 500;
const kinds = {
  suspicious: { share: 0.1, weight: 1, harm: 5 },
  plain: { share: 0.9, weight: 0.1, harm: 5 / 9 },
};

interface Simulated {
  readonly watch: Watch;
  readonly rate: number;
  readonly found: number;
  readonly raised: number;
}

/** How many of `runs` runs of 1500 exchanges reached a stake of 20 at some time; where no chance is told, none is weighed. */
function alarms({ watch, rate, found, raised }: Simulated): number {
  let seed = 20_261_130;
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const helps = watch.side === "above" ? "failed" : "clean";
  const hasReached = (): boolean => {
    let watched = nothingWatched;
    for (let at = 0; at < 1500; at += 1) {
      const kind = random() < kinds.suspicious.share ? kinds.suspicious : kinds.plain;
      const label = random() < (random() < rate * kind.harm ? found : raised) ? "failed" : "clean";
      if (random() >= kind.weight) continue;
      watched = observe(watched, { weight: watch.weightMin === 1 ? 1 : kind.weight, label });
      // A stake reaches a new height only with a label that helps it.
      const isLook = label === helps && (watch.side === "above" || at % 20 === 0);
      if (isLook && logWatchedEValue(watched, watch) >= Math.log(20)) return true;
    }
    return false;
  };
  return Array.from({ length: runs }, hasReached).filter(Boolean).length;
}

test("watched at all times, with the rate at the limit and the grader at its worst, it alarms no oftener than promised", (t) => {
  const seen = { limit: 0.1, weightMin: 0.1, grader: erring };
  const above = alarms({ watch: { ...seen, side: "above" }, rate: 0.1, ...worst.above });
  const below = alarms({ watch: { ...seen, side: "below" }, rate: 0.1, ...worst.below });
  const blurred = alarms({ watch: { ...seen, side: "above", weightMin: 1 }, rate: 0.1, ...worst.above });
  const kinder = alarms({ watch: { ...seen, side: "below", grader: sureGrader }, rate: 0.1, ...worst.below });
  t.diagnostic(
    `of ${runs} runs: above ${above}, below ${below}; without weights ${blurred}, grader taken as sure ${kinder}`,
  );
  assert.ok(above <= 0.05 * runs, `above: ${above} of ${runs}`);
  assert.ok(below <= 0.05 * runs, `below: ${below} of ${runs}`);
  assert.ok(blurred > 0.05 * runs, "exchanges drawn for their looks, counted as if all were alike, alarm too often");
  assert.ok(kinder > 0.05 * runs, "a grader that misses one in five, taken at its word, widens too often");
});

test("the same, away from the limit, finds what is there", () => {
  const seen = { limit: 0.1, weightMin: 0.1, grader: erring };
  const above = alarms({ watch: { ...seen, side: "above" }, rate: 0.28, found: 0.9, raised: 0.01 });
  const below = alarms({ watch: { ...seen, side: "below" }, rate: 0.005, found: 0.9, raised: 0.01 });
  assert.ok(above > 0.8 * runs, `above: ${above} of ${runs}`);
  assert.ok(below > 0.8 * runs, `below: ${below} of ${runs}`);
});

test("bad input is request_invalid", () => {
  const watch: Watch = { side: "above", limit: 0.01, weightMin: 0.1, grader: sureGrader };
  const many = Array.from({ length: weightsMax }, (_, at) => ({
    weight: (at + 1) / 100,
    failed: 0,
    clean: 1,
    unknown: 0,
  }));
  const bad: (() => unknown)[] = [
    ...[0, -1, 1.1, 1e-9, Number.NaN, Infinity].map((weight) => () => observe([], { weight, label: "clean" })),
    () => observe(many, { weight: 0.9, label: "clean" }),
    () => resolve(fullyWatched(1, 1, 0), { weight: 1, label: "clean" }),
    () => logWatchedEValue([{ weight: 0.05, failed: 0, clean: 1, unknown: 0 }], watch),
    () => logWatchedEValue(fullyWatched(-1, 1), watch),
    () => logWatchedEValue(fullyWatched(0.5, 1), watch),
    () => logWatchedEValue(fullyWatched(1e9, 1), watch),
    () => logWatchedEValue([], { ...watch, limit: 0 }),
    () => logWatchedEValue([], { ...watch, limit: Number.NaN }),
    () => logWatchedEValue([], { ...watch, weightMin: 0 }),
    () => logWatchedEValue([], { ...watch, grader: { ...sureGrader, sensitivity: { lower: 0.9, upper: 0.8 } } }),
    () => logWatchedEValue([], { ...watch, grader: { ...sureGrader, specificity: { lower: Number.NaN, upper: 1 } } }),
    () => logWatchedEValue([], { ...watch, prior: { a: 2, b: 1 } }),
    () => logWatchedEValue([], { ...watch, prior: { a: 1, b: Number.NaN } }),
    () => watchedBounds([], { weightMin: 2, grader: sureGrader }, 0.95),
    () => watchVerdict([], watch, { rollBack: 0, widen: 0.05 }),
    () => graderOf({ failures: 2, trials: 1 }, { failures: 0, trials: 1 }, 0.05),
  ];
  for (const each of bad)
    assert.throws(each, (error) => error instanceof Failure && error.code === "request_invalid", String(each));
});
