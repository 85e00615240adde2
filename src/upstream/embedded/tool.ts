// Runs a package tool (pip, npm) that is on the PATH, without a shell, for a bounded time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Failure } from "../../terms/failure.ts";

const outputCharsMax = 2_000;

export interface ToolOptions {
  readonly msMax: number;
  readonly signal?: AbortSignal | undefined;
  readonly folder?: string;
  /** Where it puts what it needs for a moment. */
  readonly temporary?: string;
}

/** Runs the first of `names` that exists. Throws `model_unavailable` with the end of what it said when it fails. */
export async function runTool(names: readonly string[], args: readonly string[], options: ToolOptions): Promise<void> {
  for (const name of names) {
    if (await ran(name, args, options)) return;
  }
  throw new Failure("model_unavailable", `${names.join(" or ")} is not installed here.`);
}

/** False when there is no such tool. */
async function ran(name: string, args: readonly string[], options: ToolOptions): Promise<boolean> {
  const limit = AbortSignal.timeout(options.msMax);
  const child = spawn(name, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    signal: options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]),
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
    // What it would inherit anyway, and one thing more.
    ...(options.temporary === undefined ? {} : { env: { ...process.env, TMPDIR: options.temporary } }),
  });
  const end = (): void => void child.kill();
  process.once("exit", end);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-outputCharsMax);
    });
  }
  try {
    await once(child, "close");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw new Failure("model_unavailable", `${name} was stopped before it was done.`, { cause: error });
  } finally {
    process.off("exit", end);
  }
  if (child.exitCode !== 0) {
    throw new Failure("model_unavailable", `${name} failed: ${said.trim().split("\n").slice(-3).join(" ")}`);
  }
  return true;
}
