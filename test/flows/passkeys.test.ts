// Passkeys over real HTTP, by an authenticator made here: whose they become, what an answer may be used for, and what ends them.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes as random, sign } from "node:crypto";
import { after, before, test } from "node:test";
import { z } from "zod";
import { passkeyRoutes, PasskeysView } from "../../src/control/contract-passkey.ts";
import { consoleHeader, sessionRoutes } from "../../src/control/contract-session.ts";
import { newSigner } from "../../src/proof/node.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import {
  type Answered,
  type Desk,
  type Member,
  committed,
  dropFolder,
  inDays,
  must,
  openDesk,
  refusalOf,
  released,
  writePassOf,
} from "./control-desk.ts";

let desk: Desk;
let owner: Member;
let safety: Member;
/** As a browser sees it: passkeys are for names. */
let origin: string;

before(async () => {
  desk = await openDesk();
  ({ owner, safety } = await released(desk));
  origin = desk.url.replace("127.0.0.1", "localhost");
});
after(async () => {
  await desk.close();
  dropFolder(desk.folder);
});

interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(path: string, { method = "POST", body, headers }: Asking): Promise<Answered & { cookie: string }> {
  const own = { origin, "content-type": "application/json", [consoleHeader]: "1", ...headers };
  const response = await fetch(origin + path, {
    method,
    headers: own,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const cookie = response.headers.get("set-cookie")?.split(";")[0] ?? "";
  return { status: response.status, json: await response.json(), cookie };
}

const Challenge = z.object({ challenge: z.string() });

/** What an authenticator knows: one credential for `localhost`. */
interface Authenticator {
  readonly id: string;
  readonly registered: (challenge: string, told?: Told) => unknown;
  readonly shown: (challenge: string, told?: Told) => unknown;
}

interface Told {
  readonly at?: string;
  /** Present, verified. */
  readonly flags?: number;
  readonly counter?: number;
}

function newAuthenticator(): Authenticator {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const id = random(16);
  // COSE: an OKP key, EdDSA, on Ed25519.
  const cose = Buffer.concat([Buffer.from("a4010103272006215820", "hex"), raw]);
  const credential = Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, cose]);
  const named = { id: id.toString("base64url"), rawId: id.toString("base64url"), type: "public-key" };
  return {
    id: named.id,
    registered: (challenge, told = {}) => {
      const data = Buffer.concat([headOf(told, 0x40), credential]);
      // CBOR: { fmt: "none", attStmt: {}, authData }.
      const start = Buffer.from("a363666d74646e6f6e656761747453746d74a068617574684461746158", "hex");
      const attestation = Buffer.concat([start, Buffer.from([data.length]), data]);
      return {
        ...named,
        response: {
          clientDataJSON: clientData("webauthn.create", challenge, told).toString("base64url"),
          attestationObject: attestation.toString("base64url"),
        },
      };
    },
    shown: (challenge, told = {}) => {
      const [data, client] = [headOf(told, 0), clientData("webauthn.get", challenge, told)];
      return {
        ...named,
        response: {
          clientDataJSON: client.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: sign(null, Buffer.concat([data, sha256(client)]), privateKey).toString("base64url"),
        },
      };
    },
  };
}

/** What an authenticator signs first: for whom, how, how often. */
function headOf({ flags = 0x05, counter = 0 }: Told, more: number): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32BE(counter);
  return Buffer.concat([sha256(Buffer.from("localhost")), Buffer.from([flags | more]), count]);
}

function clientData(type: string, challenge: string, { at = origin }: Told): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin: at, crossOrigin: false }));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** What a passkey of this signer's person would answer. */
async function challengeToAdd(signer: Signer): Promise<string> {
  const headers = { authorization: await writePassOf(desk, signer, passkeyRoutes.passkeyOptions) };
  const { json } = await ask(passkeyRoutes.passkeyOptions, { body: {}, headers });
  return Challenge.parse(json).challenge;
}

async function challengeToSignIn(): Promise<string> {
  return Challenge.parse((await ask(passkeyRoutes.passkeySignInOptions, { body: {} })).json).challenge;
}

async function add(signer: Signer, response: unknown): Promise<Answered> {
  const headers = { authorization: await writePassOf(desk, signer, passkeyRoutes.passkeys) };
  return ask(passkeyRoutes.passkeys, { body: { label: "phone", response }, headers });
}

async function added(signer: Signer): Promise<Authenticator> {
  const authenticator = newAuthenticator();
  const answered = await add(signer, authenticator.registered(await challengeToAdd(signer)));
  assert.equal(answered.status, 200, JSON.stringify(answered.json));
  return authenticator;
}

async function enter(response: unknown): ReturnType<typeof ask> {
  return ask(passkeyRoutes.passkeySignIn, { body: { response } });
}

async function refused(answered: Promise<Answered>): Promise<string> {
  return refusalOf(await answered).code;
}

/** A further key of a person, as the console's sign-in makes one. */
async function furtherKey({ person, role, signer: by }: Member): Promise<Signer> {
  const [seat, { signer }] = [newSigner().signer, newSigner()];
  const name = desk.control.state.persons.get(person)?.name ?? committed("x").digest;
  const body = { person, role, key: seat.publicKey, name, furtherKey: true, notAfter: inDays(desk, 1 / 48) } as const;
  const { digest: invitation } = await must(desk, { verb: "invite", body, by: [by] });
  await must(desk, { verb: "admit", body: { person, key: signer.publicKey, invitation }, by: [seat, signer] });
  return signer;
}

test("a passkey becomes whose key asked for it, with their challenge, verified, in a page of this console, and once", async () => {
  const one = newAuthenticator();
  const challenge = await challengeToAdd(safety.signer);
  assert.equal(await refused(add(owner.signer, one.registered(challenge))), "session_missing", "somebody else's");
  assert.equal(await refused(add(safety.signer, one.registered(await challengeToSignIn()))), "session_missing");
  for (const told of [{ flags: 0x01 }, { at: "http://localhost:1" }, { at: "https://evil.example" }])
    assert.equal(await refused(add(safety.signer, one.registered(challenge, told))), "session_missing");
  assert.equal((await add(safety.signer, one.registered(challenge))).status, 200);
  assert.equal(await refused(add(safety.signer, newAuthenticator().registered(challenge))), "conflict", "answered");
  const taken = one.registered(await challengeToAdd(owner.signer));
  assert.equal(await refused(add(owner.signer, taken)), "conflict", "a passkey is one person's");
});

test("it signs in by a fresh challenge to sign in, verified, here, and never with a count that stands still", async () => {
  const one = await added(owner.signer);
  const challenge = await challengeToSignIn();
  for (const told of [{ flags: 0x01 }, { at: "http://localhost:1" }])
    assert.equal(await refused(enter(one.shown(challenge, told))), "session_missing");
  assert.equal(await refused(enter(one.shown(await challengeToAdd(owner.signer)))), "session_missing");
  assert.equal(await refused(enter(newAuthenticator().shown(challenge))), "session_missing", "of nobody");
  assert.equal((await enter(one.shown(challenge, { counter: 7 }))).status, 200);
  assert.equal(await refused(enter(one.shown(challenge, { counter: 8 }))), "conflict", "answered");
  for (const counter of [7, 6, 0])
    assert.equal(await refused(enter(one.shown(await challengeToSignIn(), { counter }))), "session_missing");
  const late = await challengeToSignIn();
  desk.ahead = 301_000;
  assert.equal(await refused(enter(one.shown(late, { counter: 9 }))), "session_missing", "too late");
  desk.ahead = 0;
});

test("it ends with the key that added it, and what it opened ends too: whoever had that key in hand has nothing left", async () => {
  const stolen = await furtherKey(safety);
  const [theirs, kept] = [await added(stolen), await added(safety.signer)];
  const opened = await enter(theirs.shown(await challengeToSignIn()));
  const reads = { method: "GET", headers: { cookie: opened.cookie } };
  assert.equal((await ask(sessionRoutes.sessions, reads)).status, 200);
  const target = { kind: "person-key", person: safety.person, key: stolen.publicKey } as const;
  await must(desk, { verb: "suspend", body: { target, reason: committed("lost").digest }, by: [owner.signer] });
  assert.equal((await ask(sessionRoutes.sessions, reads)).status, 401);
  assert.equal(await refused(enter(theirs.shown(await challengeToSignIn()))), "session_missing");
  const still = await enter(kept.shown(await challengeToSignIn()));
  assert.equal(still.status, 200);
  const { json } = await ask(passkeyRoutes.passkeys, { method: "GET", headers: { cookie: still.cookie } });
  assert.ok(!PasskeysView.parse(json).passkeys.some(({ passkey }) => passkey === theirs.id));
});
