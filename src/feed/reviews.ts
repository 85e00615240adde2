// Requests that wait for a person, as a gateway hands them to the control plane: what was asked, as a digest, and its text,
// sealed to a key of the control plane's (hpke.ts) that its control key has signed. The digest commits to the request with a
// nonce that only the caller's secret makes, so that nobody who reads the ledger can try out guesses at a prompt, and the
// same request of the same caller is known again by every gateway without anything being looked up.
import { z } from "zod";
import { canonicalBytes } from "../proof/canonical.ts";
import { digestOfValue, rawPublicKey } from "../proof/digest.ts";
import { fromBase64, toBase64, toUtf8 } from "../proof/encoding.ts";
import type { Hasher, Primitives, Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { Category } from "../terms/finding.ts";
import { Digest, Instant, KeyId, Name, type PublicKey, ReceiptId, ReviewId, Timestamp } from "../terms/ids.ts";
import { Sample } from "../acts/watch.ts";
import { jsonOf } from "./encoded.ts";
import { keyBytes, open, seal } from "./hpke.ts";

/** Characters of a request that is kept for a person; a longer one is blocked. */
export const reviewCharsMax = 256 * 1024;

/** Raw X25519 public key, standard base64. */
export const SealingKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/)
  .brand<"SealingKey">();
export type SealingKey = z.infer<typeof SealingKey>;

/** A key to seal to, until `notAfter`, signed by the control key. */
export const SignedSealingKey = z.strictObject({
  key: SealingKey,
  notAfter: Timestamp,
  signature: z.string().max(128),
});
export type SignedSealingKey = z.infer<typeof SignedSealingKey>;

type Unsigned = Omit<SignedSealingKey, "signature">;

export async function signSealingKey({ key, notAfter }: Unsigned, control: Signer): Promise<SignedSealingKey> {
  return { key, notAfter, signature: toBase64(await control.sign(sealingKeyBytes({ key, notAfter }))) };
}

export async function isSealingKeySigned(
  signed: SignedSealingKey,
  control: PublicKey,
  primitives: Primitives,
): Promise<boolean> {
  const signature = fromBase64(signed.signature);
  return signature !== undefined && primitives.verify(rawPublicKey(control), sealingKeyBytes(signed), signature);
}

function sealingKeyBytes({ key, notAfter }: Unsigned): Uint8Array {
  return canonicalBytes(["headgate sealing key v1", key, notAfter]);
}

const base64Part = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

export const SealedText = z.strictObject({
  /** Whom it is sealed to. */
  to: SealingKey,
  enc: base64Part.max(64),
  text: base64Part.max(8 * reviewCharsMax),
});
export type SealedText = z.infer<typeof SealedText>;

/** What a request that waits is about. */
export const ReviewFacts = z.strictObject({
  review: ReviewId,
  request: Digest,
  key: KeyId,
  model: Name,
  config: Digest,
});
export type ReviewFacts = Readonly<z.infer<typeof ReviewFacts>>;

/** Characters of an answer that a sample has; what comes behind them is left out, and said so. */
export const answerCharsMax = 64 * 1024;

/** What is inside a seal: the nonce, and the call as its gateway admitted it, in JSON. */
export const ReviewText = z.strictObject({
  nonce: z.string().regex(/^[0-9a-f]{64}$/),
  call: z.string(),
  /** Of a sample whose plan says so: what was sent of the answer. The body of a whole one, all text of a stream. */
  answer: z.strictObject({ text: z.string().max(answerCharsMax), isWhole: z.boolean() }).optional(),
});
export type ReviewText = Readonly<z.infer<typeof ReviewText>>;

/** The digest that stands for a request in the ledger. */
export function requestDigest(
  { nonce, call }: Pick<ReviewText, "nonce" | "call">,
  { key, model, config }: Omit<ReviewFacts, "review" | "request">,
  hasher: Hasher,
): Digest {
  return digestOfValue(["headgate review request v1", nonce, key, model, config, call], hasher);
}

const info = toUtf8("headgate review text v1");

/** A sealed text opens for the very review it was sealed for. */
function boundTo(facts: ReviewFacts): { readonly info: Uint8Array; readonly aad: Uint8Array } {
  const { review, request, key, model, config } = facts;
  return { info, aad: canonicalBytes([review, request, key, model, config]) };
}

export function sealText(text: ReviewText, to: SealingKey, facts: ReviewFacts): SealedText {
  const { nonce, call, answer } = text;
  const sealed = seal(toUtf8(JSON.stringify({ nonce, call, answer })), rawSealingKey(to), boundTo(facts));
  return { to, enc: toBase64(sealed.enc), text: toBase64(sealed.text) };
}

/** Fails with proof_invalid where it was changed, is about another review, or is not the request that its digest says. */
export function openText(sealed: SealedText, key: Uint8Array, given: OpenedAs): ReviewText {
  const [enc, text] = [fromBase64(sealed.enc), fromBase64(sealed.text)];
  if (enc === undefined || text === undefined) throw new Failure("proof_invalid", "A sealed text is not base64.");
  const opened = ReviewText.safeParse(jsonOf(open({ enc, text }, key, boundTo(given.facts))));
  if (!opened.success) throw new Failure("proof_invalid", "A sealed text holds something else than a request.");
  checkText(opened.data, given);
  return opened.data;
}

interface OpenedAs {
  readonly facts: ReviewFacts;
  readonly hasher: Hasher;
}

/** Fails with proof_invalid where the text is not the request that the digest says. */
export function checkText(text: Pick<ReviewText, "nonce" | "call">, { facts, hasher }: OpenedAs): void {
  if (requestDigest(text, facts, hasher) === facts.request) return;
  throw new Failure("proof_invalid", "The text that was kept is not the request that is to be decided.");
}

function rawSealingKey(key: SealingKey): Uint8Array {
  const raw = fromBase64(key);
  if (raw?.length === keyBytes) return raw;
  throw new Failure("proof_invalid", "A sealing key is 32 bytes in standard base64.");
}

const Score = z.number().min(0).max(1);

/** A request that is to wait for a person; or an exchange that is over, and that somebody is to label for a watch. */
export const AskedReview = z
  .strictObject({
    facts: ReviewFacts,
    /** What was found for review, and the highest score of each; nothing in a sample. */
    found: z.array(z.strictObject({ category: Category, score: Score })).max(Category.options.length),
    sample: z
      .strictObject({
        ...Sample.shape,
        receipt: ReceiptId,
        /** Its answer is in the text: then its label is of no other exchange. */
        answers: z.literal(true).optional(),
      })
      .optional(),
    at: Instant,
    /** As the usage policy says. */
    rules: z.strictObject({
      expiresHours: z.number().int().min(1).max(168),
      perKeyMax: z.number().int().min(1).max(1_000),
      retentionDays: z.number().int().min(0).max(30),
    }),
    sealed: SealedText,
  })
  .refine(({ found, sample }) => (found.length === 0) === (sample !== undefined), {
    path: ["found"],
    error: "a request waits for what was found in it, and a sample for nothing",
  });
export type AskedReview = Readonly<z.infer<typeof AskedReview>>;

/** `waiting`: kept, under this id; that of an earlier asking where the same request waits already. */
export const KeptReview = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("waiting"), review: ReviewId }),
  z.strictObject({ kind: z.literal("full") }),
]);
export type KeptReview = z.infer<typeof KeptReview>;
