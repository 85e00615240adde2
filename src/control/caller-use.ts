// What callers used and were refused, as sums by day: read from the store, put beside the limits that the ledger states.
import { type Refused, refusalDaysMax, refusalsOf } from "../access/refusal-store.ts";
import { type LastUsed, type Usage, lastUsed, usageByDay, usageOf } from "../access/usage-store.ts";
import type { CallerKey, Organisation, State } from "../acts/state.ts";
import type { Database } from "../store/database.ts";
import { Instant, type KeyId, type Name, timestampOf } from "../terms/ids.ts";
import { isCallerCode, refusalSentence } from "../terms/refusal-words.ts";
import { type UsageView, type Used, type WhyView, keysMax, usageDays } from "./contract-organisations.ts";

const dayMs = 86_400_000;

/** Today's sums and the last days of use, read once for a whole answer. */
export interface CallerUse {
  readonly today: readonly Usage[];
  readonly last: ReadonlyMap<KeyId, LastUsed>;
}

export async function readUse(database: Database, at: Instant): Promise<CallerUse> {
  const [today, last] = await Promise.all([usageOf(database, at), lastUsed(database, daysBefore(at, refusalDaysMax))]);
  return { today, last };
}

export function sumOf(counts: readonly Used[]): Used {
  const sum = { tokens: 0, requests: 0 };
  for (const { tokens, requests } of counts) {
    sum.tokens += tokens;
    sum.requests += requests;
  }
  return sum;
}

/** Keys of each organisation by id, with their secrets, oldest first: one pass over all. */
export function keysByOrganisation({ keys }: State): ReadonlyMap<Name, ReadonlyMap<KeyId, readonly CallerKey[]>> {
  const found = new Map<Name, Map<KeyId, CallerKey[]>>();
  for (const secret of keys.values()) {
    const ofOne = found.get(secret.organisation) ?? new Map<KeyId, CallerKey[]>();
    const secrets = ofOne.get(secret.key) ?? [];
    secrets.push(secret);
    ofOne.set(secret.key, secrets);
    found.set(secret.organisation, ofOne);
  }
  return found;
}

/** Daily limits with what of each is used; the model's, over all callers, is its operator's to know. */
export function dailyLimits(
  { organisation, grants, limits }: Organisation,
  asked: { readonly key?: CallerKey; readonly model?: Name },
  today: readonly Usage[],
): WhyView["limits"] {
  const own = today.filter((one) => one.organisation === organisation);
  const { key, model } = asked;
  const ofGrants = grants
    .filter((grant) => model === undefined || grant.model === model)
    .map((grant) => ({
      of: "grant" as const,
      limit: grant.tokensPerDay,
      used: sumOf(own.filter((one) => one.model === grant.model)).tokens,
    }));
  const ofKey = key?.limits.tokensPerDay;
  const ofAll = limits.tokensPerDay;
  return [
    ...(ofKey === undefined
      ? []
      : [{ of: "key" as const, limit: ofKey, used: sumOf(own.filter((one) => one.key === key?.key)).tokens }]),
    ...ofGrants,
    ...(ofAll === undefined ? [] : [{ of: "organisation" as const, limit: ofAll, used: sumOf(own).tokens }]),
  ];
}

interface UseAsked {
  readonly organisation: Name;
  readonly keys: readonly KeyId[];
  readonly at: Instant;
}

/** The last days of one organisation. */
export async function usageView(database: Database, { organisation, keys, at }: UseAsked): Promise<UsageView> {
  const from = daysBefore(at, usageDays - 1);
  const [used, refusals] = await Promise.all([
    usageByDay(database, organisation, from),
    refusalsOf(database, keys.slice(0, keysMax), from),
  ]);
  const groups = Map.groupBy(refusals, ({ day, why }) => `${day} ${why}`);
  return {
    from: dayOf(from),
    to: dayOf(at),
    used: used.map((one) => ({ ...one })),
    refusals: [...groups.values()].flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const count = group.reduce((sum, one) => sum + one.count, 0);
      return [{ day: first.day, ...toldBy(first.why), count }];
    }),
  };
}

/** What a caller was told, from the word in a receipt. */
export function toldBy(why: Refused["why"]): { code: string; reason: string | null; sentence: string } {
  const [word = "", reason = null] = why.split(":");
  const code = codeIn(word);
  return { code: word, reason, sentence: code === undefined ? word : refusalSentence(code, reason) };
}

function codeIn(word: string): Parameters<typeof refusalSentence>[0] | undefined {
  return isCallerCode(word) ? word : undefined;
}

function daysBefore(at: Instant, days: number): Instant {
  return Instant.parse(Math.max(0, at - days * dayMs));
}

function dayOf(at: Instant): string {
  return timestampOf(at).slice(0, "2026-01-01".length);
}
