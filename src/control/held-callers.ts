// What a hold would cut: which models, organisations and keys, and which of the exchanges that are under way. For people; what a
// gateway does with a hold it works out from the fold itself.
import type { HoldScope } from "../acts/bodies.ts";
import { isOnModel, stopsOrganisation } from "../acts/hold-scope.ts";
import type { Organisation, State } from "../acts/state.ts";
import { standing } from "../exposure/exposure.ts";
import type { Instant, Name } from "../terms/ids.ts";
import type { Running } from "../terms/running.ts";
import { type Stage, compareStages } from "../terms/stage.ts";
import type { HoldPreviewView } from "./contract-hold.ts";

type Cut = Pick<HoldPreviewView, "models" | "organisations" | "keys">;

export function cutBy(scope: HoldScope, state: State, at: Instant): Cut {
  const reached = [...state.organisations.values()].filter((one) => !one.suspended && reaches(scope, one, state));
  const names = new Set(reached.map(({ organisation }) => organisation));
  return { models: modelsOf(scope, state, at), organisations: names.size, keys: keysOf(scope, state, names) };
}

/** Whether exchanges of this kind end by it. */
export function isCut(scope: HoldScope, { model, stage, organisation, key }: Running, state: State): boolean {
  switch (scope.kind) {
    case "everything":
      return true;
    case "model":
      return scope.model === model;
    case "stage":
      return scope.model === model && isFrom(stage, scope.stage);
    case "organisation":
      return scope.organisation === organisation;
    case "key":
      return scope.key === key;
    case "organisation-type":
    case "country":
    case "scope":
      return isOfReached(scope, organisation, state);
  }
}

function isFrom(stage: Stage | null, from: Stage): boolean {
  return stage !== null && compareStages(stage, from) >= 0;
}

function isOfReached(scope: HoldScope, organisation: Name | null, state: State): boolean {
  const known = organisation === null ? undefined : state.organisations.get(organisation);
  return known !== undefined && reaches(scope, known, state);
}

function modelsOf(scope: HoldScope, state: State, at: Instant): Cut["models"] {
  const names = [...(state.documents.get("Model")?.keys() ?? [])];
  return names
    .filter((model) => scope.kind === "organisation" || scope.kind === "key" || isOnModel(scope, model))
    .map((model) => ({ model, ...standingOf(state, model, at) }));
}

function standingOf(state: State, model: Name, at: Instant): { readonly stage: Stage; readonly open: boolean } {
  const { kind, stage } = standing(state, model, { at, early: [] });
  return { stage, open: kind === "open" };
}

/** Whether it stops something that the organisation was granted. */
function reaches(scope: HoldScope, organisation: Organisation, state: State): boolean {
  const { grants } = organisation;
  switch (scope.kind) {
    case "everything":
      return grants.length > 0;
    case "model":
      return grants.some(({ model }) => model === scope.model);
    case "stage":
      return grants.some(({ model, stage }) => model === scope.model && compareStages(stage, scope.stage) >= 0);
    case "organisation":
      return organisation.organisation === scope.organisation;
    case "key":
      return [...state.keys.values()].some(
        (known) => known.key === scope.key && known.organisation === organisation.organisation,
      );
    case "organisation-type":
    case "country":
      return stopsOrganisation({ scope, index: Number.POSITIVE_INFINITY }, organisation);
    case "scope":
      return grants.some(({ scopes }) => scopes.includes(scope.scope));
  }
}

function keysOf(scope: HoldScope, { keys }: State, organisations: ReadonlySet<Name>): number {
  const active = [...keys.values()].filter(
    ({ standing: now, organisation }) => now === "active" && organisations.has(organisation),
  );
  const reached = scope.kind === "key" ? active.filter(({ key }) => key === scope.key) : active;
  return new Set(reached.map(({ key }) => key)).size;
}
