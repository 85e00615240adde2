// Proposal, sign-off, certificate, hold: who must have signed which bytes before anything opens.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Digest, Name, SessionId } from "../../terms/ids.ts";
import { OpenStage } from "../../terms/stage.ts";
import type { BodyOf, HoldScope, Release } from "../bodies.ts";
import {
  type Player,
  type Spoken,
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
  inDays,
  join,
  openModel,
  permitOf,
  playerOf,
  releaseOf,
  servers,
  signOffOf,
  verdictOn,
  worldOfOne,
  worldOfTwo,
} from "../fixtures.ts";
import { holdsOn, latestCertificate } from "../state.ts";
import type { Act } from "../statement.ts";
import { missingSeats } from "./release.ts";

const small = Name.parse("small");
const partner = Name.parse("partner");
const one = configurationOf("one");
const trusted: Wanted = { model: small, stage: "trusted", configuration: one };
const internal: Wanted = { model: small, stage: "internal", configuration: one };

async function worldWithDocuments(): Promise<World> {
  const world = await worldOfTwo();
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  return world;
}

async function proposalVerdict(world: World, changes: Partial<Release>, by: Player = ada): Promise<string> {
  const release = { ...releaseOf(world, trusted), ...changes };
  return verdictOn(world, { verb: "proposal", body: { release }, by: [by] });
}

async function propose(world: World, wanted: Wanted = trusted): Promise<Act> {
  return world.say({ verb: "proposal", body: { release: releaseOf(world, wanted) }, by: [ada] });
}

async function sign(world: World, proposal: Act, players: readonly Player[]): Promise<void> {
  for (const player of players) {
    await world.say({ verb: "sign-off", body: signOffOf(proposal, player), by: [player] });
  }
}

function releaseIn(proposal: Act): Release {
  assert.equal(proposal.predicate.verb, "proposal");
  return proposal.predicate.body.release;
}

async function certificateVerdict(world: World, proposal: Act, changes: Partial<Release> = {}): Promise<string> {
  const release = { ...releaseIn(proposal), ...changes };
  return verdictOn(world, { verb: "certificate", body: { release }, by: [ada] });
}

test("a release that its floor signed is certified, with the very bytes that were proposed", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada, bo]);
  const act = await world.say({ verb: "certificate", body: { release: releaseIn(proposal) }, by: [ada] });
  assert.equal(act.body, proposal.body);
  assert.deepEqual(latestCertificate(world.state, small)?.release, releaseIn(proposal));
});

test("one person opens internal, marked as one signer's, from the first day", async () => {
  const world = await worldOfOne();
  const release = await openModel(world, internal);
  assert.equal(release.oneSigner, true);
  assert.equal(latestCertificate(world.state, small)?.release.stage, "internal");
});

test("a proposal's id and its certificate's id are new", async () => {
  const world = await worldWithDocuments();
  const first = releaseIn(await propose(world));
  assert.match(
    await proposalVerdict(world, { proposal: first.proposal }),
    /^conflict: This proposal or certificate id/,
  );
  await certify(world, releaseOf(world, trusted), [ada, bo]);
  const known = latestCertificate(world.state, small)?.release.certificate;
  assert.ok(known !== undefined);
  assert.match(await proposalVerdict(world, { certificate: known }), /^conflict: This proposal or certificate id/);
});

test("of two proposals with one certificate id, one is certified", async () => {
  const world = await worldWithDocuments();
  const first = await propose(world);
  const { certificate } = releaseIn(first);
  const second = await propose(world, { ...trusted, serial: 2, replaces: certificate, certificate });
  await sign(world, first, [ada, bo]);
  await sign(world, second, [ada, bo]);
  await world.say({ verb: "certificate", body: { release: releaseIn(first) }, by: [ada] });
  assert.match(await certificateVerdict(world, second), /^conflict: Another certificate took effect/);
});

test("a release begins before it ends, is decided within its life, and lasts at most a year", async () => {
  const world = await worldWithDocuments();
  const ends = /^statement_invalid: The release ends before it begins/;
  const decide = /^statement_invalid: decideBy lies between/;
  assert.match(await proposalVerdict(world, { notAfter: inDays(world, 0), notBefore: inDays(world, 1) }), ends);
  assert.match(await proposalVerdict(world, { decideBy: inDays(world, -1) }), decide);
  assert.match(await proposalVerdict(world, { decideBy: inDays(world, 31) }), decide);
  assert.match(await proposalVerdict(world, { notAfter: inDays(world, 367) }), /^statement_invalid: A release lasts/);
});

test("a release names documents that were applied, model and plan under the model's name", async () => {
  const world = await worldWithDocuments();
  const { digests } = releaseOf(world, trusted);
  for (const field of ["model", "plan", "safeguards", "policy"]) {
    const changed = { ...digests, [field]: digestOfLabel("never applied") };
    assert.match(await proposalVerdict(world, { digests: changed }), /^statement_invalid: Nobody applied this/, field);
  }
  assert.match(await proposalVerdict(world, { model: Name.parse("other") }), /^statement_invalid: Nobody applied/);
});

async function sealed(world: World): Promise<Digest> {
  const permit = permitOf(world, small, one);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  return (await world.say({ verb: "evidence", body: evidenceOf(permit), by: [ada] })).digest;
}

test("a release rests on recorded evidence about the very digests it opens", async () => {
  const world = await worldWithDocuments();
  const evidence = await sealed(world);
  const { digests } = releaseOf(world, { ...trusted, evidence: [evidence] });
  assert.equal(await proposalVerdict(world, { digests }), "admitted");
  const absent = { ...digests, evidence: [digestOfLabel("none")] };
  assert.match(
    await proposalVerdict(world, { digests: absent }),
    /^statement_invalid: The release rests on evidence that/,
  );
  const other = configurationOf("other");
  await world.say({ verb: "document", body: documentsOf(small, other), by: [ada] });
  for (const field of ["model", "safeguards", "policy"] as const) {
    const changed = { ...digests, [field]: other[field] };
    assert.match(
      await proposalVerdict(world, { digests: changed }),
      /^statement_invalid: The release rests on evidence about/,
    );
  }
});

test("evidence given for one model does not carry the release of another of the same digest", async () => {
  const world = await worldWithDocuments();
  const evidence = await sealed(world);
  const twin = Name.parse("twin");
  await world.say({ verb: "document", body: documentsOf(twin, one), by: [ada] });
  const release = releaseOf(world, { ...trusted, model: twin, evidence: [evidence] });
  const spoken = { verb: "proposal", body: { release }, by: [ada] } as const;
  assert.match(await verdictOn(world, spoken), /^statement_invalid: The release rests on evidence about another model/);
});

test("evidence withdrawn after the proposal stops the certificate", async () => {
  const world = await worldWithDocuments();
  const evidence = await sealed(world);
  const proposal = await propose(world, { ...trusted, evidence: [evidence] });
  await sign(world, proposal, [ada, bo]);
  const run = world.state.evidence.get(evidence)?.body.run;
  assert.ok(run !== undefined);
  await world.say({ verb: "withdrawal", body: { evidence: run, reason: digestOfLabel("reason") }, by: [ada] });
  assert.match(await certificateVerdict(world, proposal), /^conflict: The release rests on evidence that is not/);
});

test("an audience reaches no further than the stage whose floor is met, and names each stage once", async () => {
  const world = await worldWithDocuments();
  const types = [partner];
  for (const [at, stage] of OpenStage.options.entries()) {
    for (const [reach, audienceStage] of OpenStage.options.entries()) {
      const changes = { stage, audience: [{ stage: audienceStage, types }], oneSigner: false };
      const verdict = await proposalVerdict(world, changes);
      if (reach > at) assert.match(verdict, /^statement_invalid: The audience reaches further than the stage/);
      else assert.equal(verdict, "admitted");
    }
  }
  const audience = [1, 2].map(() => ({ stage: "trusted" as const, types }));
  assert.match(await proposalVerdict(world, { audience }), /^statement_invalid: The audience names a stage twice/);
});

test("one signer's release is internal, to one's own, and nothing else", async () => {
  const world = await worldWithDocuments();
  const own = [Name.parse("internal")];
  const oneSigner = true;
  const refused = /^statement_invalid: One signer opens stage internal/;
  const ask = async (stage: OpenStage, types: readonly Name[]): Promise<string> =>
    proposalVerdict(world, { stage, audience: [{ stage, types: [...types] }], oneSigner });
  assert.equal(await ask("internal", own), "admitted");
  assert.match(await ask("internal", [partner]), refused);
  assert.match(await ask("internal", [...own, partner]), refused);
  for (const stage of OpenStage.options.slice(1)) assert.match(await ask(stage, own), refused);
});

test("a release is proposed under the trust root in force, and dies with it", async () => {
  const world = await worldWithDocuments();
  assert.match(
    await proposalVerdict(world, { trustVersion: 2 }),
    /^statement_invalid: The release names another version/,
  );
  const proposal = await propose(world);
  await sign(world, proposal, [ada, bo]);
  const { root } = world.state;
  assert.ok(root !== undefined);
  const body = { ...root.body, version: 2, previous: root.digest, firstOwner: null };
  await world.say({ verb: "root", body, by: [ada, bo] });
  assert.match(await certificateVerdict(world, proposal), /^conflict: The trust root changed/);
});

async function holdBy(world: World, by: Player, scope: HoldScope = { kind: "model", model: small }): Promise<Act> {
  const label = `hold ${world.entries.length}`;
  return world.say({
    verb: "hold",
    body: { hold: idOf.hold(label), scope, reason: digestOfLabel("reason") },
    by: [by],
  });
}

function holdIn(act: Act): BodyOf<"hold"> {
  assert.equal(act.predicate.verb, "hold");
  return act.predicate.body;
}

test("safety proposes to resume what is held, not wider and not longer, and nothing else", async () => {
  const world = await worldWithDocuments();
  await openModel(world, { ...trusted, notAfter: inDays(world, 30) });
  const { hold } = holdIn(await holdBy(world, bo));
  const answers = [hold];
  const plain = { answers, notAfter: inDays(world, 20) };
  assert.equal(await proposalVerdict(world, plain, bo), "admitted");
  const refused = /^authority_missing: Only an owner proposes a release/;
  const { digests } = releaseOf(world, trusted);
  await world.say({ verb: "document", body: documentsOf(small, configurationOf("two")), by: [ada] });
  const wider: readonly Partial<Release>[] = [
    { ...plain, answers: [] },
    { ...plain, stage: "limited" },
    { ...plain, notAfter: inDays(world, 40) },
    { ...plain, identityBasis: "measured" },
    { ...plain, mode: "observe" },
    { ...plain, audience: [{ stage: "trusted", types: [partner, Name.parse("public")] }] },
    { ...plain, audience: [{ stage: "internal", types: [partner] }] },
  ];
  for (const changes of wider) assert.match(await proposalVerdict(world, changes, bo), refused);
  for (const field of ["model", "safeguards", "policy", "plan"] as const) {
    const changed = { ...digests, [field]: configurationOf("two")[field] };
    assert.match(await proposalVerdict(world, { ...plain, digests: changed }, bo), refused, field);
  }
});

test("nobody but owner and safety proposes", async () => {
  const world = await worldWithDocuments();
  const pat = playerOf("Pat", "policy");
  await join(world, pat, [ada, bo]);
  assert.match(
    await proposalVerdict(world, {}, pat),
    /^authority_missing: Proposing a release needs the role owner or safety\.$/,
  );
  assert.match(await proposalVerdict(world, {}, bo), /^authority_missing: Only an owner proposes a release/);
});

async function signVerdict(world: World, proposal: Act, changes: Partial<BodyOf<"sign-off">>): Promise<string> {
  return verdictOn(world, { verb: "sign-off", body: { ...signOffOf(proposal, bo), ...changes }, by: [bo] });
}

test("a sign-off is on a recorded proposal, on its very bytes, in one's own role", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  const unknown = { proposal: idOf.proposal("none") };
  assert.match(await signVerdict(world, proposal, unknown), /^not_found: There is no such proposal/);
  const release = digestOfLabel("other bytes");
  assert.match(await signVerdict(world, proposal, { release }), /^statement_invalid: This signs other bytes/);
  assert.match(await signVerdict(world, proposal, { role: "owner" }), /^authority_missing: You sign as safety/);
});

test("who was admitted after a proposal does not sign it", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  const cy = playerOf("Cy", "safety");
  await join(world, cy, [ada, bo]);
  const spoken = { verb: "sign-off", body: signOffOf(proposal, cy), by: [cy] } as const;
  assert.match(await verdictOn(world, spoken), /^authority_missing: Who was admitted after a proposal/);
});

test("a refusal is not taken back after its time, by stepping back no more than by signing for", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await world.say({ verb: "sign-off", body: signOffOf(proposal, ada, "against"), by: [ada] });
  world.wait(1_000);
  const back = { ...signOffOf(proposal, ada), verdict: "recused" } as const;
  assert.equal(await verdictOn(world, { verb: "sign-off", body: back, by: [ada] }), "admitted");
  world.wait(15 * 86_400_000);
  const late = await verdictOn(world, { verb: "sign-off", body: back, by: [ada] });
  assert.match(late, /^conflict: The time to decide/);
});

test("a sign-off for comes in time; one against is heard until there is a certificate", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  world.wait(15 * 86_400_000);
  assert.match(await signVerdict(world, proposal, {}), /^conflict: The time to decide/);
  assert.equal(await signVerdict(world, proposal, { verdict: "against" }), "admitted");
  assert.equal(await signVerdict(world, proposal, { verdict: "recused" }), "admitted", "it only takes support away");
  const other = await propose(world);
  await sign(world, other, [ada, bo]);
  await world.say({ verb: "certificate", body: { release: releaseIn(other) }, by: [ada] });
  assert.match(
    await signVerdict(world, other, { verdict: "against" }),
    /^conflict: This proposal is certified already/,
  );
});

test("a later refusal cancels one's own sign-off, and a still later sign-off the refusal", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada, bo]);
  await world.say({ verb: "sign-off", body: signOffOf(proposal, bo, "against"), by: [bo] });
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing: Sign-offs are missing for trusted: safety/);
  await sign(world, proposal, [bo]);
  assert.equal(await certificateVerdict(world, proposal), "admitted");
});

test("a sign-off that was kept back does not undo the refusal that came after it was signed", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada]);
  const kept = await world.sign({ verb: "sign-off", body: signOffOf(proposal, bo), by: [bo] });
  await world.say({ verb: "sign-off", body: signOffOf(proposal, bo, "against"), by: [bo] });
  assert.match(world.record(kept)?.why ?? "", /^You decided on this proposal again/);
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing/);
});

test("a refusal dated before the sign-off still counts, and what it cancels is not replayed", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada]);
  const kept = await world.sign({ verb: "sign-off", body: signOffOf(proposal, bo), by: [bo] });
  await sign(world, proposal, [bo]);
  const early = {
    verb: "sign-off",
    body: signOffOf(proposal, bo, "against"),
    by: [bo],
    at: inDays(world, -1),
  } as const;
  await world.say(early);
  assert.equal(world.record(kept)?.code, "conflict");
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing/);
});

test("a certificate is of a recorded proposal and of its very bytes", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada, bo]);
  const none = { proposal: idOf.proposal("none") };
  assert.match(await certificateVerdict(world, proposal, none), /^not_found: There is no such proposal/);
  const changes: readonly Partial<Release>[] = [
    { stage: "general" },
    { notAfter: inDays(world, 300) },
    { identityBasis: "measured" },
    { answers: [idOf.hold("x")] },
    { reason: digestOfLabel("another") },
  ];
  for (const changed of changes) {
    assert.match(await certificateVerdict(world, proposal, changed), /^statement_invalid: The certificate differs/);
  }
});

test("a certificate comes in time and once", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada, bo]);
  const late = {
    verb: "certificate",
    body: { release: releaseIn(proposal) },
    by: [ada],
    at: inDays(world, 15),
  } as const;
  assert.match(await verdictOn(world, late), /^conflict: The time to decide/);
  await world.say({ verb: "certificate", body: { release: releaseIn(proposal) }, by: [ada] });
  assert.match(await certificateVerdict(world, proposal), /^conflict: This proposal is certified already/);
});

test("a certificate continues the one before it: of two proposals for one serial, one takes effect", async () => {
  const world = await worldWithDocuments();
  const [first, second] = [await propose(world), await propose(world)];
  await sign(world, first, [ada, bo]);
  await sign(world, second, [ada, bo]);
  await world.say({ verb: "certificate", body: { release: releaseIn(first) }, by: [ada] });
  assert.match(await certificateVerdict(world, second), /^conflict: Another certificate took effect/);
  const skipping = await propose(world, { ...trusted, serial: 3 });
  await sign(world, skipping, [ada, bo]);
  assert.match(await certificateVerdict(world, skipping), /^conflict: Another certificate took effect/);
});

test("every seat of the floor is needed, and no person fills two", async () => {
  const world = await worldWithDocuments();
  const zoe = playerOf("Zoe", "owner");
  await join(world, zoe, [ada, bo]);
  const proposal = await propose(world);
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing: .*: owner, safety\./);
  await sign(world, proposal, [ada]);
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing: .*: safety\./);
  await sign(world, proposal, [zoe]);
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing: .*: safety\./);
  await sign(world, proposal, [bo]);
  assert.equal(await certificateVerdict(world, proposal), "admitted");
});

test("who is suspended after signing no longer counts", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  await sign(world, proposal, [ada, bo]);
  const target = { kind: "person", person: bo.person } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("reason") }, by: [ada] });
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing: .*: safety\./);
});

test("a release says truly whether one person or several stand behind it", async () => {
  const world = await worldWithDocuments();
  const alone = await propose(world, { ...internal, oneSigner: false });
  await sign(world, alone, [ada]);
  assert.match(await certificateVerdict(world, alone), /^quorum_missing: This proposal says several persons/);
  const several = await propose(world, internal);
  await sign(world, several, [ada, bo]);
  assert.match(await certificateVerdict(world, several), /^conflict: This proposal is marked as one signer's/);
});

test("seats of one role add up however they are written, and each missing one is named", () => {
  const person = {
    name: digestOfLabel("name"),
    key: ada.signer.publicKey,
    keys: [],
    admitted: 0,
    suspended: false,
  } as const;
  const owner = { ...person, person: ada.person, role: "owner" } as const;
  const quorum = [
    { role: "owner", count: 1 },
    { role: "owner", count: 1 },
    { role: "safety", count: 1 },
  ] as const;
  assert.deepEqual(missingSeats(quorum, [owner]), [
    { role: "owner", count: 1 },
    { role: "safety", count: 1 },
  ]);
  assert.deepEqual(missingSeats([{ role: "owner", count: 1 }], [owner]), []);
});

test("one person holds, whatever their role, and only a certificate that names the hold resumes", async () => {
  const world = await worldWithDocuments();
  await openModel(world, trusted);
  const { hold } = holdIn(await holdBy(world, bo));
  const held = (): readonly string[] => holdsOn(world.state, small).map((one_) => one_.hold);
  assert.deepEqual(held(), [hold]);
  await certify(world, releaseOf(world, trusted), [ada, bo]);
  assert.deepEqual(held(), [hold]);
  await certify(world, releaseOf(world, { ...trusted, answers: [hold] }), [ada, bo]);
  assert.deepEqual(held(), []);
});

test("an auditor and a stranger do not hold; the control plane's key does, alone", async () => {
  const world = await worldOfTwo();
  const eve = playerOf("Eve", "auditor");
  await join(world, eve, [ada, bo]);
  const body = { hold: idOf.hold("x"), scope: { kind: "everything" }, reason: digestOfLabel("reason") } as const;
  assert.match(
    await verdictOn(world, { verb: "hold", body, by: [eve] }),
    /^authority_missing: Holding needs any role but auditor/,
  );
  assert.match(await verdictOn(world, { verb: "hold", body, by: [servers.gateway] }), /^authority_missing/);
  assert.match(await verdictOn(world, { verb: "hold", body, by: [servers.control, servers.gateway] }), /^authority/);
  assert.equal(await verdictOn(world, { verb: "hold", body, by: [servers.control] }), "admitted");
});

const inSession = ({ person }: Player): BodyOf<"hold"> => ({
  hold: idOf.hold("s"),
  scope: { kind: "everything" },
  reason: digestOfLabel("reason"),
  session: { session: SessionId.parse("session_0123456789abcdef"), person },
});

test("a hold that names a session is signed by the control plane's key, for an active person whose role may hold", async () => {
  const world = await worldOfTwo();
  const eve = playerOf("Eve", "auditor");
  await join(world, eve, [ada, bo]);
  const verdict = async (player: Player, by: Spoken<"hold">["by"]): Promise<string> =>
    verdictOn(world, { verb: "hold", body: inSession(player), by });
  assert.equal(await verdict(bo, [servers.control]), "admitted");
  for (const by of [[bo], [ada], [servers.gateway], [bo, servers.control]] as const)
    assert.match(await verdict(bo, by), /^(statement_invalid: Only the control plane|authority_missing: A signature)/);
  assert.match(await verdict(eve, [servers.control]), /^authority_missing: A session holds for/);
  assert.match(
    await verdict(playerOf("Nobody", "owner"), [servers.control]),
    /^authority_missing: A session holds for/,
  );
  const target = { kind: "person", person: bo.person } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("left") }, by: [ada] });
  assert.match(await verdict(bo, [servers.control]), /^authority_missing: A session holds for/);
});

test("the control plane's key holds, and does nothing else", async () => {
  const world = await worldWithDocuments();
  const proposal = await propose(world);
  const by = [servers.control];
  const release = releaseIn(proposal);
  assert.match(await verdictOn(world, { verb: "certificate", body: { release }, by }), /^authority_missing/);
  assert.match(await verdictOn(world, { verb: "sign-off", body: signOffOf(proposal, bo), by }), /^authority_missing/);
});

test("a hold on everything holds a model that comes later, and is answered for one model at a time", async () => {
  const world = await worldWithDocuments();
  const { hold } = holdIn(await holdBy(world, bo, { kind: "everything" }));
  const late = Name.parse("late");
  await openModel(world, { model: late, stage: "trusted", configuration: configurationOf("late") });
  assert.equal(holdsOn(world.state, late).length, 1);
  await openModel(world, { ...trusted, answers: [hold] });
  assert.equal(holdsOn(world.state, small).length, 0);
  assert.equal(holdsOn(world.state, late).length, 1);
});

test("a release answers holds that are recorded and hold its model", async () => {
  const world = await worldWithDocuments();
  const refused = /^statement_invalid: The release answers a hold/;
  assert.match(await proposalVerdict(world, { answers: [idOf.hold("to come")] }), refused);
  const { hold } = holdIn(await holdBy(world, bo, { kind: "model", model: Name.parse("other") }));
  assert.match(await proposalVerdict(world, { answers: [hold] }), refused);
});

test("nobody alone answers a hold, not even by going back to internal", async () => {
  const world = await worldWithDocuments();
  await openModel(world, trusted);
  const { hold } = holdIn(await holdBy(world, bo));
  const proposal = await propose(world, { ...internal, answers: [hold] });
  await sign(world, proposal, [ada]);
  assert.match(await certificateVerdict(world, proposal), /^quorum_missing: A hold is answered by two persons/);
  const both = await propose(world, { ...internal, answers: [hold], oneSigner: false });
  await sign(world, both, [ada, bo]);
  assert.equal(await certificateVerdict(world, both), "admitted");
});

test("where there was never a second person, the first answers a hold at internal", async () => {
  const world = await worldOfOne();
  await openModel(world, internal);
  const { hold } = holdIn(await holdBy(world, ada));
  await certify(world, releaseOf(world, { ...internal, answers: [hold] }), [ada]);
  assert.equal(holdsOn(world.state, small).length, 0);
});

test("a hold is never refused for its id: taken beforehand, it holds all that either would", async () => {
  const world = await worldWithDocuments();
  await openModel(world, trusted);
  const hold = idOf.hold("Bo's");
  const reason = digestOfLabel("reason");
  const elsewhere = { hold, scope: { kind: "model", model: Name.parse("other") }, reason } as const;
  await world.say({ verb: "hold", body: elsewhere, by: [ada] });
  const body = { hold, scope: { kind: "model", model: small }, reason } as const;
  await world.say({ verb: "hold", body, by: [bo] });
  assert.equal(holdsOn(world.state, small).length, 1);
  assert.equal(holdsOn(world.state, Name.parse("other")).length, 1);
});

test("a hold placed again after it was proposed to answer it is not answered by that", async () => {
  const world = await worldWithDocuments();
  await openModel(world, trusted);
  const body = holdIn(await holdBy(world, bo));
  const proposal = await propose(world, { ...trusted, answers: [body.hold] });
  await sign(world, proposal, [ada, bo]);
  await world.say({ verb: "hold", body, by: [bo] });
  assert.match(await certificateVerdict(world, proposal), /^conflict: A hold that this answers was placed again/);
  assert.equal(holdsOn(world.state, small).length, 1);
});

test("an answered hold placed again under its id holds again", async () => {
  const world = await worldWithDocuments();
  await openModel(world, trusted);
  const body = holdIn(await holdBy(world, bo));
  await certify(world, releaseOf(world, { ...trusted, answers: [body.hold] }), [ada, bo]);
  await world.say({ verb: "hold", body, by: [bo] });
  assert.equal(holdsOn(world.state, small).length, 1);
});

test("a held stage is a hold of its model's, and one that another hold of its id widens holds everything", async () => {
  const world = await worldWithDocuments();
  await openModel(world, trusted);
  const scope = { kind: "stage", model: small, stage: "trusted" } as const;
  const { hold } = holdIn(await holdBy(world, bo, scope));
  assert.deepEqual(
    holdsOn(world.state, small).map((held) => held.scope),
    [scope],
  );
  assert.equal(holdsOn(world.state, Name.parse("other")).length, 0);
  const wider = { hold, scope: { ...scope, stage: "internal" }, reason: digestOfLabel("reason") } as const;
  await world.say({ verb: "hold", body: wider, by: [bo] });
  assert.deepEqual(holdsOn(world.state, small)[0]?.scope, { kind: "everything" });
  await certify(world, releaseOf(world, { ...trusted, answers: [hold] }), [ada, bo]);
  assert.deepEqual(holdsOn(world.state, small), []);
});
