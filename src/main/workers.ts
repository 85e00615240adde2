// Worker processes: gateways of this machine, each with a folder and a key of its own, all on the data plane's port, joined to
// the control plane by a unix socket with the feed's own protocol. One that ends is started again, later each time it ends
// soon; what it had answered stands in its spool, and it hands that over when it is back.
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import type { Report } from "./report.ts";

export interface WorkerPlan {
  /** Counted from 1. */
  readonly number: number;
  readonly keyName: string;
  readonly folder: string;
}

export interface WorkersOptions {
  readonly plans: readonly WorkerPlan[];
  /** What all of them have in their environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
}

export interface Workers {
  /** Resolves when every worker has said that it listens. */
  readonly ready: Promise<void>;
  readonly reload: () => void;
  /** Lets running exchanges end; past `msMax` they are cut. */
  readonly close: (msMax: number) => Promise<void>;
}

const backOff = { firstMs: 250, mostMs: 30_000, soundMs: 60_000 } as const;
const program = path.join(import.meta.dirname, "headgate.ts");

export function startWorkers({ plans, environment, report }: WorkersOptions): Workers {
  let isClosing = false;
  const running = new Map<number, ChildProcess>();
  const timers = new Set<NodeJS.Timeout>();

  function start(plan: WorkerPlan, failures: number, listens: () => void): void {
    const begun = performance.now();
    const args = [...process.execArgv, program, "gateway", "--json", "--shared-port", "--key", plan.keyName];
    const worker = spawn(process.execPath, args, {
      env: { ...environment, HEADGATE_DATA: plan.folder },
      stdio: ["ignore", "pipe", "inherit"],
    });
    running.set(plan.number, worker);
    worker.stdout.once("data", () => {
      report("worker-ready", { worker: plan.number, pid: worker.pid ?? 0 });
      listens();
    });
    worker.once("error", (error) => {
      report("worker", { worker: plan.number, why: error.message });
    });
    worker.once("close", (code, signal) => {
      running.delete(plan.number);
      if (isClosing) return;
      const failed = performance.now() - begun > backOff.soundMs ? 0 : failures;
      const waitMs = Math.min(backOff.mostMs, backOff.firstMs * 2 ** failed);
      report("worker-ended", { worker: plan.number, code: code ?? 0, signal: signal ?? "", againMs: waitMs });
      const timer = setTimeout(() => {
        timers.delete(timer);
        start(plan, failed + 1, listens);
      }, waitMs);
      timers.add(timer);
    });
  }

  const ready = plans.map(async (plan) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    start(plan, 0, resolve);
    await promise;
  });
  return {
    ready: Promise.all(ready).then(() => undefined),
    reload: () => {
      for (const worker of running.values()) worker.kill("SIGHUP");
    },
    close: async (msMax) => {
      isClosing = true;
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([...running.values()].map(async (worker) => ended(worker, msMax)));
    },
  };
}

async function ended(worker: ChildProcess, msMax: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => worker.kill("SIGKILL"), msMax);
    worker.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    worker.kill("SIGTERM");
  });
}
