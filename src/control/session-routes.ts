// The routes of sessions: signing in with a key of one's own or an organisation's, who is signed in, ending it, and the one act that a
// session may do, a hold. It is recorded under the control plane's key, which names session and person; the rules ask whether they may.
import type { Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { z } from "zod";
import type { HoldScope } from "../acts/bodies.ts";
import { isSecretKey } from "../acts/secret-key.ts";
import { openStatement, signStatement } from "../acts/statement.ts";
import { type Opening, commit, digestOf } from "../proof/digest.ts";
import { toBase64, toHex, toUtf8 } from "../proof/encoding.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import { HoldId, SessionId, timestampOf, toInstant } from "../terms/ids.ts";
import { type Bodies, strangerBytesMax } from "./body.ts";
import {
  type EndedView,
  SessionHoldRequest,
  type SessionHoldView,
  type SessionView,
  type SessionsView,
  sessionCookie,
  sessionRoutes,
} from "./contract-session.ts";
import type { Core } from "./core.ts";
import { findOpenings } from "./opening-store.ts";
import { hasPass, signedBy } from "./passes.ts";
import { type Reader, anyReaderRequired, readerIfAny, readerOf, tokenOf } from "./reader.ts";
import { readingOf } from "./reading.ts";
import { type Opened, type SignedIn, idleMinutes, secretStands } from "./session-desk.ts";
import type { PersonSession, Session } from "./session-store.ts";
import { type SessionHolds, createSessionHolds } from "./session-holds.ts";
import type { Tries } from "./tries.ts";

export interface SessionRoutes {
  readonly core: Core;
  readonly bodies: Bodies;
  readonly tries: Tries;
}

export function addSessionRoutes(app: Hono, { core, bodies, tries }: SessionRoutes): void {
  const { sessions } = core;
  const read = anyReaderRequired(core);
  const holds = createSessionHolds({ state: core.replica.state, clock: core.options.clock });
  app.post(sessionRoutes.session, async (context) => {
    const byKey = hasPass(readingOf(context));
    const who = await (byKey ? byPass(core, context) : tries.take(context, () => bySecret(core, context)));
    return signIn(context, core, await sessions.open(who));
  });
  app.get(sessionRoutes.session, async (context) => {
    const session = (await readerIfAny(core, context))?.session ?? null;
    // Every page asks who is here: that nobody is, is an answer.
    return context.json(session === null ? null : await viewOf(core, session, session));
  });
  app.delete(sessionRoutes.session, read, async (context) => {
    const { session } = readerOf(context);
    const ended = session !== null && (await sessions.end(session.session));
    dropCookies(context, ["host", undefined]);
    return context.json({ ended } satisfies z.infer<typeof EndedView>);
  });
  app.get(sessionRoutes.sessions, read, async (context) => {
    const reader = readerOf(context);
    const listed = await sessions.list(isOwner(reader) ? undefined : holderOf(reader));
    const views = await Promise.all(listed.map(async (session) => viewOf(core, session, reader.session)));
    return context.json({ sessions: views } satisfies SessionsView);
  });
  app.delete(sessionRoutes.sessionOne, read, async (context) => {
    const id = SessionId.safeParse(context.req.param("session"));
    const session = id.success ? await sessions.byId(id.data) : undefined;
    if (session === undefined || !mayEnd(readerOf(context), session)) {
      throw new Failure("not_found", "There is no such session of yours; it may have ended.");
    }
    return context.json({ ended: await sessions.end(session.session) } satisfies z.infer<typeof EndedView>);
  });
  app.post(sessionRoutes.sessionHold, async (context) => {
    const taking = { type: SessionHoldRequest, bytesMax: strangerBytesMax };
    const session = await holderNow(core, context);
    return context.json(await bodies.take(context, taking, async (wish) => placeHold({ core, holds }, session, wish)));
  });
}

async function byPass({ replica, options }: Core, context: Context): Promise<SignedIn> {
  const given = { at: options.clock(), primitives: options.primitives };
  const signed = await signedBy(replica.state, readingOf(context), given);
  if (signed !== undefined) {
    return { kind: "person", person: signed.person.person, by: { kind: "key", key: signed.key } };
  }
  throw new Failure(
    "session_missing",
    "This key is of nobody who is admitted here now. Check this machine's clock, too: a pass lives a minute.",
  );
}

/** The same answer for a secret that nobody has and for one that works no more. */
function bySecret({ replica, options }: Core, context: Context): SignedIn {
  const [, text = ""] = /^Bearer (.{1,200})$/.exec(context.req.header("authorization") ?? "") ?? [];
  const secret = digestOf(toUtf8(text), options.primitives);
  const key = isSecretKey(text, options.primitives) ? replica.state.keys.get(secret) : undefined;
  if (key !== undefined && secretStands(replica.state, { secret }, options.clock())) {
    return { kind: "partner", key: key.key, secret };
  }
  throw new Failure("session_missing", "No key of an organisation here works with this text. Copy the whole key, hg_…");
}

/** How a browser takes the cookie: over TLS as `__Host-`, which no other name nor an answer without TLS can set. */
type Prefix = "host" | undefined;

/** Answers with the session's view and its cookie, which only this origin's requests carry and no script reads. */
export async function signIn(context: Context, core: Core, { session, token }: Opened): Promise<Response> {
  const prefix: Prefix = isSecure(context) ? "host" : undefined;
  dropCookies(context, [prefix === "host" ? undefined : "host"]);
  setCookie(context, sessionCookie, token, { path: "/", httpOnly: true, sameSite: "Strict", ...prefixed(prefix) });
  return context.json(await viewOf(core, session, session));
}

/** Those of them that the browser has. */
function dropCookies(context: Context, prefixes: readonly Prefix[]): void {
  for (const prefix of prefixes) {
    if (getCookie(context, sessionCookie, prefix) === undefined) continue;
    deleteCookie(context, sessionCookie, { path: "/", ...prefixed(prefix) });
  }
}

function prefixed(prefix: Prefix): { readonly prefix?: "host"; readonly secure?: true } {
  return prefix === undefined ? {} : { prefix, secure: true };
}

/** By its own TLS, or by what the browser says of a TLS before it. */
function isSecure(context: Context): boolean {
  const origin = context.req.header("origin") ?? "";
  return new URL(context.req.url).protocol === "https:" || origin.startsWith("https:");
}

function notSignedIn(): Failure {
  return new Failure("session_missing", "Nobody is signed in here.");
}

function isOwner(reader: Reader): boolean {
  return reader.kind === "person" && reader.person.role === "owner";
}

function holderOf(reader: Reader): Parameters<Core["sessions"]["list"]>[0] {
  return reader.kind === "person" ? reader.person.person : reader.session.key;
}

function mayEnd(reader: Reader, session: Session): boolean {
  const whose = session.kind === "person" ? session.person : session.key;
  return isOwner(reader) || whose === holderOf(reader);
}

async function viewOf(core: Core, session: Session, mine: Session | null): Promise<SessionView> {
  const { at, seenAt, endsAt } = session;
  const idleEnd = toInstant(Math.min(endsAt, seenAt + idleMinutes * 60_000));
  const common = {
    session: session.session,
    current: mine?.session === session.session,
    at: timestampOf(at),
    seen: timestampOf(seenAt),
    idleEnd: timestampOf(idleEnd),
    ends: timestampOf(endsAt),
  };
  const { state } = core.replica;
  if (session.kind === "partner") {
    const organisation = state.keys.get(session.secret)?.organisation;
    if (organisation === undefined) throw notSignedIn();
    return { kind: "partner", organisation, key: session.key, ...common };
  }
  const person = state.persons.get(session.person);
  if (person === undefined) throw notSignedIn();
  const [opening] = await findOpenings(core.database, [person.name], core.options.primitives);
  return {
    kind: "person",
    person: person.person,
    role: person.role,
    name: opening?.text ?? null,
    by: session.by.kind,
    key: session.by.kind === "key" ? session.by.key : null,
    ...common,
  };
}

async function holderNow({ sessions }: Core, context: Context): Promise<PersonSession> {
  const token = tokenOf(context);
  const session = token === undefined ? undefined : await sessions.findToHold(token);
  if (session === undefined) throw notSignedIn();
  if (session.kind === "person") return session;
  throw new Failure("authority_missing", "An organisation's key holds nothing. Ask the operator of this deployment.");
}

/** Signs and records it. Where the store does not take it, the gateways were told all the same. */
async function placeHold(
  { core, holds }: { readonly core: Core; readonly holds: SessionHolds },
  { session, person }: PersonSession,
  { scope, reason }: z.infer<typeof SessionHoldRequest>,
): Promise<SessionHoldView> {
  const { primitives, random, clock, signers } = core.options;
  checkKnown(core, scope);
  holds.take(person, scope);
  const opening: Opening = { salt: toBase64(random(32)), text: reason };
  const commitment = commit(opening, primitives);
  const hold = HoldId.parse(`hold_${toHex(random(8))}`);
  const at = timestampOf(clock());
  const body = { hold, scope, reason: commitment, session: { session, person } };
  const said = { deployment: core.here.deployment, nonce: toHex(random(16)), at, seen: null } as const;
  const envelope = await signStatement({ ...said, verb: "hold", body }, [signers.control], primitives);
  const { digest: act } = await openStatement(envelope, primitives);
  const content = { openings: new Map([[commitment, opening]]), artefacts: new Map() };
  try {
    const answer = await core.submit(envelope, content);
    return { hold, act, at, recorded: true, index: answer.kind === "recorded" ? answer.index : null };
  } catch (error) {
    const code = failureCode(error);
    if (code !== "store_unavailable" && code !== "disk_full") throw error;
    return { hold, act, at, recorded: false, index: null };
  }
}

/** A brake on a mistyped name would stop nothing. */
function checkKnown({ replica }: Core, scope: HoldScope): void {
  if (!("model" in scope) || replica.state.documents.get("Model")?.has(scope.model) === true) return;
  throw new Failure("model_unknown", `NOTHING IS HELD: there is no model "${scope.model}" here.`);
}
