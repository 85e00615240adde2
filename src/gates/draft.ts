// A proposal is an unsigned certificate: here it is written down from the plan and the fold, by the client that will sign
// it, and here the control plane and outsiders see whether a proposal says what the plan says. Pure.
import type { Release, Slot } from "../acts/bodies.ts";
import { personsNeeded } from "../acts/rules/people.ts";
import { missingSeats, supporters } from "../acts/rules/release.ts";
import { stopsEnded } from "../acts/rules/restriction.ts";
import { type Evidence, type Person, type Proposal, type State, latestCertificate } from "../acts/state.ts";
import { Failure } from "../terms/failure.ts";
import {
  type CertificateId,
  type Digest,
  type HoldId,
  Instant,
  type Name,
  type PersonId,
  type ProposalId,
  instantOf,
  timestampOf,
} from "../terms/ids.ts";
import type { Role, Seat } from "../terms/role.ts";
import { type OpenStage, compareStages, modeOf } from "../terms/stage.ts";
import { type SignOffs, seatsFilled } from "./requirements/sign-offs.ts";
import { type ReleasePlan, type StagePlan, type TieredStage, suitesOf, tieredStages } from "./plan-document.ts";

/** Days that a board has to decide on a proposal. */
const decideDays = 14;

const dayMs = 86_400_000;

/** A suite and its grader, as applied. */
export interface SuiteDigests {
  readonly name: Name;
  readonly suite: Digest;
  readonly grader: Digest;
}

/** What is to be let out: the served configuration and the plan it is judged by. */
export interface Configuration {
  readonly model: Digest;
  readonly safeguards: Digest;
  readonly policy: Digest;
  readonly plan: Digest;
}

/**
 * The configuration in a slot of `model`: what was applied last, or what the latest certificate pins.
 * Fails with not_found where there is none. `plan` is the plan document of that slot.
 */
export function configurationOf(state: State, plan: ReleasePlan, slot: Slot): Configuration {
  if (slot === "in-force") {
    const current = latestCertificate(state, plan.model)?.release.digests;
    if (current === undefined) throw new Failure("not_found", `No certificate was ever given for ${plan.model}.`);
    return { model: current.model, safeguards: current.safeguards, policy: current.policy, plan: current.plan };
  }
  return {
    model: candidate(state, "Model", plan.model),
    safeguards: candidate(state, "Safeguards", plan.safeguards),
    policy: candidate(state, "UsagePolicy", plan.policy),
    plan: candidate(state, "ReleasePlan", plan.model),
  };
}

/** Digest of the document applied last under this name. Fails with not_found. */
export function candidate(
  state: State,
  kind: "Model" | "Safeguards" | "UsagePolicy" | "ReleasePlan" | "Suite",
  name: Name,
): Digest {
  const applied = state.documents.get(kind)?.get(name);
  if (applied === undefined) throw new Failure("not_found", `There is no ${kind} "${name}". Apply its document first.`);
  return applied.candidate;
}

/** The stage of the plan. Fails with not_found, naming the stages there are. */
export function stageOf(plan: ReleasePlan, stage: OpenStage): TieredStage {
  const found = tieredStages(plan).find((known) => known.stage === stage);
  if (found !== undefined) return found;
  const known = plan.stages.map((one) => one.stage).join(", ");
  throw new Failure("not_found", `The release plan of ${plan.model} has no stage ${stage}; it has: ${known}.`);
}

export interface DraftWish {
  readonly state: State;
  readonly plan: ReleasePlan;
  readonly stage: OpenStage;
  readonly at: Instant;
  readonly ids: { readonly proposal: ProposalId; readonly certificate: CertificateId };
  /** Commitment to the reason. */
  readonly reason: Digest;
  readonly identityBasis: Release["identityBasis"];
  /** At least the suites that the stage asks for. */
  readonly suites: readonly SuiteDigests[];
  readonly answers?: readonly HoldId[];
  /** Restrictions to lift. */
  readonly lifts?: readonly HoldId[];
  /** `in-force` proposes again what the latest certificate pins, to its own end: a resume. Default: the candidate. */
  readonly slot?: Slot;
}

/** The proposal for `stage`. Fails with not_found where a document or the stage is missing. */
export function draftRelease(wish: DraftWish): Release {
  const { state, plan, at } = wish;
  const ended = endedBy(wish);
  const stagePlan = stageOf(plan, wish.stage);
  const suites = wantedSuites(stagePlan, wish.suites);
  const current = latestCertificate(state, plan.model)?.release;
  const configuration = configurationOf(state, plan, wish.slot ?? "candidate");
  const notAfter = endOf(wish, stagePlan, current);
  const decideBy = Instant.parse(Math.min(at + decideDays * dayMs, instantOf(notAfter)));
  return {
    proposal: wish.ids.proposal,
    certificate: wish.ids.certificate,
    model: plan.model,
    stage: wish.stage,
    digests: {
      ...configuration,
      suites: suites.map(({ suite }) => suite).toSorted(),
      graders: [...new Set(suites.map(({ grader }) => grader))].toSorted(),
      evidence: usableEvidence(state, configuration, suites).map(({ act }) => act),
    },
    identityBasis: wish.identityBasis,
    audience: [...audienceUpTo(plan, wish.stage)],
    conditions: stagePlan.conditions ?? {},
    oneSigner: isOneSigner(state, stagePlan, stopsEnded(ended)),
    ...modeIn(stagePlan),
    notBefore: timestampOf(at),
    notAfter,
    decideBy: timestampOf(decideBy),
    trustVersion: state.root?.body.version ?? 1,
    serial: (current?.serial ?? 0) + 1,
    replaces: current?.certificate ?? null,
    ...ended,
    reason: wish.reason,
  };
}

function endedBy({ answers = [], lifts = [] }: DraftWish): Pick<Release, "answers" | "lifts"> {
  return { answers: [...answers], ...(lifts.length === 0 ? {} : { lifts: [...lifts] }) };
}

function modeIn(stagePlan: StagePlan): Pick<Release, "mode"> {
  return modeOf(stagePlan) === "observe" ? { mode: "observe" } : {};
}

function endOf(wish: DraftWish, stagePlan: StagePlan, current: Release | undefined): Release["notAfter"] {
  const longest = timestampOf(Instant.parse(wish.at + stagePlan.certificate.validDays * dayMs));
  const isResume = wish.slot === "in-force" && current !== undefined;
  return isResume && current.notAfter < longest && instantOf(current.notAfter) > wish.at ? current.notAfter : longest;
}

/** The suites a stage asks evidence of. Fails with not_found for one that is not among `known`. */
export function wantedSuites<S extends SuiteDigests>(stagePlan: TieredStage, known: readonly S[]): readonly S[] {
  return suitesOf(stagePlan).map((name) => {
    const found = known.find((suite) => suite.name === name);
    if (found === undefined) throw new Failure("not_found", `There is no Suite "${name}". Apply its document first.`);
    return found;
  });
}

/** Evidence on record that counts for this configuration and these suites, in ledger order. */
function usableEvidence(
  state: State,
  configuration: Pick<Configuration, "model" | "safeguards" | "policy">,
  suites: readonly SuiteDigests[],
): readonly Evidence[] {
  return [...state.evidence.values()].filter(({ withdrawn, body: { digests } }) => {
    const isSame =
      digests.model === configuration.model &&
      digests.safeguards === configuration.safeguards &&
      digests.policy === configuration.policy;
    const isAsked = suites.some(({ suite, grader }) => suite === digests.suite && grader === digests.grader);
    return !withdrawn && isSame && isAsked;
  });
}

/** Who is admitted, per stage of the plan up to this one, first stage first. */
function audienceUpTo(plan: ReleasePlan, stage: OpenStage): Release["audience"] {
  return plan.stages
    .filter((known) => compareStages(known.stage, stage) <= 0)
    .toSorted((one, other) => compareStages(one.stage, other.stage))
    .map((known) => ({ stage: known.stage, types: known.audience.types }));
}

/** Whom a plan would have a stage opened to, and by how many: what a proposal for it would say. */
export function audienceOf(
  state: State,
  plan: ReleasePlan,
  stagePlan: StagePlan,
): Pick<Release, "stage" | "audience" | "oneSigner"> {
  const { stage } = stagePlan;
  return { stage, audience: audienceUpTo(plan, stage), oneSigner: isOneSigner(state, stagePlan, []) };
}

/** The seats that plan and trust root ask for together: per role the larger count. */
export function seatsOf(state: State, stagePlan: StagePlan): readonly Seat[] {
  const asked = stagePlan.requires.flatMap((requirement) => ("signOffs" in requirement ? requirement.signOffs : []));
  const floor = state.root?.body.floors[stagePlan.stage] ?? [];
  const [byPlan, byFloor] = [countsOf(asked), countsOf(floor)];
  return [...new Set([...byPlan.keys(), ...byFloor.keys()])].map((role) => ({
    role,
    count: Math.max(byPlan.get(role) ?? 0, byFloor.get(role) ?? 0),
  }));
}

/** Who stands behind a release, and what it ends. */
interface Behind {
  readonly ends: readonly HoldId[];
  readonly persons: readonly Person[];
  /** Whether a person's sign-off counts towards the seats of a requirement; where not given, each does. */
  readonly fills?: (requirement: SignOffs, person: PersonId) => boolean;
  /** Whether a person signed with a key of a browser; where not given, nobody did. */
  readonly isFromBrowser?: (person: PersonId) => boolean;
}

/** What a release still lacks: somebody of a role, a second person, or that a sign-off is given at the command line. */
export type Lacking = Role | "person" | "command-line";

/** Those who signed for a proposal and stand. */
export function behind(state: State, proposal: Proposal): Behind {
  return {
    ends: stopsEnded(proposal.release),
    persons: supporters(state, proposal),
    isFromBrowser: (person) => proposal.signOffs.get(person)?.madeIn === "browser",
  };
}

/**
 * Whose sign-offs a release still lacks, given who stands behind it: a role for each seat that is open, and "person" where
 * a hold or restriction ends and the seats alone would bring in one person only; "command-line" for each sign-off that has to be given
 * there and is not, by whoever of the seats: it asks for no further person.
 */
export function missingSignOffs(
  state: State,
  stagePlan: StagePlan,
  { ends, persons, fills = () => true, isFromBrowser = () => false }: Behind,
): readonly Lacking[] {
  const lacking = countsOf(missingSeats(seatsOf(state, stagePlan), persons));
  const counts = new Map(lacking);
  let atCommandLine = 0;
  for (const requirement of stagePlan.requires) {
    if (!("signOffs" in requirement)) continue;
    const seated = persons.filter(({ person }) => fills(requirement, person));
    for (const { role, count } of missingSeats(requirement.signOffs, seated))
      counts.set(role, Math.max(count, counts.get(role) ?? 0));
    const atBest = seatsFilled(
      requirement.signOffs,
      seated.filter(({ person }) => !isFromBrowser(person)),
    );
    atCommandLine = Math.max(atCommandLine, (requirement.cliKeys ?? 0) - atBest);
  }
  const missing = [...counts].flatMap(([role, count]) => Array.from({ length: count }, () => role));
  const needed = ends.length > 0 ? personsNeeded(state) : 1;
  const more = Math.max(0, needed - persons.length - missing.length);
  return [
    ...missing,
    ...Array.from({ length: more }, () => "person" as const),
    ...Array.from({ length: atCommandLine }, () => "command-line" as const),
  ];
}

function countsOf(seats: readonly Seat[]): ReadonlyMap<Seat["role"], number> {
  const counts = new Map<Seat["role"], number>();
  for (const { role, count } of seats) counts.set(role, count + (counts.get(role) ?? 0));
  return counts;
}

/** Whether one person's sign-off will do; ending a hold or a restriction takes as many as an admission. */
function isOneSigner(state: State, stagePlan: StagePlan, ends: readonly HoldId[]): boolean {
  if (ends.length > 0 && personsNeeded(state) > 1) return false;
  return seatsOf(state, stagePlan).reduce((sum, { count }) => sum + count, 0) <= 1;
}

/** What a proposal is held against: the plan it names and the documents that the plan names. */
export interface ReleaseFacts {
  readonly state: State;
  readonly plan: ReleasePlan;
  readonly identityBasis: Release["identityBasis"];
  readonly suites: readonly SuiteDigests[];
  /** Ledger index of the proposal: evidence from before it must be named in it. */
  readonly index: number;
}

/** Where a proposal says something else than its plan, in words; empty when it is as the plan has it. */
export function releaseProblems(release: Release, facts: ReleaseFacts): readonly string[] {
  const { plan, state } = facts;
  const stagePlan = tieredStages(plan).find((known) => known.stage === release.stage);
  if (plan.model !== release.model) return ["The plan it names is another model's."];
  if (stagePlan === undefined) return [`Its plan has no stage ${release.stage}.`];
  const suites = facts.suites.filter(({ name }) => suitesOf(stagePlan).includes(name));
  const claims: readonly (readonly [boolean, string])[] = [
    [isSameJson(release.audience, audienceUpTo(plan, release.stage)), "Its audience is not the plan's."],
    [isSameJson(release.conditions, stagePlan.conditions ?? {}), "Its conditions are not the plan's."],
    [modeOf(release) === modeOf(stagePlan), "Its mode is not the plan's."],
    [lifeDays(release) <= stagePlan.certificate.validDays, "It lasts longer than its plan allows."],
    [release.identityBasis === facts.identityBasis, "Its identity basis is not the model document's."],
    [suites.length === suitesOf(stagePlan).length, "A suite that its plan asks for is missing."],
    [
      isSameSet(
        release.digests.suites,
        suites.map(({ suite }) => suite),
      ),
      "Its suites are not the plan's.",
    ],
    [
      isSameSet(
        release.digests.graders,
        suites.map(({ grader }) => grader),
      ),
      "Its graders are not the suites'.",
    ],
    [
      wasApplied({ state, release }, "Safeguards", plan.safeguards),
      `Its safeguards were never applied as "${plan.safeguards}".`,
    ],
    [
      wasApplied({ state, release }, "UsagePolicy", plan.policy),
      `Its usage policy was never applied as "${plan.policy}".`,
    ],
    [
      release.oneSigner === isOneSigner(facts.state, stagePlan, stopsEnded(release)),
      "Its one-signer mark is not what the seats ask for.",
    ],
    [namesEvidence(release, suites, facts), "It leaves out evidence that was on record when it was proposed."],
  ];
  return claims.filter(([holds]) => !holds).map(([, problem]) => problem);
}

function wasApplied({ state, release }: Held, kind: "Safeguards" | "UsagePolicy", name: Name): boolean {
  const digest = kind === "Safeguards" ? release.digests.safeguards : release.digests.policy;
  return state.documents.get(kind)?.get(name)?.all.has(digest) === true;
}

interface Held {
  readonly state: State;
  readonly release: Release;
}

function namesEvidence(release: Release, suites: readonly SuiteDigests[], { state, index }: ReleaseFacts): boolean {
  const before = usableEvidence(state, release.digests, suites).filter((evidence) => evidence.index < index);
  return before.every(({ act }) => release.digests.evidence.includes(act));
}

function lifeDays(release: Release): number {
  return (instantOf(release.notAfter) - instantOf(release.notBefore)) / dayMs;
}

function isSameSet(one: readonly Digest[], other: readonly Digest[]): boolean {
  return isSameJson([...new Set(one)].toSorted(), [...new Set(other)].toSorted());
}

function isSameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
