// A deployment in processes of its own, as an operator runs it: `headgate serve`, gateways beside it, and the command line
// against both. The model server is the mock; stage `internal`, which one owner may open.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { z } from "zod";
import { type Desk, need, openDesk } from "../../src/main/in-process.ts";
import { type Mock, startMock } from "../upstream-mock/server.ts";

export interface Running {
  readonly process: ChildProcess;
  /** What it wrote to standard error, line by line, as far as it is JSON. */
  readonly reports: Readonly<Record<string, unknown>>[];
  /** The line it printed when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
}

export interface Deployment {
  readonly folder: string;
  readonly mock: Mock;
  readonly desk: Desk;
  readonly owner: string;
  /** Digest of the first trust root. */
  readonly pin: string;
  /** A caller's key. */
  readonly key: string;
  server: Running;
  readonly dataPlane: () => string;
  readonly controlPlane: () => string;
  readonly serve: (environment?: Readonly<Record<string, string>>) => Promise<void>;
  readonly gateway: (
    name: string,
    environment?: Readonly<Record<string, string>>,
    endsAfter?: RegExp,
  ) => Promise<Running>;
  readonly close: () => Promise<void>;
}

export interface DeploymentOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly requestsPerMinute?: number;
  /** Of the key, and of its organisation, at once. */
  readonly exchanges?: number;
  readonly outputTokensMax?: number;
  /** Four words looked for exactly, in place of the shipped detector. */
  readonly isLight?: boolean;
  /** Port of another model server than the mock. */
  readonly upstreamPort?: number;
  /** Fields of the usage policy but kind and name, as YAML; no categories unless said. */
  readonly policy?: string;
}

/** So long may a busy machine take. */
const readyMsMax = 180_000;

const program = path.resolve(import.meta.dirname, "../../src/main/headgate.ts");

/** Fails where it ends before it is ready, where it is not ready in time, and once it said what it is not to go on after: then it is killed. */
export async function startHeadgate(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  endsAfter?: RegExp,
): Promise<Running> {
  const child = spawn(process.execPath, [program, ...args, "--json"], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const reports: Readonly<Record<string, unknown>>[] = [];
  let rest = "";
  child.stderr.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) reports.push(jsonOf(line));
    if (lines.some((line) => endsAfter?.test(line))) child.kill("SIGKILL");
  });
  const closed = once(child, "close");
  const late = setTimeout(() => child.kill("SIGKILL"), readyMsMax);
  const first = await Promise.race([once(child.stdout, "data"), closed.then(() => undefined)]);
  clearTimeout(late);
  if (first === undefined) throw new Error(`headgate ended: ${JSON.stringify(reports)} ${rest}`);
  return {
    process: child,
    reports,
    ready: jsonOf(String(first[0])),
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await closed;
    },
  };
}

function jsonOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(line));
  } catch {
    return { text: line };
  }
}

/** A deployment whose model serves one caller. */
export async function openDeployment(options: DeploymentOptions = {}): Promise<Deployment> {
  const folder = mkdtempSync(path.join(tmpdir(), "hg-"));
  const mock = await startMock();
  const ports = { HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0" };
  let environment: Readonly<Record<string, string>> = {
    ...ports,
    HEADGATE_DATA: path.join(folder, "data"),
    ...options.environment,
  };
  const server = await startHeadgate(["serve"], environment);
  const controlPlane = String(server.ready["controlPlane"]);
  const dataPlane = String(server.ready["dataPlane"]);
  environment = {
    ...environment,
    HEADGATE_PORT: new URL(dataPlane).port,
    HEADGATE_CONTROL_PORT: new URL(controlPlane).port,
  };
  const desk = openDesk({
    server: controlPlane,
    dataPlane,
    codeFile: String(server.ready["codeFile"]),
    stateFolder: path.join(folder, "state"),
    version: "0.0.0-test",
  });
  const owner = path.join(folder, "ada.json");
  const any = z.unknown();
  const begun = await need(desk.run(["init", "--name", "Ada", "--profile", owner]), z.looseObject({}));
  await need(desk.run(["apply", "-f", writeDocuments(folder, mock, options), "--profile", owner]), any);
  const atOnce = options.exchanges === undefined ? [] : ["--exchanges", String(options.exchanges)];
  const { key } = await need(
    desk.run(["key", "create", "--organisation", "us", ...atOnce, "--profile", owner]),
    z.object({ key: z.string() }),
  );
  const { proposal } = await need(
    desk.run(["release", "propose", "m", "--stage", "internal", "--reason", "test", "--profile", owner]),
    z.object({ proposal: z.string() }),
  );
  await need(desk.run(["release", "sign", proposal, "--reason", "test", "--profile", owner]), any);
  await need(desk.run(["release", "advance", proposal, "--profile", owner]), any);
  const others: Running[] = [];
  const deployment: Deployment = {
    folder,
    mock,
    desk,
    owner,
    pin: pinOf(begun),
    key,
    server,
    dataPlane: () => dataPlane,
    controlPlane: () => controlPlane,
    serve: async (more = {}) => {
      environment = { ...environment, ...more };
      deployment.server = await startHeadgate(["serve"], environment);
    },
    gateway: async (name, more = {}, endsAfter?: RegExp) => {
      const own = { HEADGATE_PORT: "0", HEADGATE_DATA: path.join(folder, name), HEADGATE_TRUST: deployment.pin };
      const running = await startHeadgate(["gateway"], { ...own, ...more }, endsAfter);
      others.push(running);
      return running;
    },
    close: async () => {
      for (const one of [...others, deployment.server]) await one.stop();
      await mock.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return deployment;
}

function pinOf(begun: Readonly<Record<string, unknown>>): string {
  const found = Object.values(begun).find((value) => typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value));
  return z.string().parse(found);
}

export interface Answer {
  readonly status: number;
  readonly id: string | null;
  /** Its id once more, where a receipt came with it. */
  readonly receipt: string | null;
  readonly body: string;
}

/** One question to a data plane; its status and, where there is one, the id of its receipt. */
export async function askOnce(dataPlane: string, key: string): Promise<Answer> {
  const response = await fetch(`${dataPlane}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hello" }], max_tokens: 16 }),
  });
  const id = response.headers.get("x-request-id");
  const receipt = response.headers.has("x-headgate-receipt") ? id : null;
  return { status: response.status, id, receipt, body: await response.text() };
}

const detector =
  "{ safeguard: misuse@4, on: [input, output], mode: block, block: { benignRate: 0.005 }, review: { benignRate: 0.02 } }";
const exactWords =
  "{ safeguard: patterns@1, on: [input, output], patterns: [ { name: words, category: weapons, words: [poison, doubtful, exploit, curious] } ] }";

function writeDocuments(
  folder: string,
  mock: Mock,
  {
    requestsPerMinute = 100_000,
    policy = "categories: []",
    outputTokensMax = 1024,
    upstreamPort = mock.port,
    exchanges,
    isLight = false,
  }: DeploymentOptions,
): string {
  const documents = path.join(folder, "documents");
  mkdirSync(documents, { recursive: true });
  writeFileSync(
    path.join(documents, "all.yaml"),
    `kind: Model
name: m
upstream: { dialect: openai-chat, url: "http://127.0.0.1:${upstreamPort}/v1", model: mock }
identity: { basis: declared }
envelope: { temperature: [0, 1], outputTokensMax: ${outputTokensMax} }
---
kind: Organisation
name: us
type: internal
country: DE
purpose: Tests
grants: [ { model: m, stage: internal, scopes: [], requestsPerMinute: ${requestsPerMinute}, tokensPerDay: 100000000,${exchanges === undefined ? "" : ` exchanges: ${exchanges},`} expiresInDays: 30 } ]
---
kind: Safeguards
name: default
chain: [ ${isLight ? exactWords : detector} ]
---
kind: UsagePolicy
name: default
${policy}
---
kind: ReleasePlan
model: m
safeguards: default
policy: default
stages:
  - stage: internal
    audience: { types: [internal] }
    requires: [ { id: owner, signOffs: [ { role: owner, count: 1 } ] } ]
    certificate: { validDays: 7 }
`,
  );
  return documents;
}

/** Asks until it is served: workers begin to listen once there is a trust root. */
export async function untilServed(dataPlane: string, key: string): Promise<void> {
  await until(async () => (await askOnce(dataPlane, key).catch(() => undefined))?.status === 200);
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Process ids of the workers that listen now, by their number. */
export function workerPids({ reports }: Running): ReadonlyMap<number, number> {
  const ready = reports.filter(({ event }) => event === "worker-ready");
  return new Map(ready.map(({ worker, pid }) => [Number(worker), Number(pid)]));
}

/** Fails when it does not come true in time, which is long enough for the busiest machine. */
export async function until(isSo: () => boolean | Promise<boolean>, msMax = 60_000): Promise<void> {
  const end = performance.now() + msMax;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`It did not come true within ${msMax} ms: ${isSo.toString()}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

/** Whether a refusal says that the model is held, and nothing else. */
export function isHeld(body: string): boolean {
  return /"reason":\s?"held"/.test(body);
}
