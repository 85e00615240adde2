// The store's SQL as PostgreSQL takes it: `?` becomes `$1`, `$2`, …, and statements that come again get a name, by which each
// connection prepares them once. The store's statements are few and fixed.
import type { QueryConfig } from "pg";
import type { Value } from "./database.ts";

const statementsKeptMax = 256;

/** Quoted text and names stay as they are. */
const parts = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\?/g;

/** The statement with its placeholders numbered in order. */
export function numberPlaceholders(sql: string): string {
  let count = 0;
  return sql.replaceAll(parts, (part) => (part === "?" ? `$${++count}` : part));
}

export class Statements {
  readonly #kept = new Map<string, { readonly text: string; readonly name: string }>();

  of(sql: string, params: readonly Value[]): QueryConfig {
    const values = params.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
    const kept = this.#kept.get(sql) ?? this.#keep(sql);
    return kept === undefined ? { text: numberPlaceholders(sql), values } : { ...kept, values };
  }

  #keep(sql: string): { readonly text: string; readonly name: string } | undefined {
    if (this.#kept.size >= statementsKeptMax) return undefined;
    const statement = { text: numberPlaceholders(sql), name: `headgate_${this.#kept.size}` };
    this.#kept.set(sql, statement);
    return statement;
  }
}
