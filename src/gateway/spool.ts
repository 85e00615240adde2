// The spool: receipts on the disk between the answer they belong to and the ledger. One file an interval, appended to
// before answers leave, removed once the ledger has the interval. What a crash leaves is drained at the next start.
import { type FileHandle, mkdir, open, readFile, readdir, rm } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { DrainedReceipt } from "../feed/feed.ts";
import { Digest, Instant, PermitId, ReceiptId } from "../terms/ids.ts";

export interface Interval {
  readonly receipts: readonly DrainedReceipt[];
  readonly file: string;
}

export interface Spool {
  readonly append: (receipts: readonly DrainedReceipt[]) => Promise<void>;
  /** Ends the present file; the next append begins another. */
  readonly rotate: () => Promise<string>;
  readonly remove: (file: string) => Promise<void>;
  /** Intervals that a stop or a crash left, oldest first. */
  readonly leftovers: () => Promise<Interval[]>;
}

export async function openSpool(folder: string, firstFile: number): Promise<Spool> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let number = firstFile;
  let handle: FileHandle | undefined;
  return {
    append: async (receipts) => {
      handle ??= await open(path.join(folder, fileName(number)), "a", 0o600);
      await handle.appendFile(receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(""));
    },
    rotate: async () => {
      const file = fileName(number);
      number += 1;
      await handle?.close();
      handle = undefined;
      return file;
    },
    remove: async (file) => rm(path.join(folder, file), { force: true }),
    leftovers: async () => leftovers(folder),
  };
}

const Spooled = z.strictObject({
  id: ReceiptId,
  text: z.string(),
  digest: Digest,
  at: Instant,
  permit: PermitId.nullable(),
  item: Digest.nullable(),
});

function fileName(number: number): string {
  return `interval-${String(number).padStart(16, "0")}.jsonl`;
}

async function leftovers(folder: string): Promise<Interval[]> {
  const files = (await readdir(folder)).filter((name) => name.startsWith("interval-")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(path.join(folder, file), "utf8")).split("\n");
      return { file, receipts: lines.flatMap(spooledLine) };
    }),
  );
}

/** A line torn by a crash was never answered, so nothing acknowledged is lost with it. */
function spooledLine(line: string): readonly DrainedReceipt[] {
  if (line === "") return [];
  try {
    const parsed = Spooled.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  } catch {
    return [];
  }
}
