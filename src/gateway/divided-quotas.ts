// Limits where several gateways serve one deployment. The trust root names them all; each has its share of every limit, so
// that together they never exceed one, whatever they hear of each other. A share is a limit divided by their number; what
// does not divide goes to the first ones, in the order of the root. One gateway alone has the whole of everything.
import type { Limits } from "../acts/limits.ts";
import type { PublicKey } from "../terms/ids.ts";
import { type Ask, type Quotas, exchangesPerKeyMax } from "./quota.ts";

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

/** This gateway's part of a limit. */
export function partOf(limit: number, { place, of }: Share): number {
  if (!Number.isFinite(of)) return 0;
  return Math.floor(limit / of) + (place < limit % of ? 1 : 0);
}

/** The quotas with every limit divided; `share` is asked anew each time, because the root may change. */
export function divideQuotas(quotas: Quotas, share: () => Share): Quotas {
  return { ...quotas, reserve: (ask) => quotas.reserve(dividedAsk(ask, share())) };
}

function dividedAsk(ask: Ask, share: Share): Ask {
  if (share.of === 1) return ask;
  const { organisation, model } = ask.limits;
  // What a key has where it says nothing is a limit as well.
  const key = { exchanges: exchangesPerKeyMax, ...ask.limits.key };
  return {
    ...ask,
    grant: {
      ...ask.grant,
      requestsPerMinute: partOf(ask.grant.requestsPerMinute, share),
      tokensPerDay: partOf(ask.grant.tokensPerDay, share),
    },
    limits: { key: divided(key, share), organisation: divided(organisation, share), model: divided(model, share) },
  };
}

function divided(limits: Limits, share: Share): Limits {
  const { requestsPerMinute, tokensPerMinute, tokensPerDay, exchanges } = limits;
  return {
    ...limits,
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute: partOf(requestsPerMinute, share) }),
    ...(tokensPerMinute === undefined ? {} : { tokensPerMinute: partOf(tokensPerMinute, share) }),
    ...(tokensPerDay === undefined ? {} : { tokensPerDay: partOf(tokensPerDay, share) }),
    ...(exchanges === undefined ? {} : { exchanges: partOf(exchanges, share) }),
  };
}
