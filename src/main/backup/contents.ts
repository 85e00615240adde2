// What a backup holds, and its list: every file with its digest, and how far the ledger in it goes.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { Digest, Timestamp } from "../../terms/ids.ts";

export const storeName = "headgate.db";
const listName = "backup.json";
/** Files of a data folder that are copied as they are; the database is copied by its own means. A gateway's are together. */
const ofGateway = { file: "mark", folders: ["holds", "spool"] } as const;
const workersFolder = "workers";
/** What a running gateway has and a backup of an earlier day has not. */
export const newestOf = [ofGateway.file, ...ofGateway.folders] as const;

const filesMax = 100_000;
const fileName = /^(?:headgate\.db|trust\.json|(?:workers\/\d{1,2}\/)?(?:mark|(?:holds|spool)\/[\w-][\w.-]*))$/;

export const BackupList = z.strictObject({
  format: z.literal("headgate-backup/1"),
  at: Timestamp,
  version: z.string(),
  /** Where the database is: in it, or dumped by whoever runs PostgreSQL. */
  store: z.enum(["sqlite", "postgres"]),
  /** Entries of the ledger when it was made, and their root. */
  size: z.number().int().nonnegative(),
  root: Digest,
  files: z.record(z.string().regex(fileName), Digest),
});
export type BackupList = z.infer<typeof BackupList>;

/** Names of a data folder's files but the database, relative to it; marks first, as they are to be copied first. */
export function filesOf(data: string): readonly string[] {
  const gateways = gatewaysIn(data);
  const inside = gateways.flatMap((gateway) =>
    ofGateway.folders.flatMap((folder) =>
      namesIn(path.join(data, gateway, folder)).map((name) => `${gateway}${folder}/${name}`),
    ),
  );
  return [...gateways.map((gateway) => `${gateway}${ofGateway.file}`), "trust.json", ...inside].filter(
    (name) => fileName.test(name) && existsSync(path.join(data, name)),
  );
}

/** Where in a data folder gateways keep their files: in itself, and in one folder a worker process. */
export function gatewaysIn(data: string): readonly string[] {
  return ["", ...namesIn(path.join(data, workersFolder)).map((number) => `${workersFolder}/${number}/`)];
}

export function isMark(name: string): boolean {
  return path.basename(name) === ofGateway.file;
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

export function digestOfFile(file: string): Digest {
  return Digest.parse(`sha256:${createHash("sha256").update(readFileSync(file)).digest("hex")}`);
}

export function listIn(folder: string): string {
  return path.join(folder, listName);
}

/** The list, with every file of it checked. Fails with configuration_invalid. */
export function readBackup(folder: string): BackupList {
  const file = listIn(folder);
  if (!existsSync(file)) throw wrong(`${folder} is no backup: there is no ${listName} in it.`);
  const read = BackupList.safeParse(jsonOf(readFileSync(file, "utf8")));
  if (!read.success || Object.keys(read.data.files).length > filesMax) throw wrong(`${file} is damaged.`);
  for (const [name, digest] of Object.entries(read.data.files)) {
    const own = path.join(folder, name);
    if (!existsSync(own) || digestOfFile(own) !== digest) throw wrong(`${own} is not the file that was backed up.`);
  }
  if ((read.data.files[storeName] === undefined) === (read.data.store === "sqlite")) {
    throw wrong(`${file} does not say where the database is.`);
  }
  return read.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function wrong(message: string): Failure {
  return new Failure("configuration_invalid", message);
}
