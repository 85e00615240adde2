// Refusals of each key by day and by what its caller was told: code, and reason behind a colon. Read off receipts as their
// intervals come in, so that no request waits for it. Counts are an index for people, no evidence; the words are a closed set, so
// one key adds no more rows a day than there are words.
import { z } from "zod";
import type { Database, Transaction } from "../store/database.ts";
import { Instant, KeyId, timestampOf } from "../terms/ids.ts";

/** What one receipt adds. */
export interface Refused {
  readonly key: KeyId;
  readonly at: Instant;
  /** As receipts spell it. */
  readonly why: string;
}

/** Days that are kept, and that can be asked for. */
export const refusalDaysMax = 92;

const dayMs = 86_400_000;

export async function addRefused(transaction: Transaction, refused: readonly Refused[]): Promise<void> {
  for (const [first, ...more] of Map.groupBy(refused, ({ key, at, why }) => `${key} ${dayOf(at)} ${why}`).values()) {
    if (first === undefined) continue;
    await transaction.query(
      `INSERT INTO refusal (key, day, why, count) VALUES (?, ?, ?, ?)
       ON CONFLICT (key, day, why) DO UPDATE SET count = refusal.count + excluded.count`,
      [first.key, dayOf(first.at), first.why, 1 + more.length],
    );
  }
  for (const [key, ofKey] of Map.groupBy(refused, (one) => one.key)) {
    const latest = Math.max(...ofKey.map(({ at }) => at));
    const kept = dayOf(Instant.parse(Math.max(0, latest - refusalDaysMax * dayMs)));
    await transaction.query("DELETE FROM refusal WHERE key = ? AND day < ?", [key, kept]);
  }
}

const Row = z.object({ key: KeyId, day: z.string(), why: z.string(), count: z.number().int().nonnegative() });
export type RefusalCount = Readonly<z.infer<typeof Row>>;

/** Keys that one question is about. */
const keysMax = 500;

/** Of these keys, from the day of `from` on. */
export async function refusalsOf(
  database: Database,
  keys: readonly KeyId[],
  from: Instant,
): Promise<readonly RefusalCount[]> {
  const asked = keys.slice(0, keysMax);
  if (asked.length === 0) return [];
  const rows = await database.query(
    `SELECT key, day, why, count FROM refusal WHERE key IN (${asked.map(() => "?").join(", ")}) AND day >= ? ORDER BY day, why, key`,
    [...asked, dayOf(from)],
  );
  return rows.map((row) => Row.parse(row));
}

function dayOf(at: Instant): string {
  return timestampOf(at).slice(0, "2026-01-01".length);
}
