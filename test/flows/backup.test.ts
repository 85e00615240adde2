// Back-up and restore by the command line, of a real deployment: what is put back goes on where the log ended, or not at all.
import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { operatorOf } from "./operator.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-backup-"));
const [data, keys, ada] = [join(folder, "data"), join(folder, "data-keys"), join(folder, "ada.json")];
const state = join(folder, "state");
const operator = operatorOf({ HEADGATE_DATA: data, HEADGATE_KEYS: keys, HEADGATE_STATE: state });
const { headgate, must, asks, address, start, stop } = operator;

async function refused(...args: readonly string[]): Promise<string> {
  return (await operator.refused(...args)).code;
}

async function goOn(name: string): Promise<void> {
  await asks("person", "invite", "--name", name, "--role", "safety", "--profile", ada);
}

before(async () => {
  await start();
  await must("init", "--name", "Ada", "--profile", ada);
  await goOn("Bo");
});

after(async () => {
  await stop("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

test("a back-up while it serves is whole, has no private key in it, and is not written over", async () => {
  const Backup = z.object({ size: z.number(), files: z.number() });
  const { size } = Backup.parse(JSON.parse(await must("backup", join(folder, "old"))));
  assert.ok(size >= 2, `size ${size}`);
  const inside = readdirSync(join(folder, "old"));
  for (const name of ["backup.json", "headgate.db", "mark", "trust.json"]) assert.ok(inside.includes(name), name);
  assert.ok(!inside.some((name) => name.startsWith("headgate.db-")), "the database is one file");
  for (const name of readdirSync(keys).filter((one) => one.endsWith(".key"))) {
    const seed = readFileSync(join(keys, name), "utf8").trim();
    for (const file of inside.filter((one) => one !== "spool" && one !== "holds"))
      assert.ok(!readFileSync(join(folder, "old", file), "latin1").includes(seed), `${name} in ${file}`);
  }
  assert.equal(await refused("backup", join(folder, "old")), "conflict");
});

test("while the server runs nothing is restored over it", async () => {
  assert.equal(await refused("restore", join(folder, "old")), "configuration_invalid");
});

test("an older back-up is refused by the mark, by what lies beside the keys, by a profile and by a kept checkpoint", async () => {
  await goOn("Cy");
  const dataPlane = z
    .object({ dataPlane: z.string() })
    .parse(await (await fetch(`${address()}/api/v1/public/deployment`)).json()).dataPlane;
  const checkpoint = join(folder, "checkpoint");
  writeFileSync(checkpoint, await (await fetch(`${dataPlane}/log/checkpoint`)).text());
  await must("backup", join(folder, "new"));
  await stop();
  const old = join(folder, "old");
  const mark = readFileSync(join(data, "mark"));
  const { code, message } = await operator.refused("restore", old);
  assert.equal(code, "mark_ahead");
  assert.match(message, /Restore a newer backup.*begin a new deployment/, "and it says the way on");
  assert.deepEqual(readFileSync(join(data, "mark")), mark, "and nothing was changed");
  // The whole data folder is gone: only what lies elsewhere can tell.
  renameSync(data, join(folder, "lost"));
  assert.equal(await refused("restore", old), "mark_ahead", "beside the keys");
  renameSync(join(keys, "seen.json"), join(folder, "seen.json"));
  assert.equal(await refused("restore", old), "trust_unknown", "nothing at all is known");
  assert.equal(await refused("restore", old, "--profile", ada), "mark_ahead", "a profile");
  assert.equal(await refused("restore", old, "--checkpoint", checkpoint), "mark_ahead", "a checkpoint");
  renameSync(join(folder, "seen.json"), join(keys, "seen.json"));
  assert.ok(!existsSync(data), "a refused restore leaves nothing behind");
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes("restor")),
    [],
  );
});

test("an older data folder put back by hand, its own mark included, does not start beside keys that know more", async () => {
  assert.match(
    (await headgate("serve", "--json")).err,
    /mark_ahead/,
    "nor does a new log begin in place of a lost one",
  );
  rmSync(data, { recursive: true });
  cpSync(join(folder, "old"), data, { recursive: true });
  const { code, err } = await headgate("serve", "--json");
  assert.equal(code, 3, err);
  assert.match(err, /mark_ahead/);
  rmSync(data, { recursive: true });
});

test("the newest back-up is restored, and serves; everybody's next command finds the log they knew", async () => {
  assert.match(await must("restore", join(folder, "new"), "--profile", ada), /"aside":null/);
  await start();
  await goOn("Di");
  await asks("doctor", "--profile", ada);
  await stop();
});

test("a back-up that was changed is refused, whatever was changed", async () => {
  for (const name of ["headgate.db", "mark", "trust.json", "backup.json"]) {
    const copy = join(folder, `changed-${name}`);
    cpSync(join(folder, "new"), copy, { recursive: true });
    const bytes = readFileSync(join(copy, name));
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1;
    writeFileSync(join(copy, name), bytes);
    assert.equal(await refused("restore", copy), "configuration_invalid", name);
  }
});

test("a restore over a broken database keeps the present mark and spool, and sets the old folder aside", async () => {
  await start();
  await must("backup", join(folder, "newest"));
  await stop();
  writeFileSync(join(data, "headgate.db"), "not a database any more");
  for (const rest of ["headgate.db-wal", "headgate.db-shm"]) rmSync(join(data, rest), { force: true });
  const Restored = z.object({ aside: z.string() });
  const { aside } = Restored.parse(JSON.parse(await must("restore", join(folder, "newest"))));
  assert.ok(existsSync(join(aside, "headgate.db")));
  await start();
  await goOn("Ed");
});

test("a database that lies elsewhere is put back there, and the broken one set aside", async () => {
  await must("backup", join(folder, "latest"));
  await stop();
  const elsewhere = join(folder, "elsewhere", "ledger.db");
  const other = operatorOf({
    HEADGATE_DATA: data,
    HEADGATE_KEYS: keys,
    HEADGATE_STATE: state,
    HEADGATE_STORE: `sqlite:${elsewhere}`,
  });
  for (const copy of ["latest", "latest"]) await other.must("restore", join(folder, copy));
  assert.equal(readdirSync(data).filter((name) => name.startsWith("headgate.db")).length, 0);
  assert.ok(readdirSync(join(folder, "elsewhere")).some((name) => name.startsWith("ledger.db.before-restore-")));
  await other.start();
  await other.asks("person", "invite", "--name", "Fay", "--role", "safety", "--profile", ada);
  await other.stop();
});
