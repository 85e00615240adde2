// Several servers of one model as one upstream. A call goes to whichever has least under way among those that are well; it
// is tried again, elsewhere or after a wait, only while nothing of an answer has reached us (retry.ts), a bounded number of
// times, within the caller's total time, and never without the asker's leave (Asking.beforeAttempt).
import { Failure } from "../terms/failure.ts";
import type { AnswerEvent } from "../wire/answer.ts";
import type { Call } from "../wire/call.ts";
import { type Breaker, type BreakerRules, type BreakerState, createBreaker } from "./breaker.ts";
import { blameOf, isBeforeAnswer, restMsOf } from "./retry.ts";
import type { StopSignal } from "./stop.ts";
import { type AnswerStream, type Asking, type Upstream, type UpstreamHealth, nextEvents } from "./upstream.ts";

export interface PoolRules {
  /** Attempts at one call, the first included. */
  readonly attemptsMax: number;
  /** Before the same server is asked again, in milliseconds; doubled with every attempt. */
  readonly backoffMs: number;
  /** A server that wants to be left alone for longer is not waited for. */
  readonly waitMsMax: number;
  /** Rest of a server that says it is busy and not for how long. */
  readonly restMs: number;
  /** Between two checks of one server's health, give or take `checkJitter` of it. */
  readonly checkMs: number;
  readonly checkJitter: number;
  /** Checks in a row that say down before it is believed; a single one says up. */
  readonly checksDownMin: number;
  /** Servers of a pool that nobody asked for so long are not looked at: their document may be long superseded. */
  readonly idleMsMax: number;
  readonly breaker: BreakerRules;
}

export const poolRules: PoolRules = {
  attemptsMax: 3,
  backoffMs: 100,
  waitMsMax: 10_000,
  restMs: 1_000,
  checkMs: 10_000,
  checkJitter: 0.2,
  checksDownMin: 2,
  idleMsMax: 600_000,
  breaker: { failuresMax: 5, windowMs: 10_000, openMs: 5_000, openMsMax: 60_000 },
};

/** Time and chance, from outside. */
export interface PoolTime {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** 0 to 1. */
  readonly random: () => number;
  /** Rejects as soon as `signal` aborts. */
  readonly sleep: (ms: number, signal: StopSignal) => Promise<void>;
}

export interface PoolEvent {
  /** Place in the Model document. */
  readonly member: number;
  readonly is: BreakerState | "up" | "down";
}

export interface PoolOptions {
  readonly rules: PoolRules;
  readonly time: PoolTime;
  readonly totalMsMax: number;
  readonly onEvent: (event: PoolEvent) => void;
}

interface Member {
  readonly index: number;
  readonly upstream: Upstream;
  readonly breaker: Breaker;
  underWay: number;
  restUntil: number;
  checksDown: number;
  /** What was last said of it. */
  told: PoolEvent["is"];
}

/** One upstream over its members, which it owns and closes. */
export function openPool(upstreams: readonly Upstream[], options: PoolOptions): Upstream {
  const breakers = upstreams.map(() => createBreaker(options.rules.breaker));
  const members = upstreams.flatMap((upstream, index): readonly Member[] => {
    const breaker = breakers[index];
    return breaker === undefined
      ? []
      : [{ index, upstream, breaker, underWay: 0, restUntil: 0, checksDown: 0, told: "closed" }];
  });
  const pool: Pool = { members, options, use: { askedAt: options.time.monotonic() } };
  const checks = watchHealth(pool);
  const counting = members.filter(({ upstream }) => upstream.count !== undefined);

  return {
    lacks: (call) => {
      const lacking = members.map(({ upstream }) => upstream.lacks(call));
      return lacking.includes(undefined) ? undefined : lacking[0];
    },
    complete: async (call, signal, asking) =>
      askOnce(pool, { call, signal, asking }, async ({ upstream }, own) => upstream.complete(call, signal, own)),
    stream: (call, signal, asking) => new PoolStream(pool, { call, signal, asking }),
    ...(counting.length === 0
      ? {}
      : {
          count: async (call, signal, asking) =>
            askOnce({ ...pool, members: counting }, { call, signal, asking }, async ({ upstream }, own) => {
              if (upstream.count === undefined) throw unavailable(undefined);
              return upstream.count(call, signal, own);
            }),
        }),
    measure: async () => ({}),
    health: async () => healthOf(await Promise.all(upstreams.map(async (one) => one.health()))),
    close: async () => {
      checks.stop();
      await Promise.all(upstreams.map(async (one) => one.close()));
    },
  };
}

interface Pool {
  readonly members: readonly Member[];
  readonly options: PoolOptions;
  readonly use: { askedAt: number };
}

interface Asked {
  readonly call: Call;
  readonly signal: StopSignal;
  readonly asking: Asking | undefined;
}

/** One attempt's place at a server, from before it is asked until the answer's end. Only the first word counts. */
interface Place {
  readonly succeeded: () => void;
  readonly failed: (error: unknown) => void;
  readonly left: () => void;
}

type Use<T> = (member: Member, asking: Asking | undefined) => Promise<T>;

async function askOnce<T>(pool: Pool, asked: Asked, use: Use<T>): Promise<T> {
  const [answer, place] = await ask(pool, asked, use);
  place.succeeded();
  place.left();
  return answer;
}

/** Where a stream comes from, once a server has begun it. */
interface Begun {
  readonly source: AnswerStream;
  readonly place: Place;
}

class PoolStream implements AnswerStream {
  readonly #pool: Pool;
  /** Until a server has begun: what was asked does not stay for as long as the answer. */
  #asked: Asked | undefined;
  #begun: Begun | undefined;
  /** What the server began with, until it is taken. */
  #first: readonly AnswerEvent[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(pool: Pool, asked: Asked) {
    this.#pool = pool;
    this.#asked = asked;
  }

  take(): readonly AnswerEvent[] | "end" | undefined {
    if (this.#failure !== undefined) throw this.#failure.error;
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return first;
    if (this.#begun === undefined) return this.#asked === undefined ? "end" : undefined;
    return this.#taken(this.#begun);
  }

  wait(): Promise<void> {
    return this.#begun?.source.wait() ?? this.#begin();
  }

  close(): void {
    this.#asked = undefined;
    this.#begun?.place.left();
    this.#begun?.source.close();
  }

  async #begin(): Promise<void> {
    const asked = this.#asked;
    if (asked === undefined) return;
    try {
      const [{ first, source }, place] = await ask(this.#pool, asked, async ({ upstream }, own) => {
        const opened = upstream.stream(asked.call, asked.signal, own);
        return { first: await nextEvents(opened), source: opened };
      });
      this.#begun = { source, place };
      this.#first = first;
      // From here on the answer is this server's: whatever happens, it is not asked for again.
      place.succeeded();
      if (this.#asked === undefined || first === undefined) this.close();
      this.#asked = undefined;
    } catch (error) {
      this.#failure = { error };
    }
  }

  #taken({ source, place }: Begun): readonly AnswerEvent[] | "end" | undefined {
    try {
      const events = source.take();
      if (events === "end") this.close();
      return events;
    } catch (error) {
      place.failed(error);
      this.close();
      throw error;
    }
  }
}

/** Attempts, one after another, until one gives a beginning of an answer. Throws what the last one failed with. */
async function ask<T>(pool: Pool, asked: Asked, use: Use<T>): Promise<readonly [T, Place]> {
  const { rules, time, totalMsMax } = pool.options;
  pool.use.askedAt = time.monotonic();
  const endAt = pool.use.askedAt + totalMsMax;
  const tried = new Set<Member>();
  let last: Failure | undefined;
  for (let attempt = 0; attempt < rules.attemptsMax; attempt += 1) {
    const next = choose(pool, { call: asked.call, tried, backoffMs: rules.backoffMs * 2 ** Math.max(0, attempt - 1) });
    if (next === undefined || next.waitMs > waitMsMax(pool, tried, endAt)) throw last ?? unavailable(next?.waitMs);
    if (next.waitMs > 0) await pause(next.waitMs, asked.signal, time);
    if (!next.member.breaker.admits(time.monotonic())) continue;
    const place = takePlace(next.member, pool.options);
    const own = attempt === 0 ? asked.asking : within(asked.asking, endAt - time.monotonic());
    try {
      return [await use(next.member, own), place];
    } catch (error) {
      place.failed(error);
      place.left();
      last = failureToRetry(error, asked);
      tried.add(next.member);
    }
  }
  throw last ?? unavailable(undefined);
}

/** Who was not asked yet is not waited for: a queue of waiting callers would meet it all at once. */
function waitMsMax({ options }: Pool, tried: ReadonlySet<Member>, endAt: number): number {
  return tried.size === 0 ? 0 : Math.min(options.rules.waitMsMax, endAt - options.time.monotonic());
}

/** A failure after which another attempt may be made; throws any other. */
function failureToRetry(error: unknown, { signal }: Asked): Failure {
  if (error instanceof Failure && isBeforeAnswer(error) && !signal.aborted) return error;
  throw error;
}

/** The whole of a call has the time that one attempt would have. */
function within(asking: Asking | undefined, msLeft: number): Asking {
  return { beforeAttempt: () => undefined, cacheSalt: () => "", ...asking, totalMsMax: Math.max(1, msLeft) };
}

async function pause(ms: number, signal: StopSignal, time: PoolTime): Promise<void> {
  try {
    await time.sleep(ms, signal);
  } catch (cause) {
    const reason: unknown = signal.reason;
    if (reason instanceof Failure) throw reason;
    throw new Failure("upstream_failed", "The request was given up.", { cause, detail: { why: "abandoned" } });
  }
}

interface Wanted {
  readonly call: Call;
  readonly tried: ReadonlySet<Member>;
  readonly backoffMs: number;
}

interface Choice {
  readonly member: Member;
  readonly waitMs: number;
}

/** Who is asked next: who is up, before who can be asked soonest, before who has least to do, before chance. */
function choose({ members, options }: Pool, { call, tried, backoffMs }: Wanted): Choice | undefined {
  const { rules, time } = options;
  const at = time.monotonic();
  const open = members
    .filter(({ breaker, upstream }) => breaker.admits(at) && upstream.lacks(call) === undefined)
    .map((member) => {
      const waitMs = Math.max(member.restUntil - at, tried.has(member) ? backoffMs : 0);
      const isDown = member.checksDown >= rules.checksDownMin;
      return { member, waitMs, rank: [isDown ? 1 : 0, waitMs, member.underWay, time.random()] };
    });
  return open.toSorted((one, other) => compareRanks(one.rank, other.rank))[0];
}

function compareRanks(one: readonly number[], other: readonly number[]): number {
  for (const [at, rank] of one.entries()) {
    const difference = rank - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Says it once, however many calls see it. */
function tell(member: Member, is: PoolEvent["is"], { onEvent }: PoolOptions): void {
  if (is === member.told) return;
  member.told = is;
  onEvent({ member: member.index, is });
}

function takePlace(member: Member, options: PoolOptions): Place {
  const { rules, time } = options;
  const { breaker } = member;
  const isProbe = breaker.state(time.monotonic()) === "half-open";
  const attempt = breaker.begin(time.monotonic());
  const tellState = (): void => tell(member, breaker.state(time.monotonic()), options);
  if (isProbe) tellState();
  member.underWay += 1;
  let isLeft = false;

  return {
    succeeded: () => {
      attempt.succeeded();
      if (isProbe) tellState();
    },
    failed: (error) => {
      const blame = error instanceof Failure ? blameOf(error) : "none";
      const at = time.monotonic();
      if (blame === "busy" && error instanceof Failure) {
        member.restUntil = Math.max(member.restUntil, at + (restMsOf(error.detail) ?? rules.restMs));
      }
      if (blame !== "fault") return;
      attempt.failed(at);
      if (breaker.state(at) !== "closed") tellState();
    },
    left: () => {
      if (isLeft) return;
      isLeft = true;
      member.underWay -= 1;
      attempt.left();
    },
  };
}

function unavailable(waitMs: number | undefined): Failure {
  const later = waitMs === undefined ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) };
  return new Failure("upstream_failed", "No server of this model can be asked now.", {
    detail: { why: "unavailable", ...later },
  });
}

function healthOf(all: readonly UpstreamHealth[]): UpstreamHealth {
  return all.find(({ kind }) => kind === "up") ?? all[0] ?? { kind: "up" };
}

interface Checks {
  readonly stop: () => void;
}

/** Looks at each server now and then, each at its own times, so that one that is down is met by us and not by a caller. */
function watchHealth({ members, options, use }: Pool): Checks {
  const { rules, time } = options;
  const timers = new Map<Member, NodeJS.Timeout>();
  let isOver = false;

  function planCheck(member: Member): void {
    if (isOver) return;
    const ms = rules.checkMs * (1 + rules.checkJitter * (2 * time.random() - 1));
    timers.set(member, setTimeout(() => void look(member).then(() => planCheck(member)), ms).unref());
  }

  async function look(member: Member): Promise<void> {
    if (time.monotonic() - use.askedAt > rules.idleMsMax) return;
    const health = await member.upstream.health().catch(() => ({ kind: "down" }) as const);
    const wasDown = member.checksDown >= rules.checksDownMin;
    member.checksDown = health.kind === "up" ? 0 : member.checksDown + 1;
    const isDown = member.checksDown >= rules.checksDownMin;
    if (isDown !== wasDown && !isOver) tell(member, isDown ? "down" : "up", options);
  }

  for (const member of members) planCheck(member);
  return {
    stop: () => {
      isOver = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
