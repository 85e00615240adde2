// A ZIP archive of JSON, of which only the entries that are wanted are listed, and each is unpacked as it is read: stored,
// deflate, and zstd (method 93, which the ZIP reader does not know) with several frames an entry. Node's zstd stops in
// silence after the first frame, which would cut a log short, so the frames are walked here (RFC 8878 section 3.1.1);
// size and CRC-32 of every entry are checked besides.
import { Readable } from "node:stream";
import { constants, crc32, createInflateRaw, createZstdDecompress } from "node:zlib";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { Failure } from "../../terms/failure.ts";
import type { Source } from "./source.ts";

/** Bytes that all entries that are read may unpack to, and how many are listed. */
const unpackedBytesMax = 32 * 1024 * 1024 * 1024;
const listedMax = 300_000;
/** What unpacks to so much, and to so many times what it takes packed, is no log but a bomb. */
const suspectBytes = 64 * 1024 * 1024;
const suspectRatio = 2000;
/** As much of what went before as a zstd frame may look back on: 64 MiB. */
const zstdWindowLogMax = 26;

export interface Archive {
  /** In the order of the directory. */
  readonly names: readonly string[];
  /** The unpacked bytes of an entry. Fails with request_invalid when they are damaged, too large, or not there. */
  readonly stream: (name: string) => AsyncGenerator<Uint8Array, void>;
}

/** Opens an archive and lists the entries whose names are wanted. Fails with request_invalid. */
export async function openArchive(source: Source, isWanted: (name: string) => boolean): Promise<Archive> {
  const entries = await listed(source, isWanted);
  let left = unpackedBytesMax;
  return {
    names: [...entries.keys()],
    stream: (name): AsyncGenerator<Uint8Array, void> => {
      const entry = entries.get(name);
      if (entry === undefined) throw damaged(`has no ${name}`);
      left -= entry.uncompressedSize;
      if (left < 0) throw damaged(`unpacks to more than ${unpackedBytesMax} bytes`);
      return unpacked(source, entry);
    },
  };
}

type Listed = Pick<
  Entry,
  "fileName" | "compressedSize" | "uncompressedSize" | "crc32" | "compressionMethod" | "relativeOffsetOfLocalHeader"
> & { readonly isLocked: boolean };

async function listed(source: Source, isWanted: (name: string) => boolean): Promise<ReadonlyMap<string, Listed>> {
  const zip = await opened(source);
  const entries = new Map<string, Listed>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (!isWanted(entry.fileName)) continue;
      if (entries.size >= listedMax) throw tooMany();
      // Two entries of one name are two logs, depending on who reads.
      if (entries.has(entry.fileName)) throw damaged(`has two entries called ${entry.fileName.slice(0, 80)}`);
      entries.set(entry.fileName, keptOf(entry));
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw damaged("has a damaged directory", cause);
  } finally {
    zip.close();
  }
  return entries;
}

async function opened({ path }: Source): Promise<ZipFile> {
  try {
    return await openPromise(path, { lazyEntries: true, autoClose: false });
  } catch (cause) {
    throw damaged("is not a ZIP archive, or was cut", cause);
  }
}

/** What is needed later, and no more: there may be a million of them. */
function keptOf(entry: Entry): Listed {
  const { fileName, compressedSize, uncompressedSize, crc32: sum, compressionMethod } = entry;
  const { relativeOffsetOfLocalHeader } = entry;
  const isLocked = entry.isEncrypted();
  return {
    fileName,
    compressedSize,
    uncompressedSize,
    crc32: sum,
    compressionMethod,
    relativeOffsetOfLocalHeader,
    isLocked,
  };
}

async function* unpacked(source: Source, entry: Listed): AsyncGenerator<Uint8Array, void> {
  const { uncompressedSize, compressedSize, fileName } = entry;
  if (entry.isLocked) throw damaged(`has an encrypted entry ${fileName}`);
  if (uncompressedSize > suspectBytes && uncompressedSize > suspectRatio * compressedSize)
    throw damaged(`holds ${fileName}, which unpacks to more than ${suspectRatio} times its size`);
  let bytes = 0;
  let sum = 0;
  try {
    for await (const part of decompressed(source, entry)) {
      bytes += part.length;
      if (bytes > uncompressedSize) break;
      sum = crc32(part, sum);
      yield part;
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw damaged(`has a damaged entry ${fileName}`, cause);
  }
  if (bytes !== uncompressedSize || sum !== entry.crc32) throw damaged(`has a damaged entry ${fileName}`);
}

const methodStored = 0;
const methodDeflate = 8;
const methodZstd = 93;

async function* decompressed(source: Source, entry: Listed): AsyncGenerator<Uint8Array, void> {
  const start = await dataStart(source, entry);
  const end = start + entry.compressedSize;
  switch (entry.compressionMethod) {
    case methodStored:
      yield* source.stream(start, end);
      return;
    case methodDeflate:
      yield* piped(source.stream(start, end), createInflateRaw());
      return;
    case methodZstd:
      for await (const frame of framesOf(source, start, end)) {
        const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax };
        yield* piped(source.stream(frame.start, frame.end), createZstdDecompress({ params }));
      }
      return;
    default:
      throw damaged(`packs ${entry.fileName} by method ${entry.compressionMethod}, which is not known here`);
  }
}

/** Whoever stops reading ends the unpacking too. */
async function* piped(
  from: AsyncGenerator<Buffer, void>,
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

const localHeaderBytes = 30;
const localMagic = 0x04034b50;

async function dataStart(source: Source, entry: Listed): Promise<number> {
  const at = entry.relativeOffsetOfLocalHeader;
  if (at + localHeaderBytes > source.size) throw damaged(`has a damaged entry ${entry.fileName}`);
  const header = await source.read(at, localHeaderBytes);
  const start = at + localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
  const isThere = header.readUInt32LE(0) === localMagic && start + entry.compressedSize <= source.size;
  if (!isThere) throw damaged(`has a damaged entry ${entry.fileName}`);
  return start;
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

interface Frame {
  readonly start: number;
  readonly end: number;
}

/** The frames of a zstd stream, skippable ones left out. */
async function* framesOf(source: Source, start: number, end: number): AsyncGenerator<Frame, void> {
  const window = windowOn(source, end);
  let at = start;
  while (at < end) {
    const magic = await window(at, 4);
    const isSkippable = magic >= skippableMagic && magic <= skippableMagic + 15;
    const behind = isSkippable ? at + 8 + (await window(at + 4, 4)) : await frameEnd(window, at);
    if (behind > end || behind <= at) throw damaged("has a zstd frame that was cut");
    if (!isSkippable) yield { start: at, end: behind };
    at = behind;
  }
}

/** An unsigned little-endian number of so many bytes at a place in the file. */
type Window = (at: number, bytes: number) => Promise<number>;

const windowBytes = 4096;

/** Small reads close together come out of one. */
function windowOn(source: Source, end: number): Window {
  let start = 0;
  let held: Buffer = Buffer.alloc(0);
  return async (at, bytes) => {
    if (at + bytes > end) throw damaged("has a zstd frame that was cut");
    if (at < start || at + bytes > start + held.length) {
      start = at;
      held = await source.read(at, Math.min(windowBytes, end - at));
    }
    return held.readUIntLE(at - start, bytes);
  };
}

const contentSizeBytes = [0, 2, 4, 8] as const;
const dictionaryBytes = [0, 1, 2, 4] as const;

/** Where the frame that starts at `start` ends: header, blocks up to the last one, checksum. */
async function frameEnd(window: Window, start: number): Promise<number> {
  if ((await window(start, 4)) !== frameMagic) throw damaged("has a zstd entry that is none");
  const descriptor = await window(start + 4, 1);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
  let at = start + 5 + (isSingleSegment ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + sizeBytes;
  for (let isLast = false; !isLast;) {
    const header = await window(at, 3);
    isLast = (header & 1) === 1;
    // A run-length block holds one byte, whatever the length that it stands for.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  return at + ((descriptor & 4) === 0 ? 0 : 4);
}

function tooMany(): Failure {
  return new Failure(
    "request_invalid",
    `The report has more than ${listedMax} entries, which is more than one piece of evidence is made of. Import it in parts.`,
  );
}

function damaged(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `The report ${what}. Export it again.`, { cause });
}
