// Who may be served now, callers and runs.
import { createHash } from "node:crypto";
import type { Release } from "../../../../src/acts/bodies.ts";
import type { EarlyHold } from "../../../../src/exposure/exposure.ts";
import { type Caller, stages } from "../stage-plans.ts";
import { type Oracle, minute, rank } from "./memory.ts";

export interface Looking {
  readonly now: number;
  readonly early: readonly EarlyHold[];
}

export function mayBeServed(
  oracle: Oracle,
  { caller, model }: { readonly caller: Caller; readonly model: string },
  { now, early }: Looking,
): boolean {
  const release = oracle.certified.get(model)?.at(-1);
  const organisation = oracle.organisations.get(caller.organisation);
  if (release === undefined || organisation?.out !== false) return false;
  if (early.some(({ scope }) => scope.kind === "organisation" && scope.organisation === caller.organisation))
    return false;
  const scopes = [
    ...[...oracle.holds.values()].filter(({ answeredFor }) => !answeredFor.has(model)).flatMap((held) => held.scopes),
    ...early.map(({ scope }) => scope),
  ];
  if (scopes.some((scope) => stops(scope, { model, stage: caller.stage, type: organisation.type }))) return false;
  if (
    now < Date.parse(release.notBefore) ||
    now >= Date.parse(release.notAfter) ||
    oracle.over.has(release.certificate)
  )
    return false;
  const isBorne = release.digests.evidence.every((act) => oracle.sealed.find((one) => one.act === act)?.back === false);
  return isBorne && isReached(release, organisation.type, caller.stage) && isIn(oracle, release, caller);
}

interface Stopped {
  readonly model: string;
  readonly stage: string;
  readonly type: string;
}

function stops(scope: EarlyHold["scope"], { model, stage, type }: Stopped): boolean {
  switch (scope.kind) {
    case "everything":
    // Nobody in the play says in which country they are, so they may be in any.
    case "country":
      return true;
    case "organisation-type":
      return scope.type === type;
    case "model":
      return scope.model === model;
    case "stage":
      return scope.model === model && rank(stages, stage) >= rank(stages, scope.stage);
    case "organisation":
    case "key":
    case "scope":
      return false;
  }
}

function isReached({ stage, audience }: Release, type: string, granted: string): boolean {
  const types: readonly string[] = audience.find((one) => one.stage === granted)?.types ?? [];
  return rank(stages, granted) <= rank(stages, stage) && types.includes(type);
}

/** Of the stage that was opened, the part that the step says: by the first six bytes of a hash. */
function isIn({ step }: Oracle, release: Release, caller: Caller): boolean {
  const { share } = release.conditions;
  if (share === undefined || caller.stage !== release.stage) return true;
  const text = ["headgate share v1", release.model, release.stage, "organisation", caller.organisation].join("\n");
  const place = createHash("sha256").update(text).digest().readUIntBE(0, 6) / 2 ** 48;
  return place < (share.steps[step.get(release.certificate) ?? 0] ?? 0);
}

/** Whether a run's secret is let through the front door. */
export function mayRunNow(oracle: Oracle, hash: string, { now, early }: Looking): boolean {
  const permit = [...oracle.permits.values()].find((one) => one.hash === hash);
  if (permit === undefined || now >= Date.parse(permit.notAfter) || now + 10 * minute < Date.parse(permit.since))
    return false;
  const scopes = [
    ...[...oracle.holds.values()]
      .filter(({ answeredFor }) => !answeredFor.has(permit.model))
      .flatMap((held) => held.scopes),
    ...early.map(({ scope }) => scope),
  ];
  const isStopped = scopes.some(
    (scope) => scope.kind === "everything" || (scope.kind === "model" && scope.model === permit.model),
  );
  return !isStopped && oracle.people.get(permit.by)?.out === false;
}
