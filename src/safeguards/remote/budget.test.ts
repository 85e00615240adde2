// How much a safeguard over HTTP may be asked: windows end by the clock, and no clock that goes back begins one anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBudget } from "./budget.ts";

const noon = Date.UTC(2027, 0, 15, 12);
const day = 86_400_000;

test("requests of a minute and of a day are counted apart", () => {
  const { take } = createBudget({ requestsPerMinute: 2, requestsPerDay: 3 });
  const isTaken = (at: number): boolean => take("a", 0, at) !== undefined;
  assert.deepEqual([noon, noon, noon, noon + 60_000, noon + 120_000].map(isTaken), [true, true, false, true, false]);
  assert.ok(isTaken(noon + day));
});

test("tokens are set aside as thought and counted as they came, and what was not counted stands", () => {
  const { take } = createBudget({ tokensPerDay: 100 });
  take("a", 60, noon)?.settle(20);
  assert.equal(take("a", 81, noon), undefined);
  take("b", 80, noon)?.settle(undefined);
  assert.equal(take("a", 1, noon), undefined);
  assert.ok(take("a", 100, noon + day) !== undefined);
});

test("what settles on another day changes nothing of it, and a clock that goes back gives nothing back", () => {
  const { take } = createBudget({ tokensPerDay: 100 });
  const late = take("a", 90, noon);
  take("a", 100, noon + day);
  late?.settle(0);
  assert.equal(take("a", 1, noon + day), undefined);
  assert.equal(take("a", 1, noon), undefined);
});

test("one caller takes its part and no more, and what it gave back is its again", () => {
  const { take } = createBudget({ requestsPerDay: 10, tokensPerDay: 100, organisationShare: 0.5 });
  const first = take("a", 50, noon);
  assert.equal(take("a", 1, noon), undefined);
  assert.ok(take("b", 40, noon) !== undefined);
  first?.settle(10);
  assert.ok(take("a", 40, noon) !== undefined);
  assert.equal(take("c", 11, noon), undefined, "and all of them no more than there is");
  assert.ok(take("c", 10, noon) !== undefined);
});

test("a part that is less than one question is one question", () => {
  const { take } = createBudget({ requestsPerMinute: 3, organisationShare: 0.01 });
  assert.ok(take("a", 0, noon) !== undefined);
  assert.equal(take("a", 0, noon), undefined);
  assert.ok(take("b", 0, noon) !== undefined);
});
