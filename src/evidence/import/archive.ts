// A ZIP archive of JSON, read whole in memory: stored, deflate, and zstd (method 93, which the ZIP reader does not know)
// with several frames an entry. Node's zstd stops in silence after the first frame, which would cut a log short, so the
// frames are walked here (RFC 8878 section 3.1.1); size and CRC-32 of every entry are checked besides.
import { crc32, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { Failure } from "../../terms/failure.ts";

/** Bytes of an archive, of one entry unpacked, of all entries that are read, and how many entries. */
const archiveBytesMax = 512 * 1024 * 1024;
export const entryBytesMax = 64 * 1024 * 1024;
const unpackedBytesMax = 512 * 1024 * 1024;
const entriesMax = 500_000;

export interface Archive {
  readonly names: readonly string[];
  /** The unpacked bytes of an entry. Fails with request_invalid when they are damaged, too large, or not there. */
  readonly read: (name: string) => Promise<Uint8Array>;
  readonly close: () => void;
}

/** Opens an archive held in memory. Fails with request_invalid; the caller closes it. */
export async function openArchive(bytes: Uint8Array): Promise<Archive> {
  if (bytes.length > archiveBytesMax) throw damaged(`is larger than ${archiveBytesMax} bytes`);
  const zip = await opened(bytes);
  const entries = await listed(zip);
  let unpackedBytes = 0;
  return {
    names: [...entries.keys()],
    close: (): void => zip.close(),
    read: async (name): Promise<Uint8Array> => {
      const entry = entries.get(name);
      if (entry === undefined) throw damaged(`has no ${name}`);
      if (Math.max(entry.uncompressedSize, entry.compressedSize) > entryBytesMax)
        throw damaged(`holds ${name}, which is larger than ${entryBytesMax}`);
      unpackedBytes += entry.uncompressedSize;
      if (unpackedBytes > unpackedBytesMax) throw damaged(`unpacks to more than ${unpackedBytesMax} bytes`);
      return unpacked(entry, await rawBytes(zip, entry));
    },
  };
}

async function opened(bytes: Uint8Array): Promise<ZipFile> {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false });
  } catch (cause) {
    throw damaged("is not a ZIP archive, or was cut", cause);
  }
}

async function listed(zip: ZipFile): Promise<ReadonlyMap<string, Entry>> {
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entries.size >= entriesMax) throw damaged(`has more than ${entriesMax} entries`);
      // Two entries of one name are two logs, depending on who reads.
      if (entries.has(entry.fileName)) throw damaged(`has two entries called ${entry.fileName.slice(0, 80)}`);
      entries.set(entry.fileName, entry);
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw damaged("has a damaged directory", cause);
  }
  return entries;
}

async function rawBytes(zip: ZipFile, entry: Entry): Promise<Buffer> {
  try {
    const stream = await zip.openReadStreamPromise(entry, { decodeFileData: false });
    const parts: Uint8Array[] = [];
    for await (const part of stream) if (part instanceof Uint8Array) parts.push(part);
    return Buffer.concat(parts);
  } catch (cause) {
    throw damaged(`has a damaged entry ${entry.fileName}`, cause);
  }
}

function unpacked(entry: Entry, raw: Buffer): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = decompressed(entry, raw);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw damaged(`has a damaged entry ${entry.fileName}`, cause);
  }
  if (bytes.length !== entry.uncompressedSize || crc32(bytes) !== entry.crc32)
    throw damaged(`has a damaged entry ${entry.fileName}`);
  return bytes;
}

const methodStored = 0;
const methodDeflate = 8;
const methodZstd = 93;

function decompressed(entry: Entry, raw: Buffer): Uint8Array {
  // One byte more than announced is enough to tell that the announcement was wrong.
  const maxOutputLength = entry.uncompressedSize + 1;
  if (entry.isEncrypted()) throw damaged(`has an encrypted entry ${entry.fileName}`);
  switch (entry.compressionMethod) {
    case methodStored:
      return raw;
    case methodDeflate:
      return inflateRawSync(raw, { maxOutputLength });
    case methodZstd:
      return unzstd(raw, maxOutputLength);
    default:
      throw damaged(`packs ${entry.fileName} by method ${entry.compressionMethod}, which is not known here`);
  }
}

function unzstd(raw: Buffer, lengthMax: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let left = lengthMax;
  for (const frame of framesOf(raw)) {
    const part = zstdDecompressSync(frame, { maxOutputLength: Math.max(1, left) });
    left -= part.length;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** The frames of a zstd stream, skippable ones left out. */
function framesOf(raw: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  while (at < raw.length) {
    const magic = raw.readUInt32LE(at);
    const isSkippable = magic >= skippableMagic && magic <= skippableMagic + 15;
    const end = isSkippable ? at + 8 + raw.readUInt32LE(at + 4) : frameEnd(raw, at);
    if (end > raw.length || end <= at) throw damaged("has a zstd frame that was cut");
    if (!isSkippable) frames.push(raw.subarray(at, end));
    at = end;
  }
  return frames;
}

const contentSizeBytes = [0, 2, 4, 8] as const;
const dictionaryBytes = [0, 1, 2, 4] as const;

/** Where the frame that starts at `start` ends: header, blocks up to the last one, checksum. */
function frameEnd(raw: Buffer, start: number): number {
  if (raw.readUInt32LE(start) !== frameMagic) throw damaged("has a zstd entry that is none");
  const descriptor = raw.readUInt8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 && isSingleSegment ? 1 : (contentSizeBytes[sizeFlag] ?? 0);
  let at = start + 5 + (isSingleSegment ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0) + sizeBytes;
  for (let isLast = false; !isLast;) {
    const header = raw.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    // A run-length block holds one byte, whatever the length that it stands for.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  return at + ((descriptor & 4) === 0 ? 0 : 4);
}

function damaged(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `The report ${what}. Export it again.`, { cause });
}
