// What a backup takes along and what it believes of a list.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { failureCode } from "../../terms/failure.ts";
import { digestOfFile, filesOf, listIn, readBackup } from "./contents.ts";

function newFolder(t: TestContext, files: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-contents-"));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const name of files) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), name);
  }
  return folder;
}

const digest = `sha256:${"0".repeat(64)}`;
const list = { format: "headgate-backup/1", at: "2026-01-01T00:00:00.000Z", version: "0.0.0", size: 1, root: digest };
const isInvalid = (error: unknown): boolean => failureCode(error) === "configuration_invalid";

test("marks, holds and spool of every worker are copied, marks first; database, lock, code and sockets are not", (t) => {
  const spool = "spool/interval-0000000000000001.jsonl";
  const gateway = ["mark", "holds/one.json", spool];
  const other = ["headgate.db", "headgate.db-wal", "lock", "gateway.lock", "init-code", "feed.sock", "workers/x/mark"];
  const worker = gateway.map((name) => `workers/2/${name}`);
  const folder = newFolder(t, ["trust.json", ...gateway, ...worker, ...other]);
  const names = filesOf(folder);
  assert.deepEqual(new Set(names), new Set(["trust.json", ...gateway, ...worker]));
  assert.deepEqual(names.slice(0, 2), ["mark", "workers/2/mark"]);
});

test("a list that leads out of its folder, or says nothing of a database, is refused", (t) => {
  const folder = newFolder(t, ["mark", "headgate.db"]);
  const files = { mark: digestOfFile(path.join(folder, "mark")) };
  const database = { "headgate.db": digestOfFile(path.join(folder, "headgate.db")) };
  const read = (content: object): unknown => {
    writeFileSync(listIn(folder), JSON.stringify({ ...list, ...content }));
    return readBackup(folder);
  };
  read({ store: "sqlite", files: { ...files, ...database } });
  read({ store: "postgres", files });
  assert.throws(() => read({ store: "sqlite", files }), isInvalid);
  assert.throws(() => read({ store: "postgres", files: { ...files, ...database } }), isInvalid);
  for (const name of ["../mark", "/etc/passwd", "spool/../mark", "spool/..", "workers/../mark", "log.key"]) {
    assert.throws(() => read({ store: "postgres", files: { ...files, [name]: digest } }), isInvalid, name);
  }
});
