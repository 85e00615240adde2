// What waits in lines: whose turn it is, and who gives way where there is no room.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Lines } from "./lines.ts";

/** Everything that is left, in the order in which it is handed out. */
function drained(lines: Lines<string>): string[] {
  const order: string[] = [];
  for (let job = lines.next(); job !== undefined; job = lines.next()) order.push(job);
  return order;
}

test("callers take turns, and so do the texts of each, however many texts one of them has", () => {
  const lines = new Lines<string>();
  lines.add("a", ["a1", "a1", "a1"]);
  lines.add("a", ["a2", "a2"]);
  lines.add("a", ["a3"]);
  lines.add("b", ["b1", "b1"]);
  assert.deepEqual(drained(lines), ["a1", "b1", "a2", "b1", "a3", "a1", "a2", "a1"]);
});

test("who comes again does not come before who waits", () => {
  const lines = new Lines<string>();
  lines.add("a", ["a1"]);
  lines.add("b", ["b1"]);
  assert.equal(lines.next(), "a1");
  lines.add("a", ["a2"]);
  assert.deepEqual(drained(lines), ["b1", "a2"]);
});

test("what is left is not handed out, nor what was handed out before once more", () => {
  const lines = new Lines<string>();
  const leave = lines.add("a", ["a1", "a1"]);
  lines.add("a", ["a2"]);
  assert.equal(lines.next(), "a1");
  leave();
  leave();
  assert.deepEqual(drained(lines), ["a2"]);
});

test("whoever has the most waiting gives way to who has less, the text that came last first", () => {
  const lines = new Lines<string>();
  lines.add("a", ["a1", "a1", "a1"]);
  lines.add("a", ["a2", "a2"]);
  lines.add("b", ["b1", "b1"]);
  // Having had its turn does not make a text the last one.
  assert.equal(lines.next(), "a1");
  assert.deepEqual(lines.room("c", 2, 7), ["a2", "a2"]);
  lines.add("c", ["c1", "c1"]);
  assert.deepEqual(drained(lines), ["b1", "a1", "c1", "b1", "a1", "c1"]);
});

test("nobody gives way to who has as much, and then nothing is taken out", () => {
  const lines = new Lines<string>();
  lines.add("a", ["a1", "a1"]);
  lines.add("a", ["a2"]);
  lines.add("b", ["b1"]);
  assert.equal(lines.room("b", 2, 4), undefined);
  assert.equal(lines.room("a", 1, 4), undefined);
  // One text that gives way would not be enough, and then both have as much.
  assert.equal(lines.room("c", 2, 3), undefined);
  assert.equal(lines.room("c", 5, 4), undefined);
  assert.deepEqual(drained(lines).toSorted(), ["a1", "a1", "a2", "b1"]);
});

const steps = fc.array(
  fc.record({ caller: fc.constantFrom("a", "b", "c", "d"), more: fc.integer({ min: 1, max: 9 }) }),
  {
    minLength: 1,
    maxLength: 60,
  },
);

test("there are never more than may wait, and only one who asks for more than an equal part is turned away", () => {
  const max = 24;
  fc.assert(
    fc.property(steps, (asked) => {
      const lines = new Lines<string>();
      const waiting = new Map<string, number>();
      for (const { caller, more } of asked) {
        const own = (waiting.get(caller) ?? 0) + more;
        const given = lines.room(caller, more, max);
        if (given === undefined) {
          // Of 24 a quarter, and a text of at most 9 that gives way or not as a whole.
          assert.ok(own + 8 > max / 4, `${caller} with ${own}`);
          continue;
        }
        for (const name of given) {
          assert.notEqual(name, caller);
          waiting.set(name, (waiting.get(name) ?? 0) - 1);
        }
        for (const name of new Set(given))
          assert.ok((waiting.get(name) ?? 0) + 9 > own, `${name} gave way to ${caller}`);
        lines.add(
          caller,
          Array.from({ length: more }, () => caller),
        );
        waiting.set(caller, own);
        assert.ok([...waiting.values()].reduce((sum, count) => sum + count, 0) <= max);
      }
      assert.equal(
        drained(lines).length,
        [...waiting.values()].reduce((sum, count) => sum + count, 0),
      );
    }),
    { seed: 8, numRuns: 500 },
  );
});
