// What a hold reaches. A hold on a model, a stage of it, everything, or some callers of every model is answered by a
// certificate, for the certificate's model; one on an organisation or a key suspends it, and ends when it is written anew, as
// every suspension does.
import { type Stage, compareStages } from "../terms/stage.ts";
import type { Name } from "../terms/ids.ts";
import type { HoldScope, ReleaseScope } from "./bodies.ts";

/** Whether a certificate of the model may answer it. */
export function isOnModel(scope: ReleaseScope, model: Name): boolean {
  return "model" in scope ? scope.model === model : true;
}

/** Whether it stops some callers, whatever the model and the stage that they were granted. */
export function isOnCallers(scope: ReleaseScope): scope is CallerScope {
  return scope.kind === "organisation-type" || scope.kind === "country" || scope.kind === "scope";
}

type CallerScope = Extract<ReleaseScope, { kind: "organisation-type" | "country" | "scope" }>;

/** Whether it stops whoever was granted the model from `stage` on: a held stage stops itself and every wider one. */
export function stopsStage(scope: ReleaseScope, model: Name, stage: Stage): boolean {
  if (isOnCallers(scope) || !isOnModel(scope, model)) return false;
  return scope.kind !== "stage" || compareStages(stage, scope.stage) >= 0;
}

/** Whether it stops the model whole, runs under permits included. */
export function stopsModel(scope: ReleaseScope, model: Name): boolean {
  return scope.kind !== "stage" && !isOnCallers(scope) && isOnModel(scope, model);
}

/** An organisation as a hold sees it. */
interface Reached {
  readonly type: Name;
  readonly country: string | null;
  /** What it was before, up to where in the ledger. */
  readonly earlier: readonly (Pick<Reached, "type" | "country"> & { readonly until: number })[];
}

/** Whether a hold that stands since `index` in the ledger stops this organisation's callers for its type or country. */
export function stopsOrganisation(
  { scope, index }: { readonly scope: ReleaseScope; readonly index: number },
  organisation: Reached,
): boolean {
  // Where nothing says in which country it is, it may be in any, until it is said.
  if (scope.kind === "country" && organisation.country === null) return true;
  return [organisation, ...organisation.earlier.filter(({ until }) => until > index)].some((one) => isOf(scope, one));
}

function isOf(scope: ReleaseScope, { type, country }: Pick<Reached, "type" | "country">): boolean {
  if (scope.kind === "organisation-type") return scope.type === type;
  return scope.kind === "country" && scope.country === country;
}

export function isSameScope(one: ReleaseScope, other: ReleaseScope): boolean {
  return one.kind === other.kind && partsOf(one) === partsOf(other);
}

function partsOf(scope: ReleaseScope): string {
  switch (scope.kind) {
    case "model":
      return scope.model;
    case "stage":
      return `${scope.model} ${scope.stage}`;
    case "everything":
      return "";
    case "organisation-type":
      return scope.type;
    case "country":
      return scope.country;
    case "scope":
      return scope.scope;
  }
}

export function scopeInWords(scope: HoldScope): string {
  switch (scope.kind) {
    case "model":
      return scope.model;
    case "stage":
      return `${scope.model} from stage ${scope.stage} on`;
    case "organisation":
      return `organisation ${scope.organisation}`;
    case "key":
      return scope.key;
    case "everything":
      return "every model";
    case "organisation-type":
      return `every organisation of type ${scope.type}`;
    case "country":
      return `every organisation registered in ${scope.country} or in no known country`;
    case "scope":
      return `what the scope ${scope.scope} lifts`;
  }
}
