// Which Ed25519 public keys are fit to be registered or checked against. OpenSSL and browsers accept keys of small order,
// under which one signature fits every message, and encodings with y at or past the field's prime, so one key would have two
// spellings (RFC 8032 section 5.1.3; "Taming the many EdDSAs", 2020). Both are refused here, before any library sees them.
import { toHex } from "./encoding.ts";
import { publicKeyBytes } from "./primitives.ts";

/** y of the eight points of small order, little-endian, sign bit cleared: 0, 1, -1 and the two of order eight. */
const smallOrderY = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/** 2^255 - 19, big-endian hex. */
const prime = `7f${"ff".repeat(30)}ed`;

/** Whether the encoding is canonical and not of small order. Says nothing about being on the curve: verification does. */
export function isStrongPublicKey(key: Uint8Array): boolean {
  if (key.length !== publicKeyBytes) return false;
  const y = key.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  const isCanonical = toHex(y.toReversed()) < prime;
  return isCanonical && !smallOrderY.has(toHex(y));
}
