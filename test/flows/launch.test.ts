// bin/launch.mjs from outside, as npm and people start it: the copy of bin/ in a scratch folder makes it the project's
// root; an "older Node" is this one told to give another version; npm is a script that lays down what npm would.
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import assert from "node:assert/strict";

const bin = join(dirname(dirname(import.meta.dirname)), "bin");
const packageName = `node-${process.platform}-${process.arch}`;

const olderNode = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } });`;

// Takes a moment, so that several at once do overlap; notes each call.
const npm = `
const { appendFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
appendFileSync(process.env.CALLS, process.argv.slice(2).join(" ") + "\\n");
const [path, { version, integrity }] = Object.entries(lock.packages).find(([name]) => name !== "");
if (!/^sha512-/.test(integrity)) throw new Error("no digest was given");
setTimeout(() => {
  mkdirSync(join(path, "bin"), { recursive: true });
  symlinkSync(process.env.REAL_NODE, join(path, "bin", "node"));
  writeFileSync(join(path, "package.json"), JSON.stringify({ version }));
}, 200);
`;

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-launch-"));
  cpSync(bin, join(folder, "bin"), { recursive: true });
  mkdirSync(join(folder, "src", "main"), { recursive: true });
  mkdirSync(join(folder, "npm"));
  writeFileSync(join(folder, "older-node.cjs"), olderNode);
  writeFileSync(join(folder, "npm", "npm-cli.js"), npm);
  const script = `const text: string = process.argv.slice(2).join(" "); console.log("ran", text); process.exitCode = 3;`;
  writeFileSync(join(folder, "src", "main", "headgate.ts"), script);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface Start {
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

function environmentOf({ environment = {} }: Start): NodeJS.ProcessEnv {
  return {
    ...process.env,
    npm_lifecycle_event: undefined,
    HEADGATE_CACHE: join(folder, "cache"),
    npm_execpath: join(folder, "npm", "npm-cli.js"),
    CALLS: join(folder, "calls"),
    REAL_NODE: process.execPath,
    ...environment,
  };
}

function launch(start: Start): Promise<Ended> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      start.arguments,
      { env: environmentOf(start), cwd: tmpdir() },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : error.code, stdout, stderr });
      },
    );
  });
}

const older = (): readonly string[] => ["--require", join(folder, "older-node.cjs")];
const fetched = (): string => join(folder, ".node", "node_modules", packageName);

test("a Node that will do runs the script itself and hands on its exit code", async () => {
  const ended = await launch({ arguments: [join(folder, "bin", "headgate"), "a", "b c"] });
  assert.deepEqual(ended, { code: 3, stdout: "ran a b c\n", stderr: "" });
  assert.equal(existsSync(join(folder, "calls")), false);
});

test("the command works through a symbolic link", async () => {
  symlinkSync(join(folder, "bin", "headgate"), join(folder, "linked"));
  const ended = await launch({ arguments: [join(folder, "linked"), "x"] });
  assert.deepEqual(ended, { code: 3, stdout: "ran x\n", stderr: "" });
});

test("an older Node fetches a right one once, says so on stderr only, and uses it from then on", async () => {
  const command = { arguments: [...older(), join(folder, "bin", "headgate"), "x"] };
  const first = await launch(command);
  assert.equal(first.stdout, "ran x\n");
  assert.equal(first.code, 3);
  assert.match(first.stderr, /^Headgate needs Node 24; fetching node-\S+@24\.\d+\.\d+ .* once\) …\n$/);
  assert.deepEqual(await launch(command), { code: 3, stdout: "ran x\n", stderr: "" });
  assert.deepEqual(readdirSync(join(folder, ".node")), ["node_modules"]);
});

test("several launchers at once leave one whole Node and nothing else", async () => {
  const command = { arguments: [...older(), join(folder, "bin", "headgate"), "x"] };
  const ended = await Promise.all([launch(command), launch(command), launch(command), launch(command)]);
  assert.deepEqual(
    ended.map(({ code, stdout }) => [code, stdout]),
    Array.from({ length: 4 }, () => [3, "ran x\n"]),
  );
  assert.deepEqual(readdirSync(join(folder, ".node")), ["node_modules"]);
  assert.deepEqual(readdirSync(join(folder, ".node", "node_modules")), [packageName]);
});

test("a half-laid Node is replaced, not used", async () => {
  mkdirSync(join(fetched(), "bin"), { recursive: true });
  writeFileSync(join(fetched(), "package.json"), "{");
  const ended = await launch({ arguments: [...older(), join(folder, "bin", "headgate"), "x"] });
  assert.equal(ended.stdout, "ran x\n");
});

test("where the project's folder cannot be written, Node goes to the user's cache", async () => {
  writeFileSync(join(folder, ".node"), "a file is in the way, for root as for anyone");
  const ended = await launch({ arguments: [...older(), join(folder, "bin", "headgate"), "x"] });
  assert.equal(ended.stdout, "ran x\n");
  assert.ok(existsSync(join(folder, "cache", "node", "node_modules", packageName, "bin", "node")));
});

test("an npm that fails leaves nothing behind and the message says what to do", async () => {
  writeFileSync(join(folder, "npm", "npm-cli.js"), `console.error("no route to the registry"); process.exit(1);`);
  const ended = await launch({ arguments: [...older(), join(folder, "bin", "headgate"), "x"] });
  assert.equal(ended.code, 2);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /no route to the registry[^]*Check the network[^]*Install Node 24/);
  assert.deepEqual(readdirSync(join(folder, ".node")), []);
});

test("a fetched Node that does not run here is refused", async () => {
  const broken = npm.replace(`symlinkSync(process.env.REAL_NODE, `, `symlinkSync("nowhere", `);
  writeFileSync(join(folder, "npm", "npm-cli.js"), broken);
  const ended = await launch({ arguments: [...older(), join(folder, "bin", "headgate"), "x"] });
  assert.equal(ended.code, 2);
  assert.match(ended.stderr, /does not run on this machine/);
  assert.equal(existsSync(fetched()), false);
});

const patient = `
process.on("SIGTERM", () => { console.log("asked to stop"); process.exit(9); });
setInterval(() => {}, 1000);
console.log("ready");
`;

test("a signal to the launcher reaches the script, whose exit code comes back", async () => {
  writeFileSync(join(folder, "src", "main", "headgate.ts"), patient);
  for (const first of [[], older()]) {
    const child = begin([...first, join(folder, "bin", "headgate")]);
    await child.nextLine();
    child.kill("SIGTERM");
    assert.equal(await child.nextLine(), "asked to stop");
    assert.deepEqual(await child.ended, { code: 9, signal: null });
  }
});

test("a launcher that is killed takes the script with it", { timeout: 20_000 }, async () => {
  writeFileSync(join(folder, "src", "main", "headgate.ts"), patient);
  for (const first of [[], older()]) {
    const child = begin([...first, join(folder, "bin", "headgate")]);
    await child.nextLine();
    child.kill("SIGKILL");
    await child.closed;
  }
});

test("a script of npm's stops in good order when npm is gone, of which only the shell between them hears", async () => {
  const script = join(folder, "patient.ts");
  writeFileSync(script, patient);
  const launcher = join(folder, "bin", "launch.mjs");
  for (const first of [[], older()]) {
    const words = [process.execPath, ...first, launcher, script].map((word) => `'${word}'`).join(" ");
    const child = begin(["-c", `${words}; true`], { command: "sh", environment: { npm_lifecycle_event: "start" } });
    await child.nextLine();
    child.kill("SIGTERM");
    assert.equal(await child.nextLine(), "asked to stop");
    await child.closed;
  }
});

test("a script that a signal ends shows as ended by that signal", async () => {
  writeFileSync(join(folder, "src", "main", "headgate.ts"), `process.kill(process.pid, "SIGKILL");`);
  for (const first of [[], older()]) {
    const child = begin([...first, join(folder, "bin", "headgate")]);
    assert.deepEqual(await child.ended, { code: null, signal: "SIGKILL" });
  }
});

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly nextLine: () => Promise<string>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Its output has ended: no process holds it any more, neither the launcher nor the script. */
  readonly closed: Promise<void>;
}

interface Beginning {
  readonly command?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function begin(parameters: readonly string[], { command = process.execPath, environment }: Beginning = {}): Running {
  const env = environmentOf({ arguments: [], ...(environment === undefined ? {} : { environment }) });
  const child = spawn(command, parameters, { env, stdio: ["ignore", "pipe", "inherit"] });
  const lines = child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false });
  return {
    kill: (signal) => child.kill(signal),
    nextLine: async () => String((await lines.next()).value).trim(),
    ended: new Promise((done) => child.once("exit", (code, signal) => done({ code, signal }))),
    closed: new Promise((done) => child.once("close", () => done())),
  };
}
