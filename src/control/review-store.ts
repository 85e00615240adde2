// Requests that wait for a person, or did. Rows are an index and a place for the sealed text: what was decided stands in the
// ledger, a text opens only for the very row it was sealed for, and `decided_at` is put right from the fold.
import { z } from "zod";
import { type AskedReview, type KeptReview, ReviewFacts, SealedText } from "../feed/reviews.ts";
import type { Retention } from "../acts/conditions.ts";
import { Sample } from "../acts/watch.ts";
import { keepSample } from "../release/watch-store.ts";
import type { Database, Queries, Transaction } from "../store/database.ts";
import { Category } from "../terms/finding.ts";
import { Instant, type Name, ReviewId, toInstant } from "../terms/ids.ts";

/** Reviews that wait at once, of all keys together. */
export const reviewsWaitingMax = 2_000;

/** Samples of watches that wait for a label at once, apart from those for which somebody waits. */
const samplesWaitingMax = 2_000;

/** Of these, those of one key: none takes the room of the others. */
const samplesOfKeyMax = 250;

/** Requests that are listed at once, and samples that are listed behind them. */
const listedMax = 500;

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** One request that waits or waited. */
export interface StoredReview {
  readonly facts: ReviewFacts;
  readonly found: AskedReview["found"];
  /** Where it is an exchange of a watched stage that somebody is to label. */
  readonly sample: Sample | null;
  readonly at: Instant;
  /** Until when it waits. */
  readonly expiresAt: Instant;
  /** How long a decision may hold. */
  readonly decisionHours: number;
  readonly decidedAt: Instant | null;
  /** Null once the text is erased. */
  readonly sealed: SealedText | null;
}

/**
 * Keeps a request, unless the same one waits already or as many wait as may. Bounds hold over all gateways: it is one
 * transaction, and they come one after another.
 */
export async function keepReview(transaction: Transaction, asked: AskedReview, now: Instant): Promise<KeptReview> {
  const { facts, rules, sealed, at, sample } = asked;
  const kept = sample === undefined ? null : JSON.stringify({ watch: sample.watch, measure: sample.measure });
  // With its answer it is an exchange of its own, however often the same was asked.
  const isAlone = sample?.answers === true;
  const same = isAlone ? undefined : await findWaiting(transaction, { ...facts, sample: kept }, now);
  if (same !== undefined) {
    await keepIfSample(transaction, asked, { review: same, now });
    return { kind: "waiting", review: same };
  }
  if (await isFull(transaction, asked, now)) return { kind: "full" };
  await transaction.query(
    `INSERT INTO review (id, request, key, model, config, found, at, expires_at, decision_hours, retention_days, decided_at,
     sealing_key, sealed, sample) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)`,
    [
      facts.review,
      facts.request,
      facts.key,
      facts.model,
      facts.config,
      JSON.stringify(asked.found),
      at,
      now + rules.expiresHours * hourMs,
      rules.expiresHours,
      rules.retentionDays,
      sealed.to,
      JSON.stringify(sealed),
      kept,
    ],
  );
  await keepIfSample(transaction, asked, { review: facts.review, now });
  return { kind: "waiting", review: facts.review };
}

async function isFull(transaction: Transaction, { facts, rules, sample }: AskedReview, now: Instant): Promise<boolean> {
  if (sample !== undefined) {
    const { all, own } = await countSamples(transaction, now, facts.key);
    return all >= samplesWaitingMax || own >= samplesOfKeyMax;
  }
  const ofKey = await countWaiting(transaction, now, facts.key);
  return ofKey >= rules.perKeyMax || (await countWaiting(transaction, now)) >= reviewsWaitingMax;
}

async function keepIfSample(
  transaction: Transaction,
  { sample }: AskedReview,
  { review, now }: { readonly review: ReviewId; readonly now: Instant },
): Promise<void> {
  if (sample === undefined) return;
  await keepSample(transaction, { receipt: sample.receipt, measure: sample.watch, review }, now);
}

async function countSamples(
  queries: Queries,
  now: Instant,
  key: ReviewFacts["key"],
): Promise<{ readonly all: number; readonly own: number }> {
  const [row] = await queries.query(
    `SELECT count(*) AS "all", count(CASE WHEN key = ? THEN 1 END) AS own FROM review
     WHERE decided_at IS NULL AND expires_at > ? AND sample IS NOT NULL`,
    [key, now],
  );
  return z.object({ all: z.number(), own: z.number() }).parse(row);
}

/** Digest, key, model and configuration have to be the same: they are what the digest is about. */
async function findWaiting(
  queries: Queries,
  facts: ReviewFacts & { readonly sample: string | null },
  now: Instant,
): Promise<ReviewId | undefined> {
  const [row] = await queries.query(
    `SELECT id FROM review WHERE key = ? AND request = ? AND decided_at IS NULL AND expires_at > ?
     AND coalesce(sample, '') = ?`,
    [facts.key, facts.request, now, facts.sample ?? ""],
  );
  return row === undefined ? undefined : z.object({ id: ReviewId }).parse(row).id;
}

async function countWaiting(queries: Queries, now: Instant, key?: ReviewFacts["key"]): Promise<number> {
  const ofKey = key === undefined ? "" : " AND key = ?";
  const [row] = await queries.query(
    `SELECT count(*) AS count FROM review WHERE decided_at IS NULL AND expires_at > ? AND sample IS NULL${ofKey}`,
    key === undefined ? [now] : [now, key],
  );
  return z.object({ count: z.number() }).parse(row).count;
}

/** How many wait, and since when the first of them. */
export interface Waiting {
  readonly count: number;
  readonly oldest: Instant | null;
}

export async function waitingReviews(queries: Queries, now: Instant): Promise<Waiting> {
  const [row] = await queries.query(
    "SELECT count(*) AS count, min(at) AS oldest FROM review WHERE decided_at IS NULL AND expires_at > ? AND sample IS NULL",
    [now],
  );
  return z.object({ count: z.number(), oldest: Instant.nullable() }).parse(row);
}

const columns = "id, request, key, model, config, found, at, expires_at, decision_hours, decided_at, sealed, sample";

const Found = z.array(z.strictObject({ category: Category, score: z.number() }));

const Row = z
  .looseObject({
    id: z.string(),
    found: z.string(),
    at: Instant,
    expires_at: Instant,
    decision_hours: z.number(),
    decided_at: Instant.nullable(),
    sealed: z.string().nullable(),
    sample: z.string().nullable(),
  })
  .transform((row): StoredReview => {
    const { request, key, model, config } = row;
    return {
      facts: ReviewFacts.parse({ review: row.id, request, key, model, config }),
      found: Found.parse(JSON.parse(row.found)),
      sample: row.sample === null ? null : Sample.parse(JSON.parse(row.sample)),
      at: row.at,
      expiresAt: row.expires_at,
      decisionHours: row.decision_hours,
      decidedAt: row.decided_at,
      sealed: row.sealed === null ? null : SealedText.parse(JSON.parse(row.sealed)),
    };
  });

export async function findReview(queries: Queries, review: ReviewId): Promise<StoredReview | undefined> {
  const [row] = await queries.query(`SELECT ${columns} FROM review WHERE id = ?`, [review]);
  return row === undefined ? undefined : Row.parse(row);
}

/** Those that wait, oldest first: requests, for which somebody waits, and behind them samples. */
export async function listWaiting(database: Database, now: Instant): Promise<readonly StoredReview[]> {
  const [requests, samples] = await Promise.all(
    ["IS NULL", "IS NOT NULL"].map(async (which) =>
      database.query(
        `SELECT ${columns} FROM review WHERE decided_at IS NULL AND expires_at > ? AND sample ${which} ORDER BY at, id LIMIT ?`,
        [now, listedMax],
      ),
    ),
  );
  return [...(requests ?? []), ...(samples ?? [])].map((row) => Row.parse(row));
}

export async function hasReviews(queries: Queries): Promise<boolean> {
  return (await queries.query("SELECT 1 AS one FROM review LIMIT 1")).length > 0;
}

/** Ids of those that no row says are decided. */
export async function listUndecided(queries: Queries): Promise<readonly ReviewId[]> {
  const rows = await queries.query("SELECT id FROM review WHERE decided_at IS NULL");
  return rows.map((row) => z.object({ id: ReviewId }).parse(row).id);
}

export async function markDecided(transaction: Transaction, review: ReviewId, at: Instant): Promise<void> {
  await transaction.query("UPDATE review SET decided_at = ? WHERE id = ? AND decided_at IS NULL", [at, review]);
}

/**
 * Erases texts whose time is over: that of an undecided one with its wait, that of a decided one with its retention. Rows go
 * when nothing refers to them any more: a decision holds no longer than a wait may.
 */
export async function eraseReviews(transaction: Transaction, now: Instant): Promise<void> {
  await transaction.query(
    `UPDATE review SET sealed = NULL WHERE sealed IS NOT NULL AND
     ((decided_at IS NULL AND expires_at <= ?) OR (decided_at IS NOT NULL AND decided_at + retention_days * ${dayMs} <= ?))`,
    [now, now],
  );
  const kept = toInstant(Math.max(0, now - rowDaysMax * dayMs));
  await transaction.query("DELETE FROM review WHERE sealed IS NULL AND expires_at <= ?", [kept]);
}

/** What is kept of a model lives no longer than its release says, whenever it was kept. */
export async function shortenReviews(
  transaction: Transaction,
  model: Name,
  { waitHours, decidedDays }: Retention = {},
): Promise<void> {
  if (waitHours !== undefined)
    await transaction.query("UPDATE review SET expires_at = at + ? WHERE model = ? AND expires_at > at + ?", [
      waitHours * hourMs,
      model,
      waitHours * hourMs,
    ]);
  if (decidedDays !== undefined)
    await transaction.query("UPDATE review SET retention_days = ? WHERE model = ? AND retention_days > ?", [
      decidedDays,
      model,
      decidedDays,
    ]);
}

/** Rows without a text are kept for so long, in days, so that `explain` can say what became of them. */
const rowDaysMax = 30;

/** Keys that texts are sealed to still. */
export async function sealingKeysNeeded(queries: Queries): Promise<ReadonlySet<string>> {
  const rows = await queries.query("SELECT DISTINCT sealing_key FROM review WHERE sealed IS NOT NULL");
  return new Set(rows.map((row) => z.object({ sealing_key: z.string() }).parse(row).sealing_key));
}
