// A file that a person picked, as the importers read one: in pieces, its digest first. Packed parts are unpacked by the browser itself,
// as they are asked for, so that a part that unpacks to more than it says is given up where it does.
import { crc32Of } from "../../../../src/evidence/import/crc32.ts";
import { type Source, pieceBytes } from "../../../../src/evidence/import/source.ts";
import { unpackZstd } from "../../../../src/evidence/import/zstd.ts";
import { toHex } from "../../../../src/proof/encoding.ts";
import { Failure } from "../../../../src/terms/failure.ts";
import { Digest } from "../../../../src/terms/ids.ts";

/** Bytes of a report that is read in a browser: it is hashed as a whole. The command line reads larger ones. */
const reportBytesMax = 512 * 1024 * 1024;

/** Fails with request_invalid where it is too large. */
export function pickedFile(file: File): Source {
  const { name, size, lastModified } = file;
  if (size > reportBytesMax)
    throw new Failure(
      "request_invalid",
      `${name} is larger than ${reportBytesMax} bytes, which is as much as a browser reads. Import it with headgate eval import.`,
    );
  const read = async (at: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(await file.slice(at, at + length).arrayBuffer());
    if (bytes.length === length) return bytes;
    throw new Failure("request_invalid", `${name} ends before it should. Is the file whole?`);
  };
  async function* stream(start = 0, end = size): AsyncGenerator<Uint8Array, void> {
    for (let at = start; at < end; at += pieceBytes) yield await read(at, Math.min(pieceBytes, end - at));
  }
  return {
    path: name,
    size,
    read,
    stream,
    digest: async () =>
      Digest.parse(`sha256:${toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())))}`),
    checkUnchanged: async () => {
      // A browser refuses to read a file that was written to since it was picked.
      if (file.size !== size || file.lastModified !== lastModified)
        throw new Failure("request_invalid", `${name} was written to while it was read. Pick it again.`);
      await read(0, Math.min(1, size));
    },
    close: async () => undefined,
    unpacking: { inflate: inflated, zstd: unpackZstd, crc32: crc32Of },
  };
}

async function* inflated(packed: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  const source = new ReadableStream<BufferSource>({
    pull: async (controller) => {
      const piece = await packed.next();
      if (piece.done === true) controller.close();
      else controller.enqueue(piece.value.slice());
    },
  });
  const reader = source.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
