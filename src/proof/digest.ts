// Digests, in the three spellings they have here: 32 raw bytes, `sha256:` and hex (type Digest), and the commitment to a
// text that may one day be erased. A bare hash of a reason or a name could be guessed; with 32 random bytes of salt it cannot.
import { assert } from "./assert.ts";
import { z } from "zod";
import { Digest, SignerId, type PublicKey, toMadeDigest } from "../terms/ids.ts";
import { Failure } from "../terms/failure.ts";
import { canonicalText } from "./canonical.ts";
import { fromBase64, fromHex, toHex, toUtf8 } from "./encoding.ts";
import { hashBytes, publicKeyBytes, type Hasher } from "./primitives.ts";

const prefix = "sha256:";

export function digestOf(bytes: Uint8Array, hasher: Hasher): Digest {
  return digestOfHash(hasher.sha256(bytes));
}

/** Digest of a text's UTF-8. The text is well-formed: of any other, platforms make different bytes. */
export function digestOfText(text: string, hasher: Hasher): Digest {
  return hasher.sha256Hex === undefined
    ? digestOf(toUtf8(text), hasher)
    : toMadeDigest(prefix + hasher.sha256Hex(text));
}

/** A digest that is made while its text goes by. */
export interface TextDigest {
  /** Each piece is well-formed by itself. */
  readonly add: (piece: string) => void;
  /** Called once, at the end. */
  readonly digest: () => Digest;
}

export function beginDigest(hasher: Hasher): TextDigest {
  if (hasher.hashing === undefined) {
    const pieces: string[] = [];
    return { add: (piece) => pieces.push(piece), digest: () => digestOfText(pieces.join(""), hasher) };
  }
  const hashing = hasher.hashing();
  return { add: hashing.add, digest: () => toMadeDigest(prefix + hashing.hex()) };
}

/** Digest of the canonical JSON of a value. */
export function digestOfValue(value: unknown, hasher: Hasher): Digest {
  return digestOfText(canonicalText(value), hasher);
}

export function digestOfHash(hash: Uint8Array): Digest {
  assert(hash.length === hashBytes, "a SHA-256 hash has 32 bytes");
  return toMadeDigest(prefix + toHex(hash));
}

export function hashOfDigest(digest: Digest): Uint8Array {
  const hash = fromHex(hexOfDigest(digest));
  assert(hash?.length === hashBytes, "a digest was parsed when it came in");
  return hash;
}

/** The 64 hex digits alone, as in-toto subjects write them. */
function hexOfDigest(digest: Digest): string {
  return digest.slice(prefix.length);
}

/** Fails with statement_invalid on anything but 64 lower-case hex digits. */
export function digestOfHex(hex: string): Digest {
  const parsed = Digest.safeParse(prefix + hex);
  if (!parsed.success) throw new Failure("statement_invalid", "A SHA-256 digest is 64 lower-case hex digits.");
  return parsed.data;
}

export function signerIdOf(publicKey: PublicKey, hasher: Hasher): SignerId {
  return SignerId.parse(`signer_${toHex(hasher.sha256(rawPublicKey(publicKey)).slice(0, 16))}`);
}

/** The 32 bytes behind a PublicKey. Fails with signature_invalid where the text is not the strict base64 of 32 bytes. */
export function rawPublicKey(publicKey: PublicKey): Uint8Array {
  const raw = fromBase64(publicKey);
  if (raw?.length !== publicKeyBytes) {
    throw new Failure("signature_invalid", "A public key is the standard base64 of 32 bytes.");
  }
  return raw;
}

const openingTextCharsMax = 8192;

/** What a commitment was made of. Kept beside the ledger; erasing it leaves the commitment and every proof standing. */
export const Opening = z.strictObject({
  /** 32 random bytes, standard base64. */
  salt: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  /** Without a zero character, which PostgreSQL does not keep. */
  text: z
    .string()
    .max(openingTextCharsMax)
    .refine((text) => !text.includes("\0")),
});
export type Opening = z.infer<typeof Opening>;

/** SHA-256 of the canonical JSON `{"salt":…,"text":…}`. */
export function commit(opening: Opening, hasher: Hasher): Digest {
  return digestOfValue({ salt: opening.salt, text: opening.text }, hasher);
}
