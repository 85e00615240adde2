// A ZIP archive of JSON, of which only the entries that are wanted are listed, and each is unpacked as it is read: stored,
// deflate, and zstd (method 93) with several frames an entry. Node's zstd stops in silence after the first frame, which
// would cut a log short, so the frames are walked here (RFC 8878 section 3.1.1); size and CRC-32 of every entry are
// checked besides.
import { Failure } from "../../terms/failure.ts";
import type { Source } from "./source.ts";
import { type ZipEntry, damaged, entriesOf, viewOf } from "./zip-directory.ts";

/** Bytes that all entries that are read may unpack to, and how many are listed. */
const unpackedBytesMax = 32 * 1024 * 1024 * 1024;
const listedMax = 300_000;
/** What unpacks to so much, and to so many times what it takes packed, is no log but a bomb. */
const suspectBytes = 64 * 1024 * 1024;
const suspectRatio = 2000;

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
      left -= entry.unpackedSize;
      if (left < 0) throw damaged(`unpacks to more than ${unpackedBytesMax} bytes`);
      return unpacked(source, entry);
    },
  };
}

async function listed(source: Source, isWanted: (name: string) => boolean): Promise<ReadonlyMap<string, ZipEntry>> {
  const entries = new Map<string, ZipEntry>();
  for await (const entry of entriesOf(source)) {
    if (!isWanted(entry.name)) continue;
    if (entries.size >= listedMax) throw tooMany();
    // Two entries of one name are two logs, depending on who reads.
    if (entries.has(entry.name)) throw damaged(`has two entries called ${entry.name.slice(0, 80)}`);
    entries.set(entry.name, entry);
  }
  return entries;
}

async function* unpacked(source: Source, entry: ZipEntry): AsyncGenerator<Uint8Array, void> {
  const { unpackedSize, packedSize, name } = entry;
  const { crc32 } = source.unpacking;
  if (entry.isLocked) throw damaged(`has an encrypted entry ${name}`);
  if (unpackedSize > suspectBytes && unpackedSize > suspectRatio * packedSize)
    throw damaged(`holds ${name}, which unpacks to more than ${suspectRatio} times its size`);
  let bytes = 0;
  let sum = 0;
  try {
    for await (const part of decompressed(source, entry)) {
      bytes += part.length;
      if (bytes > unpackedSize) break;
      sum = crc32(part, sum);
      yield part;
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw damaged(`has a damaged entry ${name}`, cause);
  }
  if (bytes !== unpackedSize || sum !== entry.crc32) throw damaged(`has a damaged entry ${name}`);
}

const methodStored = 0;
const methodDeflate = 8;
const methodZstd = 93;

async function* decompressed(source: Source, entry: ZipEntry): AsyncGenerator<Uint8Array, void> {
  const start = await dataStart(source, entry);
  const end = start + entry.packedSize;
  switch (entry.method) {
    case methodStored:
      yield* source.stream(start, end);
      return;
    case methodDeflate:
      yield* source.unpacking.inflate(source.stream(start, end));
      return;
    case methodZstd:
      for await (const frame of framesOf(source, start, end)) {
        yield* source.unpacking.zstd(source.stream(frame.start, frame.end));
      }
      return;
    default:
      throw damaged(`packs ${entry.name} by method ${entry.method}, which is not known here`);
  }
}

const localHeaderBytes = 30;
const localMagic = 0x04034b50;

async function dataStart(source: Source, entry: ZipEntry): Promise<number> {
  const { at } = entry;
  if (at + localHeaderBytes > source.size) throw damaged(`has a damaged entry ${entry.name}`);
  const header = viewOf(await source.read(at, localHeaderBytes));
  const start = at + localHeaderBytes + header.getUint16(26, true) + header.getUint16(28, true);
  const isThere = header.getUint32(0, true) === localMagic && start + entry.packedSize <= source.size;
  if (!isThere) throw damaged(`has a damaged entry ${entry.name}`);
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
  let held: Uint8Array = new Uint8Array(0);
  return async (at, bytes) => {
    if (at + bytes > end) throw damaged("has a zstd frame that was cut");
    if (at < start || at + bytes > start + held.length) {
      start = at;
      held = await source.read(at, Math.min(windowBytes, end - at));
    }
    let value = 0;
    for (let place = bytes - 1; place >= 0; place -= 1) value = value * 256 + (held[at - start + place] ?? 0);
    return value;
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
