// Tiles of C2SP tlog-tiles v0.1.0: a tree cut into files of 256 hashes (`tile/<level>/<index>`) and of 256 entries
// (`tile/entries/<index>`). Slot i of tile (level, n) is the root of leaves [(n*256+i)*256^level, (n*256+i+1)*256^level).
// A file at the right edge is partial and says its width: `tile/0/x001/067.p/112`.
import { Failure } from "../terms/failure.ts";
import { assert } from "./assert.ts";
import { concatBytes } from "./encoding.ts";
import { consistencyRanges, foldRight, inclusionRanges, nodeHash, type Frontier, type Range } from "./merkle.ts";
import { hashBytes, type Hasher } from "./primitives.ts";

export const tileWidthMax = 256;
/** 2^53 leaves are less than 7 levels of 256; the format itself allows 64. */
const tileLevelMax = 63;
const entryBytesMax = 65_535;

export interface HashTile {
  readonly kind: "hashes";
  readonly level: number;
  readonly index: number;
  /** 1 to 256 hashes. */
  readonly width: number;
}

export interface EntryTile {
  readonly kind: "entries";
  readonly index: number;
  readonly width: number;
}

export type Tile = HashTile | EntryTile;

/** For example `tile/1/x001/x234/067.p/8` or `tile/entries/000`. */
export function formatTilePath(tile: Tile): string {
  const level = tile.kind === "entries" ? "entries" : String(tile.level);
  const partial = tile.width === tileWidthMax ? "" : `.p/${tile.width}`;
  return `tile/${level}/${formatIndex(tile.index)}${partial}`;
}

/** The tile a path names, or undefined unless the path is exactly as `formatTilePath` writes it. */
export function parseTilePath(path: string): Tile | undefined {
  const match = path.length > tilePathCharsMax ? null : tilePathForm.exec(path);
  if (match === null) return undefined;
  const [, level = "", groups = "", last = "", partial] = match;
  const index = Number(groups.replaceAll(/[x/]/g, "") + last);
  const width = partial === undefined ? tileWidthMax : Number(partial);
  const tile: Tile =
    level === "entries" ? { kind: "entries", index, width } : { kind: "hashes", level: Number(level), index, width };
  return isPossible(tile) && formatTilePath(tile) === path ? tile : undefined;
}

const tilePathForm = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/)*)(\d{3})(?:\.p\/(\d{1,3}))?$/;

function isPossible(tile: Tile): boolean {
  const isLevel = tile.kind === "entries" || tile.level <= tileLevelMax;
  return isLevel && Number.isSafeInteger(tile.index) && tile.width >= 1 && tile.width <= tileWidthMax;
}

const tilePathCharsMax = 64;

function formatIndex(index: number): string {
  const groups: string[] = [];
  for (let rest = index; rest > 0 || groups.length === 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(String(rest % 1000).padStart(3, "0"));
  }
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join("/");
}

/** How many slots of tile (level, index) a tree of `size` leaves fills: 0 to 256. */
export function tileWidth(level: number, index: number, size: number): number {
  const slots = Math.floor(size / tileWidthMax ** level) - index * tileWidthMax;
  return Math.max(0, Math.min(tileWidthMax, slots));
}

/** Every hash tile of a tree of `size` leaves, lowest level first. */
export function* hashTiles(size: number): Generator<HashTile> {
  for (let level = 0; Math.floor(size / tileWidthMax ** level) > 0; level++) {
    const slots = Math.floor(size / tileWidthMax ** level);
    for (let index = 0; index * tileWidthMax < slots; index++) {
      yield { kind: "hashes", level, index, width: tileWidth(level, index, size) };
    }
  }
}

/** Every entry bundle of a tree of `size` leaves. */
export function* entryTiles(size: number): Generator<EntryTile> {
  for (let index = 0; index * tileWidthMax < size; index++) {
    yield { kind: "entries", index, width: tileWidth(0, index, size) };
  }
}

/** An entry bundle: each entry after its length in two bytes, big-endian. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    entries.flatMap((entry) => {
      assert(entry.length <= entryBytesMax, "an entry is at most 65,535 bytes long");
      return [new Uint8Array([entry.length >> 8, entry.length & 255]), entry];
    }),
  );
}

/** Fails with proof_invalid where the lengths do not add up. */
export function decodeBundle(bundle: Uint8Array): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bundle.length;) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    const start = at + 2;
    const end = start + (high ?? 0) * 256 + (low ?? 0);
    if (low === undefined || end > bundle.length) {
      throw new Failure("proof_invalid", "An entry bundle ends in the middle of an entry.");
    }
    entries.push(bundle.slice(start, end));
    at = end;
  }
  return entries;
}

/** The hashes of a tile. Fails with proof_invalid unless there are exactly `width` of them. */
export function decodeHashTile(tile: HashTile, bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length !== tile.width * hashBytes) {
    throw new Failure("proof_invalid", `${formatTilePath(tile)} does not hold ${tile.width} hashes.`);
  }
  return Array.from({ length: tile.width }, (_, slot) => bytes.slice(slot * hashBytes, (slot + 1) * hashBytes));
}

/** Brings the bytes of one tile: from a database, a file or a server. What it brings is not trusted further than that. */
type TileReader = (tile: HashTile) => Promise<Uint8Array>;

/** A tree of `size` leaves whose tiles can be read. Ask with one of these at a time: it remembers the tiles it read. */
export interface TiledTree {
  readonly size: number;
  readonly readTile: TileReader;
}

export async function rootFromTiles(tree: TiledTree, hasher: Hasher): Promise<Uint8Array> {
  const [root] = await hashRanges([{ start: 0, end: tree.size }], tree, hasher);
  assert(root !== undefined, "one range gives one hash");
  return root;
}

/** What appending to the tree goes on from. */
export async function frontierFromTiles(tree: TiledTree, hasher: Hasher): Promise<Frontier> {
  const subtrees = completeNodes({ start: 0, end: tree.size }).map(({ height, index }) => ({
    start: index * 2 ** height,
    end: (index + 1) * 2 ** height,
  }));
  return { size: tree.size, hashes: await hashRanges(subtrees, tree, hasher) };
}

/** The inclusion proof of leaf `index` in the tree. The caller checks what it proves: tiles are only as good as their reader. */
export async function inclusionFromTiles(
  index: number,
  tree: TiledTree,
  hasher: Hasher,
): Promise<readonly Uint8Array[]> {
  return hashRanges(inclusionRanges(index, tree.size), tree, hasher);
}

/** The consistency proof from the first `size1` leaves to the whole tree. */
export async function consistencyFromTiles(
  size1: number,
  tree: TiledTree,
  hasher: Hasher,
): Promise<readonly Uint8Array[]> {
  return hashRanges(consistencyRanges(size1, tree.size), tree, hasher);
}

/** Every tile is fetched once and all at the same time; then each range is folded from its complete subtrees. */
async function hashRanges(ranges: readonly Range[], tree: TiledTree, hasher: Hasher): Promise<readonly Uint8Array[]> {
  const fetched = new Map<string, Promise<readonly Uint8Array[]>>();
  const readHashes = async (tile: HashTile): Promise<readonly Uint8Array[]> => {
    const path = formatTilePath(tile);
    const known = fetched.get(path) ?? tree.readTile(tile).then((bytes) => decodeHashTile(tile, bytes));
    fetched.set(path, known);
    return known;
  };
  return Promise.all(
    ranges.map(async (range) => {
      const nodes = completeNodes(range).map(async (node) => hashNode(node, tree.size, { readHashes, hasher }));
      return foldRight(await Promise.all(nodes), hasher);
    }),
  );
}

/** A complete subtree: leaves [index * 2^height, (index + 1) * 2^height). */
interface Node {
  readonly height: number;
  readonly index: number;
}

/** The complete subtrees that a range of an RFC 6962 split falls into, left to right, largest first. */
function completeNodes({ start, end }: Range): readonly Node[] {
  const nodes: Node[] = [];
  for (let at = start; at < end;) {
    let height = 0;
    while (2 ** (height + 1) <= end - at) height++;
    assert(at % 2 ** height === 0, "a range of a proof starts at a multiple of its largest subtree");
    nodes.push({ height, index: at / 2 ** height });
    at += 2 ** height;
  }
  return nodes;
}

async function hashNode(
  node: Node,
  size: number,
  { readHashes, hasher }: { readHashes: (tile: HashTile) => Promise<readonly Uint8Array[]>; hasher: Hasher },
): Promise<Uint8Array> {
  const level = Math.floor(node.height / 8);
  const slots = 2 ** (node.height % 8);
  const first = node.index * slots;
  const index = Math.floor(first / tileWidthMax);
  const hashes = await readHashes({ kind: "hashes", level, index, width: tileWidth(level, index, size) });
  const slot = first % tileWidthMax;
  return foldPerfect(hashes.slice(slot, slot + slots), hasher);
}

/** The root of a perfect tree over a power of two of hashes. */
function foldPerfect(hashes: readonly Uint8Array[], hasher: Hasher): Uint8Array {
  let row = hashes;
  while (row.length > 1) row = pairwise(row, hasher);
  const [root] = row;
  assert(root !== undefined, "a complete subtree has a leaf");
  return root;
}

function pairwise(row: readonly Uint8Array[], hasher: Hasher): readonly Uint8Array[] {
  const parents: Uint8Array[] = [];
  for (let at = 0; at + 1 < row.length; at += 2) {
    const [left, right] = [row[at], row[at + 1]];
    assert(left !== undefined && right !== undefined, "a row of a perfect tree is even");
    parents.push(nodeHash(left, right, hasher));
  }
  return parents;
}

/** The root of a full tile, which is one slot of the level above. */
export function fullTileRoot(hashes: readonly Uint8Array[], hasher: Hasher): Uint8Array {
  assert(hashes.length === tileWidthMax, "only a full tile has its root in the level above");
  return foldPerfect(hashes, hasher);
}
