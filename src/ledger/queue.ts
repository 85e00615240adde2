// Group commit: while one batch is being committed the next one gathers. An idle ledger answers after one commit; a busy one
// makes its batches larger instead of its callers slower. Bounded: past the bound callers are told to come back.
import { Failure } from "../terms/failure.ts";
import { checkRecords, type AppendOptions, type Appended, type Appending, type NewRecord } from "./append.ts";

/** One entry bundle. */
const batchRecordsMax = 256;
const waitingRecordsMax = 4096;

export class AppendQueue {
  readonly #commit: (batch: readonly Appending[]) => Promise<void>;
  #waiting: Appending[] = [];
  #waitingRecords = 0;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** `commit` resolves or rejects each of a batch, or throws, which rejects them all. */
  constructor(commit: (batch: readonly Appending[]) => Promise<void>) {
    this.#commit = commit;
  }

  async add(records: readonly NewRecord[], options: AppendOptions): Promise<Appended> {
    checkRecords(records, batchRecordsMax);
    if (this.#isClosed) throw new Failure("store_unavailable", "The ledger is closed.");
    if (this.#waitingRecords + records.length > waitingRecordsMax) {
      throw new Failure("store_unavailable", "Too many acts wait for the ledger. Try again later.");
    }
    const { promise, resolve, reject } = Promise.withResolvers<Appended>();
    this.#waiting.push({ records, options, resolve, reject });
    this.#waitingRecords += records.length;
    this.#running ??= this.#run();
    return promise;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // Whoever appends in the same turn of the event loop joins the first batch.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#commit(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  #take(): readonly Appending[] {
    let [count, records] = [0, 0];
    for (const next of this.#waiting) {
      const isAlone = next.options.alongside !== undefined && count > 0;
      if (isAlone || records + next.records.length > batchRecordsMax) break;
      count++;
      records += next.records.length;
      if (next.options.alongside !== undefined) break;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    this.#waitingRecords -= records;
    return batch;
  }
}
