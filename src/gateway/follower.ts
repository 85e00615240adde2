// The gateway's view of the world: a replica of the ledger, a lease on it, holds that came directly, and the mark it never
// goes behind. `closure` says why nothing may be served now; any doubt is a reason.
import type { HoldScope } from "../acts/bodies.ts";
import { judgeAct } from "../acts/fold.ts";
import type { State } from "../acts/state.ts";
import { type Act, openStatement } from "../acts/statement.ts";
import type { EarlyHold, Moment } from "../exposure/exposure.ts";
import { batchRecordsMax } from "../feed/batch.ts";
import { type Feed, type SignedLease, isLeaseSigned } from "../feed/feed.ts";
import { type Replica, createReplica } from "../feed/replica.ts";
import { toHex } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, HoldId, type Instant } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import type { DirectHold, Mark } from "./mark.ts";
import { sleep, unlessAborted, within } from "./within.ts";

/** Why the whole gateway is closed. A closed set: it stands in refusals and metrics. */
export const closures = [
  "starting",
  "behind-mark",
  "lease",
  "clock",
  "disk",
  "draining",
  "records",
  "backlog",
] as const;
export type Closure = (typeof closures)[number];

export interface Clock {
  /** Wall clock. */
  readonly now: () => Instant;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
}

export interface FollowerOptions {
  readonly feed: Feed;
  readonly pin: Digest | undefined;
  readonly mark: Mark;
  readonly clock: Clock;
  readonly primitives: Primitives;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

export interface Follower {
  readonly replica: Replica;
  readonly state: State;
  readonly closure: () => Closure | undefined;
  readonly moment: () => Moment;
  /** What is left of the lease by whichever clock says less, in milliseconds; 0 where it is over. */
  readonly leaseLeftMs: () => number;
  /**
   * Takes a signed hold or restriction, in force as soon as this resolves; `written` resolves once it stands in the mark.
   * The envelope is drained by the caller.
   */
  readonly takeHold: (envelope: Uint8Array) => Promise<TakenHold>;
  /** Called after every change of what may be served. */
  readonly onChange: (listener: () => void) => void;
  readonly close: () => Promise<void>;
}

interface TakenHold {
  readonly hold: HoldId;
  readonly act: Digest;
  readonly at: Instant;
  readonly written: Promise<void>;
}

/** An answer of the feed that takes longer, in milliseconds, is asked for again: one that is lost must not end renewals. */
const renewMsMax = 2_000;

/** A clock this much behind what was served at before is a clock set back, in milliseconds. */
const clockBackMsMax = 2_000;
const retryMs = 250;
/** How soon a replica that is not there yet asks for its lease again, in milliseconds. */
const behindMs = 50;

interface LeaseEnd {
  readonly wall: number;
  readonly monotonic: number;
}

export async function follow(options: FollowerOptions): Promise<Follower> {
  const { feed, mark, clock, primitives } = options;
  const { size, root } = mark.content();
  const replica = createReplica({
    primitives,
    pin: options.pin,
    mark: root === null ? undefined : { size, root },
  });
  const listeners: (() => void)[] = [];
  const stop = new AbortController();
  let leaseEnd: LeaseEnd = { wall: 0, monotonic: 0 };
  const changed = (): void => {
    for (const listener of listeners) listener();
  };

  async function receive(): Promise<number> {
    const batch = await unlessAborted(feed.next(replica.size(), stop.signal), stop.signal);
    if (batch.records.length > batchRecordsMax) {
      throw new Failure("proof_invalid", `A batch has at most ${batchRecordsMax} entries.`);
    }
    await replica.receive(batch);
    const { root: trust } = replica.state;
    if (trust !== undefined) feed.trust?.(trust.body.control);
    // Before the disk is asked for anything: what was tightened holds at once.
    changed();
    const trustVersion = replica.state.root?.body.version ?? 0;
    await mark.advance({ size: replica.size(), root: replica.root(), trustVersion });
    await mark.settle((act) => replica.state.acts.has(act));
    return 0;
  }

  async function renewLease(): Promise<number> {
    const renewed = await renew(options, replica);
    if (renewed !== undefined) {
      // The mark first: a gateway that cannot keep its mark does not go on serving.
      await mark.advance({ latest: clock.now() });
      leaseEnd = renewed.end;
    }
    changed();
    return renewed === undefined ? behindMs : renewed.leaseMs / 3;
  }

  const run = { signal: stop.signal, report: options.report, changed };
  const loops = [loop("feed", receive, run), loop("lease", renewLease, run)];
  return {
    replica,
    state: replica.state,
    closure: () => closureOf({ mark, replica, clock, leaseEnd }),
    leaseLeftMs: () => Math.max(0, Math.min(leaseEnd.wall - clock.now(), leaseEnd.monotonic - clock.monotonic())),
    moment: () => ({ at: clock.now(), early: earlyHolds(mark, replica.state), hasher: primitives }),
    takeHold: async (envelope) => {
      const { id, act, direct } = await checkHold(envelope, replica, primitives);
      const written = direct === undefined ? Promise.resolve() : mark.hold(direct);
      // Whoever asked waits for it; nobody else has to hear of a failure.
      written.catch(() => undefined);
      changed();
      return { hold: id, act, at: clock.now(), written };
    },
    onChange: (listener) => {
      listeners.push(listener);
    },
    close: async () => {
      stop.abort();
      await Promise.allSettled(loops);
      await mark.close();
    },
  };
}

interface Run {
  readonly signal: AbortSignal;
  readonly report: FollowerOptions["report"];
  readonly changed: () => void;
}

/** One turn after another until the signal aborts; a turn says how long to wait for the next, a failure is reported. */
async function loop(name: string, turn: () => Promise<number>, run: Run): Promise<void> {
  while (!run.signal.aborted) {
    let waitMs = retryMs;
    try {
      waitMs = await turn();
    } catch (error) {
      run.changed();
      if (!run.signal.aborted) run.report(name, { why: troubleIn(error) });
    }
    if (waitMs > 0) await sleep(waitMs, run.signal);
  }
}

function closureOf(now: {
  readonly mark: Mark;
  readonly replica: Replica;
  readonly clock: Clock;
  readonly leaseEnd: LeaseEnd;
}): Closure | undefined {
  const { mark, replica, clock, leaseEnd } = now;
  const { size, latest } = mark.content();
  if (replica.state.root === undefined) return "starting";
  if (replica.size() < size) return "behind-mark";
  const at = clock.now();
  if (at + clockBackMsMax < latest) return "clock";
  if (mark.isFailing()) return "disk";
  return at < leaseEnd.wall && clock.monotonic() < leaseEnd.monotonic ? undefined : "lease";
}

const everything: HoldScope = { kind: "everything" };
const fullMark: EarlyHold = { hold: HoldId.parse("hold_0000000000000000"), scope: everything };

function earlyHolds(mark: Mark, state: State): readonly EarlyHold[] {
  const { holds, isFull } = mark.content();
  if (holds.length === 0 && !isFull) return [];
  const direct = holds.filter(({ act }) => !state.acts.has(act));
  const early = direct.map(({ act, scope }) => ({ hold: ownId(act), scope }));
  return isFull ? [...early, fullMark] : early;
}

/** An id that no hold of the ledger has taken or answered, so that the exposure counts this one by itself. */
function ownId(act: Digest): HoldId {
  return HoldId.parse(`hold_${act.slice("sha256:".length, "sha256:".length + 16)}`);
}

/** A lease counts from when it was asked for, and only once the replica stands where the control plane stood. */
async function renew(
  options: FollowerOptions,
  replica: Replica,
): Promise<{ readonly end: LeaseEnd; readonly leaseMs: number } | undefined> {
  const { clock, feed, primitives } = options;
  const control = replica.state.root?.body.control;
  if (control === undefined) return undefined;
  const asked = { wall: clock.now(), monotonic: clock.monotonic() };
  const nonce = toHex(options.randomBytes(16));
  const signed: SignedLease = await within(feed.renew(nonce), renewMsMax, "The lease");
  if (signed.lease.nonce !== nonce || !(await isLeaseSigned(signed, control, primitives))) {
    throw new Failure("signature_invalid", "The lease is not signed by the control key of the trust root.");
  }
  if (replica.size() < signed.lease.size) return undefined;
  const { leaseMs } = signed.lease;
  return { end: { wall: asked.wall + leaseMs, monotonic: asked.monotonic + leaseMs }, leaseMs };
}

interface CheckedHold {
  readonly id: HoldId;
  readonly act: Digest;
  /** Undefined for what is in the ledger already. */
  readonly direct: DirectHold | undefined;
}

async function checkHold(envelope: Uint8Array, replica: Replica, primitives: Primitives): Promise<CheckedHold> {
  const act = await openStatement(envelope, primitives);
  const early = earlyOf(act);
  if (early === undefined) throw new Failure("statement_invalid", "Only a signed hold or restriction is taken here.");
  const known = { id: early.hold, act: act.digest };
  if (replica.state.acts.has(act.digest)) return { ...known, direct: undefined };
  const judged = judgeAct(replica.state, act, { index: replica.size(), rootAt: replica.rootAt });
  if (judged.kind === "refused") throw new Failure(judged.code, judged.why);
  return { ...known, direct: { act: act.digest, scope: early.scope } };
}

/** A restriction that comes directly holds its model until the ledger carries it: stricter, never looser. */
function earlyOf(act: Act): EarlyHold | undefined {
  const { predicate } = act;
  if (predicate.verb === "hold") return { hold: predicate.body.hold, scope: predicate.body.scope };
  if (predicate.verb !== "restriction") return undefined;
  return { hold: predicate.body.hold, scope: { kind: "model", model: predicate.body.model } };
}
