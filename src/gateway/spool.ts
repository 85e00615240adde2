// The spool: receipts on the disk between the answer they belong to and the ledger. One file an interval, appended to
// before answers leave, removed once the ledger has the interval. What a crash leaves is drained at the next start. A
// stream is announced here before its first character leaves, so that one cut by a crash or a full disk is on record too.
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, readdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { Receipt } from "../acts/receipt.ts";
import type { DrainedReceipt } from "../feed/feed.ts";
import { Digest, Instant, PermitId, ReceiptId } from "../terms/ids.ts";
import { createPages } from "./pages.ts";

export interface Interval {
  readonly receipts: readonly DrainedReceipt[];
  readonly file: string;
  /** Whole lines that are neither receipts nor announcements: once they were. */
  readonly unreadable: number;
  /** SHA-256 of the file as it was found. */
  readonly digest: Digest;
}

/** What is known of a stream when it begins. No text of it: what people wrote is not kept. */
export const Begun = Receipt.omit({ v: true, seq: true, at: true, outcome: true, why: true, output: true }).omit({
  content: true,
  tokens: true,
});
export type Begun = z.infer<typeof Begun>;

interface Lines {
  readonly begun: readonly Begun[];
  readonly receipts: readonly DrainedReceipt[];
}

/** Where the text of a receipt stands in bytes that were written, which are outside the heap. */
export interface Line {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface Spool {
  /** Resolves once the lines are written, with those of the receipts; a failure leaves the file as it was. */
  readonly append: (lines: Lines) => Promise<readonly Line[]>;
  /** Resolves if the disk would take an append of the usual size now; leaves the file as it was either way. */
  readonly probe: () => Promise<void>;
  /** Ends the present file; the next append begins another, with the streams that are still under way. */
  readonly rotate: () => Promise<string>;
  /** Nobody may look at lines of this file any more. */
  readonly remove: (file: string) => Promise<void>;
  /** Keeps a file that could not be read whole under another name, for people to look at. */
  readonly setAside: (file: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface Leftovers {
  /** Intervals that a stop or a crash left, oldest first. */
  readonly intervals: readonly Interval[];
  /** Streams that were under way. */
  readonly begun: readonly Begun[];
}

export async function openSpool(folder: string): Promise<{ readonly spool: Spool; readonly leftovers: Leftovers }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = (await readdir(folder)).filter((name) => pattern.test(name)).toSorted();
  const leftovers = await readLeftovers(folder, files);
  const last = pattern.exec(files.at(-1) ?? "")?.[1];
  return { spool: spoolIn(folder, Number(last ?? "0") + 1, leftovers.begun), leftovers };
}

interface Present {
  readonly handle: FileHandle;
  /** Bytes of whole lines. */
  bytes: number;
  /** What stands behind them is left of a write that failed. */
  isTorn: boolean;
}

function spoolIn(folder: string, firstFile: number, recovered: readonly Begun[]): Spool {
  let number = firstFile;
  let present: Present | undefined;
  const pages = createPages();
  const underWay = new Map<ReceiptId, Begun>(recovered.map((begun) => [begun.id, begun]));
  let last: Promise<unknown> = Promise.resolve();

  /** One after another: the drain removes files while answers are written, and both may be the first to open the next one. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  }

  async function openPresent(): Promise<Present> {
    const handle = await open(path.join(folder, fileName(number)), "w", 0o600);
    return { handle, bytes: 0, isTorn: false };
  }

  async function append({ begun, receipts }: Lines): Promise<readonly Line[]> {
    present ??= await openPresent();
    const carried = present.bytes === 0 ? [...underWay.values()] : [];
    const announced = [...carried, ...begun].map((one) => `${JSON.stringify({ begun: one })}\n`);
    const own = receipts.map(receiptLine);
    const head = announced.join("");
    const bytes = pages.write(head + own.join(""), fileName(number));
    await writeWhole(present, bytes);
    for (const one of begun) underWay.set(one.id, one);
    for (const { id } of receipts) underWay.delete(id);
    let from = Buffer.byteLength(head);
    return receipts.map((receipt, place) => {
      const line = lineAt(bytes, from, receipt);
      // A receipt's line is ASCII: it has as many bytes as characters.
      from += own[place]?.length ?? 0;
      return line;
    });
  }

  async function end(): Promise<string> {
    const file = fileName(number);
    number += 1;
    const ended = present;
    present = undefined;
    // All that was answered for is written; how the closing went changes nothing.
    await ended?.handle.close().catch(() => undefined);
    return file;
  }

  return {
    append: async (lines) => inTurn(async () => append(lines)),
    probe: async () =>
      inTurn(async () => {
        present ??= await openPresent();
        await tryWhole(present);
      }),
    rotate: async () => inTurn(end),
    remove: async (file) =>
      inTurn(async () => {
        // What is under way stands in the next file before this one goes.
        if (underWay.size > 0 && (present?.bytes ?? 0) === 0) await append({ begun: [], receipts: [] });
        await rm(path.join(folder, file), { force: true });
        pages.release(file);
      }),
    setAside: async (file) => {
      await rename(path.join(folder, file), path.join(folder, `lost-${file}`));
    },
    close: async () => {
      await inTurn(end);
    },
  };
}

/** A write that fails half-way, as on a full disk, must not run into the next line, nor leave receipts nobody was given. */
async function writeWhole(present: Present, bytes: Buffer): Promise<void> {
  if (present.isTorn) await mend(present);
  try {
    let written = 0;
    while (written < bytes.length) {
      const done = await present.handle.write(bytes, written, bytes.length - written, present.bytes + written);
      written += done.bytesWritten;
    }
  } catch (error) {
    present.isTorn = true;
    await mend(present).catch(() => undefined);
    throw error;
  }
  present.bytes += bytes.length;
}

/** Bytes that a disk must take before it counts as writable again: more than the receipts of one turn as a rule have. */
const probeBytes = 65_536;

/** Blank, so that a crash before it is cut off again leaves nothing that could be read as a receipt. */
async function tryWhole(present: Present): Promise<void> {
  const before = present.bytes;
  await writeWhole(present, Buffer.from(`${" ".repeat(probeBytes - 1)}\n`));
  present.bytes = before;
  present.isTorn = true;
  await mend(present);
}

async function mend(present: Present): Promise<void> {
  await present.handle.truncate(present.bytes);
  present.isTorn = false;
}

const pattern = /^interval-(\d{16})\.jsonl$/;

function fileName(number: number): string {
  return `interval-${String(number).padStart(16, "0")}.jsonl`;
}

/** As `JSON.stringify` would write it: nothing in it needs an escape. */
export function receiptLine({ id, text, at, permit, item }: DrainedReceipt): string {
  return `{"id":"${id}","text":"${text}","at":${at},"permit":${quoted(permit)},"item":${quoted(item)}}\n`;
}

const beforeText = `{"id":"","text":"`.length;

function lineAt(bytes: Buffer, from: number, { id, text }: DrainedReceipt): Line {
  const start = from + beforeText + id.length;
  return { bytes, start, end: start + text.length };
}

/** The line of one receipt by itself. */
export function lineOf(receipt: DrainedReceipt): Line {
  return lineAt(Buffer.from(receiptLine(receipt)), 0, receipt);
}

export function textIn({ bytes, start, end }: Line): string {
  return bytes.toString("latin1", start, end);
}

function quoted(id: string | null): string {
  return id === null ? "null" : `"${id}"`;
}

const Announced = z.strictObject({ begun: Begun });
const Spooled = z.strictObject({
  id: ReceiptId,
  text: z.string(),
  /** Earlier versions wrote it; nobody reads it. */
  digest: Digest.optional(),
  at: Instant,
  permit: PermitId.nullable(),
  item: Digest.nullable(),
});

async function readLeftovers(folder: string, files: readonly string[]): Promise<Leftovers> {
  const intervals: Interval[] = [];
  const begun = new Map<ReceiptId, Begun>();
  for (const file of files) {
    const bytes = await readFile(path.join(folder, file));
    const texts = bytes.toString("utf8").split("\n");
    const lines = texts.map(parseLine);
    const announcements = lines.flatMap((line) => Announced.safeParse(line).data?.begun ?? []);
    for (const announced of announcements) begun.set(announced.id, announced);
    const receipts = lines.flatMap((line) => Spooled.safeParse(line).data ?? []);
    for (const { id } of receipts) begun.delete(id);
    const whole = texts.slice(0, -1).filter((text) => text.trim() !== "").length;
    const torn = texts.at(-1) === "" ? 0 : countRead(lines.at(-1));
    const unreadable = Math.max(0, whole - (announcements.length + receipts.length - torn));
    intervals.push({ file, receipts, unreadable, digest: digestOfBytes(bytes) });
  }
  return { intervals, begun: [...begun.values()] };
}

/** Whether a last line without its line feed could be read all the same: it is then among the receipts or announcements. */
function countRead(line: unknown): number {
  return Announced.safeParse(line).success || Spooled.safeParse(line).success ? 1 : 0;
}

function digestOfBytes(bytes: Uint8Array): Digest {
  return Digest.parse(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
}

/** A line torn by a crash was never answered, so nothing acknowledged is lost with it. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
