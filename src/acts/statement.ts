// A statement is an in-toto Statement v1 whose predicate is one act: who may do it and what it changes is decided by
// src/acts/fold.ts. Here only its form: made, signed, opened. Sources: in-toto attestation v1, DSSE 1.0.2, RFC 8785.
import { z } from "zod";
import { canonicalBytes, isCanonical, parseJson } from "../proof/canonical.ts";
import { digestOf, digestOfValue } from "../proof/digest.ts";
import { type Envelope, addSignature, envelopeBytes, openEnvelope, signEnvelope } from "../proof/envelope.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { DeploymentId, Digest, type PublicKey, Timestamp } from "../terms/ids.ts";
import { type BodyOf, type Verb, bodies } from "./bodies.ts";

export const payloadType = "application/vnd.in-toto+json";
export const predicateType = "https://headgate.dev/act/v1";

/** Bytes of an envelope that is read at all; an entry of the ledger never needs more. */
export const envelopeBytesMax = 65_536;

/** The checkpoint its signer last saw: makes every signer a witness of the ledger. */
export const Seen = z.strictObject({ size: z.number().int().nonnegative(), root: Digest });
export type Seen = z.infer<typeof Seen>;

const Frame = z.strictObject({
  _type: z.literal("https://in-toto.io/Statement/v1"),
  subject: z.tuple([z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: z.string() }) })]),
  predicateType: z.literal(predicateType),
  predicate: z.strictObject({
    deployment: DeploymentId,
    verb: z.string(),
    body: z.unknown(),
    nonce: z.string().regex(/^[0-9a-f]{32}$/),
    at: Timestamp,
    seen: Seen.nullable(),
  }),
});

interface Predicate<V extends Verb> {
  readonly deployment: DeploymentId;
  readonly verb: V;
  readonly body: BodyOf<V>;
  readonly nonce: string;
  readonly at: Timestamp;
  readonly seen: Seen | null;
}

type PredicateOf<V extends Verb> = { readonly [K in V]: Predicate<K> }[V];
export type AnyPredicate = PredicateOf<Verb>;

/** An opened statement: every signature on it was checked. Whether its signers may do this is not decided yet. */
export interface Act<V extends Verb = Verb> {
  /** SHA-256 of the payload: names the act, whoever signed it. */
  readonly digest: Digest;
  /** SHA-256 of the canonical body, as the statement's subject states it: a proposal and its certificate share it. */
  readonly body: Digest;
  /** SHA-256 of the canonical envelope: what the ledger leaf names. */
  readonly envelope: Digest;
  readonly signers: readonly PublicKey[];
  readonly predicate: PredicateOf<V>;
}

export interface Draft<V extends Verb> {
  readonly deployment: DeploymentId;
  readonly verb: V;
  readonly body: BodyOf<V>;
  /** 32 hex digits of fresh randomness. */
  readonly nonce: string;
  readonly at: Timestamp;
  readonly seen: Seen | null;
}

/** Makes and signs a statement; the result is the canonical envelope. */
export async function signStatement<V extends Verb>(
  draft: Draft<V>,
  signers: readonly Signer[],
  primitives: Primitives,
): Promise<Uint8Array> {
  const { deployment, verb, body, nonce, at, seen } = draft;
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: verb, digest: { sha256: digestOfValue(body, primitives).slice("sha256:".length) } }],
    predicateType,
    predicate: { deployment, verb, body, nonce, at, seen },
  };
  const envelope = await signEnvelope(canonicalBytes(statement), payloadType, signers);
  return envelopeBytes(envelope);
}

/** Adds a signature to a statement that others began; the payload stays as it is. */
export async function cosignStatement(envelope: Envelope, signer: Signer): Promise<Uint8Array> {
  return envelopeBytes(await addSignature(envelope, signer));
}

/**
 * Checks every signature and the form of a statement.
 * Fails with `signature_invalid` or `statement_invalid`; nothing of an envelope that fails is used.
 */
export async function openStatement(bytes: Uint8Array, primitives: Primitives): Promise<Act> {
  if (bytes.length > envelopeBytesMax) {
    throw new Failure(
      "statement_invalid",
      `A statement is at most ${envelopeBytesMax} bytes; this one has ${bytes.length}.`,
    );
  }
  const opened = await openEnvelope(bytes, primitives);
  if (opened.payloadType !== payloadType) {
    throw new Failure("statement_invalid", `A statement's payload type is ${payloadType}.`);
  }
  const predicate = parsePredicate(opened.payload, primitives);
  return {
    digest: digestOf(opened.payload, primitives),
    body: digestOfValue(predicate.body, primitives),
    envelope: digestOf(bytes, primitives),
    signers: opened.signers,
    predicate,
  };
}

function parsePredicate(payload: Uint8Array, primitives: Primitives): AnyPredicate {
  const value = parseJson(payload, { bytesMax: envelopeBytesMax, depthMax: 16, code: "statement_invalid" });
  const frame = Frame.safeParse(value);
  if (!frame.success) throw malformed(frame.error);
  // One statement has one spelling, so that the digest of its bytes is the digest of what it says.
  if (!isCanonical(payload, value)) throw new Failure("statement_invalid", "The statement is not canonical JSON.");
  const { predicate, subject } = frame.data;
  const named = subject[0];
  if (named.name !== predicate.verb || `sha256:${named.digest.sha256}` !== digestOfValue(predicate.body, primitives)) {
    throw new Failure("statement_invalid", "The statement's subject does not name its own verb and body.");
  }
  const parsed = AnyPredicate.safeParse(predicate);
  if (!parsed.success) throw malformed(parsed.error);
  return parsed.data;
}

function malformed(error: z.ZodError): Failure {
  const issue = error.issues[0];
  const where = issue === undefined ? "" : ` (${issue.path.join(".")}: ${issue.message})`;
  return new Failure("statement_invalid", `This is not a statement Headgate knows${where}.`, { cause: error });
}

function predicateOf<V extends Verb>(
  verb: V,
): z.ZodObject<{ body: (typeof bodies)[V]; verb: z.ZodLiteral<V> } & typeof common> {
  return z.strictObject({ ...common, verb: z.literal(verb), body: bodies[verb] });
}

const common = {
  deployment: DeploymentId,
  nonce: z.string(),
  at: Timestamp,
  seen: Seen.nullable(),
};

const AnyPredicate = z.discriminatedUnion("verb", [
  predicateOf("root"),
  predicateOf("invite"),
  predicateOf("admit"),
  predicateOf("suspend"),
  predicateOf("organisation"),
  predicateOf("key"),
  predicateOf("document"),
  predicateOf("mandate"),
  predicateOf("permit"),
  predicateOf("evidence"),
  predicateOf("proposal"),
  predicateOf("sign-off"),
  predicateOf("certificate"),
  predicateOf("hold"),
  predicateOf("restriction"),
  predicateOf("break-glass"),
  predicateOf("widen"),
  predicateOf("narrow"),
  predicateOf("lapse"),
  predicateOf("fact"),
  predicateOf("withdrawal"),
  predicateOf("receipts"),
  predicateOf("lost"),
  predicateOf("reading"),
  predicateOf("review"),
]);
