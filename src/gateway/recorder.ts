// Receipts as they are made: all exchanges that end in one turn of the event loop share a signature, and stand in the
// spool (an asynchronous write) before their answers leave. Once a second the receipts since the last interval get a
// Merkle root of their own, signed as an act and drained into the ledger; until the drain says it has them, they stay.
import { type Receipt, type SignedReceipt, contentDigest, signReceipts } from "../acts/receipt.ts";
import { nextInterval } from "../acts/rules/evaluation.ts";
import type { DrainedReceipt } from "../feed/feed.ts";
import { digestOfHash, digestOfText } from "../proof/digest.ts";
import { toHex } from "../proof/encoding.ts";
import { type GrowingTree, growingTree } from "../proof/merkle.ts";
import type { Hasher, Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, type Instant, type ReceiptId, timestampOf, toReceiptId } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import {
  type ClosedInterval,
  type DrainOptions,
  type Kept,
  drainInterval,
  drainedOf,
  keptInterval,
  keptOf,
} from "./drain-interval.ts";
import { type Begun, type Line, type Spool, openSpool, textIn } from "./spool.ts";

/** Receipts that wait for the ledger; beyond it the gateway closes rather than forget. */
const receiptsBacklogMax = 50_000;

const intervalMsDefault = 1000;

export interface RecorderOptions extends DrainOptions {
  /** The folder of the spool. */
  readonly spool: string;
}

/** Receipts that share one signature, at the most: with more of them each would be too long for a header. */
const sharersMax = 32;

/** A receipt but for what the recorder gives it. */
export type ReceiptDraft = Omit<Receipt, "v" | "seq" | "at">;

export interface Recorder {
  readonly newId: () => ReceiptId;
  /** Resolves once the spool knows that this stream is under way: then its receipt cannot be missing. */
  readonly begin: (begun: Begun) => Promise<void>;
  /**
   * Resolves once the receipt is signed and spooled. Where the disk fails it rejects, and a receipt for a stream that was
   * begun is written as soon as the disk takes it.
   */
  readonly finish: (draft: ReceiptDraft) => Promise<SignedReceipt>;
  /** The self-contained text of a receipt that is not drained yet. */
  readonly find: (id: ReceiptId) => string | undefined;
  readonly isReady: () => boolean;
  /** The last write to the spool failed, and the disk has taken nothing since. */
  readonly isFailing: () => boolean;
  readonly isFull: () => boolean;
  /** Receipts that wait for the ledger. */
  readonly backlog: () => number;
  readonly close: () => Promise<void>;
}

interface Settling<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting extends Settling<SignedReceipt> {
  readonly draft: ReceiptDraft;
}

interface Beginning extends Settling<void> {
  readonly begun: Begun;
}

interface Books {
  /** Number of the next receipt; undefined until what an earlier process left is in the ledger. */
  seq: number | undefined;
  beginning: Beginning[];
  waiting: Waiting[];
  /** Streams under way: what left for them is owed a receipt. */
  readonly begun: Set<ReceiptId>;
  current: Kept[];
  /** Of the receipts in `current`. */
  tree: GrowingTree;
  readonly closed: ClosedInterval[];
  /** The last write to the spool failed. Nothing is admitted until one succeeds. */
  isFailing: boolean;
}

interface Work {
  readonly books: Books;
  readonly spool: Spool;
  readonly options: RecorderOptions;
}

export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const { follower, primitives } = options;
  const { spool, leftovers } = await openSpool(options.spool);
  const books: Books = {
    seq: undefined,
    beginning: [],
    waiting: leftovers.begun.map((begun) => cutByCrash(begun, primitives)),
    begun: new Set(leftovers.begun.map(({ id }) => id)),
    current: [],
    tree: growingTree(primitives),
    closed: await Promise.all(leftovers.intervals.map(async (interval) => keptInterval(interval, options))),
    isFailing: false,
  };
  const newId = receiptIds(options.randomBytes);
  const turns = createTurns({ books, spool, options });
  const timer = setInterval(() => void turns.beat(), intervalMsDefault);
  follower.onChange(() => {
    if (books.seq === undefined) void turns.drainOnce();
  });
  return {
    newId,
    begin: (begun) =>
      new Promise<void>((resolve, reject) => {
        books.beginning.push({ begun, resolve, reject });
        turns.flushSoon();
      }),
    finish: (draft) =>
      new Promise((resolve, reject) => {
        books.waiting.push({ draft, resolve, reject });
        turns.flushSoon();
      }),
    find: (id) => {
      const kept = findWaiting(id, books);
      return kept === undefined ? undefined : textIn(kept.line);
    },
    isReady: () => books.seq !== undefined && !books.isFailing,
    isFailing: () => books.isFailing,
    isFull: () => backlogOf(books) >= receiptsBacklogMax,
    backlog: () => backlogOf(books),
    close: async () => {
      clearInterval(timer);
      await turns.beat();
      await spool.close();
    },
  };
}

/** One of those that wait for the ledger. Few ask for one: no index is kept for it in every request. */
function findWaiting(id: ReceiptId, { closed, current }: Books): Kept | undefined {
  for (const kept of [current, ...closed.map((interval) => interval.kept)]) {
    const found = kept.find((one) => one.id === id);
    if (found !== undefined) return found;
  }
  return undefined;
}

function backlogOf({ closed, current }: Books): number {
  return closed.reduce((sum, { kept }) => sum + kept.length, current.length);
}

const idBytes = 12;
/** Ids whose randomness is asked for at once: asking costs more than the bytes. */
const idsAtOnce = 64;

function receiptIds(random: RecorderOptions["randomBytes"]): Recorder["newId"] {
  let left: Uint8Array = new Uint8Array(0);
  return () => {
    if (left.length < idBytes) left = random(idBytes * idsAtOnce);
    const bytes = left.subarray(0, idBytes);
    left = left.subarray(idBytes);
    return toReceiptId(`rcpt_${toHex(bytes)}`);
  };
}

interface Turns {
  /** At the end of this turn of the event loop, with all that gathers until then. */
  readonly flushSoon: () => void;
  readonly drainOnce: () => Promise<void>;
  /** Once an interval. Never rejects. */
  readonly beat: () => Promise<void>;
}

/**
 * Turns of the event loop whose receipts share a write and a signature, at the most, and only while each brings more. A turn
 * in which more than a few end takes 1 ms.
 */
const turnsMax = 6;

/** One write to the spool after another, one drain at a time. */
function createTurns(work: Work): Turns {
  const { books, spool, options } = work;
  let flushing: Promise<void> = Promise.resolve();
  let draining: Promise<void> | undefined;
  let isFlushComing = false;

  async function inTurn(turn: () => Promise<void>): Promise<void> {
    flushing = flushing.then(turn).catch((error: unknown) => {
      options.report("spool", { why: troubleIn(error) });
    });
    await flushing;
  }

  async function drainOnce(): Promise<void> {
    draining ??= drain(work).finally(() => {
      draining = undefined;
    });
    await draining;
  }

  async function closeInterval(): Promise<void> {
    if (books.isFailing || books.waiting.length > 0) await flush(work);
    if (books.current.length === 0) return;
    const file = await spool.rotate();
    const { current: kept, tree } = books;
    books.current = [];
    books.tree = growingTree(options.primitives);
    books.closed.push({ kept, root: digestOfHash(tree.root()), file, unreadable: 0, isForeign: false, digest: null });
  }

  /** A turn later than that in which nothing more came, or at the latest after `turnsMax`. */
  function gather(turns: number, gathered: number): void {
    setImmediate(() => {
      const now = books.waiting.length + books.beginning.length;
      if (now > gathered && turns < turnsMax) {
        gather(turns + 1, now);
        return;
      }
      isFlushComing = false;
      void inTurn(async () => flush(work));
    });
  }

  return {
    flushSoon: () => {
      if (isFlushComing) return;
      isFlushComing = true;
      gather(1, 0);
    },
    drainOnce,
    beat: async () => {
      await inTurn(closeInterval);
      await drainOnce();
    },
  };
}

/** Signs and spools what waits. A failure gives the numbers back: no receipt was given out for them. */
async function flush(work: Work): Promise<void> {
  const { books, spool, options } = work;
  const { beginning, waiting } = books;
  // Until what an earlier process left is numbered, only announcements are written.
  const batch = books.seq === undefined ? [] : waiting;
  if (batch.length + beginning.length === 0 && !books.isFailing) return;
  books.beginning = [];
  if (books.seq !== undefined) books.waiting = [];
  try {
    // An append of nothing succeeds on a full disk too, so it must not be what opens the gateway again.
    if (books.isFailing) await spool.probe();
    const at = options.clock.now();
    const signed = await signBatch(batch, at, work);
    const receipts = signed.map((one) => drainedOf(one, at));
    const lines = await spool.append({ begun: beginning.map(({ begun }) => begun), receipts });
    for (const { leaf } of signed) books.tree.append(leaf);
    enter(receipts, lines, books);
    for (const { begun } of beginning) books.begun.add(begun.id);
    answer({ beginning, batch, signed });
  } catch (cause) {
    books.isFailing = true;
    const error = new Failure("gateway_closed", "", { cause, detail: { reason: "disk", retryAfterSeconds: 1 } });
    for (const { reject } of [...beginning, ...batch]) reject(error);
    // Rejected to who waits, and owed all the same: something of these streams has left.
    books.waiting = [...batch.filter(({ draft }) => books.begun.has(draft.id)), ...books.waiting];
    throw cause;
  }
}

interface Written {
  readonly beginning: readonly Beginning[];
  readonly batch: readonly Waiting[];
  /** Of the batch, in its order. */
  readonly signed: readonly SignedReceipt[];
}

function answer({ beginning, batch, signed }: Written): void {
  for (const { resolve } of beginning) resolve();
  for (const [place, receipt] of signed.entries()) batch[place]?.resolve(receipt);
}

async function signBatch(batch: readonly Waiting[], at: Instant, work: Work): Promise<readonly SignedReceipt[]> {
  const { books, options } = work;
  const { seq } = books;
  if (seq === undefined || batch.length === 0) return [];
  const { gateway, primitives } = options;
  const moment = timestampOf(at);
  const receipts = batch.map(({ draft }, place): Receipt => ({ ...draft, v: 1, seq: seq + place, at: moment }));
  const signed: SignedReceipt[] = [];
  for (let from = 0; from < receipts.length; from += sharersMax) {
    signed.push(...(await signReceipts(receipts.slice(from, from + sharersMax), gateway, primitives)));
  }
  return signed;
}

/** What stands in the spool now is what there is. */
function enter(receipts: readonly DrainedReceipt[], lines: readonly Line[], books: Books): void {
  books.isFailing = false;
  for (const [place, line] of lines.entries()) {
    const receipt = receipts[place];
    if (receipt === undefined || books.seq === undefined) continue;
    const kept = keptOf(receipt, books.seq, line);
    books.seq += 1;
    books.current.push(kept);
    books.begun.delete(kept.id);
  }
}

/** A stream that an earlier process left open: it is on record as cut. What was sent is not known, so nothing is committed to. */
function cutByCrash(begun: Begun, primitives: Primitives): Waiting {
  const content = noContent(begun.id, primitives);
  const draft: ReceiptDraft = { ...begun, outcome: "cut", why: null, output: "none", tokens: [0, 0], content };
  return { draft, resolve: () => undefined, reject: () => undefined };
}

/** The commitment of what has no content, or none that is known. */
export function noContent(id: ReceiptId, hasher: Hasher): Digest {
  return contentDigest(id, { request: digestOfText("", hasher), answer: "" }, hasher);
}

async function drain({ books, spool, options }: Work): Promise<void> {
  const { follower } = options;
  if (follower.closure() === "starting" || follower.closure() === "behind-mark") return;
  try {
    for (let [interval] = books.closed; interval !== undefined; [interval] = books.closed) {
      await drainInterval(interval, options);
      // Before the file goes, and with it what their texts stand in.
      books.closed[0] = { ...interval, kept: [] };
      await (interval.unreadable > 0 ? spool.setAside(interval.file) : spool.remove(interval.file));
      books.closed.shift();
    }
    books.seq ??= nextInterval(follower.state, options.gateway.publicKey).first;
  } catch (error) {
    options.report("drain", { why: troubleIn(error) });
  }
}
