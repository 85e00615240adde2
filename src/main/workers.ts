// Worker processes: gateways of this machine, each with a folder and a key of its own, all on the data plane's port, joined to
// the control plane by a unix socket with the feed's own protocol. One that ends is started again, later each time it ends
// soon; what it had answered stands in its spool, and it hands that over when it is back.
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import type { Report } from "./report.ts";
import { type Question, Said } from "./worker-talk.ts";
import { troubleIn } from "../terms/trouble.ts";

interface WorkerPlan {
  /** Counted from 1. */
  readonly number: number;
  readonly folder: string;
}

export interface WorkersOptions {
  readonly plans: readonly WorkerPlan[];
  /** What all of them have in their environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
}

/** How one worker is doing. */
export interface WorkerState {
  readonly number: number;
  readonly isListening: boolean;
  /** Times it was started again. */
  readonly restarts: number;
}

export interface Workers {
  /** Resolves when every worker has said that it listens. */
  readonly ready: Promise<void>;
  readonly states: () => readonly WorkerState[];
  /** What each answered, by its number; one that did not in time is left out. */
  readonly ask: (question: Question) => Promise<ReadonlyMap<number, unknown>>;
  readonly reload: () => void;
  /** Lets running exchanges end; past `msMax` they are cut. */
  readonly close: (msMax: number) => Promise<void>;
}

const backOff = { firstMs: 250, mostMs: 30_000, soundMs: 60_000 } as const;
const answerMsMax = 2_000;
const program = path.join(import.meta.dirname, "headgate.ts");

/** One worker, through all of its processes. */
interface Worker {
  readonly plan: WorkerPlan;
  readonly listening: PromiseWithResolvers<void>;
  readonly asked: Map<number, (answer: unknown) => void>;
  child: ChildProcess | undefined;
  isListening: boolean;
  restarts: number;
  /** Times in a row that it ended soon. */
  failures: number;
  timer: NodeJS.Timeout | undefined;
}

export function startWorkers(options: WorkersOptions): Workers {
  const closing = new AbortController();
  const workers = options.plans.map((plan): Worker => {
    const listening = Promise.withResolvers<void>();
    const blank = { child: undefined, isListening: false, restarts: 0, failures: 0, timer: undefined };
    return { plan, listening, asked: new Map(), ...blank };
  });
  for (const worker of workers) start(worker, options, closing.signal);
  let questions = 0;
  return {
    ready: Promise.all(workers.map(async ({ listening }) => listening.promise)).then(() => undefined),
    states: () => workers.map(({ plan, isListening, restarts }) => ({ number: plan.number, isListening, restarts })),
    ask: async (question) => {
      questions += 1;
      const asked = { ...question, number: questions };
      const answers = await Promise.all(
        workers.map(async (worker) => [worker.plan.number, await answerOf(worker, asked)] as const),
      );
      return new Map(answers.filter(([, answer]) => answer !== undefined));
    },
    reload: () => {
      for (const { child } of workers) child?.kill("SIGHUP");
    },
    close: async (msMax) => {
      closing.abort();
      await Promise.all(workers.map(async (worker) => end(worker, msMax)));
    },
  };
}

function start(worker: Worker, options: WorkersOptions, closing: AbortSignal): void {
  const { number, folder } = worker.plan;
  const { report } = options;
  const begun = performance.now();
  const child = spawn(process.execPath, [...process.execArgv, program, "gateway", "--worker", String(number)], {
    env: { ...options.environment, HEADGATE_DATA: folder },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "advanced",
  });
  worker.child = child;
  child.on("message", (message) => {
    const said = Said.safeParse(message).data;
    if (said === undefined) return;
    if ("ready" in said) {
      worker.isListening = true;
      worker.listening.resolve();
      report("worker-ready", { worker: number, pid: child.pid ?? 0 });
    } else {
      worker.asked.get(said.number)?.(said.answer);
    }
  });
  child.once("error", (error) => {
    report("worker", { worker: number, why: troubleIn(error) });
  });
  child.once("close", (code, signal) => {
    worker.child = undefined;
    worker.isListening = false;
    if (closing.aborted) return;
    if (performance.now() - begun > backOff.soundMs) worker.failures = 0;
    const waitMs = Math.min(backOff.mostMs, backOff.firstMs * 2 ** worker.failures);
    worker.failures += 1;
    worker.restarts += 1;
    report("worker-ended", { worker: number, code: code ?? 0, signal: signal ?? "", againMs: waitMs });
    worker.timer = setTimeout(() => {
      start(worker, options, closing);
    }, waitMs);
  });
}

async function answerOf(worker: Worker, question: Question & { readonly number: number }): Promise<unknown> {
  const { child, asked } = worker;
  if (child?.connected !== true || !worker.isListening) return undefined;
  const { number } = question;
  return new Promise((resolve) => {
    const settle = (answer: unknown): void => {
      clearTimeout(timer);
      asked.delete(number);
      resolve(answer);
    };
    const timer = setTimeout(settle, answerMsMax);
    asked.set(number, settle);
    child.send(question, (error) => {
      if (error !== null) settle(undefined);
    });
  });
}

async function end({ child, timer }: Worker, msMax: number): Promise<void> {
  clearTimeout(timer);
  if (child === undefined) return;
  await new Promise<void>((resolve) => {
    const cut = setTimeout(() => child.kill("SIGKILL"), msMax);
    child.once("close", () => {
      clearTimeout(cut);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
