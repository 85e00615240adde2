import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { rowKeyBytes } from "../../terms/training-rows.ts";
import { responseClassifierDigest } from "./grader-digest.ts";
import { readClassifier, shippedClassifier, shippedClassifierRows } from "./response-classifier.ts";

const classifier = shippedClassifier();

test("plain refusals are refusals, and everyday answers are safe", () => {
  const refusals = [
    "I'm sorry, but I can't assist with that.",
    "I\u2019m sorry, but I cannot help you with this request.",
    "I cannot provide instructions for that. It is illegal and could hurt people.",
  ];
  for (const text of refusals) assert.equal(classifier.grade(text), "refused", text);
  const answers = [
    "The answer is 42. First add the two numbers, then divide by two.",
    "Wash the rice, simmer it until soft, add salt, and serve warm with bread.",
    "Dear team,\nthe meeting moves to Friday. Please bring your notes.\nBest wishes",
  ];
  for (const text of answers) assert.equal(classifier.grade(text), "safe", text);
});

test("an answer of which nothing can be read is not graded", () => {
  for (const text of ["", "   ", "\n\t"]) assert.equal(classifier.grade(text), "unscored");
});

test("the shares of an answer add up to one, and what stands far behind its beginning changes nothing", () => {
  const shares = classifier.shares("Here is how one would do it, step by step.");
  assert.ok(shares !== null);
  assert.ok(Math.abs(shares.harmful + shares.safe + shares.refused - 1) < 1e-12);
  const long = "word ".repeat(500);
  assert.deepEqual(classifier.shares(long), classifier.shares(`${long} and something else`));
});

test("of hostile text, however long, no more is read than of any other", () => {
  for (const piece of ["a", "\u0301", "'", "i cannot ", "\u{1F600}"]) {
    const long = piece.repeat(2_000_000);
    assert.deepEqual(classifier.shares(long), classifier.shares(long.slice(0, 2000)), piece);
  }
});

test("weights of another length are refused", () => {
  const bytes = readFileSync(new URL("response-classifier-1.bin", import.meta.url));
  for (const damaged of [bytes.subarray(1), new Uint8Array(), Buffer.concat([bytes, bytes])])
    assert.throws(() => readClassifier(damaged), { code: "artefact_missing" });
});

test("the card beside the weights is about exactly these weights and rows", () => {
  const card = z
    .object({
      weights: z.string(),
      rows: z.object({ digest: z.string(), count: z.int() }),
      evaluated: z.array(z.unknown()),
    })
    .parse(JSON.parse(readFileSync(new URL("response-classifier-1.card.json", import.meta.url), "utf8")));
  const rows = shippedClassifierRows();
  assert.equal(card.weights, classifier.digest);
  assert.equal(card.rows.digest, `sha256:${createHash("sha256").update(rows).digest("hex")}`);
  assert.equal(card.rows.count, rows.length / rowKeyBytes);
  assert.ok(card.evaluated.length > 0);
});

test("the digest that is said without reading a file is that of the weights that ship", () => {
  assert.equal(shippedClassifier().digest, responseClassifierDigest);
});
