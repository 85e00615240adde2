// DSSE 1.0.2 envelopes (github.com/secure-systems-lab/dsse, protocol.md) with Ed25519 keys. `keyid` is the raw public key in
// standard base64, so that an envelope can be checked with no state at all. Stricter than DSSE asks: every signature must
// verify (a bad one poisons the envelope), keys are distinct and sorted, and the bytes are canonical JSON, so that one set of
// signatures over one payload has exactly one spelling and one digest.
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { PublicKey } from "../terms/ids.ts";
import { canonicalBytes, isCanonical, parseJson } from "./canonical.ts";
import { rawPublicKey } from "./digest.ts";
import { concatBytes, fromBase64, toBase64, toUtf8 } from "./encoding.ts";
import { signatureBytes, type Primitives, type Signer } from "./primitives.ts";

export const envelopeBytesMax = 65_536;
const envelopeSignaturesMax = 16;

const EnvelopeSignature = z.strictObject({ keyid: PublicKey, sig: z.string().length(88) });

export const Envelope = z.strictObject({
  payload: z.string().max(envelopeBytesMax),
  payloadType: z.string().min(1).max(256),
  signatures: z.array(EnvelopeSignature).min(1).max(envelopeSignaturesMax).readonly(),
});
export type Envelope = z.infer<typeof Envelope>;

export interface OpenedEnvelope {
  /** The very bytes that were signed. Parse these once, and nothing else. */
  readonly payload: Uint8Array;
  readonly payloadType: string;
  /** Distinct, in the order of their text. */
  readonly signers: readonly PublicKey[];
}

/** What is signed: DSSE's pre-authentication encoding. Lengths count bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = toUtf8(payloadType);
  return concatBytes([toUtf8(`DSSEv1 ${type.length} `), type, toUtf8(` ${payload.length} `), payload]);
}

/** Signed by all of `signers`, in canonical order. */
export async function signEnvelope(
  payload: Uint8Array,
  payloadType: string,
  signers: readonly Signer[],
): Promise<Envelope> {
  const message = preAuthEncoding(payloadType, payload);
  const signatures = await Promise.all(signers.map(async (signer) => signatureBy(signer, message)));
  return ordered({ payload: toBase64(payload), payloadType, signatures });
}

/** The same envelope with one signature more. Fails with conflict where this key has signed already. */
export async function addSignature(envelope: Envelope, signer: Signer): Promise<Envelope> {
  if (envelope.signatures.some((signature) => signature.keyid === signer.publicKey)) {
    throw new Failure("conflict", "This key has signed already.");
  }
  const message = preAuthEncoding(envelope.payloadType, decodePayload(envelope.payload));
  return ordered({ ...envelope, signatures: [...envelope.signatures, await signatureBy(signer, message)] });
}

/** The canonical bytes, which the envelope digest is over. */
export function envelopeBytes(envelope: Envelope): Uint8Array {
  return canonicalBytes(ordered(envelope));
}

/** Fails with statement_invalid unless the bytes are the canonical bytes of an envelope. Checks no signature. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const value = parseJson(bytes, { bytesMax: envelopeBytesMax, depthMax: 3, code: "statement_invalid" });
  const envelope = wellFormed(value);
  if (!isCanonical(bytes, envelope)) {
    throw new Failure("statement_invalid", "The envelope is not canonical JSON with its signatures in order.");
  }
  return envelope;
}

/**
 * Payload and signers of an envelope, every signature checked. Fails with statement_invalid on its form and with
 * signature_invalid when any signature does not fit.
 */
export async function openEnvelope(input: Uint8Array | Envelope, primitives: Primitives): Promise<OpenedEnvelope> {
  const envelope = input instanceof Uint8Array ? parseEnvelope(input) : wellFormed(input);
  const payload = decodePayload(envelope.payload);
  const message = preAuthEncoding(envelope.payloadType, payload);
  const fits = await Promise.all(
    envelope.signatures.map(async ({ keyid, sig }) =>
      primitives.verify(rawPublicKey(keyid), message, decodeSignature(sig)),
    ),
  );
  if (!fits.every(Boolean)) throw new Failure("signature_invalid", "A signature does not fit what it is said to sign.");
  return { payload, payloadType: envelope.payloadType, signers: envelope.signatures.map(({ keyid }) => keyid) };
}

/** An envelope of the right form whose signatures are distinct and in order. */
function wellFormed(value: unknown): Envelope {
  const parsed = Envelope.safeParse(value);
  if (!parsed.success)
    throw new Failure("statement_invalid", "This is not a signed envelope.", { cause: parsed.error });
  const keys = parsed.data.signatures.map(({ keyid }) => keyid);
  if (keys.some((key, at) => at > 0 && compareText(keys[at - 1] ?? "", key) >= 0)) {
    throw new Failure("statement_invalid", "The signatures of an envelope are sorted by key, each key once.");
  }
  return parsed.data;
}

async function signatureBy(signer: Signer, message: Uint8Array): Promise<Envelope["signatures"][number]> {
  return { keyid: signer.publicKey, sig: toBase64(await signer.sign(message)) };
}

function ordered(envelope: Envelope): Envelope {
  return { ...envelope, signatures: envelope.signatures.toSorted((a, b) => compareText(a.keyid, b.keyid)) };
}

/** By UTF-16 code units, never by locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function decodePayload(text: string): Uint8Array {
  const payload = fromBase64(text);
  if (payload === undefined) throw new Failure("statement_invalid", "The payload is not standard base64.");
  return payload;
}

function decodeSignature(text: string): Uint8Array {
  const signature = fromBase64(text);
  if (signature?.length !== signatureBytes) {
    throw new Failure("statement_invalid", "A signature is the standard base64 of 64 bytes.");
  }
  return signature;
}
