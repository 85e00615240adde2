// The route of what goes on now: the seconds that the processes here counted, how far every gateway has come, what the ledger
// recorded meanwhile, what waits, and how much of their day organisations used. However many look, the store is asked every two
// seconds at most, and no request for an answer waits for any of it.
import type { Hono, MiddlewareHandler } from "hono";
import { z } from "zod";
import { usageOf } from "../access/usage-store.ts";
import type { Verb } from "../acts/bodies.ts";
import { Failure } from "../terms/failure.ts";
import { timestampOf } from "../terms/ids.ts";
import { type LiveView, liveRoutes, liveSecondsMax } from "./contract-live.ts";
import type { GatewaysView } from "./contract.ts";
import type { Core } from "./core.ts";
import { everything, isVerb } from "./ledger-index.ts";
import { rowsOf } from "./ledger-views.ts";
import { createMemory } from "./remember.ts";
import { reviewsWaitingMax } from "./review-store.ts";

interface LiveRoutes {
  readonly core: Core;
  readonly read: MiddlewareHandler;
  readonly gateways: () => GatewaysView;
}

const Query = z.strictObject({ since: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER).default(0) });

const entriesMax = 60;
const usageMax = 20;

/** What changes who is served what. */
const kinds: Partial<Record<Verb, LiveView["entries"][number]["kind"]>> = {
  certificate: "stage",
  widen: "stage",
  narrow: "stage",
  lapse: "stage",
  document: "policy",
  restriction: "policy",
  organisation: "policy",
  hold: "hold",
  suspend: "hold",
  "break-glass": "hold",
};

type Slow = Pick<LiveView, "entries" | "queues" | "usage">;

export function addLiveRoutes(app: Hono, { core, read, gateways }: LiveRoutes): void {
  const slow = createMemory<Slow>(core.options.clock);
  app.get(liveRoutes.live, read, async (context) => {
    const query = Query.safeParse(context.req.query());
    if (!query.success) throw new Failure("request_invalid", "`since` is the number of a second since 1970.");
    const now = core.options.clock();
    const all = gateways();
    const processes = (await core.options.live?.(query.data.since)) ?? [];
    const named = new Set(processes.map(({ gateway }) => gateway));
    const view: LiveView = {
      second: Math.floor(now / 1_000),
      at: timestampOf(now),
      processes: processes.map(({ gateway, samples }) => ({ gateway, samples: [...samples] })),
      gateways: all,
      withFigures: all.gateways.flatMap(({ key, name }) => (name !== null && named.has(name) ? [key] : [])),
      reports: core.feeds.reports().filter(({ gateway }) => all.gateways.some(({ key }) => key === gateway)),
      ...(await slow(String(core.replica.size()), async () => slowPart(core))),
    };
    return context.json(view);
  });
}

async function slowPart(core: Core): Promise<Slow> {
  const [{ count }, webhooks] = await Promise.all([core.reviews.waiting(), core.webhooks.view()]);
  const waiting = webhooks.reduce((sum, one) => sum + one.waiting, 0);
  return {
    entries: await entriesOf(core),
    queues: [
      { queue: "reviews", waiting: count, max: reviewsWaitingMax },
      { queue: "webhooks", waiting, max: null },
    ],
    usage: await usageToday(core),
  };
}

async function entriesOf(core: Core): Promise<LiveView["entries"]> {
  const verbs = Object.keys(kinds).filter((verb) => isVerb(verb));
  const since = core.options.clock() - liveSecondsMax * 1_000;
  const { found } = core.index.page({ ...everything, verbs, since, limit: entriesMax });
  const rows = await rowsOf(core, found);
  return rows.map(({ first, from, words, models }, at) => {
    const verb = found[at]?.verb ?? "hold";
    return { index: first, verb, kind: kinds[verb] ?? "policy", at: from, words: words ?? "", models };
  });
}

/** As the store has it: what the gateways handed over, a few seconds old. */
async function usageToday({ database, options, replica }: Core): Promise<LiveView["usage"]> {
  const sums = new Map<string, LiveView["usage"][number]>();
  for (const { organisation, model, tokens, requests } of await usageOf(database, options.clock())) {
    const name = `${organisation} ${model}`;
    const before = sums.get(name) ?? { organisation, model, tokens: 0, requests: 0, tokensPerDay: null };
    const grant = replica.state.organisations.get(organisation)?.grants.find((one) => one.model === model);
    const tokensPerDay = grant?.tokensPerDay ?? null;
    sums.set(name, { ...before, tokens: before.tokens + tokens, requests: before.requests + requests, tokensPerDay });
  }
  return [...sums.values()].toSorted((one, other) => partUsed(other) - partUsed(one)).slice(0, usageMax);
}

function partUsed({ tokens, tokensPerDay }: LiveView["usage"][number]): number {
  return tokensPerDay === null ? 0 : tokens / tokensPerDay;
}
