import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../terms/failure.ts";
import { Stop, type StopSignal } from "./stop.ts";

const why = new Failure("gateway_closed", "");

test("the first word counts, and every listener is told once", () => {
  const stop = new Stop();
  const told: string[] = [];
  const second = (): void => void told.push("second");
  stop.addEventListener("abort", () => void told.push("first"));
  stop.addEventListener("abort", second);
  stop.throwIfAborted();
  stop.abort(why);
  stop.abort(new Failure("request_invalid", ""));
  assert.deepEqual(told, ["first", "second"]);
  assert.equal(stop.reason, why);
  assert.throws(() => {
    stop.throwIfAborted();
  }, why);
});

test("who has stopped listening is not told, also where that happens while others are", () => {
  const stop = new Stop();
  const told: string[] = [];
  const leaving = (): void => void told.push("leaving");
  const last = (): void => void told.push("last");
  stop.addEventListener("abort", leaving);
  stop.addEventListener("abort", () => {
    stop.removeEventListener("abort", last);
  });
  stop.addEventListener("abort", last);
  stop.removeEventListener("abort", leaving);
  stop.abort(why);
  assert.deepEqual(told, ["last"], "who was there when it was said is told");
});

test("an AbortSignal can stand in its place", () => {
  const controller = new AbortController();
  const signal: StopSignal = controller.signal;
  let isTold = false;
  signal.addEventListener("abort", () => {
    isTold = true;
  });
  controller.abort(why);
  assert.deepEqual([isTold, signal.aborted, signal.reason], [true, true, why]);
});
