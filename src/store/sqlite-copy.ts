// A copy of a SQLite database as it stands at one moment, also while another process writes to it: SQLite's own backup, page
// by page, then read through once. Never overwrites.
import { existsSync } from "node:fs";
import { DatabaseSync, backup } from "node:sqlite";
import { Failure } from "../terms/failure.ts";

/** Fails with store_unavailable where the source cannot be read or the copy is not whole. */
export async function copySqlite(from: string, to: string): Promise<void> {
  if (!existsSync(from)) throw new Failure("store_unavailable", `There is no database at ${from}.`);
  if (existsSync(to)) throw new Failure("conflict", `${to} exists already.`);
  try {
    const source = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
    try {
      await backup(source, to);
    } finally {
      source.close();
    }
    settleSqlite(to);
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure("store_unavailable", `The database ${from} could not be copied.`, { cause });
  }
}

/** One file that needs no other beside it, read through once. Fails with store_unavailable. */
export function settleSqlite(file: string): void {
  const copy = new DatabaseSync(file);
  try {
    copy.exec("PRAGMA journal_mode=DELETE");
    const [row] = copy.prepare("PRAGMA integrity_check").all();
    if (row?.["integrity_check"] !== "ok")
      throw new Failure("store_unavailable", "The copy of the database is damaged.");
  } finally {
    copy.close();
  }
}
