// Organisations and callers' keys: one grant a model, one owner a key, and suspensions that old papers do not lift.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Instant, Name, timestampOf } from "../../terms/ids.ts";
import { Network } from "../../terms/network.ts";
import type { BodyOf } from "../bodies.ts";
import {
  type World,
  ada,
  bo,
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

const day = 86_400_000;
const at = (world: World, ms: number): string => timestampOf(Instant.parse(world.now() + ms));
const reason = digestOfLabel("reason");

async function worldWithKey(): Promise<{ readonly world: World; readonly key: BodyOf<"key"> }> {
  const world = await worldWithAcme();
  const key = callerKeyOf(digestOfLabel("secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  return { world, key };
}

const rotated = (world: World, key: BodyOf<"key">, days: number): BodyOf<"key"> => ({
  ...key,
  hash: digestOfLabel("new secret"),
  ending: "ab-_",
  anew: { kind: "rotation", until: at(world, days * day) },
});

test("a rotation keeps the key, gives it a new secret, and ends the one before it", async () => {
  const { world, key } = await worldWithKey();
  const body = rotated(world, key, 1);
  await world.say({ verb: "key", body, by: [ada] });
  const [old, fresh] = [world.state.keys.get(key.hash), world.state.keys.get(body.hash)];
  assert.deepEqual([old?.key, fresh?.key, fresh?.ending], [key.key, key.key, "ab-_"]);
  assert.deepEqual([old?.notAfter, fresh?.notAfter], [body.anew?.kind === "rotation" ? body.anew.until : "", null]);
  assert.deepEqual([old?.isLatest, fresh?.isLatest], [false, true]);
  assert.deepEqual(world.state.keySecrets.get(key.key), [key.hash, body.hash]);
});

test("a rotation never lengthens what an old secret had left", async () => {
  const { world, key } = await worldWithKey();
  const notAfter = at(world, 3_600_000);
  await world.say({ verb: "key", body: { ...key, notAfter, anew: { kind: "change" } }, by: [ada] });
  await world.say({ verb: "key", body: rotated(world, key, 2), by: [ada] });
  assert.equal(world.state.keys.get(key.hash)?.notAfter, notAfter);
});

test("a rotation that lets the old secret work for more than 30 days is refused", async () => {
  const { world, key } = await worldWithKey();
  assert.match(
    await verdictOn(world, { verb: "key", body: rotated(world, key, 31), by: [ada] }),
    /^statement_invalid: An old secret works for 30 days/,
  );
});

test("a key is written anew only by its id, its organisation and its latest secret", async () => {
  const { world, key } = await worldWithKey();
  const other = Name.parse("other");
  const organisation = { ...organisationOf(world, { model: small, stage: "trusted" }), organisation: other };
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  const anew = { kind: "change" } as const;
  const judged = async (body: BodyOf<"key">): Promise<string> => verdictOn(world, { verb: "key", body, by: [ada] });
  assert.match(await judged({ ...key, key: idOf.key("none"), anew }), /^not_found: There is no such key/);
  assert.match(await judged({ ...key, organisation: other, anew }), /^statement_invalid: A key stays/);
  assert.match(await judged({ ...key, hash: digestOfLabel("none"), anew }), /^not_found: This is not the latest/);
  await world.say({ verb: "key", body: rotated(world, key, 1), by: [ada] });
  assert.match(
    await judged({ ...key, anew }),
    /^not_found: This is not the latest/,
    "an ended secret is not prolonged",
  );
  assert.match(await judged(rotated(world, key, 1)), /^conflict: This secret exists already/);
});

test("networks and limits are the key's: writing them anew reaches every secret that still works", async () => {
  const { world, key } = await worldWithKey();
  const body = rotated(world, key, 1);
  await world.say({ verb: "key", body, by: [ada] });
  const networks = [Network.parse("192.0.2.0/24")];
  const changed = { ...key, hash: body.hash, networks, limits: { exchanges: 2 }, anew: { kind: "change" } } as const;
  await world.say({ verb: "key", body: { ...changed, networks }, by: [ada] });
  for (const hash of [key.hash, body.hash]) {
    assert.deepEqual(world.state.keys.get(hash)?.networks, networks);
    assert.deepEqual(world.state.keys.get(hash)?.limits, { exchanges: 2 });
  }
  assert.equal(world.state.keys.get(body.hash)?.ending, "ab-_", "what tells the secrets apart stays");
});

test("a suspension reaches every secret and ends when the key is written anew, not by a statement from before", async () => {
  const { world, key } = await worldWithKey();
  const body = rotated(world, key, 1);
  await world.say({ verb: "key", body, by: [ada] });
  const anew = { ...key, hash: body.hash, anew: { kind: "change" } } as const;
  const before = await world.sign({ verb: "key", body: anew, by: [ada] });
  await world.say({ verb: "suspend", body: { target: { kind: "key", key: key.key }, reason }, by: [ada] });
  const standings = (): unknown[] => [key.hash, body.hash].map((hash) => world.state.keys.get(hash)?.standing);
  assert.deepEqual(standings(), ["suspended", "suspended"]);
  assert.equal(world.record(before)?.code, "conflict");
  assert.deepEqual(standings(), ["suspended", "suspended"]);
  await world.say({ verb: "key", body: anew, by: [ada] });
  assert.deepEqual(standings(), ["active", "active"]);
});

test("a revoked key comes back by no rotation, no change and no later suspension", async () => {
  const { world, key } = await worldWithKey();
  const target = { kind: "key", key: key.key } as const;
  await world.say({ verb: "suspend", body: { target: { ...target, forGood: true }, reason }, by: [ada] });
  await world.say({ verb: "suspend", body: { target, reason }, by: [ada] });
  assert.equal(world.state.keys.get(key.hash)?.standing, "revoked");
  for (const body of [rotated(world, key, 1), { ...key, anew: { kind: "change" } as const }]) {
    assert.match(await verdictOn(world, { verb: "key", body, by: [ada] }), /^conflict: This key was revoked/);
  }
});

test("whoever may hold suspends an organisation or a key by it, and what was signed before lifts nothing", async () => {
  const world = await worldWithAcme();
  const organisation = organisationOf(world, { model: small, stage: "trusted" });
  const key = callerKeyOf(digestOfLabel("a secret"));
  await world.say({ verb: "key", body: key, by: [ada] });
  const before = await world.sign({ verb: "organisation", body: organisation, by: [ada] });
  const held = { kind: "key", key: key.key } as const;
  await world.say({ verb: "hold", body: { hold: idOf.hold("key"), scope: held, reason }, by: [bo] });
  assert.equal(world.state.keys.get(key.hash)?.standing, "suspended");
  const scope = { kind: "organisation", organisation: acme } as const;
  await world.say({ verb: "hold", body: { hold: idOf.hold("acme"), scope, reason }, by: [bo] });
  assert.equal(world.state.organisations.get(acme)?.suspended, true);
  assert.equal(world.record(before)?.code, "conflict");
  assert.equal(world.state.organisations.get(acme)?.suspended, true);
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  assert.equal(world.state.organisations.get(acme)?.suspended, false);
  assert.equal(world.state.holds.size, 0, "no certificate answers them");
});

test("a hold on a key or an organisation that is not there is refused", async () => {
  const world = await worldWithAcme();
  const nobody = [
    { kind: "key", key: idOf.key("nobody's") },
    { kind: "organisation", organisation: Name.parse("nobody") },
  ] as const;
  for (const scope of nobody) {
    const body = { hold: idOf.hold("nobody"), scope, reason: digestOfLabel("reason") };
    assert.match(await verdictOn(world, { verb: "hold", body, by: [bo] }), /^not_found/);
  }
});

test("a stop that is dated years ahead keeps out what was signed before it, and not whoever has seen it", async () => {
  const seenRoot = digestOfLabel("the ledger's root");
  const world = await worldOfTwo({}, { rootAt: () => seenRoot });
  const organisation = organisationOf(world, { model: small, stage: "trusted" });
  const key = callerKeyOf(digestOfLabel("a secret"));
  await world.say({ verb: "organisation", body: organisation, by: [ada] });
  await world.say({ verb: "key", body: key, by: [ada] });
  const inYears = timestampOf(Instant.parse(world.now() + 3650 * day));
  for (const scope of [
    { kind: "organisation", organisation: acme },
    { kind: "key", key: key.key },
  ] as const)
    await world.say({ verb: "hold", body: { hold: idOf.hold(scope.kind), scope, reason }, by: [bo], at: inYears });
  const anew = { ...key, anew: { kind: "change" } } as const;
  const size = world.entries.length;
  for (const seen of [null, { size: size - 2, root: seenRoot }]) {
    assert.match(await verdictOn(world, { verb: "organisation", body: organisation, by: [ada], seen }), /^conflict/);
    assert.match(await verdictOn(world, { verb: "key", body: anew, by: [ada], seen }), /^conflict/);
  }
  const seen = { size, root: seenRoot };
  await world.say({ verb: "organisation", body: organisation, by: [ada], seen });
  await world.say({ verb: "key", body: anew, by: [ada], seen });
  assert.equal(world.state.organisations.get(acme)?.suspended, false);
  assert.equal(world.state.keys.get(key.hash)?.standing, "active");
});
