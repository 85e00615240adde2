// A whole ledger recomputed from its public files: the signed head, every entry, every hash tile, and that it continues
// what was seen before. Nothing the server says is taken for granted but what it says twice and consistently.
import { Failure } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import { type Checkpoint, openCheckpoint } from "../../proof/checkpoint.ts";
import { digestOfHash } from "../../proof/digest.ts";
import { equalBytes } from "../../proof/encoding.ts";
import { leafHash, rootOf } from "../../proof/merkle.ts";
import type { Verifier } from "../../proof/note.ts";
import type { Primitives } from "../../proof/primitives.ts";
import {
  type Tile,
  decodeBundle,
  decodeHashTile,
  entryTiles,
  formatTilePath,
  fullTileRoot,
  hashTiles,
  tileWidth,
  tileWidthMax,
} from "../../proof/tile.ts";
import type { Seen } from "../../acts/statement.ts";

/** Entries of a ledger that one command recomputes. */
const entriesMax = 4_000_000;
/** Files on their way at one time. */
const fetchesMax = 8;

export interface PublicLog {
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly key: Verifier;
  readonly primitives: Primitives;
}

export interface CheckedLog {
  readonly size: number;
  readonly root: Digest;
  /** The root over the first `size` leaves. */
  readonly rootAt: (size: number) => Digest;
  /** Hashes of all leaves, in order. */
  readonly leaves: readonly Uint8Array[];
  /** The signed head, as it was fetched. */
  readonly checkpoint: Uint8Array;
}

/** Fails with proof_invalid, signature_invalid or fork_detected, at the first thing that does not fit. */
export async function checkLog(log: PublicLog, seen: readonly Seen[]): Promise<CheckedLog> {
  const { primitives } = log;
  const checkpoint = await log.read("checkpoint");
  const head = await openCheckpoint(checkpoint, log.key, primitives);
  if (head.size > entriesMax) throw new Failure("proof_invalid", `This ledger has more than ${entriesMax} entries.`);
  const leaves = await readLeaves(log, head);
  const rootAt = (size: number): Digest => digestOfHash(rootOf(leaves.slice(0, size), primitives));
  if (rootAt(head.size) !== digestOfHash(head.root)) {
    throw new Failure("proof_invalid", "The entries do not make the tree whose root the ledger's key signed.");
  }
  await checkTiles(log, leaves);
  for (const before of seen) checkContinues(before, head.size, rootAt);
  return { size: head.size, root: digestOfHash(head.root), rootAt, leaves, checkpoint };
}

/** The bytes of one entry of a ledger that was checked, hashed again. */
export async function readEntry(log: PublicLog, { size, leaves }: CheckedLog, index: number): Promise<Uint8Array> {
  const tile = Math.floor(index / tileWidthMax);
  const path = formatTilePath({ kind: "entries", index: tile, width: tileWidth(0, tile, size) });
  const entry = decodeBundle(await log.read(path))[index % tileWidthMax];
  const hash = entry === undefined ? undefined : leafHash(entry, log.primitives);
  const expected = leaves[index];
  if (entry !== undefined && hash !== undefined && expected !== undefined && equalBytes(hash, expected)) return entry;
  throw new Failure("proof_invalid", `${path} changed while it was read. Ask again.`);
}

async function readLeaves(log: PublicLog, head: Checkpoint): Promise<readonly Uint8Array[]> {
  const tiles = [...entryTiles(head.size)];
  const bundles = await readAll(log, tiles);
  return bundles.flatMap((bytes, at) => {
    const entries = decodeBundle(bytes);
    const tile = tiles[at];
    if (entries.length !== tile?.width) throw wrongWidth(tile);
    return entries.map((entry) => leafHash(entry, log.primitives));
  });
}

/** Every published hash tile holds the hashes that the entries make. */
async function checkTiles(log: PublicLog, leaves: readonly Uint8Array[]): Promise<void> {
  const tiles = [...hashTiles(leaves.length)];
  const published = await readAll(log, tiles);
  let row = leaves;
  let level = 0;
  for (const [at, tile] of tiles.entries()) {
    if (tile.level > level) {
      row = parentsOf(row, log.primitives);
      level = tile.level;
    }
    const expected = row.slice(tile.index * tileWidthMax, tile.index * tileWidthMax + tile.width);
    const found = decodeHashTile(tile, published[at] ?? new Uint8Array(0));
    if (!found.every((hash, slot) => equalBytes(hash, expected[slot] ?? new Uint8Array(0)))) {
      throw new Failure("proof_invalid", `${formatTilePath(tile)} is not what the entries make.`);
    }
  }
}

/** The roots of the full tiles of a row, which are the row above it. */
function parentsOf(row: readonly Uint8Array[], primitives: Primitives): readonly Uint8Array[] {
  const full = Math.floor(row.length / tileWidthMax);
  return Array.from({ length: full }, (_, index) =>
    fullTileRoot(row.slice(index * tileWidthMax, (index + 1) * tileWidthMax), primitives),
  );
}

async function readAll(log: PublicLog, tiles: readonly Tile[]): Promise<readonly Uint8Array[]> {
  const read: Uint8Array[] = [];
  for (let at = 0; at < tiles.length; at += fetchesMax) {
    const wave = tiles.slice(at, at + fetchesMax);
    read.push(...(await Promise.all(wave.map(async (tile) => log.read(formatTilePath(tile))))));
  }
  return read;
}

function checkContinues(before: Seen, size: number, rootAt: (size: number) => Digest): void {
  if (before.size > size) {
    throw new Failure(
      "fork_detected",
      `This ledger has ${size} entries, and ${before.size} were seen before. Someone cut it.`,
      {
        detail: { size, seen: before.size },
      },
    );
  }
  if (rootAt(before.size) !== before.root) {
    throw new Failure("fork_detected", `This ledger differs from the one seen before at size ${before.size}.`, {
      detail: { size, seen: before.size },
    });
  }
}

function wrongWidth(tile: Tile | undefined): Failure {
  return new Failure(
    "proof_invalid",
    `${tile === undefined ? "A file" : formatTilePath(tile)} does not hold as many entries as it says.`,
  );
}
