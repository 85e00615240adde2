// Base64, hex and UTF-8, strict and without Node: whatever decodes here re-encodes to the very same text, so that no two
// spellings of one thing exist (RFC 4648 section 3.5). Decoders answer undefined; the caller knows which code to fail with.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const invalid = 255;
const base64Values = new Uint8Array(128).fill(invalid);
for (let value = 0; value < alphabet.length; value++) base64Values[alphabet.charCodeAt(value)] = value;

const hexPairs = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, "0"));
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Two characters for each twelve bits. */
const base64Pairs = Array.from({ length: 4_096 }, (_, bits) => alphabet.charAt(bits >> 6) + alphabet.charAt(bits & 63));
const base64UrlPairs = base64Pairs.map((pair) => pair.replaceAll("+", "-").replaceAll("/", "_"));

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  if (nativeBase64 !== undefined) return nativeBase64.write(bytes);
  const text = inPairs(bytes, base64Pairs);
  return text + "=".repeat((4 - (text.length % 4)) % 4);
}

/** Node's own, ten times as fast, where this runs in Node. Its reader takes anything, so what it read is written again. */
const nativeBase64 =
  "Buffer" in globalThis
    ? {
        write: (bytes: Uint8Array): string =>
          Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64"),
        read: (text: string): Uint8Array | undefined => {
          const read = Buffer.from(text, "base64");
          return read.toString("base64") === text ? new Uint8Array(read) : undefined;
        },
      }
    : undefined;

/** Base64 for addresses and headers (RFC 4648 section 5), without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return nativeBase64Url === undefined ? inPairs(bytes, base64UrlPairs) : nativeBase64Url(bytes);
}

/** Of a text's UTF-8. */
export function textToBase64Url(text: string): string {
  return nativeTextToBase64Url === undefined ? toBase64Url(toUtf8(text)) : nativeTextToBase64Url(text);
}

/** The bytes of base64 for addresses without padding, or undefined for any other spelling. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (nativeFromBase64Url !== undefined) return nativeFromBase64Url(text);
  if (/[+/=]/.test(text)) return undefined;
  const padding = "=".repeat((4 - (text.length % 4)) % 4);
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/") + padding);
}

const nativeFromBase64Url =
  "Buffer" in globalThis
    ? (text: string): Uint8Array | undefined => {
        const read = Buffer.from(text, "base64url");
        return read.toString("base64url") === text ? new Uint8Array(read) : undefined;
      }
    : undefined;

const nativeTextToBase64Url =
  "Buffer" in globalThis ? (text: string): string => Buffer.from(text).toString("base64url") : undefined;

/** Node's own writer, ten times as fast, where this runs in Node. */
const nativeBase64Url =
  "Buffer" in globalThis
    ? (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url")
    : undefined;

function inPairs(bytes: Uint8Array, pairs: readonly string[]): string {
  let text = "";
  const whole = bytes.length - (bytes.length % 3);
  for (let at = 0; at < whole; at += 3) {
    const group = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
    text += pairAt(pairs, group >> 12) + pairAt(pairs, group & 4_095);
  }
  const left = bytes.length - whole;
  if (left === 0) return text;
  const group = (byteAt(bytes, whole) << 16) | (byteAt(bytes, whole + 1) << 8);
  return text + (pairAt(pairs, group >> 12) + pairAt(pairs, group & 4_095)).slice(0, left + 1);
}

function pairAt(pairs: readonly string[], at: number): string {
  return pairs[at] ?? "";
}

/** The bytes of standard, padded base64, or undefined for any other spelling. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (nativeBase64 !== undefined) return nativeBase64.read(text);
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let at = 0; at < text.length; at += 4) {
    const skipped = at + 4 === text.length ? padding : 0;
    const group = groupAt(text, at, skipped);
    if (group < 0) return undefined;
    writeGroup(bytes, (at / 4) * 3, group);
  }
  return bytes;
}

/** 24 bits out of four characters, the last `padded` of which are "="; negative when a character or a spare bit is wrong. */
function groupAt(text: string, at: number, padded: number): number {
  let group = 0;
  for (let i = 0; i < 4; i++) {
    const value = i >= 4 - padded ? 0 : (base64Values[text.charCodeAt(at + i)] ?? invalid);
    if (value === invalid) return -1;
    group = (group << 6) | value;
  }
  const spare = padded === 2 ? 0xffff : padded === 1 ? 0xff : 0;
  return (group & spare) === 0 ? group : -1;
}

function writeGroup(bytes: Uint8Array, at: number, group: number): void {
  // Writes past the end of a typed array are ignored, which is what the padding asks for.
  bytes[at] = group >> 16;
  bytes[at + 1] = (group >> 8) & 255;
  bytes[at + 2] = group & 255;
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  if (nativeHex !== undefined) return nativeHex(bytes);
  let text = "";
  for (const byte of bytes) text += hexPairs[byte];
  return text;
}

const nativeHex =
  "Buffer" in globalThis
    ? (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")
    : undefined;

/** The bytes of lower-case hex, or undefined. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}

export function toUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of well-formed UTF-8 (a byte order mark is kept as the character it is), or undefined. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Plain comparison, for public values: it takes no care to hide where two secrets differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
