// The limits as they are counted: of a key, of a grant, of an organisation over all its keys, of a model over all callers.
// Tokens are reserved before the call and settled after it, at every limit that meets in it or at none. What is settled
// and what is reserved are never together more than a limit while calls use no more than they reserved. Counted in
// memory, begun from what the control plane had on record; minutes and days are UTC's and only go forward.
import type { Grant } from "../acts/bodies.ts";
import type { Limits } from "../acts/limits.ts";
import type { Exposure } from "../exposure/exposure.ts";
import type { UsageCount } from "../feed/feed.ts";
import { type Instant, type KeyId, type Name, toInstant } from "../terms/ids.ts";

/** Exchanges one key may have under way, where it says nothing of it. */
export const exchangesPerKeyMax = 64;

export interface Ask {
  readonly key: KeyId;
  readonly organisation: Name;
  readonly grant: Grant;
  /** Of the key, of its organisation over all models, of the model over all callers. */
  readonly limits: { readonly key: Limits; readonly organisation: Limits; readonly model: Limits };
  /** Upper estimate of prompt and completion together. */
  readonly tokens: number;
  readonly at: Instant;
}

/** What an exchange asks for, under every limit that meets in it. `tokens`: an upper estimate of prompt and completion. */
export function askOf(exposure: Extract<Exposure, { kind: "open" }>, tokens: number, at: Instant): Ask {
  const { key, keyLimits, organisation, grant, release } = exposure;
  const limits = { key: keyLimits, organisation: organisation.limits, model: release.conditions.limits ?? {} };
  return { key, organisation: organisation.organisation, grant, limits, tokens, at };
}

export interface Reservation {
  readonly kind: "reserved";
  /** Says what the exchange has used so far, in all; `stop` once that is more than was set aside for it. */
  readonly spend: (tokens: number) => "go-on" | "stop";
  /** Ends the reservation with what was really used. */
  readonly settle: (tokens: number) => void;
  /** How much is left at the tightest limits, this reservation taken off. */
  readonly rates: Rates;
}

export interface Exhausted {
  readonly kind: "exhausted";
  readonly what: "requests" | "tokens" | "exchanges";
  readonly of: Circle;
  /** Undefined where waiting does not help: it would not fit if nothing else were used. */
  readonly retryAfterSeconds: number | undefined;
  readonly rates: Rates;
}

/** What a limit is over. */
type Circle = "key" | "grant" | "organisation" | "model";

export interface Rate {
  readonly limit: number;
  readonly remaining: number;
  /** When it is whole again. */
  readonly resetAt: Instant;
}

/** The tightest limit of each kind; undefined where there is none. */
export interface Rates {
  readonly at: Instant;
  readonly requests: Rate | undefined;
  readonly tokens: Rate | undefined;
}

export interface Quotas {
  readonly reserve: (ask: Ask) => Reservation | Exhausted;
  /** Usage since the last call, to be drained. */
  readonly take: () => readonly UsageCount[];
  /** Puts back what could not be drained. */
  readonly putBack: (counts: readonly UsageCount[]) => void;
  /** Today's use is at least this, and what is not drained yet besides: where others used of what is ours now. */
  readonly raise: (usedToday: readonly UsageCount[]) => void;
  /** Accounts that are kept now. */
  readonly size: () => number;
}

/** What one circle has used. */
interface Account {
  minute: number;
  requests: number;
  minuteTokens: number;
  dayTokens: number;
  /** Set aside and not settled, whenever that was. */
  reserved: number;
  underWay: number;
}

/** One circle of one request: what counts, and against what. */
interface Meter {
  readonly of: Circle;
  readonly account: Account;
  readonly limits: Limits;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

export function createQuotas(usedToday: readonly UsageCount[], at: Instant): Quotas {
  const books = openBooks(usedToday, at);
  const undrained = new Map<string, { -readonly [K in keyof UsageCount]: UsageCount[K] }>();

  function record(count: UsageCount): void {
    const id = `${count.key} ${count.model}`;
    const before = undrained.get(id);
    if (before === undefined) undrained.set(id, { ...count });
    else {
      before.tokens += count.tokens;
      before.requests += count.requests;
    }
  }

  return {
    reserve: (ask) => {
      const now = books.goTo(ask.at);
      const meters = metersOf(ask, books.account);
      const refusal = exhausted(meters, ask.tokens, now);
      if (refusal !== undefined) return refusal;
      for (const { account } of meters) setAside(account, ask.tokens);
      let isSettled = false;
      const settle = (tokens: number): void => {
        if (isSettled) return;
        isSettled = true;
        const after = books.now();
        for (const { account } of meters) giveBack(turned(account, after), { reserved: ask.tokens, used: tokens });
        record({ organisation: ask.organisation, key: ask.key, model: ask.grant.model, tokens, requests: 1 });
      };
      const spend = (tokens: number): "go-on" | "stop" => (tokens > ask.tokens ? "stop" : "go-on");
      return { kind: "reserved", spend, settle, rates: ratesOf(meters, now) };
    },
    take: () => {
      const counts = [...undrained.values()];
      undrained.clear();
      return counts;
    },
    putBack: (counts) => {
      for (const count of counts) record(count);
    },
    raise: (used) => {
      books.raise([...used, ...undrained.values()]);
    },
    size: () => books.size(),
  };
}

interface Books {
  readonly account: (id: string) => Account;
  /** The later of the books' time and this: a clock that steps back gives nobody a second allowance. */
  readonly goTo: (at: Instant) => Instant;
  readonly now: () => Instant;
  readonly raise: (used: readonly UsageCount[]) => void;
  readonly size: () => number;
}

/** Accounts of today. At the end of a day what nothing is under way for is forgotten: it had only counted the day. */
function openBooks(usedToday: readonly UsageCount[], at: Instant): Books {
  let accounts = new Map<string, Account>();
  let latest = at;
  const account = (id: string): Account => {
    const known = accounts.get(id);
    if (known !== undefined) return turned(known, latest);
    const fresh = { minute: minuteOf(latest), requests: 0, minuteTokens: 0, dayTokens: 0, reserved: 0, underWay: 0 };
    accounts.set(id, fresh);
    return fresh;
  };
  const raise = (used: readonly UsageCount[]): void => {
    const sums = new Map<string, number>();
    for (const { tokens, ...of } of used) {
      for (const id of Object.values(idsOf(of))) sums.set(id, (sums.get(id) ?? 0) + tokens);
    }
    for (const [id, tokens] of sums) account(id).dayTokens = Math.max(account(id).dayTokens, tokens);
  };
  raise(usedToday);
  return {
    account,
    raise,
    goTo: (moment) => {
      const isNewDay = Math.floor(moment / dayMs) > Math.floor(latest / dayMs);
      if (moment > latest) latest = moment;
      if (isNewDay) accounts = busy(accounts);
      return latest;
    },
    now: () => latest,
    size: () => accounts.size,
  };
}

/** A new map, and not the old one emptied: a hundred thousand deletions would hold up the first request of the day. */
function busy(accounts: ReadonlyMap<string, Account>): Map<string, Account> {
  const kept = new Map<string, Account>();
  for (const [id, account] of accounts) {
    if (account.underWay > 0) kept.set(id, account);
  }
  return kept;
}

function minuteOf(at: Instant): number {
  return Math.floor(at / minuteMs);
}

/** The account in the minute and day of `at`. */
function turned(account: Account, at: Instant): Account {
  const minute = minuteOf(at);
  if (minute <= account.minute) return account;
  const minutesOfDay = dayMs / minuteMs;
  if (Math.floor(minute / minutesOfDay) > Math.floor(account.minute / minutesOfDay)) account.dayTokens = 0;
  account.minute = minute;
  account.requests = 0;
  account.minuteTokens = 0;
  return account;
}

function idsOf({
  key,
  organisation,
  model,
}: Pick<UsageCount, "key" | "organisation" | "model">): Record<Circle, string> {
  return { key, grant: `${organisation} ${model}`, organisation: `${organisation} `, model: ` ${model}` };
}

/** Every circle is counted, with a limit or without: one that is written later begins with what was used before. */
function metersOf({ key, organisation, grant, limits }: Ask, account: Books["account"]): readonly Meter[] {
  const ids = idsOf({ key, organisation, model: grant.model });
  const ofKey = { exchanges: exchangesPerKeyMax, ...limits.key };
  return [
    { of: "key", account: account(ids.key), limits: ofKey },
    { of: "grant", account: account(ids.grant), limits: grant },
    { of: "organisation", account: account(ids.organisation), limits: limits.organisation },
    { of: "model", account: account(ids.model), limits: limits.model },
  ];
}

function setAside(account: Account, tokens: number): void {
  account.requests += 1;
  account.underWay += 1;
  account.reserved += tokens;
}

function giveBack(account: Account, { reserved, used }: { readonly reserved: number; readonly used: number }): void {
  account.underWay -= 1;
  account.reserved -= reserved;
  account.minuteTokens += used;
  account.dayTokens += used;
}

function exhausted(meters: readonly Meter[], tokens: number, at: Instant): Exhausted | undefined {
  for (const meter of meters) {
    const lack = lacking(meter, tokens);
    if (lack === undefined) continue;
    const retryAfterSeconds = lack.periodMs === undefined ? undefined : secondsTo(at, lack.periodMs);
    return { kind: "exhausted", what: lack.what, of: meter.of, retryAfterSeconds, rates: ratesOf(meters, at) };
  }
  return undefined;
}

interface Lack {
  readonly what: Exhausted["what"];
  /** After what it may fit; undefined where it never does. */
  readonly periodMs: number | undefined;
}

function lacking({ account, limits }: Meter, tokens: number): Lack | undefined {
  const {
    exchanges = Infinity,
    requestsPerMinute = Infinity,
    tokensPerMinute = Infinity,
    tokensPerDay = Infinity,
  } = limits;
  if (account.underWay >= exchanges) return { what: "exchanges", periodMs: 1000 };
  if (account.requests >= requestsPerMinute) return { what: "requests", periodMs: minuteMs };
  if (tokens > Math.min(tokensPerMinute, tokensPerDay)) return { what: "tokens", periodMs: undefined };
  const held = account.reserved + tokens;
  if (account.dayTokens + held > tokensPerDay) return { what: "tokens", periodMs: dayMs };
  return account.minuteTokens + held > tokensPerMinute ? { what: "tokens", periodMs: minuteMs } : undefined;
}

function secondsTo(at: Instant, periodMs: number): number {
  return Math.max(1, Math.ceil((periodMs - (at % periodMs)) / 1000));
}

function ratesOf(meters: readonly Meter[], at: Instant): Rates {
  let requests: Rate | undefined;
  let tokens: Rate | undefined;
  for (const { account, limits } of meters) {
    requests = tighter(requests, rateOf(limits.requestsPerMinute, account.requests, minuteMs));
    tokens = tighter(tokens, rateOf(limits.tokensPerMinute, account.minuteTokens + account.reserved, minuteMs));
    tokens = tighter(tokens, rateOf(limits.tokensPerDay, account.dayTokens + account.reserved, dayMs));
  }
  return { at, requests, tokens };

  function rateOf(limit: number | undefined, used: number, periodMs: number): Rate | undefined {
    if (limit === undefined) return undefined;
    return { limit, remaining: Math.max(0, limit - used), resetAt: toInstant(at - (at % periodMs) + periodMs) };
  }
}

/** The one with less left; of two alike, the first. */
function tighter(one: Rate | undefined, other: Rate | undefined): Rate | undefined {
  return one === undefined || (other !== undefined && other.remaining < one.remaining) ? other : one;
}
