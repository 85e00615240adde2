// Hybrid Public Key Encryption, RFC 9180: base mode, one message a key, with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and
// ChaCha20Poly1305 (the suite of appendix A.2, whose vectors the test compares). Whoever has the public key can seal; only the
// private key opens. Node's crypto does the work; here is only how it is put together.
import {
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from "node:crypto";
import { concatBytes, toUtf8 } from "../proof/encoding.ts";
import { Failure } from "../terms/failure.ts";

export const keyBytes = 32;
const tagBytes = 16;
const nonceBytes = 12;
const hashBytes = 32;

const kemId = [0x00, 0x20];
const kemSuite = concatBytes([toUtf8("KEM"), new Uint8Array(kemId)]);
/** KEM 0x0020, KDF 0x0001, AEAD 0x0003. */
const suite = concatBytes([toUtf8("HPKE"), new Uint8Array([...kemId, 0x00, 0x01, 0x00, 0x03])]);
const baseMode = new Uint8Array([0]);
const none = new Uint8Array(0);

/** What a message is bound to: it opens under the same two only. */
export interface Bound {
  readonly info: Uint8Array;
  readonly aad: Uint8Array;
}

export interface Sealed {
  /** The sender's one-time public key. */
  readonly enc: Uint8Array;
  /** Ciphertext and tag. */
  readonly text: Uint8Array;
}

/** Seals to a raw public key. `once` is the sender's one-time private key: a fresh one, but in a test against vectors. */
export function seal(
  text: Uint8Array,
  to: Uint8Array,
  { info, aad, once }: Bound & { readonly once?: Uint8Array },
): Sealed {
  const own = once === undefined ? generateKeyPairSync("x25519").privateKey : privateKeyOf(once);
  const enc = publicHalf(own);
  const { key, nonce } = schedule(sharedSecret({ own, other: to, enc, receiver: to }), info);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(aad, { plaintextLength: text.length });
  return { enc, text: concatBytes([cipher.update(text), cipher.final(), cipher.getAuthTag()]) };
}

/** Opens with a raw private key. Fails with proof_invalid where anything is not as it was sealed. */
export function open({ enc, text }: Sealed, key: Uint8Array, { info, aad }: Bound): Uint8Array {
  try {
    if (text.length < tagBytes) throw new Error("shorter than its tag");
    const own = privateKeyOf(key);
    const scheduled = schedule(sharedSecret({ own, other: enc, enc, receiver: publicHalf(own) }), info);
    const end = text.length - tagBytes;
    const decipher = createDecipheriv("chacha20-poly1305", scheduled.key, scheduled.nonce, { authTagLength: tagBytes });
    decipher.setAAD(aad, { plaintextLength: end });
    decipher.setAuthTag(text.subarray(end));
    return concatBytes([decipher.update(text.subarray(0, end)), decipher.final()]);
  } catch (cause) {
    throw new Failure("proof_invalid", "A sealed text does not open: it was changed, or sealed for something else.", {
      cause,
    });
  }
}

/** A fresh private key, raw, and its public half. */
export function newSealingPair(): { readonly key: Uint8Array; readonly publicKey: Uint8Array } {
  const { privateKey } = generateKeyPairSync("x25519");
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  return { key: new Uint8Array(der.subarray(-keyBytes)), publicKey: publicHalf(privateKey) };
}

export function publicKeyOf(key: Uint8Array): Uint8Array {
  return publicHalf(privateKeyOf(key));
}

/** DER around raw X25519 keys, RFC 8410: the key itself is always the tail. */
const privatePrefix = new Uint8Array([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32]);
const publicPrefix = new Uint8Array([48, 42, 48, 5, 6, 3, 43, 101, 110, 3, 33, 0]);

function privateKeyOf(raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.from(concatBytes([privatePrefix, raw])), format: "der", type: "pkcs8" });
}

function publicHalf(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-keyBytes));
}

interface Exchanged {
  readonly own: KeyObject;
  readonly other: Uint8Array;
  readonly enc: Uint8Array;
  readonly receiver: Uint8Array;
}

/** Section 4.1: Encap and Decap. A public key of small order makes a shared secret of zeros, which Node refuses. */
function sharedSecret({ own, other, enc, receiver }: Exchanged): Uint8Array {
  const der = Buffer.from(concatBytes([publicPrefix, other]));
  const publicKey = createPublicKey({ key: der, format: "der", type: "spki" });
  const dh = diffieHellman({ privateKey: own, publicKey });
  const prk = labeledExtract(none, "eae_prk", { suiteId: kemSuite, bytes: dh });
  const context = concatBytes([enc, receiver]);
  return labeledExpand(prk, "shared_secret", { suiteId: kemSuite, bytes: context, length: hashBytes });
}

/** Section 5.1, without a pre-shared key; the first message's nonce is the base nonce. */
function schedule(secret: Uint8Array, info: Uint8Array): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const idHash = labeledExtract(none, "psk_id_hash", { suiteId: suite, bytes: none });
  const infoHash = labeledExtract(none, "info_hash", { suiteId: suite, bytes: info });
  const bytes = concatBytes([baseMode, idHash, infoHash]);
  const prk = labeledExtract(secret, "secret", { suiteId: suite, bytes: none });
  return {
    key: labeledExpand(prk, "key", { suiteId: suite, bytes, length: keyBytes }),
    nonce: labeledExpand(prk, "base_nonce", { suiteId: suite, bytes, length: nonceBytes }),
  };
}

interface Labeled {
  readonly suiteId: Uint8Array;
  readonly bytes: Uint8Array;
}

const version = toUtf8("HPKE-v1");

function labeledExtract(salt: Uint8Array, label: string, { suiteId, bytes }: Labeled): Uint8Array {
  return hmac(salt, concatBytes([version, suiteId, toUtf8(label), bytes]));
}

/** Never more than one block of the hash is asked for. */
function labeledExpand(
  prk: Uint8Array,
  label: string,
  { suiteId, bytes, length }: Labeled & { readonly length: number },
): Uint8Array {
  const info = concatBytes([new Uint8Array([length >> 8, length & 255]), version, suiteId, toUtf8(label), bytes]);
  return hmac(prk, concatBytes([info, new Uint8Array([1])])).slice(0, length);
}

function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(bytes).digest());
}
