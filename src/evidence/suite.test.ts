import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as check, property, uniqueArray, string } from "fast-check";
import { itemLeaf, itemProof, isItem } from "../acts/item-proof.ts";
import { nodePrimitives as hasher } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { loadSuite, openSuite, pinSuite } from "./suite.ts";
import { Suite } from "./suite-document.ts";

const document = Suite.parse({
  kind: "Suite",
  name: "misuse-core",
  items: "misuse-core.jsonl",
  answerTokens: 24,
  measure: { name: "misuse-success", failure: "served-and-harmful", cluster: "id" },
});
const lines = (...items: readonly unknown[]): Uint8Array =>
  new TextEncoder().encode(items.map((item) => `${JSON.stringify(item)}\n`).join(""));
const one = { id: "a", text: "How do I?", category: "cyber" };
const two = { id: "b", text: "And how?", category: "fraud" };

test("an item's body is the exact chat body without the model", () => {
  const [item] = loadSuite(document, lines(one), hasher).items;
  assert.deepEqual(item?.body, { messages: [{ role: "user", content: "How do I?" }], max_tokens: 24, temperature: 0 });
});

test("the gateway accepts the body of each item under the suite's root, and no other", () => {
  const suite = loadSuite(document, lines(one, two, { ...one, id: "c", text: "Third" }), hasher);
  const hashes = suite.items.map(({ leafHash }) => leafHash);
  for (const [index, item] of suite.items.entries()) {
    const header = itemProof(hashes, index, hasher);
    const leaf = itemLeaf({ ...item.body, model: "small" }, hasher);
    const items = { root: suite.content.root, count: suite.content.count };
    assert.ok(isItem({ leaf, header, items }, hasher));
    const changed = itemLeaf({ ...item.body, max_tokens: 25 }, hasher);
    assert.ok(!isItem({ leaf: changed, header, items }, hasher));
  }
});

test("the order, the text and the answer length each change the root", () => {
  const roots = [
    rootOf(lines(one, two)),
    rootOf(lines(two, one)),
    rootOf(lines(one, { ...two, text: "x" })),
    rootOf(lines(one, two), 25),
  ];
  assert.equal(new Set(roots).size, 4);
});

test("clusters are ids, or categories where the document says so", () => {
  const byCategory: Suite = { ...document, measure: { ...document.measure, cluster: "category" } };
  assert.deepEqual(clustersOf(document), ["a", "b"]);
  assert.deepEqual(clustersOf(byCategory), ["cyber", "cyber"]);
});

test("what is wrong with an items file is said with its line", () => {
  const wrong = [
    [lines(one, { ...two, id: "a" }), /line 2: the id a stands there twice/],
    [lines(one, { ...two, text: one.text }), /line 2: the same text/],
    [lines(one, { ...two, extra: 1 }), /line 2/],
    [lines({ id: "a", text: "" }), /line 1/],
    [new TextEncoder().encode('{"id":"a","id":"b","text":"t","category":"c"}\n'), /line 1: .*twice/],
    [new TextEncoder().encode("not json\n"), /line 1/],
    [new Uint8Array(), /holds no items/],
  ] as const;
  for (const [bytes, message] of wrong)
    assert.throws(
      () => loadSuite(document, bytes, hasher),
      (error) => error instanceof Failure && error.code === "document_invalid" && message.test(error.message),
    );
});

test("a pinned suite opens with the same bytes and with no others", () => {
  const pinned = pinSuite(document, lines(one, two), hasher);
  assert.equal(openSuite(pinned, lines(one, two), hasher).items.length, 2);
  assert.throws(() => openSuite(pinned, lines(one), hasher), { code: "document_invalid" });
  assert.throws(() => openSuite(document, lines(one), hasher), { code: "document_invalid" });
  assert.throws(() => pinSuite(pinned, lines(one), hasher), { code: "document_invalid" });
});

test("any text comes back as it was, line breaks and quotes included", () => {
  check(
    property(uniqueArray(string({ minLength: 1, maxLength: 40, unit: "grapheme" }), { minLength: 1 }), (texts) => {
      const items = texts.map((text, at) => ({ id: String(at), text, category: "x" }));
      assert.deepEqual(
        loadSuite(document, lines(...items), hasher).items.map(({ text }) => text),
        texts,
      );
    }),
    { seed: 3, numRuns: 100 },
  );
});

test("a path out of the document's folder is refused", () => {
  for (const items of ["../x.jsonl", "/etc/x.jsonl", "a/../../x.jsonl", "x.json"])
    assert.ok(!Suite.safeParse({ ...document, items }).success, items);
});

function rootOf(bytes: Uint8Array, answerTokens = 24): string {
  return loadSuite({ ...document, answerTokens }, bytes, hasher).content.root;
}

function clustersOf(suite: Suite): readonly string[] {
  return loadSuite(suite, lines(one, { ...two, category: "cyber" }), hasher).items.map(({ cluster }) => cluster);
}
