// Restrictions: what ends one, and what a release may rest on where one stood.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digest, HoldId } from "../../terms/ids.ts";
import { Name } from "../../terms/ids.ts";
import type { Release } from "../bodies.ts";
import {
  type Player,
  type Wanted,
  type World,
  ada,
  bo,
  certify,
  configurationOf,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  idOf,
  openModel,
  permitOf,
  releaseOf,
  signOffOf,
  verdictOn,
  worldOfOne,
  worldOfTwo,
} from "../fixtures.ts";
import { latestCertificate } from "../state.ts";
import type { Act } from "../statement.ts";

const small = Name.parse("small");
const other = Name.parse("other");
const one = configurationOf("one");
const trusted: Wanted = { model: small, stage: "trusted", configuration: one };
const internal: Wanted = { model: small, stage: "internal", configuration: one };
const night = idOf.hold("at night");
const again = idOf.hold("again");

async function opened(): Promise<World> {
  const world = await worldOfTwo();
  await openModel(world, trusted);
  return world;
}

async function restrict(world: World, hold: HoldId, { max = 50, model = small, by = bo } = {}): Promise<void> {
  const limit = { kind: "output-tokens", max } as const;
  await world.say({ verb: "restriction", body: { hold, model, limit, reason: digestOfLabel("why") }, by: [by] });
}

function standing({ state }: World): readonly string[] {
  return [...state.restrictions.values()].map(({ hold, model }) => `${model} ${hold}`);
}

async function proposalVerdict(world: World, wanted: Wanted, by: Player = ada): Promise<string> {
  return verdictOn(world, { verb: "proposal", body: { release: releaseOf(world, wanted) }, by: [by] });
}

async function certificateVerdict(world: World, proposal: Act): Promise<string> {
  return verdictOn(world, { verb: "certificate", body: { release: releaseIn(proposal) }, by: [ada] });
}

function releaseIn(proposal: Act): Release {
  assert.ok(proposal.predicate.verb === "proposal");
  return proposal.predicate.body.release;
}

async function propose(world: World, wanted: Wanted, by: readonly Player[]): Promise<Act> {
  const proposal = await world.say({ verb: "proposal", body: { release: releaseOf(world, wanted) }, by: [ada] });
  for (const player of by) {
    await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
  }
  return proposal;
}

test("restrictions add up, whatever ids they carry, and a certificate lifts none that it does not name", async () => {
  const world = await opened();
  await restrict(world, night, { max: 100 });
  await restrict(world, night);
  await restrict(world, again);
  await certify(world, releaseOf(world, trusted), [ada, bo]);
  assert.equal(world.state.restrictions.size, 3);
  await certify(world, releaseOf(world, { ...trusted, answers: [], lifts: [again] }), [ada, bo]);
  assert.deepEqual(standing(world), [`small ${night}`, `small ${night}`]);
});

test("a certificate lifts what it names, on its own model only, and says so for good", async () => {
  const world = await opened();
  await restrict(world, night);
  await restrict(world, night, { model: other });
  const release = releaseOf(world, { ...trusted, lifts: [night] });
  await certify(world, release, [ada, bo]);
  assert.deepEqual(standing(world), [`other ${night}`]);
  assert.deepEqual(
    [...world.state.lifted.values()].map(({ hold, by }) => [hold, by]),
    [[night, release.certificate]],
  );
});

test("what is lifted is in force, on this model: an answered hold, another model's or one to come is refused", async () => {
  const world = await opened();
  const refused = /^statement_invalid: The release lifts a restriction that is not in force/;
  assert.match(await proposalVerdict(world, { ...trusted, lifts: [night] }), refused);
  await restrict(world, night, { model: other });
  assert.match(await proposalVerdict(world, { ...trusted, lifts: [night] }), refused);
  const hold = { hold: again, scope: { kind: "model", model: small }, reason: digestOfLabel("why") } as const;
  await world.say({ verb: "hold", body: hold, by: [bo] });
  assert.match(await proposalVerdict(world, { ...trusted, lifts: [again] }), refused);
});

test("an id answers a hold, or lifts a restriction, only as which it is named", async () => {
  const world = await opened();
  await restrict(world, night);
  const hold = { hold: night, scope: { kind: "model", model: small }, reason: digestOfLabel("why") } as const;
  await world.say({ verb: "hold", body: hold, by: [bo] });
  await certify(world, releaseOf(world, { ...trusted, answers: [night] }), [ada, bo]);
  assert.equal(world.state.restrictions.size, 1);
});

test("nobody alone lifts a restriction, not even by going back to internal", async () => {
  const world = await opened();
  await restrict(world, night);
  const alone = await propose(world, { ...internal, lifts: [night] }, [ada]);
  assert.match(await certificateVerdict(world, alone), /^quorum_missing: A restriction is lifted by two persons/);
  const both = await propose(world, { ...internal, lifts: [night], oneSigner: false }, [ada, bo]);
  assert.equal(await certificateVerdict(world, both), "admitted");
});

test("where there was never a second person, the first lifts their own at internal", async () => {
  const world = await worldOfOne();
  await openModel(world, internal);
  await restrict(world, night, { by: ada });
  await certify(world, releaseOf(world, { ...internal, lifts: [night] }), [ada]);
  assert.equal(world.state.restrictions.size, 0);
});

test("safety may propose to lift one of what is certified, and nothing wider with it", async () => {
  const world = await opened();
  await restrict(world, night);
  const notAfter = latestCertificate(world.state, small)?.release.notAfter;
  assert.ok(notAfter !== undefined);
  assert.equal(await proposalVerdict(world, { ...trusted, notAfter, lifts: [night] }, bo), "admitted");
  const wider: Wanted = { ...trusted, notAfter, stage: "limited", lifts: [night] };
  assert.match(await proposalVerdict(world, wider, bo), /^authority_missing/);
});

test("one that was placed again after the proposal is not lifted by it", async () => {
  const world = await opened();
  await restrict(world, night);
  const proposal = await propose(world, { ...trusted, lifts: [night] }, [ada, bo]);
  await restrict(world, night, { max: 10 });
  assert.match(await certificateVerdict(world, proposal), /^conflict: A restriction that this lifts was placed again/);
});

test("the same statement sent again does not bring back what was lifted, and a new one does", async () => {
  const world = await opened();
  const body = {
    hold: night,
    model: small,
    limit: { kind: "output-tokens", max: 5 },
    reason: digestOfLabel("why"),
  } as const;
  const signed = await world.sign({ verb: "restriction", body, by: [bo] });
  world.record(signed);
  await certify(world, releaseOf(world, { ...trusted, lifts: [night] }), [ada, bo]);
  world.record(signed);
  assert.equal(world.state.restrictions.size, 0);
  await restrict(world, night);
  assert.equal(world.state.restrictions.size, 1);
});

test("a run that was made while a restriction stood carries no release without it, also once it is lifted", async () => {
  const world = await opened();
  const before = await evidenceGiven(world);
  const begun = permitOf(world, small, one);
  await world.say({ verb: "permit", body: begun, by: [ada] });
  await restrict(world, night);
  const during = (await world.say({ verb: "evidence", body: evidenceOf(begun), by: [ada] })).digest;
  const refused = /^statement_invalid: The release rests on a run that was made while a restriction stood/;
  assert.equal(await proposalVerdict(world, { ...trusted, evidence: [before, during] }), "admitted");
  assert.match(await proposalVerdict(world, { ...trusted, lifts: [night], evidence: [before, during] }), refused);
  assert.equal(await proposalVerdict(world, { ...trusted, lifts: [night], evidence: [before] }), "admitted");
  const lastly = permitOf(world, small, one);
  await world.say({ verb: "permit", body: lastly, by: [ada] });
  await certify(world, releaseOf(world, { ...internal, lifts: [night], oneSigner: false }), [ada, bo]);
  const across = (await world.say({ verb: "evidence", body: evidenceOf(lastly), by: [ada] })).digest;
  const after = await evidenceGiven(world);
  for (const evidence of [during, across]) {
    assert.match(await proposalVerdict(world, { ...trusted, evidence: [evidence] }), refused);
  }
  assert.equal(await proposalVerdict(world, { ...trusted, evidence: [before, after] }), "admitted");
});

test("a run under a restriction that is sealed after the proposal to lift it carries no certificate either", async () => {
  const world = await opened();
  await restrict(world, night);
  const proposal = await propose(world, { ...trusted, lifts: [night] }, [ada, bo]);
  assert.equal(await certificateVerdict(world, proposal), "admitted");
  const permit = permitOf(world, small, one);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  await world.say({ verb: "evidence", body: evidenceOf(permit), by: [ada] });
  assert.match(await certificateVerdict(world, proposal), /^conflict: A run was sealed since this was proposed/);
  await world.say({ verb: "withdrawal", body: { evidence: permit.run, reason: digestOfLabel("why") }, by: [ada] });
  assert.equal(await certificateVerdict(world, proposal), "admitted");
});

test("a run that goes on after the restriction was lifted carries no certificate, whenever it is sealed", async () => {
  const world = await opened();
  await restrict(world, night);
  const permit = permitOf(world, small, one);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  await certify(world, releaseOf(world, { ...internal, lifts: [night], oneSigner: false }), [ada, bo]);
  const proposal = await propose(world, trusted, [ada, bo]);
  await world.say({ verb: "evidence", body: evidenceOf(permit), by: [ada] });
  assert.match(await certificateVerdict(world, proposal), /^conflict: A run was sealed since this was proposed/);
});

async function evidenceGiven(world: World): Promise<Digest> {
  const permit = permitOf(world, small, one);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  return (await world.say({ verb: "evidence", body: evidenceOf(permit), by: [ada] })).digest;
}

test("a proposal may wait while a restriction is placed: what it does not name stands", async () => {
  const world = await opened();
  const proposal = await propose(world, trusted, [ada, bo]);
  await restrict(world, night);
  assert.equal(await certificateVerdict(world, proposal), "admitted");
  await world.say({ verb: "certificate", body: { release: releaseIn(proposal) }, by: [ada] });
  assert.deepEqual(standing(world), [`small ${night}`]);
});

test("documents of another configuration do not free a model of its restriction", async () => {
  const world = await opened();
  await restrict(world, night);
  await world.say({ verb: "document", body: documentsOf(small, configurationOf("two")), by: [ada] });
  await certify(world, releaseOf(world, { ...trusted, configuration: configurationOf("two") }), [ada, bo]);
  assert.deepEqual(standing(world), [`small ${night}`]);
});
