// Tokens and requests per organisation, key, model and day: what quotas begin with after a restart, and what bills read.
import { z } from "zod";
import type { Database, Transaction } from "../store/database.ts";
import { type Instant, KeyId, Name, type PublicKey, timestampOf } from "../terms/ids.ts";

const Usage = z.object({
  organisation: Name,
  key: KeyId,
  model: Name,
  tokens: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
});
export type Usage = Readonly<z.infer<typeof Usage>>;

/** Adds counts to the day of `at`, in UTC. */
export async function addUsage(transaction: Transaction, counts: readonly Usage[], at: Instant): Promise<void> {
  for (const { organisation, key, model, tokens, requests } of counts) {
    await transaction.query(
      `INSERT INTO usage (organisation, key, model, day, tokens, requests) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (organisation, key, model, day)
       DO UPDATE SET tokens = usage.tokens + excluded.tokens, requests = usage.requests + excluded.requests`,
      [organisation, key, model, dayOf(at), tokens, requests],
    );
  }
}

/** Counts of the day of `at`, in UTC. */
export async function usageOf(database: Database, at: Instant): Promise<readonly Usage[]> {
  const rows = await database.query(
    "SELECT organisation, key, model, tokens, requests FROM usage WHERE day = ? ORDER BY organisation, key, model",
    [dayOf(at)],
  );
  return rows.map((row) => Usage.parse(row));
}

const OfDay = z.object({
  model: Name,
  day: z.string(),
  tokens: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
});
export type UsageOfDay = Readonly<z.infer<typeof OfDay>>;

/** One organisation's, by model and day, from the day of `from` on, in UTC. */
export async function usageByDay(
  database: Database,
  organisation: Name,
  from: Instant,
): Promise<readonly UsageOfDay[]> {
  const rows = await database.query(
    `SELECT model, day, CAST(sum(tokens) AS BIGINT) AS tokens, CAST(sum(requests) AS BIGINT) AS requests FROM usage
     WHERE organisation = ? AND day >= ? GROUP BY model, day ORDER BY day, model`,
    [organisation, dayOf(from)],
  );
  return rows.map((row) => OfDay.parse(row));
}

const LastDay = z.object({ organisation: Name, key: KeyId, day: z.string() });

/** The last day on which each key was used, of those used since the day of `from`. */
export async function lastUsed(database: Database, from: Instant): Promise<ReadonlyMap<KeyId, LastUsed>> {
  const rows = await database.query(
    "SELECT organisation, key, max(day) AS day FROM usage WHERE day >= ? GROUP BY organisation, key",
    [dayOf(from)],
  );
  return new Map(rows.map((row) => LastDay.parse(row)).map((one) => [one.key, one]));
}
export type LastUsed = Readonly<z.infer<typeof LastDay>>;

/** Adds what one gateway told to its own counts of the day of `at`. */
export async function addUsageOfGateway(
  transaction: Transaction,
  counts: readonly Usage[],
  { gateway, at }: { readonly gateway: PublicKey; readonly at: Instant },
): Promise<void> {
  for (const { organisation, key, model, tokens, requests } of counts) {
    await transaction.query(
      `INSERT INTO usage_of_gateway (gateway, organisation, key, model, day, tokens, requests) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (gateway, organisation, key, model, day) DO UPDATE
       SET tokens = usage_of_gateway.tokens + excluded.tokens, requests = usage_of_gateway.requests + excluded.requests`,
      [gateway, organisation, key, model, dayOf(at), tokens, requests],
    );
  }
}

/** One gateway's counts of the day of `at`. */
export async function usageOfGateway(database: Database, gateway: PublicKey, at: Instant): Promise<readonly Usage[]> {
  const rows = await database.query(
    "SELECT organisation, key, model, tokens, requests FROM usage_of_gateway WHERE gateway = ? AND day = ? ORDER BY organisation, key, model",
    [gateway, dayOf(at)],
  );
  return rows.map((row) => Usage.parse(row));
}

function dayOf(at: Instant): string {
  return timestampOf(at).slice(0, "2026-01-01".length);
}
