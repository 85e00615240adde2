// Limits where several gateways serve one deployment. The trust root names them all; each has its share of every limit, so
// that together they never exceed one, whatever they hear of each other. A share is a limit divided by their number; what
// does not divide goes to the first ones, in the order of the root. A limit too small to be divided among all is divided
// among the first ones alone. One gateway by itself has the whole of everything.
import type { Grant } from "../acts/bodies.ts";
import type { Limits } from "../acts/limits.ts";
import type { Feed } from "../feed/feed.ts";
import type { PublicKey } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import type { Clock, Follower } from "./follower.ts";
import { type Ask, type Quotas, createQuotas, exchangesPerKeyMax } from "./quota.ts";

export interface Share {
  /** Place among the gateways, from 0. */
  readonly place: number;
  readonly of: number;
}

/** Nothing for a gateway that the root does not name: it has no share, and its feed will close it anyway. */
export function shareOf(gateways: readonly PublicKey[] | undefined, own: PublicKey): Share {
  if (gateways === undefined) return { place: 0, of: 1 };
  const place = gateways.indexOf(own);
  return place < 0 ? { place: 0, of: Number.POSITIVE_INFINITY } : { place, of: gateways.length };
}

/** A share of tokens smaller than this lets no usual call through: fewer gateways have one then, and that is larger. */
const leastTokens = 8_192;

/** This gateway's part of a limit, of which none is divided into parts smaller than `least`. */
export function partOf(limit: number, { place, of }: Share, least = 1): number {
  if (!Number.isFinite(of)) return 0;
  const parts = Math.max(1, Math.min(of, Math.floor(limit / least)));
  if (place >= parts) return 0;
  return Math.floor(limit / parts) + (place < limit % parts ? 1 : 0);
}

interface DividedOptions {
  readonly feed: Pick<Feed, "usageToday">;
  readonly follower: Pick<Follower, "state" | "onChange">;
  readonly clock: Clock;
  readonly own: PublicKey;
  readonly report: (event: string, detail: Readonly<Record<string, string | number>>) => void;
}

/**
 * This gateway's share of every limit, begun with what was used today. When the root names other gateways than before, the
 * smaller of both shares counts until it is known what the others have used of the one that is ours now.
 */
export async function openDividedQuotas({ feed, follower, clock, own, report }: DividedOptions): Promise<Quotas> {
  const now = (): readonly PublicKey[] | undefined => follower.state.root?.body.gateways;
  let begun = now();
  let isAsking = false;
  const quotas = createQuotas(await feed.usageToday(), clock.now());

  async function beginAnew(): Promise<void> {
    const gateways = now();
    if (isAsking || isSame(gateways, begun)) return;
    isAsking = true;
    try {
      quotas.raise(await feed.usageToday());
      begun = gateways;
    } catch (error) {
      report("usage", { why: troubleIn(error) });
    } finally {
      isAsking = false;
    }
  }

  // The follower tells of every renewal, so that what failed is tried again.
  follower.onChange(() => void beginAnew());
  return divideQuotas(quotas, () => [shareOf(now(), own), shareOf(begun, own)]);
}

function isSame(one: readonly PublicKey[] | undefined, other: readonly PublicKey[] | undefined): boolean {
  return one === other || (one ?? []).join() === (other ?? []).join();
}

/** The quotas with every limit divided: the smallest part that these shares give. Asked anew each time. */
function divideQuotas(quotas: Quotas, shares: () => readonly Share[]): Quotas {
  return { ...quotas, reserve: (ask) => quotas.reserve(dividedAsk(ask, shares())) };
}

type Part = (limit: number, least?: number) => number;

function dividedAsk(ask: Ask, shares: readonly Share[]): Ask {
  if (shares.every(({ of }) => of === 1)) return ask;
  const part: Part = (limit, least) => Math.min(...shares.map((share) => partOf(limit, share, least)));
  const { organisation, model } = ask.limits;
  // What a key has where it says nothing is a limit as well.
  const key = { exchanges: exchangesPerKeyMax, ...ask.limits.key };
  return {
    ...ask,
    grant: {
      ...ask.grant,
      ...divided(limitsOf(ask.grant), part),
      requestsPerMinute: part(ask.grant.requestsPerMinute),
      tokensPerDay: part(ask.grant.tokensPerDay, leastTokens),
    },
    limits: { key: divided(key, part), organisation: divided(organisation, part), model: divided(model, part) },
  };
}

function limitsOf({ tokensPerMinute, exchanges }: Grant): Limits {
  return {
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
    ...(exchanges === undefined ? {} : { exchanges }),
  };
}

function divided(limits: Limits, part: Part): Limits {
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, exchanges } = limits;
  return {
    ...limits,
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute: part(requestsPerMinute) }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute: part(tokensPerMinute, leastTokens) }),
    ...(tokensPerDay === undefined ? {} : { tokensPerDay: part(tokensPerDay, leastTokens) }),
    ...(exchanges === undefined ? {} : { exchanges: part(exchanges) }),
  };
}
