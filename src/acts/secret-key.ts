// The secret a caller of the data plane holds: `hg_`, 256 random bits in base64url, and six characters of checksum, so
// that a mistyped or cut key is told apart from an unknown one, and scanners of leaked keys can be sure. A demo's keys
// begin with `hg_demo_`. Only the SHA-256 of the whole text ever leaves this machine.
import { digestOf } from "../proof/digest.ts";
import { toBase64, toUtf8 } from "../proof/encoding.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Digest } from "../terms/ids.ts";

export const secretBytes = 32;
const checksumChars = 6;
const endingChars = 4;

export interface SecretKey {
  readonly secret: string;
  readonly hash: Digest;
}

/** `random` holds 32 random bytes. */
export function secretKeyOf(random: Uint8Array, demo: boolean, hasher: Hasher): SecretKey {
  const body = (demo ? "hg_demo_" : "hg_") + base64Url(random);
  const secret = body + checksum(body, hasher);
  return { secret, hash: digestOf(toUtf8(secret), hasher) };
}

/** What people see of a secret in lists: the end of its checksum. */
export function secretEnding(secret: string): string {
  return secret.slice(-endingChars);
}

/** Whether the text has the form of a key and its checksum is right. Says nothing of whether anyone knows it. */
export function isSecretKey(text: string, hasher: Hasher): boolean {
  if (!/^hg_(demo_)?[A-Za-z0-9_-]{49}$/.test(text)) return false;
  const body = text.slice(0, -checksumChars);
  return checksum(body, hasher) === text.slice(-checksumChars);
}

function checksum(body: string, hasher: Hasher): string {
  return base64Url(hasher.sha256(toUtf8(body))).slice(0, checksumChars);
}

function base64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
