// Puts a backup in the place of a data folder, unless that would begin a second history of the same log. Whatever is known of
// how far the log had gone must be in it: the present mark, what lies beside the keys, a person's profile, a checkpoint that
// somebody outside kept. Where nothing at all is known, somebody has to say so.
import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { openMark } from "../../gateway/mark.ts";
import { readHead } from "../../ledger/ledger-store.ts";
import { type Mark, loadLedger } from "../../ledger/load.ts";
import { openCheckpoint } from "../../proof/checkpoint.ts";
import { digestOfHash } from "../../proof/digest.ts";
import { nodePrimitives } from "../../proof/node.ts";
import type { Verifier } from "../../proof/note.ts";
import { settleSqlite } from "../../store/sqlite-copy.ts";
import { openSqlite } from "../../store/sqlite.ts";
import { Failure } from "../../terms/failure.ts";
import type { Instant, PublicKey } from "../../terms/ids.ts";
import { takeLock } from "../../store/lock.ts";
import { readSeen } from "../seen.ts";
import type { StoreAddress } from "../configuration.ts";
import { openStore } from "../open-store.ts";
import { type BackupList, gatewaysIn, newestOf, readBackup, storeName } from "./contents.ts";

export interface RestoreOptions {
  readonly from: string;
  readonly data: string;
  readonly keys: string;
  readonly store: StoreAddress;
  /** The log's own key, as the keys folder has it. */
  readonly logKey: PublicKey;
  /** What persons saw, by their profiles. */
  readonly seen: readonly Mark[];
  /** Signed checkpoints that others kept. */
  readonly checkpoints: readonly Uint8Array[];
  /** Somebody says that nothing newer is known anywhere. */
  readonly isNewest: boolean;
  readonly now: Instant;
}

export interface Restored {
  readonly size: number;
  /** Where what was there before lies now. */
  readonly aside: string | undefined;
}

/** Fails with mark_ahead, fork_detected, trust_unknown or configuration_invalid, and then nothing was changed. */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { data, from, store } = options;
  const list = readBackup(from);
  if (list.store !== store.kind) {
    const message = `This backup is of a deployment on ${list.store}; HEADGATE_STORE names another kind of database.`;
    throw new Failure("configuration_invalid", message);
  }
  const staging = `${data}.restoring-${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  const unlock = existsSync(data) ? takeLock(path.join(data, "lock")) : () => undefined;
  try {
    stage(from, staging, Object.keys(list.files));
    const size = await checkLedger(path.join(staging, storeName), list, options);
    carryOn(staging, options);
    return { size, aside: putInPlace(staging, options) };
  } finally {
    rmSync(staging, { recursive: true, force: true });
    unlock();
  }
}

function stage(from: string, staging: string, names: readonly string[]): void {
  mkdirSync(staging, { mode: 0o700 });
  for (const name of names) {
    mkdirSync(path.dirname(path.join(staging, name)), { recursive: true, mode: 0o700 });
    copyFileSync(path.join(from, name), path.join(staging, name));
  }
}

/** How far the ledger goes that is to be served: in the backup, or in the PostgreSQL database that was loaded before. */
async function checkLedger(file: string, list: BackupList, options: RestoreOptions): Promise<number> {
  const { store, isNewest, now, logKey } = options;
  const database = store.kind === "sqlite" ? await openSqlite(file) : await openStore(store);
  try {
    const head = await readHead(database).catch(() => undefined);
    if (head === undefined) throw new Failure("store_unavailable", emptyMessage(store));
    const log: Verifier = { name: head.origin, publicKey: logKey };
    const known = await marksOf(log, options);
    if (known.length === 0 && !isNewest) throw new Failure("trust_unknown", unknownMessage);
    const marks = [...known, { size: list.size, root: list.root }];
    await loadLedger({ queries: database, primitives: nodePrimitives, log, marks, now });
    return head.size;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "mark_ahead") throw error;
    throw new Failure("mark_ahead", `${error.message} ${wayOn}`, { detail: error.detail, cause: error });
  } finally {
    await database.close();
  }
}

const unknownMessage =
  "Nothing here says how far the log had gone, so nobody can tell whether this backup is the newest. Name what does: " +
  "--profile FILE of a person, --checkpoint FILE that somebody outside kept; or, if there is nothing, say --newest.";

const wayOn =
  "Restore a newer backup. If there is none, this log has ended: keep it, and begin a new deployment in new folders; " +
  "docs/operate.md says how.";

function emptyMessage({ kind }: StoreAddress): string {
  if (kind === "sqlite") return "The database in this backup has no log.";
  return "The PostgreSQL database has no log yet. Load the dump that belongs to this backup with pg_restore first.";
}

async function marksOf(log: Verifier, { data, keys, seen, checkpoints }: RestoreOptions): Promise<readonly Mark[]> {
  const opened = await Promise.all(
    checkpoints.map(async (bytes) => {
      const { size, root } = await openCheckpoint(bytes, log, nodePrimitives);
      return { size, root: digestOfHash(root) };
    }),
  );
  const present = await presentMark(data);
  const known = [readSeen(keys), present, ...seen, ...opened];
  return known.filter((mark) => mark !== undefined).filter(({ size }) => size > 0);
}

async function presentMark(data: string): Promise<Mark | undefined> {
  const file = path.join(data, "mark");
  if (!existsSync(file)) return undefined;
  const mark = await openMark(file);
  const { size, root } = mark.content();
  await mark.close();
  return root === null ? undefined : { size, root };
}

/** What the present folder has that is newer than any backup of it: its marks with holds, and receipts not yet in the log. */
function carryOn(staging: string, { data }: RestoreOptions): void {
  for (const gateway of gatewaysIn(data)) {
    for (const name of newestOf) {
      const [present, copy] = [path.join(data, gateway, name), path.join(staging, gateway, name)];
      if (!existsSync(present)) continue;
      rmSync(copy, { recursive: true, force: true });
      cpSync(present, copy, { recursive: true });
    }
  }
}

function putInPlace(staging: string, { data, store, now }: RestoreOptions): string | undefined {
  const suffix = `.before-restore-${now}`;
  const aside = existsSync(data) ? `${data}${suffix}` : undefined;
  if (aside !== undefined) moveAside(data, aside);
  const elsewhere = store.kind === "sqlite" && path.dirname(store.path) !== data ? store.path : undefined;
  if (elsewhere !== undefined) {
    for (const file of [elsewhere, `${elsewhere}-wal`, `${elsewhere}-shm`]) {
      if (existsSync(file)) renameSync(file, `${file}${suffix}`);
    }
  }
  renameSync(staging, data);
  const restored = path.join(data, storeName);
  if (store.kind === "sqlite" && restored !== store.path) {
    mkdirSync(path.dirname(store.path), { recursive: true, mode: 0o700 });
    settleSqlite(restored);
    copyFileSync(restored, store.path);
    rmSync(restored);
  }
  return aside;
}

function moveAside(data: string, aside: string): void {
  try {
    renameSync(data, aside);
  } catch (cause) {
    const message = `${data} cannot be moved aside. Where it is a volume's own folder, let HEADGATE_DATA be a folder in it.`;
    throw new Failure("configuration_invalid", message, { cause });
  }
}
