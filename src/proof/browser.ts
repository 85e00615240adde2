// The primitives where there is no Node: SHA-256 written out (FIPS 180-4, section 6.2), because WebCrypto's does not answer at
// once and the fold does not wait, and Ed25519 by WebCrypto. Where a browser has no Ed25519, nothing verifies.
import { isStrongPublicKey } from "./ed25519.ts";
import { type Primitives, hashBytes, signatureBytes } from "./primitives.ts";

export const browserPrimitives: Primitives = {
  sha256,
  verify: async (key, message, signature) => {
    if (signature.length !== signatureBytes || !isStrongPublicKey(key)) return false;
    const known = await keyOf(key);
    return known !== undefined && crypto.subtle.verify("Ed25519", known, signature.slice(), message.slice());
  },
};

/** Whether WebCrypto here checks Ed25519: browsers since 2023 to 2025 do. By RFC 8032, section 7.1, test 1. */
export async function hasEd25519(): Promise<boolean> {
  try {
    return await browserPrimitives.verify(bytesOfHex(known.key), new Uint8Array(0), bytesOfHex(known.signature));
  } catch {
    return false;
  }
}

const known = {
  key: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  signature:
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
} as const;

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

type VerifyingKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const keys = new Map<string, VerifyingKey>();
const keysMax = 256;

/** Undefined for what is no point of the curve. */
async function keyOf(key: Uint8Array): Promise<VerifyingKey | undefined> {
  const name = key.join();
  const before = keys.get(name);
  if (before !== undefined) return before;
  const made = await importKey(key);
  if (keys.size >= keysMax) keys.clear();
  if (made !== undefined) keys.set(name, made);
  return made;
}

async function importKey(key: Uint8Array): Promise<VerifyingKey | undefined> {
  try {
    return await crypto.subtle.importKey("raw", key.slice(), "Ed25519", false, ["verify"]);
  } catch {
    return undefined;
  }
}

const blockBytes = 64;
const rounds = 64;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes, and of the square roots of the first eight. */
const cubeRoots = new Uint32Array(rounds);
const squareRoots = new Uint32Array(8);
for (let candidate = 2, found = 0; found < rounds; candidate += 1) {
  if (!isPrime(candidate)) continue;
  cubeRoots[found] = fraction(Math.cbrt(candidate));
  if (found < squareRoots.length) squareRoots[found] = fraction(Math.sqrt(candidate));
  found += 1;
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) return false;
  return true;
}

function fraction(root: number): number {
  return ((root - Math.floor(root)) * 2 ** 32) | 0;
}

function sha256(bytes: Uint8Array): Uint8Array {
  const state = squareRoots.slice();
  const words = new Uint32Array(rounds);
  const whole = bytes.length - (bytes.length % blockBytes);
  const body = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < whole; at += blockBytes) compress(state, words, { view: body, at });
  const rest = bytes.subarray(whole);
  const end = new Uint8Array(rest.length < blockBytes - 8 ? blockBytes : 2 * blockBytes);
  end.set(rest);
  end[rest.length] = 0x80;
  const tail = new DataView(end.buffer);
  tail.setUint32(end.length - 8, Math.floor(bytes.length / 2 ** 29));
  tail.setUint32(end.length - 4, (bytes.length << 3) >>> 0);
  for (let at = 0; at < end.length; at += blockBytes) compress(state, words, { view: tail, at });
  const hash = new Uint8Array(hashBytes);
  const out = new DataView(hash.buffer);
  for (const [at, word] of state.entries()) out.setUint32(4 * at, word);
  return hash;
}

interface Block {
  readonly view: DataView;
  readonly at: number;
}

function schedule(w: Uint32Array, { view, at }: Block): void {
  for (let t = 0; t < 16; t += 1) w[t] = view.getUint32(at + 4 * t);
  for (let t = 16; t < rounds; t += 1) {
    const [early, late] = [w[t - 15] ?? 0, w[t - 2] ?? 0];
    const first = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const second = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    w[t] = (w[t - 16] ?? 0) + first + (w[t - 7] ?? 0) + second;
  }
}

// oxlint-disable-next-line complexity -- it branches once; what is counted are defaults for words that are always there
function compress(state: Uint32Array, w: Uint32Array, block: Block): void {
  schedule(w, block);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let t = 0; t < rounds; t += 1) {
    const choice = (e & f) ^ (~e & g);
    const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + choice + (cubeRoots[t] ?? 0) + (w[t] ?? 0)) | 0;
    const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) state[index] = (state[index] ?? 0) + word;
}

function turned(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}
