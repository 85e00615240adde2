import assert from "node:assert/strict";
import { test } from "node:test";
import { createTurns } from "./turns.ts";

test("the event loop is served between any two pieces of work", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const work = ["a", "b", "c"].map(async (name) =>
    turns.take(() => {
      order.push(name);
      setImmediate(() => order.push(`after ${name}`));
    }),
  );
  await Promise.all(work);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  assert.deepEqual(order, ["a", "after a", "b", "after b", "c", "after c"]);
});

test("work that fails does not keep the next from its turn", async () => {
  const turns = createTurns();
  const failing = turns.take(() => {
    throw new Error("broken");
  });
  const next = turns.take(() => "done");
  await assert.rejects(failing, /broken/);
  assert.equal(await next, "done");
});
