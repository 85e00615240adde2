// Copies what a deployment is, while it runs or not: all but the server's keys, which belong elsewhere. The order makes it
// one that can go on: the mark first, so that it is never ahead of the database in the copy; the spool before the database,
// so that a receipt is in one of them at least; the database last: SQLite's is copied here, PostgreSQL's is dumped afterwards
// by whoever runs it.
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openMark } from "../../gateway/mark.ts";
import { readHead } from "../../ledger/ledger-store.ts";
import type { Database } from "../../store/database.ts";
import { openPostgres } from "../../store/postgres.ts";
import { copySqlite, settleSqlite } from "../../store/sqlite-copy.ts";
import { openSqlite } from "../../store/sqlite.ts";
import { Failure } from "../../terms/failure.ts";
import { type Instant, timestampOf } from "../../terms/ids.ts";
import type { StoreAddress } from "../configuration.ts";
import { type BackupList, digestOfFile, filesOf, isMark, listIn, storeName } from "./contents.ts";

export interface BackupOptions {
  readonly data: string;
  readonly store: StoreAddress;
  /** New or empty. */
  readonly to: string;
  readonly version: string;
  readonly now: () => Instant;
}

/** A mark that is copied between the two writes of its slots cannot be read; then it is copied again. */
const markTriesMax = 5;

/** Fails with conflict, store_unavailable or configuration_invalid. */
export async function backUp({ data, store, to, version, now }: BackupOptions): Promise<BackupList> {
  if (existsSync(to) && readdirSync(to).length > 0)
    throw new Failure("conflict", `${to} is not empty. Name a new folder.`);
  if (!existsSync(path.join(data, "trust.json"))) {
    throw new Failure("configuration_invalid", `There is no deployment in ${data}: no trust.json. Set HEADGATE_DATA.`);
  }
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const at = timestampOf(now());
  const copied: string[] = [];
  for (const name of filesOf(data)) if (await isCopied(data, to, name)) copied.push(name);
  const { size, root } = await copyStore(store, to);
  const names = store.kind === "sqlite" ? [...copied, storeName] : copied;
  const files = Object.fromEntries(names.map((name) => [name, digestOfFile(path.join(to, name))]));
  const list: BackupList = { format: "headgate-backup/1", at, version, store: store.kind, size, root, files };
  // Last: without it, what lies there is no backup.
  writeFileSync(listIn(to), `${JSON.stringify(list, undefined, 1)}\n`, { mode: 0o600, flag: "wx" });
  return list;
}

/** False for what was there a moment ago: a spool file that the ledger has taken, whose receipts are in the database. */
async function isCopied(data: string, to: string, name: string): Promise<boolean> {
  const [from, copy] = [path.join(data, name), path.join(to, name)];
  mkdirSync(path.dirname(copy), { recursive: true, mode: 0o700 });
  try {
    if (isMark(name)) await copyMark(from, copy);
    else copyFileSync(from, copy);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

async function copyMark(from: string, copy: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    copyFileSync(from, copy);
    try {
      const mark = await openMark(copy);
      await mark.close();
      return;
    } catch (error) {
      if (tries === markTriesMax) throw error;
    }
  }
}

type Head = Pick<BackupList, "size" | "root">;

async function copyStore(store: StoreAddress, to: string): Promise<Head> {
  if (store.kind === "postgres") return headIn(await openPostgres(store.address, { isExclusive: false }));
  const copy = path.join(to, storeName);
  await copySqlite(store.path, copy);
  const head = await headIn(await openSqlite(copy));
  settleSqlite(copy);
  return head;
}

async function headIn(database: Database): Promise<Head> {
  try {
    const head = await readHead(database);
    if (head === undefined) throw new Failure("store_unavailable", "The database has no ledger.");
    return { size: head.size, root: head.root };
  } finally {
    await database.close();
  }
}
