// The feed's messages as they go over a connection: JSON, bytes in base64, each call with what it asks and what is answered.
// Parsed by both ends: a gateway believes no control plane about the form of an answer, nor the other way round.
import { z } from "zod";
import { base64Bytes } from "./encoded.ts";
import { batchRecordsMax } from "./batch.ts";
import { toldHoldsMax } from "./feed.ts";
import { GatewayReport } from "./gateway-report.ts";
import { AskedReview, KeptReview, SignedSealingKey } from "./reviews.ts";
import { Digest, Instant, KeyId, Name, PermitId, ReceiptId, Timestamp } from "../terms/ids.ts";

const Usage = z.strictObject({
  organisation: Name,
  key: KeyId,
  model: Name,
  tokens: z.number().int().nonnegative(),
  requests: z.number().int().nonnegative(),
});

const Receipt = z.strictObject({
  id: ReceiptId,
  text: z.string().max(4096),
  /** Earlier versions sent it; it is worked out anew. */
  digest: Digest.optional(),
  at: Instant,
  permit: PermitId.nullable(),
  item: Digest.nullable(),
});

const Batch = z.strictObject({
  from: z.number().int().nonnegative(),
  records: z.array(z.strictObject({ leaf: base64Bytes, envelope: base64Bytes })).max(batchRecordsMax),
  checkpoint: z.string().max(4096),
});

const SignedLease = z.strictObject({
  lease: z.strictObject({
    nonce: z.string().max(64),
    at: Timestamp,
    leaseMs: z.number().int().positive(),
    size: z.number().int().nonnegative(),
  }),
  signature: z.string().max(128),
});

const PublicFile = z.strictObject({
  body: base64Bytes,
  contentType: z.string().max(256),
  cacheControl: z.string().max(256),
});

/** Rows of usage that are told at once. */
export const usageRowsMax = 100_000;
/** Receipts of one interval. */
const intervalReceiptsMax = 100_000;

const nothing = z.strictObject({});

/** What each call asks, and what it is answered with. `open` begins a session and does nothing else. */
export const calls = {
  open: { ask: nothing, answer: nothing },
  /** `batch` is null where nothing came while the other end waited. */
  next: {
    ask: z.strictObject({ from: z.number().int().nonnegative() }),
    answer: z.strictObject({ batch: Batch.nullable() }),
  },
  /** No envelopes where none came while the other end waited. */
  holds: {
    ask: z.strictObject({ cursor: z.string().max(64) }),
    answer: z.strictObject({ cursor: z.string().max(64), envelopes: z.array(base64Bytes).max(toldHoldsMax.atOnce) }),
  },
  renew: { ask: z.strictObject({ nonce: z.string().regex(/^[0-9a-f]{32}$/) }), answer: SignedLease },
  artefact: { ask: z.strictObject({ digest: Digest }), answer: z.strictObject({ bytes: base64Bytes }) },
  publicFile: {
    ask: z.strictObject({ path: z.string().max(512) }),
    answer: z.strictObject({ file: PublicFile.nullable() }),
  },
  receipt: {
    ask: z.strictObject({ id: ReceiptId }),
    answer: z.strictObject({ text: z.string().max(4096).nullable() }),
  },
  usageToday: { ask: nothing, answer: z.strictObject({ counts: z.array(Usage).max(usageRowsMax) }) },
  recordInterval: {
    ask: z.strictObject({ envelope: base64Bytes, receipts: z.array(Receipt).max(intervalReceiptsMax) }),
    answer: nothing,
  },
  recordHold: { ask: z.strictObject({ envelope: base64Bytes }), answer: nothing },
  recordUsage: { ask: z.strictObject({ counts: z.array(Usage).max(usageRowsMax) }), answer: nothing },
  sealingKey: { ask: nothing, answer: SignedSealingKey },
  recordReview: { ask: AskedReview, answer: KeptReview },
  reportLive: { ask: GatewayReport, answer: nothing },
} as const;

export const Call = z.enum([
  "open",
  "next",
  "holds",
  "renew",
  "artefact",
  "publicFile",
  "receipt",
  "usageToday",
  "recordInterval",
  "recordHold",
  "recordUsage",
  "sealingKey",
  "recordReview",
  "reportLive",
]);
export type Call = z.infer<typeof Call>;

/** Longest wait of `next` and `holds` for something new, in milliseconds. */
export const nextWaitMs = 20_000;

/** Bytes of one message, by where it goes. Records and receipts come by the thousand, everything else alone. */
export const messageBytesMax = { first: 4_096, ask: 96 << 20, answer: 128 << 20 } as const;
