import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, jsonValue, property } from "fast-check";
import { parseLooseJson } from "./loose-json.ts";

const limits = { charsMax: 10_000, depthMax: 50 };
const read = (text: string): unknown => parseLooseJson(text, limits);

test("everything that JSON.parse reads comes out the same", () => {
  check(
    property(jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const spaced = JSON.stringify(value, undefined, 2);
      assert.equal(again(parseLooseJson(text, { charsMax: 1e6, depthMax: 50 })), text);
      assert.equal(again(parseLooseJson(spaced, { charsMax: 1e6, depthMax: 50 })), text);
    }),
    { seed: 4, numRuns: 500 },
  );
});

test("bare NaN and Infinity are numbers", () => {
  assert.deepEqual(read('{"a":NaN,"b":[Infinity,-Infinity]}'), { a: Number.NaN, b: [Infinity, -Infinity] });
});

test("integers beyond a double stay exact, and so stay apart", () => {
  assert.deepEqual(read("[9007199254740993,-9007199254740993,9007199254740991]"), [
    9007199254740993n,
    -9007199254740993n,
    9007199254740991,
  ]);
});

test("escapes are undone, surrogate pairs and all", () => {
  assert.equal(read(String.raw`"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`), 'a"\\/\b\f\n\r\té😀');
});

test("a key called __proto__ is a key and changes no prototype", () => {
  const value = read('{"__proto__":{"polluted":true}}');
  assert.ok(typeof value === "object" && value !== null);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.keys(value), ["__proto__"]);
});

test("broken text is refused", () => {
  const broken = [
    "",
    "{",
    "[1,]",
    '{"a":1,}',
    '{"a" 1}',
    "[1 2]",
    '"abc',
    "nul",
    "01",
    "1 2",
    String.raw`"\x"`,
    "{a:1}",
    '{"a":1,"a":2}',
    "-",
  ];
  for (const text of broken) assert.throws(() => read(text), { code: "request_invalid" }, text);
});

test("too deep and too long are refused before they cost anything", () => {
  assert.throws(() => read("[".repeat(60)), { code: "request_invalid" });
  assert.throws(() => read(" ".repeat(10_001)), { code: "request_invalid" });
});

function again(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? Number(member) : member));
}

test("values are counted, those inside others included", () => {
  const few = { ...limits, valuesMax: 4 };
  assert.deepEqual(parseLooseJson("[[],[1]]", few), [[], [1]]);
  assert.throws(() => parseLooseJson("[[],[1,2]]", few), /more than 4 values/);
});
