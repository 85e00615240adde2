// Identifiers, as branded strings: inside the program no plain string stands for a thing (style 11).
// Random ids are made by `randomId` in src/proof/node.ts; this file only says what they look like.
import { z } from "zod";

export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, "a digest is sha256: and 64 hex digits")
  .brand<"Digest">();
export type Digest = z.infer<typeof Digest>;

/** As `Digest.parse`, of what a hasher just gave: its digits need no second look. */
export function toMadeDigest(text: string): Digest {
  return hasDigestForm(text) ? text : Digest.parse(text);
}

const digestChars = "sha256:".length + 64;

function hasDigestForm(text: string): text is Digest {
  return text.length === digestChars && text.startsWith("sha256:");
}

/** First 16 bytes, in hex, of the SHA-256 of a raw Ed25519 public key. */
export const SignerId = z
  .string()
  .regex(/^signer_[0-9a-f]{32}$/)
  .brand<"SignerId">();
export type SignerId = z.infer<typeof SignerId>;

/** Raw 32-byte Ed25519 public key, standard base64. */
export const PublicKey = z
  .string()
  .regex(/^[A-Za-z0-9+/]{43}=$/)
  .brand<"PublicKey">();
export type PublicKey = z.infer<typeof PublicKey>;

export const DeploymentId = z
  .string()
  .regex(/^dep_[0-9a-f]{16}$/)
  .brand<"DeploymentId">();
export type DeploymentId = z.infer<typeof DeploymentId>;
export const PersonId = z
  .string()
  .regex(/^person_[0-9a-f]{16}$/)
  .brand<"PersonId">();
export type PersonId = z.infer<typeof PersonId>;
export const KeyId = z
  .string()
  .regex(/^key_[0-9a-f]{16}$/)
  .brand<"KeyId">();
export type KeyId = z.infer<typeof KeyId>;
const permitIdPattern = /^permit_[0-9a-f]{16}$/;
export const PermitId = z.string().regex(permitIdPattern).brand<"PermitId">();
export type PermitId = z.infer<typeof PermitId>;

export function isPermitId(text: string | null): text is PermitId {
  return text !== null && permitIdPattern.test(text);
}
export const RunId = z
  .string()
  .regex(/^run_[0-9a-f]{16}$/)
  .brand<"RunId">();
export type RunId = z.infer<typeof RunId>;
export const ProposalId = z
  .string()
  .regex(/^prop_[0-9a-f]{16}$/)
  .brand<"ProposalId">();
export type ProposalId = z.infer<typeof ProposalId>;
export const CertificateId = z
  .string()
  .regex(/^cert_[0-9a-f]{16}$/)
  .brand<"CertificateId">();
export type CertificateId = z.infer<typeof CertificateId>;
export const HoldId = z
  .string()
  .regex(/^hold_[0-9a-f]{16}$/)
  .brand<"HoldId">();
export type HoldId = z.infer<typeof HoldId>;
/** Of a sign-in to the console; it says nothing of the secret that the browser holds. */
export const SessionId = z
  .string()
  .regex(/^session_[0-9a-f]{16}$/)
  .brand<"SessionId">();
export type SessionId = z.infer<typeof SessionId>;
/** Of a break-glass. */
export const GlassId = z
  .string()
  .regex(/^glass_[0-9a-f]{16}$/)
  .brand<"GlassId">();
export type GlassId = z.infer<typeof GlassId>;
export const IncidentId = z
  .string()
  .regex(/^inc_[0-9a-f]{16}$/)
  .brand<"IncidentId">();
export type IncidentId = z.infer<typeof IncidentId>;
export const ReviewId = z
  .string()
  .regex(/^review_[0-9a-f]{16}$/)
  .brand<"ReviewId">();
export type ReviewId = z.infer<typeof ReviewId>;
const receiptIdPattern = /^rcpt_[0-9a-f]{24}$/;
export const ReceiptId = z.string().regex(receiptIdPattern).brand<"ReceiptId">();
export type ReceiptId = z.infer<typeof ReceiptId>;

/** As `ReceiptId.parse`, for the path that every request takes. */
export function toReceiptId(text: string): ReceiptId {
  return isReceiptId(text) ? text : ReceiptId.parse(text);
}

function isReceiptId(text: string): text is ReceiptId {
  return receiptIdPattern.test(text);
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** The public name of a model, organisation, suite, policy or safeguards document. */
export const Name = z
  .string()
  .regex(namePattern, "a name is 1 to 63 of a-z 0-9 . _ -, starting with a letter or digit")
  .brand<"Name">();
export type Name = z.infer<typeof Name>;

/** Whether `Name` would take it, for the path that every request takes. */
export function isName(text: string): text is Name {
  return namePattern.test(text);
}

/** A moment, as milliseconds since 1970-01-01T00:00:00Z. Documents and statements carry it as RFC 3339 text in UTC. */
export const Instant = z.number().int().nonnegative().brand<"Instant">();
export type Instant = z.infer<typeof Instant>;

/** As `Instant.parse`, for the path that every request takes: a clock's word is looked at several times in each. */
export function toInstant(value: number): Instant {
  return isInstant(value) ? value : Instant.parse(value);
}

function isInstant(value: number): value is Instant {
  return Number.isSafeInteger(value) && value >= 0;
}

/** RFC 3339 text in UTC with milliseconds, parsed to an Instant. */
export const Timestamp = z.iso
  .datetime({ precision: 3 })
  .refine((text) => Number.isFinite(Date.parse(text)), "not a date");
export type Timestamp = z.infer<typeof Timestamp>;

export function instantOf(timestamp: Timestamp): Instant {
  const known = instants.get(timestamp);
  if (known !== undefined) return known;
  const instant = toInstant(Date.parse(timestamp));
  if (instants.size >= instantsMax) instants.clear();
  instants.set(timestamp, instant);
  return instant;
}

/** Moments of certificates, grants and keys, which every request is compared with. */
const instants = new Map<string, Instant>();
const instantsMax = 4_096;

export function timestampOf(instant: Instant): Timestamp {
  return new Date(instant).toISOString();
}
