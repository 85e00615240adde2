import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { takeLock } from "./lock.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-lock-"));
after(() => {
  rmSync(folder, { recursive: true });
});

function isHeld(file: string): boolean {
  try {
    takeLock(file)();
    return false;
  } catch (error) {
    assert.equal(failureCode(error), "configuration_invalid");
    return true;
  }
}

interface Racer {
  readonly said: Promise<string>;
  readonly kill: () => Promise<void>;
}

/** Takes the lock in a process of its own, says whether it got it, and holds it until it is killed. */
function racer(file: string, atMs = 0): Racer {
  const script = `
    const { takeLock } = await import(${JSON.stringify(join(import.meta.dirname, "lock.ts"))});
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, ${atMs} - Date.now())));
    try { takeLock(${JSON.stringify(file)}); console.log("taken"); } catch (error) { console.log(error.code); }
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return {
    said: once(child.stdout, "data").then(([text]) => String(text).trim()),
    kill: async () => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

describe("the lock of a data folder", () => {
  test("is held by one alone, in one process or several, until it is given back", () => {
    const file = join(folder, "plain");
    const unlock = takeLock(file);
    assert.equal(isHeld(file), true);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ["plain"]);
    unlock();
    assert.equal(isHeld(file), false);
  });

  test("is free as soon as its holder was killed", async () => {
    const file = join(folder, "killed");
    const holder = racer(file);
    assert.equal(await holder.said, "taken");
    assert.equal(isHeld(file), true);
    await holder.kill();
    assert.equal(isHeld(file), false);
  });

  test("something else under its name is not taken over: two that did so at once would both go on", () => {
    const file = join(folder, "left");
    writeFileSync(file, `${process.ppid} `.repeat(1000));
    assert.throws(() => takeLock(file), /is not a lock. If nothing runs on this folder, remove it/);
  });

  test("of several that start at once after a crash exactly one goes on", async () => {
    const file = join(folder, "race");
    const crashed = racer(file);
    await crashed.said;
    await crashed.kill();
    const racers = Array.from({ length: 4 }, () => racer(file, Date.now() + 1_500));
    const said = await Promise.all(racers.map((one) => one.said));
    await Promise.all(racers.map((one) => one.kill()));
    const refused = "configuration_invalid";
    assert.deepEqual(said.toSorted(), [refused, refused, refused, "taken"]);
  });
});
