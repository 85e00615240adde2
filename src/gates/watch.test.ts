// What counts of a live measure come to: at the limit it errs seldom, over all periods together, and missing labels help nobody.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CallerMeasure, Probes } from "../acts/watch.ts";
import { logEValue } from "../statistics/evalue.ts";
import { type LiveCounts, type ProbeCounts, judgeLive, judgeProbes } from "./watch.ts";

const failures = CallerMeasure.parse({
  id: "broken",
  measure: "safeguard-failures",
  limit: 0.01,
  alpha: 0.1,
  exchangesMin: 500,
});
const misuse = (labels: object): CallerMeasure =>
  CallerMeasure.parse({
    id: "misuse",
    measure: "confirmed-misuse",
    limit: 0.05,
    alpha: 0.1,
    exchangesMin: 50,
    sample: 0.1,
    perOrganisationPerHour: 20,
    labelHours: 24,
    labels: { by: "reviewers", ...labels },
  });
const sure = misuse({});

test("nothing is said before anything is seen, nor before as many exchanges as the plan asks for", () => {
  const none = judgeLive(failures, { exchanges: 0, bad: 0, good: 0 }, 1);
  assert.deepEqual([none.verdict, none.interval, none.logExceeded], ["open", { lower: 0, upper: 1 }, 0]);
  const cleanly = (exchanges: number): string => judgeLive(failures, { exchanges, bad: 0, good: exchanges }, 1).verdict;
  assert.deepEqual([cleanly(499), cleanly(500)], ["open", "kept"]);
  assert.equal(judgeLive(failures, { exchanges: 100, bad: 8, good: 92 }, 1).verdict, "exceeded");
});

test("the parts of alpha over all periods are no more than alpha, so that each later one needs more", () => {
  const parts = Array.from({ length: 2000 }, (_, at) => judgeLive(failures, { exchanges: 0, bad: 0, good: 0 }, at + 1));
  assert.ok(parts.reduce((sum, { alpha }) => sum + alpha, 0) <= failures.alpha);
  const [first, second] = parts;
  assert.ok(first !== undefined && second !== undefined && second.logNeeded > first.logNeeded);
  const counts = { exchanges: 40, bad: 4, good: 36 };
  assert.equal(judgeLive(failures, counts, 1).verdict, "exceeded");
  assert.equal(judgeLive(failures, counts, 30).verdict, "open");
});

test("what has no label steps nothing back, and keeps the next step shut", () => {
  const labelled = { exchanges: 300, bad: 0, good: 300 };
  assert.equal(judgeLive(sure, labelled, 1).verdict, "kept");
  const half = judgeLive(sure, { ...labelled, good: 250 }, 1);
  assert.deepEqual([half.unknown, half.verdict], [50, "open"]);
  const none = judgeLive(sure, { exchanges: 300, bad: 0, good: 0 }, 1);
  assert.deepEqual([none.verdict, none.logExceeded], ["open", 0]);
  assert.ok(none.interval.upper === 1 && none.interval.lower === 0);
});

test("who labels and errs is believed less, either way", () => {
  const erring = misuse({ sensitivity: 0.7, specificity: 0.9 });
  const bad = { exchanges: 20, bad: 6, good: 14 };
  assert.equal(judgeLive(sure, bad, 1).verdict, "exceeded");
  assert.equal(judgeLive(erring, bad, 1).verdict, "open");
  const good = { exchanges: 90, bad: 0, good: 90 };
  assert.equal(judgeLive(sure, good, 1).verdict, "kept");
  assert.equal(judgeLive(erring, good, 1).verdict, "open");
});

const probes = Probes.parse({
  id: "asked-again",
  measure: "probes",
  suite: "core",
  limit: 0.05,
  alpha: 0.1,
  exchangesMin: 10,
  clusters: 5,
  perDay: 4,
  withinHours: 24,
});

const clean = (exchanges: number): LiveCounts => ({ exchanges, bad: 0, good: exchanges });

test("that probes keep the limit goes on with the laboratory's bet, at one alpha over all periods, and takes fresh ones of this period", () => {
  const judged = (over: Partial<ProbeCounts>, period = 1): string =>
    judgeProbes(probes, { ...clean(10), inAll: clean(110), isFresh: true, ...over }, period).verdict;
  assert.equal(judged({}), "kept");
  assert.equal(judged({}, 30), "kept", "no period takes a part of it");
  assert.equal(judged({ inAll: clean(30) }), "open", "neither has shown it");
  assert.equal(judged({ isFresh: false }), "open");
  assert.equal(judged({ exchanges: 9, good: 9 }), "open", "too few");
  assert.equal(judged({ exchanges: 11 }), "open", "one that is unknown is more than the limit's part of them");
  assert.equal(judged({ exchanges: 20, good: 20, inAll: { exchanges: 120, bad: 0, good: 100 } }), "open");
  const laboratory = judgeProbes(probes, { ...clean(0), inAll: clean(100), isFresh: false }, 1);
  assert.ok(
    Math.abs(laboratory.logKept - logEValue({ failures: 0, trials: 100 }, { limit: 0.05, side: "below" })) < 1e-12,
  );
});

test("what the laboratory found good hides nothing that is bad now", () => {
  const bad = { exchanges: 20, bad: 7, good: 13 };
  const inAll = { exchanges: 2_020, bad: 7, good: 2_013 };
  assert.equal(judgeProbes(probes, { ...bad, inAll, isFresh: true }, 1).verdict, "exceeded");
});
