import assert from "node:assert/strict";
import { test } from "node:test";
import { type Instant, toInstant } from "../terms/ids.ts";
import { budgetOf, leftInWords } from "./budget.ts";

const start = toInstant(Date.parse("2027-01-01"));
const after = (ms: number): Instant => toInstant(start + ms);

test("what was not said never ends, and each that was said ends by itself", () => {
  const none = budgetOf({}, start);
  for (let at = 0; at < 10_000; at += 1) assert.equal(none.take(after(at)), 0);
  none.use(1e9);
  assert.equal(none.spent(after(1e12)), undefined);
  assert.equal(leftInWords(none.left(start)), "");

  const two = budgetOf({ requestsMax: 2 }, start);
  two.take(start);
  assert.equal(two.spent(start), undefined);
  two.take(start);
  assert.equal(two.spent(start), "requests");

  const tokens = budgetOf({ tokensMax: 100 }, start);
  tokens.use(99);
  assert.equal(tokens.spent(start), undefined);
  tokens.use(5);
  assert.equal(tokens.spent(start), "tokens");

  const minutes = budgetOf({ minutesMax: 2 }, start);
  assert.equal(minutes.spent(after(119_999)), undefined);
  assert.equal(minutes.spent(after(120_000)), "minutes");
});

test("requests leave no faster than was said, whether they come at once or slowly", () => {
  const budget = budgetOf({ perMinute: 60 }, start);
  assert.deepEqual(
    [0, 0, 0].map((ms) => budget.take(after(ms))),
    [0, 1000, 2000],
  );
  assert.equal(budget.take(after(10_000)), 0, "a pause is not made up for in a burst");
  assert.equal(budget.take(after(10_000)), 1000);
});

test("what is left is said in words", () => {
  const budget = budgetOf({ requestsMax: 5, tokensMax: 100, minutesMax: 3 }, start);
  budget.take(start);
  budget.use(40);
  assert.equal(leftInWords(budget.left(after(90_000))), "  budget left: 4 requests, 60 tokens, 1.5 min");
});
