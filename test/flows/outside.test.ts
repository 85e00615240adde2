// The ledger as outsiders see it: a real server started by bin/headgate, real entries, its files over HTTP, and verifiers
// that share no code with it: Tessera's fsck (HEADGATE_FSCK names the program) and verifiers/log, built here where fsck
// is. A proxy on this machine flips one bit of one file, as a dishonest mirror would; everyone has to reject it.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { z } from "zod";
import { signStatement } from "../../src/acts/statement.ts";
import { checkLog } from "../../src/cli/ledger/check.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { nodePrimitives, randomId, signerFromSeed } from "../../src/proof/node.ts";
import { parseVerifierKey } from "../../src/proof/note.ts";
import { DeploymentId } from "../../src/terms/ids.ts";

const root = dirname(dirname(import.meta.dirname));
/** More than one full tile, so that every kind of file there is stands in the log. */
const entriesWanted = 261;
const atOnce = 32;
const fsck = process.env["HEADGATE_FSCK"] ?? "";
const hasOutsiders = fsck !== "";
const isCi = (process.env["CI"] ?? "") !== "";

interface Ended {
  readonly code: number;
  readonly output: string;
}

let folder = "";
let serving: ChildProcess | undefined;
let log = "";
let verifierKey = "";
let goVerifier = "";
const proxies: Server[] = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "headgate-outside-"));
  const ready = await startServer();
  log = `${ready.dataPlane}/log`;
  const profile = join(folder, "ada.json");
  const init = await headgate(["init", "--name", "Ada", "--server", ready.controlPlane, "--profile", profile]);
  assert.equal(init.code, 0, init.output);
  await fillLedger(ready.controlPlane, profile);
  const verified = await headgate(["ledger", "verify", "--url", log, "--trust", trustFile(), "--json"]);
  assert.equal(verified.code, 0, verified.output);
  verifierKey = z.object({ verifierKey: z.string() }).parse(JSON.parse(verified.output)).verifierKey;
  writeFileSync(join(folder, "log.vkey"), `${verifierKey}\n`);
  if (hasOutsiders) goVerifier = await buildGoVerifier();
});

after(async () => {
  for (const proxy of proxies) proxy.close();
  const ended = new Promise((resolve) => serving?.once("exit", resolve));
  serving?.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

describe("the ledger as it is served", () => {
  test("headgate ledger verify accepts it and says that nobody has witnessed it", async () => {
    const { code, output } = await headgate(["ledger", "verify", "--url", log, "--trust", trustFile(), "--json"]);
    assert.equal(code, 0, output);
    const said = z.object({ ok: z.boolean(), size: z.number(), witnessed: z.boolean() }).parse(JSON.parse(output));
    assert.deepEqual(said, { ok: true, size: entriesWanted, witnessed: false });
  });

  if (hasOutsiders) {
    test("Tessera's fsck accepts it", async () => {
      const { accepted, output } = await runFsck(log);
      assert.ok(accepted, output);
      assert.match(output, new RegExp(`with size ${entriesWanted} `));
    });

    test("the verifier in Go accepts it, counts its verbs, and accepts it again as a continuation", async () => {
      const seen = join(folder, "seen.txt");
      const { code, output } = await runGo(log, ["-seen", seen]);
      assert.equal(code, 0, output);
      assert.match(
        output,
        new RegExp(String.raw`ACCEPTED: ${entriesWanted} entries.*fact:${entriesWanted - 1} root:1`),
      );
      assert.equal((await runGo(log, ["-seen", seen])).code, 0);
    });
  } else {
    test("no outside verifier is installed here (HEADGATE_FSCK): only Headgate's own verification ran", (t) => {
      t.diagnostic("Install one: go install github.com/transparency-dev/tessera/cmd/fsck@v1.0.4; set HEADGATE_FSCK.");
      assert.equal(isCi, false, "CI leaves nothing out: HEADGATE_FSCK has to name the outside verifier there");
    });
  }
});

describe("one flipped bit", () => {
  const files = [
    "checkpoint",
    "tile/0/000",
    `tile/0/001.p/${entriesWanted - 256}`,
    "tile/1/000.p/1",
    "tile/entries/000",
    `tile/entries/001.p/${entriesWanted - 256}`,
  ];
  for (const path of files) {
    test(`in ${path} is rejected by everyone who is here`, async () => {
      const { length } = await fetchFile(path);
      const middle = Math.floor(length / 2);
      const own = await headgate([
        "ledger",
        "verify",
        "--url",
        await tamperingProxy(path, middle),
        "--trust",
        trustFile(),
      ]);
      assert.equal(own.code, 1, own.output);
      assert.match(own.output, /^headgate: /);
      // Not in the last quantum of the checkpoint's base64, where readers differ about bits that mean nothing.
      const last = path === "checkpoint" ? length - 8 : length - 1;
      for (const at of hasOutsiders ? [0, middle, last] : []) {
        const tampered = await tamperingProxy(path, at);
        const outside = await runFsck(tampered);
        assert.equal(outside.accepted, false, `fsck accepted byte ${at}: ${outside.output}`);
        // A flipped length makes fsck 1.0.4 run past its buffer and crash: that is no acceptance either.
        assert.match(outside.output, /fsck failed|panic:/);
        const go = await runGo(tampered, []);
        assert.equal(go.code, 1, `the verifier in Go accepted byte ${at}: ${go.output}`);
      }
    });
  }

  test("at any byte of any file is rejected by Headgate's own verification", async () => {
    const key = parseVerifierKey(verifierKey, nodePrimitives);
    const honest = new Map(await Promise.all(files.map(async (path) => [path, await fetchFile(path)] as const)));
    const reader = (path: string, at: number) => async (asked: string) => {
      const bytes = honest.get(asked) ?? new Uint8Array(0);
      return asked === path ? flipped(bytes, at) : bytes;
    };
    for (const [path, { length }] of honest) {
      // Every byte of small files; of large ones a step that is no multiple of anything in them.
      const step = length < 1000 ? 1 : 97;
      for (let at = 0; at < length; at += step) {
        const tampered = checkLog({ read: reader(path, at), key, primitives: nodePrimitives }, []);
        await assert.rejects(tampered, `byte ${at} of ${path}`);
      }
    }
  });
});

interface Ready {
  readonly dataPlane: string;
  readonly controlPlane: string;
}

async function startServer(): Promise<Ready> {
  const child = spawn(process.execPath, [join(root, "bin", "headgate"), "serve", "--json"], {
    env: environment(),
    stdio: ["ignore", "pipe", "ignore"],
  });
  serving = child;
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    child.once("exit", (code) => {
      reject(new Error(`serve ended with ${code}`));
    });
  });
  return z.object({ dataPlane: z.string(), controlPlane: z.string() }).parse(JSON.parse(line));
}

function environment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HEADGATE_PORT: "0",
    HEADGATE_CONTROL_PORT: "0",
    HEADGATE_DATA: join(folder, "data"),
    HEADGATE_STATE: join(folder, "state"),
  };
}

function trustFile(): string {
  return join(folder, "data", "trust.json");
}

async function headgate(args: readonly string[]): Promise<Ended> {
  return runProgram(process.execPath, [join(root, "bin", "headgate"), ...args], environment());
}

/**
 * Version 1.0.4 without its screen ends with 0 whatever it found, so what counts is what it says; and with one worker it
 * can wait for ever after a tile that is wrong, so it gets several.
 */
async function runFsck(url: string): Promise<{ readonly accepted: boolean; readonly output: string }> {
  const args = ["--ui=false", "-N=8", `--storage_url=${url}/`, `--public_key=${join(folder, "log.vkey")}`];
  const { code, output } = await runProgram(fsck, args, process.env);
  return { accepted: code === 0 && output.includes("Successfully fsck'd log"), output };
}

async function runGo(url: string, more: readonly string[]): Promise<Ended> {
  return runProgram(goVerifier, ["-url", url, "-key", verifierKey, ...more], process.env);
}

async function buildGoVerifier(): Promise<string> {
  const program = join(folder, "log-verifier");
  const source = join(root, "verifiers", "log");
  await promisify(execFile)("go", ["build", "-buildvcs=false", "-o", program, "."], { cwd: source, timeout: 180_000 });
  return program;
}

/** Both streams together; a program that cannot be started is an error of the test, not a rejection. */
async function runProgram(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, [...args], { env, timeout: 60_000 }, (_error, stdout, stderr) => {
      const code = child.exitCode;
      if (code === null) reject(new Error(`${file} did not end by itself: ${stdout}${stderr}`));
      else resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

/** Records of drills, as their owner would make them: real statements through the front door. */
async function fillLedger(controlPlane: string, profilePath: string): Promise<void> {
  const Profile = z.object({ seed: z.string(), deployment: DeploymentId });
  const { seed, deployment } = Profile.parse(JSON.parse(readFileSync(profilePath, "utf8")));
  const signer = signerFromSeed(seed);
  const record = async (attempts: number): Promise<void> => {
    const envelope = await signStatement(
      {
        deployment,
        verb: "fact",
        body: { fact: { kind: "drill", attempts, opened: 0, unfinished: 0 }, model: null },
        nonce: randomId("", 32),
        at: new Date().toISOString(),
        seen: null,
      },
      [signer],
      nodePrimitives,
    );
    const body = JSON.stringify({ envelope: toBase64(envelope), openings: [], artefacts: [] });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${controlPlane}/api/v1/statements`, { method: "POST", headers, body });
    assert.equal(answer.status, 200, await answer.text());
  };
  const numbers = Array.from({ length: entriesWanted - 1 }, (_, at) => at + 1);
  for (let at = 0; at < numbers.length; at += atOnce) await Promise.all(numbers.slice(at, at + atOnce).map(record));
}

/** One bit of byte `at` turned over; which of the eight goes with the place. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte));
}

async function fetchFile(path: string): Promise<Uint8Array> {
  const answer = await fetch(`${log}/${path}`);
  assert.equal(answer.status, 200, path);
  return new Uint8Array(await answer.arrayBuffer());
}

/** The log's address behind a mirror that changes one bit of one file. */
async function tamperingProxy(path: string, at: number): Promise<string> {
  const server = createServer((request, response) => {
    const asked = (request.url ?? "").replace(/^\/log\//, "");
    void fetch(`${log}/${asked}`).then(async (answer) => {
      const bytes = new Uint8Array(await answer.arrayBuffer());
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
      response.end(asked === path ? flipped(bytes, at) : bytes);
    });
  });
  proxies.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== "object" || address === null) throw new Error("a listening server has an address");
  return `http://127.0.0.1:${address.port}/log`;
}
