// Organisations and callers' keys: one grant a model, one owner a key, and suspensions that old papers do not lift.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../../terms/ids.ts";
import {
  type World,
  ada,
  callerKeyOf,
  configurationOf,
  digestOfLabel,
  documentsOf,
  idOf,
  organisationOf,
  permitOf,
  verdictOn,
  worldOfTwo,
} from "../fixtures.ts";

const small = Name.parse("small");
const acme = Name.parse("acme");

async function worldWithAcme(): Promise<World> {
  const world = await worldOfTwo();
  const body = organisationOf(world, { model: small, stage: "trusted" });
  await world.say({ verb: "organisation", body, by: [ada] });
  return world;
}

test("an organisation is recorded with its type and grants", async () => {
  const world = await worldWithAcme();
  const organisation = world.state.organisations.get(acme);
  assert.equal(organisation?.type, "partner");
  assert.equal(organisation?.grants.length, 1);
  assert.equal(organisation?.suspended, false);
});

test("two grants of one model in one organisation are refused", async () => {
  const world = await worldOfTwo();
  const body = organisationOf(world, { model: small, stage: "trusted" });
  const twice = { ...body, grants: [...body.grants, ...body.grants] };
  assert.match(
    await verdictOn(world, { verb: "organisation", body: twice, by: [ada] }),
    /^statement_invalid: An organisation has one grant a model/,
  );
});

test("a suspended organisation comes back when it is written anew, and not by a statement from before", async () => {
  const world = await worldWithAcme();
  const body = organisationOf(world, { model: small, stage: "trusted" });
  const before = await world.sign({ verb: "organisation", body, by: [ada] });
  const target = { kind: "organisation", organisation: acme } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("reason") }, by: [ada] });
  assert.equal(world.record(before)?.code, "conflict");
  assert.equal(world.state.organisations.get(acme)?.suspended, true);
  await world.say({ verb: "organisation", body, by: [ada] });
  assert.equal(world.state.organisations.get(acme)?.suspended, false);
});

test("a key belongs to an organisation that exists", async () => {
  const world = await worldOfTwo();
  const key = callerKeyOf(digestOfLabel("secret"));
  assert.match(await verdictOn(world, { verb: "key", body: key, by: [ada] }), /^not_found: There is no organisation/);
  const other = await worldWithAcme();
  await other.say({ verb: "key", body: key, by: [ada] });
  assert.equal(other.state.keys.get(key.hash)?.organisation, acme);
});

test("a key's id and its secret are each used once", async () => {
  const world = await worldWithAcme();
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  const sameSecret = { ...key, key: idOf.key("other") };
  const sameId = { ...key, hash: digestOfLabel("other secret") };
  for (const body of [key, sameSecret, sameId]) {
    assert.match(await verdictOn(world, { verb: "key", body, by: [ada] }), /^conflict: This key exists already/);
  }
});

test("a suspended key is not made again", async () => {
  const world = await worldWithAcme();
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  const target = { kind: "key", key: key.key } as const;
  await world.say({ verb: "suspend", body: { target, reason: digestOfLabel("reason") }, by: [ada] });
  assert.match(await verdictOn(world, { verb: "key", body: key, by: [ada] }), /^conflict: This key exists already/);
});

test("a permit's one-time secret is no caller's key, and a caller's key no permit's", async () => {
  const world = await worldWithAcme();
  const configuration = configurationOf("one");
  await world.say({ verb: "document", body: documentsOf(small, configuration), by: [ada] });
  const permit = permitOf(world, small, configuration);
  await world.say({ verb: "permit", body: permit, by: [ada] });
  const sameSecret = { verb: "key", body: callerKeyOf(permit.hash), by: [ada] } as const;
  assert.match(await verdictOn(world, sameSecret), /^conflict: This key exists already/);
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  const body = { ...permitOf(world, small, configuration), hash: key.hash };
  assert.match(await verdictOn(world, { verb: "permit", body, by: [ada] }), /^conflict: This key is in use already/);
});
