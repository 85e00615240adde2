import assert from "node:assert/strict";
import { test } from "node:test";
import { type Tried, sealRun } from "../evidence/seal.ts";
import { digestOf } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Name, PermitId, ReceiptId, RunId } from "../terms/ids.ts";
import { receiptsNamed } from "./receipts-awaited.ts";

const head = {
  run: RunId.parse("run_0123456789abcdef"),
  permit: PermitId.parse("permit_0123456789abcdef"),
  suite: Name.parse("misuse-core"),
  failure: "served-and-harmful",
} as const;

function tried(index: number, receipt: string | null): Tried {
  return {
    item: digestOf(toUtf8(`item ${index}`), nodePrimitives),
    cluster: `item ${index}`,
    attempt: 1,
    outcome: receipt === null ? "errored" : "safe",
    receipt: receipt === null ? null : ReceiptId.parse(receipt),
    at: "2027-01-01T00:00:00.000Z",
    answer: null,
  };
}

test("tries without a receipt are not waited for, and a receipt named twice is one", () => {
  const one = `rcpt_${"1".repeat(24)}`;
  const other = `rcpt_${"2".repeat(24)}`;
  const tries = [tried(1, one), tried(2, null), tried(3, other), tried(4, other), tried(5, null)];
  const { bytes } = sealRun(head, tries, nodePrimitives);
  assert.equal(receiptsNamed(bytes), 2);
});

test("samples that did not come, or are none, are waited for not at all", () => {
  assert.equal(receiptsNamed(undefined), 0);
  assert.equal(receiptsNamed(toUtf8("not a run")), 0);
});
