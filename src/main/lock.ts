// One process a data folder: two writers of one ledger would fork it. The lock is a file with the process's id; one left
// by a process that is gone is taken over. It comes into being whole, under its name or not at all, and is moved aside
// before it is taken over, so that of two processes that start at once after a crash one goes on.
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Failure } from "../terms/failure.ts";

/** Takes the lock; the result gives it back. Fails with configuration_invalid where another process holds it. */
export function takeLock(file: string, id: number = process.pid): () => void {
  const own = `${file}.${id}`;
  rmSync(own, { force: true });
  writeFileSync(own, String(id), { flag: "wx", mode: 0o600 });
  try {
    if (!isLinked(own, file)) {
      moveAside(file, id);
      if (!isLinked(own, file)) throw heldBy(holderOf(file));
    }
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (holderOf(file) === id) rmSync(file, { force: true });
  };
}

/** Whether `file` was free and is now this process's. A link takes a name in one step, and fails where it is taken. */
function isLinked(own: string, file: string): boolean {
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Moves a lock aside whose holder is gone. Fails with configuration_invalid where the holder runs. */
function moveAside(file: string, id: number): void {
  const stale = `${file}.${id}.stale`;
  checkGone(holderOf(file), id);
  try {
    renameSync(file, stale);
  } catch {
    // Another process moved it first; whoever links next has it.
    return;
  }
  const holder = holderOf(stale);
  if (holder !== undefined && holder !== id && isRunning(holder)) {
    // Between the look and the move somebody else took the lock: it goes back, unless a third one took the name since.
    isLinked(stale, file);
    rmSync(stale, { force: true });
    throw heldBy(holder);
  }
  rmSync(stale, { force: true });
}

function checkGone(holder: number | undefined, id: number): void {
  if (holder !== undefined && holder !== id && isRunning(holder)) throw heldBy(holder);
}

function heldBy(holder: number | undefined): Failure {
  const who = holder === undefined ? "Another process" : `Process ${holder}`;
  return new Failure("configuration_invalid", `${who} runs on this data folder already. Stop it first.`);
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
