// Reading the log: entries for those who fold it, tiles and the checkpoint for anyone (C2SP tlog-tiles v0.1.0), proofs. Only
// what the signed head covers is ever shown.
import { digestOfHash } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import {
  consistencyFromTiles,
  encodeBundle,
  inclusionFromTiles,
  parseTilePath,
  rootFromTiles,
  tileWidth,
  tileWidthMax,
  type Tile,
} from "../proof/tile.ts";
import { verifyConsistency } from "../proof/merkle.ts";
import type { Queries } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { readEntries, readLeaves, type StoredEntry } from "./ledger-store.ts";
import { tiledTree } from "./load.ts";

/** How many entries one call of `entries` gives, at most. */
const entriesMax = 1000;

/** The signed head. */
export interface Head {
  readonly size: number;
  readonly root: Digest;
  /** Signed note, C2SP tlog-checkpoint. */
  readonly checkpoint: string;
}

/** A file of the public log, as HTTP serves it. */
export interface LogFile {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface ReaderOptions {
  readonly queries: Queries;
  readonly primitives: Primitives;
  readonly head: () => Head;
}

/** Up to `count` entries from index `from` on, in order; none past the signed head. Fails with fork_detected on a gap. */
export async function entriesOf(options: ReaderOptions, from: number, count: number): Promise<readonly StoredEntry[]> {
  const to = Math.min(options.head().size, from + Math.min(count, entriesMax));
  if (!Number.isSafeInteger(from) || from < 0 || from >= to) return [];
  const entries: StoredEntry[] = [];
  // In steps, so that the memory for one answer of the database stays small.
  while (entries.length < to - from) {
    const start = from + entries.length;
    const rows = await readEntries(options.queries, start, Math.min(to, start + tileWidthMax));
    if (rows.length === 0 || rows.some(({ index }, at) => index !== start + at)) {
      throw new Failure("fork_detected", `Ledger entry ${start} or one after it is missing.`);
    }
    entries.push(...rows);
  }
  return entries;
}

/** The bytes of a tile or an entry bundle by its path, undefined where the signed tree does not have it. */
export async function tileOf(options: ReaderOptions, path: string): Promise<Uint8Array | undefined> {
  const tile = parseTilePath(path);
  if (tile === undefined) return undefined;
  const { size } = options.head();
  // Narrower than the tree has it is fine: it was served once and may be asked for again. Wider is not there yet.
  if (tile.width > tileWidth(tile.kind === "entries" ? 0 : tile.level, tile.index, size)) return undefined;
  return readTileBytes(options, tile);
}

async function readTileBytes({ queries }: ReaderOptions, tile: Tile): Promise<Uint8Array> {
  if (tile.kind === "hashes") return tiledTree(queries, 0).readTile(tile);
  const from = tile.index * tileWidthMax;
  return encodeBundle(await readLeaves(queries, from, from + tile.width));
}

/** The proof that entry `index` stands in the tree of `size`. Fails with not_found where the signed tree is smaller. */
export async function inclusionOf(options: ReaderOptions, index: number, size: number): Promise<readonly Uint8Array[]> {
  checkRange(options, index + 1, size);
  return inclusionFromTiles(index, tiledTree(options.queries, size), options.primitives);
}

/** The proof that the tree of `size2` begins with that of `size1`. Fails with not_found where the signed tree is smaller. */
export async function consistencyOf(
  options: ReaderOptions,
  size1: number,
  size2: number,
): Promise<readonly Uint8Array[]> {
  checkRange(options, size1, size2);
  return consistencyFromTiles(size1, tiledTree(options.queries, size2), options.primitives);
}

/**
 * The root at a smaller size, proven against the signed head before anyone signs it: the tiles in the database could have been
 * changed to get a fork signed. Fails with fork_detected.
 */
export async function provenRootAt(options: ReaderOptions, size: number): Promise<Uint8Array> {
  const head = options.head();
  checkRange(options, size, head.size);
  const root1 = await rootFromTiles(tiledTree(options.queries, size), options.primitives);
  const path = await consistencyOf(options, size, head.size);
  const root2 = await rootFromTiles(tiledTree(options.queries, head.size), options.primitives);
  const isProven = verifyConsistency({ size1: size, root1, size2: head.size, root2, path }, options.primitives);
  if (!isProven || digestOfHash(root2) !== head.root) {
    throw new Failure("fork_detected", `The ledger's tiles at size ${size} are not those of the signed head.`);
  }
  return root1;
}

function checkRange(options: ReaderOptions, first: number, size: number): void {
  const isInside = Number.isSafeInteger(first) && Number.isSafeInteger(size) && first >= 1 && first <= size;
  if (!isInside || size > options.head().size) {
    throw new Failure("not_found", "The ledger is not that large, or that is no place in it.");
  }
}

/** `checkpoint`, `tile/…` or `tile/entries/…` as HTTP serves it. */
export async function logFileOf(options: ReaderOptions, path: string): Promise<LogFile | undefined> {
  if (path === "checkpoint") {
    const body = toUtf8(options.head().checkpoint);
    return { body, contentType: "text/plain; charset=utf-8", cacheControl: "no-cache" };
  }
  const body = await tileOf(options, path);
  if (body === undefined) return undefined;
  const cacheControl = "public, max-age=31536000, immutable";
  return { body, contentType: "application/octet-stream", cacheControl };
}
