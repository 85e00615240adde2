// One file that shows, with nothing but the log's key, that an entry stands in the ledger, or that a later ledger contains
// an earlier one (RFC 9162 sections 2.1.3 and 2.1.4, under a signed checkpoint). Pure; docs/formats.md describes the file.
import { z } from "zod";
import { openCheckpoint } from "../proof/checkpoint.ts";
import { digestOfHash, hashOfDigest } from "../proof/digest.ts";
import { fromBase64, fromUtf8, toBase64, toUtf8 } from "../proof/encoding.ts";
import { type LedgerLeaf, parseLeaf } from "../proof/leaf.ts";
import { consistencyProof, inclusionProof, leafHash, verifyConsistency, verifyInclusion } from "../proof/merkle.ts";
import type { Verifier } from "../proof/note.ts";
import type { Hasher, Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";
import type { Seen } from "./statement.ts";

const Size = z.number().int().nonnegative();
const Hashes = z.array(z.string().regex(/^[A-Za-z0-9+/]{43}=$/)).max(64);
const Tree = z.strictObject({ size: Size.min(1), root: Digest });

export const LedgerProof = z.discriminatedUnion("kind", [
  z.strictObject({
    format: z.literal("headgate-ledger-proof/1"),
    kind: z.literal("inclusion"),
    index: Size,
    /** The entry's bytes, base64. */
    leaf: z.string().max(1024),
    path: Hashes,
    /** The signed head that the path leads to. */
    checkpoint: z.string().max(4096),
  }),
  z.strictObject({
    format: z.literal("headgate-ledger-proof/1"),
    kind: z.literal("consistency"),
    from: Tree,
    to: Tree,
    /** From the earlier tree to the later. */
    path: Hashes,
    /** From the later tree to the signed head; empty where it is that head's. */
    onward: Hashes,
    checkpoint: z.string().max(4096),
  }),
]);
export type LedgerProof = z.infer<typeof LedgerProof>;

const format = "headgate-ledger-proof/1";

/** A ledger of which every hash is known. */
export interface KnownLog {
  /** Hashes of all leaves, in order. */
  readonly leaves: readonly Uint8Array[];
  readonly rootAt: (size: number) => Digest;
  /** The signed head. */
  readonly checkpoint: Uint8Array;
}

export interface ProvenEntry {
  readonly index: number;
  readonly leaf: Uint8Array;
}

export function proveEntry(log: KnownLog, { index, leaf }: ProvenEntry, hasher: Hasher): LedgerProof {
  const path = inclusionProof(log.leaves, index, hasher).map(toBase64);
  return { format, kind: "inclusion", index, leaf: toBase64(leaf), path, checkpoint: noteOf(log) };
}

/** That the ledger of `to` entries begins with the one of `from`; both are at least 1 and at most its size. */
export function proveGrowth(
  log: KnownLog,
  sizes: { readonly from: number; readonly to: number },
  hasher: Hasher,
): LedgerProof {
  const { from, to } = sizes;
  const later = log.leaves.slice(0, to);
  return {
    format,
    kind: "consistency",
    from: { size: from, root: log.rootAt(from) },
    to: { size: to, root: log.rootAt(to) },
    path: consistencyProof(later, from, hasher).map(toBase64),
    onward: consistencyProof(log.leaves, to, hasher).map(toBase64),
    checkpoint: noteOf(log),
  };
}

function noteOf({ checkpoint }: KnownLog): string {
  return fromUtf8(checkpoint) ?? "";
}

export interface CheckedProof {
  /** The signed head. */
  readonly head: Seen;
  /** Every tree that the proof speaks of, the head included: none may differ from one seen before. */
  readonly trees: readonly Seen[];
  readonly entry: (LedgerLeaf & { readonly index: number }) | undefined;
}

/** Fails with proof_invalid, or with signature_invalid where another key signed the head. */
export async function checkLedgerProof(
  proof: LedgerProof,
  key: Verifier,
  primitives: Primitives,
): Promise<CheckedProof> {
  const checkpoint = await openCheckpoint(toUtf8(proof.checkpoint), key, primitives);
  const head = { size: checkpoint.size, root: digestOfHash(checkpoint.root) };
  if (proof.kind === "inclusion") {
    const leaf = bytesOf(proof.leaf);
    const { index } = proof;
    const { size, root } = checkpoint;
    const claim = { leafHash: leafHash(leaf, primitives), index, size, path: proof.path.map(bytesOf), root };
    if (!verifyInclusion(claim, primitives))
      throw wrong("The entry is not in the ledger whose head the proof carries.");
    return { head, trees: [head], entry: { ...parseLeaf(leaf), index } };
  }
  const { from, to } = proof;
  const isGrowth =
    isContained(from, to, { path: proof.path, primitives }) &&
    isContained(to, head, { path: proof.onward, primitives });
  if (!isGrowth) throw wrong("The later ledger does not contain the earlier one.");
  return { head, trees: [from, to, head], entry: undefined };
}

interface Way {
  readonly path: readonly string[];
  readonly primitives: Primitives;
}

function isContained(earlier: Seen, later: Seen, { path, primitives }: Way): boolean {
  const claim = {
    size1: earlier.size,
    root1: hashOfDigest(earlier.root),
    size2: later.size,
    root2: hashOfDigest(later.root),
    path: path.map(bytesOf),
  };
  return verifyConsistency(claim, primitives);
}

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === undefined) throw wrong("The proof holds something that is not base64.");
  return bytes;
}

function wrong(message: string): Failure {
  return new Failure("proof_invalid", message);
}
