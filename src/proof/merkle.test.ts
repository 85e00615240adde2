import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { fromHex, toBase64, toHex, toUtf8 } from "./encoding.ts";
import {
  appendLeaf,
  consistencyProof,
  emptyFrontier,
  emptyRoot,
  frontierRoot,
  inclusionProof,
  treeOf,
  leafHash,
  nodeHash,
  provingTree,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";
import { nodePrimitives as hasher } from "./node.ts";

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? assert.fail("hex");
const leavesOf = (count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, at) => leafHash(toUtf8(`entry ${at}`), hasher));

// Constants of transparency-dev/merkle's rfc6962 hasher test.
test("the hashes are those of RFC 6962", () => {
  assert.equal(toHex(emptyRoot(hasher)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(toHex(leafHash(toUtf8(""), hasher)), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  assert.equal(
    toHex(leafHash(toUtf8("L123456"), hasher)),
    "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
  );
  // The published node vector joins two short texts; here children are hashes, so it is made with the hash directly.
  assert.equal(
    toHex(hasher.sha256(toUtf8("\x01N123N456"))),
    "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb",
  );
  const [left, right] = [hasher.sha256(toUtf8("l")), hasher.sha256(toUtf8("r"))];
  assert.deepEqual(nodeHash(left, right, hasher), hasher.sha256(new Uint8Array([1, ...left, ...right])));
});

const classicLeaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const classic = classicLeaves.map((hex) => leafHash(bytes(hex), hasher));
const classicRoots = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

test("the roots of the eight classic leaves are Certificate Transparency's", () => {
  assert.deepEqual(
    classic.map((_, at) => toHex(rootOf(classic.slice(0, at + 1), hasher))),
    classicRoots,
  );
});

const text = (proof: readonly Uint8Array[]): readonly string[] => proof.map(toBase64);

test("the proofs of the eight classic leaves are Certificate Transparency's", () => {
  assert.deepEqual(text(inclusionProof(classic, 0, hasher)), [
    "lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=",
    "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
    "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=",
  ]);
  assert.deepEqual(text(inclusionProof(classic.slice(0, 3), 2, hasher)), [
    "+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=",
  ]);
  assert.deepEqual(text(consistencyProof(classic, 6, hasher)), [
    "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
    "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=",
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
  ]);
  assert.deepEqual(text(consistencyProof(classic.slice(0, 7), 6, hasher)), [
    "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=",
    "sIaT7C5yFZcTBkHoIR5+7cy0wmQTlj7ubB4u0W/7Gl8=",
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=",
  ]);
});

const flipped = (hash: Uint8Array): Uint8Array => hash.map((byte, at) => (at === 7 ? byte ^ 1 : byte));

/** The path with one hash flipped, one hash less at either end, one more, and one of another length, in turn. */
function spoiled(path: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const extra = new Uint8Array(32);
  return [
    ...path.map((_, at) => path.map((hash, other) => (at === other ? flipped(hash) : hash))),
    ...(path.length > 0 ? [path.slice(1), path.slice(0, -1), [...path.slice(0, -1), new Uint8Array(31)]] : []),
    [...path, extra],
    [extra, ...path],
    [...path, new Uint8Array(0)],
  ];
}

test("every leaf of every tree up to 64 proves itself and nothing else", () => {
  const all = leavesOf(64);
  for (let size = 1; size <= 64; size++) {
    const leaves = all.slice(0, size);
    const root = rootOf(leaves, hasher);
    for (const [index, leaf] of leaves.entries()) {
      const path = inclusionProof(leaves, index, hasher);
      const claim = { leafHash: leaf, index, size, path, root };
      assert.ok(verifyInclusion(claim, hasher));
      assert.ok(!verifyInclusion({ ...claim, root: flipped(root) }, hasher));
      assert.ok(!verifyInclusion({ ...claim, leafHash: flipped(leaf) }, hasher));
      const others = [...leaves.keys(), size].filter((other) => other !== index);
      assert.ok(!others.some((other) => verifyInclusion({ ...claim, index: other }, hasher)));
      for (const bad of spoiled(path)) assert.ok(!verifyInclusion({ ...claim, path: bad }, hasher));
    }
  }
});

test("every tree up to 64 proves each of its beginnings and nothing else", () => {
  const all = leavesOf(64);
  const roots = all.map((_, at) => rootOf(all.slice(0, at + 1), hasher));
  const rootAt = (size: number): Uint8Array => roots[size - 1] ?? assert.fail("root");
  for (let size2 = 1; size2 <= 64; size2++) {
    for (let size1 = 1; size1 <= size2; size1++) {
      const path = consistencyProof(all.slice(0, size2), size1, hasher);
      const claim = { size1, root1: rootAt(size1), size2, root2: rootAt(size2), path };
      assert.ok(verifyConsistency(claim, hasher), `${size1} to ${size2}`);
      assert.ok(!verifyConsistency({ ...claim, root1: flipped(claim.root1) }, hasher));
      assert.ok(!verifyConsistency({ ...claim, root2: flipped(claim.root2) }, hasher));
      for (const bad of spoiled(path)) assert.ok(!verifyConsistency({ ...claim, path: bad }, hasher));
    }
  }
});

test("consistency from the empty tree, to a smaller tree and over odd sizes is refused", () => {
  const leaves = leavesOf(3);
  const root = rootOf(leaves, hasher);
  const claim = { size1: 3, root1: root, size2: 3, root2: root, path: [] };
  assert.ok(verifyConsistency(claim, hasher));
  assert.ok(!verifyConsistency({ ...claim, size1: 0, root1: emptyRoot(hasher) }, hasher));
  assert.ok(
    !verifyConsistency({ ...claim, size1: 0, size2: 0, root1: emptyRoot(hasher), root2: emptyRoot(hasher) }, hasher),
  );
  for (const size of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.ok(!verifyConsistency({ ...claim, size1: size }, hasher));
    assert.ok(!verifyConsistency({ ...claim, size2: size }, hasher));
    assert.ok(!verifyInclusion({ leafHash: root, index: size, size: 3, path: [], root }, hasher));
  }
});

test("roots and leaf hashes of another length are refused before they are compared", () => {
  const [leaf] = leavesOf(1);
  assert.ok(leaf !== undefined);
  const short = leaf.slice(0, 31);
  assert.ok(verifyInclusion({ leafHash: leaf, index: 0, size: 1, path: [], root: leaf }, hasher));
  assert.ok(!verifyInclusion({ leafHash: short, index: 0, size: 1, path: [], root: short }, hasher));
  assert.ok(!verifyConsistency({ size1: 1, root1: short, size2: 1, root2: short, path: [] }, hasher));
});

test("a frontier gives the root at every size and is not changed by appending", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (count) => {
      const leaves = leavesOf(count);
      const frontier = leaves.reduce((grown, leaf) => appendLeaf(grown, leaf, hasher), emptyFrontier);
      const root = frontierRoot(frontier, hasher);
      appendLeaf(frontier, root, hasher);
      assert.equal(frontier.size, count);
      assert.deepEqual(frontierRoot(frontier, hasher), root);
      assert.equal(toHex(root), toHex(recursiveRoot(leaves)));
    }),
    { seed: 20260103, numRuns: 60 },
  );
});

test("a whole tree gives the root and the proof of every leaf that each would get by itself", () => {
  for (const size of [0, 1, 2, 3, 5, 8, 13, 32, 33]) {
    const leaves = leavesOf(size);
    const { root, paths } = treeOf(leaves, hasher);
    assert.deepEqual(root, rootOf(leaves, hasher));
    assert.deepEqual(
      paths,
      leaves.map((_, index) => inclusionProof(leaves, index, hasher)),
    );
  }
});

/** RFC 6962 section 2.1 word for word, as another way to the same root. */
function recursiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return emptyRoot(hasher);
  if (leaves.length === 1) return only;
  const split = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return nodeHash(recursiveRoot(leaves.slice(0, split)), recursiveRoot(leaves.slice(split)), hasher);
}

test("a tree that proves many leaves gives each the proof, and the root, of RFC 6962", () => {
  for (let size = 1; size <= 70; size += 1) {
    const leaves = leavesOf(size);
    const tree = provingTree(leaves, hasher);
    assert.deepEqual(tree.root, rootOf(leaves, hasher));
    for (let index = 0; index < size; index += 1)
      assert.deepEqual(tree.proof(index), inclusionProof(leaves, index, hasher));
  }
  assert.deepEqual(provingTree([], hasher).root, emptyRoot(hasher));
});
