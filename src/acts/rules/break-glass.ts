// Break-glass: an owner and somebody from safety go on, for some hours, with what an unexpired certificate covers already,
// over holds that they name. It adds nothing to the certificate and outlives nothing of it; any further hold on the model ends
// it; and until a third person has reviewed it, nothing of the model is certified, widened or opened this way again.
import { type Instant, type Name, type Timestamp, instantOf, timestampOf, toInstant } from "../../terms/ids.ts";
import type { Role } from "../../terms/role.ts";
import type { BodyOf, Release, ReleaseScope } from "../bodies.ts";
import { isOnModel } from "../hold-scope.ts";
import { type Context, type Refusal, type Rule, change, refuse } from "../rule.ts";
import { type BreakGlass, type Person, type State, holdsOn, latestCertificate } from "../state.ts";
import { incidentsAgainst } from "./ending-incident.ts";

/** Hours that one may last, where the certificate's conditions say nothing of it. */
const hoursUsual = 4;
/** Hours over any one hold, of all of them together: what is longer is the quorum's to decide. */
export const breakGlassHoursMax = 24;

const hourMs = 3_600_000;

type Body = BodyOf<"break-glass">;

export const breakGlass: Rule<"break-glass"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const release = latestCertificate(state, body.model)?.release;
  if (release?.certificate !== body.certificate)
    return refuse("not_found", `${body.certificate} is not the certificate that counts for ${body.model}.`);
  const refusal =
    wrongTimes(body, { release, at }) ??
    notCovered(state, release) ??
    wrongHolds(state, body) ??
    wrongSigners(state, body, context) ??
    tooSoon(state, body);
  if (refusal !== undefined) return refusal;
  const given = { ...body, signers: context.persons.map(({ person }) => person), at, index: context.index };
  return change(() => {
    state.glasses.set(body.model, [...(state.glasses.get(body.model) ?? []), given]);
  });
};

/** How long one over this certificate may last, in hours; 0 where it may not be. */
export function breakGlassHours({ conditions }: Pick<Release, "conditions">): number {
  return conditions.breakGlassHours ?? hoursUsual;
}

interface Dated {
  readonly release: Release;
  readonly at: Timestamp;
}

function wrongTimes({ notAfter }: Body, { release, at }: Dated): Refusal | undefined {
  const hours = breakGlassHours(release);
  if (hours === 0) return refuse("authority_missing", "The certificate does not let its holds be overridden.");
  const life = instantOf(notAfter) - instantOf(at);
  if (life <= 0 || life > hours * hourMs)
    return refuse("statement_invalid", `By its certificate this ends within ${hours} hours of being signed.`);
  if (at < release.notBefore || notAfter > release.notAfter)
    return refuse("statement_invalid", "It goes on only while its certificate stands: it begins and ends with it.");
  return undefined;
}

/** A certificate that is over without the hold is not brought back. */
function notCovered(state: State, release: Release): Refusal | undefined {
  const open = incidentsAgainst(state, release).find((one) => one.state === "open");
  const ended = state.ended.get(release.certificate) ?? open?.incident;
  if (ended !== undefined)
    return refuse("conflict", `${ended} ends this certificate. What an incident ended takes a new release.`);
  const isLapsed =
    state.lapsed.has(release.certificate) ||
    release.digests.evidence.some((act) => state.evidence.get(act)?.withdrawn !== false);
  return isLapsed ? refuse("conflict", "The certificate lapsed. What lapsed takes a new release.") : undefined;
}

function wrongHolds(state: State, { model, holds }: Body): Refusal | undefined {
  const standing = new Set(holdsOn(state, model).map(({ hold }) => hold));
  const other = holds.find((hold) => !standing.has(hold));
  if (other === undefined) return undefined;
  return refuse("not_found", `${other} does not hold ${model}, or is not in the ledger yet.`);
}

/** Nobody is brought in to open over a hold that stands already. */
function wrongSigners(state: State, { holds }: Body, { persons }: Context): Refusal | undefined {
  const first = Math.min(...holds.map((hold) => state.holds.get(hold)?.index ?? 0));
  if (persons.every(({ admitted }) => admitted < first)) return undefined;
  return refuse("authority_missing", "Who was admitted after a hold does not open over it.");
}

function tooSoon(state: State, { model, holds, glass, notAfter }: Body): Refusal | undefined {
  if (glassOf(state, glass) !== undefined) return refuse("conflict", "This id is another break-glass's.");
  const open = whyUnreviewed(state, model);
  if (open !== undefined) return refuse("conflict", open);
  const over = (state.glasses.get(model) ?? []).filter((one) => one.holds.some((hold) => holds.includes(hold)));
  const [first] = over.map(({ at }) => instantOf(at)).toSorted((one, other) => one - other);
  if (first === undefined || instantOf(notAfter) <= first + breakGlassHoursMax * hourMs) return undefined;
  const end = timestampOf(toInstant(first + breakGlassHoursMax * hourMs));
  return refuse(
    "conflict",
    `These holds were overridden before, and until ${end} at the most: from then on a quorum answers them.`,
  );
}

/** The last one of a model, while nobody has reviewed it. */
export function unreviewed({ glasses }: Pick<State, "glasses">, model: Name): BreakGlass | undefined {
  const last = glasses.get(model)?.at(-1);
  return last?.review === undefined ? last : undefined;
}

/** Why nothing of the model may be certified or widened, in words; undefined where it may. */
export function whyUnreviewed(state: Pick<State, "glasses">, model: Name): string | undefined {
  const glass = unreviewed(state, model)?.glass;
  return glass === undefined
    ? undefined
    : `${glass} was opened over a hold on ${model} and nobody has reviewed it: headgate release review-break-glass ${glass}`;
}

export function glassOf({ glasses }: Pick<State, "glasses">, id: BreakGlass["glass"]): BreakGlass | undefined {
  return [...glasses.values()].flat().find(({ glass }) => glass === id);
}

/** A clock that is further behind than this is no clock to begin one by, in milliseconds. */
const clockAheadMsMax = 600_000;

/** The one that goes on now: by the clock, by its certificate, and by both who signed it. */
export function standingGlass(state: State, model: Name, at: Instant): BreakGlass | undefined {
  const last = state.glasses.get(model)?.at(-1);
  if (last === undefined || last.ended !== undefined) return undefined;
  const isNow = at < instantOf(last.notAfter) && at + clockAheadMsMax >= instantOf(last.at);
  const isOfNow = latestCertificate(state, model)?.release.certificate === last.certificate;
  const isSigned = last.signers.every((person) => state.persons.get(person)?.suspended === false);
  return isNow && isOfNow && isSigned ? last : undefined;
}

/** Any hold on the model, by anybody and for whatever callers, ends what goes on over the holds before it. */
export function endGlasses(state: State, scope: ReleaseScope, by: NonNullable<BreakGlass["ended"]>): void {
  for (const [model, all] of state.glasses) {
    const last = all.at(-1);
    if (last === undefined || last.ended !== undefined || !isOnModel(scope, model)) continue;
    state.glasses.set(model, [...all.slice(0, -1), { ...last, ended: by }]);
  }
}

/** Who says what became of it: of those who answer for releases, and none who opened. */
export const reviewingRoles: readonly Role[] = ["owner", "safety", "assurance", "policy"];

type Reviewed = Extract<BodyOf<"fact">["fact"], { kind: "break-glass-review" }>;

export interface Reviewing {
  readonly fact: Reviewed;
  readonly model: Name | null;
  readonly by: Person;
  readonly at: Timestamp;
}

export function wrongReview(state: State, { fact, model, by, at }: Reviewing): Refusal | undefined {
  const found = glassOf(state, fact.glass);
  if (found === undefined || found.model !== model)
    return refuse("not_found", `There is no ${fact.glass} of this model.`);
  if (found.review !== undefined) return refuse("conflict", `${fact.glass} was reviewed already.`);
  if (found.ended === undefined && at < found.notAfter)
    return refuse("conflict", `${fact.glass} goes on until ${found.notAfter}. A hold ends it sooner.`);
  if (found.signers.includes(by.person))
    return refuse("authority_missing", "Who opened does not review it: a third person does.");
  const isFromBefore = by.admitted < found.index;
  return isFromBefore || !couldSomebodyElse(state, found)
    ? undefined
    : refuse("authority_missing", "Who was admitted after it was opened does not review it while others can.");
}

/** Whether somebody stands who was there when it was opened; where nobody does, the model is not shut for good. */
function couldSomebodyElse({ persons }: State, { signers, index }: BreakGlass): boolean {
  return [...persons.values()].some(
    ({ person, role, admitted, suspended }) =>
      !suspended && admitted < index && reviewingRoles.includes(role) && !signers.includes(person),
  );
}

export function takeReview(state: State, { fact, by, at }: Reviewing, index: number): void {
  const found = glassOf(state, fact.glass);
  if (found === undefined) return;
  const review = { by: by.person, finding: fact.finding, at, index };
  const all = state.glasses.get(found.model) ?? [];
  state.glasses.set(
    found.model,
    all.map((one) => (one.glass === fact.glass ? { ...one, review } : one)),
  );
}
