// Back-up and restore of a deployment on PostgreSQL: the data folder by Headgate, the database by pg_dump and pg_restore.
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { clusterForTests } from "../postgres/cluster.ts";
import { operatorOf } from "./operator.ts";

const cluster = await clusterForTests();
if (cluster !== undefined) {
  const folder = mkdtempSync(join(tmpdir(), "headgate-backup-"));
  const [data, ada] = [join(folder, "data"), join(folder, "ada.json")];
  const address = await cluster.newDatabase();
  const { must, asks, headgate, refused, start, stop } = operatorOf({
    HEADGATE_DATA: data,
    HEADGATE_STORE: address,
    HEADGATE_STATE: join(folder, "state"),
  });
  after(async () => {
    await stop("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  const goOn = async (name: string): Promise<string> =>
    asks("person", "invite", "--name", name, "--role", "safety", "--profile", ada);
  const dump = (name: string): void => {
    cluster.tool("pg_dump", address, ["--format=custom", `--file=${join(folder, `${name}.dump`)}`]);
  };
  const empty = async (): Promise<void> => cluster.run(address, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  const load = async (name: string): Promise<void> => {
    await empty();
    cluster.tool("pg_restore", address, ["--clean", "--if-exists", "--no-owner", join(folder, `${name}.dump`)]);
  };

  test("an older dump neither starts nor is restored; the newest is, with the folder lost or there", async () => {
    await start();
    await must("init", "--name", "Ada", "--profile", ada);
    await must("backup", join(folder, "old"));
    dump("old");
    await goOn("Bo");
    await must("backup", join(folder, "new"));
    // What is decided between the two copies is in the dump, which comes last.
    await goOn("Cy");
    dump("new");
    assert.equal((await refused("restore", join(folder, "new"))).code, "configuration_invalid", "it serves");
    await stop();

    await load("old");
    assert.match((await headgate("serve", "--json")).err, /mark_ahead/);
    for (const copy of ["old", "new"]) assert.equal((await refused("restore", join(folder, copy))).code, "mark_ahead");
    renameSync(data, join(folder, "lost"));
    const { code, message } = await refused("restore", join(folder, "old"));
    assert.equal(code, "mark_ahead", "the keys folder knows");
    assert.match(message, /Restore a newer backup/);

    await empty();
    assert.match((await refused("restore", join(folder, "new"))).message, /pg_restore first/);
    await load("new");
    await must("restore", join(folder, "new"), "--profile", ada);
    await start();
    await goOn("Di");
    await asks("doctor", "--profile", ada);
  });

  test("a copy of a folder on SQLite is not restored beside PostgreSQL, nor the other way round", async () => {
    await stop();
    const onSqlite = operatorOf({
      HEADGATE_DATA: join(folder, "other"),
      HEADGATE_KEYS: join(folder, "data-keys"),
      HEADGATE_STATE: join(folder, "state"),
    });
    assert.match((await onSqlite.refused("restore", join(folder, "new"))).message, /another kind of database/);
  });
}
