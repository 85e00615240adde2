// What webhooks were told of, and what waits to be delivered. A change and the messages about it are one transaction, so that
// nothing is told twice under another id, and nothing is lost but what a bound drops.
import { z } from "zod";
import { type Announcement, Standings } from "../../release/announcements.ts";
import type { Queries, Transaction } from "../../store/database.ts";
import { type Instant, toInstant } from "../../terms/ids.ts";

/** Messages that wait for one endpoint; more of them drop the oldest. */
const waitingMax = 10_000;

/** How long a message is kept after it was made, in days. */
export const keptDays = 30;
const dayMs = 86_400_000;

export interface Seen {
  /** Entries that were looked at. */
  readonly entries: number;
  readonly standings: Standings;
}

export async function readSeen(queries: Queries): Promise<Seen | undefined> {
  const [row] = await queries.query("SELECT entries, standings FROM webhook_seen");
  if (row === undefined) return undefined;
  const { entries, standings } = z.object({ entries: z.number(), standings: z.string() }).parse(row);
  const known: unknown = JSON.parse(standings);
  return { entries, standings: Standings.parse(known) };
}

export async function writeSeen(transaction: Transaction, { entries, standings }: Seen): Promise<void> {
  await dropSeen(transaction);
  const row = [entries, JSON.stringify(standings)];
  await transaction.query("INSERT INTO webhook_seen (one, entries, standings) VALUES (1, ?, ?)", row);
}

export async function dropSeen(transaction: Transaction): Promise<void> {
  await transaction.query("DELETE FROM webhook_seen");
}

export interface Message {
  readonly id: string;
  readonly type: Announcement["type"];
  /** The body as it is sent. */
  readonly payload: string;
}

export async function keepMessage(
  transaction: Transaction,
  { id, type, payload }: Message,
  to: { readonly endpoint: string; readonly at: Instant; readonly place: number },
): Promise<void> {
  await transaction.query(
    `INSERT INTO webhook_message (endpoint, id, type, payload, made_at, place, tries, next_at, delivered_at, answer)
     VALUES (?, ?, ?, ?, ?, ?, 0, ?, NULL, NULL) ON CONFLICT (endpoint, id) DO NOTHING`,
    [to.endpoint, id, type, payload, to.at, to.place, to.at],
  );
}

/** Drops what is old, and of what waits for an endpoint the oldest above the bound. */
export async function dropMessages(transaction: Transaction, endpoints: readonly string[], at: Instant): Promise<void> {
  await transaction.query("DELETE FROM webhook_message WHERE made_at < ?", [at - keptDays * dayMs]);
  for (const endpoint of endpoints) {
    await transaction.query(
      `DELETE FROM webhook_message WHERE endpoint = ? AND id IN (SELECT id FROM webhook_message
       WHERE endpoint = ? AND next_at IS NOT NULL ORDER BY made_at DESC, id LIMIT 1000 OFFSET ${waitingMax})`,
      [endpoint, endpoint],
    );
  }
}

export interface DueMessage extends Omit<Message, "type"> {
  /** Tries that were made. */
  readonly tries: number;
}

const DueRow = z.object({ id: z.string(), payload: z.string(), tries: z.number().int() });

/** The message to this endpoint that is due first, if one is. */
export async function dueMessage(queries: Queries, endpoint: string, at: Instant): Promise<DueMessage | undefined> {
  const [row] = await queries.query(
    `SELECT id, payload, tries FROM webhook_message
     WHERE endpoint = ? AND next_at <= ? ORDER BY next_at, made_at, place LIMIT 1`,
    [endpoint, at],
  );
  return row === undefined ? undefined : DueRow.parse(row);
}

/** What became of one try. */
export interface Tried {
  readonly endpoint: string;
  readonly id: string;
  readonly answer: string;
  readonly deliveredAt: Instant | null;
  /** When it is tried again; null where it is over. */
  readonly nextAt: Instant | null;
}

export async function markTried(transaction: Transaction, tried: Tried): Promise<void> {
  const { endpoint, id, answer, deliveredAt, nextAt } = tried;
  await transaction.query(
    "UPDATE webhook_message SET tries = tries + 1, answer = ?, delivered_at = ?, next_at = ? WHERE endpoint = ? AND id = ?",
    [answer, deliveredAt, nextAt, endpoint, id],
  );
}

/** Gives up whatever waits for an endpoint that said it is gone. */
export async function giveUpAll(transaction: Transaction, endpoint: string, answer: string): Promise<void> {
  await transaction.query(
    "UPDATE webhook_message SET answer = ?, next_at = NULL WHERE endpoint = ? AND next_at IS NOT NULL",
    [answer, endpoint],
  );
}

export interface EndpointState {
  readonly waiting: number;
  /** When the first that waits was made. */
  readonly oldest: Instant | null;
  readonly delivered: Instant | null;
  /** Of the last 30 days. */
  readonly givenUp: number;
  /** What the last try that failed came to, where it failed after the last delivery. */
  readonly failing: string | null;
}

const StateRow = z.object({
  waiting: z.number(),
  oldest: z.number().nullable(),
  delivered: z.number().nullable(),
  given_up: z.number(),
});

export async function endpointState(queries: Queries, endpoint: string): Promise<EndpointState> {
  const [row] = await queries.query(
    `SELECT count(next_at) AS waiting, min(CASE WHEN next_at IS NOT NULL THEN made_at END) AS oldest,
     max(delivered_at) AS delivered, count(CASE WHEN next_at IS NULL AND delivered_at IS NULL THEN 1 END) AS given_up
     FROM webhook_message WHERE endpoint = ?`,
    [endpoint],
  );
  const { waiting, oldest, delivered, given_up: givenUp } = StateRow.parse(row);
  const [failed] = await queries.query(
    `SELECT answer FROM webhook_message WHERE endpoint = ? AND tries > 0 AND delivered_at IS NULL AND next_at IS NOT NULL
     ORDER BY made_at DESC, id LIMIT 1`,
    [endpoint],
  );
  const failing = failed === undefined ? null : z.object({ answer: z.string().nullable() }).parse(failed).answer;
  return {
    waiting,
    oldest: oldest === null ? null : toInstant(oldest),
    delivered: delivered === null ? null : toInstant(delivered),
    givenUp,
    failing,
  };
}
