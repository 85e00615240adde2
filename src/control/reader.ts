// Who asks: the bearer of a fresh pass signed by an active person's key, or of a session that they signed in to. Both read, and let a
// large body in; what a body then does, its own signatures decide.
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { Person } from "../acts/state.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import type { Name, PublicKey } from "../terms/ids.ts";
import { backgroundHeader, consoleHeader, sessionCookie } from "./contract-session.ts";
import type { Core } from "./core.ts";
import { hasPass, signedBy } from "./passes.ts";
import { readingOf } from "./reading.ts";
import type { PartnerSession, PersonSession } from "./session-store.ts";

/** Of the bearer of a pass there is the key that signed it, and no session. */
export type Reader =
  | {
      readonly kind: "person";
      readonly person: Person;
      readonly session: PersonSession | null;
      readonly key: PublicKey | null;
    }
  | { readonly kind: "partner"; readonly organisation: Name; readonly session: PartnerSession };

type Parts = Pick<Core, "replica" | "options" | "sessions">;

const readers = new WeakMap<Context, Reader>();

/** Whoever a middleware of this file let through. */
export function readerOf(context: Context): Reader {
  const reader = readers.get(context);
  if (reader === undefined) throw new Error("the route lets nobody through whom it asks for");
  return reader;
}

/** Lets admitted persons through, by pass or session. Fails with session_missing, without saying what was wrong. */
export function personRequired(parts: Parts): MiddlewareHandler {
  const asking = askingPerson(parts);
  return async (context, next) => {
    await asking(context);
    await next();
  };
}

/** The admitted person who asks. Fails as `personRequired` does. */
export function askingPerson(parts: Parts): (context: Context) => Promise<Person> {
  return async (context) => {
    const reader = await findReader(parts, context);
    if (reader === undefined) throw missing();
    if (reader.kind === "partner") {
      throw new Failure("authority_missing", "An organisation's key signs in to its own page, and reads nothing else.");
    }
    readers.set(context, reader);
    return reader.person;
  };
}

/** Lets persons and organisations' keys through. */
export function anyReaderRequired(parts: Parts): MiddlewareHandler {
  return async (context, next) => {
    const reader = await findReader(parts, context);
    if (reader === undefined) throw missing();
    readers.set(context, reader);
    await next();
  };
}

/** Whoever asks, or undefined where nobody is signed in. */
export async function readerIfAny(parts: Parts, context: Context): Promise<Reader | undefined> {
  return findReader(parts, context);
}

/** Whether an active person asks. Where the store cannot say, nobody is known, and a hold is still read as a stranger's. */
export async function isPerson(parts: Parts, context: Context): Promise<boolean> {
  try {
    return (await findReader(parts, context))?.kind === "person";
  } catch (error) {
    if (failureCode(error) === "store_unavailable") return false;
    throw error;
  }
}

function missing(): Failure {
  return new Failure(
    "session_missing",
    "Reading this takes a profile of an admitted person (--profile FILE), or signing in to the console. Check this machine's clock, too: a pass lives a minute.",
  );
}

async function findReader({ replica, options, sessions }: Parts, context: Context): Promise<Reader | undefined> {
  const { state } = replica;
  const reading = readingOf(context);
  if (hasPass(reading)) {
    const signed = await signedBy(state, reading, { at: options.clock(), primitives: options.primitives });
    return signed === undefined ? undefined : { kind: "person", ...signed, session: null };
  }
  const token = tokenOf(context);
  const session = token === undefined ? undefined : await sessions.find(token, isBackground(context));
  if (session === undefined) return undefined;
  if (session.kind === "partner") {
    const organisation = state.keys.get(session.secret)?.organisation;
    return organisation === undefined ? undefined : { kind: "partner", organisation, session };
  }
  const person = state.persons.get(session.person);
  return person === undefined ? undefined : { kind: "person", person, session, key: null };
}

function isBackground(context: Context): boolean {
  return context.req.header(backgroundHeader) === "1";
}

/** The secret in the cookie. A page of another origin on this host name has the browser send it too: then it does not count. */
export function tokenOf(context: Context): string | undefined {
  const site = context.req.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin" && site !== "none") return undefined;
  return cookieOf(context);
}

/** The one that only this very name could set, over TLS, goes before one that a neighbour of the name may have put there. */
function cookieOf(context: Context): string | undefined {
  return getCookie(context, sessionCookie, "host") ?? getCookie(context, sessionCookie);
}

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * What changes something and bears a session's cookie comes from the console itself: a form or a page of elsewhere can make a browser send
 * the cookie, and can set neither this header nor another Origin than its own. That a given Origin is our own is checked of every request.
 */
export const checkConsole: MiddlewareHandler = async (context, next) => {
  const bears = !safeMethods.has(context.req.method) && cookieOf(context) !== undefined;
  if (bears && (context.req.header(consoleHeader) !== "1" || context.req.header("origin") === undefined)) {
    throw new Failure(
      "request_invalid",
      `What bears a session and changes something comes from the console: with the header ${consoleHeader}: 1 and its Origin.`,
    );
  }
  await next();
};
