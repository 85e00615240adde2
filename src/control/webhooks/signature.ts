// How a message is signed, as the Standard Webhooks specification says (standardwebhooks.com, symmetric signatures, `v1`): an
// HMAC-SHA256 over id, time and body, in a header, so that whoever shares the secret knows who sent it and that it is not old.
import { createHmac } from "node:crypto";
import { fromBase64, toBase64 } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";

const prefix = "whsec_";

/** What the specification allows, in bytes. */
const keyBytesMin = 24;
const keyBytesMax = 64;

/** The key of a secret as it is written, `whsec_` and standard base64. The message of a failure never holds it. */
export function webhookKey(secret: string, name: string): Uint8Array {
  const key = secret.startsWith(prefix) ? fromBase64(secret.slice(prefix.length)) : undefined;
  if (key !== undefined && key.length >= keyBytesMin && key.length <= keyBytesMax) return key;
  throw new Failure(
    "configuration_invalid",
    `The secret of the webhook endpoint ${name} has to be whsec_ and the base64 of ${keyBytesMin} to ${keyBytesMax} random bytes.`,
  );
}

export interface SignedMessage {
  readonly id: string;
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly payload: string;
}

/** The three headers of a message; one signature a key, so that a secret can be changed without a gap. */
export function webhookHeaders(
  { id, seconds, payload }: SignedMessage,
  keys: readonly Uint8Array[],
): readonly string[] {
  const text = `${id}.${seconds}.${payload}`;
  const signatures = keys.map((key) => `v1,${toBase64(createHmac("sha256", key).update(text).digest())}`);
  return ["webhook-id", id, "webhook-timestamp", String(seconds), "webhook-signature", signatures.join(" ")];
}
