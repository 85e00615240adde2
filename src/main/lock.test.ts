import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { takeLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-lock-"));
after(() => {
  rmSync(folder, { recursive: true });
});

/** An id that no process of this machine has: the largest there may be, and one more. */
const gone = 2 ** 22 + 1;

/** Takes the lock in a process of its own, says whether it got it, and holds it while the others try. */
async function racer(file: string): Promise<string> {
  const script = `
    const { takeLock } = await import(${JSON.stringify(join(import.meta.dirname, "lock.ts"))});
    await new Promise((resolve) => setTimeout(resolve, ${Date.now() + 1_500} - Date.now()));
    try { takeLock(${JSON.stringify(file)}); console.log("taken"); await new Promise((r) => setTimeout(r, 1000)); }
    catch (error) { console.log(error.code); }`;
  return new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", script], (_, out) => {
      resolve(out.trim());
    });
  });
}

describe("the lock of a data folder", () => {
  test("a running process keeps it, and giving it back frees it, leaving nothing", () => {
    const file = join(folder, "plain");
    const unlock = takeLock(file);
    assert.throws(
      () => takeLock(file, gone),
      (error) => failureCode(error) === "configuration_invalid",
    );
    assert.equal(readFileSync(file, "utf8"), String(process.pid));
    unlock();
    takeLock(file)();
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("plain")),
      [],
    );
  });

  test("one that a dead process left, or that holds rubbish, is taken over", () => {
    for (const left of [String(gone), "", "rubbish"]) {
      const file = join(folder, "left");
      writeFileSync(file, left);
      const unlock = takeLock(file);
      assert.equal(readFileSync(file, "utf8"), String(process.pid));
      unlock();
    }
  });

  test("who lost it to another gives nothing back", () => {
    const file = join(folder, "lost");
    const unlock = takeLock(file);
    writeFileSync(file, String(gone));
    unlock();
    assert.equal(readFileSync(file, "utf8"), String(gone));
  });

  test("of several that start at once after a crash exactly one goes on", async () => {
    const file = join(folder, "race");
    writeFileSync(file, String(gone));
    const ended = await Promise.all(Array.from({ length: 4 }, async () => racer(file)));
    assert.deepEqual(ended.toSorted(), [
      "configuration_invalid",
      "configuration_invalid",
      "configuration_invalid",
      "taken",
    ]);
  });
});
