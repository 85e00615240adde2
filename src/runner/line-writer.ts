// Lines at the end of a file, many at once on their way to the disk: what comes while one group is being synced goes out
// together as the next, so that requests side by side share one wait. Order is kept: whoever's line is on disk knows that all
// that were written before it are. After a write that failed nothing more is written, since half a line may stand there.
import { type FileHandle, open } from "node:fs/promises";
import { Failure } from "../terms/failure.ts";

export interface LineWriter {
  /** Resolves once the line is on disk. Fails with disk_full, or with store_unavailable for any other trouble. */
  readonly write: (line: string) => Promise<void>;
  /** After all that was written. Never fails. */
  readonly close: () => Promise<void>;
}

/** What is written to: a file, or in tests one that fails when it is told to. */
export interface Disk {
  /** All of the bytes, to the end. */
  readonly append: (bytes: Uint8Array) => Promise<void>;
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Group {
  readonly parts: Uint8Array[];
  readonly done: Promise<void>;
}

export function lineWriter(path: string, disk: Disk): LineWriter {
  let last: Promise<unknown> = Promise.resolve();
  let collecting: Group | undefined;
  let broken: Failure | undefined;
  const commit = async (parts: readonly Uint8Array[]): Promise<void> => {
    if (broken !== undefined) throw broken;
    try {
      await disk.append(Buffer.concat(parts));
      await disk.sync();
    } catch (cause) {
      broken = unwritten(path, cause);
      throw broken;
    }
  };
  const begin = (): Group => {
    const parts: Uint8Array[] = [];
    const done = afterTurn(last).then(async () => {
      collecting = undefined;
      await commit(parts);
    });
    // Whoever does not wait for it learns of a failure with the next line.
    last = done.catch(() => undefined);
    return { parts, done };
  };
  return {
    write: async (line) => {
      if (broken !== undefined) throw broken;
      collecting ??= begin();
      collecting.parts.push(Buffer.from(`${line}\n`));
      await collecting.done;
    },
    close: async () => {
      await last;
      await disk.close().catch(() => undefined);
    },
  };
}

/** The rest of this turn may have lines as well. */
async function afterTurn(last: Promise<unknown>): Promise<void> {
  await last;
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** `flags` as of open(2) in Node: `ax` for a new file, `a` for one that is there. */
export async function openDisk(path: string, flags: "ax" | "a"): Promise<Disk> {
  const handle = await open(path, flags, 0o600);
  return {
    append: async (bytes) => appendAll(handle, bytes),
    sync: async () => handle.datasync(),
    close: async () => handle.close(),
  };
}

async function appendAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) {
    const { bytesWritten } = await handle.write(rest);
    rest = rest.subarray(bytesWritten);
  }
}

const fullCodes = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

function unwritten(path: string, cause: unknown): Failure {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const isFull = fullCodes.has(code);
  return new Failure(
    isFull ? "disk_full" : "store_unavailable",
    isFull
      ? `There is no room left on the disk for ${path}. Nothing more was asked, and nothing is sealed. Make room, then go on with --resume.`
      : `${path} cannot be written (${code}). Nothing more was asked, and nothing is sealed. Go on with --resume once it can.`,
    { cause },
  );
}
