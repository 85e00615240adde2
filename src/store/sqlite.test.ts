import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { failureCode } from "../terms/failure.ts";
import { describeDatabase } from "./contract.ts";
import { openSqlite } from "./sqlite.ts";

const folder = await mkdtemp(join(tmpdir(), "headgate-store-"));
after(async () => rm(folder, { recursive: true, force: true }));
let files = 0;
const nextPath = (): string => join(folder, `${files++}`, "headgate.db");
const fails = (code: string) => (error: unknown) => failureCode(error) === code;

describeDatabase("SQLite in memory", async () => openSqlite(":memory:"));
describeDatabase("SQLite in a file", async () => openSqlite(nextPath()));

test("the file, its log and its folder are the owner's alone", async () => {
  const path = nextPath();
  const database = await openSqlite(path);
  await database.transaction(async (transaction) => transaction.script("CREATE TABLE t (a INTEGER) STRICT"));
  for (const name of [path, `${path}-wal`]) assert.equal((await stat(name)).mode & 0o777, 0o600);
  await database.close();
});

test("what is no database, and a folder that cannot be, are store_unavailable", async () => {
  const path = join(folder, "text");
  await writeFile(path, "this is no database, but it is long enough to be looked at as if it were one".repeat(20));
  await assert.rejects(openSqlite(path), fails("store_unavailable"));
  await assert.rejects(openSqlite(join(path, "below", "headgate.db")), fails("store_unavailable"));
});

test("a file that another process is writing is store_unavailable, and free again afterwards", async () => {
  const path = nextPath();
  const database = await openSqlite(path);
  await database.transaction(async (transaction) => transaction.script("CREATE TABLE t (a INTEGER) STRICT"));
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)");
  const insert = async (): Promise<void> =>
    database.transaction(async (transaction) => transaction.script("INSERT INTO t VALUES (2)"));
  await assert.rejects(insert(), fails("store_unavailable"));
  assert.deepEqual(await database.query("SELECT a FROM t"), []);
  other.exec("COMMIT");
  other.close();
  await insert();
  assert.deepEqual(
    (await database.query("SELECT a FROM t ORDER BY a")).map((row) => row["a"]),
    [1, 2],
  );
  await database.close();
});

test("a full disk is disk_full, loses nothing, and work goes on when there is room again", async () => {
  const database = await openSqlite(nextPath());
  await database.transaction(async (transaction) => {
    await transaction.script("CREATE TABLE t (a BLOB) STRICT; PRAGMA max_page_count=20");
  });
  const insert = async (bytes: number): Promise<unknown> =>
    database.transaction(async (transaction) => transaction.query("INSERT INTO t VALUES (?)", [new Uint8Array(bytes)]));
  await insert(1000);
  await assert.rejects(insert(200_000), fails("disk_full"));
  assert.equal((await database.query("SELECT count(*) AS n FROM t"))[0]?.["n"], 1);
  await database.transaction(async (transaction) => transaction.script("PRAGMA max_page_count=100000"));
  await insert(200_000);
  assert.equal((await database.query("SELECT count(*) AS n FROM t"))[0]?.["n"], 2);
  await database.close();
});

const writer = `
import { openSqlite } from ${JSON.stringify(new URL("sqlite.ts", import.meta.url).href)};
const database = await openSqlite(process.argv[1]);
await database.transaction((transaction) => transaction.script("CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b INTEGER) STRICT"));
const [row] = await database.query("SELECT coalesce(max(a), 0) AS a FROM t");
for (let a = row.a + 1; ; a++) {
  await database.transaction(async (transaction) => {
    await transaction.query("INSERT INTO t VALUES (?, ?)", [a, -a]);
    await transaction.query("UPDATE t SET b = ? WHERE a = ?", [a, a]);
  });
  process.stdout.write(a + "\\n");
}`;

test("what was answered before kill -9 is there afterwards, whole", async () => {
  const path = nextPath();
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", writer, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    let answered = "";
    child.stdout.on("data", (chunk: Buffer) => {
      answered += chunk.toString();
      if (answered.length > 500 * (round + 1)) child.kill("SIGKILL");
    });
    await exited;
    const last = Number(answered.split("\n").at(-2));
    const database = await openSqlite(path);
    const [row] = await database.query("SELECT max(a) AS last, count(*) AS n, sum(a <> b) AS torn FROM t");
    assert.ok(Number(row?.["last"]) >= last && last > 0, `${last} was answered`);
    assert.equal(row?.["n"], row?.["last"]);
    assert.equal(row?.["torn"], 0);
    await database.close();
  }
});
