// Whoever reads what a command writes and leaves early, as `head` does.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { until } from "./gateway-world.ts";

const program = path.resolve(import.meta.dirname, "../../src/main/headgate.ts");

interface Left {
  readonly child: ChildProcess;
  readonly told: () => string;
  readonly ended: Promise<unknown>;
}

/** A command whose reader is gone before it writes anything. */
function unread(args: readonly string[], folder: string): Left {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"], HOME: folder, HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.destroy();
  let told = "";
  child.stderr.on("data", (piece: Buffer) => {
    told += piece.toString();
  });
  return { child, told: () => told, ended: once(child, "close") };
}

test("a verb ends quietly, whether it writes help, an answer, or line after line", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "hg-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const rows = Array.from({ length: 5000 }, (_, id) => JSON.stringify({ id, text: "What time is it?" }));
  writeFileSync(path.join(folder, "rows.jsonl"), rows.join("\n"));
  for (const args of [["drill", "--help"], ["--help"], ["schema", "Model"], ["guard", "scan", "rows.jsonl"]]) {
    const { child, told, ended } = unread(args, folder);
    await ended;
    assert.deepEqual([child.exitCode, told()], [0, ""], args.join(" "));
  }
});

test("a server serves on, and ends in good order when it is told to", async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), "hg-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { child, told, ended } = unread(["serve"], folder);
  t.after(() => child.kill("SIGKILL"));
  const ready = (): string | undefined => /"controlPlane":"([^"]+)"/.exec(told())?.[1];
  await until(() => ready() !== undefined, 60_000);
  const response = await fetch(`${ready()}/api/v1/public/deployment`);
  assert.equal(response.status, 200);
  child.kill("SIGTERM");
  await ended;
  assert.equal(child.exitCode, 0);
  assert.doesNotMatch(told(), /EPIPE/);
});
