// The steps of a certificate's share. All of them were signed with it; taking the next one is an entry of its own, by one person,
// and going back takes one person at once, or the server itself. Nothing widens by itself.
import type { CertificateId, Name, Timestamp } from "../../terms/ids.ts";
import type { BodyOf, Release } from "../bodies.ts";
import type { Share } from "../conditions.ts";
import { type Change, type Context, type Refusal, type Rule, change, refuse } from "../rule.ts";
import { type Certificate, type State, latestCertificate } from "../state.ts";
import type { Act } from "../statement.ts";
import { whyUnreviewed } from "./break-glass.ts";

/** The step that a certificate stands at, from 0 on. */
export function stepOf(state: State, certificate: CertificateId): number {
  return state.steps.get(certificate)?.step ?? 0;
}

/** The part of its callers that a certificate is open to now; 1 where it has no share. */
export function shareNow(
  state: State,
  { certificate, conditions }: Pick<Release, "certificate" | "conditions">,
): number {
  const { share } = conditions;
  if (share === undefined) return 1;
  // Whatever is in doubt is the first step.
  return share.steps[stepOf(state, certificate)] ?? share.steps[0] ?? 0;
}

/** From one step to the next: what a watch counts begins anew with each, and so does what it may err by. */
export interface Period {
  /** From 1 on. */
  readonly number: number;
  /** The entry that it began with, which names it. */
  readonly index: number;
  readonly at: Timestamp;
  /** The live measure that the step back was taken for; null where a person began it. */
  readonly watch: Name | null;
}

/** The one that runs; a renewal that carries its step carries its period, too. */
export function periodOf(state: State, { release, index, at }: Certificate): Period {
  const taken = state.steps.get(release.certificate);
  if (taken === undefined) return { number: 1, index, at, watch: null };
  return { number: taken.taken + 1, index: taken.index, at: taken.at, watch: taken.watch };
}

export const widen: Rule<"widen"> = (state, act, context) => {
  const { body } = act.predicate;
  const share = shareOf(state, body);
  if (share === undefined) return noSuch(body);
  const now = stepOf(state, body.certificate);
  if (body.step !== now + 1 || body.step >= share.steps.length)
    return refuse(
      "conflict",
      `It stands at step ${now + 1} of ${share.steps.length}, and is widened one step at a time.`,
    );
  const model = modelOf(state, body);
  const why = model === undefined ? undefined : whyUnreviewed(state, model);
  return why === undefined ? take(state, act, context.index) : refuse("conflict", why);
};

/** Of a certificate that counts, as `shareOf` found it to. */
function modelOf(state: State, { certificate }: Pick<BodyOf<"widen">, "certificate">): Name | undefined {
  return [...state.certificates.keys()].find(
    (name) => latestCertificate(state, name)?.release.certificate === certificate,
  );
}

export const narrow: Rule<"narrow"> = (state, act, context) => {
  const { body } = act.predicate;
  const share = shareOf(state, body);
  if (share === undefined) return noSuch(body);
  const now = stepOf(state, body.certificate);
  if (body.step >= now)
    return refuse("conflict", `It stands at step ${now + 1} of ${share.steps.length}: narrower than that only.`);
  return wrongWatch(share, act, context) ?? take(state, act, context.index);
};

/** Only the server steps back in the name of a watch, and only of one that was signed. */
function wrongWatch(
  { watch }: Share,
  { predicate: { body } }: Act<"narrow">,
  { persons }: Context,
): Refusal | undefined {
  if (body.watch === undefined) return undefined;
  if (persons.length > 0) return refuse("authority_missing", "A person narrows in their own name, not in a watch's.");
  if (watch?.measures.some(({ id }) => id === body.watch) === true) return undefined;
  return refuse("statement_invalid", `No live measure of this certificate is called ${body.watch}.`);
}

function take(state: State, { predicate: { body, at } }: Act<"widen"> | Act<"narrow">, index: number): Change {
  return change(() => {
    const taken = (state.steps.get(body.certificate)?.taken ?? 0) + 1;
    const watch = "watch" in body ? (body.watch ?? null) : null;
    state.steps.set(body.certificate, { step: body.step, at, index, taken, watch });
  });
}

/** Of the certificate that counts for its model; one that was replaced has no steps any more. */
function shareOf(state: State, { certificate }: Pick<BodyOf<"widen">, "certificate">): Share | undefined {
  for (const model of state.certificates.keys()) {
    const release = latestCertificate(state, model)?.release;
    if (release?.certificate === certificate) return release.conditions.share;
  }
  return undefined;
}

function noSuch({ certificate }: Pick<BodyOf<"widen">, "certificate">): Refusal {
  return refuse("not_found", `${certificate} is not the certificate of a model that counts, or it has no steps.`);
}

/**
 * A certificate that replaces one of the same stage, configuration, share, hours, countries and surfaces, for nobody that was not in its audience, goes on where
 * that one stood: a renewal makes nobody fall out. One that answers a hold, or comes after one that an incident or a failed gate ended, begins at the first step again.
 */
export function carryStep(state: State, earlier: Release | undefined, release: Release): void {
  const taken = earlier === undefined ? undefined : state.steps.get(earlier.certificate);
  if (earlier === undefined || taken === undefined || release.answers.length > 0) return;
  if (state.ended.has(earlier.certificate) || state.lapsed.has(earlier.certificate)) return;
  if (isSameThing(earlier, release) && isForNoOthers(earlier, release)) state.steps.set(release.certificate, taken);
}

/** Of the stage that the steps are of: whoever was never in is not let in at a late step. */
function isForNoOthers(earlier: Release, { stage, audience }: Release): boolean {
  const typesIn = (all: Release["audience"]): readonly Name[] => all.find((one) => one.stage === stage)?.types ?? [];
  const before = typesIn(earlier.audience);
  return typesIn(audience).every((type) => before.includes(type));
}

function isSameThing(one: Release, other: Release): boolean {
  const isSameConfiguration = (["model", "safeguards", "policy"] as const).every(
    (name) => one.digests[name] === other.digests[name],
  );
  // Whoever was shut out by them is not let in at a late step.
  const areSameConditions = (["share", "hours", "countries", "surfaces"] as const).every(
    (name) => JSON.stringify(one.conditions[name]) === JSON.stringify(other.conditions[name]),
  );
  return one.stage === other.stage && isSameConfiguration && areSameConditions;
}
