// Servers of the gateway's bench, each a process on the one core that is measured; the upstream and the load have the other.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { has } from "./load.ts";

export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
}

export interface Servers {
  /** Whether each has its core; else the machine's scheduler decides, and ratios say less. */
  readonly isPinned: boolean;
  /** A folder that goes with them. */
  readonly folder: string;
  /** Starts a command on the measured core, or beside it. */
  readonly start: (command: readonly string[], options?: StartOptions) => Started;
  /** Our own gateway; resolves when it listens. */
  readonly gateway: (options: GatewayOptions) => Promise<OpenedGateway>;
  readonly close: () => Promise<void>;
}

interface StartOptions {
  readonly isBeside?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly isHeard?: boolean;
}

interface GatewayOptions {
  readonly upstreamPort: number;
  /** All that ships; four words looked for exactly; a safeguard that finds nothing, at no cost. */
  readonly safeguards: "shipped" | "words" | "off";
  /** Leaves a CPU profile in the folder when it ends. */
  readonly isProfiled?: boolean;
  /** Where a sample of what it allocates is left, from one SIGUSR2 to the next. */
  readonly allocations?: string;
}

export interface OpenedGateway extends Started {
  readonly url: string;
  readonly key: string;
  /** A signed hold on its model, to be posted to `/hold`. */
  readonly signHold: () => Promise<Uint8Array<ArrayBuffer>>;
}

export const launcher = join(import.meta.dirname, "..", "bin", "launch.mjs");
const coreMeasured = 0;
export const coreBeside = 1;

export async function openServers(): Promise<Servers> {
  const isPinned = availableParallelism() > 1 && (await has("taskset"));
  const folder = await mkdtemp(join(tmpdir(), "headgate-bench-"));
  const children: ChildProcess[] = [];
  const start: Servers["start"] = (command, { isBeside = false, env = {}, isHeard = false } = {}) => {
    const core = String(isBeside ? coreBeside : coreMeasured);
    const [name = "", ...rest] = isPinned ? ["taskset", "-c", core, ...command] : command;
    const stdio = ["pipe", isHeard ? "pipe" : "ignore", isHeard ? "inherit" : "ignore"] as const;
    const child = spawn(name, rest, { stdio: [...stdio], env: { ...process.env, ...env }, cwd: folder });
    children.push(child);
    if (child.pid === undefined) throw new Error(`${name} could not be started`);
    return { child, pid: child.pid };
  };
  return {
    isPinned,
    folder,
    start,
    gateway: async (options) => {
      const args = ["--upstream", String(options.upstreamPort), "--safeguards", options.safeguards];
      if (options.allocations !== undefined) args.push("--allocations", options.allocations);
      // As the product is started, with what its launcher asks of Node; the launcher's process becomes the gateway's.
      const command = [process.execPath, launcher, benchFile("gateway-serve.ts"), ...args];
      const profiled = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
      const started = start(command, { isHeard: true, env: options.isProfiled === true ? profiled : {} });
      return { ...started, ...(await hear(started.child)) };
    },
    close: async () => {
      for (const child of children) child.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const Said = z.object({ url: z.string(), key: z.string() });

async function hear(child: ChildProcess): Promise<Pick<OpenedGateway, "url" | "key" | "signHold">> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("a gateway is talked with");
  const lines = createInterface({ input: stdout });
  const next = async (): Promise<unknown> => {
    const said: readonly unknown[] = await once(lines, "line");
    return JSON.parse(String(said[0]));
  };
  const said = Said.parse(await next());
  const signHold = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const coming = next();
    stdin.write("hold\n");
    const { hold } = z.object({ hold: z.string() }).parse(await coming);
    return new Uint8Array(Buffer.from(hold, "base64"));
  };
  return { ...said, signHold };
}

export function benchFile(name: string): string {
  return join(import.meta.dirname, name);
}

/** CPU time of a process so far, user and system, in microseconds, from /proc; undefined elsewhere than on Linux. */
export async function cpuMicros(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? undefined : ticks * 10_000;
}

/** Resident memory of a process in MB, from /proc; NaN elsewhere than on Linux. */
export async function residentMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 102.4) / 10;
}

export function middle(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that this share of the numbers does not exceed. */
export function quantile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
