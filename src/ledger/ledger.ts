// The transparency log: RFC 6962 tree, C2SP checkpoints and tiles, in the database that also holds the envelopes. One writer;
// callers that come together share a transaction. The order that keeps a log from forking: leaves, tiles and head commit in
// one transaction (compare and swap on the size); what was written is read back and hashed again by other code; only then is
// the root signed. Ed25519 is deterministic, so a head that was committed and not signed is signed alike after a crash.
import { fromUtf8 } from "../proof/encoding.ts";
import { signCheckpoint } from "../proof/checkpoint.ts";
import { digestOfHash, hashOfDigest } from "../proof/digest.ts";
import { emptyFrontier, emptyRoot, frontierRoot } from "../proof/merkle.ts";
import type { Verifier } from "../proof/note.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import type { Database } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import type { Instant } from "../terms/ids.ts";
import { commitBatch, type Appending, type Committed } from "./append.ts";
import { advanceHead, countLeaves, createHead, readHead, type StoredEntry } from "./ledger-store.ts";
import { extendFrontier, loadLedger, type Live, type LoadOptions, type Mark } from "./load.ts";
import {
  consistencyOf,
  entriesOf,
  inclusionOf,
  logFileOf,
  provenRootAt,
  tileOf,
  type Head,
  type LogFile,
  type ReaderOptions,
} from "./reader.ts";
import { AppendQueue } from "./queue.ts";
import type { AppendOptions, Appended, NewRecord } from "./append.ts";

export interface LedgerOptions {
  /** Migrated to the schema of src/store/schema.ts. The ledger does not close it. */
  readonly database: Database;
  readonly primitives: Primitives;
  readonly signer: Signer;
  /** The log's name for life: a URL without scheme and trailing slash, printable ASCII without space and plus. */
  readonly origin: string;
  readonly clock: () => Instant;
  /** A tree seen before; a ledger that does not contain it is not opened. */
  readonly mark?: Mark | undefined;
}

/**
 * Opens the ledger of the database, or begins one where there is none. Verifies the own checkpoint, the right edge, the
 * last entries and the mark. Fails with fork_detected, mark_ahead, signature_invalid, clock_behind, configuration_invalid.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { database, mark } = options;
  const ledger = new Ledger(options);
  if ((await readHead(database)) === undefined) await begin(options);
  await ledger.load(mark === undefined || mark.size === 0 ? [] : [mark]);
  return ledger;
}

/** The empty ledger, signed. */
async function begin(options: LedgerOptions): Promise<void> {
  const { database, primitives, origin } = options;
  if ((options.mark?.size ?? 0) > 0) {
    throw new Failure("mark_ahead", "This database has no ledger, but one was seen here before. Do not begin another.");
  }
  const root = emptyRoot(primitives);
  const checkpoint = await signHead(options, 0, root);
  await database.transaction(async (transaction) => {
    if ((await countLeaves(transaction)) > 0) {
      throw new Failure("fork_detected", "The ledger has entries and no head. Restore the database from a copy.");
    }
    await createHead(transaction, { origin, size: 0, root: digestOfHash(root), checkpoint, at: options.clock() });
  });
}

async function signHead(
  { origin, signer, primitives }: LedgerOptions,
  size: number,
  root: Uint8Array,
): Promise<string> {
  const note = fromUtf8(await signCheckpoint({ origin, size, root }, signer, primitives));
  if (note === undefined) throw new Failure("proof_invalid", "A checkpoint is text.");
  return note;
}

/** Made by `openLedger`. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #log: Verifier;
  readonly #reader: ReaderOptions;
  readonly #queue: AppendQueue;
  /** Undefined after a write that failed: what the database holds then is found out before the next one. */
  #live: Live | undefined;
  #head: Head | undefined;
  /** The checkpoint in the head row. */
  #stored: string | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#log = { name: options.origin, publicKey: options.signer.publicKey };
    this.#reader = { queries: options.database, primitives: options.primitives, head: () => this.head() };
    this.#queue = new AppendQueue(async (batch) => this.#append(batch));
  }

  /**
   * Appends acts, in order, in one transaction, and answers when the signed head covers them. An envelope that is in the
   * ledger already keeps its index. Callers judge acts before; the ledger checks form only. Fails with conflict (another
   * envelope of the same act is there, or `onlyAtSize` does not hold), statement_invalid, store_unavailable, disk_full or
   * fork_detected; after any failure the acts may nevertheless be there, and the same call again says where.
   */
  async append(records: readonly NewRecord[], options: AppendOptions = {}): Promise<Appended> {
    return this.#queue.add(records, options);
  }

  /** The signed head. */
  head(): Head {
    if (this.#head === undefined) throw new Failure("store_unavailable", "The ledger is not open.");
    return this.#head;
  }

  /** The signed note, as served at `checkpoint`. */
  readCheckpoint(): string {
    return this.head().checkpoint;
  }

  /** Up to `count` (and up to 1,000) entries from `from` on, in order, none past the signed head. */
  async entries(from: number, count: number): Promise<readonly StoredEntry[]> {
    return entriesOf(this.#reader, from, count);
  }

  /** A checkpoint of the tree as it was at a smaller size, for those who take the ledger in pieces. */
  async checkpointAt(size: number): Promise<string> {
    const head = this.head();
    if (size === head.size) return head.checkpoint;
    return signHead(this.#options, size, await provenRootAt(this.#reader, size));
  }

  async readTile(path: string): Promise<Uint8Array | undefined> {
    return tileOf(this.#reader, path);
  }

  async inclusionProof(index: number, size: number): Promise<readonly Uint8Array[]> {
    return inclusionOf(this.#reader, index, size);
  }

  async consistencyProof(size1: number, size2: number): Promise<readonly Uint8Array[]> {
    return consistencyOf(this.#reader, size1, size2);
  }

  /** `checkpoint`, `tile/…` and `tile/entries/…` of C2SP tlog-tiles, by path without a leading slash. */
  async logFile(path: string): Promise<LogFile | undefined> {
    return logFileOf(this.#reader, path);
  }

  /** After what has begun. Leaves the database open, with the last checkpoint in it. */
  async close(): Promise<void> {
    await this.#queue.close();
    const [live, head] = [this.#live, this.#head];
    if (live === undefined || head === undefined || this.#stored === head.checkpoint) return;
    await this.#options.database.transaction(async (transaction) =>
      advanceHead(transaction, head.size, {
        ...head,
        origin: this.#options.origin,
        at: this.#options.clock(),
      }),
    );
    this.#stored = head.checkpoint;
  }

  /** Verifies what the database holds and signs its head. For `openLedger`, and again after a write that failed. */
  async load(marks: readonly Mark[]): Promise<Live> {
    const signed = this.#head === undefined || this.#head.size === 0 ? [] : [this.#head];
    const live = await loadLedger({ ...this.#loadOptions(), marks: [...marks, ...signed] });
    if (live === undefined) throw new Failure("fork_detected", "The ledger is gone from the database.");
    await this.#sign(live);
    return live;
  }

  #loadOptions(): Omit<LoadOptions, "marks"> {
    const { database, primitives, clock } = this.#options;
    return { queries: database, primitives, log: this.#log, now: clock() };
  }

  async #append(batch: readonly Appending[]): Promise<void> {
    let committed: Committed;
    try {
      committed = await this.#commit(batch);
      if (committed.growth.edge.size > this.head().size) await this.#checkAndSign(committed);
    } catch (error) {
      this.#live = undefined;
      throw error;
    }
    const { size, root, checkpoint } = this.head();
    for (const { appending, indexes } of committed.placed) {
      appending.resolve({ indexes, firstIndex: indexes[0] ?? size, size, root, checkpoint });
    }
  }

  async #commit(batch: readonly Appending[]): Promise<Committed> {
    const live = this.#live ?? (await this.load([]));
    // Where another process has appended, what it wrote is verified like anything else, and then built upon.
    const committed = (await this.#commitOn(live, batch)) ?? (await this.#commitOn(await this.load([]), batch));
    if (committed === undefined)
      throw new Failure("store_unavailable", "Other processes append all the time. Run one.");
    return committed;
  }

  async #commitOn(live: Live, batch: readonly Appending[]): Promise<Committed | undefined> {
    const { database, primitives, origin, clock } = this.#options;
    const { checkpoint } = this.head();
    const committed = await commitBatch(batch, live, { database, primitives, origin, checkpoint, at: clock() });
    if (committed !== undefined && committed.growth.edge.size > live.edge.size) this.#stored = checkpoint;
    return committed;
  }

  async #checkAndSign({ growth, root }: Committed): Promise<void> {
    const start = this.#live?.frontier ?? emptyFrontier;
    const frontier = await extendFrontier(start, growth.edge.size, this.#loadOptions());
    if (digestOfHash(frontierRoot(frontier, this.#options.primitives)) !== root) {
      throw new Failure("fork_detected", "What was written is not what was to be written. Nothing was signed.");
    }
    await this.#sign({ edge: growth.edge, frontier, root });
  }

  async #sign(live: Live): Promise<void> {
    const size = live.edge.size;
    const checkpoint = await signHead(this.#options, size, hashOfDigest(live.root));
    this.#head = { size, root: live.root, checkpoint };
    this.#live = live;
  }
}
