import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { failureCode } from "../terms/failure.ts";
import { concatBytes, fromHex, fromUtf8, toBase64, toUtf8 } from "./encoding.ts";
import { appendLeaf, emptyFrontier, frontierRoot, leafHash, verifyConsistency, verifyInclusion } from "./merkle.ts";
import { nodePrimitives as hasher } from "./node.ts";
import {
  consistencyFromTiles,
  decodeBundle,
  encodeBundle,
  entryTiles,
  formatTilePath,
  fullTileRoot,
  hashTiles,
  inclusionFromTiles,
  parseTilePath,
  rootFromTiles,
  tileWidth,
  type HashTile,
  type TiledTree,
} from "./tile.ts";

// The layout tests of tessera, and the example of tlog-tiles.
const paths = [
  ["tile/entries/000.p/255", { kind: "entries", index: 0, width: 255 }],
  ["tile/entries/000", { kind: "entries", index: 0, width: 256 }],
  ["tile/entries/001.p/1", { kind: "entries", index: 1, width: 1 }],
  ["tile/entries/x123/x456/789", { kind: "entries", index: 123456789, width: 256 }],
  ["tile/15/x455/667", { kind: "hashes", level: 15, index: 455667, width: 256 }],
  ["tile/15/x123/x456/789.p/41", { kind: "hashes", level: 15, index: 123456789, width: 41 }],
  ["tile/0/x001/x234/067", { kind: "hashes", level: 0, index: 1234067, width: 256 }],
  ["tile/63/000", { kind: "hashes", level: 63, index: 0, width: 256 }],
] as const;

test("tile paths are those of the tlog-tiles examples, both ways", () => {
  for (const [path, tile] of paths) {
    assert.equal(formatTilePath(tile), path);
    assert.deepEqual(parseTilePath(path), tile);
  }
});

test("a path in any other spelling names no tile", () => {
  const bad = ["x001", "x001/", "x001/x234", "x001/x234/067.p", "x001/x234/067.p/", "x001/x234/067.p/0", "000.p/256"];
  const more = ["000.p/01", "000.p/257", "x000/001", "1", "0001", "-01", "000/", "000 ", "x1/000", "../000", "000\n"];
  for (const tail of [...bad, ...more]) {
    assert.equal(parseTilePath(`tile/0/${tail}`), undefined, tail);
    assert.equal(parseTilePath(`tile/entries/${tail}`), undefined, tail);
  }
  for (const path of ["tile/64/000", "tile/00/000", "tile/-1/000", "/tile/0/000", "tile/data/000", "tile//000", ""]) {
    assert.equal(parseTilePath(path), undefined, path);
  }
  assert.equal(parseTilePath(`tile/0/${"x999/".repeat(6)}999`), undefined);
});

test("every tile comes back from its path", () => {
  const index = fc.integer({ min: 0, max: 2 ** 45 });
  fc.assert(
    fc.property(index, fc.integer({ min: 0, max: 63 }), fc.integer({ min: 1, max: 256 }), (n, level, width) => {
      const tile: HashTile = { kind: "hashes", level, index: n, width };
      assert.deepEqual(parseTilePath(formatTilePath(tile)), tile);
    }),
    { seed: 20260104, numRuns: 500 },
  );
});

test("70,000 leaves make 273 full tiles and one of 112, then 1 and 17, then 1", () => {
  const tiles = [...hashTiles(70_000)];
  const shape = (level: number): readonly number[] =>
    tiles.filter((tile) => tile.level === level).map(({ width }) => width);
  assert.deepEqual(shape(0), [...Array.from({ length: 273 }, () => 256), 112]);
  assert.deepEqual(shape(1), [256, 17]);
  assert.deepEqual(shape(2), [1]);
  assert.equal(tiles.length, 274 + 2 + 1);
  assert.equal([...entryTiles(70_000)].length, 274);
  assert.deepEqual(
    [...hashTiles(256)].map(({ level, width }) => [level, width]),
    [
      [0, 256],
      [1, 1],
    ],
  );
  assert.deepEqual([...hashTiles(0)], []);
  assert.equal(tileWidth(0, 5, 1280), 0);
});

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? assert.fail("hex");
const texts = (bundle: Uint8Array): readonly (string | undefined)[] => decodeBundle(bundle).map(fromUtf8);

test("bundles are those of the tlog-tiles examples, both ways, and cut ones are refused", () => {
  assert.deepEqual(texts(bytes("00036f6e65000374776f")), ["one", "two"]);
  assert.deepEqual(encodeBundle([toUtf8("one"), toUtf8("two")]), bytes("00036f6e65000374776f"));
  assert.deepEqual(texts(bytes("00000001610000")), ["", "a", ""]);
  assert.deepEqual(texts(new Uint8Array(0)), []);
  for (const hex of ["000261", "01", "00", "0001", "00016100"]) {
    assert.throws(
      () => decodeBundle(bytes(hex)),
      (error) => failureCode(error) === "proof_invalid",
    );
  }
  const longest = new Uint8Array(65_535).fill(7);
  assert.deepEqual(decodeBundle(encodeBundle([longest])), [longest]);
});

const size = 70_000;
const levels = buildLevels();
const roots = buildRoots();

/** All complete nodes at heights 0, 8, 16: the slots of the tiles. */
function buildLevels(): readonly (readonly Uint8Array[])[] {
  const leaves = Array.from({ length: size }, (_, at) => leafHash(toUtf8(`entry ${at}`), hasher));
  const rows = [leaves];
  for (let row = leaves; row.length >= 256;) {
    row = Array.from({ length: Math.floor(row.length / 256) }, (_, at) =>
      fullTileRoot(row.slice(at * 256, at * 256 + 256), hasher),
    );
    rows.push(row);
  }
  return rows;
}

function buildRoots(): ReadonlyMap<number, Uint8Array> {
  const wanted = new Set([1, 2, 3, 7, 255, 256, 257, 65_535, 65_536, 65_537, 69_999, 70_000]);
  const found = new Map<number, Uint8Array>();
  let frontier = emptyFrontier;
  for (const leaf of levels[0] ?? []) {
    frontier = appendLeaf(frontier, leaf, hasher);
    if (wanted.has(frontier.size)) found.set(frontier.size, frontierRoot(frontier, hasher));
  }
  return found;
}

function treeOf(treeSize: number, read: string[] = []): TiledTree {
  return {
    size: treeSize,
    readTile: async (tile) => {
      read.push(formatTilePath(tile));
      const start = tile.index * 256;
      return concatBytes((levels[tile.level] ?? []).slice(start, start + tile.width));
    },
  };
}

const rootAt = (treeSize: number): Uint8Array => roots.get(treeSize) ?? assert.fail("root");

// Cross-checked once with golang.org/x/mod/sumdb/tlog and with sigstore-js.
const publishedRoots = {
  1: "dziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=",
  2: "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=",
  3: "lPvQ3YNvUDAWkubQ6t5yjuGexSv/8WBu2AfIV11aqhk=",
  7: "mMl/C6MXXNCLAx3QhLncTmSbZNGijm6mlGRlAxc6tYc=",
  255: "z2Z5PmMp3/JC6zzuCm82rT46GW3MVzoex3XhAr6GPxw=",
  256: "2mWW2VNp9f7zIquOTg2jsLUCNqqcijsdJG90Ecni4y4=",
  257: "XB/f6DU1gCLyOS3keNvgU/wTDP4dOggoeakM9r8Uv34=",
  65535: "uM1QRqGZab3H6JKJJyOQtA3WarGKeGbCC4kgpnUmaKU=",
  65536: "B7Gjd5YKThLjNI1ukymuYxapWwL7HCLpCSMbOqRIYac=",
  65537: "uZxXCq8TuW4CY4Po4lLmnHFCs61+bgJk89wQ39iE2MU=",
  69999: "dwSVkzH4FloReNZwiqiwYAdFnCk3MoiZ/0VXh1Da3Y0=",
  70000: "o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=",
};

test("the roots of the 70,000 entry log are the published ones, from the frontier and from tiles", async () => {
  for (const [text, root] of Object.entries(publishedRoots)) {
    assert.equal(toBase64(rootAt(Number(text))), root);
    assert.equal(toBase64(await rootFromTiles(treeOf(Number(text)), hasher)), root);
  }
});

test("proofs from tiles at 70,000 have the published lengths, verify, and read each tile once", async () => {
  const root2 = rootAt(size);
  for (const [index, length] of [
    [0, 17],
    [65_536, 14],
    [69_999, 9],
  ] as const) {
    const read: string[] = [];
    const path = await inclusionFromTiles(index, treeOf(size, read), hasher);
    assert.equal(path.length, length);
    assert.equal(new Set(read).size, read.length);
    const leaf = levels[0]?.[index] ?? assert.fail("leaf");
    assert.ok(verifyInclusion({ leafHash: leaf, index, size, path, root: root2 }, hasher));
  }
  const lengths = [
    [1, 17],
    [2, 16],
    [3, 18],
    [255, 18],
    [256, 9],
    [257, 18],
    [65_536, 1],
    [65_537, 15],
    [69_999, 10],
  ] as const;
  for (const [size1, length] of lengths) {
    const path = await consistencyFromTiles(size1, treeOf(size), hasher);
    assert.equal(path.length, length, `from ${size1}`);
    assert.ok(verifyConsistency({ size1, root1: rootAt(size1), size2: size, root2, path }, hasher));
  }
  const [only] = await consistencyFromTiles(65_536, treeOf(size), hasher);
  assert.equal(toBase64(only ?? assert.fail("proof")), "ZHPyH93cvLa/pAO0SsCXjVF3MZFqKPt4kGTwN1K/HQM=");
});

test("any two sizes and any leaf up to 70,000 prove themselves through tiles", async () => {
  const chosen = fc.integer({ min: 1, max: size });
  await fc.assert(
    fc.asyncProperty(chosen, chosen, fc.nat(), async (a, b, at) => {
      const [size1, size2] = [Math.min(a, b), Math.max(a, b)];
      const [root1, root2] = [await rootFromTiles(treeOf(size1), hasher), await rootFromTiles(treeOf(size2), hasher)];
      const path = await consistencyFromTiles(size1, treeOf(size2), hasher);
      assert.ok(verifyConsistency({ size1, root1, size2, root2, path }, hasher));
      const index = at % size2;
      const leaf = levels[0]?.[index] ?? assert.fail("leaf");
      const inclusion = await inclusionFromTiles(index, treeOf(size2), hasher);
      assert.ok(verifyInclusion({ leafHash: leaf, index, size: size2, path: inclusion, root: root2 }, hasher));
    }),
    { seed: 20260105, numRuns: 150 },
  );
});

test("a tile of the wrong length is refused", async () => {
  const cut: TiledTree = { size: 300, readTile: async () => new Uint8Array(32 * 43) };
  await assert.rejects(rootFromTiles(cut, hasher), (error) => failureCode(error) === "proof_invalid");
});
