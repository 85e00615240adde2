// A real PostgreSQL for tests: a cluster of its own in a temporary folder, run by an unprivileged user, reachable by its unix
// socket only, gone afterwards. The binaries are the machine's: Debian's package `postgresql`, or what HEADGATE_POSTGRES (a
// folder with `initdb` and `postgres`) names.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { accessSync, chownSync, constants, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";

export interface Cluster {
  /** A new, empty database; answers its `postgres://` address. */
  readonly newDatabase: () => Promise<string>;
  /** Empties a database that nobody has open, to be given out again: cheaper than another new one. */
  readonly giveBack: (address: string) => Promise<void>;
  /** Statements as the superuser, in the database of the address. */
  readonly run: (address: string, sql: string) => Promise<void>;
  /** Runs one of PostgreSQL's own programs, such as pg_dump, as the superuser, against the database of the address. */
  readonly tool: (name: string, address: string, args: readonly string[]) => void;
  /** Ends the server at once, as a crash does. */
  readonly crash: () => Promise<void>;
  readonly start: () => Promise<void>;
}

const startMsMax = 60_000;
export const postgresMissing =
  "These tests need PostgreSQL: install Debian's package postgresql, or name a folder with initdb and postgres in HEADGATE_POSTGRES.";

/**
 * A cluster for the tests of one file, stopped after them. Where the machine has no PostgreSQL it declares one test, which
 * fails where CI is set and is skipped with a sentence elsewhere, and answers undefined.
 */
export async function clusterForTests(): Promise<Cluster | undefined> {
  const binaries = findBinaries();
  if (binaries === undefined) {
    const isCi = (process.env["CI"] ?? "") !== "";
    test("PostgreSQL is on this machine", { skip: isCi ? false : postgresMissing }, () => assert.fail(postgresMissing));
    return undefined;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "hg-pg-"));
  const cluster = clusterIn(folder, binaries);
  after(async () => {
    await cluster.crash();
    rmSync(folder, { recursive: true, force: true });
  });
  cluster.make();
  await cluster.start();
  return cluster;
}

function clusterIn(folder: string, binaries: string): Cluster & { readonly make: () => void } {
  const owner = unprivileged();
  const data = path.join(folder, "data");
  const free: string[] = [];
  let server: ChildProcess | undefined;
  const addressOf = (database: string): string =>
    `postgres:///${database}?user=headgate&host=${encodeURIComponent(folder)}`;

  async function run(address: string, sql: string): Promise<void> {
    const url = new URL(address);
    const client = new Client({ host: folder, user: "headgate", database: url.pathname.slice(1) });
    client.on("error", () => undefined);
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  return {
    run,
    tool: (name, address, args) => {
      const database = new URL(address).pathname.slice(1);
      const where = ["--host", folder, "--username", "headgate", "--dbname", database];
      execFileSync(path.join(binaries, name), [...where, ...args], { stdio: ["ignore", "ignore", "inherit"] });
    },
    newDatabase: async () => {
      const again = free.pop();
      if (again !== undefined) return again;
      const name = `t${randomBytes(6).toString("hex")}`;
      await run(addressOf("postgres"), `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8'`);
      return addressOf(name);
    },
    giveBack: async (address) => {
      await run(address, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
      free.push(address);
    },
    make: () => {
      if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
      const args = ["-D", data, "-U", "headgate", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"];
      execFileSync(path.join(binaries, "initdb"), args, {
        ...owner,
        cwd: folder,
        stdio: ["ignore", "ignore", "inherit"],
      });
    },
    start: async () => {
      const settings = [
        "listen_addresses=",
        "max_connections=400",
        "shared_buffers=32MB",
        "log_min_messages=panic",
        "recovery_init_sync_method=syncfs",
      ];
      const args = ["-D", data, "-k", folder, ...settings.flatMap((setting) => ["-c", setting])];
      server = spawn(path.join(binaries, "postgres"), args, { ...owner, cwd: folder, stdio: "ignore" });
      const until = Date.now() + startMsMax;
      while (
        !(await run(addressOf("postgres"), "SELECT 1").then(
          () => true,
          () => false,
        ))
      ) {
        assert.ok(server.exitCode === null && Date.now() < until, "PostgreSQL does not start here.");
        await sleep(50);
      }
    },
    crash: async () => {
      const running = server;
      server = undefined;
      if (running === undefined || running.exitCode !== null) return;
      const ended = once(running, "exit");
      running.kill("SIGQUIT");
      await ended;
    },
  };
}

/** The folder of `initdb` and `postgres`. */
function findBinaries(): string | undefined {
  const named = process.env["HEADGATE_POSTGRES"];
  const usual = globSync(["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"]);
  const folders =
    named === undefined ? [...usual.toSorted().toReversed(), ...(process.env["PATH"] ?? "").split(":")] : [named];
  return folders.find(
    (folder) => isExecutable(path.join(folder, "initdb")) && isExecutable(path.join(folder, "postgres")),
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** PostgreSQL does not run as root: then it runs as `postgres` or `nobody`. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const [, , uid, gid] = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody") ?? [];
  assert.ok(uid !== undefined && gid !== undefined, "There is no user to run PostgreSQL as.");
  return { uid: Number(uid), gid: Number(gid) };
}
