// One process a data folder: two writers of one ledger would fork it. The lock is an empty SQLite file that is held
// exclusively, because the system itself lets go of that when the process ends, however it ends. The id of a process in a
// file would not do: another one may have it by now, or the same one in another container.
import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Failure } from "../terms/failure.ts";

/** Takes the lock; the result gives it back. Fails with configuration_invalid where another process holds it. */
export function takeLock(file: string): () => void {
  // Made only where it is not there: to close a file that one holds oneself would give the lock back.
  if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    throw refusal(file, cause);
  }
  return () => {
    database.close();
  };
}

function refusal(file: string, cause: unknown): unknown {
  const code = cause instanceof Error && "errcode" in cause ? cause.errcode : undefined;
  if (code === busy) return failure("Another process runs on this data folder already. Stop it first.", cause);
  // Taking it over would be a race: two that start at once would each have a file of their own under this name.
  if (code === notDatabase) return failure(`${file} is not a lock. If nothing runs on this folder, remove it.`, cause);
  return cause;
}

function failure(message: string, cause: unknown): Failure {
  return new Failure("configuration_invalid", message, { cause });
}

/** Result codes of SQLite: https://www.sqlite.org/rescode.html */
const busy = 5;
const notDatabase = 26;
