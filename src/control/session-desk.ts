// Sessions of the console: made by what somebody can sign or knows, found by the secret in a cookie, judged from the fold each time. Rows
// lie in the store, so that control planes on one store know each other's. Where the store does not answer, a session that was seen here
// lately still holds, and does nothing else.
import type { State } from "../acts/state.ts";
import type { Replica } from "../feed/replica.ts";
import { digestOf } from "../proof/digest.ts";
import { toBase64, toHex, toUtf8 } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { failureCode } from "../terms/failure.ts";
import { type Digest, type Instant, type KeyId, type PersonId, SessionId, instantOf, toInstant } from "../terms/ids.ts";
import type { Database, Transaction } from "../store/database.ts";
import {
  type PartnerSession,
  type PersonSession,
  type Session,
  dropEnded,
  endSession,
  endSessionsBy,
  findSession,
  findSessionById,
  keepSession,
  listSessions,
  markSeen,
  meansOf,
} from "./session-store.ts";

/** Hours after which a session ends whatever is done with it, and minutes after which it ends where nothing is. */
const lifeHours = 12;
export const idleMinutes = 60;
/** How often it is written that a session was seen, in milliseconds. */
const seenEveryMs = 60_000;
const secretBytes = 32;
/** Sessions that are remembered for the case that the store is gone. */
const rememberedMax = 1_000;

/** Who signed in, and how. */
export type SignedIn = Pick<PersonSession, "kind" | "person" | "by"> | Pick<PartnerSession, "kind" | "key" | "secret">;

export interface Opened {
  readonly session: Session;
  /** What the cookie carries: base64url. Only its hash is kept. */
  readonly token: string;
}

export interface SessionDesk {
  /** `alongside` runs in the transaction that keeps it, and may fail it. */
  readonly open: (who: SignedIn, alongside?: (transaction: Transaction) => Promise<void>) => Promise<Opened>;
  /** The session of a token where it still counts. `isBackground`: this is no sign of life. */
  readonly find: (token: string, isBackground?: boolean) => Promise<Session | undefined>;
  /** The same for a hold: also where the store is gone. */
  readonly findToHold: (token: string) => Promise<Session | undefined>;
  readonly byId: (session: SessionId) => Promise<Session | undefined>;
  /** Those that count, newest first, of one person or key, or of all. */
  readonly list: (who?: PersonId | KeyId) => Promise<readonly Session[]>;
  readonly end: (session: SessionId) => Promise<boolean>;
  readonly endBy: (transaction: Transaction, means: string) => Promise<void>;
}

interface SessionDeskOptions {
  readonly database: Database;
  readonly replica: Replica;
  readonly primitives: Primitives;
  readonly clock: () => Instant;
  readonly random: (count: number) => Uint8Array;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export function openSessionDesk(options: SessionDeskOptions): SessionDesk {
  const { database, replica, primitives, clock, random, report } = options;
  const remembered = createRemembered();
  const hashOf = (token: string): Digest => digestOf(toUtf8(token), primitives);
  const standing = (session: Session | undefined): Session | undefined =>
    session !== undefined && counts(replica.state, session, clock()) ? session : undefined;

  /** Off the way of the answer; that it failed harms nobody, the session only ends a little early. */
  const see = (session: Session): void => {
    const now = clock();
    if (now - session.seenAt < seenEveryMs) return;
    database
      .transaction(async (transaction) => markSeen(transaction, session.session, now))
      .catch((error: unknown) => {
        report("session", { step: "not marked as seen", why: failureCode(error) ?? "error" });
      });
  };

  const find = async (token: string, isBackground = false): Promise<Session | undefined> => {
    if (!isToken(token)) return undefined;
    const hash = hashOf(token);
    const found = standing(await findSession(database, hash));
    if (found === undefined) {
      remembered.forget(({ token: known }) => known === hash);
      return undefined;
    }
    remembered.keep(hash, found);
    if (!isBackground) see(found);
    return found;
  };

  return {
    open: async (who, alongside) => {
      const at = clock();
      const token = base64Url(random(secretBytes));
      const times = { at, seenAt: at, endsAt: toInstant(at + lifeHours * 3_600_000) };
      const session: Session = { ...who, session: SessionId.parse(`session_${toHex(random(8))}`), ...times };
      const idleSince = toInstant(Math.max(0, at - idleMinutes * 60_000));
      const ended = await database.transaction(async (transaction) => {
        await alongside?.(transaction);
        await dropEnded(transaction, at, idleSince);
        return keepSession(transaction, session, hashOf(token));
      });
      remembered.forget((one) => ended.includes(one.session.session));
      return { session, token };
    },
    find,
    findToHold: async (token) => {
      try {
        return await find(token);
      } catch (error) {
        if (failureCode(error) !== "store_unavailable") throw error;
        return isToken(token) ? standing(remembered.find(hashOf(token))) : undefined;
      }
    },
    byId: async (session) => standing(await findSessionById(database, session)),
    list: async (who) =>
      (await listSessions(database, who)).filter((session) => counts(replica.state, session, clock())),
    end: async (session) => {
      try {
        return await database.transaction(async (transaction) => endSession(transaction, session));
      } finally {
        remembered.forget((one) => one.session.session === session);
      }
    },
    endBy: async (transaction, means) => {
      await endSessionsBy(transaction, means);
      remembered.forget((one) => meansOf(one.session) === means);
    },
  };
}

interface Known {
  /** The hash of its secret. */
  readonly token: Digest;
  readonly session: Session;
}

interface Remembered {
  readonly keep: (token: Digest, session: Session) => void;
  readonly find: (token: Digest) => Session | undefined;
  /** What was ended holds no more, with or without a store. */
  readonly forget: (isOver: (known: Known) => boolean) => void;
}

function createRemembered(): Remembered {
  const sessions = new Map<Digest, Session>();
  return {
    keep: (token, session) => {
      if (sessions.size >= rememberedMax) sessions.clear();
      sessions.set(token, session);
    },
    find: (token) => sessions.get(token),
    forget: (isOver) => {
      for (const [token, session] of sessions) if (isOver({ token, session })) sessions.delete(token);
    },
  };
}

/** 32 bytes in base64url. */
function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}

function base64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Whether a session is still good: its time is not over, and whoever it is for is still in standing, by what they signed in with. */
function counts(state: State, session: Session, now: Instant): boolean {
  if (now >= session.endsAt || now - session.seenAt >= idleMinutes * 60_000) return false;
  return session.kind === "person" ? personStands(state, session) : secretStands(state, session, now);
}

function personStands(state: State, { person, by }: PersonSession): boolean {
  if (state.persons.get(person)?.suspended !== false) return false;
  return by.key !== null && state.personByKey.get(by.key) === person;
}

/** A secret of an organisation's key that works, of an organisation that is not suspended. */
export function secretStands(state: State, { secret }: Pick<PartnerSession, "secret">, now: Instant): boolean {
  const key = state.keys.get(secret);
  if (key?.standing !== "active" || (key.notAfter !== null && instantOf(key.notAfter) <= now)) return false;
  return state.organisations.get(key.organisation)?.suspended === false;
}
