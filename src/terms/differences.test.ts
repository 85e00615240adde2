import assert from "node:assert/strict";
import { test } from "node:test";
import { differences } from "./differences.ts";

test("equal values have no differences, whatever the order of their members", () => {
  assert.deepEqual(differences({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }), []);
});

test("added, removed and changed members are named by path", () => {
  assert.deepEqual(differences({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 3], d: "x" } }), [
    { path: "a", before: 1, after: undefined },
    { path: "b.c.1", before: 2, after: 3 },
    { path: "b.d", before: undefined, after: "x" },
  ]);
});

test("a list in place of a value is one difference", () => {
  assert.deepEqual(differences({ a: 1 }, { a: [1] }), [{ path: "a", before: 1, after: [1] }]);
});
