// Evaluators outside the operator: they run what they were given and no more, and nobody writes over what is theirs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../../terms/ids.ts";
import type { BodyOf } from "../bodies.ts";
import {
  type Player,
  type World,
  ada,
  bo,
  configurationOf,
  digestOfLabel,
  documentsOf,
  evidenceOf,
  idOf,
  inDays,
  invitationOf,
  join,
  joinFrom,
  mandateOf,
  oneTimeKeyOf,
  permitOf,
  playerOf,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";
import type { Act } from "../statement.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const eve = playerOf("Eve", "evaluator");
const own = playerOf("Olga", "evaluator");
const house = Name.parse("city-university");

async function worldWithEve(): Promise<World> {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  await joinFrom(world, eve, house);
  await join(world, own, [ada, bo]);
  return world;
}

type Change = Partial<BodyOf<"mandate">>;

async function mandated(world: World, change: Change = {}): Promise<Act> {
  return world.say({ verb: "mandate", body: { ...mandateOf(world, eve, small), ...change }, by: [ada] });
}

let permits = 0;

/** What becomes of a permit of Eve's; each has an id and a secret of its own. */
async function permitVerdict(world: World, change: Partial<BodyOf<"permit">>, by = eve): Promise<string> {
  permits += 1;
  const ids = { permit: idOf.permit(`${permits}`), run: idOf.run(`${permits}`), hash: digestOfLabel(`${permits}`) };
  return verdictOn(world, { verb: "permit", body: { ...permitOf(world, small, one), ...ids, ...change }, by: [by] });
}

test("a mandate is for an evaluator of another organisation, for what was applied, and ends", async () => {
  const world = await worldWithEve();
  const verdict = async (change: Change, by = ada): Promise<string> =>
    verdictOn(world, { verb: "mandate", body: { ...mandateOf(world, eve, small), ...change }, by: [by] });
  assert.equal(await verdict({}), "admitted");
  assert.match(await verdict({ person: own.person }), /^statement_invalid: A mandate is for an evaluator of another/);
  assert.match(await verdict({ person: idOf.person("nobody") }), /^not_found: There is no such person/);
  assert.match(await verdict({ model: Name.parse("other") }), /^not_found: Nobody applied a model/);
  assert.match(await verdict({ suites: [Name.parse("other")] }), /^not_found: Nobody applied a suite/);
  assert.match(await verdict({ notAfter: inDays(world, 400) }), /^statement_invalid: A mandate ends within/);
  assert.match(await verdict({ notAfter: inDays(world, -1) }), /^statement_invalid: A mandate ends within/);
  assert.match(await verdict({}, eve), /^authority_missing/);
  assert.match(await verdict({}, bo), /^authority_missing/);
});

test("only an evaluator of another organisation is bound to mandates", async () => {
  const world = await worldOfTwo();
  for (const change of [{ mandated: true }, { mandated: true, affiliation: house, role: "assurance" }] as const) {
    const body: BodyOf<"invite"> = { ...invitationOf(world, eve), ...change };
    assert.match(
      await verdictOn(world, { verb: "invite", body, by: [ada, bo] }),
      /^statement_invalid: Mandates are for/,
    );
  }
});

test("an evaluator from outside runs what a mandate of theirs lets them, and nothing else", async () => {
  const world = await worldWithEve();
  assert.match(
    await permitVerdict(world, {}),
    /^authority_missing: An evaluator outside the operator runs what a mandate/,
  );
  assert.equal(await permitVerdict(world, {}, own), "admitted");
  const { digest: mandate } = await mandated(world);
  assert.equal(await permitVerdict(world, { mandate }), "admitted");
  assert.match(
    await permitVerdict(world, { mandate }, own),
    /^authority_missing: The permit names a mandate that is not/,
  );
  assert.match(await permitVerdict(world, { mandate: digestOfLabel("none") }), /^authority_missing: The permit names/);
  assert.match(await permitVerdict(world, { mandate, tokens: 150_001 }), /150000 of its 150000 tokens are left/);
  const other = documentsOf(small, configurationOf("two"));
  const suite = { kind: "Suite", name: Name.parse("other"), digest: digestOfLabel("another suite") } as const;
  await world.say({ verb: "document", body: { documents: [...other.documents.slice(0, 4), suite] }, by: [ada] });
  const { plan: _, ...digests } = one;
  const wrong = { mandate, digests: { ...digests, suite: suite.digest } };
  assert.match(await permitVerdict(world, wrong), /^authority_missing: .*it is for misuse-core\.$/);
  world.wait(19.5 * 86_400_000);
  assert.match(await permitVerdict(world, { mandate, notAfter: inDays(world, 1) }), /^authority_missing: .*it ends/);
  assert.equal(await permitVerdict(world, { mandate, notAfter: inDays(world, 0.4) }), "admitted");
});

test("what is left of a mandate is what its permits were not given, whether they were used or not", async () => {
  const world = await worldWithEve();
  const { digest: mandate } = await mandated(world);
  await world.say({ verb: "permit", body: { ...permitOf(world, small, one), mandate }, by: [eve] });
  assert.match(await permitVerdict(world, { mandate }), /50000 of its 150000 tokens are left, and this takes 100000/);
  assert.equal(await permitVerdict(world, { mandate, tokens: 50_000 }), "admitted");
  const { digest: another } = await mandated(world);
  assert.equal(await permitVerdict(world, { mandate: another }), "admitted");
});

test("a mandate that was withdrawn permits nothing more, by the operator's word or its holder's", async () => {
  const world = await worldWithEve();
  const { digest: mandate } = await mandated(world, { ownSuites: true });
  const { digest: other } = await mandated(world);
  const permit = { ...permitOf(world, small, one), mandate };
  await world.say({ verb: "permit", body: permit, by: [eve] });
  const reason = digestOfLabel("reason");
  const withdrawal = { verb: "withdrawal", body: { mandate, reason } } as const;
  assert.match(await verdictOn(world, { ...withdrawal, by: [bo] }), /^authority_missing/);
  assert.match(await verdictOn(world, { ...withdrawal, by: [own] }), /^authority_missing: A mandate is withdrawn by/);
  assert.match(
    await verdictOn(world, { verb: "withdrawal", body: { mandate: digestOfLabel("none"), reason }, by: [ada] }),
    /^not_found: There is no such mandate/,
  );
  assert.equal(await verdictOn(world, { ...withdrawal, by: [eve] }), "admitted", "its holder may give it back");
  await world.say({ ...withdrawal, by: [ada] });
  const [first] = [...world.state.mandates.values()];
  await world.say({ ...withdrawal, by: [ada] });
  assert.deepEqual(world.state.mandates.get(mandate), first, "the first word stays");
  assert.match(await permitVerdict(world, { mandate, tokens: 1 }), /^authority_missing: .*it was withdrawn/);
  assert.equal(await permitVerdict(world, { mandate: other, tokens: 1 }), "admitted");
  const suite = { kind: "Suite", name: Name.parse("city-university.fraud"), digest: digestOfLabel("hers") } as const;
  assert.match(await documentVerdict(world, { documents: [suite] }), /^authority_missing/);
  // What was answered until then is hers to seal.
  assert.equal(await verdictOn(world, { verb: "evidence", body: evidenceOf(permit), by: [eve] }), "admitted");
});

async function documentVerdict(world: World, body: BodyOf<"document">, by = eve): Promise<string> {
  return verdictOn(world, { verb: "document", body, by: [by] });
}

function suiteCalled(name: string, label = name): BodyOf<"document"> {
  return { documents: [{ kind: "Suite", name: Name.parse(name), digest: digestOfLabel(label) }] };
}

test("an evaluator from outside brings suites of their own, under names of their own, where their mandate says so", async () => {
  const world = await worldWithEve();
  const theirs = suiteCalled("city-university.fraud");
  await mandated(world);
  assert.match(await documentVerdict(world, theirs), /^authority_missing: .*under a mandate that says so/);
  await mandated(world, { suites: [], ownSuites: true });
  assert.equal(await documentVerdict(world, theirs), "admitted");
  assert.match(await documentVerdict(world, theirs, own), /^authority_missing/);
  assert.match(await documentVerdict(world, suiteCalled("misuse-core")), /begin with city-university\.$/);
  const [plan] = documentsOf(small, configurationOf("two")).documents;
  assert.ok(plan !== undefined);
  assert.match(await documentVerdict(world, { documents: [...theirs.documents, plan] }), /^authority_missing/);
  await world.say({ verb: "document", body: suiteCalled("city-university.taken"), by: [ada] });
  assert.match(
    await documentVerdict(world, suiteCalled("city-university.taken", "mine")),
    /^conflict: .*the operator's/,
  );
});

test("nobody of the operator writes over a suite of an evaluator from outside, and the evaluator can run it", async () => {
  const world = await worldWithEve();
  const { digest: mandate } = await mandated(world, { suites: [], ownSuites: true });
  const theirs = suiteCalled("city-university.fraud");
  await world.say({ verb: "document", body: theirs, by: [eve] });
  const softer = suiteCalled("city-university.fraud", "softer");
  assert.match(await documentVerdict(world, softer, ada), /^authority_missing: .*an outside evaluator's/);
  assert.equal(await documentVerdict(world, softer), "admitted");
  const { plan: _, ...digests } = one;
  const suite = digestOfLabel("city-university.fraud");
  assert.equal(await permitVerdict(world, { mandate, digests: { ...digests, suite } }), "admitted");
  assert.match(await permitVerdict(world, { mandate }), /it is for no suite of others and suites of your own/);
  world.wait(21 * 86_400_000);
  assert.match(await documentVerdict(world, softer), /^authority_missing/);
});

test("a suite of an outside organisation stays theirs when somebody of theirs in another role applies it", async () => {
  const world = await worldWithEve();
  await mandated(world, { suites: [], ownSuites: true });
  await world.say({ verb: "document", body: suiteCalled("city-university.fraud"), by: [eve] });
  const pat = playerOf("Pat", "policy");
  await joinAs(world, pat, { affiliation: house });
  await world.say({ verb: "document", body: suiteCalled("city-university.fraud", "second"), by: [pat] });
  const softer = suiteCalled("city-university.fraud", "softer");
  assert.match(await documentVerdict(world, softer, ada), /^authority_missing: .*an outside evaluator's/);
});

/** Invited by both with more in the invitation. */
async function joinAs(world: World, player: Player, more: Partial<BodyOf<"invite">>): Promise<void> {
  const body = { ...invitationOf(world, player), ...more };
  const { digest: invitation } = await world.say({ verb: "invite", body, by: [ada, bo] });
  const joining = { person: player.person, key: player.signer.publicKey, invitation };
  await world.say({ verb: "admit", body: joining, by: [oneTimeKeyOf(player), player] });
}

test("an outside organisation's suites are bounded, all versions counted", async () => {
  const world = await worldWithEve();
  await mandated(world, { suites: [], ownSuites: true });
  for (let version = 1; version <= 64; version += 1) {
    await world.say({ verb: "document", body: suiteCalled("city-university.fraud", `version ${version}`), by: [eve] });
  }
  assert.match(
    await documentVerdict(world, suiteCalled("city-university.fraud", "one more")),
    /^conflict: .*at most 64/,
  );
});

test("evidence of a run that an evaluator from outside permitted is signed by them, and not by the operator first", async () => {
  const world = await worldWithEve();
  const { digest: mandate } = await mandated(world);
  const permit = { ...permitOf(world, small, one), mandate };
  await world.say({ verb: "permit", body: permit, by: [eve] });
  const body = evidenceOf(permit);
  for (const by of [ada, own]) {
    const verdict = await verdictOn(world, { verb: "evidence", body, by: [by] });
    assert.match(verdict, /^authority_missing: This run is an outside evaluator's/);
  }
  assert.equal(await verdictOn(world, { verb: "evidence", body, by: [eve] }), "admitted");
});
