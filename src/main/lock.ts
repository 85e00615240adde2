// One process a data folder: two writers of one ledger would fork it. The lock is a file with the process's id; one left
// by a process that is gone is taken over.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { Failure } from "../terms/failure.ts";

/** Takes the lock; the result gives it back. Fails with configuration_invalid where another process holds it. */
export function takeLock(file: string): () => void {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
  } catch (cause) {
    const holder = holderOf(file);
    if (holder !== undefined && holder !== process.pid && isRunning(holder)) {
      throw new Failure("configuration_invalid", `Process ${holder} runs on this data folder already. Stop it first.`, {
        cause,
      });
    }
    writeFileSync(file, String(process.pid), { mode: 0o600 });
  }
  return () => {
    rmSync(file, { force: true });
  };
}

function holderOf(file: string): number | undefined {
  try {
    const id = Number(readFileSync(file, "utf8"));
    return Number.isSafeInteger(id) && id > 0 ? id : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
