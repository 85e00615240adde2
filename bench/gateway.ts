// What the gateway costs a request: everything on, and with safeguards as good as off, against a bare proxy and Portkey, each
// on one core before the same fixed upstream, in interleaved windows over 1,200 distinct texts. A window with a failed
// request is void and measured again. Ratios are what counts: absolute figures are of one machine. Peers are installed in a
// temporary folder. node bench/gateway.ts [--no-portkey] [--seconds 8] [--passes 3] [--connections 32]
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { z } from "zod";
import { has, load, type LoadSettings, output, type Target, type Window } from "./load.ts";
import { distinctTexts } from "./texts.ts";

const { values } = parseArgs({
  allowNegative: true,
  options: {
    portkey: { type: "boolean", default: true },
    seconds: { type: "string", default: "8" },
    passes: { type: "string", default: "3" },
    connections: { type: "string", default: "32" },
    out: { type: "string", default: join(import.meta.dirname, "results", "gateway.json") },
  },
});

interface Contender {
  readonly name: string;
  readonly target: Target;
  /** Its process, where it is known: then its CPU time per request is measured too. */
  readonly pid: number | undefined;
}

/** A window with the server's own CPU time, which says the same on a busy machine as on an idle one. */
interface Measured extends Window {
  readonly cpuMicrosPerRequest: number | undefined;
}

const upstreamPort = 9101;
const children: ChildProcess[] = [];
let voided = 0;
const canPin = availableParallelism() > 1 && (await has("taskset"));
const folder = await mkdtemp(join(tmpdir(), "headgate-bench-"));
const settings: LoadSettings = {
  connections: Number(values.connections),
  seconds: Number(values.seconds),
  core: canPin ? 1 : undefined,
  folder,
};

function onCore(core: number, args: readonly string[]): readonly string[] {
  return canPin ? ["taskset", "-c", String(core), process.execPath, ...args] : [process.execPath, ...args];
}

function start(core: number, args: readonly string[]): number | undefined {
  const [name = "", ...rest] = onCore(core, args);
  const child = spawn(name, rest, { stdio: ["ignore", "ignore", "inherit"] });
  children.push(child);
  return child.pid;
}

function targetAt(origin: string, model: string, headers: Readonly<Record<string, string>>): Target {
  const bodies = distinctTexts(1_200, 870).map((content) =>
    JSON.stringify({ model, messages: [{ role: "user", content }], max_tokens: 256, temperature: 0 }),
  );
  return { url: `${origin}/v1/chat/completions`, headers: { "content-type": "application/json", ...headers }, bodies };
}

function bench(file: string): string {
  return join(import.meta.dirname, file);
}

async function contenders(): Promise<readonly Contender[]> {
  start(1, [bench("fixed-upstream.ts"), "--port", String(upstreamPort)]);
  const bare = start(0, [bench("bare-proxy.ts"), "--port", "9102"]);
  const list: Contender[] = [
    { name: "bare", target: targetAt("http://127.0.0.1:9102", "bench", {}), pid: bare },
    await headgate("Headgate, everything on", "shipped"),
    await headgate("Headgate, safeguards as good as off", "words"),
  ];
  if (values.portkey) list.push(await portkey());
  return list;
}

const Said = z.object({ url: z.string(), key: z.string(), pid: z.number() });

async function headgate(name: string, safeguards: "shipped" | "words"): Promise<Contender> {
  const args = [bench("gateway-serve.ts"), "--upstream", String(upstreamPort), "--safeguards", safeguards];
  const [command = "", ...rest] = onCore(0, args);
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const said: readonly unknown[] = await once(createInterface({ input: child.stdout }), "line");
  const { url, key, pid } = Said.parse(JSON.parse(String(said[0])));
  return { name, target: targetAt(url, "small", { authorization: `Bearer ${key}` }), pid };
}

/** Portkey's gateway from npm, with the two dependencies pinned without which it does not stream. */
async function portkey(): Promise<Contender> {
  const peer = join(folder, "portkey");
  await mkdir(peer);
  const pins = { hono: "4.9.7", "@hono/node-server": "1.13.5" };
  const dependencies = { "@portkey-ai/gateway": "1.15.2", ...pins };
  await writeFile(join(peer, "package.json"), JSON.stringify({ private: true, dependencies, overrides: pins }));
  await output("npm", ["install", "--prefix", peer, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  const pid = start(0, [
    join(peer, "node_modules/@portkey-ai/gateway/build/start-server.js"),
    "--port=9104",
    "--headless",
  ]);
  const headers = { "x-portkey-provider": "openai", "x-portkey-custom-host": `http://127.0.0.1:${upstreamPort}/v1` };
  return {
    name: "Portkey 1.15.2",
    target: targetAt("http://127.0.0.1:9104", "bench", { ...headers, authorization: "Bearer x" }),
    pid,
  };
}

/** Until a contender answers 200, so that nobody is measured while starting. */
async function ready({ name, target }: Contender): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const reply = await fetch(target.url, {
      method: "POST",
      headers: target.headers,
      body: target.bodies[0] ?? "",
    }).catch(() => undefined);
    await reply?.arrayBuffer();
    if (reply?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${name} does not answer 200 at ${target.url}`);
}

interface Result {
  readonly name: string;
  readonly windows: readonly Measured[];
  /** Middle of the passes. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerRequest: number;
  /** Against the bare proxy in the same pass, middle of the passes. */
  readonly toBare: Readonly<Record<Figure, number>>;
}

const figures = ["perSecond", "p50Ms", "p99Ms", "cpuMicrosPerRequest"] as const;
type Figure = (typeof figures)[number];

async function measure(list: readonly Contender[]): Promise<readonly Result[]> {
  const windows = new Map<string, Measured[]>(list.map(({ name }) => [name, []]));
  for (const contender of list) {
    await ready(contender);
    await load(contender.target, { ...settings, seconds: 2 });
  }
  for (let pass = 0; pass < Number(values.passes); pass += 1) {
    for (const contender of list) {
      const window = await measureValid(contender);
      windows.get(contender.name)?.push(window);
      console.error(`pass ${pass + 1} ${contender.name}: ${Math.round(window.perSecond)}/s`);
    }
  }
  const bare = windows.get("bare") ?? [];
  return list.map(({ name }) => resultOf(name, windows.get(name) ?? [], bare));
}

/** One request after another: what a caller who is alone waits, in the middle of the passes. */
async function measureAlone(list: readonly Contender[]): Promise<Readonly<Record<string, number>>> {
  const times = new Map<string, number[]>(list.map(({ name }) => [name, []]));
  for (let pass = 0; pass < Number(values.passes); pass += 1)
    for (const contender of list) times.get(contender.name)?.push((await measureValid(contender, 1)).p50Ms);
  return Object.fromEntries([...times].map(([name, ms]) => [name, rounded(middle(ms), 3)]));
}

const voidMax = 3;

/** A window in which nothing failed. */
async function measureValid(contender: Contender, connections = settings.connections): Promise<Measured> {
  for (let attempt = 0; attempt < voidMax; attempt += 1) {
    const window = await measureOnce(contender, connections);
    if (window.failed === 0) return window;
    voided += 1;
    console.error(`${contender.name}: ${window.failed} of ${window.requests} requests failed; the window is void`);
  }
  throw new Error(`${contender.name}: ${voidMax} windows with failures`);
}

async function measureOnce({ target, pid }: Contender, connections: number): Promise<Measured> {
  const before = await cpuMicros(pid);
  const window = await load(target, { ...settings, connections });
  const after = await cpuMicros(pid);
  const used = before === undefined || after === undefined ? undefined : (after - before) / window.requests;
  return { ...window, cpuMicrosPerRequest: used === undefined ? undefined : rounded(used, 1) };
}

/** CPU time of a process so far, user and system, from /proc (ticks of 10 ms); undefined elsewhere than on Linux. */
async function cpuMicros(pid: number | undefined): Promise<number | undefined> {
  const text = pid === undefined ? "" : await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? undefined : ticks * 10_000;
}

function resultOf(name: string, windows: readonly Measured[], bare: readonly Measured[]): Result {
  const of = (figure: Figure): number => rounded(middle(windows.map((window) => window[figure] ?? Number.NaN)), 3);
  const toBare = (figure: Figure): number =>
    rounded(
      middle(windows.map((window, pass) => (window[figure] ?? Number.NaN) / (bare[pass]?.[figure] ?? Number.NaN))),
      3,
    );
  return {
    name,
    windows,
    perSecond: of("perSecond"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    cpuMicrosPerRequest: of("cpuMicrosPerRequest"),
    toBare: {
      perSecond: toBare("perSecond"),
      p50Ms: toBare("p50Ms"),
      p99Ms: toBare("p99Ms"),
      cpuMicrosPerRequest: toBare("cpuMicrosPerRequest"),
    },
  };
}

function middle(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[half] ?? Number.NaN)
    : ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

try {
  const list = await contenders();
  const results = await measure(list);
  const oneConnectionP50Ms = await measureAlone(list);
  const record = {
    bench: "gateway",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    pinned: canPin,
    loadBefore: rounded(loadavg()[2] ?? Number.NaN, 2),
    connections: settings.connections,
    seconds: settings.seconds,
    passes: Number(values.passes),
    voided,
    oneConnectionP50Ms,
    results,
  };
  await writeFile(values.out, `${JSON.stringify(record)}\n`);
  console.log(JSON.stringify(record));
  console.log("| server | req/s | p50 ms | p99 ms | CPU µs a request | each to bare |\n|---|---|---|---|---|---|");
  for (const { name, perSecond, p50Ms, p99Ms, cpuMicrosPerRequest, toBare } of results) {
    const ratios = figures.map((figure) => toBare[figure]).join(" · ");
    console.log(`| ${[name, Math.round(perSecond), p50Ms, p99Ms, cpuMicrosPerRequest, ratios].join(" | ")} |`);
  }
  console.log(`p50 at one connection, ms: ${JSON.stringify(oneConnectionP50Ms)}`);
} finally {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
}
