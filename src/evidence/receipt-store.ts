// Receipts as the gateways hand them over, and the intervals that put them into the ledger. Rows are only an index: what
// counts is the text, which its gateway signed, and the interval's act.
import { z } from "zod";
import { concatBytes, fromUtf8, toUtf8 } from "../proof/encoding.ts";
import { hashBytes } from "../proof/primitives.ts";
import { breathe, piecesAtOnce } from "../store/breathe.ts";
import type { Database, Transaction } from "../store/database.ts";
import { Digest, type Instant, type PermitId, type ReceiptId } from "../terms/ids.ts";

export interface KeptReceipt {
  readonly id: ReceiptId;
  /** Self-contained text. */
  readonly text: string;
  readonly digest: Digest;
  readonly at: Instant;
  readonly permit: PermitId | null;
  readonly item: Digest | null;
}

/** The tree of one interval. */
export interface KeptInterval {
  readonly root: Digest;
  /** Hashes of its leaves, which are the receipts' bytes. */
  readonly leaves: readonly Uint8Array[];
  readonly ledgerIndex: number;
}

/** Receipts of one permit that are read at once. */
const permitReceiptsMax = 200_000;

/** Keeps an interval and its receipts. Idempotent. */
export async function keepInterval(
  transaction: Transaction,
  interval: KeptInterval,
  receipts: Iterable<KeptReceipt>,
): Promise<void> {
  await transaction.query(
    "INSERT INTO receipt_interval (root, ledger_index, leaves) VALUES (?, ?, ?) ON CONFLICT (root) DO NOTHING",
    [interval.root, interval.ledgerIndex, concatBytes(interval.leaves)],
  );
  let count = 0;
  for (const { id, digest, permit, item, at, text } of receipts) {
    count += 1;
    if (count % piecesAtOnce === 0) await breathe();
    await transaction.query(
      "INSERT INTO receipt (id, digest, interval_root, permit, item, at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      [id, digest, interval.root, permit, item, at, toUtf8(text)],
    );
  }
}

const Text = z.object({ bytes: z.instanceof(Uint8Array) }).transform(({ bytes }) => fromUtf8(bytes) ?? "");

/** The self-contained text of a receipt. */
export async function findReceipt(database: Database, id: ReceiptId): Promise<string | undefined> {
  const [row] = await database.query("SELECT bytes FROM receipt WHERE id = ?", [id]);
  return row === undefined ? undefined : Text.parse(row);
}

const Logged = z
  .object({ bytes: z.instanceof(Uint8Array), entry: z.number().int().nullable() })
  .transform(({ bytes, entry }) => ({ text: fromUtf8(bytes) ?? "", entry }));

/** Receipts that are looked through for one of a caller who was served. */
const lastMax = 50;

/** The newest receipts of callers, not of permits, that are in the ledger, and the entry of each. */
export async function lastOfCallers(database: Database): Promise<readonly z.infer<typeof Logged>[]> {
  const rows = await database.query(
    `SELECT r.bytes AS bytes, i.ledger_index AS entry FROM receipt r JOIN receipt_interval i ON i.root = r.interval_root
     WHERE r.permit IS NULL ORDER BY r.at DESC LIMIT ?`,
    [lastMax],
  );
  return rows.map((row) => Logged.parse(row));
}

/** The texts of receipts under a permit, all or a part of them; the caller checks their signatures. */
export async function receiptsUnder(
  database: Database,
  permit: PermitId,
  { from, count } = { from: 0, count: permitReceiptsMax },
): Promise<readonly string[]> {
  const rows = await database.query("SELECT bytes FROM receipt WHERE permit = ? ORDER BY at, id LIMIT ? OFFSET ?", [
    permit,
    Math.min(count, permitReceiptsMax),
    from,
  ]);
  return rows.map((row) => Text.parse(row));
}

/** How many receipts are kept under a permit. */
export async function countReceiptsUnder(database: Database, permit: PermitId): Promise<number> {
  const [row] = await database.query("SELECT count(*) AS count FROM receipt WHERE permit = ?", [permit]);
  return z.object({ count: z.number() }).parse(row).count;
}

/** The entry of the interval that a receipt stands in. */
export async function intervalOfReceipt(database: Database, id: ReceiptId): Promise<number | undefined> {
  const [row] = await database.query(
    'SELECT i.ledger_index AS "index" FROM receipt r JOIN receipt_interval i ON i.root = r.interval_root WHERE r.id = ?',
    [id],
  );
  return row === undefined ? undefined : z.object({ index: z.number().int().nonnegative() }).parse(row).index;
}

const Interval = z.object({
  root: Digest,
  leaves: z.instanceof(Uint8Array),
  ledger_index: z.number().int().nonnegative(),
  bytes: z.instanceof(Uint8Array),
});

/** The interval a receipt stands in, and the receipt's text; undefined where the receipt is not known. */
export async function intervalOf(
  database: Database,
  receipt: Digest,
): Promise<(KeptInterval & { readonly text: string }) | undefined> {
  const [row] = await database.query(
    `SELECT i.root, i.leaves, i.ledger_index, r.bytes
     FROM receipt r JOIN receipt_interval i ON i.root = r.interval_root WHERE r.digest = ?`,
    [receipt],
  );
  if (row === undefined) return undefined;
  const { root, leaves, ledger_index: ledgerIndex, bytes } = Interval.parse(row);
  const count = Math.floor(leaves.length / hashBytes);
  const hashes = Array.from({ length: count }, (_, at) => leaves.slice(at * hashBytes, (at + 1) * hashBytes));
  return { root, leaves: hashes, ledgerIndex, text: fromUtf8(bytes) ?? "" };
}
