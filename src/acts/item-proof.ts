// Under a permit the gateway serves only bodies that the permit's root commits to. The runner sends the path with each
// request, so the gateway needs no list: header `x-headgate-item: <index>.<path, base64>`. Where bodies are written as the run goes
// on, the root commits to the items that they are about, and the header says which: `<index>.<path, base64>.<leaf, base64>`.
import { canonicalBytes } from "../proof/canonical.ts";
import { digestOfHash } from "../proof/digest.ts";
import { concatBytes, fromBase64, toBase64 } from "../proof/encoding.ts";
import { type ProvingTree, inclusionProof, inclusionRoot, leafHash } from "../proof/merkle.ts";
import { type Hasher, hashBytes } from "../proof/primitives.ts";
import type { Digest } from "../terms/ids.ts";

export const itemHeader = "x-headgate-item";

/** 2^20 items need 20 hashes of 44 characters. */
const headerCharsMax = 1024;

/** Leaf hash of a request body: over its canonical JSON without `model`, which the permit names by itself. */
export function itemLeaf(body: Readonly<Record<string, unknown>>, hasher: Hasher): Uint8Array {
  const { model: _model, ...rest } = body;
  return leafHash(canonicalBytes(rest), hasher);
}

export function itemProof(leaves: readonly Uint8Array[], index: number, hasher: Hasher): string {
  return headerOf(index, inclusionProof(leaves, index, hasher));
}

/** The same, for whoever sends many of the same tree. */
export function itemProofIn(tree: ProvingTree, index: number): string {
  return headerOf(index, tree.proof(index));
}

function headerOf(index: number, path: readonly Uint8Array[]): string {
  return `${index}.${toBase64(concatBytes(path))}`;
}

/** The header of a request about an item, whatever its body says. */
export function itemNamed(leaves: readonly Uint8Array[], index: number, hasher: Hasher): string {
  return withLeaf(itemProof(leaves, index, hasher), leaves[index]);
}

/** The same, for whoever sends many of the same tree; `leaf` is the one at `index`. */
export function itemNamedIn(tree: ProvingTree, index: number, leaf: Uint8Array): string {
  return withLeaf(itemProofIn(tree, index), leaf);
}

function withLeaf(proof: string, leaf: Uint8Array | undefined): string {
  return `${proof}.${toBase64(leaf ?? new Uint8Array())}`;
}

interface Items {
  readonly root: Digest;
  readonly count: number;
}

/** The item that a header of `itemNamed` names, where the permit's root commits to it. */
export function namedItem(header: string, items: Items, hasher: Hasher): Uint8Array | undefined {
  const at = header.length > headerCharsMax ? -1 : header.lastIndexOf(".");
  const leaf = fromBase64(header.slice(at + 1));
  if (at < 0 || leaf?.length !== hashBytes) return undefined;
  return isItem({ leaf, header: header.slice(0, at), items }, hasher) ? leaf : undefined;
}

export interface ItemClaim {
  readonly leaf: Uint8Array;
  readonly header: string;
  readonly items: Items;
}

/** Whether the permit's root commits to this body. */
export function isItem(claim: ItemClaim, hasher: Hasher): boolean {
  const found =
    claim.header.length > headerCharsMax ? null : /^(0|[1-9][0-9]{0,8})\.([A-Za-z0-9+/=]*)$/.exec(claim.header);
  const path = fromBase64(found?.[2] ?? "");
  if (found === null || path === undefined || path.length % hashBytes !== 0) return false;
  const hashes = Array.from({ length: path.length / hashBytes }, (_, at) =>
    path.slice(at * hashBytes, (at + 1) * hashBytes),
  );
  const root = inclusionRoot(
    { leafHash: claim.leaf, index: Number(found[1]), size: claim.items.count, path: hashes },
    hasher,
  );
  return root !== undefined && digestOfHash(root) === claim.items.root;
}
