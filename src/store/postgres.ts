// PostgreSQL through the `pg` package. One connection writes, transactions one after another, each under an advisory lock of
// the database, so that of several processes one writes at a time; a few more, read-only, serve reads of what was committed.
// The isolation level is read committed on purpose: every statement then sees what was committed before the lock was had.
// A connection that broke is never used again, and a transaction never goes on on another one.
import { Client, type ClientConfig, Pool } from "pg";
import { Failure } from "../terms/failure.ts";
import type { Database, Dialect, Row, Transaction, Value } from "./database.ts";
import type { PostgresAddress } from "./postgres-address.ts";
import { isAnswer, postgresFailureOf } from "./postgres-failure.ts";
import { Statements } from "./postgres-statements.ts";
import { Turns } from "./turns.ts";

const bounds = {
  connectMs: 5_000,
  /** How long another process may hold the lock before a transaction fails with store_unavailable. */
  lockMs: 1_000,
  statementMs: 30_000,
  /** Past this the connection is given up: nobody answers on it. */
  answerMs: 32_000,
  idleInTransactionMs: 60_000,
  readers: 4,
  readsWaitingMax: 4_096,
} as const;

/** The advisory locks: "head", "gate" in ASCII, and one up. */
const [lockSpace, lockWriting, lockServing] = [0x68656164, 0x67617465, 0x67617466];
const versionMin = 130_000;

export interface PostgresOptions {
  /** Fails while another opener that is exclusive has the database: one control plane a database. */
  readonly isExclusive: boolean;
}

/** Connects. Runs no migrations. Fails with store_unavailable, or with configuration_invalid on a server that forgets. */
export async function openPostgres(address: PostgresAddress, options: PostgresOptions): Promise<Database> {
  const database = new PostgresDatabase(address, options);
  try {
    await database.checkServer();
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

class PostgresDatabase implements Database {
  readonly dialect: Dialect = "postgres";
  readonly #address: PostgresAddress;
  readonly #options: PostgresOptions;
  readonly #readers: Pool;
  readonly #turns = new Turns();
  readonly #statements = new Statements();
  #writer: Writer | undefined;

  constructor(address: PostgresAddress, options: PostgresOptions) {
    this.#address = address;
    this.#options = options;
    this.#readers = new Pool({ ...configOf(address, { readOnly: true }), max: bounds.readers });
    // One that breaks while nobody uses it is replaced by the pool; the next read says if there is none to be had.
    this.#readers.on("error", () => undefined);
  }

  async query(sql: string, params: readonly Value[] = []): Promise<readonly Row[]> {
    this.#turns.checkOutside();
    this.#turns.checkOpen();
    if (this.#readers.waitingCount >= bounds.readsWaitingMax) {
      throw new Failure("store_unavailable", "Too many reads wait for the database. Try again later.");
    }
    return failing(async () => {
      const { rows } = await this.#readers.query<Record<string, unknown>>(this.#statements.of(sql, params));
      return rows.map(plainRow);
    });
  }

  async transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#turns.transact(async () => {
      const writer = await this.#connected();
      return this.#transact(writer, work);
    });
  }

  async close(): Promise<void> {
    await this.#turns.take(async () => {
      this.#turns.close();
      await this.#readers.end();
      await this.#writer?.close();
    });
  }

  /** That what it answers as committed is on its disk, and that it can hold every text. */
  async checkServer(): Promise<void> {
    const [row] = await this.#turns.take(async () => (await this.#connected()).query(settings, []));
    if (Number(row?.["version"]) < versionMin) throw unfit("PostgreSQL 13 or newer is needed.");
    if (row?.["encoding"] !== "UTF8") throw unfit("The database's encoding is not UTF8. Make one that is.");
    if (row["fsync"] !== "on" || row["pages"] !== "on") {
      throw unfit("PostgreSQL runs with fsync or full_page_writes off: it forgets what it promised. Switch them on.");
    }
    if (row["standby"] !== "no") throw unfit("This PostgreSQL is a standby. Name the one that writes.");
  }

  async #connected(): Promise<Writer> {
    if (this.#writer?.isUsable() !== true) this.#writer = await openWriter(this.#address, this.#options);
    return this.#writer;
  }

  async #transact<T>(writer: Writer, work: (transaction: Transaction) => Promise<T>): Promise<T> {
    await writer
      .run(`BEGIN; SELECT pg_advisory_xact_lock(${lockSpace}, ${lockWriting})`)
      .catch(async (error: unknown) => {
        await writer.rollBack();
        throw error;
      });
    const transaction = new PostgresTransaction(writer);
    try {
      const result = await work(transaction);
      transaction.checkWhole();
      await writer.run("COMMIT");
      return result;
    } catch (error) {
      await writer.rollBack();
      throw error;
    } finally {
      transaction.end();
    }
  }
}

class PostgresTransaction implements Transaction {
  readonly dialect: Dialect = "postgres";
  #writer: Writer | undefined;
  #failed: Error | undefined;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  async query(sql: string, params: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#noting(async () => this.#open().query(sql, params));
  }

  async script(sql: string): Promise<void> {
    await this.#noting(async () => this.#open().run(sql));
  }

  /** PostgreSQL answers COMMIT after a failed statement by rolling back, without a word. */
  checkWhole(): void {
    if (this.#failed !== undefined) throw this.#failed;
  }

  end(): void {
    this.#writer = undefined;
  }

  async #noting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#failed ??= error instanceof Error ? error : new Error("A statement failed.", { cause: error });
      throw error;
    }
  }

  #open(): Writer {
    if (this.#writer === undefined) throw new Error("This transaction has ended: something in it was not awaited.");
    return this.#writer;
  }
}

/** The one connection that writes. */
class Writer {
  readonly #client: Client;
  readonly #statements = new Statements();
  #isBroken = false;

  constructor(client: Client) {
    this.#client = client;
    client.on("error", () => {
      this.#isBroken = true;
    });
    client.on("end", () => {
      this.#isBroken = true;
    });
  }

  isUsable(): boolean {
    return !this.#isBroken;
  }

  async query(sql: string, params: readonly Value[]): Promise<readonly Row[]> {
    return this.#using(async () => {
      const { rows } = await this.#client.query<Record<string, unknown>>(this.#statements.of(sql, params));
      return rows.map(plainRow);
    });
  }

  /** Statements without parameters and answers. */
  async run(sql: string): Promise<void> {
    await this.#using(async () => this.#client.query(sql));
  }

  /** Leaves no transaction open: where that cannot be said to PostgreSQL, the connection goes, and the transaction with it. */
  async rollBack(): Promise<void> {
    if (!this.#isBroken) await this.run("ROLLBACK").catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }

  async #using<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isBroken) throw postgresFailureOf(new Error("The connection to the database broke."));
    try {
      return await work();
    } catch (error) {
      if (!isAnswer(error)) {
        this.#isBroken = true;
        void this.#client.end().catch(() => undefined);
      }
      throw postgresFailureOf(error);
    }
  }
}

async function openWriter(address: PostgresAddress, { isExclusive }: PostgresOptions): Promise<Writer> {
  const client = new Client(configOf(address, { readOnly: false }));
  const writer = new Writer(client);
  try {
    await failing(async () => client.connect());
    if (isExclusive) await writer.run(`SELECT pg_advisory_lock(${lockSpace}, ${lockServing})`);
    return writer;
  } catch (error) {
    await writer.close();
    throw error;
  }
}

const settings = `SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding,
  current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
  CASE WHEN pg_is_in_recovery() THEN 'yes' ELSE 'no' END AS standby`;

/**
 * What the session is: durable at commit, read-only where it only reads, and noticed to be gone by the server within half a
 * minute, so that its lock does not outlive a machine that fell off the network.
 */
function configOf(address: PostgresAddress, { readOnly }: { readonly readOnly: boolean }): ClientConfig {
  const { host, port, database, user, password, ssl } = address;
  const options = [
    "synchronous_commit=on",
    `default_transaction_read_only=${readOnly ? "on" : "off"}`,
    "default_transaction_isolation=read\\ committed",
    "tcp_keepalives_idle=10",
    "tcp_keepalives_interval=5",
    "tcp_keepalives_count=3",
  ];
  return {
    host,
    port,
    database,
    user,
    ...(password === undefined ? {} : { password }),
    ssl,
    application_name: "headgate",
    options: options.map((option) => `-c ${option}`).join(" "),
    connectionTimeoutMillis: bounds.connectMs,
    keepAlive: true,
    statement_timeout: bounds.statementMs,
    query_timeout: bounds.answerMs,
    lock_timeout: bounds.lockMs,
    idle_in_transaction_session_timeout: bounds.idleInTransactionMs,
    types: { getTypeParser: parserOf },
  };
}

/** PostgreSQL's numbers of the types that a row may hold: bytea, int8, int2, int4; all else is text. */
const [bytea, int8, int2, int4] = [17, 20, 21, 23];

function parserOf(type: number): (text: string) => string | number | Uint8Array {
  if (type === bytea) return (text) => new Uint8Array(Buffer.from(text.slice(2), "hex"));
  if (type === int8 || type === int2 || type === int4) return wholeNumber;
  return (text) => text;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  throw new Failure("store_unavailable", "A number in the database is larger than any that was written there.");
}

function plainRow(row: Record<string, unknown>): Row {
  return { ...row };
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw postgresFailureOf(error);
  }
}

function unfit(message: string): Failure {
  return new Failure("configuration_invalid", message);
}
