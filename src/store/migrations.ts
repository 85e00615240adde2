// Brings a database to the schema this program knows, one migration after another, each in its own transaction and each
// pinned by the SHA-256 of its SQL. A database that knows more, or that was brought here by other SQL, is refused: guessing
// at a schema is how records get lost.
import { createHash } from "node:crypto";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import type { Database, Dialect, Transaction } from "./database.ts";

export interface Migration {
  /** 1, 2, 3, … in order. */
  readonly id: number;
  readonly name: string;
  readonly sql: Readonly<Record<Dialect, string>>;
}

/** Fails with schema_newer where the database is ahead of `migrations`, with schema_changed where their SQL differs. */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<void> {
  if (migrations.some(({ id }, at) => id !== at + 1)) throw new Error("Migrations are numbered from 1 without gaps.");
  const applied = await database.transaction(readApplied);
  for (const row of applied) checkApplied(row, migrations, database.dialect);
  for (const migration of migrations.slice(applied.length)) {
    await database.transaction(async (transaction) => apply(migration, transaction));
  }
}

const Applied = z.strictObject({ id: z.number().int(), name: z.string(), checksum: z.string() });
type Applied = z.infer<typeof Applied>;

async function readApplied(transaction: Transaction): Promise<readonly Applied[]> {
  await transaction.script(schemaTable[transaction.dialect]);
  const rows = await transaction.query("SELECT id, name, checksum FROM schema_migration ORDER BY id");
  const applied = rows.map((row) => Applied.parse(row));
  if (applied.some(({ id }, at) => id !== at + 1)) {
    throw new Failure("schema_changed", "The database's list of migrations has gaps. Restore it from a copy.");
  }
  return applied;
}

const schemaTable: Readonly<Record<Dialect, string>> = {
  sqlite:
    "CREATE TABLE IF NOT EXISTS schema_migration (id INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT",
  postgres:
    "CREATE TABLE IF NOT EXISTS schema_migration (id BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)",
};

function checkApplied(applied: Applied, migrations: readonly Migration[], dialect: Dialect): void {
  const known = migrations[applied.id - 1];
  const detail = { migration: applied.id };
  if (known === undefined) {
    throw new Failure("schema_newer", "A newer version has used this database. Start that version.", { detail });
  }
  if (applied.checksum !== checksumOf(known, dialect) || applied.name !== known.name) {
    throw new Failure("schema_changed", `Migration ${applied.id} of this database is not the one known here.`, {
      detail,
    });
  }
}

async function apply(migration: Migration, transaction: Transaction): Promise<void> {
  await transaction.script(migration.sql[transaction.dialect]);
  await transaction.query("INSERT INTO schema_migration (id, name, checksum) VALUES (?, ?, ?)", [
    migration.id,
    migration.name,
    checksumOf(migration, transaction.dialect),
  ]);
}

function checksumOf(migration: Migration, dialect: Dialect): string {
  return createHash("sha256").update(migration.sql[dialect]).digest("hex");
}
