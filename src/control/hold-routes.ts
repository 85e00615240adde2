// The routes about holds: those that stand, what one would cut, how far one has got. They answer from memory alone, so that they
// answer at once, and also while the store is away.
import type { Context, Hono, MiddlewareHandler } from "hono";
import { HoldScope } from "../acts/bodies.ts";
import { isOnModel } from "../acts/hold-scope.ts";
import { type State, holdsOn } from "../acts/state.ts";
import { Failure } from "../terms/failure.ts";
import { HoldId, type Name } from "../terms/ids.ts";
import { OpenStage } from "../terms/stage.ts";
import { firstIssue } from "./body.ts";
import { type HoldPreviewView, type HoldsView, holdRoutes } from "./contract-hold.ts";
import type { Core } from "./core.ts";
import { gatewaysHere } from "./gateways-here.ts";
import { cutBy, isCut } from "./held-callers.ts";

export interface HoldRoutes {
  readonly core: Core;
  /** Lets only those through who may read. */
  readonly read: MiddlewareHandler;
}

const holdsMax = 200;

export function addHoldRoutes(app: Hono, { core, read }: HoldRoutes): void {
  const { replica, options, holdWatch } = core;
  app.get(holdRoutes.holds, read, (context) => context.json(holdsView(replica.state)));
  app.get(holdRoutes.holdPreview, read, async (context) => {
    const scope = queryOf(context);
    const { state } = replica;
    const running = (await options.running?.()) ?? [];
    const counts = new Map(
      running.map((at) => [
        at.gateway,
        at.running?.filter((one) => isCut(scope, one, state)).reduce((sum, { count }) => sum + count, 0) ?? null,
      ]),
    );
    const view: HoldPreviewView = {
      ...cutBy(scope, state, options.clock()),
      gateways: gatewaysHere(core).map(({ name, key, connected }) => ({
        name,
        key,
        connected,
        running: name === null ? null : (counts.get(name) ?? null),
      })),
    };
    return context.json(view);
  });
  app.get(holdRoutes.holdEffect, read, (context) => {
    const hold = HoldId.safeParse(context.req.param("hold"));
    const effect = hold.success ? holdWatch.effect(hold.data) : undefined;
    if (effect !== undefined) return context.json(effect);
    throw new Failure("not_found", "This server measured no such hold lately. GET /api/v1/holds has those that stand.");
  });
}

function queryOf(context: Context): HoldScope {
  const query = HoldScope.safeParse(context.req.query());
  if (query.success) return query.data;
  throw new Failure("request_invalid", `This is nothing to hold: ${firstIssue(query.error)}`);
}

function holdsView(state: State): HoldsView {
  const models = [...(state.documents.get("Model")?.keys() ?? [])];
  const standing = new Map(models.map((model) => [model, new Set(holdsOn(state, model).map(({ hold }) => hold))]));
  const holds = [...state.holds.values()]
    .map(({ hold, scope, at, index }) => {
      const left = models.filter((model) => standing.get(model)?.has(hold) === true);
      // Where there is no model that it could be answered for, it stands.
      const isOpen = left.length > 0 || !models.some((model) => isOnModel(scope, model));
      return isOpen ? { hold, scope, at, index, models: left } : undefined;
    })
    .filter((hold) => hold !== undefined);
  return { holds: holds.toReversed().slice(0, holdsMax), choices: choicesIn(state, models) };
}

function choicesIn(state: State, models: readonly Name[]): HoldsView["choices"] {
  const organisations = [...state.organisations.values()];
  const grants = organisations.flatMap((one) => one.grants);
  return {
    models: models.map((model) => ({
      model,
      stages: OpenStage.options.filter((stage) =>
        grants.some((grant) => grant.model === model && grant.stage === stage),
      ),
    })),
    organisations: organisations.map(({ organisation }) => organisation).toSorted(),
    types: distinct(organisations.map(({ type }) => type)),
    countries: distinct(organisations.flatMap(({ country }) => country ?? [])),
    scopes: distinct(grants.flatMap(({ scopes }) => scopes)),
  };
}

function distinct<T extends string>(all: readonly T[]): T[] {
  return [...new Set(all)].toSorted();
}
