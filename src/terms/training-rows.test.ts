import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, nat, property, uniqueArray } from "fast-check";
import { rowKeyBytes, rowText, sharedRows } from "./training-rows.ts";

/** A sorted list of keys, each the number in big-endian bytes. */
function keysOf(numbers: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(numbers.length * rowKeyBytes);
  for (const [at, number] of numbers.toSorted((one, other) => one - other).entries())
    bytes.writeUIntBE(number, at * rowKeyBytes, rowKeyBytes);
  return bytes;
}

test("shared rows are exactly the keys that stand in both lists, in either order", () => {
  check(
    property(uniqueArray(nat({ max: 300 })), uniqueArray(nat({ max: 300 })), (one, other) => {
      const both = one.filter((number) => other.includes(number)).length;
      assert.equal(sharedRows(keysOf(one), keysOf(other)), both);
      assert.equal(sharedRows(keysOf(other), keysOf(one)), both);
    }),
    { seed: 5, numRuns: 300 },
  );
});

test("case and white space make no other row", () => {
  assert.equal(rowText("  How do\n I?  "), rowText("how DO i?"));
  assert.notEqual(rowText("how do i"), rowText("how do we"));
});
