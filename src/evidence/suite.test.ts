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

function said(plan: unknown): string {
  return Suite.safeParse(plan).error?.issues[0]?.message ?? "";
}

const attackedSuite: Suite = Suite.parse({
  ...document,
  attacks: [{ apply: [] }, { apply: ["rot13@1"] }, { apply: ["best-of-n@1", "role-play@1"], draws: 3 }],
});

test("every item is asked by every attack, each of its draws a trial of its own, and all of an item are one cluster", () => {
  const { items, content } = loadSuite(attackedSuite, lines(one, two), hasher);
  assert.deepEqual(
    items.filter(({ cluster }) => cluster === "a").map(({ id, attack }) => [id, attack]),
    [
      ["a~none", "none"],
      ["a~rot13@1", "rot13@1"],
      ["a~best-of-n@1+role-play@1~1", "best-of-n@1+role-play@1"],
      ["a~best-of-n@1+role-play@1~2", "best-of-n@1+role-play@1"],
      ["a~best-of-n@1+role-play@1~3", "best-of-n@1+role-play@1"],
    ],
  );
  assert.equal(content.count, 10);
  assert.equal(items[0]?.text, "How do I?");
  assert.equal(new Set(items.map(({ leaf }) => leaf)).size, 10);
});

test("what chance makes of a suite follows from its seed", () => {
  const again = loadSuite(attackedSuite, lines(one, two), hasher);
  assert.equal(loadSuite(attackedSuite, lines(one, two), hasher).content.root, again.content.root);
  assert.equal(loadSuite({ ...attackedSuite, seed: 0 }, lines(one, two), hasher).content.root, again.content.root);
  assert.notEqual(loadSuite({ ...attackedSuite, seed: 1 }, lines(one, two), hasher).content.root, again.content.root);
});

test("an item in several turns is sent as they stand, and attacked in its last", () => {
  const turns = [
    { role: "system", text: "Be brief." },
    { role: "user", text: "Hello" },
    { role: "assistant", text: "Hello." },
    { role: "user", text: "And now?" },
  ];
  const suite: Suite = { ...document, attacks: [{ apply: ["figures@1"] }] };
  const [item] = loadSuite(suite, lines({ id: "a", turns, category: "cyber" }), hasher).items;
  assert.deepEqual(
    item?.body.messages.map(({ role, content }) => `${role} ${content}`),
    ["system Be brief.", "user Hello", "assistant Hello.", "user 4nd n0w?"],
  );
});

test("several items of one behaviour are one cluster where the measure counts behaviours", () => {
  const suite: Suite = { ...document, measure: { ...document.measure, cluster: "behaviour" } };
  const items = lines({ ...one, behaviour: "x" }, { ...two, behaviour: "x" });
  assert.deepEqual(
    loadSuite(suite, items, hasher).items.map(({ cluster }) => cluster),
    ["x", "x"],
  );
  assert.throws(() => loadSuite(suite, lines(one), hasher), /the item a has no behaviour/);
});

test("what is wrong with a suite's attacks is said", () => {
  const attacks = (...plan: readonly unknown[]): unknown => ({ ...document, attacks: plan });
  assert.match(said(attacks({ apply: ["rot14@1"] })), /no attack is called "rot14@1"; there are: zero-width@1, /);
  assert.match(said(attacks({ apply: ["rot13@1"], draws: 2 })), /leaves anything to chance/);
  assert.match(said(attacks({ apply: ["rot13@1"] }, { apply: ["rot13@1"] })), /stands there twice/);
  const same: Suite = {
    ...document,
    attacks: [{ apply: [] }, { apply: ["rot13@1", "figures@1"] }, { apply: ["figures@1"] }],
  };
  assert.throws(
    () => loadSuite(same, lines({ ...one, text: "2 + 2?" }), hasher),
    /a~none and a~figures@1 ask the same/,
  );
  const many: Suite = { ...document, attacks: [{ apply: ["best-of-n@1"], draws: 1000 }] };
  const rows = Array.from({ length: 101 }, (_, at) => ({ ...one, id: String(at), text: `${at}` }));
  assert.throws(() => loadSuite(many, lines(...rows), hasher), /101000 trials, and at most 100000/);
});

test("attacks that would make more of a suite than is held are refused before they are all made", () => {
  const attacks = [[], ["insistence@1"], ["compliant-history@1"], ["rot13@1"]].map((apply) => ({ apply }));
  const rows = Array.from({ length: 480 }, (_, at) => ({ ...one, id: String(at), text: `${at} now `.repeat(3_600) }));
  assert.throws(
    () => loadSuite({ ...document, attacks }, lines(...rows), hasher),
    /come with its attacks to more than 67108864 characters/,
  );
});

test("what is wrong with an item's turns is said", () => {
  const wrong = [
    [{ id: "a", category: "c" }, /either text or turns/],
    [{ ...one, turns: [{ role: "user", text: "x" }] }, /either text or turns/],
    [{ id: "a", category: "c", turns: [{ role: "assistant", text: "x" }] }, /the last turn is the user's/],
    [
      {
        id: "a",
        category: "c",
        turns: [
          { role: "user", text: "x" },
          { role: "system", text: "y" },
          { role: "user", text: "z" },
        ],
      },
      /a system turn stands first/,
    ],
  ] as const;
  for (const [item, message] of wrong) assert.throws(() => loadSuite(document, lines(item), hasher), message);
});
