// The command line as an operator has it: a server of its own in a process, and verbs one after another against it.
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Operator {
  readonly headgate: (...args: readonly string[]) => Promise<Ended>;
  /** What it printed as JSON; fails where it did not end with 0. */
  readonly must: (...args: readonly string[]) => Promise<string>;
  /** Like `must`, of a verb that asks the server: a profile remembers where it was the first time. */
  readonly asks: (...args: readonly string[]) => Promise<string>;
  /** The code and the message that it was refused with. */
  readonly refused: (...args: readonly string[]) => Promise<{ readonly code: string; readonly message: string }>;
  readonly address: () => string;
  readonly start: () => Promise<void>;
  readonly stop: (how?: NodeJS.Signals) => Promise<void>;
}

const command = join(dirname(dirname(import.meta.dirname)), "bin", "headgate");
const Refused = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export function operatorOf(more: NodeJS.ProcessEnv): Operator {
  const environment = { ...process.env, HEADGATE_PORT: "0", HEADGATE_CONTROL_PORT: "0", ...more };
  let server: ChildProcess | undefined;
  let address = "";

  async function headgate(...args: readonly string[]): Promise<Ended> {
    return new Promise((resolve) => {
      const child = execFile(command, args, { env: { ...environment, HEADGATE_SERVER: address } }, (_, out, err) => {
        resolve({ code: child.exitCode, out, err });
      });
    });
  }

  async function must(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await headgate(...args, "--json");
    assert.equal(code, 0, `${args.join(" ")}: ${err}`);
    return out;
  }

  async function stop(how: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = server;
    server = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(how);
    await once(child, "exit");
  }

  return {
    headgate,
    must,
    asks: async (...args) => must(...args, "--server", address),
    refused: async (...args) => {
      const { code, out, err } = await headgate(...args, "--json");
      assert.notEqual(code, 0, out);
      return Refused.parse(JSON.parse(err.trim().split("\n").at(-1) ?? "")).error;
    },
    address: () => address,
    start: async () => {
      // A test before may have ended early.
      await stop("SIGKILL");
      const child = spawn(command, ["serve", "--json"], { env: environment, stdio: ["ignore", "pipe", "ignore"] });
      server = child;
      const line = await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout }).once("line", resolve);
        child.once("exit", (code) => {
          reject(new Error(`serve ended with ${code}`));
        });
      });
      address = z.object({ controlPlane: z.string() }).parse(JSON.parse(line)).controlPlane;
    },
    stop,
  };
}
