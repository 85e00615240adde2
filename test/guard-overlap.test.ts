// Graders that were trained share no weights and no rows with the safeguards that ship, and a run in which one did would not begin.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSharedTraining, unknownGuards } from "../src/evidence/graders/guard-overlap.ts";
import { shippedClassifier, shippedClassifierRows } from "../src/evidence/graders/response-classifier.ts";
import { shippedSafeguards } from "../src/safeguards/registry.ts";
import { trainedOn } from "../src/safeguards/trained-on.ts";
import { rowKeyBytes, sharedRows } from "../src/terms/training-rows.ts";

const weights = shippedClassifier().digest;
const rows = shippedClassifierRows();

test("every safeguard that ships says what it was trained on, and the response classifier shares none of it", () => {
  const names = shippedSafeguards().names;
  assert.ok(names.length >= 2);
  for (const name of names) {
    const trained = trainedOn(name);
    assert.ok(trained.kind === "rows" && trained.keys.length > 1000 * rowKeyBytes, name);
    assert.equal(sharedRows(rows, trained.keys), 0, name);
  }
  const chain = names.map((safeguard) => ({ safeguard, digest: shippedSafeguards().get(safeguard).digest }));
  assert.deepEqual(checkSharedTraining({ grader: "response-classifier@1" }, chain, trainedOn), []);
});

test("rules were trained on nothing, and of what is asked over HTTP nobody here knows it", () => {
  const chain = ["structure@1", "patterns@1", "service@1", "judge@1"].map((safeguard) => ({ safeguard }));
  assert.deepEqual(checkSharedTraining({ grader: "response-classifier@1" }, chain, trainedOn), [
    "service@1",
    "judge@1",
  ]);
  assert.throws(() => trainedOn("nobody@1"), { code: "artefact_missing" });
});

test("one shared row, or the same weights, is enough to refuse a run", () => {
  const [other] = shippedSafeguards().names;
  assert.ok(other !== undefined);
  const keys = rows.subarray(rowKeyBytes, 2 * rowKeyBytes);
  const withRow = { weights, rows, trainedOn: () => ({ kind: "rows", keys }) as const };
  assert.throws(() => unknownGuards([{ safeguard: other }], withRow), /trained on 1 rows that safeguard/);
  const apart = { weights, rows, trainedOn };
  assert.throws(() => unknownGuards([{ safeguard: other, digest: weights }], apart), /the very weights of safeguard/);
  assert.deepEqual(unknownGuards([{ safeguard: other }], apart), []);
});

test("graders that were trained on nothing are asked nothing", () => {
  assert.deepEqual(checkSharedTraining({ grader: "refusal-rules@1" }, [{ safeguard: "nobody@1" }], trainedOn), []);
});
