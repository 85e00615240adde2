import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemory } from "./remember.ts";

/** A memory whose clock and whose answers the test moves. */
function moved() {
  let ms = 0;
  const memory = createMemory<string>(() => ms);
  const making: PromiseWithResolvers<string>[] = [];
  return {
    pass: (by: number): void => {
      ms += by;
    },
    making,
    ask: async (key = "a"): Promise<string> =>
      memory(key, async () => {
        const one = Promise.withResolvers<string>();
        making.push(one);
        return one.promise;
      }),
  };
}

test("an answer that takes long is made once, and is kept for a while from when it was there", async () => {
  const { pass, making, ask } = moved();
  const first = ask();
  pass(60_000);
  const second = ask();
  assert.equal(making.length, 1, "who asks while it is made waits for the same");
  making[0]?.resolve("made");
  assert.deepEqual(await Promise.all([first, second]), ["made", "made"]);
  pass(1_999);
  assert.equal(await ask(), "made");
  pass(1);
  void ask();
  assert.equal(making.length, 2, "then it is made anew");
});

test("one that failed is asked for anew at once", async () => {
  const { making, ask } = moved();
  const failing = ask();
  making[0]?.reject(new Error("no"));
  await assert.rejects(failing);
  const again = ask();
  making[1]?.resolve("made");
  assert.equal(await again, "made");
});

test("of many the oldest is put aside, and the others stay", async () => {
  const { making, ask } = moved();
  for (let at = 0; at < 33; at += 1) {
    const asked = ask(`${at}`);
    making[at]?.resolve(`${at}`);
    await asked;
  }
  assert.equal(await ask("32"), "32");
  assert.equal(await ask("1"), "1");
  assert.equal(making.length, 33);
  void ask("0");
  assert.equal(making.length, 34);
});
