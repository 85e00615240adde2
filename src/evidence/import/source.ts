// The file a report comes in, read in pieces: its digest first, then whatever part is asked for. A file on a disk is opened by
// file-source.ts, one that a person picks in a browser by the console; nothing else of the importers knows where it lies.
import type { Digest } from "../../terms/ids.ts";

/** Bytes that are read at a time. */
export const pieceBytes = 256 * 1024;

type Bytes = AsyncGenerator<Uint8Array, void>;

export interface Source {
  /** As it is called: its ending may tell what is in it. */
  readonly path: string;
  readonly size: number;
  /** Exactly `length` bytes. Fails with request_invalid where the file ends before. */
  readonly read: (at: number, length: number) => Promise<Uint8Array>;
  /** From `start` up to, and without, `end`. */
  readonly stream: (start?: number, end?: number) => Bytes;
  readonly digest: () => Promise<Digest>;
  /** Fails with request_invalid where the file was written to since it was opened. */
  readonly checkUnchanged: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly unpacking: Unpacking;
}

/** How packed parts of an archive are unpacked there. Each fails in any way where they are damaged. */
export interface Unpacking {
  readonly inflate: (packed: Bytes) => Bytes;
  /** One whole frame. */
  readonly zstd: (packed: Bytes) => Bytes;
  /** CRC-32 of what came so far and of these bytes. */
  readonly crc32: (bytes: Uint8Array, before: number) => number;
}
