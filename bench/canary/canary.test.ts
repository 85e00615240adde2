// What docs promise of a canary, held by 20,000 simulated ones a rate: found soon at five times the limit, and left alone right at it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { doubt, limit } from "./rules.ts";
import { type Outcome, rollBacks, widenings } from "./simulate.ts";

const runs = 20_000;

function ours(rate: number): Outcome {
  const [first] = rollBacks(rate, runs);
  assert.ok(first?.rule === "our watch");
  return first;
}

test("at 5 % and a limit of 1 % half of the canaries are rolled back within 110 exchanges", (t) => {
  const { median, mostly } = ours(0.05);
  t.diagnostic(`half after ${median} exchanges, nine in ten after ${mostly}`);
  assert.ok(median !== null && median <= 110);
});

test("right at the limit, watched for 5,000 exchanges, no more canaries are rolled back than the doubt says, and hardly any below it", (t) => {
  const { decided, interval } = ours(limit);
  t.diagnostic(`${decided} of ${runs} rolled back`);
  assert.ok(interval.upper <= doubt);
  assert.ok(ours(0.001).decided < runs / 200, "a tenth of the limit");
});

test("right at the limit no more may widen than the doubt says, and at a fifth of it nearly all may", (t) => {
  const { decided, interval } = widenings(limit, runs);
  const clean = widenings(0.002, runs);
  t.diagnostic(`${decided} of ${runs} at the limit; at 0.2 % half after ${clean.median} exchanges`);
  assert.ok(interval.upper <= doubt);
  assert.ok(clean.decided > 0.99 * runs);
});

test("rules of fixed thresholds roll back what is right at the limit", () => {
  for (const { rule, decided, interval } of rollBacks(limit, 2_000))
    if (/Argo|Flagger/.test(rule)) assert.ok(interval.lower > doubt, `${rule}: ${decided}`);
});
