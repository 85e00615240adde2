// What a request of a key to a model would meet now, check by check in the order of src/exposure/exposure.ts, also those behind
// the first that refuses: for people who ask why something is refused. Nothing is decided here; a test holds that the first
// check that refuses is what `expose` says.
import type { Grant, Release } from "../acts/bodies.ts";
import { isWithinHours, opensAt } from "../acts/hours.ts";
import { stopsModel } from "../acts/hold-scope.ts";
import { type CallerKey, type Organisation, type State, latestCertificate } from "../acts/state.ts";
import { type Instant, instantOf } from "../terms/ids.ts";
import { compareStages } from "../terms/stage.ts";
import {
  type Asked,
  type Calling,
  type Moment,
  type Refused,
  closedReason,
  glassNow,
  grantOf,
  holdsLeft,
  isCallerHeld,
  isEnded,
  isInAudience,
  isInShare,
  isWhereItMay,
} from "./exposure.ts";

/** In the order in which a request meets them. */
export const checkNames = [
  "organisation",
  "key",
  "network",
  "grant",
  "agreement",
  "hold",
  "certificate",
  "caller-hold",
  "stage",
  "audience",
  "share",
  "country",
  "surface",
  "hours",
] as const;
type CheckName = (typeof checkNames)[number];

export interface Check {
  readonly name: CheckName;
  /** not-asked: what it would look at is not there, or nobody said it. */
  readonly verdict: "passes" | "refuses" | "not-asked";
  /** Where it refuses: what the caller is told, by code and reason. */
  readonly code: Refused["code"] | null;
  readonly reason: Refused["reason"];
  /** Of hours: when it opens next, where it does before its certificate ends. */
  readonly opensAt: Instant | null;
}

export interface Questioned {
  readonly key: CallerKey;
  readonly model: Asked["model"];
  /** Undefined where nobody says: then no network is asked about. */
  readonly from: string | undefined;
  readonly format: NonNullable<Asked["format"]>;
}

export function checksOf(state: State, questioned: Questioned, moment: Moment): readonly Check[] {
  const { key, model, ...asked } = questioned;
  const organisation = state.organisations.get(key.organisation);
  const grant = organisation === undefined ? undefined : grantOf(state, organisation, model);
  const release = latestCertificate(state, model)?.release;
  const hash = state.keySecrets.get(key.key)?.at(-1);
  const before = [...callerChecks(organisation, questioned, moment), ...grantChecks(state, { model, grant }, moment)];
  if (organisation === undefined || grant === undefined || release === undefined || hash === undefined)
    return [...before, ...checkNames.slice(before.length).map(notAsked)];
  const calling = { grant, key, organisation, asked: { ...asked, model, hash }, moment };
  return [...before, ...reachChecks(state, release, calling), ...conditionChecks(state, release, calling)];
}

function callerChecks(
  organisation: Organisation | undefined,
  { key, from }: Questioned,
  moment: Moment,
): readonly Check[] {
  return [
    check("organisation", organisation?.suspended === false, "key_suspended"),
    check("key", !isEnded(key, moment), "key_suspended"),
    key.networks !== null && from === undefined
      ? notAsked("network")
      : check("network", isWhereItMay(key, from), "key_suspended", "network"),
  ];
}

function grantChecks(
  state: State,
  { model, grant }: { readonly model: Asked["model"]; readonly grant: Grant | undefined },
  moment: Moment,
): readonly Check[] {
  const release = latestCertificate(state, model)?.release;
  const closed = release === undefined ? "withheld" : closedReason(state, release, moment.at);
  const isHeld = holdsNow(state, model, moment).some(({ scope }) => stopsModel(scope, model));
  return [
    check("grant", grant !== undefined, "model_unknown"),
    grant === undefined
      ? notAsked("agreement")
      : check("agreement", moment.at < instantOf(grant.notAfter), "agreement_missing"),
    check("hold", !isHeld, "stage_closed", "held"),
    check("certificate", closed === undefined, "stage_closed", closed),
  ];
}

function reachChecks(state: State, release: Release, { grant, organisation, moment }: Calling): readonly Check[] {
  // Those that stop the model whole have been said.
  const holds = holdsNow(state, release.model, moment).filter(({ scope }) => !stopsModel(scope, release.model));
  return [
    check("caller-hold", !isCallerHeld(holds, grant, organisation), "stage_closed", "held"),
    check("stage", compareStages(release.stage, grant.stage) >= 0, "stage_closed", "withheld"),
    check("audience", isInAudience(release, grant, organisation), "stage_closed", "withheld"),
  ];
}

function holdsNow(state: State, model: Asked["model"], moment: Moment): ReturnType<typeof holdsLeft> {
  return holdsLeft(state, model, { early: moment.early, glass: glassNow(state, model, moment) });
}

/** Of the stage that the certificate opened; whoever was granted a narrower one meets none of them. */
function conditionChecks(state: State, release: Release, calling: Calling): readonly Check[] {
  if (compareStages(calling.grant.stage, release.stage) < 0)
    return (["share", "country", "surface", "hours"] as const).map(notAsked);
  const { countries, surfaces, share } = release.conditions;
  const { country } = calling.organisation;
  const { format } = calling.asked;
  return [
    share === undefined
      ? notAsked("share")
      : check("share", isInShare(state, release, calling), "stage_closed", "share"),
    countries === undefined
      ? notAsked("country")
      : check(
          "country",
          countries.some((one) => one === country),
          "stage_closed",
          "country",
        ),
    surfaces === undefined || format === "any"
      ? notAsked("surface")
      : check(
          "surface",
          surfaces.some((one) => one === format),
          "stage_closed",
          "surface",
        ),
    hoursCheck(release, calling.moment.at),
  ];
}

function hoursCheck({ conditions: { hours }, notAfter }: Release, at: Instant): Check {
  if (hours === undefined) return notAsked("hours");
  if (isWithinHours(hours, at)) return check("hours", true, "stage_closed");
  const next = opensAt(hours, at);
  return { ...check("hours", false, "stage_closed", "hours"), opensAt: next >= instantOf(notAfter) ? null : next };
}

function check(
  name: CheckName,
  passes: boolean,
  ...[code, reason = null]: [Refused["code"], Refused["reason"]?]
): Check {
  return passes
    ? { name, verdict: "passes", code: null, reason: null, opensAt: null }
    : { name, verdict: "refuses", code, reason, opensAt: null };
}

function notAsked(name: CheckName): Check {
  return { name, verdict: "not-asked", code: null, reason: null, opensAt: null };
}
