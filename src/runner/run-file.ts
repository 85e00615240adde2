// What a run did, line by line, in a file of its own: the intent before a request leaves, the result after its answer
// came, each on disk before the next request. A run that was killed goes on from here; a request whose answer nobody saw stays
// in the record. The file holds the one-time secret and what the model answered, so only its owner may read it, and lines
// are encrypted (src/runner/run-cipher.ts). Files of before that are plain are still read, and encrypted when they are resumed.
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { randomId } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { RunId } from "../terms/ids.ts";
import { type LineWriter, lineWriter, openDisk } from "./line-writer.ts";
import { type RunCipher, runCipher } from "./run-cipher.ts";
import { type Begun, Line } from "./run-lines.ts";
import { type GrowingRecord, type RunRecord, growingRecord } from "./run-record.ts";
import { type TextLine, textLines, wholeBytes } from "./text-lines.ts";
import { writeOver } from "./write-over.ts";

/** Stands first, in the clear. */
const Head = z.strictObject({ format: z.literal("headgate-run/2"), run: RunId });

/** A line: which process wrote it, its place among that one's lines, and what it says, encrypted. */
const Sealed = z.tuple([z.string().regex(/^[0-9a-f]{16}$/), z.number().int().nonnegative(), z.string()]);

/** What can be read of a run. */
export interface ReadRun {
  readonly path: string;
  readonly record: RunRecord;
  readonly cipher: RunCipher;
  /** All that is on disk, texts included, one after another; read anew each time. */
  readonly lines: () => Generator<Line, void>;
}

export interface RunFile extends ReadRun {
  /** Resolves once the line is on disk, and all that were written before it. Fails with disk_full or store_unavailable. */
  readonly write: (line: Exclude<Line, Begun>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A new run's file, encrypted under a key of 32 bytes. Fails with conflict where it exists. */
export async function beginRun(path: string, key: Uint8Array, begun: Omit<Begun, "kind" | "v">): Promise<RunFile> {
  mkdirSync(dirname(path), { recursive: true });
  const writer = await newFile(path, begun.permit.run);
  const cipher = runCipher(key, begun.permit.run);
  const write = sealing(writer, cipher);
  const first = { kind: "begun", v: 1, ...begun } as const;
  try {
    await write(first);
  } catch (error) {
    await writer.close();
    throw error;
  }
  return growing({ path, cipher, key, growing: growingRecord(first) }, { write, close: writer.close });
}

async function newFile(path: string, run: RunId): Promise<LineWriter> {
  const writer = lineWriter(
    path,
    await openDisk(path, "ax").catch((cause: unknown) => {
      throw new Failure("conflict", `The run file ${path} cannot be made.`, { cause });
    }),
  );
  try {
    await writer.write(JSON.stringify({ format: "headgate-run/2", run }));
    return writer;
  } catch (error) {
    await writer.close();
    throw error;
  }
}

/**
 * The file of a run that began before. A last line that was cut by a crash is dropped; any other damage is refused. `open`
 * opens what is written to.
 */
export async function resumeRun(path: string, key: Uint8Array, open: typeof openDisk = openDisk): Promise<RunFile> {
  if (isPlain(path)) await encryptRun(path, key);
  const read = readRun(path, key);
  truncateSync(path, wholeBytes(path));
  const writer = lineWriter(path, await open(path, "a"));
  return growing({ ...read, key, growing: read.growing }, { write: sealing(writer, read.cipher), close: writer.close });
}

interface Known {
  readonly path: string;
  readonly cipher: RunCipher;
  readonly key: Uint8Array;
  readonly growing: GrowingRecord;
}

function growing(
  { path, cipher, key, growing: { record, take } }: Known,
  { write, close }: { readonly write: (line: Line) => Promise<void>; readonly close: () => Promise<void> },
): RunFile {
  return {
    path,
    record,
    cipher,
    lines: () => linesOf(path, key),
    write: async (line) => {
      take(line);
      await write(line);
    },
    close,
  };
}

/** Lines of this process, in the order they are written. */
function sealing(writer: LineWriter, cipher: RunCipher): (line: Line) => Promise<void> {
  const sitting = randomId("", 16);
  let next = 0;
  return async (line) => {
    const place = { sitting, number: next };
    next += 1;
    await writer.write(JSON.stringify([sitting, place.number, cipher.seal(JSON.stringify(line), place)]));
  };
}

/** Reads a run without going on with it; a plain one takes no key. Fails with request_invalid on damage. */
export function readRun(path: string, key: Uint8Array): ReadRun & { readonly growing: GrowingRecord } {
  let known: GrowingRecord | undefined;
  let number = 0;
  for (const line of linesOf(path, key)) {
    number += 1;
    if ((line.kind === "begun") !== (known === undefined)) throw damaged(path, number);
    if (line.kind === "begun") known = growingRecord(line);
    else known?.take(line);
  }
  if (known === undefined) throw damaged(path, 1);
  const { record } = known;
  const cipher = runCipher(key, record.begun.permit.run);
  return { path, record, cipher, growing: known, lines: () => linesOf(path, key) };
}

/** Whether the file is of before runs were encrypted. */
export function isPlain(path: string): boolean {
  for (const { text } of textLines(needed(path))) return headIn(text) === undefined;
  return false;
}

/** Lines that lie in memory at once on their way to the disk. */
const linesAtOnce = 512;

/** The same lines, encrypted, in its place: all of them or none. What lay there in the clear is written over, and not left on the disk. */
async function encryptRun(path: string, key: Uint8Array): Promise<void> {
  const { record } = readRun(path, key);
  const beside = `${path}.part`;
  rmSync(beside, { force: true });
  const writer = await newFile(beside, record.begun.permit.run);
  try {
    const write = sealing(writer, runCipher(key, record.begun.permit.run));
    let count = 0;
    let last: Promise<void> | undefined;
    for (const line of linesOf(path, key)) {
      last = write(line);
      count += 1;
      if (count % linesAtOnce === 0) await last;
    }
    await last;
  } finally {
    await writer.close();
  }
  chmodSync(beside, 0o600);
  const plain = openSync(path, "r+");
  try {
    renameSync(beside, path);
    writeOver(plain);
  } finally {
    closeSync(plain);
  }
}

function* linesOf(path: string, key: Uint8Array): Generator<Line, void> {
  let opening: ((line: TextLine) => string) | undefined;
  for (const line of textLines(needed(path))) {
    const head = line.number === 1 ? headIn(line.text) : undefined;
    if (head === undefined) yield parseLine(path, line, opening === undefined ? line.text : opening(line));
    else opening = openingOf(path, runCipher(key, head.run));
  }
}

function headIn(text: string): z.infer<typeof Head> | undefined {
  return Head.safeParse(jsonIn(text)).data;
}

/** What each line says, as long as they come in the order in which each process wrote its own. */
function openingOf(path: string, cipher: RunCipher): (line: TextLine) => string {
  const sittings = new Map<string, number>();
  return ({ text, number: at }) => {
    const sealed = Sealed.safeParse(jsonIn(text)).data;
    if (sealed === undefined) throw damaged(path, at);
    const [sitting, number, content] = sealed;
    const opened = number === (sittings.get(sitting) ?? 0) ? cipher.open(content, { sitting, number }) : undefined;
    if (opened === undefined) throw damaged(path, at);
    sittings.set(sitting, number + 1);
    return opened;
  };
}

function parseLine(path: string, { number }: TextLine, text: string): Line {
  const line = Line.safeParse(jsonIn(text));
  if (!line.success) throw damaged(path, number);
  return line.data;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function needed(path: string): string {
  if (existsSync(path)) return path;
  throw new Failure(
    "not_found",
    `There is no run file ${path}. A run is resumed on the machine, and by the user, that it began with.`,
  );
}

function damaged(path: string, line: number): Failure {
  return new Failure(
    "request_invalid",
    `The run file ${path} is damaged in line ${line}, or its key is another one's. Begin a new run; this one counts as unfinished.`,
  );
}
