// What every bound of src/statistics promises of any counts whatever: it is a number, it lies in its range, and it moves the right
// way with failures, with clean trials and with confidence.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, integer, property, tuple } from "fast-check";
import { clopperPearson, clopperPearsonLower, clopperPearsonUpper, wilson } from "./binomial.ts";
import { clusteredRate, effectiveBounds, meanShare, meanShareBounds } from "./cluster.ts";
import { trialsMax, type Counts, type Interval, type Level } from "./counts.ts";
import { logEValue } from "./evalue.ts";
import { correctedBounds, correctedInterval } from "./judge.ts";
import { discordantShare, newcombePaired, tangoInterval } from "./paired.ts";
import { anytimeInterval, anytimeLower, anytimeUpper, tunedInterval } from "./sequence.ts";

/** 0 to 1, evenly: fast-check's own fractions crowd about 0. */
const share = integer({ min: 0, max: 1_000_000 }).map((millionths) => millionths / 1_000_000);
/** Counts from next to none to all that are admitted, evenly over their orders of magnitude, with few failures or many. */
const counts = tuple(share, share, integer({ min: 0, max: 2 })).map(([size, part, kind]): Counts => {
  const trials = Math.max(1, Math.floor(Math.exp(size * Math.log(trialsMax - 1))));
  const some = Math.floor(kind === 0 ? Math.min(trials, part * 20) : part * trials);
  return { trials, failures: kind === 2 ? trials - some : some };
});
/** Doubts from a half to 10⁻¹⁰⁰, evenly over their orders of magnitude. */
const level = share.map((depth): Level => ({ doubt: 0.5 * 10 ** (-100 * depth) }));
const slack = 1e-11;

const uppers: Readonly<Record<string, (counts: Counts, level: Level) => number>> = {
  "Clopper-Pearson, one-sided": clopperPearsonUpper,
  "Clopper-Pearson, two-sided": (given, sure) => clopperPearson(given, sure).upper,
  Wilson: (given, sure) => wilson(given, sure).upper,
  "uniform mixture": (given, sure) => anytimeInterval(given, sure).upper,
  "tuned mixture": (given, sure) => tunedInterval(given, sure, 1000).upper,
  "one-sided, any time": anytimeUpper,
};
const lowers: Readonly<Record<string, (counts: Counts, level: Level) => number>> = {
  "Clopper-Pearson, one-sided": clopperPearsonLower,
  "Clopper-Pearson, two-sided": (given, sure) => clopperPearson(given, sure).lower,
  Wilson: (given, sure) => wilson(given, sure).lower,
  "uniform mixture": (given, sure) => anytimeInterval(given, sure).lower,
  "tuned mixture": (given, sure) => tunedInterval(given, sure, 1000).lower,
  "one-sided, any time": anytimeLower,
};

for (const [name, upper] of Object.entries(uppers))
  test(`the upper bound ${name} is a rate, not below the share, and rises with failures and confidence`, () => {
    check(
      property(counts, level, level, (given, one, other) => {
        const found = upper(given, one);
        assert.ok(found >= (given.failures / given.trials) * (1 - slack) && found <= 1, `${found}`);
        const worse = upper({ failures: given.failures + 1, trials: given.trials + 1 }, one);
        assert.ok(worse >= found * (1 - slack), `a failure more: ${found}, then ${worse}`);
        const clean = upper({ ...given, trials: given.trials + 1 }, one);
        assert.ok(clean <= found * (1 + slack), `a clean trial more: ${found}, then ${clean}`);
        const otherFound = upper(given, other);
        assert.equal(surer(one, other) ? found >= otherFound * (1 - slack) : otherFound >= found * (1 - slack), true);
      }),
      { seed: 21, numRuns: 400 },
    );
  });

for (const [name, lower] of Object.entries(lowers))
  test(`the lower bound ${name} is a rate, not above the share, and rises with failures and falls with confidence`, () => {
    check(
      property(counts, level, level, (given, one, other) => {
        const found = lower(given, one);
        assert.ok(found <= (given.failures / given.trials) * (1 + slack) && found >= 0, `${found}`);
        const worse = lower({ failures: given.failures + 1, trials: given.trials + 1 }, one);
        assert.ok(worse >= found * (1 - slack), `a failure more: ${found}, then ${worse}`);
        const clean = lower({ ...given, trials: given.trials + 1 }, one);
        assert.ok(clean <= found * (1 + slack), `a clean trial more: ${found}, then ${clean}`);
        const otherFound = lower(given, other);
        assert.equal(surer(one, other) ? found <= otherFound * (1 + slack) : otherFound <= found * (1 + slack), true);
      }),
      { seed: 22, numRuns: 400 },
    );
  });

test("an e-value is a number, and moves the right way with each trial", () => {
  const limit = share.map((part) => 1e-6 + part * (1 - 2e-6));
  check(
    property(counts, limit, (given, at) => {
      for (const prior of [
        { a: 1, b: 1 },
        { a: 0.5, b: 0.5 },
        { a: 0.01, b: 1e6 },
      ]) {
        const [below, above] = (["below", "above"] as const).map(
          (side) =>
            (one: Counts): number =>
              logEValue(one, { limit: at, side, prior }),
        );
        const more = { failures: given.failures + 1, trials: given.trials + 1 };
        const clean = { ...given, trials: given.trials + 1 };
        const allowed = 1e-9 + 1e-12 * given.trials;
        for (const [bet, worse, better] of [
          [below, more, clean],
          [above, clean, more],
        ] as const) {
          const now = bet?.(given) ?? Number.NaN;
          assert.ok(Number.isFinite(now), `${now}`);
          assert.ok((bet?.(worse) ?? Infinity) <= now + allowed && (bet?.(better) ?? -Infinity) >= now - allowed);
        }
      }
    }),
    { seed: 23, numRuns: 400 },
  );
});

test("bounds over clusters, of a judge and of pairs are numbers in their range, and widen with confidence", () => {
  const few = integer({ min: 0, max: 40 });
  const given = tuple(few, few, few, few, few, few);
  check(
    property(given, level, level, ([a, b, c, d, e, f], one, other) => {
      const clusters = [a, b, c, d].map((failures, at) => ({ failures, trials: failures + (at % 2 === 0 ? e : f) }));
      const measured = clusteredRate(clusters);
      const judged = {
        judged: { failures: a, trials: a + b },
        failed: { failures: c, trials: c + d },
        clean: { failures: e, trials: e + f },
      };
      const pairs = { both: a, onlyOne: b, onlyOther: c, neither: d };
      const methods: readonly (readonly [least: number, bounds: (level: Level) => Interval])[] = [
        [0, (sure) => effectiveBounds(measured, sure)],
        [0, (sure) => meanShareBounds(meanShare(clusters), sure)],
        [0, (sure) => discordantShare(pairs, sure)],
        [-1, (sure) => tangoInterval(pairs, sure)],
        [-1, (sure) => newcombePaired(pairs, sure)],
      ];
      const [wide, narrow] = surer(one, other) ? [one, other] : [other, one];
      for (const [least, bounds] of methods) {
        const [outer, inner] = [bounds(wide), bounds(narrow)];
        assert.ok(outer.lower >= least && outer.upper <= 1 && inner.lower <= inner.upper, JSON.stringify(inner));
        assert.ok(outer.lower <= inner.lower + slack && outer.upper >= inner.upper - slack);
      }
      const [outer, inner] = [correctedBounds(judged, wide), correctedBounds(judged, narrow)];
      // Counts that fit no rate at one confidence may fit some at a higher one, which is then the first to bound anything.
      if (inner.fits) assert.ok(outer.fits && outer.lower <= inner.lower + slack && outer.upper >= inner.upper - slack);
      const { lower, upper } = correctedInterval(judged, narrow);
      assert.ok(lower >= 0 && upper <= 1 && lower <= upper);
    }),
    { seed: 24, numRuns: 300 },
  );
});

function surer(one: Level, other: Level): boolean {
  if (typeof one === "number" || typeof other === "number") throw new Error("levels here are doubts");
  return one.doubt <= other.doubt;
}
