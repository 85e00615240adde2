// One spooled interval on its way into the ledger: its root as an act, or, where the spool does not give back what was in
// it, an act that says so. What is lost is never passed over: its numbers stand in the ledger, and so does the count.
import { type SignedReceipt, openReceipt } from "../acts/receipt.ts";
import { nextInterval } from "../acts/rules/evaluation.ts";
import { signStatement } from "../acts/statement.ts";
import type { DrainedReceipt, DrainedReceipts, Feed } from "../feed/feed.ts";
import { digestOfHash } from "../proof/digest.ts";
import { toHex } from "../proof/encoding.ts";
import { rootOf } from "../proof/merkle.ts";
import type { Primitives, Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import {
  type Digest,
  type Instant,
  type PermitId,
  type PublicKey,
  type ReceiptId,
  instantOf,
  isPermitId,
  timestampOf,
} from "../terms/ids.ts";
import type { Clock, Follower } from "./follower.ts";
import { type Interval, type Line, lineOf, textIn } from "./spool.ts";
import { within } from "./within.ts";

/** An interval that the control plane does not take in this time, in milliseconds, is offered again. */
const drainMsMax = 30_000;

export interface DrainOptions {
  readonly feed: Feed;
  readonly follower: Follower;
  readonly gateway: Signer;
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

/**
 * A receipt between its answer and the ledger. Its text stays where it was written, outside the heap: as texts there, those
 * of a second are moved again and again by whoever collects the garbage, at a seventh of what a request costs.
 */
export interface Kept {
  readonly id: ReceiptId;
  readonly seq: number;
  readonly at: Instant;
  readonly permit: PermitId | null;
  readonly item: Digest | null;
  readonly line: Line;
}

export interface ClosedInterval {
  readonly kept: readonly Kept[];
  /** Of the tree of all of them, where it grew with them. */
  readonly root: Digest | undefined;
  readonly file: string;
  /** Receipts of it that are not as they were written. */
  readonly unreadable: number;
  /** It holds receipts of another gateway's key: nothing of it is lost, and it is not this one's to hand over. */
  readonly isForeign: boolean;
  /** SHA-256 of the file that an earlier process left; null for one of this process. */
  readonly digest: Digest | null;
}

/** What is handed over with it besides its text. */
export function drainedOf({ receipt, text }: SignedReceipt, at: Instant): DrainedReceipt {
  const permit = receipt.stage === "permit" && isPermitId(receipt.under) ? receipt.under : null;
  return { id: receipt.id, text, at, permit, item: receipt.item };
}

export function keptOf({ id, at, permit, item }: DrainedReceipt, seq: number, line: Line): Kept {
  return { id, seq, at, permit, item, line };
}

function handedOver({ id, at, permit, item, line }: Kept): DrainedReceipt {
  return { id, text: textIn(line), at, permit, item };
}

/** What an earlier process left: the receipts that are as they were written, by number, and how many are not. */
export async function keptInterval(left: Interval, { primitives, gateway }: DrainOptions): Promise<ClosedInterval> {
  const opened = await Promise.all(left.receipts.map(async ({ text }) => readBack(text, primitives)));
  const read = opened.filter((one) => one !== undefined);
  const kept = read.map(({ kept: one }) => one).toSorted((one, other) => one.seq - other.seq);
  const unreadable = left.unreadable + left.receipts.length - kept.length;
  const isForeign = read.some((one) => one.gateway !== gateway.publicKey);
  return { file: left.file, kept, root: undefined, unreadable, isForeign, digest: left.digest };
}

interface ReadBack {
  readonly kept: Kept;
  readonly gateway: PublicKey;
}

async function readBack(text: string, primitives: Primitives): Promise<ReadBack | undefined> {
  try {
    const opened = await openReceipt(text, primitives);
    const drained = drainedOf(opened, instantOf(opened.receipt.at));
    return { kept: keptOf(drained, opened.receipt.seq, lineOf(drained)), gateway: opened.gateway };
  } catch {
    return undefined;
  }
}

/** Records the interval run by run; numbers that are missing before or between them, and lines that cannot be read, are lost. */
export async function drainInterval(interval: ClosedInterval, options: DrainOptions): Promise<void> {
  const { follower, gateway } = options;
  if (interval.isForeign) {
    const message = `The spool file ${interval.file} holds receipts of another gateway's key. Start once more with that key.`;
    throw new Failure("gateway_closed", message);
  }
  const next = (): number => nextInterval(follower.state, gateway.publicKey).first;
  let rest = interval.kept;
  for (;;) {
    const first = next();
    // A crash between the ledger's commit and the removal of the spool leaves receipts that are recorded already.
    rest = rest.filter(({ seq }) => seq >= first);
    const [head] = rest;
    if (head === undefined) break;
    if (head.seq > first) await recordLost(interval, head.seq - first, options);
    else {
      const end = rest.findIndex(({ seq }, at) => seq !== head.seq + at);
      const run = end < 0 ? rest : rest.slice(0, end);
      const known = run.length === interval.kept.length ? interval.root : undefined;
      await recordRun(run, known ?? (await rootOfRun(run, options)), options);
    }
  }
  const left = interval.unreadable - lostIn(interval, options);
  if (left > 0) await recordLost(interval, left, options);
}

/** How many of this file the ledger knows to be lost. */
function lostIn({ digest }: ClosedInterval, { follower, gateway }: DrainOptions): number {
  return follower.state.lost
    .filter((range) => range.gateway === gateway.publicKey && range.spool === digest)
    .reduce((sum, { count }) => sum + count, 0);
}

async function rootOfRun(run: readonly Kept[], { primitives }: DrainOptions): Promise<Digest> {
  const opened = await Promise.all(run.map(async ({ line }) => openReceipt(textIn(line), primitives)));
  const leaves = opened.map(({ leaf }) => leaf);
  return digestOfHash(rootOf(leaves, primitives));
}

async function recordRun(run: readonly Kept[], root: Digest, options: DrainOptions): Promise<void> {
  const { follower, gateway, primitives } = options;
  const place = nextInterval(follower.state, gateway.publicKey);
  const body = {
    ...place,
    gateway: gateway.publicKey,
    count: run.length,
    root,
    permits: permitCounts(run),
  };
  const envelope = await signStatement({ ...draftOf(options), verb: "receipts", body }, [gateway], primitives);
  await send(envelope, allOf(run), options);
  await caughtUp(options, place.first);
}

function allOf(run: readonly Kept[]): DrainedReceipts {
  return {
    length: run.length,
    *[Symbol.iterator]() {
      for (const kept of run) yield handedOver(kept);
    },
  };
}

async function recordLost({ digest, file }: ClosedInterval, count: number, options: DrainOptions): Promise<void> {
  const { follower, gateway, primitives } = options;
  // This process numbers what it writes without a gap, so what it wrote itself it can give back.
  if (digest === null) throw new Failure("gateway_closed", `The receipts of ${file} do not continue the ledger's.`);
  const place = nextInterval(follower.state, gateway.publicKey);
  const body = { ...place, gateway: gateway.publicKey, count, spool: digest };
  const envelope = await signStatement({ ...draftOf(options), verb: "lost", body }, [gateway], primitives);
  options.report("lost", { file, first: place.first, count });
  await send(envelope, [], options);
  await caughtUp(options, place.first);
}

function draftOf({ follower, clock, randomBytes }: DrainOptions): {
  readonly deployment: NonNullable<DrainOptions["follower"]["state"]["deployment"]>;
  readonly nonce: string;
  readonly at: string;
  readonly seen: { readonly size: number; readonly root: Digest };
} {
  const { deployment } = follower.state;
  if (deployment === undefined) throw new Error("nothing to drain into before the trust root is known");
  const seen = { size: follower.replica.size(), root: follower.replica.root() };
  return { deployment, nonce: toHex(randomBytes(16)), at: timestampOf(clock.now()), seen };
}

async function send(envelope: Uint8Array, receipts: DrainedReceipts, { feed }: DrainOptions): Promise<void> {
  await within(feed.recordInterval(envelope, receipts), drainMsMax, "The ledger's word on an interval");
}

/** The next interval continues this one, so it waits until this one has been folded. */
async function caughtUp({ follower, gateway }: DrainOptions, before: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 10) {
    if (nextInterval(follower.state, gateway.publicKey).first > before) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
  throw new Failure("gateway_closed", "An interval was recorded, and the feed does not deliver it.");
}

function permitCounts(receipts: readonly Kept[]): { permit: PermitId; count: number }[] {
  const counts = new Map<PermitId, number>();
  for (const { permit } of receipts) {
    if (permit !== null) counts.set(permit, (counts.get(permit) ?? 0) + 1);
  }
  return [...counts].map(([permit, count]) => ({ permit, count }));
}
