import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterForTests } from "../../test/postgres/cluster.ts";
import { failureCode } from "../terms/failure.ts";
import { describeDatabase } from "./contract.ts";
import type { Database } from "./database.ts";
import { parsePostgresAddress } from "./postgres-address.ts";
import { numberPlaceholders } from "./postgres-statements.ts";
import { openPostgres } from "./postgres.ts";

const fails = (code: string) => (error: unknown) => failureCode(error) === code;
const open = async (address: string, isExclusive = false): Promise<Database> =>
  openPostgres(parsePostgresAddress(address), { isExclusive });

const insert = async (database: Database, a: number): Promise<void> =>
  database.transaction(async (transaction) => transaction.script(`INSERT INTO t VALUES (${a})`));
const values = async (database: Database): Promise<readonly unknown[]> =>
  (await database.query("SELECT a FROM t ORDER BY a")).map((row) => row["a"]);

const cluster = await clusterForTests();
if (cluster !== undefined) {
  describeDatabase("PostgreSQL", async () => open(await cluster.newDatabase()));

  const withTable = async (isExclusive = false): Promise<{ address: string; database: Database }> => {
    const address = await cluster.newDatabase();
    const database = await open(address, isExclusive);
    await database.transaction(async (transaction) => transaction.script("CREATE TABLE t (a BIGINT PRIMARY KEY)"));
    return { address, database };
  };
  test("a database that another process is writing is store_unavailable, and free again afterwards", async () => {
    const { address, database } = await withTable();
    const other = await open(address);
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const writing = other.transaction(async (transaction) => {
      await transaction.script("INSERT INTO t VALUES (1)");
      begin();
      await over;
    });
    await begun;
    await assert.rejects(insert(database, 2), fails("store_unavailable"));
    assert.deepEqual(await values(database), []);
    end();
    await writing;
    await insert(database, 2);
    assert.deepEqual(await values(database), [1, 2]);
    await Promise.all([database.close(), other.close()]);
  });

  test("of two control planes on one database the second is refused until the first has gone", async () => {
    const { address, database } = await withTable(true);
    await assert.rejects(open(address, true), fails("store_unavailable"));
    await insert(database, 1);
    await database.close();
    const second = await open(address, true);
    assert.deepEqual(await values(second), [1]);
    await second.close();
  });

  test("a control plane whose connection was ended by the server writes again, and nobody took its place meanwhile unseen", async () => {
    const { address, database } = await withTable(true);
    const end = async (): Promise<void> =>
      cluster.run(
        address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'headgate' AND datname = current_database()",
      );
    await end();
    await sleep(50);
    await insert(database, 1).catch(async () => insert(database, 1));
    assert.deepEqual(await values(database), [1]);
    await end();
    const second = await open(address, true);
    await sleep(50);
    await assert.rejects(insert(database, 2), fails("store_unavailable"));
    await second.close();
    await insert(database, 2);
    assert.deepEqual(await values(database), [1, 2]);
    await database.close();
  });

  test("a transaction whose connection breaks under it fails and leaves nothing", async () => {
    const { address, database } = await withTable();
    const work = database.transaction(async (transaction) => {
      await transaction.script("INSERT INTO t VALUES (1)");
      await cluster.run(
        address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'",
      );
      await sleep(50);
      await transaction.script("INSERT INTO t VALUES (2)");
    });
    await assert.rejects(work, fails("store_unavailable"));
    assert.deepEqual(await values(database), []);
    await insert(database, 3);
    assert.deepEqual(await values(database), [3]);
    await database.close();
  });

  test("after a crash of the server everything answered is there, and work goes on on new connections", async () => {
    const { database } = await withTable();
    for (let a = 1; a <= 20; a++) await insert(database, a);
    await cluster.crash();
    await assert.rejects(insert(database, 21), fails("store_unavailable"));
    await assert.rejects(database.query("SELECT 1"), fails("store_unavailable"));
    await cluster.start();
    await insert(database, 21);
    assert.equal((await values(database)).length, 21);
    await database.close();
  });

  const writer = `
import { openPostgres } from ${JSON.stringify(new URL("postgres.ts", import.meta.url).href)};
import { parsePostgresAddress } from ${JSON.stringify(new URL("postgres-address.ts", import.meta.url).href)};
const database = await openPostgres(parsePostgresAddress(process.argv[1]), { isExclusive: true });
const [row] = await database.query("SELECT coalesce(max(a), 0) AS a FROM t");
for (let a = row.a + 1; ; a++) {
  await database.transaction((transaction) => transaction.query("INSERT INTO t VALUES (?)", [a]));
  process.stdout.write(a + "\\n");
}`;

  test("what was answered before kill -9 is there afterwards, and the next process has the database at once", async () => {
    const { address, database } = await withTable();
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", writer, address], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(child, "exit");
      let answered = "";
      child.stdout.on("data", (chunk: Buffer) => {
        answered += chunk.toString();
        if (answered.length > 300) child.kill("SIGKILL");
      });
      await exited;
      const last = Number(answered.split("\n").at(-2));
      const [row] = await database.query("SELECT max(a) AS last, count(*) AS n FROM t");
      assert.ok(Number(row?.["last"]) >= last && last > 0, `${last} was answered`);
      assert.equal(row?.["n"], row?.["last"]);
    }
    await database.close();
  });

  test("a server that forgets what it committed is refused, and so are a missing database and an unknown user", async () => {
    const address = await cluster.newDatabase();
    await cluster.run(address, "ALTER SYSTEM SET fsync = off");
    await cluster.run(address, "SELECT pg_reload_conf()");
    await sleep(200);
    await assert.rejects(open(address), fails("configuration_invalid"));
    await cluster.run(address, "ALTER SYSTEM RESET fsync");
    await cluster.run(address, "SELECT pg_reload_conf()");
    await sleep(200);
    await (await open(address)).close();
    await assert.rejects(open(address.replace(/\/t[0-9a-f]+\?/, "/nowhere?")), fails("store_unavailable"));
    await assert.rejects(open(address.replace("user=headgate", "user=nobody")), fails("store_unavailable"));
    await assert.rejects(open("postgres://headgate@127.0.0.1:1/x"), fails("store_unavailable"));
  });

  test("synchronous commit is on for what writes, whatever the server's default is", async () => {
    const { address, database } = await withTable();
    await cluster.run(address, `ALTER DATABASE ${new URL(address).pathname.slice(1)} SET synchronous_commit = off`);
    const again = await open(address);
    const [row] = await again.transaction(async (transaction) => transaction.query("SHOW synchronous_commit"));
    assert.equal(row?.["synchronous_commit"], "on");
    await Promise.all([database.close(), again.close()]);
  });
}

test("placeholders are numbered, and quoted question marks stay", () => {
  assert.equal(numberPlaceholders(`SELECT ? AS "a?", 'it''s ?' || ?`), `SELECT $1 AS "a?", 'it''s ?' || $2`);
});

test("an address is read strictly, and another machine is reached in TLS or by express wish only", () => {
  const local = parsePostgresAddress("postgres://ada:p%40ss@localhost/head");
  assert.deepEqual(local, {
    host: "localhost",
    port: 5432,
    database: "head",
    user: "ada",
    password: "p@ss",
    ssl: false,
  });
  assert.equal(parsePostgresAddress("postgres:///head?user=a").host, "/var/run/postgresql");
  assert.equal(parsePostgresAddress("postgres:///head?host=%2Frun%2Fpg&port=6000&user=a").port, 6000);
  assert.equal(parsePostgresAddress("postgres://a@[::1]/head").host, "::1");
  assert.deepEqual(parsePostgresAddress("postgres://a@db.example/head?sslmode=verify-full").ssl, {
    rejectUnauthorized: true,
  });
  assert.equal(parsePostgresAddress("postgres://a@db.example/head?sslmode=disable").ssl, false);
  const wrong = [
    "postgres://a@db.example/head",
    "postgres://a@db/head?sslmode=require",
    "postgres:///?user=a",
    "postgres:///a/b?user=a",
    "postgres:///a",
  ];
  wrong.push(
    "postgres:///a?user=a&options=x",
    "postgres://a@localhost:0/a",
    "postgres://u:secret@db/a?sslrootcert=/nowhere&sslmode=verify-full",
  );
  for (const text of wrong) {
    assert.throws(
      () => parsePostgresAddress(text),
      (error) => {
        assert.ok(error instanceof Error && !error.message.includes("secret"));
        return failureCode(error) === "configuration_invalid";
      },
    );
  }
});
