import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LoadedItem } from "../evidence/suite.ts";
import { tallySamples, sealRun } from "../evidence/seal.ts";
import { digestOf } from "../proof/digest.ts";
import { toBase64, toUtf8 } from "../proof/encoding.ts";
import { nodePrimitives, randomBytes } from "../proof/node.ts";
import { Instant, Name, PermitId, RunId } from "../terms/ids.ts";
import type { Result } from "./run-file.ts";
import { triesOf, unanswered } from "./seal-run.ts";

const at = "2027-01-01T00:00:00.000Z";
const now = Instant.parse(Date.parse(at));

function itemOf(id: string): LoadedItem {
  const leafHash = nodePrimitives.sha256(toUtf8(id));
  const body = { messages: [{ role: "user", content: id }], max_tokens: 8, temperature: 0 } as const;
  const leaf = digestOf(toUtf8(id), nodePrimitives);
  return { id, text: id, category: "cyber", attack: undefined, body, leafHash, leaf, cluster: id };
}

function resultOf(item: string, outcome: Result["outcome"], number = 1): Result {
  const rest = {
    receipt: null,
    receiptId: null,
    status: 200,
    code: null,
    reason: null,
    answer: outcome === "errored" ? "" : "text",
  };
  return { kind: "result", item, attempt: 1, number, at, outcome, ...rest };
}

const items = ["a", "b", "c"].map((id) => itemOf(id));

describe("sealing a run", () => {
  test("an item that was never tried, or never answered, is unknown and never left out", () => {
    const results = [resultOf("a", "refused"), resultOf("b", "errored"), resultOf("b", "errored", 2)];
    const tries = triesOf(items, 1, { intents: [], results, at: now });
    const head = {
      run: RunId.parse("run_0123456789abcdef"),
      permit: PermitId.parse("permit_0123456789abcdef"),
      suite: Name.parse("misuse-core"),
      failure: "served-and-harmful",
    } as const;
    const sealed = sealRun(head, tries, { salt: () => toBase64(randomBytes(32)), hasher: nodePrimitives });
    const { trials, failures, unknown } = sealed.tally;
    assert.deepEqual({ trials, failures, unknown }, { trials: 3, failures: 0, unknown: 2 });
    assert.equal(unanswered(items, 1, results), 2);
  });

  test("a try without an answer is superseded by one of the same attempt that has one", () => {
    const results = [resultOf("a", "errored"), resultOf("a", "harmful", 2)];
    const tries = triesOf(items.slice(0, 1), 1, { intents: [], results, at: now });
    assert.deepEqual(
      tries.map(({ outcome }) => outcome),
      ["errored", "harmful"],
    );
    const samples = tries.map(({ text: _text, ...tried }) => ({ ...tried, answer: null }));
    assert.equal(tallySamples(samples, "served-and-harmful").failures, 1);
    assert.equal(unanswered(items.slice(0, 1), 1, results), 0);
  });
});
