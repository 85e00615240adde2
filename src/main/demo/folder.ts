// Where the demo lives: folders of its own, so that it can be erased without a second thought, and a note of how the last
// play ended, so that a later start just serves.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { replaceFile } from "../../cli/files.ts";
import { readProfile } from "../../cli/profile.ts";
import { readTrustFile } from "../../control/initialise.ts";
import { Failure } from "../../terms/failure.ts";
import { takeLock } from "../../store/lock.ts";

export interface DemoFolder {
  readonly data: string;
  readonly keys: string;
  readonly owner: string;
  readonly safety: string;
  readonly assurance: string;
  readonly state: string;
  readonly note: string;
}

/** The folder `data-demo` of where one stands. */
export function demoFolder(here: string): DemoFolder {
  const data = path.resolve(here, "data-demo");
  return {
    data,
    keys: `${data}-keys`,
    owner: path.join(data, "ada.json"),
    safety: path.join(data, "you.json"),
    assurance: path.join(data, "cleo.json"),
    state: path.join(data, "state"),
    note: path.join(data, "demo.json"),
  };
}

export const Ending = z.enum(["released", "refused", "withheld", "no-model"]);
export type Ending = z.infer<typeof Ending>;

const Note = z.strictObject({
  format: z.literal("headgate-demo/1"),
  /** Null while a play is under way, or was broken off. */
  ending: Ending.nullable(),
  /** The partner's key. It opens nothing outside the demo. */
  key: z.string(),
  /** A proposal that only lacks the safety lead's signature. */
  proposal: z.string().nullable(),
});
export type Note = z.infer<typeof Note>;

const noteBytesMax = 4_096;

/** Undefined where there is none that can be read. */
export function readNote(folder: DemoFolder): Note | undefined {
  if (!existsSync(folder.note)) return undefined;
  const text = readFileSync(folder.note, "utf8");
  try {
    return text.length > noteBytesMax ? undefined : Note.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export function writeNote(folder: DemoFolder, note: Omit<Note, "format">): void {
  const text = `${JSON.stringify({ format: "headgate-demo/1", ...note }, undefined, 1)}\n`;
  writeFileSync(folder.note, text, { mode: 0o600 });
}

/** Claims the folder for a demo before anything else is in it. */
export function beginFolder(folder: DemoFolder): void {
  mkdirSync(folder.data, { recursive: true, mode: 0o700 });
  writeNote(folder, { ending: null, key: "", proposal: null });
}

/** Writes where the server listens now into the demo's profiles, so that the commands on the card work. */
export function readdress(folder: DemoFolder, to: { readonly server: string; readonly dataPlane: string }): void {
  for (const file of [folder.owner, folder.safety, folder.assurance]) {
    if (existsSync(file)) replaceFile(file, `${JSON.stringify({ ...readProfile(file), ...to }, undefined, 2)}\n`);
  }
}

/** Removes the demo. Fails with configuration_invalid where the folder is not a demo's, or one runs on it. */
export function eraseDemo(folder: DemoFolder): boolean {
  if (!existsSync(folder.data)) return false;
  const trust = readTrustFile(path.join(folder.data, "trust.json"));
  if (trust?.demo === false || (trust === undefined && !existsSync(folder.note))) {
    throw new Failure("configuration_invalid", `${folder.data} is not a demo's folder. It is left as it is.`);
  }
  const unlock = takeLock(path.join(folder.data, "lock"));
  try {
    rmSync(folder.keys, { recursive: true, force: true });
    rmSync(folder.data, { recursive: true, force: true });
  } finally {
    unlock();
  }
  return true;
}
