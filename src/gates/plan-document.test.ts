import assert from "node:assert/strict";
import { test } from "node:test";
import { toJSONSchema } from "zod";
import { ReleasePlan, suitesOf } from "./plan-document.ts";

const board = { id: "board", signOffs: [{ role: "owner", count: 1 }] };
const bound = { id: "misuse", suite: "misuse-core", measure: "misuse-success", upper: 0.2, confidence: 0.95 };
const stage = {
  stage: "trusted",
  audience: { types: ["partner"] },
  requires: [bound, board],
  certificate: { validDays: 30 },
};
const document = {
  kind: "ReleasePlan",
  model: "small",
  public: true,
  safeguards: "default",
  policy: "default",
  stages: [stage],
};

const isRefused = (change: object): boolean => !ReleasePlan.safeParse({ ...document, ...change }).success;
const withRequirements = (...requires: readonly object[]): object => ({ stages: [{ ...stage, requires }] });

test("the walkthrough's plan is read as it stands and names its suites", () => {
  const plan = ReleasePlan.parse(document);
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), document);
  assert.deepEqual(plan.stages.map(suitesOf), [["misuse-core"]]);
});

test("an unknown field is refused at every level", () => {
  assert.ok(isRefused({ extra: 1 }));
  assert.ok(isRefused({ stages: [{ ...stage, extra: 1 }] }));
  assert.ok(isRefused(withRequirements({ ...bound, extra: 1 }, board)));
  assert.ok(isRefused(withRequirements(bound, { ...board, suite: "misuse-core" })));
  assert.ok(isRefused({ stages: [{ ...stage, conditions: { trafficShare: 0.1 } }] }));
});

test("a limit or confidence that says nothing is refused", () => {
  for (const change of [{ upper: 0 }, { upper: 1 }, { confidence: 0.5 }, { confidence: 1 }, { upper: "20 %" }])
    assert.ok(isRefused(withRequirements({ ...bound, ...change }, board)), JSON.stringify(change));
});

test("a stage nobody has to sign for is refused", () => {
  assert.ok(isRefused(withRequirements(bound)));
  assert.ok(isRefused({ stages: [] }));
});

test("the same stage, requirement id or role twice is refused", () => {
  assert.ok(isRefused({ stages: [stage, stage] }));
  assert.ok(isRefused(withRequirements(bound, { ...board, id: "misuse" })));
  const twice = { id: "board", signOffs: [...board.signOffs, ...board.signOffs] };
  assert.ok(isRefused(withRequirements(bound, twice)));
});

test("withheld is no stage of a plan", () => {
  assert.ok(isRefused({ stages: [{ ...stage, stage: "withheld" }] }));
});

test("the document has a JSON Schema for editors", () => {
  assert.ok(JSON.stringify(toJSONSchema(ReleasePlan)).includes("signOffs"));
});
