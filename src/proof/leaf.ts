// What stands in the tree for an act: the digest of its envelope and its verb. No names, no text, nothing to erase, and a
// reader of the public log can count what kinds of acts there were.
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";
import { canonicalBytes, isCanonical, parseJson } from "./canonical.ts";

const LedgerLeaf = z.strictObject({
  /** Digest of the envelope's bytes. */
  statement: Digest,
  v: z.literal(1),
  verb: z.string().regex(/^[a-z][a-z-]{0,39}$/),
});
export type LedgerLeaf = z.infer<typeof LedgerLeaf>;

const leafBytesMax = 256;

/** The canonical bytes that are hashed into the tree. Fails with statement_invalid on what is no verb. */
export function formatLeaf(statement: Digest, verb: string): Uint8Array {
  const leaf = LedgerLeaf.safeParse({ statement, v: 1, verb });
  if (!leaf.success) throw new Failure("statement_invalid", "A verb is up to 40 lower-case letters and hyphens.");
  return canonicalBytes(leaf.data);
}

/** Fails with proof_invalid on anything but the canonical bytes of a leaf. */
export function parseLeaf(bytes: Uint8Array): LedgerLeaf {
  const leaf = LedgerLeaf.safeParse(parseJson(bytes, { bytesMax: leafBytesMax, depthMax: 1, code: "proof_invalid" }));
  if (!leaf.success || !isCanonical(bytes, leaf.data)) throw new Failure("proof_invalid", "This is no ledger leaf.");
  return leaf.data;
}
