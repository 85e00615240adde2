// The directory of a ZIP archive, with 64-bit sizes where they are needed, read through a source, so that it reads the same from a
// disk and in a browser. An archive whose parts are not where they are said to be is refused, never guessed at. Source:
// PKWARE APPNOTE 6.3.10, sections 4.3.12 to 4.3.16 and 4.5.3.
import { fromUtf8 } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";
import { type Source, pieceBytes } from "./source.ts";

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly unpackedSize: number;
  /** Where its local header begins. */
  readonly at: number;
  readonly isLocked: boolean;
}

const endBytes = 22;
const endMagic = 0x06054b50;
const commentBytesMax = 0xffff;
const end64Bytes = 56;
const end64Magic = 0x06064b50;
const locatorBytes = 20;
const locatorMagic = 0x07064b50;
const entryBytes = 46;
const entryMagic = 0x02014b50;
/** A field of 32 bits that says: see the one of 64. */
const inExtra = 0xffffffff;
const extraOf64 = 1;
const nameBytesMax = 0xffff;

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

/** Every entry, in the order of the directory. Fails with request_invalid. */
export async function* entriesOf(source: Source): AsyncGenerator<ZipEntry, void> {
  const { count, start, end } = await directoryOf(source);
  const window = windowOver(source, end);
  let at = start;
  for (let entry = 0; entry < count; entry += 1) {
    const fixed = viewOf(await window(at, entryBytes));
    if (fixed.getUint32(0, true) !== entryMagic) throw damaged("has a damaged directory");
    const [name, extra, comment] = [28, 30, 32].map((place) => fixed.getUint16(place, true));
    const rest = await window(at + entryBytes, (name ?? 0) + (extra ?? 0));
    yield entryOf(fixed, rest.subarray(0, name), rest.subarray(name));
    at += entryBytes + rest.length + (comment ?? 0);
  }
  // What is said to be there and is not counted could be shown to one reader and hidden from another.
  if (at !== end) throw damaged("has a damaged directory");
}

function entryOf(fixed: DataView, nameBytes: Uint8Array, extra: Uint8Array): ZipEntry {
  const name = fromUtf8(nameBytes);
  if (name === undefined) throw damaged("has an entry whose name is not UTF-8");
  const bits = fixed.getUint16(8, true);
  const large = largeFields(extra);
  const sized = (place: number): number => {
    const small = fixed.getUint32(place, true);
    return small === inExtra ? large() : small;
  };
  // In this order they stand in the extra field, each only where the small one says so.
  const unpackedSize = sized(24);
  const packedSize = sized(20);
  const at = sized(42);
  const isLocked = (bits & 1) !== 0;
  return {
    name,
    method: fixed.getUint16(10, true),
    crc32: fixed.getUint32(16, true),
    packedSize,
    unpackedSize,
    at,
    isLocked,
  };
}

/** The 64-bit fields of an entry, one after another. */
function largeFields(extra: Uint8Array): () => number {
  const view = viewOf(extra);
  let at = 0;
  let end = 0;
  for (let place = 0; place + 4 <= extra.length && end === 0;) {
    const length = view.getUint16(place + 2, true);
    if (view.getUint16(place, true) === extraOf64) {
      at = place + 4;
      end = at + length;
    }
    place += 4 + length;
  }
  return () => {
    if (at + 8 > Math.min(end, extra.length)) throw damaged("has a damaged directory");
    at += 8;
    return safe(view.getBigUint64(at - 8, true));
  };
}

async function directoryOf(source: Source): Promise<Directory> {
  const from = Math.max(0, source.size - endBytes - commentBytesMax);
  const tail = viewOf(await source.read(from, source.size - from));
  for (let at = tail.byteLength - endBytes; at >= 0; at -= 1) {
    const isEnd = tail.getUint32(at, true) === endMagic;
    // The comment behind it reaches to the end of the file, or this is some other bytes.
    if (!isEnd || at + endBytes + tail.getUint16(at + 20, true) !== tail.byteLength) continue;
    const small = { count: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true) };
    const start = tail.getUint32(at + 16, true);
    const isLarge = small.count === 0xffff || small.size === inExtra || start === inExtra;
    const end = from + at;
    return isLarge ? largeDirectory(source, end) : checked({ ...small, start }, end);
  }
  throw damaged("is not a ZIP archive, or was cut");
}

async function largeDirectory(source: Source, end: number): Promise<Directory> {
  if (end < locatorBytes + end64Bytes) throw damaged("has a damaged directory");
  const locator = viewOf(await source.read(end - locatorBytes, locatorBytes));
  const at = safe(locator.getBigUint64(8, true));
  if (locator.getUint32(0, true) !== locatorMagic || at + end64Bytes > end) throw damaged("has a damaged directory");
  const record = viewOf(await source.read(at, end64Bytes));
  if (record.getUint32(0, true) !== end64Magic) throw damaged("has a damaged directory");
  const [count, size, start] = [32, 40, 48].map((place) => safe(record.getBigUint64(place, true)));
  return checked({ count: count ?? 0, size: size ?? 0, start: start ?? 0 }, at);
}

function checked(
  { count, size, start }: { readonly count: number; readonly size: number; readonly start: number },
  before: number,
): Directory {
  // A file that begins with something else has its archive further on than it says.
  if (start + size !== before || count * entryBytes > size) throw damaged("has a damaged directory");
  return { count, start, end: start + size };
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged("has a damaged directory");
  return Number(value);
}

/** Reads close together come out of one. */
function windowOver(source: Source, end: number): (at: number, length: number) => Promise<Uint8Array> {
  let start = 0;
  let held: Uint8Array = new Uint8Array(0);
  return async (at, length) => {
    if (at + length > end || length > entryBytes + 2 * nameBytesMax) throw damaged("has a damaged directory");
    if (at < start || at + length > start + held.length) {
      start = at;
      held = await source.read(at, Math.min(pieceBytes, end - at));
    }
    return held.subarray(at - start, at - start + length);
  };
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function damaged(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `The report ${what}. Export it again.`, { cause });
}
