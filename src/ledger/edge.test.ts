import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { concatBytes, toUtf8 } from "../proof/encoding.ts";
import { fullTileRoot, hashTiles, formatTilePath } from "../proof/tile.ts";
import { leafHash, rootOf } from "../proof/merkle.ts";
import { nodePrimitives as hasher } from "../proof/node.ts";
import { edgeRoot, edgeTiles, emptyEdge, growEdge } from "./edge.ts";

const leaves = Array.from({ length: 66_000 }, (_, at) => leafHash(toUtf8(`entry ${at}`), hasher));

test("however the leaves arrive, the edge has the tree's root and wrote exactly its tiles", async () => {
  const steps = fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(steps, async (counts) => {
      let edge = emptyEdge;
      const written = new Map<string, Uint8Array>();
      for (const count of counts) {
        const growth = growEdge(edge, leaves.slice(edge.size, edge.size + count), hasher);
        const paths = growth.tiles.map(({ tile }) => formatTilePath({ ...tile, width: 256 }));
        assert.equal(new Set(paths).size, paths.length);
        for (const { tile, hashes } of growth.tiles) written.set(formatTilePath({ ...tile, width: 256 }), hashes);
        edge = growth.edge;
      }
      assert.deepEqual(await edgeRoot(edge, hasher), rootOf(leaves.slice(0, edge.size), hasher));
      const tiles = [...hashTiles(edge.size)];
      assert.equal(written.size, tiles.length);
      for (const tile of tiles) assert.deepEqual(written.get(formatTilePath({ ...tile, width: 256 })), slots(tile));
    }),
    { seed: 20260106, numRuns: 40 },
  );
});

/** What a tile holds, from the leaves alone. Two levels are enough here. */
function slots({ level, index, width }: { level: number; index: number; width: number }): Uint8Array {
  const range = Array.from({ length: width }, (_, slot) => index * 256 + slot);
  return concatBytes(
    range.map((slot) => {
      if (level === 0) return leaves[slot] ?? assert.fail("leaf");
      return fullTileRoot(leaves.slice(slot * 256, slot * 256 + 256), hasher);
    }),
  );
}

test("the edge crosses 256 and 65,536 leaves with the right tiles", async () => {
  for (const size of [255, 256, 257, 65_535, 65_536, 65_537]) {
    const { edge } = growEdge(emptyEdge, leaves.slice(0, size), hasher);
    assert.deepEqual(await edgeRoot(edge, hasher), rootOf(leaves.slice(0, size), hasher));
    assert.deepEqual(
      edgeTiles(size).map(({ width }) => width),
      edge.levels.map((level) => level.length),
    );
  }
});

test("growing leaves the old edge as it was", async () => {
  const { edge } = growEdge(emptyEdge, leaves.slice(0, 255), hasher);
  const before = await edgeRoot(edge, hasher);
  growEdge(edge, leaves.slice(255, 600), hasher);
  assert.deepEqual(await edgeRoot(edge, hasher), before);
});
