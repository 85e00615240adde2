// The embedded model as an upstream: starts its process, talks to it over a unix socket in a folder only we may enter,
// starts it again when it dies, and reports the digest of the file that was really loaded.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectToSocket, outboundDefaults } from "../../outbound/connector.ts";
import { Failure } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import type { WholeAnswer } from "../../wire/answer.ts";
import type { Call } from "../../wire/call.ts";
import { openServer } from "../server.ts";
import type { StopSignal } from "../stop.ts";
import {
  type AnswerStream,
  type Asking,
  type Upstream,
  type UpstreamBounds,
  type UpstreamHealth,
  counted,
} from "../upstream.ts";
import { embeddedDialect } from "./dialect.ts";
import { ChildReport, type ChildTask } from "./messages.ts";
import { openScratch } from "./scratch.ts";

export interface EmbeddedOptions {
  /** Path of the GGUF file. */
  readonly file: string;
  /** Where `ensureRuntime` put node-llama-cpp. */
  readonly runtimeFolder: string;
  readonly contextTokens: number;
  /** Requests worked on at once, over all processes. */
  readonly parallel: number;
  /** Processes that run the model side by side; two, where there are two cores and more than one request at once, when
   * unsaid. Two with one thread each keep two cores busy, which one with two threads does only while nothing else runs. */
  readonly processes?: number;
  /** CPU threads of each; half the cores over all processes when unsaid. llama.cpp's threads wait for each other by
   * spinning, so that one thread more than there are free cores makes it ten times slower, not faster. */
  readonly threads?: number;
  readonly bounds: UpstreamBounds;
  readonly startMsMax: number;
  /** Wait before the first restart, in ms; doubled after each failure up to `restartMsMax`. */
  readonly restartMsMin: number;
  readonly restartMsMax: number;
  readonly onEvent?: (event: EmbeddedEvent) => void;
}

export type EmbeddedEvent =
  | { readonly kind: "ready"; readonly weights: Digest; readonly pid: number }
  | { readonly kind: "ended"; readonly message: string };

export const embeddedDefaults = {
  contextTokens: 2_048,
  parallel: 4,
  startMsMax: 120_000,
  restartMsMin: 500,
  restartMsMax: 30_000,
} as const;

interface Running {
  readonly child: ChildProcess;
  readonly client: Upstream;
  readonly weights: Digest;
}

type State =
  | { readonly kind: "running"; readonly running: Running }
  | { readonly kind: "down"; readonly failure: Failure }
  | { readonly kind: "closed" };

const childPath = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "child.ts" : "child.js", import.meta.url));
/** The end of what the process wrote to its error output that is kept, in characters. */
const complaintCharsMax = 2_000;

/** Starts the model and resolves when its first process answers. Throws `model_unavailable` when it cannot be started at all. */
export async function openEmbedded(options: EmbeddedOptions): Promise<Upstream> {
  const scratch = await openScratch(join(tmpdir(), "headgate-model-"));
  const processes = options.processes ?? Math.min(2, availableParallelism(), options.parallel);
  const each = {
    ...options,
    parallel: Math.ceil(options.parallel / processes),
    threads: options.threads ?? Math.max(1, Math.floor(availableParallelism() / 2 / processes)),
  };
  const loaded: Loaded = { weights: undefined };
  const first = new Supervisor(each, loaded, join(scratch.folder, "0"));
  const others = Array.from(
    { length: processes - 1 },
    (_, at) => new Supervisor(each, loaded, join(scratch.folder, `${at + 1}`)),
  );
  const all = [first, ...others];
  const close = async (): Promise<void> => {
    await Promise.all(all.map((one) => one.close()));
    scratch.close();
  };
  try {
    await first.start();
  } catch (error) {
    await close();
    throw error;
  }
  // One process serves already; these join it when they are ready, and try again where they cannot.
  for (const other of others) void other.restart();
  return {
    lacks: embeddedDialect.lacks,
    complete: (call, signal, asking) => leastBusy(all).complete(call, signal, asking),
    stream: (call, signal, asking) => leastBusy(all).stream(call, signal, asking),
    measure: async () => ({ weights: leastBusy(all).running().weights }),
    health: () => leastBusy(all).health(),
    close,
  };
}

/** What the first process loaded: nothing else is served by any of them. */
interface Loaded {
  weights: Digest | undefined;
}

/** Of those that run, the one with the fewest calls under way; where none runs, one that says why. */
function leastBusy(all: readonly Supervisor[]): Supervisor {
  const [first] = all
    .toSorted((one, other) => one.underWay - other.underWay)
    .toSorted((one, other) => Number(other.isRunning()) - Number(one.isRunning()));
  if (first === undefined) throw unavailable("The model has no process.");
  return first;
}

class Supervisor {
  readonly #options: EmbeddedOptions & { readonly threads: number };
  readonly #loaded: Loaded;
  /** Path of its sockets, without the number of the start. */
  readonly #socket: string;
  /** Calls under way. */
  underWay = 0;
  #state: State = { kind: "down", failure: unavailable("The model is being started.") };
  #starts = 0;
  #failuresInRow = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #children = new Set<ChildProcess>();

  constructor(options: EmbeddedOptions & { readonly threads: number }, loaded: Loaded, socket: string) {
    this.#options = options;
    this.#loaded = loaded;
    this.#socket = socket;
  }

  isRunning(): boolean {
    return this.#state.kind === "running";
  }

  running(): Running {
    switch (this.#state.kind) {
      case "running":
        return this.#state.running;
      case "down":
        throw this.#state.failure;
      case "closed":
        throw unavailable("The model was stopped.");
    }
  }

  async complete(call: Call, signal: StopSignal, asking?: Asking): Promise<WholeAnswer> {
    this.underWay += 1;
    try {
      return await this.running().client.complete(call, signal, asking);
    } finally {
      this.underWay -= 1;
    }
  }

  stream(call: Call, signal: StopSignal, asking?: Asking): AnswerStream {
    return counted(
      () => this.running().client.stream(call, signal, asking),
      (change) => {
        this.underWay += change;
      },
    );
  }

  async health(): Promise<UpstreamHealth> {
    if (this.#state.kind === "running") return this.#state.running.client.health();
    const failure = this.#state.kind === "down" ? this.#state.failure : unavailable("The model was stopped.");
    return { kind: "down", code: failure.code, message: failure.message };
  }

  async start(): Promise<void> {
    const { runtimeFolder, file, contextTokens, parallel, threads } = this.#options;
    const socketPath = `${this.#socket}-${this.#starts}.sock`;
    this.#starts += 1;
    const task = { runtimeFolder, file, socketPath, contextTokens, parallel, threads };
    const child = spawnChild(this.#children);
    const weights = await this.#expectReady(child, task);
    const pool = connectToSocket(socketPath, outboundDefaults);
    const client = openServer(pool, {
      dialect: embeddedDialect,
      model: "embedded",
      basePath: "/v1",
      key: undefined,
      bounds: this.#options.bounds,
    });
    if (this.#state.kind === "closed") {
      await client.close();
      return;
    }
    this.#loaded.weights ??= weights;
    this.#failuresInRow = 0;
    this.#state = { kind: "running", running: { child, client, weights } };
    child.once("exit", (code, signalName) => void this.#onEnd(client, `ended (${signalName ?? code ?? "?"})`));
    if (child.exitCode !== null || child.signalCode !== null) await this.#onEnd(client, "ended at once");
    else this.#options.onEvent?.({ kind: "ready", weights, pid: child.pid ?? 0 });
  }

  async close(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: "closed" };
    clearTimeout(this.#timer);
    if (state.kind === "running") await state.running.client.close();
    await Promise.all([...this.#children].map(endChild));
  }

  /** The digest of what the child loaded. A file that is not the first one's any more is not served. */
  async #expectReady(child: ChildProcess, task: ChildTask): Promise<Digest> {
    const report = await askChild(child, task, this.#options.startMsMax);
    if (report.kind === "ready" && (this.#loaded.weights ?? report.weights) === report.weights) return report.weights;
    await endChild(child);
    throw report.kind === "failed"
      ? unavailable(`The model could not be loaded: ${report.message}`)
      : unavailable(
          "The model's file is not the one that was loaded first. Apply the Model document again to serve it.",
        );
  }

  async #onEnd(client: Upstream, message: string): Promise<void> {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "down", failure: unavailable(`The model's process ${message}; it is being started again.`) };
    this.#options.onEvent?.({ kind: "ended", message });
    await client.close();
    this.#restartLater();
  }

  #restartLater(): void {
    const { restartMsMin, restartMsMax } = this.#options;
    const waitMs = Math.min(restartMsMax, restartMsMin * 2 ** Math.min(this.#failuresInRow, 16));
    this.#failuresInRow += 1;
    this.#timer = setTimeout(() => void this.restart(), waitMs);
  }

  /** Starts it, and tries again later where that fails. */
  async restart(): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      if (this.#state.kind === "closed") return;
      const failure = error instanceof Failure ? error : unavailable("The model could not be started again.", error);
      this.#state = { kind: "down", failure };
      this.#restartLater();
    }
  }
}

/** Starts the process with an empty environment: nothing of ours, above all no upstream's key, is any use to it. */
function spawnChild(children: Set<ChildProcess>): ChildProcess {
  const child = spawn(process.execPath, [childPath], { stdio: ["ignore", "ignore", "pipe", "ipc"], env: {} });
  children.add(child);
  child.once("exit", () => children.delete(child));
  child.on("error", () => children.delete(child));
  return child;
}

async function askChild(child: ChildProcess, task: ChildTask, msMax: number): Promise<ChildReport> {
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-complaintCharsMax);
  });
  const { promise, resolve } = Promise.withResolvers<ChildReport>();
  const timer = setTimeout(() => resolve({ kind: "failed", message: `it took longer than ${msMax} ms` }), msMax);
  child.once("message", (message) => {
    const parsed = ChildReport.safeParse(message);
    resolve(parsed.success ? parsed.data : { kind: "failed", message: "it sent an unknown message" });
  });
  child.once("error", (error) => resolve({ kind: "failed", message: error.message }));
  child.once("exit", () => resolve({ kind: "failed", message: `its process ended. ${complaint}`.trim() }));
  child.send(task, (error) => {
    if (error !== null) resolve({ kind: "failed", message: error.message });
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function unavailable(message: string, cause?: unknown): Failure {
  return new Failure("model_unavailable", message, cause === undefined ? {} : { cause });
}
