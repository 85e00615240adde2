// The right edge of the tree in tiles: what is still partial on each level. Growing it gives the tiles to write. Pure, so that
// a batch that does not commit is forgotten by forgetting its edge.
import { concatBytes } from "../proof/encoding.ts";
import type { Hasher } from "../proof/primitives.ts";
import { fullTileRoot, rootFromTiles, tileWidth, tileWidthMax, type HashTile } from "../proof/tile.ts";

export interface Edge {
  readonly size: number;
  /** By level, lowest first: the slots of its last, partial tile; 0 to 255 of them. */
  readonly levels: readonly (readonly Uint8Array[])[];
}

export const emptyEdge: Edge = { size: 0, levels: [] };

interface WrittenTile {
  readonly tile: HashTile;
  readonly hashes: Uint8Array;
}

export interface Growth {
  readonly edge: Edge;
  /** Every tile that this growth filled or widened, once each, as it is at the end. */
  readonly tiles: readonly WrittenTile[];
}

/** The edge with these leaves more. */
export function growEdge(edge: Edge, leafHashes: readonly Uint8Array[], hasher: Hasher): Growth {
  const levels = edge.levels.map((slots) => [...slots]);
  const tiles: WrittenTile[] = [];
  const touched = new Set<number>();
  let size = edge.size;

  const push = (level: number, hash: Uint8Array): void => {
    const slots = levels[level] ?? [];
    slots.push(hash);
    levels[level] = slots;
    touched.add(level);
    if (slots.length < tileWidthMax) return;
    const index = Math.floor(size / tileWidthMax ** (level + 1));
    tiles.push(writtenTile({ level, index }, slots));
    levels[level] = [];
    push(level + 1, fullTileRoot(slots, hasher));
  };

  for (const leaf of leafHashes) {
    push(0, leaf);
    size++;
  }
  for (const level of touched) {
    const slots = levels[level] ?? [];
    const index = Math.floor(size / tileWidthMax ** (level + 1));
    if (slots.length > 0) tiles.push(writtenTile({ level, index }, slots));
  }
  return { edge: { size, levels }, tiles };
}

function writtenTile(
  place: { readonly level: number; readonly index: number },
  slots: readonly Uint8Array[],
): WrittenTile {
  return { tile: { kind: "hashes", ...place, width: slots.length }, hashes: concatBytes(slots) };
}

/** The tiles at the right edge of a tree of `size` leaves. */
export function edgeTiles(size: number): readonly HashTile[] {
  const tiles: HashTile[] = [];
  for (let level = 0; Math.floor(size / tileWidthMax ** level) > 0; level++) {
    const index = Math.floor(size / tileWidthMax ** (level + 1));
    tiles.push({ kind: "hashes", level, index, width: tileWidth(level, index, size) });
  }
  return tiles;
}

/** The root over the edge: every complete subtree of the tree lies in a partial tile. */
export async function edgeRoot(edge: Edge, hasher: Hasher): Promise<Uint8Array> {
  const readTile = async ({ level }: HashTile): Promise<Uint8Array> => concatBytes(edge.levels[level] ?? []);
  return rootFromTiles({ size: edge.size, readTile }, hasher);
}
