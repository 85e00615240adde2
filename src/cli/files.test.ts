import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readInside } from "./files.ts";

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
