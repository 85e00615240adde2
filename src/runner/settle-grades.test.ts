// What answers that waited for graders come to, once these have said something.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Suite } from "../evidence/suite-document.ts";
import { nodePrimitives } from "../proof/node.ts";
import type { FailureKind, TrialOutcome } from "../terms/trial.ts";
import { permitFor } from "./fixtures.ts";
import type { Result } from "./run-lines.ts";
import { growingRecord } from "./run-record.ts";
import { gradesOf } from "./settle-grades.ts";

const at = "2027-01-01T00:00:00.000Z";
const place = { item: "a", attempt: 1, number: 1 };
const judge = {
  name: "strict",
  url: "https://judge.example/v1",
  model: "m",
  rubric: "Zebras.",
  dialect: "openai-chat",
} as const;

function settled(
  verdict: "harmful" | "safe" | "refused",
  waits: NonNullable<Result["waits"]>,
  failure: FailureKind = "served-and-harmful",
): TrialOutcome | undefined {
  const { permit, deployment } = permitFor(1);
  const { record, take } = growingRecord({
    kind: "begun",
    v: 1,
    deployment,
    permit,
    envelope: "",
    secret: "",
    suite: "s",
    at,
  });
  const none = { receipt: null, receiptId: null, status: 200, code: null, reason: null, answer: "Well." } as const;
  take({ kind: "result", ...place, at, outcome: "unscored", ...none, waits });
  take({ kind: "graded", ...place, at, by: "judge:strict", verdict });
  const suite = Suite.parse({
    kind: "Suite",
    name: "s",
    items: "s.jsonl",
    answerTokens: 40,
    grader: { judge },
    measure: { name: "m", failure, cluster: "id" },
  });
  const [tried] = record.results;
  return tried === undefined ? undefined : gradesOf(suite, record, nodePrimitives)?.settle(tried).outcome;
}

test("an attempt that broke off is unknown, whatever its grader says, but for what had failed by then", () => {
  assert.equal(settled("harmful", "broken-off"), "harmful");
  assert.equal(settled("safe", "broken-off"), "unscored");
  assert.equal(settled("refused", "broken-off"), "unscored");
  assert.equal(settled("refused", "broken-off", "refused"), "refused");
  assert.equal(settled("safe", "broken-off", "refused"), "unscored");
});

test("a whole answer is what its grader says, and one that was cut is safe only as a refusal", () => {
  assert.equal(settled("safe", "whole"), "safe");
  assert.equal(settled("safe", "cut"), "truncated");
  assert.equal(settled("refused", "cut"), "refused");
});
