// SQLite through node:sqlite: WAL, synchronous=FULL, so that what a transaction answered is on the disk. One connection
// writes, transactions one after another; another, read-only, serves reads, so that nobody sees what is not committed. In
// memory there is one connection, and reads take their turn among the transactions.
// Calls block the thread for as long as SQLite works, fsync included; the interface is asynchronous so that this can move.
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { z } from "zod";
import { Failure, type FailureCode } from "../terms/failure.ts";
import type { Database, Dialect, Row, Transaction, Value } from "./database.ts";
import { Turns } from "./turns.ts";

/** How long another process may hold the file before a transaction fails with store_unavailable. */
const busyWaitMsMax = 1000;
const statementsKeptMax = 256;
const memory = ":memory:";

/** Opens or creates the database file (0600), or one in memory for `:memory:`. Runs no migrations. */
export async function openSqlite(path: string): Promise<Database> {
  return failing(() => {
    if (path !== memory) createFile(path);
    const writer = connect(path, { readOnly: false });
    if (path === memory) return new SqliteDatabase(writer, undefined);
    try {
      return new SqliteDatabase(writer, connect(path, { readOnly: true }));
    } catch (error) {
      writer.close();
      throw error;
    }
  });
}

/** The file and its name in the folder, both durable, before SQLite puts anything into it. */
function createFile(path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function connect(path: string, { readOnly }: { readonly readOnly: boolean }): DatabaseSync {
  const connection = new DatabaseSync(path, { readOnly, timeout: busyWaitMsMax, enableForeignKeyConstraints: true });
  if (!readOnly) {
    const mode = path === memory ? "memory" : "wal";
    const [row] = connection.prepare(`PRAGMA journal_mode=${mode}`).all();
    if (row?.["journal_mode"] !== mode)
      throw unavailable("SQLite does not write ahead in this place: use a local disk.");
    connection.exec("PRAGMA synchronous=FULL; PRAGMA fullfsync=ON; PRAGMA checkpoint_fullfsync=ON");
  }
  connection.exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON");
  return connection;
}

class SqliteDatabase implements Database {
  readonly dialect: Dialect = "sqlite";
  readonly #writer: Connection;
  readonly #reader: Connection | undefined;
  readonly #turns = new Turns();
  #isBroken = false;

  constructor(writer: DatabaseSync, reader: DatabaseSync | undefined) {
    this.#writer = new Connection(writer);
    this.#reader = reader === undefined ? undefined : new Connection(reader);
    if (reader === undefined) writer.exec("PRAGMA query_only=ON");
  }

  async query(sql: string, params: readonly Value[] = []): Promise<readonly Row[]> {
    this.#turns.checkOutside();
    const reader = this.#reader;
    if (reader === undefined) return this.#turns.take(async () => failing(() => this.#writer.query(sql, params)));
    this.#turns.checkOpen();
    return failing(() => reader.query(sql, params));
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#turns.transact(async () => this.#transact(work));
  }

  async close(): Promise<void> {
    await this.#turns.take(async () => {
      this.#turns.close();
      this.#reader?.close();
      this.#writer.close();
    });
  }

  async #transact<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    if (this.#isBroken) throw unavailable("A write to the disk failed. Look at the disk, then start again.");
    const isMemory = this.#reader === undefined;
    if (isMemory) this.#run("PRAGMA query_only=OFF");
    this.#run("BEGIN IMMEDIATE");
    const transaction = new SqliteTransaction(this.#writer);
    try {
      const result = await work(transaction);
      transaction.checkWhole();
      this.#run("COMMIT");
      return result;
    } catch (error) {
      if (isDiskError(error)) this.#isBroken = true;
      this.#rollBack();
      throw error;
    } finally {
      transaction.end();
      if (isMemory) this.#writer.run("PRAGMA query_only=ON");
    }
  }

  #run(sql: string): void {
    failing(() => this.#writer.run(sql));
  }

  #rollBack(): void {
    // Some errors end the transaction by themselves, and then there is nothing to roll back.
    if (!this.#writer.isInTransaction()) return;
    try {
      this.#writer.run("ROLLBACK");
    } catch {
      this.#isBroken = true;
    }
  }
}

class SqliteTransaction implements Transaction {
  readonly dialect: Dialect = "sqlite";
  #connection: Connection | undefined;
  #failed: Error | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async query(sql: string, params: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#noting(() => this.#open().query(sql, params));
  }

  async script(sql: string): Promise<void> {
    this.#noting(() => {
      this.#open().run(sql);
    });
  }

  /** Work that went on after a statement failed is not what was meant to be committed. */
  checkWhole(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  end(): void {
    this.#connection = undefined;
  }

  #noting<T>(work: () => T): T {
    try {
      return failing(work);
    } catch (error) {
      this.#failed ??= error instanceof Error ? error : new Error("A statement failed.", { cause: error });
      throw error;
    }
  }

  #open(): Connection {
    if (this.#connection === undefined) throw new Error("This transaction has ended: something in it was not awaited.");
    return this.#connection;
  }
}

/** A connection with its prepared statements. */
class Connection {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  query(sql: string, params: readonly Value[]): readonly Row[] {
    return this.#prepare(sql).all(...params);
  }

  run(sql: string): void {
    this.#connection.exec(sql);
  }

  isInTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  close(): void {
    this.#statements.clear();
    this.#connection.close();
  }

  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = this.#connection.prepare(sql);
    if (this.#statements.size >= statementsKeptMax) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Runs, and gives what SQLite throws its code. What is no fault of the world (bad SQL) comes through as it is. */
function failing<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw failureOf(cause);
  }
}

const SqliteError = z.looseObject({ code: z.literal("ERR_SQLITE_ERROR"), errcode: z.number(), message: z.string() });
const SystemError = z.looseObject({ code: z.string(), syscall: z.string() });

const io = 10;
/** SQLite's primary result codes (sqlite.org/rescode.html) that are the world's fault. */
const codes: Readonly<Record<number, readonly [FailureCode, string]>> = {
  5: ["store_unavailable", "Another process holds the database. Only one control plane writes to one file."],
  6: ["store_unavailable", "Another connection holds a table of the database."],
  8: ["store_unavailable", "The database cannot be written here."],
  [io]: ["store_unavailable", "Reading or writing the database failed. Look at the disk, then start again."],
  11: ["store_unavailable", "The database file is damaged. Restore it from a copy."],
  13: ["disk_full", "The disk is full: nothing more can be recorded. Make room."],
  14: ["store_unavailable", "The database file cannot be opened. Look at its folder and permissions."],
  19: ["conflict", "What is stored already excludes this."],
  26: ["store_unavailable", "This file is not a database."],
};

function failureOf(cause: unknown): unknown {
  const sqlite = SqliteError.safeParse(cause);
  if (sqlite.success) {
    const [code, message] = codes[sqlite.data.errcode & 0xff] ?? [];
    return code === undefined || message === undefined ? cause : new Failure(code, message, { cause });
  }
  const system = SystemError.safeParse(cause);
  if (!system.success) return cause;
  const isFull = system.data.code === "ENOSPC" || system.data.code === "EDQUOT";
  const [code, message] = isFull ? (codes[13] ?? []) : (codes[14] ?? []);
  return code === undefined || message === undefined ? cause : new Failure(code, message, { cause });
}

/** After a failed fsync nobody knows what the disk holds; nothing is written through this connection any more. */
function isDiskError(error: unknown): boolean {
  const sqlite = SqliteError.safeParse(error instanceof Failure ? error.cause : error);
  return sqlite.success && (sqlite.data.errcode & 0xff) === io;
}

function unavailable(message: string): Failure {
  return new Failure("store_unavailable", message);
}
