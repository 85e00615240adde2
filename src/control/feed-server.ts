// The control plane's end of the feed, one for each gateway. It delivers what the ledger holds under checkpoints, signs
// leases while the store is healthy, and takes the drain. It knows how far each gateway has come, so that whoever opens
// something can be told when it is open.
import type { Receipt } from "../acts/receipt.ts";
import type { State } from "../acts/state.ts";
import { type Act, openStatement, signStatement } from "../acts/statement.ts";
import { type Refused, addRefused } from "../access/refusal-store.ts";
import { addUsage, addUsageOfGateway, usageOf, usageOfGateway } from "../access/usage-store.ts";
import { readArtefact } from "../evidence/artefact-store.ts";
import { type KeptReceipt, findReceipt, keepInterval } from "../evidence/receipt-store.ts";
import { type Batch, batchRecordsMax } from "../feed/batch.ts";
import {
  type DrainedReceipts,
  type Feed,
  type PublicFile,
  type ToldHolds,
  type UsageCount,
  leaseMsDefault,
  signLease,
} from "../feed/feed.ts";
import { type HeardReport, reportCurrentMs } from "../feed/gateway-report.ts";
import type { Replica } from "../feed/replica.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { digestOf, digestOfHash } from "../proof/digest.ts";
import { fromBase64Url, fromUtf8 } from "../proof/encoding.ts";
import { growingTree, leafHash } from "../proof/merkle.ts";
import type { Hasher, Primitives, Signer } from "../proof/primitives.ts";
import { type Observed, addObserved, observedIn, readReceipt } from "../release/observed.ts";
import { addSeen } from "../release/watch-store.ts";
import { type WatchedStages, seenIn, watchedReceipt, watchedStages } from "../release/watched.ts";
import { breathe, piecesAtOnce } from "../store/breathe.ts";
import type { Database } from "../store/database.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import { type Digest, Instant, type Name, type PublicKey, instantOf, timestampOf } from "../terms/ids.ts";
import { noContent } from "./content.ts";
import type { ReviewDesk } from "./review-desk.ts";
import { createTelling } from "./told-holds.ts";
import type { Writer } from "./writer.ts";

export interface FeedOptions {
  readonly database: Database;
  readonly primitives: Primitives;
  readonly replica: Replica;
  readonly writer: Writer;
  readonly control: Signer;
  readonly clock: () => Instant;
  /** 32 fresh random hex digits. */
  readonly nonce: () => string;
  readonly ledger: Ledger;
  readonly reviews: Pick<ReviewDesk, "sealingKey" | "keep">;
  /** Fails unless the store can be written and holds the ledger that was folded. */
  readonly checkStore: () => Promise<void>;
  readonly publicFile: (path: string) => Promise<PublicFile | undefined>;
}

export interface FeedServer {
  /** A feed for one more gateway, by its key where it proved one, which is forgotten when the signal aborts. */
  readonly connect: (gone?: AbortSignal, gateway?: PublicKey) => Feed;
  /** Says a hold to every gateway, whether the ledger can take it or not. */
  readonly tell: (act: Digest, envelope: Uint8Array) => void;
  /** Gateways that asked for something while this process runs. */
  readonly seen: () => readonly SeenGateway[];
  /** What gateways elsewhere said of themselves last. */
  readonly reports: () => readonly HeardReport[];
  /** Waits until every connected gateway has folded `size` entries, or the time is over; answers how many have not. */
  readonly followed: (size: number) => Promise<number>;
  readonly close: () => void;
}

/** How long the answer to an act that opens something waits for the gateways, in milliseconds. */
const followMsMax = 3_500;
/** A gateway that asked for nothing for so long is not connected. */
const connectedMs = leaseMsDefault + 2_000;

/** How far a gateway has come. */
interface SeenGateway {
  readonly gateway: PublicKey;
  readonly isConnected: boolean;
  /** Entries of the ledger that it has verified. */
  readonly has: number;
  readonly lastAsked: Instant;
}

interface Consumer {
  readonly gateway: PublicKey | undefined;
  /** Entries it has: it asks from there. */
  has: number;
  waiting: number;
  lastAsked: Instant;
}

export function createFeedServer(options: FeedOptions): FeedServer {
  const { replica, writer } = options;
  const consumers = new Set<Consumer>();
  const reports = createReports(options.clock);
  const { wake, change, closing } = createWaiting();
  const telling = createTelling(options.nonce().slice(0, 16));
  writer.onAppend(wake);

  async function next(consumer: Consumer, from: number, signal: AbortSignal): Promise<Batch> {
    consumer.has = from;
    consumer.lastAsked = options.clock();
    consumer.waiting += 1;
    wake();
    try {
      while (replica.size() <= from) {
        if (signal.aborted || closing.signal.aborted) throw new Failure("store_unavailable", "The feed is closed.");
        await change(waitMsMax, signal);
      }
      return await batchFrom(options, from);
    } finally {
      consumer.waiting -= 1;
      consumer.lastAsked = options.clock();
    }
  }

  async function holds(cursor: string, signal: AbortSignal): Promise<ToldHolds> {
    for (;;) {
      const told = telling.from(cursor);
      if (told.envelopes.length > 0) return told;
      if (signal.aborted || closing.signal.aborted) throw new Failure("store_unavailable", "The feed is closed.");
      await change(waitMsMax, signal);
    }
  }

  function tell(act: Digest, envelope: Uint8Array): void {
    telling.tell(act, envelope);
    wake();
  }

  return {
    connect: (gone, gateway) => {
      const consumer: Consumer = { gateway, has: 0, waiting: 0, lastAsked: Instant.parse(0) };
      consumers.add(consumer);
      gone?.addEventListener("abort", () => consumers.delete(consumer));
      const waits = { next: async (from: number, signal: AbortSignal) => next(consumer, from, signal), holds };
      return { ...feedOf({ ...options, tell }, waits, gateway), ...reports.from(gateway) };
    },
    tell,
    seen: () => seenOf(consumers, options.clock()),
    reports: reports.all,
    followed: async (size) => {
      const until = performance.now() + followMsMax;
      const behind = (): number =>
        [...consumers].filter((one) => isConnected(one, options.clock()) && one.has < size).length;
      while (behind() > 0 && performance.now() < until) {
        await change(Math.max(1, until - performance.now()), closing.signal);
      }
      return behind();
    },
    close: () => {
      closing.abort();
    },
  };
}

interface Reports {
  /** How a gateway that proved its key says how it stands. */
  readonly from: (gateway: PublicKey | undefined) => Pick<Feed, "reportLive">;
  readonly all: FeedServer["reports"];
}

/** The latest of each gateway; the trust root names how many there may be. */
function createReports(clock: () => Instant): Reports {
  const reports = new Map<PublicKey, Pick<HeardReport, "gateway" | "report"> & { readonly heard: Instant }>();
  return {
    from: (gateway) => {
      if (gateway === undefined) return {};
      return {
        reportLive: async (report) => {
          reports.set(gateway, { gateway, heard: clock(), report });
        },
      };
    },
    all: () =>
      [...reports.values()].map(({ gateway, report, heard }) => ({
        gateway,
        report,
        at: timestampOf(heard),
        isCurrent: clock() - heard <= reportCurrentMs,
      })),
  };
}

function isConnected({ waiting, lastAsked }: Consumer, now: Instant): boolean {
  return waiting > 0 || now - lastAsked <= connectedMs;
}

/** Each gateway once, by what asked last in its name. */
function seenOf(consumers: ReadonlySet<Consumer>, now: Instant): readonly SeenGateway[] {
  const latest = [...consumers].toSorted((one, other) => one.lastAsked - other.lastAsked);
  const known = new Map(latest.flatMap((one) => (one.gateway === undefined ? [] : [[one.gateway, one] as const])));
  return [...known]
    .filter(([, { lastAsked }]) => lastAsked > 0)
    .map(([gateway, one]) => ({
      gateway,
      isConnected: isConnected(one, now),
      has: one.has,
      lastAsked: one.waiting > 0 ? now : one.lastAsked,
    }));
}

interface Waiting {
  readonly wake: () => void;
  /** Resolves at the next wake, when `ms` are over, or when a signal aborts. */
  readonly change: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly closing: AbortController;
}

function createWaiting(): Waiting {
  const wakers = new Set<() => void>();
  const closing = new AbortController();
  return {
    closing,
    wake: () => {
      for (const waker of wakers) waker();
    },
    change: async (ms, signal) => {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          wakers.delete(done);
          signal.removeEventListener("abort", done);
          closing.signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        wakers.add(done);
        signal.addEventListener("abort", done);
        closing.signal.addEventListener("abort", done);
        if (signal.aborted || closing.signal.aborted) done();
      });
    },
  };
}

const waitMsMax = 60_000;

/** Entries from `from` on with a checkpoint over where they end. */
export async function batchFrom(
  { ledger, replica }: Pick<FeedOptions, "ledger" | "replica">,
  from: number,
): Promise<Batch> {
  const entries = await ledger.entries(from, Math.min(batchRecordsMax, replica.size() - from));
  const records = entries.map(({ leaf, envelope }) => ({ leaf, envelope }));
  return { from, records, checkpoint: await ledger.checkpointAt(from + records.length) };
}

interface Telling extends FeedOptions {
  readonly tell: FeedServer["tell"];
}

function feedOf(options: Telling, waits: Pick<Feed, "next" | "holds">, gateway: PublicKey | undefined): Feed {
  const { database, primitives, replica } = options;
  return {
    ...waits,
    renew: async (nonce) => {
      await options.checkStore();
      const size = options.replica.size();
      return signLease({ nonce, at: timestampOf(options.clock()), leaseMs: leaseMsDefault, size }, options.control);
    },
    artefact: async (digest) => readArtefact(database, digest, primitives),
    publicFile: options.publicFile,
    receipt: async (id) => findReceipt(database, id),
    usageToday: async () => {
      const of = replica.state.root?.body.gateways.length ?? 1;
      const all = await usageOf(database, options.clock());
      if (gateway === undefined || of === 1) return all;
      return shareOfUsage(await usageOfGateway(database, gateway, options.clock()), all, of);
    },
    recordInterval: async (envelope, receipts) => recordInterval(options, envelope, receipts),
    recordHold: async (envelope) => recordHold(options, envelope),
    sealingKey: options.reviews.sealingKey,
    recordReview: options.reviews.keep,
    recordUsage: async (counts) => {
      const at = options.clock();
      await database.transaction(async (transaction) => {
        await addUsage(transaction, counts, at);
        if (gateway !== undefined) await addUsageOfGateway(transaction, counts, { gateway, at });
      });
    },
  };
}

function nameOf({ organisation, key, model }: UsageCount): string {
  return `${organisation} ${key} ${model}`;
}

/**
 * What one of several gateways begins its share of each limit with: what it used itself, and at least an equal part of what
 * all of them used, so that one that comes later leaves to the limit what the others had of it before.
 */
export function shareOfUsage(
  own: readonly UsageCount[],
  all: readonly UsageCount[],
  of: number,
): readonly UsageCount[] {
  const ownBy = new Map(own.map((count) => [nameOf(count), count]));
  return all.map((count) => {
    const mine = ownBy.get(nameOf(count));
    const tokens = Math.max(mine?.tokens ?? 0, Math.ceil(count.tokens / of));
    return { ...count, tokens, requests: Math.max(mine?.requests ?? 0, Math.ceil(count.requests / of)) };
  });
}

/**
 * Records a hold or restriction that a gateway took. A hold whose signer lost standing on the way is recorded under the
 * control key instead: it is in force at the gateway, and only what the ledger holds can be answered.
 */
async function recordHold(options: Telling, envelope: Uint8Array): Promise<void> {
  const { digest, predicate } = await openStatement(envelope, options.primitives);
  if (predicate.verb !== "hold" && predicate.verb !== "restriction") {
    throw new Failure("statement_invalid", "Only a hold or a restriction comes this way.");
  }
  // Before the store is asked: the other gateways need not wait for it, and it may be gone.
  if (options.writer.indexOf(digest) === undefined) options.tell(digest, envelope);
  try {
    await options.writer.record(envelope, noContent);
  } catch (error) {
    if (predicate.verb !== "hold" || failureCode(error) !== "authority_missing") throw error;
    if (options.replica.state.holds.has(predicate.body.hold)) return;
    const { deployment, verb } = predicate;
    const { session: _gone, ...body } = predicate.body;
    const draft = { deployment, verb, body, nonce: options.nonce(), at: timestampOf(options.clock()), seen: null };
    await options.writer.record(await signStatement(draft, [options.control], options.primitives), noContent);
  }
}

/** Receipts per interval, at most; the gateway makes one a second. */
const intervalReceiptsMax = 100_000;

async function recordInterval(options: FeedOptions, envelope: Uint8Array, receipts: DrainedReceipts): Promise<void> {
  const act = await openStatement(envelope, options.primitives);
  const { predicate } = act;
  if (options.writer.indexOf(act.digest) !== undefined) return;
  if (predicate.verb === "lost" && receipts.length === 0) {
    await options.writer.record(envelope, noContent);
    return;
  }
  if (predicate.verb !== "receipts") throw new Failure("statement_invalid", "Only a receipts act comes this way.");
  const { replica, primitives } = options;
  const watched = watchedStages(replica.state);
  const { leaves, digests, observed, refused, ofWatched } = await checked(predicate.body, receipts, {
    primitives,
    watched,
  });
  const { root } = predicate.body;
  if (options.writer.indexOf(act.digest) !== undefined) return;
  await options.writer.record(envelope, noContent, async (transaction, index) => {
    await keepInterval(transaction, { root, leaves, ledgerIndex: index }, withDigests(receipts, digests));
    await addObserved(transaction, observed);
    await addRefused(transaction, refused);
    // By the period that runs now: a step may have been taken since these were looked at.
    const now = watchedStages(replica.state);
    const seen = ofWatched.flatMap((receipt) => seenIn(receipt, now, primitives));
    await addSeen(transaction, seen, { now: options.clock(), organisationOf: organisationIn(replica.state) });
  });
}

function organisationIn({ keySecrets, keys }: State): (key: Receipt["key"]) => Name | null {
  return (key) => {
    const [hash] = (key === null ? undefined : keySecrets.get(key)) ?? [];
    return (hash === undefined ? undefined : keys.get(hash)?.organisation) ?? null;
  };
}

interface Checked {
  /** Hashes of the receipts' bytes. */
  readonly leaves: readonly Uint8Array[];
  /** Of the same bytes: what a receipt is found by. */
  readonly digests: readonly Digest[];
  readonly observed: readonly Observed[];
  readonly refused: readonly Refused[];
  /** Those that were made under a certificate that has a watch. */
  readonly ofWatched: readonly Receipt[];
}

function* withDigests(receipts: DrainedReceipts, digests: readonly Digest[]): Generator<KeptReceipt, void, void> {
  let place = 0;
  for (const receipt of receipts) {
    const digest = digests[place];
    if (digest === undefined) throw new Failure("statement_invalid", "More receipts came than were looked at.");
    yield { ...receipt, digest };
    place += 1;
  }
}

/** What the interval's receipts come to. Fails with statement_invalid where they are not what the act says. */
async function checked(
  body: Extract<Act["predicate"], { verb: "receipts" }>["body"],
  receipts: DrainedReceipts,
  { primitives, watched }: { readonly primitives: Primitives; readonly watched: WatchedStages },
): Promise<Checked> {
  if (receipts.length !== body.count || receipts.length > intervalReceiptsMax) {
    throw new Failure("statement_invalid", "The interval counts other receipts than came with it.");
  }
  const tree = growingTree(primitives);
  const [leaves, digests]: [Uint8Array[], Digest[]] = [[], []];
  const [observed, refused, ofWatched]: [Observed[], Refused[], Receipt[]] = [[], [], []];
  for (const { text } of receipts) {
    const bytes = receiptBytes(text);
    digests.push(digestOf(bytes, primitives));
    const leaf = leafHash(bytes, primitives);
    tree.append(leaf);
    for (const one of observedIn(bytes)) observed.push(one);
    for (const one of refusedIn(bytes)) refused.push(one);
    const receipt = watchedReceipt(bytes, watched);
    if (receipt !== undefined) ofWatched.push(receipt);
    if (leaves.push(leaf) % piecesAtOnce === 0) await breathe();
  }
  if (digestOfHash(tree.root()) === body.root) return { leaves, digests, observed, refused, ofWatched };
  throw new Failure("statement_invalid", "The receipts do not make the root of their interval.");
}

/** What a caller with a key was told in place of an answer. No signature is checked here. */
function refusedIn(bytes: Uint8Array): readonly Refused[] {
  // Most were served, and need no reading.
  if (fromUtf8(bytes)?.includes('"why":"') !== true) return [];
  const { key = null, why = null, at } = readReceipt(bytes) ?? {};
  return key === null || why === null || at === undefined ? [] : [{ key, why, at: instantOf(at) }];
}

/** Leaf of a receipt in its interval's tree. */
export function receiptLeafHash(text: string, hasher: Hasher): Uint8Array {
  return leafHash(receiptBytes(text), hasher);
}

/** The signed bytes inside a self-contained receipt; its signature is checked by whoever relies on it. */
function receiptBytes(text: string): Uint8Array {
  return fromBase64Url(text.split(".", 2)[1] ?? "") ?? new Uint8Array(0);
}
