// Bytes inside JSON: base64 in the message, bytes for whoever reads or writes it.
import { z } from "zod";
import { fromBase64, toBase64 } from "../proof/encoding.ts";

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
