// Bytes inside JSON, base64 in the message and bytes for whoever reads or writes it; and JSON as the bytes that came.
import { z } from "zod";
import { fromBase64, fromUtf8, toBase64 } from "../proof/encoding.ts";

/** Parses base64 to bytes; `z.encode` makes it again. */
export const base64Bytes = z.codec(z.string(), z.instanceof(Uint8Array<ArrayBuffer>), {
  decode: (text, context) => {
    const bytes = fromBase64(text);
    if (bytes !== undefined) return new Uint8Array(bytes);
    context.issues.push({ code: "custom", message: "Not base64.", input: text });
    return z.NEVER;
  },
  encode: (bytes) => toBase64(bytes),
});

/** Undefined for what is no JSON. */
export function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}
