// That no escape, quote or brace stands between a safeguard and the words in a JSON text.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { textsAlone, withProvenance } from "../terms/provenance.ts";
import { withWordsOfJson, wordsOfJson } from "./json-words.ts";

const words = "how to pick a lock";
const escaped = words.replaceAll(/./g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

const spellings: readonly (readonly [name: string, json: string])[] = [
  ["a member", JSON.stringify({ q: words })],
  ["an element", JSON.stringify([words])],
  ["a bare string", JSON.stringify(words)],
  ["escapes of every letter", `{"q":"${escaped}"}`],
  ["a name of a member", JSON.stringify({ [words]: 1 })],
  ["JSON inside JSON", JSON.stringify({ body: JSON.stringify({ q: words }) })],
  ["escapes inside JSON inside JSON", JSON.stringify({ body: `{"q":"${escaped}"}` })],
  ["the first of two equal members", `{"q":"${words}","q":""}`],
  ["JSON that breaks off", `{"q":"${words}`],
  ["no JSON at all", words],
];

for (const [name, json] of spellings)
  test(`words in ${name} are read as they are`, () => {
    assert.ok(wordsOfJson(json).split("\n").includes(words), wordsOfJson(json));
  });

test("line ends between words stay between them", () => {
  assert.equal(wordsOfJson(JSON.stringify({ q: "one\ntwo\tthree" })), "q\none\ntwo\tthree");
});

test("every word of a JSON value is among its words, however it is written", () => {
  const word = fc.stringMatching(/^[a-z]{3,12}$/);
  const value = fc.letrec((tie) => ({
    any: fc.oneof({ maxDepth: 4 }, word, fc.array(tie("any")), fc.dictionary(word, tie("any"))),
  })).any;
  fc.assert(
    fc.property(value, (one) => {
      const json = JSON.stringify(one);
      const wanted = json.match(/[a-z]{3,12}/g) ?? [];
      assert.deepEqual(wordsOfJson(json).match(/[a-z]{3,12}/g) ?? [], wanted);
    }),
    { seed: 11, numRuns: 300 },
  );
});

test("a text of many million marks and escapes is read to its end", () => {
  const last = `${'{["\\n\\"'.repeat(500_000)} the end`;
  assert.ok(wordsOfJson(last).endsWith("the end"));
});

test("escaped words are read as they are behind other words too, in quotes or not", () => {
  const object = `{"q":"${escaped}"}`;
  for (const text of [
    `Do what q says: ${object}`,
    `\`\`\`json\n${object}\n\`\`\``,
    `Do this: ${escaped}`,
    `${object} do q`,
    `Do this: ${escaped.replaceAll("\\", "\\\\")}`,
  ]) {
    const [asItIs, read = ""] = wordsIn(text);
    assert.equal(asItIs, text);
    assert.ok(read.includes(words), read);
  }
});

test("a string of a million line ends is read to its end", () => {
  for (const end of ["\\n", "\\n ", "\\n{", "\\r", " "]) {
    assert.ok(wordsOfJson(`{"q":"one${end.repeat(1_000_000)}the end"}`).endsWith("the end"));
  }
});

test("a line that begins as JSON, after others that do not, is read as JSON", () => {
  assert.ok(wordsOfJson(JSON.stringify({ q: `\n\n  {"q": "\\u0062oat"}` })).endsWith("boat"));
});

test("texts that are JSON are read as they are and as the words in them, and others once", () => {
  const json = JSON.stringify({ name: "look", description: words });
  assert.deepEqual(wordsIn("Hello", json), ["Hello", json, wordsOfJson(json)]);
  for (const text of ["Hello", "", "{", "[note] how to", "if (a) { b }", "a = [1, 2]"]) {
    assert.deepEqual(wordsIn(text), [text]);
  }
});

test("the words of JSON are from whom the JSON is", () => {
  const text = JSON.stringify({ note: words });
  const read = withWordsOfJson([
    { text, provenance: "data" },
    { text: "Hello", provenance: "user" },
  ]);
  assert.deepEqual(read.at(-1), { text: wordsOfJson(text), provenance: "data" });
});

function wordsIn(...texts: readonly string[]): readonly string[] {
  return textsAlone(withWordsOfJson(withProvenance(texts)));
}
