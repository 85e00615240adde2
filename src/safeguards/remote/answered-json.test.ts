// What a server's answer is read as: as JSON.parse reads it, and as nothing where another reader may read something else.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { answeredJson } from "./answered-json.ts";

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

test("JSON is read as JSON.parse reads it, however it is spaced and escaped, and what is no JSON as nothing", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      assert.deepEqual(answeredJson(text), JSON.parse(text));
    }),
    { seed: 4 },
  );
  assert.deepEqual(answeredJson(String.raw`{"a\":{":"\\","b":["}",{"c":"::"}]}`), {
    'a":{': "\\",
    b: ["}", { c: "::" }],
  });
  for (const text of ["", "{", '{"a"}', '"', '{"a":1}}', "\ufeff{}", "NaN"])
    assert.equal(answeredJson(text), undefined, text);
});

test("a key that stands twice in one object, however it is spelled, makes it nothing; in two objects it may", () => {
  const twice = [
    '{"a":1,"a":1}',
    '[{"x":[{"a":[],"b":{},"a":2}]}]',
    String.raw`{"a":1,"\u0061":2}`,
    '{"__proto__":1,"__proto__":2}',
  ];
  for (const text of twice) assert.equal(answeredJson(text), undefined, text);
  assert.deepEqual(answeredJson('[{"a":1},{"a":{"a":2}}]'), [{ a: 1 }, { a: { a: 2 } }]);
});

test("what nests deeper than any answer is nothing, and is not parsed", () => {
  assert.deepEqual(answeredJson(`"${nested(100)}"`), nested(100));
  assert.notEqual(answeredJson(nested(64)), undefined);
  for (const depth of [65, 120_000]) assert.equal(answeredJson(nested(depth)), undefined);
});

test("unfinished strings, however many begin, cost no more than others", () => {
  for (const text of ['"\\'.repeat(120_000), '"'.repeat(240_001), `"${"\\".repeat(240_001)}`])
    assert.equal(answeredJson(text), undefined);
});
