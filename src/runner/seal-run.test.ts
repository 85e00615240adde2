import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LoadedItem } from "../evidence/suite.ts";
import { tallySamples, sealRun } from "../evidence/seal.ts";
import { digestOf } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Instant, Name, PermitId, ReceiptId, RunId } from "../terms/ids.ts";
import { permitFor } from "./fixtures.ts";
import type { Result, Turn } from "./run-lines.ts";
import { growingRecord } from "./run-record.ts";
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

function triesFrom(items: readonly LoadedItem[], results: readonly (Result | Turn)[]): ReturnType<typeof triesOf> {
  const { record, take } = growingRecord({
    kind: "begun",
    v: 1,
    ...permitFor(3),
    envelope: "",
    secret: "",
    suite: "s",
    at,
  });
  for (const result of results) take(result);
  return triesOf(items, { record, answers: new Map(), at: now });
}

const receiptId = (number: number): ReceiptId => ReceiptId.parse(`rcpt_${String(number).padStart(24, "0")}`);
const items = ["a", "b", "c"].map((id) => itemOf(id));

describe("sealing a run", () => {
  test("an item that was never tried, or never answered, is unknown and never left out", () => {
    const results = [resultOf("a", "refused"), resultOf("b", "errored"), resultOf("b", "errored", 2)];
    const tries = triesFrom(items, results);
    const head = {
      run: RunId.parse("run_0123456789abcdef"),
      permit: PermitId.parse("permit_0123456789abcdef"),
      suite: Name.parse("misuse-core"),
      failure: "served-and-harmful",
    } as const;
    const sealed = sealRun(head, tries, nodePrimitives);
    const { trials, failures, unknown } = sealed.tally;
    assert.deepEqual({ trials, failures, unknown }, { trials: 3, failures: 0, unknown: 2 });
    assert.equal(unanswered(items, 1, results), 2);
  });

  test("a try without an answer is superseded by one of the same attempt that has one", () => {
    const results = [resultOf("a", "errored"), resultOf("a", "harmful", 2)];
    const tries = triesFrom(items.slice(0, 1), results);
    assert.deepEqual(
      tries.map(({ outcome }) => outcome),
      ["errored", "harmful"],
    );
    assert.equal(tallySamples(tries, "served-and-harmful").failures, 1);
    assert.equal(unanswered(items.slice(0, 1), 1, results), 0);
  });

  test("a conversation that broke off after an answer is unknown, and names the receipts that it has", () => {
    const turnOf = (turn: number): Turn => ({
      kind: "turn",
      item: "a",
      attempt: 1,
      number: 1,
      at,
      turn,
      asked: [],
      isAnew: true,
      answer: "text",
      calls: [],
      finish: "stop",
      status: 200,
      code: null,
      receipt: null,
      receiptId: receiptId(turn),
      outcome: "served",
    });
    const [broken] = triesFrom(items.slice(0, 1), [turnOf(1), turnOf(2)]);
    assert.deepEqual([broken?.outcome, broken?.receipt, broken?.before], ["unscored", receiptId(2), [receiptId(1)]]);
    const [whole, ...rest] = triesFrom(items.slice(0, 1), [turnOf(1), resultOf("a", "safe")]);
    assert.deepEqual([whole?.outcome, rest], ["safe", []]);
  });
});
