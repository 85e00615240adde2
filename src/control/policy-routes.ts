// The routes of policy and safeguards: what is decided by, what was measured of it, and a text to try.
import type { Hono, MiddlewareHandler } from "hono";
import { Failure } from "../terms/failure.ts";
import { Name } from "../terms/ids.ts";
import type { Bodies } from "./body.ts";
import { safeguardCard } from "../safeguards/shipped-cards.ts";
import { type SafeguardCardView, TryRequest, policyRoutes, tryBounds } from "./contract-policy.ts";
import type { Core } from "./core.ts";
import { rulesView } from "./rules-view.ts";
import { createTryDesk } from "./try-desk.ts";

export interface PolicyRoutes {
  readonly core: Core;
  /** Lets only those through who may read. */
  readonly read: MiddlewareHandler;
  readonly bodies: Bodies;
}

const safeguardCharsMax = 64;

export function addPolicyRoutes(app: Hono, { core, read, bodies }: PolicyRoutes): void {
  const { records, replica, options } = core;
  const desk = createTryDesk({ records, state: replica.state, judge: options.tryText });
  app.get(policyRoutes.rules, read, async (context) => {
    const model = Name.safeParse(context.req.param("model"));
    if (!model.success) throw new Failure("model_unknown", "There is no such model here.");
    return context.json(await rulesView(records, replica.state, model.data));
  });
  app.get(policyRoutes.card, read, (context) => {
    const name = context.req.param("safeguard");
    if (name.length > safeguardCharsMax) throw new Failure("request_invalid", "That is no name of a safeguard.");
    const view: SafeguardCardView = safeguardCard(name);
    return context.json(view);
  });
  app.post(policyRoutes.try, read, async (context) => {
    const taking = { type: TryRequest, bytesMax: tryBounds.bytesMax };
    return context.json(await bodies.take(context, taking, async (asked) => desk.try(asked)));
  });
}
