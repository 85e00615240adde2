// The routes of passkeys (WebAuthn, by @simplewebauthn/server). They are for the name under which the console was opened, one of those that
// the server admits; an address in figures has none.
import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import type { Context, Hono, MiddlewareHandler } from "hono";
import type { z } from "zod";
import { toUtf8 } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, type PersonId, timestampOf } from "../terms/ids.ts";
import { type Bodies, strangerBytesMax } from "./body.ts";
import {
  NoBody,
  PasskeyRequest,
  PasskeySignInRequest,
  type PasskeyView,
  type PasskeysView,
  passkeyRoutes,
} from "./contract-passkey.ts";
import type { EndedView } from "./contract-session.ts";
import type { Core } from "./core.ts";
import { challengeMinutes, makeChallenge, openChallenge, type Purpose } from "./passkey-challenge.ts";
import {
  type Passkey,
  dropPasskey,
  findPasskey,
  keepAnswer,
  keepPasskey,
  listPasskeys,
  markUsed,
} from "./passkey-store.ts";
import { readerOf } from "./reader.ts";
import { signIn } from "./session-routes.ts";
import type { Tries } from "./tries.ts";

export interface PasskeyRoutes {
  readonly core: Core;
  readonly bodies: Bodies;
  readonly tries: Tries;
  readonly read: MiddlewareHandler;
}

export function addPasskeyRoutes(app: Hono, given: PasskeyRoutes): void {
  const { core, bodies, tries, read } = given;
  const { database } = core;
  const timeout = challengeMinutes * 60_000;
  app.get(passkeyRoutes.passkeys, read, async (context) => {
    const passkeys = await listPasskeys(database, personIn(context));
    const standing = passkeys.filter((one) => isStanding(core, one));
    return context.json({ passkeys: standing.map(viewOf) } satisfies z.infer<typeof PasskeysView>);
  });
  app.post(passkeyRoutes.passkeyOptions, read, async (context) => {
    const { person } = byPass(context);
    const { name } = placeOf(context);
    await bodies.take(context, { type: NoBody, bytesMax: strangerBytesMax }, async () => undefined);
    const known = await listPasskeys(database, person);
    const options = await generateRegistrationOptions({
      rpName: "Headgate",
      rpID: name,
      userID: new Uint8Array(toUtf8(person)),
      userName: person,
      challenge: await makeChallenge({ what: "add", name, person }, meansOf(core)),
      timeout,
      excludeCredentials: known.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    });
    return context.json(options);
  });
  app.post(passkeyRoutes.passkeys, read, async (context) => {
    const by = byPass(context);
    const taking = { type: PasskeyRequest, bytesMax: strangerBytesMax };
    const passkey = await bodies.take(context, taking, async (request) => add(core, { context, by, request }));
    return context.json(viewOf(passkey));
  });
  app.delete(passkeyRoutes.passkey, read, async (context) => {
    const id = context.req.param("passkey") ?? "";
    const person = personIn(context);
    const ended = await database.transaction(async (transaction) => {
      const dropped = await dropPasskey(transaction, id, person);
      if (dropped) await core.sessions.endBy(transaction, id);
      return dropped;
    });
    if (!ended) throw new Failure("not_found", "You have no such passkey.");
    return context.json({ ended } satisfies z.infer<typeof EndedView>);
  });
  app.post(passkeyRoutes.passkeySignInOptions, async (context) => {
    const { name } = placeOf(context);
    await bodies.take(context, { type: NoBody, bytesMax: strangerBytesMax }, async () => undefined);
    const challenge = await makeChallenge({ what: "sign-in", name, person: "" }, meansOf(core));
    return context.json(
      await generateAuthenticationOptions({ rpID: name, challenge, timeout, userVerification: "required" }),
    );
  });
  app.post(passkeyRoutes.passkeySignIn, async (context) => {
    const taking = { type: PasskeySignInRequest, bytesMax: strangerBytesMax };
    return bodies.take(context, taking, async (request) =>
      tries.take(context, async () => signIn(context, core, await enter(core, context, request))),
    );
  });
}

function viewOf({ id, person, label, at, usedAt }: Passkey): PasskeyView {
  return { passkey: id, person, label, at: timestampOf(at), used: usedAt === null ? null : timestampOf(usedAt) };
}

function personIn(context: Context): PersonId {
  const reader = readerOf(context);
  if (reader.kind === "person") return reader.person.person;
  throw new Failure("authority_missing", "Passkeys are for persons.");
}

/** It is of somebody who is not suspended, and ends with the key that added it. */
function isStanding({ replica }: Core, { person, key }: Passkey): boolean {
  const { persons, personByKey } = replica.state;
  return persons.get(person)?.suspended === false && personByKey.get(key) === person;
}

type Adder = Pick<Passkey, "person" | "key">;

/** Adding one takes the person's key: a session alone would make itself last. */
function byPass(context: Context): Adder {
  const reader = readerOf(context);
  if (reader.kind === "person" && reader.key !== null) return { person: reader.person.person, key: reader.key };
  throw new Failure("authority_missing", "A passkey is added with a key of yours, in the browser that has it.");
}

interface Place {
  readonly name: string;
  readonly origin: string;
}

/** The name and origin that the browser has before it; both were checked to be ours. */
function placeOf(context: Context): Place {
  const origin = context.req.header("origin") ?? "";
  const name = (context.req.header("host") ?? "").replace(/:\d{1,5}$/, "").toLowerCase();
  if (/[a-z]/.test(name) && !name.includes("[") && origin !== "") return { name, origin };
  throw new Failure(
    "request_invalid",
    "Passkeys are for names: open the console as http://localhost, or under a name of HEADGATE_HOSTS.",
  );
}

function meansOf(core: Core): Parameters<typeof makeChallenge>[1] {
  const { signers, primitives, random, clock } = core.options;
  return { control: signers.control, primitives, random, now: clock() };
}

interface Expecting {
  readonly expectedChallenge: (challenge: string) => Promise<boolean>;
  /** The challenge that was answered; undefined until it was checked. */
  readonly answered: () => { readonly challenge: string; readonly endsAt: Instant } | undefined;
}

function expecting(core: Core, purpose: Purpose): Expecting {
  let found: { readonly challenge: string; readonly endsAt: Instant } | undefined;
  return {
    expectedChallenge: async (challenge) => {
      const endsAt = await openChallenge(challenge, purpose, meansOf(core));
      found = endsAt === undefined ? undefined : { challenge, endsAt };
      return endsAt !== undefined;
    },
    answered: () => found,
  };
}

interface Adding {
  readonly context: Context;
  readonly by: Adder;
  readonly request: z.infer<typeof PasskeyRequest>;
}

async function add(core: Core, { context, by, request }: Adding): Promise<Passkey> {
  const { name, origin } = placeOf(context);
  const { person } = by;
  const { expectedChallenge, answered } = expecting(core, { what: "add", name, person });
  const { response, ...named } = request.response;
  const { clientDataJSON, attestationObject, transports = [] } = response;
  const made = await checked(async () =>
    verifyRegistrationResponse({
      response: { ...named, response: { clientDataJSON, attestationObject }, clientExtensionResults: {} },
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: name,
      requireUserVerification: true,
    }),
  );
  const challenge = answered();
  if (made.registrationInfo === undefined || challenge === undefined) throw unfit();
  const { id, publicKey, counter } = made.registrationInfo.credential;
  const at = core.options.clock();
  const passkey = { id, ...by, label: request.label, publicKey, counter, transports, at, usedAt: null };
  await core.database.transaction(async (transaction) => {
    await keepAnswer(transaction, challenge, at);
    for (const one of await listPasskeys(transaction, person))
      if (!isStanding(core, one)) await dropPasskey(transaction, one.id, person);
    await keepPasskey(transaction, passkey);
  });
  return passkey;
}

async function enter(
  core: Core,
  context: Context,
  { response: given }: z.infer<typeof PasskeySignInRequest>,
): Promise<Awaited<ReturnType<Core["sessions"]["open"]>>> {
  const { name, origin } = placeOf(context);
  const passkey = await findPasskey(core.database, given.id);
  if (passkey === undefined || !isStanding(core, passkey)) throw unfit();
  const { expectedChallenge, answered } = expecting(core, { what: "sign-in", name, person: "" });
  const { clientDataJSON, authenticatorData, signature } = given.response;
  const { id, rawId, type } = given;
  const shown = await checked(async () =>
    verifyAuthenticationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, authenticatorData, signature },
        clientExtensionResults: {},
      },
      expectedChallenge,
      expectedOrigin: origin,
      expectedRPID: name,
      credential: { id: passkey.id, publicKey: new Uint8Array(passkey.publicKey), counter: passkey.counter },
      requireUserVerification: true,
    }),
  );
  const challenge = answered();
  if (!shown.verified || challenge === undefined) throw unfit();
  const counter = shown.authenticationInfo.newCounter;
  const at = core.options.clock();
  return core.sessions.open(
    { kind: "person", person: passkey.person, by: { kind: "passkey", passkey: passkey.id, key: passkey.key } },
    async (transaction) => {
      await keepAnswer(transaction, challenge, at);
      await markUsed(transaction, { id: passkey.id, counter }, at);
    },
  );
}

/** Whatever the library finds wrong is one answer. */
async function checked<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (cause) {
    throw unfit(cause);
  }
}

function unfit(cause?: unknown): Failure {
  return new Failure(
    "session_missing",
    "This passkey is not known here, or its answer came too late or from another page. Try again, or sign in another way.",
    { cause },
  );
}
