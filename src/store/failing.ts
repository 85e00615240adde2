// A database whose n-th write, or n-th read, fails, for tests that ask of every one in turn what is left when it does (style
// 32). It is a layer over a real database, not a stand-in for one: what fails has really been rolled back, or really been
// committed.
import { Failure } from "../terms/failure.ts";
import type { Database, Transaction } from "./database.ts";

export interface Failing {
  readonly database: Database;
  /** How many were asked for so far: reads; or statements that write, and for each transaction one before and one after it commits. */
  readonly count: () => number;
}

/** From the n-th write on, `lasting` or just that one, writes fail with disk_full. n counts from 1. */
export function failingDatabase(database: Database, n: number, { lasting }: { readonly lasting: boolean }): Failing {
  let count = 0;
  const step = (): void => {
    count++;
    if (count === n || (lasting && count > n)) throw new Failure("disk_full", `Write ${count} was made to fail.`);
  };
  return {
    count: () => count,
    database: {
      dialect: database.dialect,
      query: async (sql, params) => database.query(sql, params),
      close: async () => database.close(),
      transaction: async (work) => {
        const result = await database.transaction(async (transaction) => {
          const answer = await work(steppingTransaction(transaction, { step, of: "writes" }));
          step();
          return answer;
        });
        // Committed, and the answer is lost on the way.
        step();
        return result;
      },
    },
  };
}

/** The n-th read alone fails with store_unavailable, within a transaction or outside. n counts from 1. */
export function unreadableDatabase(database: Database, n: number): Failing {
  let count = 0;
  const step = (): void => {
    count++;
    if (count === n) throw new Failure("store_unavailable", `Read ${count} was made to fail.`);
  };
  return {
    count: () => count,
    database: {
      dialect: database.dialect,
      query: async (sql, params) => {
        step();
        return database.query(sql, params);
      },
      close: async () => database.close(),
      transaction: async (work) =>
        database.transaction(async (transaction) => work(steppingTransaction(transaction, { step, of: "reads" }))),
    },
  };
}

interface Steps {
  readonly step: () => void;
  readonly of: "reads" | "writes";
}

function steppingTransaction(transaction: Transaction, { step, of }: Steps): Transaction {
  return {
    dialect: transaction.dialect,
    query: async (sql, params) => {
      if (/^\s*SELECT/i.test(sql) === (of === "reads")) step();
      return transaction.query(sql, params);
    },
    script: async (sql) => {
      if (of === "writes") step();
      return transaction.script(sql);
    },
  };
}
