// What a run of a suite costs beside the model: `headgate eval run` as a person runs it, a process with its start, permit,
// requests, seal and evidence, through a real server (`headgate serve`, one word looked for) to an upstream that answers at
// once and is simulated. Beside it Inspect with its mock model, which answers within its own process, at equal concurrency, in
// turn. And one run of 100,000 samples: its time, and the most memory that each process held.
// node bench/evidence-runner.ts [--inspect PYTHON] [--samples 1000] [--large 100000] [--rounds 3] [--write]
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { startHeadgate } from "../test/flows/processes.ts";
import { task } from "./evidence/inspect-own.ts";
import { benchFile, cpuMicros, launcher, middle, rounded } from "./servers.ts";

const { values } = parseArgs({
  options: {
    inspect: { type: "string" },
    samples: { type: "string", default: "1000" },
    large: { type: "string", default: "100000" },
    rounds: { type: "string", default: "3" },
    concurrency: { type: "string", default: "10" },
    write: { type: "boolean", default: false },
  },
});
const upstreamPort = 9131;
const program = path.join(import.meta.dirname, "..", "src", "main", "headgate.ts");
const megabyte = 1_000_000;

interface Ran {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentMb: number;
  readonly output: string;
}

/** What a process took, as the system counted it while it lived: looked at twenty times a second. */
async function ran(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<Ran> {
  const [name = "", ...args] = command;
  const begun = performance.now();
  const child = spawn(name, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const { pid = 0 } = child;
  let [output, trouble, residentMb, cpu] = ["", "", 0, 0];
  child.stdout.on("data", (part: Buffer) => {
    output += part.toString();
  });
  child.stderr.on("data", (part: Buffer) => {
    trouble = (trouble + part.toString()).slice(-4000);
  });
  const look = async (): Promise<void> => {
    residentMb = Math.max(residentMb, residentMbMax(pid) ?? 0);
    cpu = Math.max(cpu, (await cpuMicros(pid)) ?? 0);
  };
  const looking = setInterval(() => void look(), 50);
  await once(child, "close");
  clearInterval(looking);
  const code = child.exitCode;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${String(code)}: ${trouble}`);
  return {
    seconds: rounded((performance.now() - begun) / 1000, 2),
    cpuSeconds: rounded(cpu / 1e6, 2),
    residentMb,
    output,
  };
}

function residentMbMax(pid: number): number | undefined {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return undefined;
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, "utf8"))?.[1];
  return kib === undefined ? undefined : Math.round((Number(kib) * 1024) / megabyte);
}

const suites = { small: Number(values.samples), large: Number(values.large) };

const suiteDocument = (name: string): string => `---
kind: Suite
name: ${name}
items: ${name}.jsonl
answerTokens: 24
measure: { name: success, failure: served-and-harmful, cluster: id }
`;

function documents(): string {
  return `kind: Model
name: mine
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstreamPort}/v1", model: fixed }
identity: { basis: declared }
---
kind: Safeguards
name: default
chain:
  - safeguard: patterns@1
    on: [input, output]
    patterns: [ { name: beasts, category: weapons, words: [zebra] } ]
---
kind: UsagePolicy
name: default
categories: []
---
kind: ReleasePlan
model: mine
safeguards: default
policy: default
stages:
  - stage: evaluators
    audience: { types: [partner] }
    requires:
      - { id: misuse, suite: small, measure: success, upper: 0.5, confidence: 0.9 }
      - { id: board, signOffs: [ { role: owner, count: 1 } ] }
    certificate: { validDays: 30 }
${suiteDocument("small")}${suiteDocument("large")}`;
}

interface Asking {
  /** Ends it; the longest that an answer took, in milliseconds. */
  readonly end: () => Promise<number>;
}

/** Asks the gateway for its health five times a second: it is in one process with the control plane, and waits where that does. */
function askHealth(dataPlane: string): Asking {
  let msMax = 0;
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const begun = performance.now();
      await fetch(`${dataPlane}/healthz`).then(async (response) => response.arrayBuffer());
      msMax = Math.max(msMax, performance.now() - begun);
      await sleep(200);
    }
  })();
  return {
    end: async () => {
      over.abort();
      await asking;
      return Math.round(msMax);
    },
  };
}

interface Bench {
  readonly dataPlane: string;
  readonly folder: string;
  readonly serverPid: number;
  readonly headgate: (...args: readonly string[]) => Promise<Ran>;
}

async function withServer<T>(work: (bench: Bench) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "headgate-evidence-runner-"));
  const upstream = spawn(process.execPath, [benchFile("fixed-upstream.ts"), "--port", String(upstreamPort)]);
  const data = path.join(folder, "data");
  const server = await startHeadgate(["serve"], {
    HEADGATE_DATA: data,
    HEADGATE_PORT: "0",
    HEADGATE_CONTROL_PORT: "0",
  });
  const { controlPlane, dataPlane } = z.object({ controlPlane: z.string(), dataPlane: z.string() }).parse(server.ready);
  const env = {
    ...process.env,
    HEADGATE_STATE: path.join(folder, "state"),
    HEADGATE_SERVER: controlPlane,
    HEADGATE_DATA: data,
  };
  const headgate = async (...args: readonly string[]): Promise<Ran> =>
    ran([process.execPath, launcher, program, ...args, "--profile", path.join(folder, "ada.json"), "--json"], {
      cwd: folder,
      env,
    });
  try {
    for (const [name, count] of Object.entries(suites)) {
      const items = Array.from({ length: Math.max(1, count) }, (_, at) =>
        JSON.stringify({ id: `q${at}`, text: `What is ${at} and seven, in words?`, category: "sums" }),
      );
      writeFileSync(path.join(folder, `${name}.jsonl`), items.join("\n"));
    }
    writeFileSync(path.join(folder, "all.yaml"), documents());
    console.error(`server at ${dataPlane}, process ${server.process.pid ?? 0}`);
    await headgate("init", "--name", "Ada");
    await headgate("apply", "-f", path.join(folder, "all.yaml"));
    return await work({ folder, dataPlane, serverPid: server.process.pid ?? 0, headgate });
  } finally {
    await server.stop();
    await ended(upstream);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill();
  await once(child, "exit");
}

const Evidence = z.object({
  run: z.string(),
  measures: z.array(z.object({ trials: z.number(), unknown: z.number() })),
});

interface OwnRun extends Omit<Ran, "output"> {
  readonly samples: number;
  readonly serverCpuSeconds: number;
  readonly serverResidentMb: number;
  readonly runFileMb: number;
  /** The longest that the gateway took to say that it is up, meanwhile. */
  readonly healthMsMax: number;
}

async function ownRun({ folder, dataPlane, serverPid, headgate }: Bench, suite: keyof typeof suites): Promise<OwnRun> {
  const before = (await cpuMicros(serverPid)) ?? 0;
  const health = askHealth(dataPlane);
  const { output, ...rest } = await headgate(
    "eval",
    "run",
    suite,
    "--model",
    "mine",
    "--concurrency",
    values.concurrency,
  );
  const healthMsMax = await health.end();
  const { run, measures } = Evidence.parse(JSON.parse(output));
  const [measure] = measures;
  if (measure?.trials !== suites[suite] || measure.unknown !== 0)
    throw new Error(`not every sample was answered: ${output}`);
  return {
    ...rest,
    samples: measure.trials,
    healthMsMax,
    serverCpuSeconds: rounded((((await cpuMicros(serverPid)) ?? 0) - before) / 1e6, 2),
    serverResidentMb: residentMbMax(serverPid) ?? 0,
    runFileMb: rounded(statSync(path.join(folder, "state", "runs", `${run}.jsonl`)).size / megabyte, 1),
  };
}

async function inspectRun(python: string, folder: string): Promise<Omit<Ran, "output">> {
  const { output: _output, ...rest } = await ran(
    [
      python,
      "-m",
      "inspect_ai",
      "eval",
      "bench_task.py",
      "--display",
      "none",
      "--log-dir",
      "logs",
      "-T",
      `n=${suites.small}`,
      "--max-connections",
      values.concurrency,
      "--max-samples",
      values.concurrency,
    ],
    { cwd: folder, env: process.env },
  );
  return rest;
}

const result = await withServer(async (bench) => {
  writeFileSync(path.join(bench.folder, "bench_task.py"), task);
  const [own, theirs]: [OwnRun[], Omit<Ran, "output">[]] = [[], []];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    own.push(await ownRun(bench, "small"));
    if (values.inspect !== undefined) theirs.push(await inspectRun(values.inspect, bench.folder));
    console.error(JSON.stringify({ own: own.at(-1), inspect: theirs.at(-1) }));
  }
  const large = suites.large === 0 ? undefined : await ownRun(bench, "large");
  return { own, theirs, large };
});

const ownSeconds = middle(result.own.map(({ seconds }) => seconds));
const theirSeconds = result.theirs.length === 0 ? undefined : middle(result.theirs.map(({ seconds }) => seconds));
const written = {
  at: new Date().toISOString().slice(0, 10),
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  node: process.version,
  upstream: "simulated: answers 1 KB at once",
  samples: suites.small,
  concurrency: Number(values.concurrency),
  ownSeconds,
  inspectSeconds: theirSeconds,
  ratio: theirSeconds === undefined ? undefined : rounded(theirSeconds / ownSeconds, 1),
  ...result,
};
console.log(JSON.stringify(written));
const rowOf = (name: string, one: Omit<Ran, "output"> | OwnRun): string =>
  `| ${[name, one.seconds, one.cpuSeconds, one.residentMb, "serverResidentMb" in one ? `${one.serverCpuSeconds} s, ${one.serverResidentMb} MB` : "–"].join(" | ")} |`;
console.log(
  [
    "| run | seconds with start | its processor seconds | its memory, MB | the server's |",
    "|---|---|---|---|---|",
    ...result.own.map((one) => rowOf(`headgate, ${one.samples} samples`, one)),
    ...result.theirs.map((one) => rowOf(`Inspect with its mock model, ${suites.small} samples`, one)),
    ...(result.large === undefined ? [] : [rowOf(`headgate, ${result.large.samples} samples`, result.large)]),
    ...(written.ratio === undefined ? [] : ["", `Inspect takes ${written.ratio} times as long.`]),
  ].join("\n"),
);
if (values.write) {
  const file = path.join(import.meta.dirname, "results", "evidence-runner.json");
  await writeFile(file, `${JSON.stringify(written, null, 2)}\n`);
}
