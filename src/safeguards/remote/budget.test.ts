// How much a safeguard over HTTP may be asked: windows end by the clock, and no clock that goes back begins one anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createBudget } from "./budget.ts";

const noon = Date.UTC(2027, 0, 15, 12);
const day = 86_400_000;

test("requests of a minute and of a day are counted apart", () => {
  const { take } = createBudget({ requestsPerMinute: 2, requestsPerDay: 3 });
  const isTaken = (at: number): boolean => take(0, at) !== undefined;
  assert.deepEqual([noon, noon, noon, noon + 60_000, noon + 120_000].map(isTaken), [true, true, false, true, false]);
  assert.ok(isTaken(noon + day));
});

test("tokens are set aside as thought and counted as they came, and what was not counted stands", () => {
  const { take } = createBudget({ tokensPerDay: 100 });
  take(60, noon)?.settle(20);
  assert.equal(take(81, noon), undefined);
  take(80, noon)?.settle(undefined);
  assert.equal(take(1, noon), undefined);
  assert.ok(take(100, noon + day) !== undefined);
});

test("what settles on another day changes nothing of it, and a clock that goes back gives nothing back", () => {
  const { take } = createBudget({ tokensPerDay: 100 });
  const late = take(90, noon);
  take(100, noon + day);
  late?.settle(0);
  assert.equal(take(1, noon + day), undefined);
  assert.equal(take(1, noon), undefined);
});
