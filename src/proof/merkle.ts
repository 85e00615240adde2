// Merkle trees as RFC 6962 section 2.1 draws them (RFC 9162 section 2.1 is the same tree). Sizes go to 2^53 - 1, so this is
// arithmetic and never shifts. A proof is a list of ranges of leaves; whoever holds leaf hashes, or tiles, hashes each range.
import { assert } from "./assert.ts";
import { concatBytes, equalBytes, toUtf8 } from "./encoding.ts";
import { hashBytes, type Hasher } from "./primitives.ts";

export const emptyRoot = (hasher: Hasher): Uint8Array => hasher.sha256(new Uint8Array(0));

export function leafHash(entry: Uint8Array, hasher: Hasher): Uint8Array {
  return hasher.sha256(concatBytes([leafPrefix, entry]));
}

/** The leaf of a text's UTF-8, which begins with a byte that stands for itself. */
export function leafHashOfText(text: string, hasher: Hasher): Uint8Array {
  const leaf = `\0${text}`;
  return hasher.sha256OfText === undefined ? hasher.sha256(toUtf8(leaf)) : hasher.sha256OfText(leaf);
}

export function nodeHash(left: Uint8Array, right: Uint8Array, hasher: Hasher): Uint8Array {
  assert(left.length === hashBytes && right.length === hashBytes, "a node has two children of 32 bytes");
  hashed.set(left, 1);
  hashed.set(right, 1 + hashBytes);
  return hasher.sha256(hashed);
}

const leafPrefix = new Uint8Array([0]);
const nodePrefix = 1;
/** Written anew for every node and read at once: hashing is synchronous, and a fresh array costs more than the hash. */
const hashed = new Uint8Array(1 + 2 * hashBytes);
hashed[0] = nodePrefix;

/** All that appending needs: the roots of the complete subtrees a tree falls into, largest first. Plain data. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** The frontier with one leaf more; the old one stays as it is. */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array, hasher: Hasher): Frontier {
  const hashes = [...frontier.hashes];
  let carried = leaf;
  for (let rest = frontier.size; rest % 2 === 1; rest = (rest - 1) / 2) {
    const left = hashes.pop();
    assert(left !== undefined, "a frontier holds one hash for each bit of its size");
    carried = nodeHash(left, carried, hasher);
  }
  hashes.push(carried);
  return { size: frontier.size + 1, hashes };
}

export function frontierRoot(frontier: Frontier, hasher: Hasher): Uint8Array {
  return foldRight(frontier.hashes, hasher);
}

/** The root over hashes of complete subtrees, largest first. */
export function foldRight(hashes: readonly Uint8Array[], hasher: Hasher): Uint8Array {
  if (hashes.length === 0) return emptyRoot(hasher);
  return hashes.reduceRight((right, left) => nodeHash(left, right, hasher));
}

export function rootOf(leafHashes: readonly Uint8Array[], hasher: Hasher): Uint8Array {
  const tree = growingTree(hasher);
  for (const leaf of leafHashes) tree.append(leaf);
  return tree.root();
}

/** A tree that grows in place, for whoever wants the root of many leaves and keeps none of them. */
export interface GrowingTree {
  readonly append: (leaf: Uint8Array) => void;
  readonly root: () => Uint8Array;
}

export function growingTree(hasher: Hasher): GrowingTree {
  const hashes: Uint8Array[] = [];
  let size = 0;
  return {
    append: (leaf) => {
      let carried = leaf;
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
        const left = hashes.pop();
        assert(left !== undefined, "a frontier holds one hash for each bit of its size");
        carried = nodeHash(left, carried, hasher);
      }
      hashes.push(carried);
      size += 1;
    },
    root: () => foldRight(hashes, hasher),
  };
}

/** Leaves from `start` up to but without `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The ranges whose roots make the inclusion proof of leaf `index` in a tree of `size`, deepest first. RFC 6962 2.1.1. */
export function inclusionRanges(index: number, size: number): readonly Range[] {
  assert(isIndex(index, size), "a proof is asked for a leaf that the tree has");
  const ranges: Range[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.toReversed();
}

/** The ranges whose roots prove that the tree of `size1` leaves is the start of that of `size2`. RFC 6962 2.1.2. */
export function consistencyRanges(size1: number, size2: number): readonly Range[] {
  assert(isIndex(size1 - 1, size2), "consistency is asked from a tree with a leaf to one at least as large");
  const ranges: Range[] = [];
  let [start, end] = [0, size2];
  while (end > size1) {
    const middle = start + splitPoint(end - start);
    if (size1 <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // The common node is the old root itself, which the verifier has, unless the old tree is cut off to the left.
  if (start > 0) ranges.push({ start, end });
  return ranges.toReversed();
}

export function inclusionProof(
  leafHashes: readonly Uint8Array[],
  index: number,
  hasher: Hasher,
): readonly Uint8Array[] {
  return inclusionRanges(index, leafHashes.length).map(({ start, end }) =>
    rootOf(leafHashes.slice(start, end), hasher),
  );
}

/** The root, and the inclusion proof of every leaf, with each node hashed once. */
export function treeOf(leafHashes: readonly Uint8Array[], hasher: Hasher): Tree {
  const paths: Uint8Array[][] = leafHashes.map(() => []);
  const rootOfRange = ({ start, end }: Range): Uint8Array => {
    const [only = emptyRoot(hasher)] = end - start === 1 ? [leafHashes[start]] : [];
    if (end - start < 2) return only;
    const middle = start + splitPoint(end - start);
    const left = rootOfRange({ start, end: middle });
    const right = rootOfRange({ start: middle, end });
    for (let at = start; at < end; at += 1) paths[at]?.push(at < middle ? right : left);
    return nodeHash(left, right, hasher);
  };
  return { root: rootOfRange({ start: 0, end: leafHashes.length }), paths };
}

export interface Tree {
  readonly root: Uint8Array;
  /** By leaf, siblings deepest first. */
  readonly paths: readonly (readonly Uint8Array[])[];
}

/** A tree that is asked for the inclusion proofs of many leaves: each node is hashed once, and kept in 32 bytes. */
export interface ProvingTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** Siblings deepest first. */
  readonly proof: (index: number) => readonly Uint8Array[];
}

export function provingTree(leafHashes: readonly Uint8Array[], hasher: Hasher): ProvingTree {
  const size = leafHashes.length;
  const rows = [concatBytes(leafHashes)];
  for (let row = rows[0]; row !== undefined && row.length > hashBytes; row = rows.at(-1))
    rows.push(parentsOf(row, hasher));
  const [root = emptyRoot(hasher)] = size === 0 ? [] : rows.slice(-1);
  return {
    size,
    root,
    proof: (index) => {
      assert(isIndex(index, size), "a proof is asked for a leaf that the tree has");
      // The last node of a row may have no sibling there: it goes up as it is.
      return rows.flatMap((row, level) => {
        const at = Math.floor(index / 2 ** level);
        const start = (at % 2 === 0 ? at + 1 : at - 1) * hashBytes;
        return start < row.length ? [row.slice(start, start + hashBytes)] : [];
      });
    },
  };
}

function parentsOf(row: Uint8Array, hasher: Hasher): Uint8Array {
  const parents = new Uint8Array(Math.ceil(row.length / (2 * hashBytes)) * hashBytes);
  for (let start = 0; start < row.length; start += 2 * hashBytes) {
    const left = row.subarray(start, start + hashBytes);
    const right = row.subarray(start + hashBytes, start + 2 * hashBytes);
    parents.set(right.length === 0 ? left : nodeHash(left, right, hasher), start / 2);
  }
  return parents;
}

/** Proof from the first `size1` of these leaves to all of them. */
export function consistencyProof(
  leafHashes: readonly Uint8Array[],
  size1: number,
  hasher: Hasher,
): readonly Uint8Array[] {
  return consistencyRanges(size1, leafHashes.length).map(({ start, end }) =>
    rootOf(leafHashes.slice(start, end), hasher),
  );
}

export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** RFC 9162 section 2.1.3.2. False on anything malformed; never throws. */
export function verifyInclusion(claim: InclusionClaim, hasher: Hasher): boolean {
  const root = inclusionRoot(claim, hasher);
  return root !== undefined && areHashes([claim.root]) && equalBytes(root, claim.root);
}

/** The root that this leaf and path lead to; undefined on anything malformed. */
export function inclusionRoot(claim: Omit<InclusionClaim, "root">, hasher: Hasher): Uint8Array | undefined {
  const { index, size, path } = claim;
  if (!isIndex(index, size) || !areHashes([claim.leafHash, ...path])) return undefined;
  const sides = siblingSides(index, size - 1, path.length);
  if (sides === undefined) return undefined;
  let hash = claim.leafHash;
  for (const [at, sibling] of path.entries()) {
    hash = sides[at] === "left" ? nodeHash(sibling, hash, hasher) : nodeHash(hash, sibling, hasher);
  }
  return hash;
}

export interface ConsistencyClaim {
  readonly size1: number;
  readonly root1: Uint8Array;
  readonly size2: number;
  readonly root2: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** RFC 9162 section 2.1.4.2. The empty tree is refused: everything extends it, so that proves nothing. Never throws. */
export function verifyConsistency(claim: ConsistencyClaim, hasher: Hasher): boolean {
  const { size1, root1, size2, root2, path } = claim;
  if (!isIndex(size1 - 1, size2) || !areHashes([root1, root2, ...path])) return false;
  if (size1 === size2) return path.length === 0 && equalBytes(root1, root2);
  // Where the old tree is a complete subtree, its root is the first node of the proof and is left out of it.
  const [first, ...rest] = isPowerOfTwo(size1) ? [root1, ...path] : path;
  const [node, last] = dropTrailingOnes(size1 - 1, size2 - 1);
  const sides = siblingSides(node, last, rest.length);
  if (first === undefined || sides === undefined) return false;
  let [hash1, hash2] = [first, first];
  for (const [at, sibling] of rest.entries()) {
    const isLeft = sides[at] === "left";
    if (isLeft) hash1 = nodeHash(sibling, hash1, hasher);
    hash2 = isLeft ? nodeHash(sibling, hash2, hasher) : nodeHash(hash2, sibling, hasher);
  }
  return equalBytes(hash1, root1) && equalBytes(hash2, root2);
}

/**
 * On which side each of `count` siblings lies on the way up from `node`, when `last` is the last node of the same level;
 * undefined where the way up does not have `count` steps.
 */
function siblingSides(node: number, last: number, count: number): readonly ("left" | "right")[] | undefined {
  const sides: ("left" | "right")[] = [];
  let [at, end] = [node, last];
  while (sides.length < count) {
    if (end === 0) return undefined;
    const isLeft = at % 2 === 1 || at === end;
    sides.push(isLeft ? "left" : "right");
    // The last node of a level may have no sibling there: it meets one where it first is a right child.
    if (isLeft) [at, end] = dropTrailingZeros(at, end);
    [at, end] = [half(at), half(end)];
  }
  return end === 0 ? sides : undefined;
}

/** The largest power of two below `size`; `size` is at least 2. */
function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function isIndex(index: number, size: number): boolean {
  return Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === hashBytes);
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value)) && 2 ** Math.log2(value) === value;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function dropTrailingZeros(node: number, last: number): [number, number] {
  let [a, b] = [node, last];
  while (a !== 0 && a % 2 === 0) [a, b] = [half(a), half(b)];
  return [a, b];
}

function dropTrailingOnes(node: number, last: number): [number, number] {
  let [a, b] = [node, last];
  while (a % 2 === 1) [a, b] = [half(a), half(b)];
  return [a, b];
}
