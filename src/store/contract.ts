// What every database behind the store's interface keeps, as tests: src/store/<database>.test.ts runs them on each.
// oxlint-disable typescript/no-floating-promises -- tests are declared here, as in a *.test.ts file, not awaited.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import type { Database, Dialect, Transaction } from "./database.ts";
import { migrate, type Migration } from "./migrations.ts";
import { schema } from "./schema.ts";

/** An empty database; what it left behind is removed by whoever opened it. */
export type Opener = () => Promise<Database>;

/** A small table, and one for a large value. */
const tables: Readonly<Record<Dialect, string>> = {
  sqlite:
    "CREATE TABLE pair (id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT; CREATE TABLE large (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
  postgres:
    "CREATE TABLE pair (id BIGINT PRIMARY KEY, value BIGINT NOT NULL); CREATE TABLE large (id BIGINT PRIMARY KEY, bytes BYTEA NOT NULL)",
};

const fails = (code: string) => (error: unknown) => failureCode(error) === code;

/** Declares the tests under `name`. */
export function describeDatabase(name: string, open: Opener): void {
  describe(name, () => {
    let database: Database;
    beforeEach(async () => {
      database = await open();
      await database.transaction(async (transaction) => transaction.script(tables[transaction.dialect]));
    });
    afterEach(async () => database.close().catch(() => undefined));
    const current = (): Database => database;
    declareTransactions(current);
    declareIsolation(current);
    declareValues(current);
    declareMigrations(open);
  });
}

const insert = async (transaction: Transaction, id: number, value = 0): Promise<void> => {
  await transaction.query("INSERT INTO pair (id, value) VALUES (?, ?)", [id, value]);
};

const ids = async (database: Database): Promise<readonly unknown[]> =>
  (await database.query("SELECT id FROM pair ORDER BY id")).map((row) => row["id"]);

const add = async (transaction: Transaction): Promise<void> => {
  const [row] = await transaction.query("SELECT value FROM pair WHERE id = 1");
  await new Promise(setImmediate);
  await transaction.query("UPDATE pair SET value = ? WHERE id = 1", [Number(row?.["value"]) + 1]);
};

function declareTransactions(database: () => Database): void {
  test("a transaction gives what its work gives, and its rows stay", async () => {
    const result = await database().transaction(async (transaction) => {
      await insert(transaction, 1);
      return "done";
    });
    assert.equal(result, "done");
    assert.deepEqual(await ids(database()), [1]);
  });

  test("work that throws leaves nothing behind and its error comes through", async () => {
    const error = new Error("of the caller");
    const work = database().transaction(async (transaction) => {
      await insert(transaction, 1);
      throw error;
    });
    await assert.rejects(work, error);
    assert.deepEqual(await ids(database()), []);
    await database().transaction(async (transaction) => insert(transaction, 2));
    assert.deepEqual(await ids(database()), [2]);
  });

  test("a broken constraint is a conflict and rolls everything back", async () => {
    await database().transaction(async (transaction) => insert(transaction, 1));
    const work = database().transaction(async (transaction) => {
      await insert(transaction, 2);
      await insert(transaction, 1);
    });
    await assert.rejects(work, fails("conflict"));
    assert.deepEqual(await ids(database()), [1]);
  });

  test("a transaction in which a statement failed commits nothing, even where its work goes on", async () => {
    const work = database().transaction(async (transaction) => {
      await insert(transaction, 1);
      await insert(transaction, 1).catch(() => undefined);
      return "done";
    });
    await assert.rejects(work, fails("conflict"));
    assert.deepEqual(await ids(database()), []);
    await database().transaction(async (transaction) => insert(transaction, 2));
    assert.deepEqual(await ids(database()), [2]);
  });

  test("a transaction does not work after it has ended", async () => {
    let escaped: Transaction | undefined;
    await database().transaction(async (transaction) => {
      escaped = transaction;
    });
    await assert.rejects(async () => escaped?.query("SELECT 1"), /has ended/);
  });

  test("a transaction or a read inside a transaction is refused instead of waiting for itself", async () => {
    const nested = database().transaction(async () => database().transaction(async () => 1));
    await assert.rejects(nested, /Inside a transaction/);
    const read = database().transaction(async () => database().query("SELECT 1"));
    await assert.rejects(read, /Inside a transaction/);
  });

  test("a closed database refuses, and what had begun is finished first", async () => {
    const begun = database().transaction(async (transaction) => insert(transaction, 1));
    await database().close();
    await begun;
    await assert.rejects(database().query("SELECT 1"), fails("store_unavailable"));
    await assert.rejects(
      database().transaction(async () => 1),
      fails("store_unavailable"),
    );
  });
}

function declareIsolation(database: () => Database): void {
  test("nobody reads what is not committed, nor what was rolled back", async () => {
    const seen: (readonly unknown[])[] = [];
    const { promise: inserted, resolve } = Promise.withResolvers<void>();
    const work = database().transaction(async (transaction) => {
      await insert(transaction, 1);
      resolve();
      await new Promise(setImmediate);
      throw new Error("back");
    });
    await inserted;
    const reading = ids(database()).then((rows) => seen.push(rows));
    await assert.rejects(work);
    await reading;
    assert.deepEqual(seen, [[]]);
  });

  test("transactions asked for together run one after another and lose no update", async () => {
    await database().transaction(async (transaction) => insert(transaction, 1, 0));
    await Promise.all(Array.from({ length: 50 }, async () => database().transaction(add)));
    const [row] = await database().query("SELECT value FROM pair WHERE id = 1");
    assert.equal(row?.["value"], 50);
  });

  test("one failing transaction does not touch those around it", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, id) =>
        database().transaction(async (transaction) => {
          await insert(transaction, id);
          if (id % 3 === 0) throw new Error("every third");
        }),
      ),
    );
    assert.equal(results.filter(({ status }) => status === "rejected").length, 4);
    assert.deepEqual(await ids(database()), [1, 2, 4, 5, 7, 8]);
  });

  test("a write outside a transaction is refused", async () => {
    await assert.rejects(database().query("INSERT INTO pair (id, value) VALUES (1, 1)"));
    assert.deepEqual(await ids(database()), []);
  });

  test("a write can answer which rows it changed", async () => {
    const update = async (from: number): Promise<number> =>
      database().transaction(async (transaction) => {
        const rows = await transaction.query("UPDATE pair SET value = 9 WHERE value = ? RETURNING id", [from]);
        return rows.length;
      });
    await database().transaction(async (transaction) => insert(transaction, 1, 5));
    assert.equal(await update(4), 0);
    assert.equal(await update(5), 1);
  });
}

function declareValues(database: () => Database): void {
  test("a blob of 8 MiB comes back as it was", async () => {
    const blob = Uint8Array.from({ length: 8 << 20 }, (_, at) => (at * 31) & 255);
    await database().transaction(async (transaction) => {
      await transaction.query("INSERT INTO large (id, bytes) VALUES (1, ?)", [blob]);
    });
    const [row] = await database().query("SELECT bytes FROM large");
    assert.ok(row?.["bytes"] instanceof Uint8Array);
    assert.equal(Buffer.compare(row["bytes"], blob), 0);
  });

  test("text and numbers come back as they were, and SQL in a value stays a value", async () => {
    const text = `'); DROP TABLE pair; -- \u{1f600} \u0001 $1 ? end`;
    const [row] = await database().query(
      "SELECT CAST(? AS TEXT) AS text, CAST(? AS BIGINT) AS size, CAST(? AS TEXT) AS absent, '?' AS mark",
      [text, 2 ** 53 - 1, null],
    );
    assert.deepEqual({ ...row }, { text, size: 2 ** 53 - 1, absent: null, mark: "?" });
    assert.deepEqual(await ids(database()), []);
  });

  test("a value of another type than its column is refused", async () => {
    const work = database().transaction(async (transaction) =>
      transaction.query("INSERT INTO pair (id, value) VALUES (1, 'one')"),
    );
    await assert.rejects(work, fails("conflict"));
  });
}

const step = (id: number, sql: string): Migration => ({ id, name: `step ${id}`, sql: { sqlite: sql, postgres: sql } });
const one = step(1, "CREATE TABLE first (id INTEGER PRIMARY KEY); INSERT INTO first VALUES (7);");
const two = step(2, "CREATE TABLE second (id INTEGER PRIMARY KEY);");

const count = async (database: Database, table: string): Promise<unknown> =>
  (await database.query(`SELECT count(*) AS n FROM ${table}`))[0]?.["n"];

function declareMigrations(open: Opener): void {
  const withDatabase = async (work: (database: Database) => Promise<void>): Promise<void> => {
    const database = await open();
    try {
      await work(database);
    } finally {
      await database.close();
    }
  };

  test("migrations run once each, in order, and later ones are added", async () => {
    await withDatabase(async (database) => {
      await migrate(database, [one]);
      await migrate(database, [one, two]);
      await migrate(database, [one, two]);
      assert.equal(await count(database, "first"), 1);
      assert.equal(await count(database, "second"), 0);
    });
  });

  test("a database that a newer version used is refused", async () => {
    await withDatabase(async (database) => {
      await migrate(database, [one, two]);
      await assert.rejects(migrate(database, [one]), fails("schema_newer"));
    });
  });

  test("a migration that was edited or renamed after it ran is refused", async () => {
    await withDatabase(async (database) => {
      await migrate(database, [one]);
      await assert.rejects(migrate(database, [step(1, `${one.sql.sqlite} `)]), fails("schema_changed"));
      await assert.rejects(migrate(database, [{ ...one, name: "other" }, two]), fails("schema_changed"));
      await assert.rejects(count(database, "second"));
    });
  });

  test("a migration that fails half way leaves nothing of itself and all before it", async () => {
    await withDatabase(async (database) => {
      const broken = step(2, "CREATE TABLE half (id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1);");
      await assert.rejects(migrate(database, [one, broken]), /nowhere/);
      await assert.rejects(count(database, "half"));
      assert.equal(await count(database, "first"), 1);
      await migrate(database, [one, two]);
      assert.equal(await count(database, "second"), 0);
    });
  });

  test("the schema of this version applies to an empty database, twice", async () => {
    await withDatabase(async (database) => {
      await migrate(database, schema);
      await migrate(database, schema);
      assert.equal(await count(database, "ledger_leaf"), 0);
    });
  });
}
