// Requirements that ask what the world reports. Nothing on record never passes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfLabel } from "../../acts/fixtures.ts";
import { Instant, IncidentId, Name, type Timestamp, instantOf, timestampOf } from "../../terms/ids.ts";
import type { Severity } from "../../terms/severity.ts";
import type { GivenFact } from "../judgement.ts";
import { judgeConsulted } from "./consulted.ts";
import { judgeDrilled } from "./drilled.ts";
import { judgeNoIncident } from "./no-incident.ts";
import { judgePolicyTests, PolicyTests } from "./policy-tests.ts";
import { judgePublished } from "./published.ts";

const id = Name.parse("one");
const now: Timestamp = "2026-11-30T12:00:00.000Z";
const at = instantOf(now);
const daysAgo = (days: number): Timestamp => timestampOf(Instant.parse(at - days * 86_400_000));

function incident(name: string, severity: Severity, state: "open" | "closed"): GivenFact {
  const known = IncidentId.parse(`inc_${name.padStart(16, "0")}`);
  return { fact: { kind: "incident", incident: known, severity, state, summary: digestOfLabel("what") }, at: now };
}

function drill(days: number, { opened = 0, unfinished = 0, attempts = 30 } = {}): GivenFact {
  return { fact: { kind: "drill", attempts, opened, unfinished }, at: daysAgo(days) };
}

function consultation(name: string, state: "open" | "closed"): GivenFact {
  return { fact: { kind: "consultation", name: Name.parse(name), state }, at: now };
}

function publication(name: string, days: number): GivenFact {
  return { fact: { kind: "publication", name: Name.parse(name), document: digestOfLabel("bytes") }, at: daysAgo(days) };
}

const quiet = (...facts: readonly GivenFact[]): string =>
  judgeNoIncident({ id, noIncident: "medium" }, { facts }).verdict;
const drilled = (...facts: readonly GivenFact[]): string =>
  judgeDrilled({ id, drillWithinDays: 30 }, { facts, at }).verdict;
const consulted = (...facts: readonly GivenFact[]): string =>
  judgeConsulted({ id, consulted: Name.parse("summer") }, { facts }).verdict;
const published = (...facts: readonly GivenFact[]): string =>
  judgePublished({ id, published: Name.parse("access"), withinDays: 90 }, { facts, at }).verdict;

test("no incident: the last word on each counts, from the severity on that is asked", () => {
  assert.equal(quiet(), "pass");
  assert.equal(quiet(incident("a", "low", "open")), "pass");
  assert.equal(quiet(incident("a", "low", "open"), incident("a", "high", "open")), "fail");
  assert.equal(quiet(incident("a", "high", "open"), incident("a", "high", "closed")), "pass");
  assert.equal(quiet(incident("a", "high", "closed"), incident("b", "medium", "open")), "fail");
  assert.match(
    judgeNoIncident({ id, noIncident: "low" }, { facts: [incident("a", "low", "open")] }).stillToShow ?? "",
    /the end of inc_000000000000000a \(low\)/,
  );
});

test("a drill: the last one, recent, whole, with nothing opened", () => {
  assert.equal(drilled(), "inconclusive");
  assert.equal(drilled(drill(30)), "pass");
  assert.equal(drilled(drill(31)), "inconclusive");
  assert.equal(drilled(drill(-1)), "inconclusive", "dated ahead");
  assert.equal(drilled(drill(1, { unfinished: 1 })), "inconclusive");
  assert.equal(drilled(drill(1, { attempts: 0 })), "inconclusive");
  assert.equal(drilled(drill(2), drill(1, { opened: 1 })), "fail");
  assert.equal(drilled(drill(2, { opened: 1 }), drill(1)), "pass");
});

test("a consultation: it was open, and is over; another one is none", () => {
  assert.equal(consulted(), "inconclusive");
  assert.equal(consulted(consultation("summer", "closed")), "inconclusive", "it never began");
  assert.equal(consulted(consultation("summer", "open")), "inconclusive");
  assert.equal(consulted(consultation("summer", "open"), consultation("winter", "closed")), "inconclusive");
  assert.equal(consulted(consultation("summer", "open"), consultation("summer", "closed")), "pass");
  assert.equal(
    consulted(consultation("summer", "open"), consultation("summer", "closed"), consultation("summer", "open")),
    "inconclusive",
  );
});

test("a publication: of this name, recent", () => {
  assert.equal(published(), "inconclusive");
  assert.equal(published(publication("other", 1)), "inconclusive");
  assert.equal(published(publication("access", 91)), "inconclusive");
  assert.equal(published(publication("access", 91), publication("access", 90)), "pass");
});

const [policy, safeguards, cases] = ["policy", "safeguards", "cases"].map(digestOfLabel);
assert.ok(policy !== undefined && safeguards !== undefined && cases !== undefined);
const tested = (days: number, change: object = {}): GivenFact => ({
  fact: { kind: "policy-test", policy, safeguards, cases, total: 20, failed: 0, ...change },
  at: daysAgo(days),
});
const testedBy = (more: object, ...facts: readonly GivenFact[]): ReturnType<typeof judgePolicyTests> =>
  judgePolicyTests(PolicyTests.parse({ id, policyTests: 20, ...more }), {
    facts,
    at,
    digests: { model: policy, policy, safeguards, suites: [] },
  });
const testsOf = (more: object, ...facts: readonly GivenFact[]): string => testedBy(more, ...facts).verdict;

test("policy tests: of exactly this policy and these safeguards, the last report, all as expected, as many as asked", () => {
  assert.equal(testsOf({}), "inconclusive");
  assert.equal(testsOf({}, tested(400)), "pass");
  assert.equal(testsOf({}, tested(1, { total: 19 })), "inconclusive");
  assert.equal(testsOf({}, tested(1, { failed: 1 })), "fail");
  assert.equal(testsOf({}, tested(2, { failed: 1 }), tested(1)), "pass");
  assert.equal(testsOf({}, tested(2), tested(1, { failed: 1 })), "fail");
  const other = { cases: safeguards };
  assert.equal(testsOf({}, tested(2, { failed: 1 }), tested(1, other)), "fail", "not behind another file");
  assert.equal(testsOf({}, tested(3, { failed: 1 }), tested(2, other), tested(1)), "pass", "mended");
  assert.equal(testsOf({}, tested(2), tested(1, { ...other, total: 3 })), "pass");
  assert.equal(testsOf({ cases }, tested(2), tested(1, { ...other, failed: 1 })), "pass", "another file was not asked");
  assert.equal(testsOf({}, tested(1, { policy: cases })), "inconclusive");
  assert.equal(testsOf({}, tested(1, { safeguards: cases })), "inconclusive");
});

test("policy tests: what failed names its cases and the way out of wrong ones, where the plan names no file", () => {
  const failed = tested(1, { failed: 1 });
  const still = testedBy({}, failed).stillToShow ?? "";
  assert.ok(still.includes(`the cases that failed are ${cases}`), still);
  assert.ok(still.includes("name the file that counts as `cases` in the release plan"), still);
  assert.ok(testedBy({ cases }, failed).stillToShow?.includes("failed are") === false);
});

test("policy tests of a named file, and of late, where the plan says so", () => {
  assert.equal(testsOf({ cases }, tested(1)), "pass");
  assert.equal(testsOf({ cases: policy }, tested(1)), "inconclusive");
  assert.equal(testsOf({ testedWithinDays: 30 }, tested(30)), "pass");
  assert.equal(testsOf({ testedWithinDays: 30 }, tested(31)), "inconclusive");
  assert.equal(testsOf({}, tested(-1)), "inconclusive", "dated ahead");
});

function brake(days: number, milliseconds: number, { opened = 0, unfinished = 0, attempts = 30 } = {}): GivenFact {
  const hold = { gateways: 3, milliseconds };
  return { fact: { kind: "drill", attempts, opened, unfinished, hold }, at: daysAgo(days) };
}

const braked = (...facts: readonly GivenFact[]): string =>
  judgeDrilled({ id, drillWithinDays: 30, withinMs: 1000 }, { facts, at }).verdict;

test("a drill of the brake: the last one of the brake, recent, whole, and soon enough; other drills count for nothing there", () => {
  assert.equal(braked(), "inconclusive");
  assert.equal(braked(drill(1)), "inconclusive");
  assert.equal(drilled(brake(1, 10)), "inconclusive", "and it counts for no drill of locks");
  assert.equal(braked(brake(1, 1000)), "pass");
  assert.equal(braked(brake(1, 1001)), "fail");
  assert.equal(braked(brake(2, 1001), brake(1, 20), drill(1, { opened: 1 })), "pass");
  assert.equal(braked(brake(31, 20)), "inconclusive");
  assert.equal(braked(brake(1, 20, { opened: 1 })), "fail");
  assert.equal(braked(brake(1, 20, { unfinished: 1 })), "inconclusive");
  assert.equal(braked(brake(1, 0, { attempts: 0 })), "inconclusive");
});
