// Who fills a seat: not who steps back, not whose word is old, not whose own hand was in it where the plan minds.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  ada,
  bo,
  configurationOf,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  idOf,
  join,
  linkKey,
  permitOf,
  playerOf,
  releaseOf,
  signOffOf,
  worldOfTwo,
} from "../../acts/fixtures.ts";
import type { GivenPermit } from "../../acts/state.ts";
import { Instant, Name, timestampOf } from "../../terms/ids.ts";
import { givenSignOffs } from "../assess.ts";
import { conflictsOf } from "../conflict.ts";
import type { GivenSignOff, RequirementJudgement } from "../judgement.ts";
import { SignOffs, judgeSignOffs } from "./sign-offs.ts";

const at = Instant.parse(Date.parse("2026-11-30T00:00:00.000Z"));
const daysAgo = (days: number): string => timestampOf(Instant.parse(at - days * 86_400_000));

function judged(more: object, ...signOffs: readonly GivenSignOff[]): RequirementJudgement {
  const requirement = SignOffs.parse({ id: "board", signOffs: [{ role: "assurance", count: 1 }], ...more });
  return judgeSignOffs(requirement, { signOffs, at });
}

const given = (more: Partial<GivenSignOff>): GivenSignOff => ({
  person: idOf.person("Cy"),
  role: "assurance",
  verdict: "for",
  ...more,
});

test("a sign-off counts until it is as old as the plan lets it be, and one without a date does not", () => {
  assert.equal(judged({ maxAgeDays: 10 }, given({ at: daysAgo(10) })).verdict, "pass");
  const old = judged({ maxAgeDays: 10 }, given({ at: daysAgo(10.01) }));
  assert.equal(old.verdict, "fail");
  assert.match(old.why, /Still unsigned: assurance sign-off\. 1 signed more than 10 days ago\./);
  assert.equal(judged({ maxAgeDays: 10 }, given({})).verdict, "fail");
  assert.equal(judged({}, given({ at: daysAgo(400) })).verdict, "pass");
});

test("who steps back fills no seat, and is counted apart from who signed against", () => {
  const read = judged({}, given({ verdict: "recused" }));
  assert.equal(read.verdict, "fail");
  assert.deepEqual([read.have["recused"], read.have["against"]], [1, 0]);
  assert.match(read.why, /1 stepped back/);
});

test("who had a hand in what the plan names fills no seat; where it names nothing they do", () => {
  const conflicted = given({ conflicts: ["evidence"] });
  assert.equal(judged({ notBy: ["proposer", "evidence"] }, conflicted).verdict, "fail");
  assert.equal(judged({ notBy: ["proposer"] }, conflicted).verdict, "pass");
  assert.equal(judged({}, conflicted).verdict, "pass");
  assert.match(judged({ notBy: ["evidence"] }, conflicted).why, /1 had a hand in it and fills no seat \(evidence\)/);
  assert.throws(() => judged({ notBy: [] }));
  assert.throws(() => judged({ notBy: ["friend"] }));
});

test("where the plan asks for a key of the command line, seats filled from browsers alone do not do", () => {
  const seats = [
    { role: "assurance", count: 1 },
    { role: "safety", count: 1 },
  ];
  const [cy, di] = [given({ madeIn: "browser" }), given({ person: idOf.person("Di"), role: "safety" })];
  const inBrowser = { ...di, madeIn: "browser" } as const;
  const asked = { signOffs: seats, cliKeys: 1 };
  assert.equal(judged(asked, cy, di).verdict, "pass");
  const browsers = judged(asked, cy, inBrowser);
  assert.deepEqual([browsers.verdict, browsers.have["cliKeys"], browsers.need["cliKeys"]], ["fail", 0, 1]);
  assert.match(
    browsers.why,
    /All seats are filled\. One of the sign-offs must come from a key kept at the command line: `headgate release sign …`\./,
  );
  assert.match(browsers.stillToShow ?? "", /^one of the sign-offs must come from a key kept at the command line/);
  const besides = given({ person: idOf.person("Eve"), role: "policy" });
  assert.equal(judged(asked, cy, inBrowser, besides).verdict, "fail", "who fills no seat counts for none");
  const against = given({ person: idOf.person("Fay"), role: "safety", verdict: "against" });
  assert.equal(judged(asked, cy, inBrowser, against).verdict, "fail", "nor who signed against");
  assert.match(judged({ ...asked, cliKeys: 2 }, cy, inBrowser).why, /2 of the sign-offs must come from a key/);
  assert.equal(judged({ signOffs: seats }, cy, inBrowser).verdict, "pass", "a plan that says nothing minds nothing");
  for (const cliKeys of [0, 3, 1.5, "cli"]) assert.throws(() => judged({ signOffs: seats, cliKeys }), String(cliKeys));
});

test("a sign-off bears where its key was made, and one signed anew at the command line does instead", async () => {
  const world = await worldOfTwo();
  const small = Name.parse("small");
  const one = configurationOf("one");
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const inBrowser = { ...bo, signer: await linkKey(world, bo) };
  const act = await world.say({ verb: "proposal", body: { release }, by: [ada] });
  const seats = [
    { role: "owner", count: 1 },
    { role: "safety", count: 1 },
  ];
  const requirement = SignOffs.parse({ id: "board", signOffs: seats, cliKeys: 2 });
  const judgedNow = (): readonly unknown[] => {
    const signOffs = givenSignOffs(world.state, world.state.proposals.get(release.proposal));
    const { verdict, have } = judgeSignOffs(requirement, { signOffs, at: world.now() });
    return [verdict, have["cliKeys"]];
  };
  await world.say({ verb: "sign-off", body: signOffOf(act, ada), by: [ada] });
  await world.say({ verb: "sign-off", body: signOffOf(act, bo), by: [inBrowser] });
  assert.deepEqual(judgedNow(), ["fail", 1]);
  await world.say({ verb: "sign-off", body: signOffOf(act, bo), by: [bo] });
  assert.deepEqual(judgedNow(), ["pass", 2]);
  await world.say({ verb: "sign-off", body: signOffOf(act, bo), by: [inBrowser] });
  assert.deepEqual(judgedNow(), ["fail", 1], "each person's last word counts");
  await world.say({ verb: "sign-off", body: signOffOf(act, bo), by: [inBrowser, bo] });
  assert.deepEqual(judgedNow(), ["pass", 2], "with both of their keys it is at the command line too");
});

test("the ledger tells who proposed, who ran or sealed the evidence, and who applied which document", async () => {
  const world = await worldOfTwo();
  const [cy, di, eve] = [playerOf("Cy", "assurance"), playerOf("Di", "policy"), playerOf("Eve", "assurance")];
  for (const player of [cy, di, eve]) await join(world, player, [ada, bo]);
  const small = Name.parse("small");
  const one = configurationOf("one");
  await world.say({ verb: "document", body: documentsOf(small, one), by: [di] });
  const permit = permitOf(world, small, one);
  await world.say({ verb: "permit", body: permit, by: [cy] });
  const evidence = await world.say({ verb: "evidence", body: evidenceOf(permit), by: [cy] });
  const release = releaseOf(world, { model: small, stage: "trusted", configuration: one });
  const digests = { ...release.digests, suites: [one.suite], evidence: [evidence.digest] };
  const act = await world.say({ verb: "proposal", body: { release: { ...release, digests } }, by: [ada] });
  for (const player of [ada, bo, cy, di, eve])
    await world.say({ verb: "sign-off", body: signOffOf(act, player), by: [player] });
  const proposal = world.state.proposals.get(release.proposal);
  assert.ok(proposal !== undefined);
  const conflicts = ({ person }: typeof ada, compared: readonly GivenPermit[] = []): readonly string[] =>
    conflictsOf(world.state, proposal, { person, compared });
  assert.deepEqual(conflicts(ada), ["proposer"]);
  assert.deepEqual(conflicts(bo), []);
  assert.deepEqual(conflicts(cy), ["evidence"]);
  assert.deepEqual(conflicts(eve), []);
  const permitted = world.state.permits.get(permit.permit);
  assert.ok(permitted !== undefined);
  world.state.permits.set(permit.permit, { ...permitted, second: eve.person });
  assert.deepEqual(conflicts(eve), ["evidence"], "who shared a permit");
  world.state.permits.set(permit.permit, permitted);
  const other = permitOf(world, Name.parse("other"), one);
  const beside: GivenPermit = { ...other, by: bo.person, second: eve.person, at: permitted.at, index: 9 };
  assert.deepEqual([conflicts(bo, [beside]), conflicts(eve, [beside])], [["evidence"], ["evidence"]], "of the other");
  const { second: _, ...byCy } = { ...beside, by: cy.person };
  assert.deepEqual(conflicts(bo, [byCy]), []);
  const sealed = world.state.evidence.get(evidence.digest);
  assert.ok(sealed !== undefined);
  const body = { ...sealed.body, permit: byCy.permit };
  world.state.evidence.set(digestOfLabel("of the other"), { ...sealed, body, by: bo.person });
  assert.deepEqual(conflicts(bo, [byCy]), ["evidence"], "who sealed what another permitted");
  world.state.evidence.delete(digestOfLabel("of the other"));
  assert.deepEqual(conflicts(di), ["model", "safeguards", "policy", "plan", "suites"]);
  const requirement = SignOffs.parse({ id: "own", signOffs: [{ role: "assurance", count: 1 }], notBy: ["evidence"] });
  const judgedNow = (): string =>
    judgeSignOffs(requirement, {
      signOffs: givenSignOffs(world.state, world.state.proposals.get(release.proposal)),
      at: world.now(),
    }).verdict;
  assert.equal(judgedNow(), "pass");
  const back = { ...signOffOf(act, eve), verdict: "recused" as const };
  await world.say({ verb: "sign-off", body: back, by: [eve] });
  assert.equal(judgedNow(), "fail", "the one who ran the evidence is left");
});
