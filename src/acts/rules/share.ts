// The steps of a certificate's share. All of them were signed with it; taking the next one is an entry of its own, by one person,
// and going back takes one person at once, or the server itself. Nothing widens by itself.
import type { CertificateId, Name } from "../../terms/ids.ts";
import type { BodyOf, Release, Share } from "../bodies.ts";
import { type Change, type Refusal, type Rule, change, refuse } from "../rule.ts";
import { type State, latestCertificate } from "../state.ts";
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
  return take(state, act, context.index);
};

function take(state: State, { predicate: { body, at } }: Act<"widen"> | Act<"narrow">, index: number): Change {
  return change(() => {
    state.steps.set(body.certificate, { step: body.step, at, index });
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
 * A certificate that replaces one of the same stage, configuration and share, for nobody that was not in its audience, goes on where
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
  const isSameShare = JSON.stringify(one.conditions.share) === JSON.stringify(other.conditions.share);
  return one.stage === other.stage && isSameConfiguration && isSameShare;
}
