// What a hold reaches. A hold on a model, a stage of it, or everything is answered by a certificate of the model; one on an
// organisation or a key suspends it, and ends when it is written anew, as every suspension does.
import { type OpenStage, type Stage, compareStages } from "../terms/stage.ts";
import type { Name } from "../terms/ids.ts";
import type { HoldScope, ReleaseScope } from "./bodies.ts";

/** Whether a certificate of the model may answer it. */
export function isOnModel(scope: ReleaseScope, model: Name): boolean {
  return scope.kind === "everything" || scope.model === model;
}

/** Whether it stops whoever was granted the model from `stage` on: a held stage stops itself and every wider one. */
export function stopsStage(scope: ReleaseScope, model: Name, stage: Stage): boolean {
  if (!isOnModel(scope, model)) return false;
  return scope.kind !== "stage" || compareStages(stage, scope.stage) >= 0;
}

/** Whether it stops the model whole, runs under permits included. */
export function stopsModel(scope: ReleaseScope, model: Name): boolean {
  return scope.kind !== "stage" && isOnModel(scope, model);
}

export function isSameScope(one: ReleaseScope, other: ReleaseScope): boolean {
  if (one.kind === "everything" || other.kind === "everything") return one.kind === other.kind;
  return one.model === other.model && stageOf(one) === stageOf(other);
}

function stageOf(scope: ReleaseScope): OpenStage | undefined {
  return scope.kind === "stage" ? scope.stage : undefined;
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
  }
}
