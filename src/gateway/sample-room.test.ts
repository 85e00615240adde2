// How many of one organisation are looked at in an hour: one's bound is not another's, and the next hour begins anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSampleRoom } from "./sample-room.ts";

test("each has its own room, and the next hour has it again", () => {
  let now = 7_200_000;
  const room = createSampleRoom(() => now);
  const taken = (of: string): readonly boolean[] => [1, 2, 3].map(() => room.take(of, 2));
  assert.deepEqual(taken("one"), [true, true, false]);
  assert.deepEqual(taken("other"), [true, true, false]);
  now += 3_599_999;
  assert.equal(room.take("one", 2), false);
  now += 1;
  assert.deepEqual(taken("one"), [true, true, false]);
});
