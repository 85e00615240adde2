import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfText } from "../proof/digest.ts";
import { nodePrimitives } from "../proof/node.ts";
import type { CountedItem } from "../release/records.ts";
import type { Digest } from "../terms/ids.ts";
import { keptItems } from "./kept-items.ts";

const digest = (text: string): Digest => digestOfText(text, nodePrimitives);
const items = (count: number): readonly CountedItem[] =>
  Array.from({ length: count }, (_, at) => ({ leaf: digest(`${at}`), cluster: `${at}` }));

/** A memory for ten items, and how often it had to make some. */
function counted(): { readonly ask: (suite: string, count: number) => Promise<number>; readonly made: string[] } {
  const memory = keptItems(10);
  const made: string[] = [];
  return {
    made,
    ask: async (suite, count) => {
      const found = await memory(digest(suite), async () => {
        made.push(suite);
        return items(count);
      });
      return found.length;
    },
  };
}

test("a suite is opened once, by two who ask at once as well, as long as there is room", async () => {
  const { ask, made } = counted();
  assert.deepEqual(await Promise.all([ask("a", 4), ask("a", 4)]), [4, 4]);
  await ask("b", 4);
  await ask("a", 4);
  assert.deepEqual(made, ["a", "b"]);
  await ask("c", 4);
  await ask("a", 4);
  await ask("b", 4);
  assert.deepEqual(made, ["a", "b", "c", "b"], "whoever was asked for last stays");
});

test("what is larger than all the room is given and not kept, and what failed is tried again", async () => {
  const { ask, made } = counted();
  assert.equal(await ask("large", 11), 11);
  await ask("large", 11);
  assert.deepEqual(made, ["large", "large"]);
  const memory = keptItems(10);
  await assert.rejects(memory(digest("x"), async () => Promise.reject(new Error("no"))));
  assert.equal((await memory(digest("x"), async () => items(1))).length, 1);
});
