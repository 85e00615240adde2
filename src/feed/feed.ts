// What passes between control plane and gateway: one feed in, one drain out. A gateway trusts none of it by where it
// comes from: records are checked against the signed checkpoint, acts by their own signatures, artefacts by their
// digest, leases by the control key in the trust root. Embedded, both ends are in one process; the checks are the same.
import { z } from "zod";
import { canonicalBytes } from "../proof/canonical.ts";
import { rawPublicKey } from "../proof/digest.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { Batch } from "./batch.ts";
import type { GatewayReport } from "./gateway-report.ts";
import type { AskedReview, KeptReview, SignedSealingKey } from "./reviews.ts";
import {
  type Digest,
  type Instant,
  type KeyId,
  type Name,
  type PermitId,
  type PublicKey,
  type ReceiptId,
  Timestamp,
} from "../terms/ids.ts";

/** How long a gateway serves on one renewal. */
export const leaseMsDefault = 3000;

const Lease = z.strictObject({
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  at: Timestamp,
  leaseMs: z.number().int().min(100).max(60_000),
  /** Ledger size the control plane stands at: a gateway behind it is not up to date. */
  size: z.number().int().nonnegative(),
});
export type Lease = z.infer<typeof Lease>;

export interface SignedLease {
  readonly lease: Lease;
  readonly signature: string;
}

const leaseContext = "headgate lease v1";

export async function signLease(lease: Lease, control: Signer): Promise<SignedLease> {
  return { lease, signature: toBase64(await control.sign(leaseBytes(lease))) };
}

/** Whether the control key signed this lease. The caller compares the nonce with the one it sent. */
export async function isLeaseSigned(signed: SignedLease, control: PublicKey, primitives: Primitives): Promise<boolean> {
  const signature = fromBase64(signed.signature);
  if (signature === undefined || !Lease.safeParse(signed.lease).success) return false;
  return primitives.verify(rawPublicKey(control), leaseBytes(signed.lease), signature);
}

function leaseBytes(lease: Lease): Uint8Array {
  return canonicalBytes([leaseContext, lease]);
}

export interface UsageCount {
  readonly organisation: Name;
  readonly key: KeyId;
  readonly model: Name;
  readonly tokens: number;
  readonly requests: number;
}

/** Holds and restrictions that gateways were told directly, since some moment. */
export interface ToldHolds {
  /** Where to go on from. */
  readonly cursor: string;
  readonly envelopes: readonly Uint8Array[];
}

/** Told holds that come at once, and that are kept for a gateway that comes later, at most. */
export const toldHoldsMax = { atOnce: 16, kept: 256 } as const;

/** A receipt as the drain carries it, and what the control plane files it under. */
export interface DrainedReceipt {
  readonly id: ReceiptId;
  /** Self-contained text of src/acts/receipt.ts. */
  readonly text: string;
  readonly at: Instant;
  readonly permit: PermitId | null;
  readonly item: Digest | null;
}

/** The receipts of an interval, each made when it is come to: thousands at once are much for a heap to hold. */
export interface DrainedReceipts extends Iterable<DrainedReceipt> {
  readonly length: number;
}

/** What a gateway hands over: it keeps each until the promise resolves, and tries again after a failure. */
interface Drain {
  /** The receipts of one interval with the gateway's signed `receipts` act over their root. Idempotent. */
  readonly recordInterval: (envelope: Uint8Array, receipts: DrainedReceipts) => Promise<void>;
  /** A hold or restriction that reached the gateway directly. Idempotent. */
  readonly recordHold: (envelope: Uint8Array) => Promise<void>;
  readonly recordUsage: (counts: readonly UsageCount[]) => Promise<void>;
  /** Resolves once the store has it, or says that as many wait as may. Idempotent by request. */
  readonly recordReview: (review: AskedReview) => Promise<KeptReview>;
}

export interface PublicFile {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly cacheControl: string;
}

export interface Feed extends Drain {
  /** Waits until the ledger is longer than `from`, then delivers from there. Rejects when `signal` aborts. */
  readonly next: (from: number, signal: AbortSignal) => Promise<Batch>;
  /**
   * Waits until a gateway was told a hold directly, and says it to all others, also where the ledger cannot be written. From
   * `cursor` on; all that is kept, from "". Each gateway judges them for itself. Rejects when `signal` aborts.
   */
  readonly holds: (cursor: string, signal: AbortSignal) => Promise<ToldHolds>;
  readonly renew: (nonce: string) => Promise<SignedLease>;
  /** What texts for reviewers are sealed to now. */
  readonly sealingKey: () => Promise<SignedSealingKey>;
  readonly artefact: (digest: Digest) => Promise<Uint8Array>;
  /** A file anyone may read, by path without leading slash: `log/checkpoint`, `log/tile/…`, `log/proof/{receipt digest}`
   *  (JSON of `ReceiptProof`), `transparency`, `transparency.json`. Undefined where there is none (yet). */
  readonly publicFile: (path: string) => Promise<PublicFile | undefined>;
  /** The self-contained text of a receipt that was drained. */
  readonly receipt: (id: ReceiptId) => Promise<string | undefined>;
  /** Told of the control key in force whenever it is learnt: what came over a network was signed by it, or is refused. */
  readonly trust?: (control: PublicKey) => void;
  /** How a gateway elsewhere stands; the latest counts, and is lost with the process. */
  readonly reportLive?: (report: GatewayReport) => Promise<void>;
  /** Tokens used today per key and model, to begin with after a restart. */
  readonly usageToday: () => Promise<readonly UsageCount[]>;
}
