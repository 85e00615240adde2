// The store as the rest of the program sees it: SQL with `?` placeholders, asynchronous whatever stands behind it. Writing
// happens in transactions only, one at a time; reading outside of one sees what was committed. src/store/contract.ts says
// what every implementation keeps. Rows are unknown: each <noun>-store.ts parses its own with zod.

/** The SQL that differs between databases is written once for each of these (see migrations.ts). */
export type Dialect = "sqlite" | "postgres";

export type Value = string | number | bigint | Uint8Array | null;
export type Row = Readonly<Record<string, unknown>>;

export interface Queries {
  readonly dialect: Dialect;
  /** One statement. The rows it answers, or none. */
  query(sql: string, params?: readonly Value[]): Promise<readonly Row[]>;
}

export interface Transaction extends Queries {
  /** Several statements without parameters, as migrations are. */
  script(sql: string): Promise<void>;
}

export interface Database extends Queries {
  /** Reads only: a statement that would write fails. Not to be called inside `transaction`; use its argument there. */
  query(sql: string, params?: readonly Value[]): Promise<readonly Row[]>;
  /**
   * Runs `work` alone and commits durably before it answers; whatever `work` throws rolls back and comes through, and so
   * does a statement that failed in it, caught or not.
   * Fails with store_unavailable (busy, broken, closed, too many waiting), disk_full, or conflict (a constraint).
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T>;
  /** After the transactions that have begun or wait. */
  close(): Promise<void>;
}
