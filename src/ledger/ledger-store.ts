// The ledger's SQL. A row says nothing that is trusted: leaves are hashed again, envelopes are named by their digest, and the
// head is compared with what the tiles make and with what was signed.
import { z } from "zod";
import { digestOfHash, hashOfDigest } from "../proof/digest.ts";
import type { HashTile } from "../proof/tile.ts";
import type { Queries, Transaction } from "../store/database.ts";
import { Digest, Instant } from "../terms/ids.ts";

const Bytes = z.instanceof(Uint8Array);

/** The head as it was committed, and the latest checkpoint that was signed before that: of this size or a smaller one. */
export interface StoredHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Digest;
  readonly checkpoint: string | null;
  readonly at: Instant;
}

const HeadRow = z.strictObject({
  origin: z.string(),
  size: z.number().int().nonnegative(),
  root: Bytes,
  checkpoint: z.string().nullable(),
  at: Instant,
});

export async function readHead(queries: Queries): Promise<StoredHead | undefined> {
  const [row] = await queries.query("SELECT origin, size, root, checkpoint, at FROM ledger_head WHERE one = 1");
  if (row === undefined) return undefined;
  const head = HeadRow.parse(row);
  return { ...head, root: digestOfHash(head.root) };
}

/** The head of a new ledger. Fails with conflict where there is one. */
export async function createHead(transaction: Transaction, head: StoredHead): Promise<void> {
  await transaction.query(
    "INSERT INTO ledger_head (one, origin, size, root, checkpoint, at) VALUES (1, ?, ?, ?, ?, ?)",
    [head.origin, head.size, hashOfDigest(head.root), head.checkpoint, head.at],
  );
}

/** Compare and swap: false where the head is not of size `from`. */
export async function advanceHead(transaction: Transaction, from: number, head: StoredHead): Promise<boolean> {
  const rows = await transaction.query(
    "UPDATE ledger_head SET size = ?, root = ?, checkpoint = ?, at = ? WHERE size = ? AND origin = ? RETURNING size",
    [head.size, hashOfDigest(head.root), head.checkpoint, head.at, from, head.origin],
  );
  return rows.length === 1;
}

export interface NewEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly statement: Digest;
  readonly act: Digest;
  readonly envelope: Uint8Array;
}

export async function recordEntry(transaction: Transaction, entry: NewEntry): Promise<void> {
  await transaction.query("INSERT INTO envelope (digest, act, bytes) VALUES (?, ?, ?)", [
    entry.statement,
    entry.act,
    entry.envelope,
  ]);
  await transaction.query("INSERT INTO ledger_leaf (idx, leaf, leaf_hash, statement) VALUES (?, ?, ?, ?)", [
    entry.index,
    entry.leaf,
    entry.leafHash,
    entry.statement,
  ]);
}

/** Where an act is in the ledger, and under which envelope. */
export interface KnownAct {
  readonly statement: Digest;
  readonly index: number;
}

const KnownRow = z.strictObject({ statement: Digest, index: z.number().int().nonnegative() });

export async function findAct(queries: Queries, act: Digest): Promise<KnownAct | undefined> {
  const [row] = await queries.query(
    'SELECT l.statement AS statement, l.idx AS "index" FROM envelope e JOIN ledger_leaf l ON l.statement = e.digest WHERE e.act = ?',
    [act],
  );
  return row === undefined ? undefined : KnownRow.parse(row);
}

/** An entry as it was written. */
export interface StoredEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
  readonly envelope: Uint8Array;
}

const EntryRow = z.strictObject({ index: z.number().int().nonnegative(), leaf: Bytes, envelope: Bytes });

/** Entries from `from` up to but without `to`, in order. */
export async function readEntries(queries: Queries, from: number, to: number): Promise<readonly StoredEntry[]> {
  const rows = await queries.query(
    'SELECT l.idx AS "index", l.leaf AS leaf, e.bytes AS envelope FROM ledger_leaf l JOIN envelope e ON e.digest = l.statement WHERE l.idx >= ? AND l.idx < ? ORDER BY l.idx',
    [from, to],
  );
  return rows.map((row) => EntryRow.parse(row));
}

const LeafRow = z.strictObject({ leaf: Bytes });

export async function readLeaves(queries: Queries, from: number, to: number): Promise<readonly Uint8Array[]> {
  const rows = await queries.query("SELECT leaf FROM ledger_leaf WHERE idx >= ? AND idx < ? ORDER BY idx", [from, to]);
  return rows.map((row) => LeafRow.parse(row).leaf);
}

const CountRow = z.strictObject({ count: z.number().int() });

export async function countLeaves(queries: Queries): Promise<number> {
  const [row] = await queries.query("SELECT count(*) AS count FROM ledger_leaf");
  return CountRow.parse(row).count;
}

/** A tile at the right edge grows in place; a narrower one never replaces it. */
export async function recordTile(transaction: Transaction, tile: HashTile, hashes: Uint8Array): Promise<void> {
  await transaction.query(
    `INSERT INTO ledger_tile (level, tile_index, width, hashes) VALUES (?, ?, ?, ?)
     ON CONFLICT (level, tile_index) DO UPDATE SET width = excluded.width, hashes = excluded.hashes
     WHERE ledger_tile.width < excluded.width`,
    [tile.level, tile.index, tile.width, hashes],
  );
}

const TileRow = z.strictObject({ hashes: Bytes });

/** All hashes of a tile that were ever written, or undefined. */
export async function readTileHashes(queries: Queries, level: number, index: number): Promise<Uint8Array | undefined> {
  const [row] = await queries.query("SELECT hashes FROM ledger_tile WHERE level = ? AND tile_index = ?", [
    level,
    index,
  ]);
  return row === undefined ? undefined : TileRow.parse(row).hashes;
}

const IndexRow = z.strictObject({ index: z.number().int().nonnegative() });

/** Where an envelope is in the ledger. */
export async function findStatement(queries: Queries, statement: Digest): Promise<number | undefined> {
  const [row] = await queries.query('SELECT idx AS "index" FROM ledger_leaf WHERE statement = ?', [statement]);
  return row === undefined ? undefined : IndexRow.parse(row).index;
}
