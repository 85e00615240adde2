// A report in a file on a disk. A file that changed in between is another file than the one that was signed for, so that is
// looked at last.
import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { constants, crc32, createInflateRaw, createZstdDecompress } from "node:zlib";
import { Failure } from "../../terms/failure.ts";
import { Digest } from "../../terms/ids.ts";
import { type Source, type Unpacking, pieceBytes } from "./source.ts";

/** Opens a file of at most `bytesMax`. Fails with request_invalid. */
export async function openSource(path: string, bytesMax: number): Promise<Source> {
  const file = await opened(path);
  try {
    return await sourceOf(file, path, bytesMax);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    throw new Failure("request_invalid", `There is no file ${path}, or it cannot be read.`, { cause });
  }
}

async function sourceOf(file: FileHandle, path: string, bytesMax: number): Promise<Source> {
  const before = await file.stat();
  const { size } = before;
  if (!before.isFile()) throw new Failure("request_invalid", `${path} is not a file.`);
  if (size > bytesMax) throw new Failure("request_invalid", `${path} is larger than ${bytesMax} bytes.`);
  const read = async (at: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, at);
    if (bytesRead === length) return bytes;
    throw new Failure("request_invalid", `${path} ends before it should. Is the file whole?`);
  };
  async function* stream(start = 0, end = size): AsyncGenerator<Buffer, void> {
    for (let at = start; at < end; at += pieceBytes) yield await read(at, Math.min(pieceBytes, end - at));
  }
  return {
    path,
    size,
    read,
    stream,
    digest: async () => {
      const hash = createHash("sha256");
      for await (const piece of stream()) hash.update(piece);
      return Digest.parse(`sha256:${hash.digest("hex")}`);
    },
    checkUnchanged: async () => {
      const after = await file.stat();
      if (after.size === size && after.mtimeMs === before.mtimeMs) return;
      throw new Failure("request_invalid", `${path} was written to while it was read. Import it again.`);
    },
    close: async () => file.close(),
    unpacking,
  };
}

/** As much of what went before as a zstd frame may look back on: 64 MiB. */
const zstdWindowLogMax = 26;

const unpacking: Unpacking = {
  inflate: (packed) => piped(packed, createInflateRaw()),
  zstd: (packed) => {
    const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
    return piped(packed, createZstdDecompress({ params }));
  },
  crc32,
};

/** Whoever stops reading ends the unpacking too. */
async function* piped(
  from: AsyncGenerator<Uint8Array, void>,
  through: ReturnType<typeof createInflateRaw> | ReturnType<typeof createZstdDecompress>,
): AsyncGenerator<Uint8Array, void> {
  const packed = Readable.from(from);
  // What breaks below ends what is read above; `pipe` alone does not say so.
  packed.once("error", (error) => through.destroy(error));
  packed.pipe(through);
  const parts: AsyncIterable<unknown> = through;
  try {
    for await (const part of parts) if (part instanceof Uint8Array) yield part;
  } finally {
    packed.destroy();
    through.destroy();
  }
}
