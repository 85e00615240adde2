// Sessions as rows. A row says who signed in and by what; whether it still counts is judged from the fold each time, so that a suspended
// person's dies with the entry that suspends them. A session that was ended has no row.
import { z } from "zod";
import type { Queries, Transaction } from "../store/database.ts";
import { Digest, Instant, KeyId, PersonId, PublicKey, SessionId } from "../terms/ids.ts";

interface Times {
  readonly session: SessionId;
  readonly at: Instant;
  readonly seenAt: Instant;
  readonly endsAt: Instant;
}

export interface PersonSession extends Times {
  readonly kind: "person";
  readonly person: PersonId;
  readonly by:
    | { readonly kind: "key"; readonly key: PublicKey }
    /** With the key that added the passkey; null where it was removed. */
    | { readonly kind: "passkey"; readonly passkey: string; readonly key: PublicKey | null };
}

/** Of an organisation, by the secret of a key of it. */
export interface PartnerSession extends Times {
  readonly kind: "partner";
  readonly key: KeyId;
  readonly secret: Digest;
}

export type Session = PersonSession | PartnerSession;

/** Sessions of one person or key at once; the next one ends the oldest. */
const sessionsOfOneMax = 16;
/** Sessions listed at once. */
const listedMax = 200;

/** Answers with those that it ended. */
export async function keepSession(
  transaction: Transaction,
  session: Session,
  hash: Digest,
): Promise<readonly SessionId[]> {
  const who = whoOf(session);
  const ended = await transaction.query(
    `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE who = ? ORDER BY at DESC, id DESC LIMIT 1000 OFFSET ?) RETURNING id`,
    [who, sessionsOfOneMax - 1],
  );
  await transaction.query(
    "INSERT INTO session (id, hash, who, means, made_with, at, seen_at, ends_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [session.session, hash, who, meansOf(session), madeWith(session), session.at, session.seenAt, session.endsAt],
  );
  return ended.map(({ id }) => SessionId.parse(id));
}

function whoOf(session: Session): PersonId | KeyId {
  return session.kind === "person" ? session.person : session.key;
}

function madeWith(session: Session): "key" | "passkey" | "secret" {
  return session.kind === "person" ? session.by.kind : "secret";
}

/** What it was opened with. */
export function meansOf(session: Session): string {
  if (session.kind === "partner") return session.secret;
  return session.by.kind === "key" ? session.by.key : session.by.passkey;
}

const columns = `id, who, means, made_with, at, seen_at, ends_at,
  (SELECT added_by FROM passkey WHERE passkey.id = session.means) AS added_by`;

const common = { id: SessionId, at: Instant, seen_at: Instant, ends_at: Instant };
const Row = z
  .discriminatedUnion("made_with", [
    z.object({ ...common, made_with: z.literal("key"), who: PersonId, means: PublicKey }),
    z.object({
      ...common,
      made_with: z.literal("passkey"),
      who: PersonId,
      means: z.string(),
      added_by: PublicKey.nullable(),
    }),
    z.object({ ...common, made_with: z.literal("secret"), who: KeyId, means: Digest }),
  ])
  .transform((row): Session => {
    const times = { session: row.id, at: row.at, seenAt: row.seen_at, endsAt: row.ends_at };
    if (row.made_with === "secret") return { kind: "partner", key: row.who, secret: row.means, ...times };
    const by: PersonSession["by"] =
      row.made_with === "key"
        ? { kind: "key", key: row.means }
        : { kind: "passkey", passkey: row.means, key: row.added_by };
    return { kind: "person", person: row.who, by, ...times };
  });

/** By the hash of its secret: an index is asked for a hash, so that no time tells how near a guess came. */
export async function findSession(queries: Queries, hash: Digest): Promise<Session | undefined> {
  const [row] = await queries.query(`SELECT ${columns} FROM session WHERE hash = ?`, [hash]);
  return row === undefined ? undefined : Row.parse(row);
}

export async function findSessionById(queries: Queries, session: SessionId): Promise<Session | undefined> {
  const [row] = await queries.query(`SELECT ${columns} FROM session WHERE id = ?`, [session]);
  return row === undefined ? undefined : Row.parse(row);
}

/** Newest first, of one person or key, or of all. */
export async function listSessions(queries: Queries, who?: PersonId | KeyId): Promise<readonly Session[]> {
  const rows = await queries.query(
    `SELECT ${columns} FROM session ${who === undefined ? "" : "WHERE who = ? "}ORDER BY at DESC, id DESC LIMIT ?`,
    who === undefined ? [listedMax] : [who, listedMax],
  );
  return rows.map((row) => Row.parse(row));
}

export async function markSeen(transaction: Transaction, session: SessionId, at: Instant): Promise<void> {
  await transaction.query("UPDATE session SET seen_at = ? WHERE id = ? AND seen_at < ?", [at, session, at]);
}

/** Whether there was one. */
export async function endSession(transaction: Transaction, session: SessionId): Promise<boolean> {
  return (await transaction.query("DELETE FROM session WHERE id = ? RETURNING id", [session])).length > 0;
}

/** Those that were made with a passkey, or another means. */
export async function endSessionsBy(transaction: Transaction, means: string): Promise<void> {
  await transaction.query("DELETE FROM session WHERE means = ?", [means]);
}

/** Drops what is over; `idleSince`: not seen since. */
export async function dropEnded(transaction: Transaction, now: Instant, idleSince: Instant): Promise<void> {
  await transaction.query("DELETE FROM session WHERE ends_at <= ? OR seen_at <= ?", [now, idleSince]);
}
