// What the policy decision promises, over all combinations of findings, rules and scopes.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Category, type Band, type Finding, type Inspection, type Surface, lets } from "../terms/finding.ts";
import { decide, flaggedIn, redactedIn, stricter } from "./decide.ts";
import { UsagePolicy } from "./policy-document.ts";

const closed = UsagePolicy.parse({ kind: "UsagePolicy", name: "closed", categories: [] });
const mixed = UsagePolicy.parse({
  kind: "UsagePolicy",
  name: "mixed",
  categories: [
    { category: "cyber", treat: "restricted", scope: "security-research" },
    { category: "sexual", treat: "allowed" },
    { category: "hate", treat: "prohibited", input: "flag" },
  ],
});
const nobody = { scopes: [], surface: "input" } as const;

function found(category: Category, band: Band): Finding {
  return { category, band, score: 0.9, span: [0, 1], detector: "test@1" };
}

function isPolicy(...categories: readonly object[]): boolean {
  return UsagePolicy.safeParse({ kind: "UsagePolicy", name: "p", categories }).success;
}

function inspected(...findings: readonly Finding[]): Inspection {
  return { kind: "inspected", findings };
}

test("nothing found passes", () => {
  assert.deepEqual(decide(inspected(), closed, nobody), { kind: "pass" });
});

test("a category that the policy does not name is blocked", () => {
  for (const category of Category.options)
    assert.deepEqual(decide(inspected(found(category, "block")), closed, nobody), { kind: "block", category });
});

test("an inspection that is unknown never passes, whatever the policy allows", () => {
  const everything = UsagePolicy.parse({
    kind: "UsagePolicy",
    name: "all",
    categories: Category.options.map((category) => ({ category, treat: "allowed" })),
  });
  const verdict = decide({ kind: "unknown", cause: "timeout" }, everything, nobody);
  assert.deepEqual(verdict, { kind: "unknown", cause: "timeout" });
  assert.equal(lets(verdict), false);
});

test("a restricted category passes flagged with its scope and is blocked without it", () => {
  const inspection = inspected(found("cyber", "block"));
  assert.equal(decide(inspection, mixed, { scopes: ["security-research"], surface: "input" }).kind, "flag");
  assert.equal(decide(inspection, mixed, { scopes: ["other"], surface: "output" }).kind, "block");
});

test("an action can differ between input and output", () => {
  const inspection = inspected(found("hate", "block"));
  assert.equal(decide(inspection, mixed, nobody).kind, "flag");
  assert.equal(decide(inspection, mixed, { scopes: [], surface: "output" }).kind, "block");
});

test("a finding in the review band never does more than review", () => {
  assert.equal(decide(inspected(found("weapons", "review")), mixed, nobody).kind, "review");
});

test("a finding of a safeguard that only flags never does more than flag", () => {
  assert.equal(decide(inspected(found("weapons", "flag")), mixed, nobody).kind, "flag");
});

test("what is to be redacted is, where policy would stop it, and a request with it is blocked", () => {
  const answer = { scopes: ["security-research"], surface: "output" } as const;
  const findings = (["fraud", "cyber", "sexual", "privacy"] as const).map((category) => found(category, "redact"));
  const inspection = inspected(...findings, found("fraud", "flag"));
  assert.equal(decide(inspection, mixed, answer).kind, "flag");
  assert.deepEqual(
    redactedIn(inspection, mixed, answer).map(({ category, band }) => [category, band]),
    [
      ["fraud", "redact"],
      ["privacy", "redact"],
    ],
  );
  assert.equal(decide(inspected(found("fraud", "redact"), found("hate", "block")), mixed, answer).kind, "block");
  assert.equal(decide(inspected(found("fraud", "redact")), mixed, nobody).kind, "block");
  const onTrial = { ...found("fraud", "redact"), mode: "review" } as const;
  assert.equal(decide(inspected(onTrial), mixed, nobody).kind, "review", "what its mode makes of a block");
  assert.deepEqual(redactedIn(inspected(onTrial), mixed, answer), [onTrial]);
  assert.deepEqual(redactedIn({ kind: "unknown", cause: "failed" }, closed, answer), []);
});

test("what is told of as flagged is what goes on flagged, by rule, scope, mode or redaction, and nothing that stops or passes", () => {
  const answer = { scopes: ["security-research"], surface: "output" } as const;
  const findings = [
    found("cyber", "block"),
    found("cyber", "flag"),
    found("fraud", "redact"),
    found("privacy", "flag"),
    found("sexual", "block"),
    found("weapons", "block"),
    found("violence", "review"),
    found("self-harm", "clear"),
  ];
  assert.deepEqual(flaggedIn(inspected(...findings), mixed, answer), ["cyber", "fraud", "privacy"]);
  assert.deepEqual(flaggedIn(inspected(found("hate", "block")), mixed, nobody), ["hate"]);
  assert.deepEqual(flaggedIn({ kind: "unknown", cause: "failed" }, mixed, nobody), []);
  assert.equal(UsagePolicy.safeParse({ ...mixed, tell: "everybody" }).success, false);
});

test("a finding of a safeguard in review mode never does more than review, in any band and on any side", () => {
  for (const band of ["block", "redact", "review", "flag", "clear"] as const)
    for (const surface of ["input", "output"] as const) {
      const given = { scopes: [], surface };
      const usual = decide(inspected(found("weapons", band)), mixed, given);
      const reviewed = decide(inspected({ ...found("weapons", band), mode: "review" }), mixed, given);
      assert.equal(reviewed.kind, usual.kind === "block" ? "review" : usual.kind, `${band} ${surface}`);
    }
});

test("one more finding never makes a verdict milder", () => {
  const finding = fc
    .tuple(fc.constantFrom(...Category.options), fc.constantFrom<Band[]>("clear", "flag", "review", "block"))
    .map(([category, band]) => found(category, band));
  const surface = fc.constantFrom<Surface[]>("input", "output");
  fc.assert(
    fc.property(fc.array(finding), finding, surface, (findings, more, side) => {
      const caller = { scopes: [], surface: side };
      const before = decide(inspected(...findings), mixed, caller);
      const after = decide(inspected(...findings, more), mixed, caller);
      assert.deepEqual(stricter(after, before), after);
    }),
    { seed: 7 },
  );
});

test("a restricted category without a scope, a scope on an allowed one, and a category named twice are refused", () => {
  assert.equal(isPolicy({ category: "cyber", treat: "restricted" }), false);
  assert.equal(isPolicy({ category: "cyber", treat: "allowed", scope: "x" }), false);
  assert.equal(isPolicy({ category: "cyber", treat: "allowed", input: "block" }), false);
  assert.equal(isPolicy({ category: "cyber", treat: "prohibited", input: "pass" }), false);
  assert.equal(isPolicy({ category: "cyber", treat: "allowed" }, { category: "cyber", treat: "prohibited" }), false);
  assert.equal(isPolicy({ category: "nonsense", treat: "allowed" }), false);
  assert.equal(isPolicy({ category: "cyber", treat: "restricted", scope: "security-research" }), true);
});
