// That a receipt stands in the ledger: receipt, interval, leaf, checkpoint, each hash recomputed and each signature
// checked. Pure, so that it works offline from a proof file.
import { z } from "zod";
import { formatLeaf } from "../proof/leaf.ts";
import { openCheckpoint } from "../proof/checkpoint.ts";
import { digestOfHash, hashOfDigest } from "../proof/digest.ts";
import { fromBase64, toUtf8 } from "../proof/encoding.ts";
import { leafHash, verifyInclusion } from "../proof/merkle.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { Digest, type PublicKey } from "../terms/ids.ts";
import type { OpenedReceipt, Receipt } from "./receipt.ts";
import { type Seen, openStatement } from "./statement.ts";

const Hashes = z.array(z.string().regex(/^[A-Za-z0-9+/]{43}=$/)).max(64);

/** That a receipt stands in the ledger: its path to the interval's root, and that interval's path to a checkpoint. */
export const ReceiptProof = z.strictObject({
  format: z.literal("headgate-receipt-proof/1"),
  receipt: Digest,
  /** Place among the receipts of the interval, and its path; leaves are the receipts' bytes. */
  index: z.number().int().nonnegative(),
  count: z.number().int().min(1),
  path: Hashes,
  /** The gateway's `receipts` act, base64, and where it stands in the ledger. */
  envelope: z.string(),
  ledgerIndex: z.number().int().nonnegative(),
  ledgerSize: z.number().int().min(1),
  inclusion: Hashes,
  checkpoint: z.string(),
});
export type ReceiptProof = z.infer<typeof ReceiptProof>;

/** Whose signatures are believed. */
interface Believed {
  readonly gateways: readonly PublicKey[];
  readonly log: { readonly origin: string; readonly key: PublicKey };
}

/** Fails with signature_invalid where the receipt was not given by a gateway of the trust root. */
export function checkGateway(receipt: OpenedReceipt, trust: Pick<Believed, "gateways">): void {
  if (trust.gateways.includes(receipt.gateway)) return;
  throw new Failure("signature_invalid", "This receipt is signed by a key that is no gateway of the trust root.");
}

/** The tree it stands in. Fails with proof_invalid or signature_invalid at the first thing that does not fit. */
export async function checkProof(
  receipt: OpenedReceipt,
  proof: ReceiptProof,
  { trust, primitives }: { readonly trust: Pick<Believed, "log">; readonly primitives: Primitives },
): Promise<Seen> {
  const act = await openStatement(bytesOf(proof.envelope), primitives);
  const { predicate } = act;
  const isInterval = predicate.verb === "receipts" && act.signers.length === 1 && act.signers[0] === receipt.gateway;
  if (proof.receipt !== receipt.digest || predicate.verb !== "receipts" || !isInterval) {
    throw new Failure(
      "proof_invalid",
      "This proof is about another receipt, or its interval is not the gateway's own.",
    );
  }
  const inInterval = verifyInclusion(
    {
      leafHash: leafHash(receipt.bytes, primitives),
      index: proof.index,
      size: proof.count,
      path: proof.path.map(bytesOf),
      root: hashOfDigest(predicate.body.root),
    },
    primitives,
  );
  if (!inInterval || proof.count !== predicate.body.count) {
    throw new Failure("proof_invalid", "The receipt is not in the interval that the proof names.");
  }
  const log = { name: trust.log.origin, publicKey: trust.log.key };
  const head = await openCheckpoint(toUtf8(proof.checkpoint), log, primitives);
  const inLedger = verifyInclusion(
    {
      leafHash: leafHash(formatLeaf(act.envelope, "receipts"), primitives),
      index: proof.ledgerIndex,
      size: head.size,
      path: proof.inclusion.map(bytesOf),
      root: head.root,
    },
    primitives,
  );
  if (!inLedger || proof.ledgerSize !== head.size) {
    throw new Failure("proof_invalid", "The interval is not in the ledger whose head the proof carries.");
  }
  return { size: head.size, root: digestOfHash(head.root) };
}

/** What a receipt says, in words. */
export function receiptInWords(receipt: Receipt): string {
  const { model, stage, outcome, would, why, at, under, modes, redacted = 0 } = receipt;
  const observed = would === undefined ? "" : `, in observe mode (enforced, it would have been ${would})`;
  return `${model} at stage ${stage}, ${outcome}${why === null ? "" : ` (${why})`} at ${at}, under ${under ?? "no certificate"}${observed}${modes === undefined ? "" : `, safeguards ${modes}`}${redacted === 0 ? "" : `, ${redacted} stretches of the answer redacted`}`;
}

function bytesOf(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === undefined) throw new Failure("proof_invalid", "The proof holds something that is not base64.");
  return bytes;
}
