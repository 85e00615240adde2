// The two primitives everything in this folder rests on, as arguments, so that the same code runs in Node, in a browser
// and in an offline verifier. Hashing is synchronous (the fold is), checking a signature is not (WebCrypto is not).
import type { PublicKey } from "../terms/ids.ts";

/** SHA-256, the one hash of this system. */
export interface Hasher {
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** The same of a text's UTF-8, and that in lower-case hex, where there is a shorter way to it. */
  readonly sha256OfText?: (text: string) => Uint8Array;
  readonly sha256Hex?: (text: string) => string;
  /** The same of a text that comes in pieces and need not be kept, where there is a way. */
  readonly hashing?: () => TextHashing;
}

interface TextHashing {
  readonly add: (piece: string) => void;
  /** Called once, at the end. */
  readonly hex: () => string;
}

export interface Primitives extends Hasher {
  /** Ed25519 over the whole message. False for anything wrong, keys of small order and non-canonical keys included. */
  readonly verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>;
}

/** Whoever holds a private key: a file, an agent, a token, a browser. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** The 64-byte Ed25519 signature of the whole message. */
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
}

export const hashBytes = 32;
export const publicKeyBytes = 32;
export const signatureBytes = 64;
