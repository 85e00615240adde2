// The primitives bound to node:crypto. The only file of this folder that knows Node; a browser has its own such file.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  randomBytes as nodeRandomBytes,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { Failure } from "../terms/failure.ts";
import { PublicKey } from "../terms/ids.ts";
import { assert } from "./assert.ts";
import { isStrongPublicKey } from "./ed25519.ts";
import { concatBytes, fromBase64, toBase64, toHex } from "./encoding.ts";
import { hashBytes, signatureBytes, type Primitives, type Signer } from "./primitives.ts";

export const nodePrimitives: Primitives = {
  sha256: (bytes) => bytesOf(hash("sha256", bytes, "binary")),
  sha256OfText: (text) => bytesOf(hash("sha256", text, "binary")),
  sha256Hex: (text) => hash("sha256", text, "hex"),
  hashing: () => {
    const hashing = createHash("sha256");
    return { add: (piece) => void hashing.update(piece, "utf8"), hex: () => hashing.digest("hex") };
  },
  verify: async (key, message, signature) => verifyEd25519(key, message, signature),
};

/**
 * The hash, byte by byte: a Buffer that Node makes for one costs several times as much as the hashing. A plain array, never
 * a Buffer, because `slice` of that would share its memory.
 */
function bytesOf(latin1: string): Uint8Array {
  const bytes = new Uint8Array(hashBytes);
  for (let at = 0; at < hashBytes; at += 1) bytes[at] = latin1.charCodeAt(at);
  return bytes;
}

/** A fresh key. The seed is the secret: 32 bytes, standard base64. */
export function newSigner(): { readonly signer: Signer; readonly seed: string } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  return { signer: signerOf(privateKey), seed: toBase64(der.subarray(privateKeyPrefix.length)) };
}

/** Fails with configuration_invalid on anything but the standard base64 of 32 bytes. */
export function signerFromSeed(seed: string): Signer {
  const raw = fromBase64(seed);
  if (raw?.length !== seedBytes) {
    throw new Failure("configuration_invalid", "A private key is kept as its seed: 32 bytes in standard base64.");
  }
  const der = Buffer.from(concatBytes([privateKeyPrefix, raw]));
  return signerOf(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
}

export function randomBytes(count: number): Uint8Array {
  return new Uint8Array(nodeRandomBytes(count));
}

/** `prefix` as in `rcpt_`, then random hex: for the ids of src/terms/ids.ts, whose types parse it. */
export function randomId(prefix: string, hexChars: number): string {
  assert(hexChars % 2 === 0, "an id has an even number of hex digits");
  return prefix + toHex(nodeRandomBytes(hexChars / 2));
}

const seedBytes = 32;
/** DER around a raw Ed25519 key, RFC 8410: the key itself is always the tail. */
const privateKeyPrefix = new Uint8Array([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);
const publicKeyPrefix = new Uint8Array([48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0]);

function signerOf(privateKey: KeyObject): Signer {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return {
    publicKey: PublicKey.parse(toBase64(der.subarray(publicKeyPrefix.length))),
    sign: async (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** Keys that were made lately, by their bytes: to make one costs more than to use it, and few sign much. */
const publicKeys = new Map<string, KeyObject>();
const publicKeysMax = 256;

/** Undefined for a key that no honest signer has. */
function publicKeyFor(key: Uint8Array): KeyObject | undefined {
  const name = toHex(key);
  const known = publicKeys.get(name);
  if (known !== undefined) return known;
  if (!isStrongPublicKey(key)) return undefined;
  const der = Buffer.from(concatBytes([publicKeyPrefix, key]));
  const made = createPublicKey({ key: der, format: "der", type: "spki" });
  if (publicKeys.size >= publicKeysMax) publicKeys.clear();
  publicKeys.set(name, made);
  return made;
}

function verifyEd25519(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== signatureBytes) return false;
  try {
    const known = publicKeyFor(key);
    return known !== undefined && verify(null, message, known, signature);
  } catch {
    // A key that is not on the curve throws or fails, depending on the OpenSSL; both mean no.
    return false;
  }
}
