import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFileOf, readInside } from "./files.ts";

test("what a document names is read inside its folder only, whatever links say", () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-files-"));
  try {
    const inside = join(folder, "documents");
    mkdirSync(join(inside, "deeper"), { recursive: true });
    writeFileSync(join(folder, "secret"), "x");
    writeFileSync(join(inside, "deeper", "items"), "y");
    symlinkSync(join(folder, "secret"), join(inside, "link"));
    symlinkSync(folder, join(inside, "up"));
    symlinkSync(join(inside, "deeper", "items"), join(inside, "near"));
    for (const path of ["link", "up/secret", "../secret"]) {
      assert.throws(() => readInside(inside, path, 100), /leads out of/, path);
    }
    assert.deepEqual(readInside(inside, "near", 100), new Uint8Array([0x79]));
    assert.equal(readInside(inside, "none", 100), undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a file that could not be written whole is not left behind in part", () => {
  const folder = mkdtempSync(join(tmpdir(), "headgate-files-"));
  try {
    const path = join(folder, "export.csv");
    assert.throws(() => createFileOf(path, breaking()), { code: "disk_full" });
    assert.equal(existsSync(path), false);
    createFileOf(path, ["one\n", "two\n"]);
    assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
    assert.throws(() => createFileOf(path, ["three"]), { code: "conflict" });
    assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function* breaking(): Generator<string> {
  yield "one\n";
  throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
}
