// Proposal, sign-off, certificate, hold. Here the gateway itself checks who signed what over which bytes,
// and the floor quorum of the trust root; whether the evidence sufficed is judged at `advance`, and by anyone from the
// bundle (src/gates).
import type { Seat } from "../../terms/role.ts";
import { compareStages, modeOf } from "../../terms/stage.ts";
import { anyRoleButAuditor } from "../authority.ts";
import type { BodyOf, Release, ReleaseScope } from "../bodies.ts";
import { isOnModel, isSameScope } from "../hold-scope.ts";
import { type Change, type Context, type Refusal, type Rule, author, change, refuse } from "../rule.ts";
import { type Person, type Proposal, type SignOff, type State, latestCertificate } from "../state.ts";
import type { Act } from "../statement.ts";
import { isApplied } from "./evaluation.ts";
import { personsNeeded } from "./people.ts";
import { areBrowsers } from "./person-keys.ts";
import { stopKey, stopOrganisation } from "./programme.ts";
import { carryStep } from "./share.ts";
import { endGlasses, whyUnreviewed } from "./break-glass.ts";
import { incidentsAgainst } from "./ending-incident.ts";
import { isMeasuredSince, isRestrictedAgain, lift, stopsEnded, wrongLifts } from "./restriction.ts";

export const propose: Rule<"proposal"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { release } = body;
  const person = author(context);
  if (state.proposals.has(release.proposal) || isCertificateKnown(state, release)) {
    return refuse("conflict", "This proposal or certificate id is taken already.");
  }
  if (person.role !== "owner" && !isPlainResume(state, release)) {
    return refuse(
      "authority_missing",
      "Only an owner proposes a release; safety may propose to resume the one that is held.",
    );
  }
  const wrong =
    wrongDates(release, at) ??
    wrongAudience(release) ??
    wrongReferences(state, release) ??
    wrongLifts(state, release) ??
    wrongDocuments(state, release);
  if (wrong !== undefined) return refuse("statement_invalid", wrong);
  return change(() => {
    state.proposals.set(release.proposal, {
      release,
      digest: act.body,
      by: person.person,
      at,
      index: context.index,
      signOffs: new Map(),
      certified: false,
    });
  });
};

/** The same release again, not wider and not longer, answering holds or lifting restrictions. */
function isPlainResume(state: State, release: Release): boolean {
  const current = latestCertificate(state, release.model)?.release;
  if (current === undefined || stopsEnded(release).length === 0) return false;
  const isSame = (["model", "safeguards", "policy", "plan"] as const).every(
    (name) => release.digests[name] === current.digests[name],
  );
  const isNoWider = compareStages(release.stage, current.stage) <= 0 && release.notAfter <= current.notAfter;
  const isNoLooser = modeOf(release) === modeOf(current) && release.identityBasis === current.identityBasis;
  const isOnSameTerms = JSON.stringify(release.conditions) === JSON.stringify(current.conditions);
  return isSame && isNoWider && isNoLooser && isOnSameTerms && isWithinAudience(release, current);
}

function isWithinAudience(release: Release, current: Release): boolean {
  return release.audience.every(({ stage, types }) => {
    const known = current.audience.find((admitted) => admitted.stage === stage);
    return types.every((type) => known?.types.includes(type) === true);
  });
}

function isCertificateKnown(state: State, release: Release): boolean {
  return [...state.certificates.values()].some((list) =>
    list.some((known) => known.release.certificate === release.certificate),
  );
}

/** A release lasts at most a year: a certificate that nobody renews ends by itself. */
const certificateDaysMax = 366;

function wrongDates(release: Release, at: string): string | undefined {
  if (release.notAfter <= release.notBefore) return "The release ends before it begins.";
  if (release.decideBy < at || release.decideBy > release.notAfter)
    return "decideBy lies between the proposal and its end.";
  const days = (Date.parse(release.notAfter) - Date.parse(release.notBefore)) / 86_400_000;
  return days > certificateDaysMax ? `A release lasts at most ${certificateDaysMax} days.` : undefined;
}

/** The organisation type of one's own staff: the widest audience that one person may open a model to. */
export const ownOrganisationType = "internal";

/**
 * What is wrong with an audience, in words. What the stage's floor stands for is who is reached: it never reaches past the stage
 * whose floor was met.
 */
export function wrongAudience(release: Pick<Release, "stage" | "audience" | "oneSigner">): string | undefined {
  const stages = release.audience.map(({ stage }) => stage);
  if (new Set(stages).size !== stages.length) return "The audience names a stage twice.";
  if (stages.some((stage) => compareStages(stage, release.stage) > 0))
    return "The audience reaches further than the stage that is proposed.";
  if (!release.oneSigner) return undefined;
  const isOwn = release.audience.every(({ types }) => types.every((type) => type === ownOrganisationType));
  return release.stage === "internal" && isOwn
    ? undefined
    : `One signer opens stage internal, to organisations of type "${ownOrganisationType}", and no further.`;
}

/** Signers see what they agree to: the root they sign under, and holds that are there to be answered. */
function wrongReferences(state: State, release: Release): string | undefined {
  if (release.trustVersion !== state.root?.body.version) return "The release names another version of the trust root.";
  const isHere = release.answers.every((hold) => {
    const scope = state.holds.get(hold)?.scope;
    return scope !== undefined && isOnModel(scope, release.model);
  });
  return isHere ? undefined : "The release answers a hold that is not recorded, or that holds another model.";
}

function wrongDocuments(state: State, release: Release): string | undefined {
  const { digests, model } = release;
  if (state.documents.get("Model")?.get(model)?.all.has(digests.model) !== true)
    return "Nobody applied this model document.";
  if (state.documents.get("ReleasePlan")?.get(model)?.all.has(digests.plan) !== true)
    return "Nobody applied this release plan.";
  if (!isApplied(state, "Safeguards", digests.safeguards)) return "Nobody applied this safeguards document.";
  if (!isApplied(state, "UsagePolicy", digests.policy)) return "Nobody applied this usage policy.";
  return digests.evidence.map((act) => wrongEvidence(state, release, act)).find((wrong) => wrong !== undefined);
}

function wrongEvidence(
  state: State,
  release: Release,
  act: Release["digests"]["evidence"][number],
): string | undefined {
  const evidence = state.evidence.get(act);
  if (evidence === undefined || evidence.withdrawn)
    return "The release rests on evidence that is not in the ledger or was withdrawn.";
  const { model, safeguards, policy } = evidence.body.digests;
  const { digests } = release;
  const isSame =
    evidence.body.model === release.model &&
    model === digests.model &&
    safeguards === digests.safeguards &&
    policy === digests.policy;
  return isSame ? undefined : "The release rests on evidence about another model, policy or safeguards.";
}

export const signOff: Rule<"sign-off"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const proposal = state.proposals.get(body.proposal);
  if (proposal === undefined) return refuse("not_found", "There is no such proposal.");
  const person = author(context);
  const refusal = notTheirs(proposal, body, person) ?? tooLate(proposal, act.predicate, person);
  if (refusal !== undefined) return refusal;
  const earlier = proposal.signOffs.get(person.person);
  const given: SignOff = {
    person: person.person,
    role: person.role,
    verdict: body.verdict,
    at: earlier !== undefined && earlier.at > at ? earlier.at : at,
    reason: body.reason,
    index: context.index,
    ...(areBrowsers([person], act) ? { madeIn: "browser" } : {}),
  };
  return change(() => {
    const signOffs = new Map(proposal.signOffs).set(person.person, given);
    state.proposals.set(body.proposal, { ...proposal, signOffs });
  });
};

function notTheirs(proposal: Proposal, body: BodyOf<"sign-off">, person: Person): Refusal | undefined {
  if (body.release !== proposal.digest)
    return refuse("statement_invalid", "This signs other bytes than the proposal's.");
  if (body.role !== person.role)
    return refuse("authority_missing", `You sign as ${person.role}, the role you were admitted with.`);
  if (person.admitted < proposal.index) return undefined;
  return refuse(
    "authority_missing",
    "Who was admitted after a proposal cannot sign it. Ask the owner to propose again.",
  );
}

/** A refusal is heard for as long as there is no certificate: whoever certifies may date that back. */
function tooLate(proposal: Proposal, predicate: Act<"sign-off">["predicate"], person: Person): Refusal | undefined {
  const { body, at } = predicate;
  if (proposal.certified) return refuse("conflict", "This proposal is certified already; hold the release to stop it.");
  if (body.verdict === "against") return undefined;
  const earlier = proposal.signOffs.get(person.person);
  // Who steps back without taking back a refusal only takes support away: a certificate may be dated back still.
  const isStep = body.verdict === "recused" && earlier?.verdict !== "against";
  if (!isStep && at > proposal.release.decideBy)
    return refuse("conflict", "The time to decide on this proposal is over. Propose again.");
  if (earlier === undefined || at > earlier.at) return undefined;
  return refuse("conflict", "You decided on this proposal again after you signed this. Sign anew to change your mind.");
}

/** Persons in good standing whose latest word on the proposal is "for". */
export function supporters(state: State, proposal: Proposal): readonly Person[] {
  return [...proposal.signOffs.values()]
    .filter((given) => given.verdict === "for")
    .map((given) => state.persons.get(given.person))
    .filter((person) => person !== undefined)
    .filter((person) => !person.suspended);
}

/**
 * Seats of a quorum that the persons do not fill; each person fills the one seat of their role. Seats of one role add
 * up, however many lines they are written in.
 */
export function missingSeats(quorum: readonly Seat[], persons: readonly Person[]): readonly Seat[] {
  const counts = new Map<Seat["role"], number>();
  for (const { role, count } of quorum) counts.set(role, (counts.get(role) ?? 0) + count);
  return [...counts]
    .map(([role, count]) => ({ role, count }))
    .map(({ role, count }) => ({ role, count: count - persons.filter((person) => person.role === role).length }))
    .filter(({ count }) => count > 0);
}

export const certify: Rule<"certificate"> = (state, act, context) => {
  const { body, at } = act.predicate;
  const { release } = body;
  const proposal = state.proposals.get(release.proposal);
  if (proposal === undefined) return refuse("not_found", "There is no such proposal.");
  if (act.body !== proposal.digest)
    return refuse("statement_invalid", "The certificate differs from the proposal that was signed.");
  const refusal = outdated(state, proposal, at) ?? withoutQuorum(state, proposal);
  if (refusal !== undefined) return refusal;
  return change(() => {
    const earlier = state.certificates.get(release.model) ?? [];
    const certificate = { release, by: author(context).person, at, index: context.index };
    state.certificates.set(release.model, [...earlier, certificate]);
    state.proposals.set(release.proposal, { ...proposal, certified: true });
    for (const hold of release.answers) answer(state, hold, release);
    lift(state, release, context.index);
    carryStep(state, earlier.at(-1)?.release, release);
  });
};

function outdated(state: State, proposal: Proposal, at: string): Refusal | undefined {
  const { release } = proposal;
  if (proposal.certified) return refuse("conflict", "This proposal is certified already.");
  if (at > release.decideBy || at > release.notAfter) {
    return refuse("conflict", "The time to decide on this proposal is over. Propose again.");
  }
  if (state.root?.body.version !== release.trustVersion) {
    return refuse("conflict", "The trust root changed since this was proposed. Propose again.");
  }
  if (!isNext(state, release) || isCertificateKnown(state, release)) {
    return refuse("conflict", "Another certificate took effect since this was proposed. Propose again.");
  }
  if (release.answers.some((hold) => (state.holds.get(hold)?.index ?? 0) > proposal.index)) {
    return refuse("conflict", "A hold that this answers was placed again since it was proposed. Propose again.");
  }
  const wrong = wrongDocuments(state, release) ?? inTheWay(state, proposal);
  if (wrong !== undefined) return refuse("conflict", wrong);
  return isRestrictedAgain(state, release, proposal.index) ?? isMeasuredSince(state, release, proposal.index);
}

/** What nobody has dealt with yet, in words. */
function inTheWay(state: State, proposal: Proposal): string | undefined {
  return whyUnreviewed(state, proposal.release.model) ?? incidentSince(state, proposal);
}

/** Why an incident keeps a release that such an incident would end from beginning, in words. */
function incidentSince(state: State, { release, index }: Proposal): string | undefined {
  const found = incidentsAgainst(state, release).find((one) => one.state === "open" || one.index > index);
  if (found === undefined) return undefined;
  const what = found.state === "open" ? "is open" : "was opened since this was proposed";
  return `${found.incident} (${found.severity}) ${what}. ${found.state === "open" ? "Close it, then propose again." : "Propose again."}`;
}

function isNext(state: State, release: Release): boolean {
  const current = latestCertificate(state, release.model)?.release;
  if (current === undefined) return release.serial === 1 && release.replaces === null;
  return release.serial === current.serial + 1 && release.replaces === current.certificate;
}

function withoutQuorum(state: State, proposal: Proposal): Refusal | undefined {
  const { release } = proposal;
  const floor = state.root?.body.floors[release.stage];
  if (floor === undefined) return refuse("quorum_missing", `The trust root has no floor for stage ${release.stage}.`);
  const persons = supporters(state, proposal);
  const missing = missingSeats(floor, persons);
  if (missing.length > 0) {
    const needs = missing.map(({ role }) => role);
    return refuse("quorum_missing", `Sign-offs are missing for ${release.stage}: ${needs.join(", ")}.`, needs);
  }
  const needed = stopsEnded(release).length > 0 ? personsNeeded(state) : 1;
  if (persons.length < needed) {
    const what = release.answers.length > 0 ? "A hold is answered" : "A restriction is lifted";
    return refuse("quorum_missing", `${what} by two persons, whatever the stage.`, ["person"]);
  }
  const isAlone = persons.length === 1;
  return isAlone === release.oneSigner ? undefined : markWrong(isAlone);
}

function markWrong(isAlone: boolean): Refusal {
  return isAlone
    ? refuse("quorum_missing", "This proposal says several persons stand behind it, and one signed.", ["person"])
    : refuse(
        "conflict",
        "This proposal is marked as one signer's, and several signed. Propose again without the mark.",
      );
}

function answer(state: State, hold: Release["answers"][number], release: Release): void {
  const models = state.answered.get(hold) ?? new Map<Release["model"], Release["certificate"]>();
  state.answered.set(hold, models.set(release.model, release.certificate));
}

/**
 * Never refused for its id: whoever saw somebody's hold on its way could else take the id first, for another model. Two
 * holds of one id hold what both hold, or everything, and a certificate that answered the earlier one answers neither.
 * A hold on an organisation or a key suspends it.
 */
export const hold: Rule<"hold"> = (state, act, context): Refusal | Change => {
  const { body, at } = act.predicate;
  const { scope } = body;
  const unheld = notInSession(state, body.session, context);
  if (unheld !== undefined) return unheld;
  if (scope.kind === "organisation" || scope.kind === "key") {
    const stop =
      scope.kind === "organisation"
        ? stopOrganisation(state, scope.organisation, { at, index: context.index })
        : stopKey(state, { key: scope.key, forGood: false }, { at, index: context.index });
    if (stop.kind === "refused") return stop;
    return change(() => {
      stop.commit();
      state.heldCallers.set(act.digest, { hold: body.hold, scope, at, index: context.index });
    });
  }
  const earlier = state.holds.get(body.hold);
  const isWider = earlier !== undefined && !isSameScope(earlier.scope, scope);
  const held: ReleaseScope = isWider ? { kind: "everything" } : scope;
  return change(() => {
    state.holds.set(body.hold, { hold: body.hold, scope: held, at, reason: body.reason, index: context.index });
    state.answered.delete(body.hold);
    endGlasses(state, held, { hold: body.hold, at, index: context.index });
  });
};

/** A hold that names a session is the control plane's word that this person, signed in, wanted it: whoever may hold may so. */
function notInSession(state: State, session: BodyOf<"hold">["session"], { persons }: Context): Refusal | undefined {
  if (session === undefined) return undefined;
  if (persons.length > 0)
    return refuse("statement_invalid", "Only the control plane's key names a session in a hold; sign it without.");
  const person = state.persons.get(session.person);
  if (person?.suspended === false && anyRoleButAuditor.includes(person.role)) return undefined;
  return refuse("authority_missing", "A session holds for an admitted person whose role may hold.");
}
