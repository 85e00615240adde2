import assert from "node:assert/strict";
import { test } from "node:test";
import { createTurns } from "./turns.ts";

test("the event loop is served between any two steps, and work is not mixed", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const work = ["a", "b", "c"].map(async (name) =>
    turns.take(function* steps() {
      for (const step of [1, 2]) {
        if (step > 1) yield;
        order.push(`${name}${step}`);
        setImmediate(() => order.push(`after ${name}${step}`));
      }
    }, "acme"),
  );
  await Promise.all(work);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  const expected = ["a", "b", "c"].flatMap((name) => [`${name}1`, `after ${name}1`, `${name}2`, `after ${name}2`]);
  assert.deepEqual(order, expected);
});

test("work that fails does not keep the next from its turn", async () => {
  const turns = createTurns();
  const failing = turns.take(function* broken() {
    yield;
    throw new Error("broken");
  }, "acme");
  const next = turns.take(function* done() {
    yield;
    return "done";
  }, "acme");
  await assert.rejects(failing, /broken/);
  assert.equal(await next, "done");
});

test("a caller's one piece of work comes before all that another sent first", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const takeAs = async (caller: string): Promise<void> =>
    turns.take(function* noted() {
      yield;
      order.push(caller);
    }, caller);
  await Promise.all([takeAs("many"), takeAs("many"), takeAs("many"), takeAs("many"), takeAs("one")]);
  assert.deepEqual(order, ["many", "many", "one", "many", "many"], "two were begun or next before it came");
});
