// What counts as stopped by a drill of the brake, and what does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "./brake.ts";

const ended = { texts: 3, lastTextMs: 1_040.2, finish: "content_filter", finishMs: 1_050 };

test("the time is that of the last text of any stream that the hold ended, and never before the order", () => {
  const early = { ...ended, lastTextMs: 990 };
  assert.deepEqual(judge([ended, early], 1_000), { milliseconds: 41, lastTextMs: [0, 41], opened: 0, unfinished: 0 });
});

test("a stream that goes on was not stopped; one that ended before, otherwise, or never began shows nothing", () => {
  const goesOn = { ...ended, finish: undefined };
  const before = { ...ended, finishMs: 900 };
  const whole = { ...ended, finish: "stop" };
  const none = { ...ended, texts: 0, finish: "broken off" };
  const { opened, unfinished, milliseconds } = judge([goesOn, before, whole, none, ended], 1_000);
  assert.deepEqual({ opened, unfinished, milliseconds }, { opened: 1, unfinished: 3, milliseconds: 41 });
});
