// Files that must not be half written: replaced in one step, fsynced, readable by their owner only. And files that are
// read whole, with a bound.
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { Failure } from "../terms/failure.ts";

const ownerOnly = 0o600;

/** Writes beside the file, fsyncs, then renames over it: whoever reads sees the old content or the new. */
export function replaceFile(path: string, text: string): void {
  const folder = dirname(resolve(path));
  mkdirSync(folder, { recursive: true });
  const beside = join(folder, `.${randomUUID()}.part`);
  try {
    writeFsynced(beside, [text]);
    renameSync(beside, path);
  } catch (cause) {
    rmSync(beside, { force: true });
    throw unwritable(path, cause);
  }
  fsyncFolder(folder);
}

/** Writes a file that must not exist yet. Fails with conflict where it does. */
export function createFile(path: string, text: string): void {
  createFileOf(path, [text]);
}

/** The same of pieces that are made as they are written: together they may be longer than any text. */
export function createFileOf(path: string, pieces: Iterable<string>): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  try {
    writeFsynced(path, pieces);
  } catch (cause) {
    if (hasCode(cause, "EEXIST")) {
      throw new Failure("conflict", `${path} exists already. Name another file, or move that one away first.`, {
        cause,
      });
    }
    // What was begun is ours, and half of it is worse than none.
    rmSync(path, { force: true });
    throw unwritable(path, cause);
  }
  fsyncFolder(dirname(resolve(path)));
}

function writeFsynced(path: string, pieces: Iterable<string>): void {
  const file = openSync(path, "wx", ownerOnly);
  try {
    for (const piece of pieces) {
      let rest = Buffer.from(piece);
      while (rest.length > 0) rest = rest.subarray(writeSync(file, rest));
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** So that the name, too, survives a loss of power. Some systems cannot open a folder; the file itself is safe there. */
function fsyncFolder(folder: string): void {
  try {
    const handle = openSync(folder, "r");
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (!hasCode(error, "EISDIR") && !hasCode(error, "EPERM") && !hasCode(error, "EINVAL")) throw error;
  }
}

export interface ReadFile {
  readonly bytes: Uint8Array;
  /** Whether anyone but the owner may read or write it. */
  readonly isExposed: boolean;
}

/** The whole file, or undefined where there is none. Fails with request_invalid where it is larger than `bytesMax`. */
export function readBounded(path: string, bytesMax: number): ReadFile | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    throw new Failure("request_invalid", `${path} cannot be read (${reason(cause)}).`, { cause });
  }
  try {
    const { size, mode } = fstatSync(file);
    if (size > bytesMax) throw new Failure("request_invalid", `${path} is larger than ${bytesMax} bytes.`);
    return { bytes: new Uint8Array(readFileSync(file)), isExposed: (mode & 0o077) !== 0 };
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure("request_invalid", `${path} cannot be read (${reason(cause)}).`, { cause });
  } finally {
    closeSync(file);
  }
}

/** As `readBounded`, for a file that a document in `folder` names: one that lies elsewhere, by a link or not, is refused. */
export function readInside(folder: string, path: string, bytesMax: number): Uint8Array | undefined {
  let real: string;
  try {
    real = realpathSync(join(folder, path));
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined;
    throw new Failure("request_invalid", `${path} cannot be read (${reason(cause)}).`, { cause });
  }
  const inside = realpathSync(folder);
  if (!real.startsWith(inside.endsWith(sep) ? inside : inside + sep)) {
    throw new Failure("request_invalid", `${path} leads out of ${folder}. Put the file itself beside the document.`);
  }
  return readBounded(real, bytesMax)?.bytes;
}

/** As `readBounded`, for files that must be there. */
export function readNeeded(path: string, bytesMax: number): Uint8Array {
  const found = readBounded(path, bytesMax);
  if (found === undefined) throw new Failure("request_invalid", `There is no file ${path}.`);
  return found.bytes;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unwritable(path: string, cause: unknown): Failure {
  const code = hasCode(cause, "ENOSPC") ? "disk_full" : "request_invalid";
  return new Failure(code, `${path} cannot be written (${reason(cause)}).`, { cause });
}
