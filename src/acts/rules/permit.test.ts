// Permits of two persons: what a run without safeguards, or with bodies of its own, takes before it is in force.
import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfText } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
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
  join,
  openModel,
  permitOf,
  playerOf,
  signerOf,
  verdictOn,
  worldOfOne,
  worldOfTwo,
} from "../fixtures.ts";
import { noSafeguards } from "../two-person-permits.ts";

const small = Name.parse("small");
const one = configurationOf("one");
const root = digestOfLabel("the ledger that was seen");
const eva = playerOf("Eva", "evaluator");
const otto = playerOf("Otto", "owner");
const pia = playerOf("Pia", "access");

async function worldWithDocuments(): Promise<World> {
  const world = await worldOfTwo({}, { rootAt: () => root });
  for (const player of [eva, otto, pia]) await join(world, player, [ada, bo]);
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  return world;
}

function bareOf(world: World, changes: Partial<BodyOf<"permit">> = {}): BodyOf<"permit"> {
  const permit = permitOf(world, small, one);
  return { ...permit, digests: { ...permit.digests, safeguards: noSafeguards }, bare: true, ...changes };
}

function adaptiveOf(world: World, changes: Partial<BodyOf<"permit">> = {}): BodyOf<"permit"> {
  return { ...permitOf(world, small, one), adaptive: { turns: 4, requests: 1600 }, ...changes };
}

async function verdict(world: World, body: BodyOf<"permit">, by: readonly Player[]): Promise<string> {
  return verdictOn(world, { verb: "permit", body, by, seen: { size: world.entries.length, root } });
}

test("what stands in the place of safeguards is the digest of a text that is no document", () => {
  assert.equal(noSafeguards, digestOfText("headgate: no safeguards", nodePrimitives));
});

test("a bare or an adaptive permit takes two persons in different roles, one of whom answers for what is let out", async () => {
  const world = await worldWithDocuments();
  for (const body of [bareOf(world), adaptiveOf(world), bareOf(world, { adaptive: { turns: 2, requests: 1 } })]) {
    assert.match(await verdict(world, body, [ada]), /^quorum_missing: .*second person/);
    assert.match(await verdict(world, body, [bo]), /^authority_missing: Permitting a run needs the role/);
    assert.match(await verdict(world, body, [ada, otto]), /^authority_missing: .*different roles/);
    assert.match(await verdict(world, body, [eva, pia]), /^authority_missing: The second signature is by/);
    assert.match(await verdict(world, body, [bo, pia]), /^authority_missing: Permitting a run needs the role/);
    assert.match(await verdict(world, body, [ada, bo, eva]), /^statement_invalid: .*exactly two/);
    assert.equal(await verdict(world, body, [ada, bo]), "admitted");
    assert.equal(await verdict(world, body, [eva, bo]), "admitted");
    assert.equal(await verdict(world, body, [eva, ada]), "admitted");
  }
});

test("where there is one person there is no such permit", async () => {
  const world = await worldOfOne({}, { rootAt: () => root });
  await world.say({ verb: "document", body: documentsOf(small, one), by: [ada] });
  assert.match(await verdict(world, bareOf(world), [ada]), /^quorum_missing/);
  const stranger = { ...playerOf("Nobody", "safety"), signer: signerOf("nobody's") };
  assert.match(await verdict(world, bareOf(world), [ada, stranger]), /^authority_missing: A signature/);
});

test("who was admitted after a permit was written does not make it two", async () => {
  const world = await worldWithDocuments();
  const before = world.entries.length;
  const late = playerOf("Late", "safety");
  await join(world, late, [ada, bo]);
  const written = { verb: "permit", body: bareOf(world), by: [ada, late], seen: { size: before, root } } as const;
  assert.match(await verdictOn(world, written), /^authority_missing: .*before it was written/);
  assert.equal(await verdict(world, bareOf(world), [ada, late]), "admitted");
  const unseen = await verdictOn(world, { verb: "permit", body: bareOf(world), by: [ada, bo] });
  assert.match(
    unseen,
    /^authority_missing: .*before it was written/,
    "a ledger that nobody names is none they were in",
  );
});

test("a suspended person's signature is nobody's", async () => {
  const world = await worldWithDocuments();
  const target = { kind: "person", person: bo.person } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("why") }, by: [ada] });
  assert.match(await verdict(world, bareOf(world), [ada, bo]), /^authority_missing: A signature/);
});

test("such a permit names what stands in its slot, and bounds that its attempts can reach", async () => {
  const world = await worldWithDocuments();
  const two = configurationOf("two");
  const said = async (body: BodyOf<"permit">): Promise<string> => verdict(world, body, [ada, bo]);
  assert.match(await said(bareOf(world, { slot: "in-force" })), /^statement_invalid: .*slot in-force/);
  assert.match(await said(adaptiveOf(world, { slot: "in-force" })), /^statement_invalid: .*slot in-force/);
  assert.match(await said(adaptiveOf(world, { adaptive: { turns: 4, requests: 6401 } })), /^statement_invalid: .*more/);
  assert.match(await said(bareOf(world, { stage: "trusted" })), /^statement_invalid: .*no modes/);
  await openModel(world, { model: small, stage: "trusted", configuration: one });
  assert.equal(await said(bareOf(world, { slot: "in-force" })), "admitted");
  await world.say({ verb: "document", body: documentsOf(small, two), by: [ada] });
  assert.match(await said(adaptiveOf(world)), /^statement_invalid: .*slot candidate/);
  assert.equal(await said(adaptiveOf(world, { slot: "in-force" })), "admitted");
});

test("only a bare permit is without safeguards, and no document and no release ever is", async () => {
  const world = await worldWithDocuments();
  const none = { ...one, safeguards: noSafeguards };
  const fixed = await verdictOn(world, { verb: "permit", body: permitOf(world, small, none), by: [ada] });
  assert.match(fixed, /^not_found: .*safeguards/);
  assert.match(await verdict(world, adaptiveOf(world, { digests: bareOf(world).digests }), [ada, bo]), /^not_found/);
  const named = { ...bareOf(world), digests: permitOf(world, small, one).digests };
  assert.match(await verdict(world, named, [ada, bo]), /^statement_invalid: .*names none/);
  const documents = await verdictOn(world, { verb: "document", body: documentsOf(small, none), by: [ada] });
  assert.match(documents, /^statement_invalid: .*no document has it/);
});
