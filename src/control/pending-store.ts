// Statements that lack only signatures, until the others have signed. Rows are not trusted: an envelope that is taken out
// is opened and judged again like one that comes in.
import { z } from "zod";
import type { Database, Transaction } from "../store/database.ts";
import { Digest, Instant } from "../terms/ids.ts";

const Row = z.object({ act: Digest, envelope: z.instanceof(Uint8Array), at: Instant });

export interface Pending {
  readonly act: Digest;
  readonly envelope: Uint8Array;
  readonly at: Instant;
}

/** Statements that wait at once; the oldest must be signed or expire first. */
export const pendingMax = 256;

export async function keepPending(transaction: Transaction, pending: Pending): Promise<void> {
  await transaction.query(
    "INSERT INTO pending (act, envelope, at) VALUES (?, ?, ?) ON CONFLICT (act) DO UPDATE SET envelope = excluded.envelope",
    [pending.act, pending.envelope, pending.at],
  );
}

export async function dropPending(transaction: Transaction, act: Digest): Promise<void> {
  await transaction.query("DELETE FROM pending WHERE act = ?", [act]);
}

/** Drops what came before `at`. */
export async function dropPendingBefore(transaction: Transaction, at: Instant): Promise<void> {
  await transaction.query("DELETE FROM pending WHERE at < ?", [at]);
}

export async function findPending(database: Database, act: Digest): Promise<Pending | undefined> {
  const [row] = await database.query("SELECT act, envelope, at FROM pending WHERE act = ?", [act]);
  return row === undefined ? undefined : Row.parse(row);
}

export async function listPending(database: Database): Promise<readonly Pending[]> {
  const rows = await database.query("SELECT act, envelope, at FROM pending ORDER BY at, act LIMIT ?", [pendingMax]);
  return rows.map((row) => Row.parse(row));
}
