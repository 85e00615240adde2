// Who waits to ask a safeguard over HTTP: bounded for each caller and for all, by turns, and no longer than was said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAskingLine, waitingMax, waitingPerCallerMax } from "./asking-line.ts";

interface Asked {
  readonly order: string[];
  readonly goOn: () => void;
  /** Answers all that is asked from now on at once. */
  readonly end: () => Promise<void>;
  readonly ask: (name: string) => () => Promise<string>;
}

/** Questions that are answered when they are told to, in the order in which they were asked. */
function asking(): Asked {
  const order: string[] = [];
  const held: (() => void)[] = [];
  const goOn = (): void => held.shift()?.();
  return {
    order,
    goOn,
    end: async () => {
      while (held.length > 0) {
        goOn();
        await settled();
      }
    },
    ask: (name) => async () => {
      order.push(name);
      await new Promise<void>((resolve) => held.push(resolve));
      return name;
    },
  };
}

/** Until all that can be settled now is. */
async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const rules = { concurrent: 1, timeoutMs: 60_000 };
const overloaded = { kind: "unknown", cause: "overloaded" };

test("callers take turns, and one asks at a time where one may", async () => {
  const line = createAskingLine(rules);
  const { order, ask, goOn } = asking();
  const all = ["a", "a", "a", "b", "c"].map(async (caller, at) => line.take(ask(`${caller}${at}`), caller));
  for (let at = 0; at < 5; at += 1) {
    assert.equal(order.length, at + 1);
    goOn();
    await settled();
  }
  assert.deepEqual(order, ["a0", "a1", "b3", "c4", "a2"]);
  await Promise.all(all);
});

test("no more of one caller wait than may, and that takes nobody else's place", async () => {
  const line = createAskingLine(rules);
  const { order, ask, goOn, end } = asking();
  void line.take(ask("first"), "a");
  const waiting = Array.from({ length: waitingPerCallerMax }, async () => line.take(ask("a"), "a"));
  assert.deepEqual(await line.take(ask("over"), "a"), overloaded);
  const other = line.take(ask("b"), "b");
  for (let at = 0; at < waitingPerCallerMax + 2; at += 1) {
    goOn();
    await settled();
  }
  assert.equal(await other, "b");
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["a"]));
  assert.ok(order.indexOf("b") < 4, "its turn came soon");
  void line.take(ask("again"), "a");
  assert.equal(order.at(-1), "again", "what left is counted no more");
  await end();
});

test("where all places are taken, who has the most waiting gives way to who has less, and nobody to who has more", async () => {
  const line = createAskingLine(rules);
  const { ask, end } = asking();
  void line.take(ask("first"), "z");
  const callers = waitingMax / waitingPerCallerMax;
  const all = Array.from({ length: callers }, (_, caller) =>
    Array.from({ length: waitingPerCallerMax }, async () => line.take(ask("x"), `c${caller}`)),
  );
  void line.take(ask("new"), "new");
  const given = await Promise.race(all.flat());
  assert.deepEqual(given, overloaded);
  await end();
});

test("who waits too long is told so, holds no place, and is not asked any more", async () => {
  const line = createAskingLine({ concurrent: 1, timeoutMs: 50 });
  const { order, ask, goOn } = asking();
  void line.take(ask("first"), "a");
  assert.deepEqual(await line.take(ask("second"), "a"), { kind: "unknown", cause: "timeout" });
  goOn();
  await settled();
  assert.deepEqual(order, ["first"]);
});

test("one that fails leaves its place to the next", async () => {
  const line = createAskingLine(rules);
  const failing = line.take(async () => Promise.reject(new Error("broken")), "a");
  const next = line.take(async () => Promise.resolve("next"), "a");
  await assert.rejects(failing);
  assert.equal(await next, "next");
});

test("where one caller's questions hang, another's are asked all the same", async () => {
  const line = createAskingLine({ concurrent: 4, timeoutMs: 60_000 });
  const { order, ask, end } = asking();
  const hanging = Array.from({ length: 10 }, async (_, at) => line.take(ask(`a${at}`), "a"));
  assert.deepEqual(order, ["a0", "a1", "a2"]);
  const other = line.take(ask("b"), "b");
  assert.deepEqual(order, ["a0", "a1", "a2", "b"]);
  await end();
  assert.deepEqual((await Promise.all([...hanging, other])).length, 11);
});
