// Who may write when: transactions one after another, bounded, and never one inside another, which would wait for itself.
// Every database behind the store's interface takes its turns here.
import { AsyncLocalStorage } from "node:async_hooks";
import { Failure } from "../terms/failure.ts";

const transactionsWaitingMax = 4096;

export class Turns {
  readonly #inside = new AsyncLocalStorage<true>();
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;

  /** Runs `work` as a transaction when everything before it is over. Fails with store_unavailable: closed, or too many wait. */
  async transact<T>(work: () => Promise<T>): Promise<T> {
    this.checkOutside();
    return this.take(async () => this.#inside.run(true, work));
  }

  /** Runs `work` in its turn. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    this.checkOpen();
    if (this.#waiting >= transactionsWaitingMax) {
      throw new Failure("store_unavailable", "Too many transactions wait. Try again later.");
    }
    this.#waiting++;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await before;
      this.checkOpen();
      return await work();
    } finally {
      this.#waiting--;
      resolve();
    }
  }

  /** From now on everything fails, what waits included. */
  close(): void {
    this.#isClosed = true;
  }

  /** Waiting for one's own turn would never end. */
  checkOutside(): void {
    if (this.#inside.getStore() === true) throw new Error("Inside a transaction, use the transaction.");
  }

  checkOpen(): void {
    if (this.#isClosed) throw new Failure("store_unavailable", "The database is closed.");
  }
}
