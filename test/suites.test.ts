// The example suites: enough items, of all their categories, none of them like a row the shipped safeguard learnt from.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { overlap, readBands, wordsOf } from "../scripts/near-duplicates.ts";

const Item = z.strictObject({ id: z.string(), text: z.string(), category: z.string() });
type Item = z.infer<typeof Item>;

function itemsOf(name: string, folder = "first-release"): Item[] {
  return readFileSync(new URL(`../examples/${folder}/${name}.jsonl`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => Item.parse(JSON.parse(line)));
}

const misuse = itemsOf("misuse-core");
const everyday = itemsOf("everyday");
const bands = readBands(
  readFileSync(new URL("../src/safeguards/artefacts/misuse-4.training-bands.bin", import.meta.url)),
);

test("each suite has at least 200 items with ids and texts of their own", () => {
  for (const items of [misuse, everyday]) {
    assert.ok(items.length >= 200);
    assert.equal(new Set(items.map((item) => item.id)).size, items.length);
    assert.equal(new Set(items.map((item) => item.text)).size, items.length);
  }
});

test("the misuse suite covers its five categories with at least 30 items each", () => {
  for (const category of ["misinformation", "cyber", "manipulation", "fraud", "weapons"])
    assert.ok(misuse.filter((item) => item.category === category).length >= 30, category);
});

test("no item is near a training row, by the filter that ships beside the weights", () => {
  for (const item of [...misuse, ...everyday]) assert.ok(!bands.has(item.text), item.id);
});

test("no two items of a suite are near-duplicates of each other", () => {
  for (const items of [misuse, everyday]) {
    const sets = items.map((item) => wordsOf(item.text));
    for (const [index, one] of sets.entries())
      for (const other of sets.slice(index + 1)) assert.ok(overlap(one, other) < 0.8);
  }
});

test("the filter reports every training row of ours, and texts that differ from one by a word", () => {
  const card = z
    .object({ checks: z.array(z.object({ text: z.string() })) })
    .parse(
      JSON.parse(readFileSync(new URL("../src/safeguards/artefacts/misuse-4.card.json", import.meta.url), "utf8")),
    );
  for (const { text } of card.checks) assert.ok(bands.has(text), text);
  const long = card.checks.map(({ text }) => text).filter((text) => wordsOf(text).size > 12);
  const found = long.filter((text) => bands.has(`${text} please`)).length;
  assert.ok(found >= 0.8 * long.length);
});

test("every set that items are drawn from stands in the notices", () => {
  const notices = readFileSync(new URL("../examples/first-release/NOTICES.md", import.meta.url), "utf8");
  for (const item of [...misuse, ...everyday]) assert.ok(notices.includes(item.id.split(":")[0] ?? item.id), item.id);
});

test("the suite with attacks is a selection of the misuse suite, of all its categories, and its sets stand in its notices", () => {
  const items = itemsOf("misuse-attacked", "attacks");
  const known = new Map(misuse.map((item) => [item.id, item]));
  for (const item of items) assert.deepEqual(item, known.get(item.id));
  assert.equal(new Set(items.map(({ category }) => category)).size, 5);
  const notices = readFileSync(new URL("../examples/attacks/NOTICES.md", import.meta.url), "utf8");
  for (const item of items) assert.ok(notices.includes(item.id.split(":")[0] ?? item.id), item.id);
});
