// `npm start` as a process: where a real deployment lies, it is served and no demo is played; before anything heavy is
// loaded, it says what it is.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { shippedSafeguards } from "../safeguards/registry.ts";
import { openGate } from "./drill/gate.ts";
import { need, openDesk } from "./in-process.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "headgate-start-test-"));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

interface Started {
  readonly child: ChildProcess;
  /** Resolves with all it wrote, once this stands in it. */
  readonly until: (words: string) => Promise<string>;
}

function start(folder: string, environment: Record<string, string>): Started {
  const script = fileURLToPath(new URL("start.ts", import.meta.url));
  const env = { ...process.env, HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0", ...environment };
  const child = spawn(process.execPath, [script], { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written += text;
  });
  const until = async (words: string): Promise<string> => {
    while (!written.includes(words)) await once(child.stdout, "data", { signal: AbortSignal.timeout(60_000) });
    return written;
  };
  return { child, until };
}

async function end({ child }: Started): Promise<number | null> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
  return child.exitCode;
}

test("a real deployment is served, its owner is not asked for, and no demo begins", async () => {
  const home = path.join(scratch, "real");
  const gate = await openGate(home, { registry: shippedSafeguards(), version: "test" });
  const { controlPlane: server, dataPlane, control } = gate.serving;
  const codeFile = control.codeFile() ?? "";
  const desk = openDesk({ server, dataPlane, codeFile, stateFolder: home, version: "test" });
  await need(desk.run(["init", "--name", "Ada", "--profile", path.join(home, "ada.json")]), z.unknown());
  await gate.close();
  const started = start(home, { HEADGATE_DATA: path.join(home, "data"), HEADGATE_KEYS: path.join(home, "keys") });
  const written = await started.until("Transparency");
  assert.match(written, /Data plane +http:\/\/127\.0\.0\.1:\d+/);
  assert.doesNotMatch(written, /DEMO|Nobody owns/);
  assert.equal(await end(started), 0);
  assert.equal(existsSync(path.join(home, "data-demo")), false);
});

test("without a deployment the demo begins in a folder of its own, and refuses before anything is certified", async () => {
  const home = path.join(scratch, "empty");
  mkdirSync(home);
  const started = start(home, { HEADGATE_CACHE: path.join(scratch, "cache"), HEADGATE_STORE: "sqlite:elsewhere.db" });
  const written = await started.until("you included.");
  assert.match(written, /^Headgate \d+\.\d+\.\d+: .*\nNo deployment here, so this is the DEMO/);
  assert.match(written, /403 stage_closed \(withheld\)/);
  await end(started);
  assert.equal(existsSync(path.join(home, "data-demo", "trust.json")), true);
  assert.equal(existsSync(path.join(home, "elsewhere.db")), false);
});
