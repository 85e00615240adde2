// Requests a minute, tokens a day and exchanges at once, per key. Tokens are reserved before the call and settled after
// it, so that no race overspends. Counted in memory, begun from what the control plane had on record at the start.
import type { Grant } from "../acts/bodies.ts";
import type { UsageCount } from "../feed/feed.ts";
import type { Instant, KeyId, Name } from "../terms/ids.ts";

/** Exchanges one key may have under way. */
export const exchangesPerKeyMax = 64;

interface Reservation {
  readonly kind: "reserved";
  /** Ends the reservation with what was really used. */
  readonly settle: (tokens: number) => void;
}

interface Exhausted {
  readonly kind: "exhausted";
  readonly what: "requests" | "tokens" | "exchanges";
  readonly retryAfterSeconds: number;
}

interface Ask {
  readonly key: KeyId;
  readonly organisation: Name;
  readonly grant: Grant;
  /** Upper estimate of prompt and completion together. */
  readonly tokens: number;
  readonly at: Instant;
}

export interface Quotas {
  readonly reserve: (ask: Ask) => Reservation | Exhausted;
  /** Usage since the last call, to be drained. */
  readonly take: () => readonly UsageCount[];
  /** Puts back what could not be drained. */
  readonly putBack: (counts: readonly UsageCount[]) => void;
}

interface Account {
  minute: number;
  requests: number;
  day: number;
  tokens: number;
  underWay: number;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

export function createQuotas(usedToday: readonly UsageCount[], at: Instant): Quotas {
  const accounts = new Map<string, Account>();
  const undrained = new Map<string, UsageCount>();
  for (const used of usedToday) accountOf(accounts, `${used.key} ${used.model}`, at).tokens += used.tokens;

  function record(count: UsageCount): void {
    const id = `${count.key} ${count.model}`;
    const before = undrained.get(id);
    undrained.set(id, {
      ...count,
      tokens: count.tokens + (before?.tokens ?? 0),
      requests: count.requests + (before?.requests ?? 0),
    });
  }

  return {
    reserve: (ask) => {
      const account = accountOf(accounts, `${ask.key} ${ask.grant.model}`, ask.at);
      const refusal = exhausted(account, ask);
      if (refusal !== undefined) return refusal;
      account.requests += 1;
      account.tokens += ask.tokens;
      account.underWay += 1;
      const { day } = account;
      let isSettled = false;
      const settle = (tokens: number): void => {
        if (isSettled) return;
        isSettled = true;
        account.underWay -= 1;
        // What was reserved yesterday was forgotten with yesterday; giving it back today would be an allowance.
        account.tokens += account.day === day ? tokens - ask.tokens : tokens;
        record({ organisation: ask.organisation, key: ask.key, model: ask.grant.model, tokens, requests: 1 });
      };
      return { kind: "reserved", settle };
    },
    take: () => {
      const counts = [...undrained.values()];
      undrained.clear();
      return counts;
    },
    putBack: (counts) => {
      for (const count of counts) record(count);
    },
  };
}

function accountOf(accounts: Map<string, Account>, id: string, at: Instant): Account {
  const minute = Math.floor(at / minuteMs);
  const day = Math.floor(at / dayMs);
  const known = accounts.get(id) ?? { minute, requests: 0, day, tokens: 0, underWay: 0 };
  accounts.set(id, known);
  // Only forward: a clock that steps back gives nobody a second allowance.
  if (minute > known.minute) Object.assign(known, { minute, requests: 0 });
  if (day > known.day) Object.assign(known, { day, tokens: 0 });
  return known;
}

function exhausted(account: Account, ask: Ask): Exhausted | undefined {
  if (account.underWay >= exchangesPerKeyMax) return { kind: "exhausted", what: "exchanges", retryAfterSeconds: 1 };
  if (account.requests >= ask.grant.requestsPerMinute) {
    return { kind: "exhausted", what: "requests", retryAfterSeconds: secondsTo(ask.at, minuteMs) };
  }
  if (account.tokens + ask.tokens > ask.grant.tokensPerDay) {
    return { kind: "exhausted", what: "tokens", retryAfterSeconds: secondsTo(ask.at, dayMs) };
  }
  return undefined;
}

function secondsTo(at: Instant, periodMs: number): number {
  return Math.max(1, Math.ceil((periodMs - (at % periodMs)) / 1000));
}
