// What is checked before a ledger is written to: at start, after a failed write, and when another process has moved the head.
// The head in the database is believed only as far as it extends what this log has signed.
import { openCheckpoint } from "../proof/checkpoint.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { parseLeaf } from "../proof/leaf.ts";
import { appendLeaf, frontierRoot, leafHash, type Frontier } from "../proof/merkle.ts";
import type { Verifier } from "../proof/note.ts";
import type { Primitives } from "../proof/primitives.ts";
import { decodeHashTile, frontierFromTiles, rootFromTiles, tileWidthMax, type TiledTree } from "../proof/tile.ts";
import type { Queries } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, Instant } from "../terms/ids.ts";
import { edgeTiles, type Edge } from "./edge.ts";
import { readEntries, readHead, readTileHashes, type StoredEntry, type StoredHead } from "./ledger-store.ts";

/** A tree that was seen before: the ledger must contain it. */
export interface Mark {
  readonly size: number;
  readonly root: Digest;
}

/** A verified ledger, ready to grow. */
export interface Live {
  readonly edge: Edge;
  readonly frontier: Frontier;
  readonly root: Digest;
}

export interface LoadOptions {
  readonly queries: Queries;
  readonly primitives: Primitives;
  readonly log: Verifier;
  readonly marks: readonly Mark[];
  readonly now: Instant;
}

/** How far behind the last append the clock may stand at start. */
const clockBehindMsMax = 60_000;

/**
 * The ledger as it stands, verified from the signed checkpoint to the committed head. Undefined where there is none.
 * Fails with fork_detected, mark_ahead, signature_invalid, proof_invalid, clock_behind or configuration_invalid.
 */
export async function loadLedger(options: LoadOptions): Promise<Live | undefined> {
  const { queries, primitives, log } = options;
  const head = await readHead(queries);
  if (head === undefined) return undefined;
  checkHead(head, options);
  const signed = await openSigned(head, options);
  const tree = tiledTree(queries, signed.size);
  const start = await frontierFromTiles(tree, primitives);
  if (digestOfHash(frontierRoot(start, primitives)) !== signed.root) throw differs(log.name, signed.size);
  // What was committed after the last signature is read back leaf by leaf; what was signed is read at its end.
  const frontier = await extendFrontier(start, head.size, options);
  const root = digestOfHash(frontierRoot(frontier, primitives));
  const ofTiles = digestOfHash(await rootFromTiles(tiledTree(queries, head.size), primitives));
  if (root !== head.root || ofTiles !== head.root) throw differs(log.name, head.size);
  await checkLastLeaves(head.size, options);
  await checkMarks(head.size, options);
  return { edge: await readEdge(queries, head.size), frontier, root };
}

/** A tree of `size` leaves over the tiles in the database. */
export function tiledTree(queries: Queries, size: number): TiledTree {
  return {
    size,
    readTile: async ({ level, index, width }) => {
      const hashes = await readTileHashes(queries, level, index);
      return (hashes ?? new Uint8Array(0)).slice(0, width * 32);
    },
  };
}

/**
 * The frontier with all entries up to `size`, each read back and hashed again: leaf from envelope, leaf hash from leaf. Other
 * code and other bytes than the writing used, so that a flipped bit does not get signed.
 */
export async function extendFrontier(
  start: Frontier,
  size: number,
  { queries, primitives }: Pick<LoadOptions, "queries" | "primitives">,
): Promise<Frontier> {
  let frontier = start;
  while (frontier.size < size) {
    const entries = await readEntries(queries, frontier.size, Math.min(size, frontier.size + tileWidthMax));
    if (entries.length === 0) throw new Failure("fork_detected", `Ledger entry ${frontier.size} is missing.`);
    for (const entry of entries) {
      checkEntry(entry, frontier.size, primitives);
      frontier = appendLeaf(frontier, leafHash(entry.leaf, primitives), primitives);
    }
  }
  return frontier;
}

function checkEntry(entry: StoredEntry, index: number, primitives: Primitives): void {
  const isOwn = entry.index === index && parseLeaf(entry.leaf).statement === digestOf(entry.envelope, primitives);
  if (!isOwn)
    throw new Failure("fork_detected", `Ledger entry ${index} is missing or is not the one that was written.`);
}

function checkHead(head: StoredHead, { log, now }: LoadOptions): void {
  if (head.origin !== log.name) {
    const message = `This ledger is ${head.origin}; a ledger keeps its origin for life. Configure that, not ${log.name}.`;
    throw new Failure("configuration_invalid", message);
  }
  if (now + clockBehindMsMax < head.at) {
    throw new Failure(
      "clock_behind",
      "The clock stands before the last entry of the ledger. Set it, then start again.",
    );
  }
}

/** The checkpoint in the head row, its signature checked. */
async function openSigned(head: StoredHead, { log, primitives }: LoadOptions): Promise<Mark> {
  if (head.checkpoint === null) {
    throw new Failure("fork_detected", "The ledger's own checkpoint is missing. Restore the database from a copy.");
  }
  const { size, root } = await openCheckpoint(toUtf8(head.checkpoint), log, primitives);
  if (size > head.size) {
    throw new Failure(
      "fork_detected",
      `The ledger has ${head.size} entries, but ${size} were signed. Do not serve from it.`,
    );
  }
  return { size, root: digestOfHash(root) };
}

/** The entries of the last level-0 tile against its hashes. */
async function checkLastLeaves(size: number, { queries, primitives }: LoadOptions): Promise<void> {
  const [tile] = edgeTiles(size);
  if (tile === undefined) return;
  const from = tile.index * tileWidthMax;
  const entries = await readEntries(queries, from, size);
  const bytes = await readTileHashes(queries, tile.level, tile.index);
  const hashes = tile.width === 0 ? [] : decodeHashTile(tile, (bytes ?? new Uint8Array(0)).slice(0, tile.width * 32));
  for (const [slot, hash] of hashes.entries()) {
    const entry = entries[slot];
    if (entry === undefined) throw new Failure("fork_detected", `Ledger entry ${from + slot} is missing.`);
    checkEntry(entry, from + slot, primitives);
    if (digestOfHash(leafHash(entry.leaf, primitives)) !== digestOfHash(hash))
      throw differs("The ledger", from + slot + 1);
  }
}

async function checkMarks(size: number, { queries, primitives, marks, log }: LoadOptions): Promise<void> {
  for (const mark of marks) {
    if (mark.size > size) {
      const message = `${mark.size} entries were seen of this ledger, which now has ${size}: an older copy. Do not serve from it.`;
      throw new Failure("mark_ahead", message, { detail: { seen: mark.size, size } });
    }
    const root = await rootFromTiles(tiledTree(queries, mark.size), primitives);
    if (digestOfHash(root) !== mark.root) throw differs(log.name, mark.size);
  }
}

async function readEdge(queries: Queries, size: number): Promise<Edge> {
  const tree = tiledTree(queries, size);
  const levels = await Promise.all(
    edgeTiles(size).map(async (tile) => (tile.width === 0 ? [] : decodeHashTile(tile, await tree.readTile(tile)))),
  );
  return { size, levels };
}

function differs(name: string, size: number): Failure {
  return new Failure(
    "fork_detected",
    `${name} at size ${size} is not the tree that was signed. Do not serve from it.`,
    {
      detail: { size },
    },
  );
}
