// How a run file lies on the disk: each line encrypted by itself (AES-256-GCM) under the run's own key, which lies elsewhere
// and whose destruction erases every copy of the file. A line is bound to its run, to the sitting that wrote it and to its
// place in that sitting, so that none can be changed, left out or moved; nonces are random, as a place may be written
// twice: by one who was cut off, and by the next. The salts of what is sealed come from the key as well, so that texts
// lie in one place and a run that is sealed again is the same.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { canonicalBytes } from "../proof/canonical.ts";
import { fromBase64, toBase64, toUtf8 } from "../proof/encoding.ts";
import { assert } from "../proof/assert.ts";
import type { RunId } from "../terms/ids.ts";

export const runKeyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** Which line it is: the n-th, from 0, of the process that wrote it. */
interface LinePlace {
  readonly sitting: string;
  readonly number: number;
}

export interface RunCipher {
  readonly seal: (text: string, place: LinePlace) => string;
  /** Undefined for anything but what was sealed under this key, at this place. */
  readonly open: (sealed: string, place: LinePlace) => string | undefined;
  /** 32 bytes, base64, for the answer to one try: the same whenever it is asked. */
  readonly salt: (tried: { readonly item: string; readonly attempt: number; readonly number: number }) => string;
}

export function runCipher(key: Uint8Array, run: RunId): RunCipher {
  assert(key.length === runKeyBytes, "a run's key has 32 bytes");
  const [lines, salts] = [derived(key, "headgate run lines v1"), derived(key, "headgate run salts v1")];
  const boundTo = ({ sitting, number }: LinePlace): Uint8Array =>
    canonicalBytes(["headgate run line v1", run, sitting, number]);
  return {
    seal: (text, place) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", lines, nonce, { authTagLength: tagBytes });
      cipher.setAAD(boundTo(place));
      return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString(
        "base64",
      );
    },
    open: (sealed, place) => {
      const bytes = fromBase64(sealed);
      if (bytes === undefined || bytes.length < nonceBytes + tagBytes) return undefined;
      const end = bytes.length - tagBytes;
      try {
        const decipher = createDecipheriv("aes-256-gcm", lines, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes,
        });
        decipher.setAAD(boundTo(place));
        decipher.setAuthTag(bytes.subarray(end));
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, end)), decipher.final()]).toString("utf8");
      } catch {
        // Node says no by throwing; which of key, place and bytes was wrong cannot be told.
        return undefined;
      }
    },
    salt: ({ item, attempt, number }) =>
      toBase64(
        createHmac("sha256", salts)
          .update(canonicalBytes([item, attempt, number]))
          .digest(),
      ),
  };
}

function derived(key: Uint8Array, info: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", key, new Uint8Array(0), toUtf8(info), runKeyBytes));
}
