// Receipts as they are made: all exchanges that end in one turn of the event loop share a signature, and stand in the
// spool (an asynchronous write) before their answers leave. Once a second the receipts since the last interval get a
// Merkle root of their own, signed as an act and drained into the ledger; until the drain says it has them, they stay.
import { type Receipt, type SignedReceipt, contentDigest, openReceipt, signReceipts } from "../acts/receipt.ts";
import { nextInterval } from "../acts/rules/evaluation.ts";
import { signStatement } from "../acts/statement.ts";
import type { DrainedReceipt, Feed } from "../feed/feed.ts";
import { digestOfHash } from "../proof/digest.ts";
import { toHex } from "../proof/encoding.ts";
import { leafHash, rootOf } from "../proof/merkle.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, PermitId, ReceiptId, instantOf, timestampOf } from "../terms/ids.ts";
import type { Clock, Follower } from "./follower.ts";
import { type Interval, type Spool, openSpool } from "./spool.ts";

/** Receipts that wait for the ledger; beyond it the gateway closes rather than forget. */
export const receiptsBacklogMax = 50_000;

const intervalMsDefault = 1000;

export interface RecorderOptions {
  readonly feed: Feed;
  readonly follower: Follower;
  readonly gateway: Signer;
  readonly spool: string;
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

/** A receipt but for what the recorder gives it. */
export interface ReceiptDraft extends Omit<Receipt, "v" | "seq" | "at" | "content"> {
  readonly request: string;
  readonly answer: string;
}

export interface Recorder {
  readonly newId: () => ReceiptId;
  /** Resolves once the receipt is signed and spooled. */
  readonly finish: (draft: ReceiptDraft) => Promise<SignedReceipt>;
  /** The self-contained text of a receipt that is not drained yet. */
  readonly find: (id: ReceiptId) => string | undefined;
  readonly isReady: () => boolean;
  readonly isFull: () => boolean;
  readonly close: () => Promise<void>;
}

interface Waiting {
  readonly draft: ReceiptDraft;
  readonly resolve: (receipt: SignedReceipt) => void;
  readonly reject: (error: unknown) => void;
}

interface Books {
  /** Number of the next receipt; undefined until what an earlier process left is in the ledger. */
  seq: number | undefined;
  waiting: Waiting[];
  current: DrainedReceipt[];
  readonly closed: Interval[];
  readonly byId: Map<ReceiptId, string>;
}

export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const { follower } = options;
  const spool = await openSpool(options.spool, options.clock.now());
  const books: Books = { seq: undefined, waiting: [], current: [], closed: await spool.leftovers(), byId: new Map() };
  let flushing: Promise<void> = Promise.resolve();
  let draining: Promise<void> | undefined;

  async function drainOnce(): Promise<void> {
    draining ??= drain(books, spool, options).finally(() => {
      draining = undefined;
    });
    await draining;
  }

  async function beat(): Promise<void> {
    flushing = flushing.then(async () => {
      await flush(books, spool, options);
      if (books.current.length === 0) return;
      books.closed.push({ receipts: books.current, file: await spool.rotate() });
      books.current = [];
    });
    await flushing;
    await drainOnce();
  }

  const timer = setInterval(() => void beat(), intervalMsDefault);
  follower.onChange(() => {
    if (books.seq === undefined) void drainOnce();
  });
  return {
    newId: () => ReceiptId.parse(`rcpt_${toHex(options.randomBytes(12))}`),
    finish: async (draft) =>
      new Promise((resolve, reject) => {
        books.waiting.push({ draft, resolve, reject });
        if (books.waiting.length > 1) return;
        setImmediate(() => {
          flushing = flushing.then(async () => flush(books, spool, options));
        });
      }),
    find: (id) => books.byId.get(id),
    isReady: () => books.seq !== undefined,
    isFull: () => books.byId.size >= receiptsBacklogMax,
    close: async () => {
      clearInterval(timer);
      await beat();
    },
  };
}

/** Signs and spools what waits. A failure gives the numbers back: no receipt was given out for them. */
async function flush(books: Books, spool: Spool, options: RecorderOptions): Promise<void> {
  const batch = books.waiting;
  books.waiting = [];
  if (batch.length === 0) return;
  try {
    const first = books.seq;
    if (first === undefined)
      throw new Failure("gateway_closed", "The gateway is still catching up with its own records.");
    const { gateway, primitives, clock } = options;
    const receipts = batch.map(({ draft }, at) => receiptOf(draft, { seq: first + at, at: clock.now() }, primitives));
    const signed = await signReceipts(receipts, gateway, primitives);
    const drained = signed.map(drainedOf);
    await spool.append(drained);
    books.seq = first + batch.length;
    books.current.push(...drained);
    for (const { id, text } of drained) books.byId.set(id, text);
    for (const [at, { resolve, reject }] of batch.entries()) {
      const done = signed[at];
      if (done === undefined) reject(new Error("a receipt was not signed"));
      else resolve(done);
    }
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

async function drain(books: Books, spool: Spool, options: RecorderOptions): Promise<void> {
  const { follower } = options;
  if (follower.closure() === "starting" || follower.closure() === "behind-mark") return;
  try {
    for (let [interval] = books.closed; interval !== undefined; [interval] = books.closed) {
      await drainInterval(interval, options);
      await spool.remove(interval.file);
      for (const receipt of interval.receipts) books.byId.delete(receipt.id);
      books.closed.shift();
    }
    books.seq ??= nextInterval(follower.state, options.gateway.publicKey).first;
  } catch (error) {
    options.report("drain", { why: error instanceof Error ? error.message : "unknown" });
  }
}

function receiptOf(draft: ReceiptDraft, given: { seq: number; at: Instant }, primitives: Primitives): Receipt {
  const { request, answer, ...rest } = draft;
  const content = contentDigest(draft.id, { request, answer }, primitives);
  return { ...rest, v: 1, seq: given.seq, at: timestampOf(given.at), content };
}

function drainedOf({ receipt, digest, text }: SignedReceipt): DrainedReceipt {
  const permit = PermitId.safeParse(receipt.under).data ?? null;
  return { id: receipt.id, text, digest, at: instantOf(receipt.at), permit, item: receipt.item };
}

async function drainInterval(interval: Interval, options: RecorderOptions): Promise<void> {
  const { follower, gateway, primitives, feed } = options;
  const { deployment } = follower.state;
  if (deployment === undefined) throw new Error("nothing to drain into before the trust root is known");
  const place = nextInterval(follower.state, gateway.publicKey);
  const opened = await Promise.all(interval.receipts.map(async ({ text }) => openReceipt(text, primitives)));
  const [first] = opened;
  const last = opened.at(-1);
  if (first === undefined || last === undefined) return;
  // A crash between the ledger's commit and the removal of the spool leaves an interval that is recorded already.
  if (last.receipt.seq >= place.first) {
    const hashes = opened.map(({ bytes }) => leafHash(bytes, primitives));
    const body = {
      ...place,
      gateway: gateway.publicKey,
      count: opened.length,
      root: digestOfHash(rootOf(hashes, primitives)),
      permits: permitCounts(interval.receipts),
    };
    const seen = { size: follower.replica.size(), root: follower.replica.root() };
    const at = timestampOf(options.clock.now());
    const draft = { deployment, verb: "receipts", body, nonce: toHex(options.randomBytes(16)), at, seen } as const;
    await feed.recordInterval(await signStatement(draft, [gateway], primitives), interval.receipts);
    await caughtUp(options, place.first);
  }
}

/** The next interval continues this one, so it waits until this one has been folded. */
async function caughtUp({ follower, gateway }: RecorderOptions, before: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 10) {
    if (nextInterval(follower.state, gateway.publicKey).first > before) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  throw new Failure("gateway_closed", "An interval was recorded, and the feed does not deliver it.");
}

function permitCounts(receipts: readonly DrainedReceipt[]): { permit: PermitId; count: number }[] {
  const counts = new Map<PermitId, number>();
  for (const { permit } of receipts) {
    if (permit !== null) counts.set(permit, (counts.get(permit) ?? 0) + 1);
  }
  return [...counts].map(([permit, count]) => ({ permit, count }));
}
