// The keys that runs are encrypted under: one a run, in a folder beside the profile that ran it and so apart from the run
// files. Destroying a key erases the run's texts wherever a copy of its file lies; what takes its place says when that was.
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../proof/canonical.ts";
import { fromBase64, toBase64 } from "../../proof/encoding.ts";
import { randomBytes } from "../../proof/node.ts";
import { runKeyBytes } from "../../runner/run-cipher.ts";
import { isPlain } from "../../runner/run-file.ts";
import { writeOver } from "../../runner/write-over.ts";
import { Failure } from "../../terms/failure.ts";
import { type Instant, RunId, Timestamp, instantOf, timestampOf } from "../../terms/ids.ts";
import type { Context } from "../context.ts";
import { createFile, readBounded, replaceFile } from "../files.ts";

const Kept = z.strictObject({
  format: z.literal("headgate-run-key/1"),
  run: RunId,
  /** 32 bytes, base64. */
  key: z.string(),
  /** Until then texts are kept; after it they are refused, and erased by the next who may. */
  until: Timestamp,
});
const Erased = z.strictObject({ format: z.literal("headgate-run-key/1"), run: RunId, erased: Timestamp });
const KeyFile = z.union([Kept, Erased]);

const keyFileBytesMax = 4096;

export type RunKey =
  | { readonly kind: "kept"; readonly key: Uint8Array; readonly until: Timestamp }
  | { readonly kind: "over"; readonly until: Timestamp }
  | { readonly kind: "erased"; readonly at: Timestamp }
  /** This profile never had one: the run is another's, or of before runs were encrypted. */
  | { readonly kind: "none" };

/** Where a run lies: its lines, and beside the profile the key that opens them. */
export interface RunPlace {
  readonly run: RunId;
  readonly file: string;
  /** Texts of runs that were sealed before runs were encrypted. */
  readonly plainOpenings: string;
  readonly keyFile: string;
}

export function runPlace(context: Context, profile: string, run: RunId): RunPlace {
  const file = join(context.stateFolder, "runs", `${run}.jsonl`);
  return {
    run,
    file,
    plainOpenings: `${file}.openings.json`,
    keyFile: join(keyFolder(profile), `${run}.key`),
  };
}

function keyFolder(profile: string): string {
  return `${profile}.run-keys`;
}

/** Makes the folders that a run needs, for their owner only, one that was made before and more widely as well. */
export function makeRunFolders(context: Context, profile: string): void {
  for (const folder of [join(context.stateFolder, "runs"), keyFolder(profile)]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  }
}

/** A fresh key, on disk before anything is encrypted under it. */
export function makeRunKey({ run, keyFile }: RunPlace, until: Instant): Uint8Array {
  const key = randomBytes(runKeyBytes);
  const kept: z.infer<typeof Kept> = {
    format: "headgate-run-key/1",
    run,
    key: toBase64(key),
    until: timestampOf(until),
  };
  createFile(keyFile, `${JSON.stringify(kept)}\n`);
  return key;
}

/** Fails with request_invalid where there is a file and it is no key of this run. */
export function readRunKey({ run, keyFile }: Pick<RunPlace, "run" | "keyFile">, now: Instant): RunKey {
  const file = readBounded(keyFile, keyFileBytesMax);
  if (file === undefined) return { kind: "none" };
  const found = keyIn(file.bytes);
  if (found?.run !== run) {
    throw new Failure("request_invalid", `${keyFile} is no key of ${run}. Bring it back from your copy.`);
  }
  if ("erased" in found) return { kind: "erased", at: found.erased };
  const key = fromBase64(found.key);
  if (key?.length !== runKeyBytes)
    throw new Failure("request_invalid", `${keyFile} is damaged. Bring it back from your copy.`);
  return now >= instantOf(found.until)
    ? { kind: "over", until: found.until }
    : { kind: "kept", key, until: found.until };
}

function keyIn(bytes: Uint8Array): z.infer<typeof KeyFile> | undefined {
  try {
    return KeyFile.safeParse(parseJson(bytes, { bytesMax: keyFileBytesMax, depthMax: 2 })).data;
  } catch {
    return undefined;
  }
}

/** The key of texts that are needed. Fails with not_found, in words that say what became of them. */
export function neededRunKey(place: RunPlace, now: Instant): Uint8Array {
  const found = readRunKey(place, now);
  switch (found.kind) {
    case "kept":
      return found.key;
    case "over":
      throw new Failure(
        "not_found",
        `The texts of ${place.run} were kept until ${found.until}. What is sealed stays valid without them.`,
      );
    case "erased":
      throw new Failure(
        "not_found",
        `The texts of ${place.run} were erased at ${found.at}. What is sealed stays valid without them.`,
      );
    case "none":
      throw new Failure(
        "not_found",
        `There is no key of ${place.run} here (${place.keyFile}): its texts are opened on the machine, and with the profile, that ran it.`,
      );
  }
}

/**
 * Destroys a run's key, and with it every copy of its texts but plain ones; then what lies here. Idempotent, and goes on
 * where it was cut off. False where there was nothing.
 */
export function forgetRun(place: RunPlace, now: Instant): boolean {
  const files = textFiles(place);
  const hasKey = destroyKey(place, files.length > 0, now);
  for (const path of files) {
    overwrite(path);
    rmSync(path);
  }
  return hasKey || files.length > 0;
}

/** Without the key an encrypted file is another profile's, and theirs to erase. */
function textFiles({ file, plainOpenings, keyFile }: RunPlace): readonly string[] {
  const isOurs = existsSync(file) && (existsSync(keyFile) || isPlain(file));
  return [...(isOurs ? [file] : []), ...(existsSync(plainOpenings) ? [plainOpenings] : [])];
}

/** Says in the key's place that it is destroyed, of a plain run that it is erased. False where that was said before. */
function destroyKey({ run, keyFile }: RunPlace, isPlainHere: boolean, now: Instant): boolean {
  const file = readBounded(keyFile, keyFileBytesMax);
  if (file === undefined && !isPlainHere) return false;
  const found = file === undefined ? undefined : keyIn(file.bytes);
  if (found !== undefined && "erased" in found) return false;
  if (file !== undefined) overwrite(keyFile);
  const said: z.infer<typeof Erased> = { format: "headgate-run-key/1", run, erased: timestampOf(now) };
  replaceFile(keyFile, `${JSON.stringify(said)}\n`);
  return true;
}

function overwrite(path: string): void {
  const handle = openSync(path, "r+");
  try {
    writeOver(handle);
  } finally {
    closeSync(handle);
  }
}

/** Runs of this profile whose time is over. */
export function runsOver(context: Context, profile: string): readonly RunPlace[] {
  const folder = keyFolder(profile);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => {
    const run = RunId.safeParse(/^(.*)\.key$/.exec(name)?.[1]).data;
    if (run === undefined) return [];
    const place = runPlace(context, profile, run);
    return isOver(place, context.now()) ? [place] : [];
  });
}

/** A key that cannot be read is somebody's to look at, and not to be erased by the way. */
function isOver(place: RunPlace, now: Instant): boolean {
  try {
    return readRunKey(place, now).kind === "over";
  } catch {
    return false;
  }
}
