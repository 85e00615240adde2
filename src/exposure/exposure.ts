// May this key reach this model now? A pure view of the fold: no clock, no store, no network. Asked at every attempt,
// on the model really called. Whatever is in doubt is closed, and the refusal says why only to those who hold a grant:
// everyone else learns no more than that there is no such model.
import type { Grant, HoldScope, Permit, Release, ReleaseScope } from "../acts/bodies.ts";
import { isOnModel, stopsModel, stopsOrganisation, stopsStage } from "../acts/hold-scope.ts";
import { isWithinHours, opensAt } from "../acts/hours.ts";
import type { Limits } from "../acts/limits.ts";
import {
  type BreakGlass,
  type CallerKey,
  type Certificate,
  type GivenPermit,
  type Organisation,
  type State,
  holdsOn,
  latestCertificate,
} from "../acts/state.ts";
import { standsInSlot, takesTwo } from "../acts/two-person-permits.ts";
import { standingGlass } from "../acts/rules/break-glass.ts";
import { shareNow } from "../acts/rules/share.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { FailureCode } from "../terms/failure.ts";
import type { FormatName } from "../terms/format-name.ts";
import {
  type Digest,
  type GlassId,
  type HoldId,
  type Instant,
  type KeyId,
  type Name,
  instantOf,
} from "../terms/ids.ts";
import { isInNetworks } from "../terms/network.ts";
import { type Stage, compareStages } from "../terms/stage.ts";
import { placeOf } from "./share.ts";

type ClosedReason = "withheld" | "incident" | "held" | "expired" | "lapsed" | "changed" | "not-yet";

/** Holds that reached a gateway directly and are not in its ledger yet. */
export interface EarlyHold {
  readonly hold: HoldId;
  readonly scope: HoldScope;
}

export type Standing =
  | {
      readonly kind: "open";
      readonly stage: Stage;
      readonly certificate: Certificate;
      /** Present while it goes on over holds. */
      readonly glass?: GlassId;
    }
  | {
      readonly kind: "closed";
      readonly stage: Stage;
      readonly reason: ClosedReason;
      readonly holds: readonly HoldId[];
    };

/** How far `model` is out at `at`, whoever asks. */
export function standing(state: State, model: Name, moment: Moment): Standing {
  const certificate = latestCertificate(state, model);
  const glass = glassNow(state, model, moment);
  const holds = stoppingHolds(state, model, { early: moment.early, glass });
  const stage = certificate?.release.stage ?? "withheld";
  if (holds.length > 0) return { kind: "closed", stage, reason: "held", holds };
  if (certificate === undefined) return { kind: "closed", stage, reason: "withheld", holds };
  const reason = closedReason(state, certificate.release, moment.at);
  if (reason !== undefined) return { kind: "closed", stage, reason, holds };
  return { kind: "open", stage, certificate, ...underGlass(glass) };
}

interface Over {
  readonly early: Moment["early"];
  readonly glass: BreakGlass | undefined;
}

function stoppingHolds(state: State, model: Name, over: Over): readonly HoldId[] {
  // Nearly always, and asked several times in every request.
  if (state.holds.size === 0 && over.early.length === 0) return [];
  return holdsLeft(state, model, over)
    .filter(({ scope }) => stopsModel(scope, model))
    .map(({ hold }) => hold);
}

/** A hold that came directly ends a break-glass before the ledger has it; which hold that is it does not name. */
export function glassNow(state: State, model: Name, { at, early }: Moment): BreakGlass | undefined {
  if (state.glasses.size === 0) return undefined;
  const isHeldAnew = early.some((direct) => releaseHolds(direct, model).length > 0);
  return isHeldAnew ? undefined : standingGlass(state, model, at);
}

function underGlass(glass: BreakGlass | undefined): { readonly glass?: GlassId } {
  return glass === undefined ? {} : { glass: glass.glass };
}

/** Holds that stand, without those over which it goes on. */
export function holdsLeft(state: State, model: Name, { early, glass }: Over): readonly ReleaseHold[] {
  const holds = holdsNow(state, model, early);
  return glass === undefined ? holds : holds.filter(({ hold }) => !glass.holds.includes(hold));
}

export interface Moment {
  readonly at: Instant;
  readonly early: readonly EarlyHold[];
  /** Says who is in a share. Without it nobody is. */
  readonly hasher?: Hasher;
}

export function closedReason(state: State, release: Release, at: Instant): ClosedReason | undefined {
  if (at < instantOf(release.notBefore)) return "not-yet";
  if (at >= instantOf(release.notAfter)) return "expired";
  if (state.ended.has(release.certificate)) return "incident";
  if (state.lapsed.has(release.certificate)) return "lapsed";
  const lost = release.digests.evidence.some((act) => state.evidence.get(act)?.withdrawn !== false);
  return lost ? "lapsed" : undefined;
}

interface ReleaseHold {
  readonly hold: HoldId;
  readonly scope: ReleaseScope;
  /** Where it stands in the ledger; behind all of it for one that is not there yet. */
  readonly index: number;
}

/** Holds on `model` or a stage of it that no certificate answered: those of the ledger, and those that came directly. */
function holdsNow(state: State, model: Name, early: readonly EarlyHold[]): readonly ReleaseHold[] {
  const recorded = holdsOn(state, model);
  if (early.length === 0) return recorded;
  return [...recorded, ...early.flatMap((direct) => releaseHolds(direct, model))];
}

function releaseHolds({ hold, scope }: EarlyHold, model: Name): readonly ReleaseHold[] {
  if (scope.kind === "organisation" || scope.kind === "key") return [];
  return isOnModel(scope, model) ? [{ hold, scope, index: Number.POSITIVE_INFINITY }] : [];
}

export interface Asked {
  /** SHA-256 of the caller's secret. */
  readonly hash: Digest;
  readonly model: Name;
  /** The address it is asked from; undefined where nobody knows, and then outside every network. */
  readonly from: string | undefined;
  /** The wire format it is asked in; "any" where the question is about none of them. Absent: in none that a condition admits. */
  readonly format?: FormatName | "any";
}

export type Exposure =
  | {
      readonly kind: "open";
      readonly key: KeyId;
      readonly keyLimits: Limits;
      readonly organisation: Organisation;
      readonly grant: Grant;
      readonly release: Release;
      /** Present while it goes on over holds: whoever is served is told. */
      readonly glass?: GlassId;
    }
  | { readonly kind: "permit"; readonly permit: Permit }
  | Refused;

/** Why what is open to others of its stage is not to this caller, in this format, at this time. */
type CallerReason = "share" | "country" | "surface" | "hours";

export interface Refused {
  readonly kind: "refused";
  readonly code: RefusalCode;
  readonly reason: ClosedReason | CallerReason | "network" | null;
  /** With the reason `hours`: when it opens next, where it does before its certificate ends. */
  readonly opensAt?: Instant;
}

type RefusalCode = Extract<
  FailureCode,
  "key_unknown" | "key_suspended" | "model_unknown" | "stage_closed" | "agreement_missing"
>;

export function expose(state: State, asked: Asked, moment: Moment): Exposure {
  const permitId = state.permitByHash.get(asked.hash);
  const permit = permitId === undefined ? undefined : state.permits.get(permitId);
  return permit === undefined ? exposeKey(state, asked, moment) : exposePermit(state, permit, { asked, moment });
}

function refused(code: RefusalCode, reason: Refused["reason"] = null): Refused {
  return { kind: "refused", code, reason };
}

/** A permit dated further ahead than clocks differ is not in force yet, in milliseconds. */
const clockAheadMsMax = 600_000;

function exposePermit(
  state: State,
  permit: GivenPermit,
  { asked, moment }: { asked: Asked; moment: Moment },
): Exposure {
  const stopped = stoppedPermit(state, permit, moment);
  if (stopped !== undefined) return stopped;
  if (permit.model !== asked.model) return refused("model_unknown");
  const holds = holdsNow(state, permit.model, moment.early);
  if (holds.some(({ scope }) => stopsModel(scope, permit.model))) return refused("stage_closed", "held");
  return stoppedDoor(state, permit) ?? stoppedProbe(state, permit, moment) ?? { kind: "permit", permit };
}

/** A probe is of what its certificate serves: where that serves nobody, there is nothing to probe. */
function stoppedProbe(state: State, { model, probe }: GivenPermit, moment: Moment): Refused | undefined {
  if (probe === undefined) return undefined;
  const now = standing(state, model, moment);
  if (now.kind === "closed") return refused("stage_closed", now.reason);
  return now.certificate.release.certificate === probe.certificate ? undefined : refused("stage_closed", "changed");
}

/** A permit without safeguards, or without fixed bodies: only for what still stands in its slot, and never past a restriction. */
function stoppedDoor(state: State, permit: GivenPermit): Refused | undefined {
  if (!takesTwo(permit)) return undefined;
  if (!standsInSlot(state, permit)) return refused("stage_closed", "changed");
  // Nothing would find what the restriction prohibits.
  return permit.bare === true && isCategoryProhibited(state, permit.model)
    ? refused("stage_closed", "held")
    : undefined;
}

function isCategoryProhibited({ restrictions }: State, model: Name): boolean {
  return [...restrictions.values()].some((one) => one.model === model && one.limit.kind === "category-prohibited");
}

function stoppedPermit(state: State, permit: GivenPermit, { at }: Moment): Refused | undefined {
  const isOver = at >= instantOf(permit.notAfter) || at + clockAheadMsMax < instantOf(permit.at);
  // A permit stands with those who signed it: a suspended person's runs stop with them.
  const signers = takesTwo(permit) ? [permit.by, permit.second] : [permit.by];
  const isSigned = signers.every((one) => one !== undefined && state.persons.get(one)?.suspended === false);
  const { withdrawn } = permit.mandate === undefined ? {} : (state.mandates.get(permit.mandate) ?? {});
  return isOver || !isSigned || withdrawn !== undefined ? refused("key_suspended") : undefined;
}

function exposeKey(state: State, asked: Asked, moment: Moment): Exposure {
  const key = state.keys.get(asked.hash);
  if (key === undefined) return refused("key_unknown");
  const stopped = stoppedKey(state, key, { from: asked.from, moment });
  const organisation = state.organisations.get(key.organisation);
  if (stopped !== undefined || organisation === undefined) return stopped ?? refused("key_suspended");
  const grant = grantOf(state, organisation, asked.model);
  if (grant === undefined) return refused("model_unknown");
  if (moment.at >= instantOf(grant.notAfter)) return refused("agreement_missing");
  const now = standing(state, asked.model, moment);
  if (now.kind === "closed") return refused("stage_closed", now.reason);
  const { release } = now.certificate;
  const glass = glassNow(state, asked.model, moment);
  const holds = holdsLeft(state, asked.model, { early: moment.early, glass });
  if (isCallerHeld(holds, grant, organisation)) return refused("stage_closed", "held");
  if (!isReached(release, grant, organisation)) return refused("stage_closed", "withheld");
  const unmet = unmetCondition(state, release, { grant, key, organisation, asked, moment });
  if (unmet !== undefined) return unmet;
  const left = withoutHeldScopes(grant, holds);
  const { key: id, limits: keyLimits } = key;
  return { kind: "open", key: id, keyLimits, organisation, grant: left, release, ...underGlass(glass) };
}

function stoppedKey(
  state: State,
  key: CallerKey,
  { from, moment }: { readonly from: string | undefined; readonly moment: Moment },
): Refused | undefined {
  const organisation = state.organisations.get(key.organisation);
  if (organisation?.suspended !== false || isEnded(key, moment)) return refused("key_suspended");
  return isWhereItMay(key, from) ? undefined : refused("key_suspended", "network");
}

/** Of a model that is there. */
export function grantOf(state: State, { grants }: Organisation, model: Name): Grant | undefined {
  if (state.documents.get("Model")?.has(model) !== true) return undefined;
  return grants.find((known) => known.model === model);
}

export function isEnded(key: CallerKey, { at, early }: Moment): boolean {
  if (key.standing !== "active" || (key.notAfter !== null && at >= instantOf(key.notAfter))) return true;
  return early.some(({ scope }) => isHeldKey(key, scope));
}

/** By a hold that the ledger has not got yet: once it has, the key or its organisation is suspended. */
function isHeldKey({ key, organisation }: CallerKey, scope: HoldScope): boolean {
  if (scope.kind === "key") return scope.key === key;
  return scope.kind === "organisation" && scope.organisation === organisation;
}

/** Whether the key may be used from this address at all. */
export function isWhereItMay({ networks }: Pick<CallerKey, "networks">, from: string | undefined): boolean {
  return networks === null || isInNetworks(from, networks);
}

/** Whether a hold stops the stage that was granted, or organisations as this one is, where none stops the model whole. */
export function isCallerHeld(
  holds: readonly ReleaseHold[],
  { model, stage }: Grant,
  organisation: Organisation,
): boolean {
  return holds.some((hold) => stopsStage(hold.scope, model, stage) || stopsOrganisation(hold, organisation));
}

/** A held scope lifts nothing; whoever has it goes on as if they had not. */
function withoutHeldScopes(grant: Grant, holds: readonly ReleaseHold[]): Grant {
  const held = new Set(holds.flatMap(({ scope }) => (scope.kind === "scope" ? [scope.scope] : [])));
  return held.size === 0 ? grant : { ...grant, scopes: grant.scopes.filter((scope) => !held.has(scope)) };
}

/** The model is out as far as the grant's stage, and that stage admits organisations of this type. */
function isReached(release: Release, grant: Grant, organisation: Organisation): boolean {
  return compareStages(release.stage, grant.stage) >= 0 && isInAudience(release, grant, organisation);
}

export function isInAudience({ audience }: Release, { stage }: Grant, { type }: Organisation): boolean {
  return audience.find((known) => known.stage === stage)?.types.includes(type) === true;
}

export interface Calling {
  readonly grant: Grant;
  readonly key: CallerKey;
  readonly organisation: Organisation;
  readonly asked: Asked;
  readonly moment: Moment;
}

/**
 * Share, countries, surfaces and hours are of the stage that the certificate opened; narrower ones are open to all of theirs.
 * Hours come last: whoever waits for them is then served.
 */
function unmetCondition(state: State, release: Release, calling: Calling): Refused | undefined {
  const { grant, organisation, asked, moment } = calling;
  if (compareStages(grant.stage, release.stage) < 0) return undefined;
  const { countries, surfaces, hours } = release.conditions;
  if (!isInShare(state, release, calling)) return refused("stage_closed", "share");
  if (countries?.some((country) => country === organisation.country) === false)
    return refused("stage_closed", "country");
  const isAnyFormat = surfaces === undefined || asked.format === "any";
  if (!isAnyFormat && !surfaces.some((name) => name === asked.format)) return refused("stage_closed", "surface");
  if (hours === undefined || isWithinHours(hours, moment.at)) return undefined;
  const next = opensAt(hours, moment.at);
  const isLate = next >= instantOf(release.notAfter);
  return { ...refused("stage_closed", "hours"), ...(isLate ? {} : { opensAt: next }) };
}

export function isInShare(state: State, release: Release, { key, moment: { hasher } }: Calling): boolean {
  const { share } = release.conditions;
  if (share === undefined) return true;
  const part = shareNow(state, release);
  if (part >= 1) return true;
  if (hasher === undefined) return false;
  const { model, stage } = release;
  return placeOf(share, { model, stage, organisation: key.organisation, key: key.key }, hasher) < part;
}

/** Why whoever asks may call no model at all: their key or organisation is stopped or has ended, or the permit is over. */
export function stoppedCaller(state: State, { hash, from }: Omit<Asked, "model">, moment: Moment): Refused | undefined {
  const permitId = state.permitByHash.get(hash);
  const permit = permitId === undefined ? undefined : state.permits.get(permitId);
  if (permit !== undefined) return stoppedPermit(state, permit, moment);
  const key = state.keys.get(hash);
  return key === undefined ? refused("key_unknown") : stoppedKey(state, key, { from, moment });
}

/**
 * Whether a secret may still fetch the receipts of its key. Who is suspended, or whose key is over, keeps the record of what
 * was done to them; a secret that was revoked, or that a rotation has ended, may be anybody's.
 */
export function mayReadReceipts({ standing: now, isLatest, notAfter }: CallerKey, at: Instant): boolean {
  if (now === "revoked") return false;
  return isLatest || notAfter === null || at < instantOf(notAfter);
}

/** Models this key may call now, for `GET /v1/models`. */
export function reachableModels(state: State, asked: Omit<Asked, "model" | "format">, moment: Moment): readonly Name[] {
  const models = [...(state.documents.get("Model")?.keys() ?? [])];
  return models.filter((model) => expose(state, { ...asked, format: "any", model }, moment).kind !== "refused");
}
