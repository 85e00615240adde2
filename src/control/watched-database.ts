// The database with a memory: whether its last write failed. A control plane that could not record what happened may not
// promise that nothing happened, so it gives no lease until a write succeeds again.
import type { Database, Transaction } from "../store/database.ts";
import { failureCode } from "../terms/failure.ts";

export interface WatchedDatabase extends Database {
  /** True from a write that the disk or the store refused until one that it took. */
  readonly isDoubtful: () => boolean;
}

export function watchDatabase(database: Database): WatchedDatabase {
  let doubtful = false;

  async function transaction<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    try {
      const result = await database.transaction(work);
      doubtful = false;
      return result;
    } catch (error) {
      const code = failureCode(error);
      if (code === undefined || code === "store_unavailable" || code === "disk_full") doubtful = true;
      throw error;
    }
  }

  return {
    dialect: database.dialect,
    query: async (sql, params) => database.query(sql, params),
    transaction,
    close: async () => database.close(),
    isDoubtful: () => doubtful,
  };
}
