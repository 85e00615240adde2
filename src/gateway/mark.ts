// The mark: what this gateway must never go behind. One small file, allocated in full when it is made, with two slots
// written in turn and fsynced, so that a full disk cannot stop a write and a torn write cannot lose the slot before it.
// Holds are answered only after they stand here; when there is no more room for holds, everything is held.
import { createHash } from "node:crypto";
import { type FileHandle, open, rename } from "node:fs/promises";
import { z } from "zod";
import { HoldScope } from "../acts/bodies.ts";
import { canonicalText } from "../proof/canonical.ts";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";

const slotBytes = 65_536;

/** Holds remembered one by one; the next one becomes a hold on everything. */
const holdsMax = 256;

/**
 * A hold that came directly, named by its act: a hold's id is its signer's choice, so that another hold could have taken
 * it first, for another model.
 */
const DirectHold = z.strictObject({ act: Digest, scope: HoldScope });
export type DirectHold = z.infer<typeof DirectHold>;

const Content = z.strictObject({
  sequence: z.number().int().nonnegative(),
  /** The largest ledger this gateway verified. */
  size: z.number().int().nonnegative(),
  root: Digest.nullable(),
  trustVersion: z.number().int().nonnegative(),
  /** Latest wall-clock time served at, in milliseconds. */
  latest: z.number().int().nonnegative(),
  holds: z.array(DirectHold).max(holdsMax),
  isFull: z.boolean(),
});
type MarkContent = z.infer<typeof Content>;

const blank: MarkContent = { sequence: 0, size: 0, root: null, trustVersion: 0, latest: 0, holds: [], isFull: false };

export interface Mark {
  readonly content: () => MarkContent;
  /** The last write did not reach the disk. */
  readonly isFailing: () => boolean;
  /** Resolves once the change is on the disk. Fields only grow: a smaller size or time is ignored. */
  readonly advance: (next: Partial<Omit<MarkContent, "sequence" | "holds" | "isFull">>) => Promise<void>;
  /** Resolves once the hold is on the disk. */
  readonly hold: (hold: DirectHold) => Promise<void>;
  /** Forgets holds that the ledger has. */
  readonly settle: (recorded: (act: Digest) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the mark, or makes a blank one. Fails with mark_ahead when there is a file and neither slot can be read. */
export async function openMark(path: string): Promise<Mark> {
  const file = await openFile(path);
  let content = await readContent(file, path).catch(async (error: unknown) => {
    await file.close();
    throw error;
  });
  let queue: Promise<void> = Promise.resolve();
  let isFailing = false;

  /** In force in this process from the moment they come: a tightening waits for no disk. */
  let direct: readonly DirectHold[] = [];

  async function write(change: (from: MarkContent) => MarkContent): Promise<void> {
    const turn = async (): Promise<void> => {
      const next = { ...change(content), sequence: content.sequence + 1 };
      await writeSlot(file, next);
      content = next;
      isFailing = false;
    };
    const done = queue.then(turn);
    queue = done.catch(() => {
      isFailing = true;
    });
    await done;
  }

  return {
    content: () => direct.reduce(withHold, content),
    isFailing: () => isFailing,
    advance: async (next) => {
      await write((from) => advanced(from, next));
    },
    hold: async (hold) => {
      // One that the disk did not take stays here, so that the same hold sent again writes, and the list does not grow.
      if (!direct.some(({ act }) => act === hold.act)) direct = [...direct, hold];
      await write((from) => withHold(from, hold));
      direct = direct.filter(({ act }) => act !== hold.act);
    },
    settle: async (recorded) => {
      direct = direct.filter(({ act }) => !recorded(act));
      if (!content.holds.some(({ act }) => recorded(act))) return;
      await write((from) => ({ ...from, holds: from.holds.filter(({ act }) => !recorded(act)) }));
    },
    close: async () => {
      await queue;
      await file.close();
    },
  };
}

function advanced(from: MarkContent, next: Partial<MarkContent>): MarkContent {
  const isLonger = (next.size ?? 0) > from.size;
  return {
    ...from,
    size: isLonger ? (next.size ?? 0) : from.size,
    root: isLonger ? (next.root ?? null) : from.root,
    trustVersion: Math.max(from.trustVersion, next.trustVersion ?? 0),
    latest: Math.max(from.latest, next.latest ?? 0),
  };
}

function withHold(from: MarkContent, hold: DirectHold): MarkContent {
  if (from.holds.some((known) => known.act === hold.act)) return from;
  if (from.holds.length >= holdsMax) return { ...from, isFull: true };
  return { ...from, holds: [...from.holds, hold] };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  // Under its own name only once it can be read: a crash while it is made leaves no mark, not a broken one.
  const file = await open(`${path}.new`, "w+", 0o600);
  await file.write(Buffer.alloc(slotBytes * 2, " "), 0, slotBytes * 2, 0);
  await file.sync();
  for (const sequence of [0, 1]) await writeSlot(file, { ...blank, sequence });
  await rename(`${path}.new`, path);
  return file;
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

async function writeSlot(file: FileHandle, content: MarkContent): Promise<void> {
  const text = canonicalText(content);
  const slot = Buffer.alloc(slotBytes, " ");
  slot.write(`${checksum(text)} ${text}\n`);
  if (text.length + 70 > slotBytes) throw new Failure("mark_full", "The mark has no more room. Everything is held.");
  await file.write(slot, 0, slotBytes, (content.sequence % 2) * slotBytes);
  await file.datasync();
}

async function readContent(file: FileHandle, path: string): Promise<MarkContent> {
  const slots = await Promise.all([readSlot(file, 0), readSlot(file, 1)]);
  const newest = slots.filter((slot) => slot !== undefined).toSorted((a, b) => b.sequence - a.sequence)[0];
  if (newest !== undefined) return newest;
  throw new Failure(
    "mark_ahead",
    `The mark ${path} cannot be read, so nothing is served. Restore it, or ask why it was damaged.`,
  );
}

async function readSlot(file: FileHandle, slot: number): Promise<MarkContent | undefined> {
  const bytes = Buffer.alloc(slotBytes);
  await file.read(bytes, 0, slotBytes, slot * slotBytes);
  const [sum = "", text = ""] = bytes.toString("utf8").trimEnd().split(/ (.*)/s);
  if (checksum(text) !== sum) return undefined;
  return Content.safeParse(JSON.parse(text)).data;
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
