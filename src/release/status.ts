// Where a model stands and what is still to be shown for its next stage: the view of `release status`, of the transparency
// page and of the console, worked out anew from the fold each time.
import type { Limit, Release } from "../acts/bodies.ts";
import { isOnCallers, scopeInWords } from "../acts/hold-scope.ts";
import { standingGlass, unreviewed } from "../acts/rules/break-glass.ts";
import {
  type Incident,
  type Lapsed,
  type Proposal,
  type SignOff,
  type State,
  holdsOn,
  latestCertificate,
} from "../acts/state.ts";
import { type Standing, standing } from "../exposure/exposure.ts";
import { type Renewal, renewalOf } from "../exposure/renewal.ts";
import {
  type Configuration,
  type Lacking,
  behind,
  candidate,
  configurationOf,
  missingSignOffs,
  stageOf,
} from "../gates/draft.ts";
import type { GateVerdict, Judgement, RequirementJudgement, TierJudgement } from "../gates/judgement.ts";
import { type ReleasePlan, suitesOf } from "../gates/plan-document.ts";
import { givenSignOffs } from "../gates/assess.ts";
import { fillsSeat } from "../gates/requirements/sign-offs.ts";
import { Failure } from "../terms/failure.ts";
import {
  type CertificateId,
  type Digest,
  type GlassId,
  type HoldId,
  type Instant,
  type Name,
  type ProposalId,
  type Timestamp,
  instantOf,
  timestampOf,
} from "../terms/ids.ts";
import { type Mode, type OpenStage, type Stage, compareStages, modeOf } from "../terms/stage.ts";
import type { ObservedAs, ObservedSum } from "./observed.ts";
import { type StageModes, modesAtStage } from "../terms/stage-modes.ts";
import { type Served, servedOf } from "./served.ts";
import type { Rejudged } from "./rejudge.ts";
import { type Waiting, waitingOf } from "./waiting.ts";
import { type Records, candidatePlan, judgeFrom, readModes, readPlan } from "./records.ts";

export interface Status {
  readonly model: Name;
  readonly stage: Stage;
  readonly certified:
    | ({
        readonly certificate: CertificateId;
        readonly stage: OpenStage;
        readonly since: Timestamp;
        readonly validUntil: Timestamp;
        readonly oneSigner: boolean;
        readonly mode: Mode;
        readonly identityBasis: Release["identityBasis"];
      } & Served &
        Renewal)
    | null;
  /** In observe mode, and for those who may read: what it came to lately. */
  readonly observed: ObservedSum | null;
  /** Sides on which what is certified stops nothing for some callers. */
  readonly unstopped: StageModes["unstopped"];
  /** For those who may read: modes of what is certified, and what its safeguards in shadow would have stopped lately. */
  readonly safeguards: StageModes | null;
  readonly shadow: ObservedSum | null;
  readonly closed: string | null;
  /** Where what is certified lapsed because its gate passes no more. */
  readonly lapsed: Omit<Lapsed, "index"> | null;
  /** Whether what is certified would pass its gate now, as far as it was judged again; with what stands against it. */
  readonly rejudged: { readonly verdict: GateVerdict; readonly open: readonly Name[]; readonly at: Timestamp } | null;
  /** With the stage, or with the callers of every model in words, where not all of this one is held. */
  readonly holds: {
    readonly hold: HoldId;
    readonly at: Timestamp;
    readonly stage?: OpenStage;
    readonly callers?: string;
  }[];
  /** The last one that goes on over holds, or that nobody has reviewed yet. */
  readonly breakGlass: BreakGlassStanding | null;
  readonly restrictions: {
    readonly restriction: HoldId;
    readonly limit: Limit;
    readonly at: Timestamp;
    /** It stands for longer than anybody should have to do without a look at it. */
    readonly reviewDue: boolean;
  }[];
  /** Open ones on the model or on all. */
  readonly incidents: Pick<Incident, "incident" | "severity" | "at">[];
  readonly next: OpenStage | null;
  readonly verdict: GateVerdict | null;
  readonly tier: { readonly tier: number; readonly rules: TierJudgement["rules"][number][] } | null;
  readonly requirements: (Omit<RequirementJudgement, "stillToShow"> & {
    readonly stillToShow: string;
    /** Null where it passes. */
    readonly waiting: Waiting | null;
  })[];
  readonly proposals: {
    readonly proposal: ProposalId;
    readonly stage: OpenStage;
    readonly mode: Mode;
    readonly digest: Digest;
    readonly signOffs: SignOffView[];
    readonly certified: boolean;
    /** Whether it can still be signed and advanced. */
    readonly waiting: boolean;
    /** Whether it is about what was applied last, or about what is certified: another one answers a question of before. */
    readonly current: boolean;
    readonly decideBy: Timestamp;
    readonly answers: readonly HoldId[];
    readonly lifts: readonly HoldId[];
    /** Whose sign-offs a waiting one still lacks; null where its plan cannot be read. */
    readonly needs: readonly Lacking[] | null;
    /** For those who may read: the modes it would have. */
    readonly safeguards: StageModes | null;
  }[];
  readonly ledgerSize: number;
}

/** With where the key was made that signed it, as far as the ledger says. */
type SignOffView = Pick<SignOff, "person" | "role" | "verdict"> & { readonly madeIn: SignOff["madeIn"] | null };

interface BreakGlassStanding {
  readonly glass: GlassId;
  readonly holds: readonly HoldId[];
  readonly since: Timestamp;
  readonly until: Timestamp;
  /** Whether it goes on now. */
  readonly open: boolean;
  /** The hold that ended it. */
  readonly endedBy: HoldId | null;
}

/** Proposals shown, newest first. */
const proposalsMax = 20;

/** A restriction that stands for longer than three days is to be looked at again, in milliseconds. */
const restrictionReviewMs = 72 * 3_600_000;

export interface StatusAsked {
  readonly state: State;
  readonly model: Name;
  readonly at: Instant;
  readonly ledgerSize: number;
  /** The stage whose gate is asked for; the next one where it is not given. */
  readonly gate?: OpenStage | undefined;
  /** What the certificate of a model came to when it was judged again. */
  readonly rejudged?: ((model: Name) => Rejudged | undefined) | undefined;
  /** Where counts of observe mode are to be shown: they tell volumes, so not to everybody. */
  readonly observed?: ((as: ObservedAs, at: Instant) => Promise<ObservedSum>) | undefined;
}

/** Fails with model_unknown where nobody applied such a model. */
export async function statusOf(records: Records, asked: StatusAsked): Promise<Status> {
  const { state, model, at } = asked;
  if (state.documents.get("Model")?.has(model) !== true) {
    throw new Failure("model_unknown", `There is no model "${model}" here.`);
  }
  const now = standing(state, model, { at, early: [] });
  const plan = await candidatePlan(records, state, model);
  const next = askedStage(asked, plan, now);
  const judged = await judgeNext(records, { ...asked, plan, next });
  const certified = certifiedOf(state, model, at);
  return {
    model,
    stage: now.kind === "open" ? now.stage : "withheld",
    certified,
    ...(await guardedOf(records, certified, asked)),
    closed: now.kind === "closed" ? now.reason : null,
    ...judgedAgain(asked),
    holds: holdsOn(state, model).map(({ hold, at: since, scope }) => ({
      hold,
      at: since,
      ...(scope.kind === "stage" ? { stage: scope.stage } : {}),
      ...(isOnCallers(scope) ? { callers: scopeInWords(scope) } : {}),
    })),
    breakGlass: breakGlassOf(state, model, at),
    restrictions: [...state.restrictions.values()]
      .filter((restriction) => restriction.model === model)
      .map(({ hold, limit, at: since }) => ({
        restriction: hold,
        limit,
        at: since,
        reviewDue: at - instantOf(since) > restrictionReviewMs,
      })),
    incidents: [...state.incidents.values()]
      .filter((one) => one.state === "open" && (one.model === null || one.model === model))
      .map(({ incident, severity, at: since }) => ({ incident, severity, at: since })),
    next: next ?? null,
    ...judgedOf(judged, asked),
    proposals: await proposalViews(records, asked),
    ledgerSize: asked.ledgerSize,
  };
}

function breakGlassOf(state: State, model: Name, at: Instant): BreakGlassStanding | null {
  const last = unreviewed(state, model);
  if (last === undefined) return null;
  const { glass, holds, at: since, notAfter: until, ended } = last;
  const open = standingGlass(state, model, at) !== undefined;
  return { glass, holds, since, until, open, endedBy: ended?.hold ?? null };
}

/** Fails with not_found where the plan has no such stage, or there is no plan. */
function askedStage({ gate, model }: StatusAsked, plan: ReleasePlan | undefined, now: Standing): OpenStage | undefined {
  if (gate === undefined) return plan === undefined ? undefined : nextStage(plan, now);
  if (plan === undefined)
    throw new Failure("not_found", `There is no release plan of ${model}. Apply its document first.`);
  return stageOf(plan, gate).stage;
}

function judgedAgain({ state, model, rejudged }: StatusAsked): Pick<Status, "lapsed" | "rejudged"> {
  const certificate = latestCertificate(state, model)?.release.certificate;
  const lapsed = certificate === undefined ? undefined : state.lapsed.get(certificate);
  const again = rejudged?.(model);
  const isOfThis = again?.certificate === certificate;
  return {
    lapsed: lapsed === undefined ? null : { verdict: lapsed.verdict, requirements: lapsed.requirements, at: lapsed.at },
    rejudged:
      again === undefined || !isOfThis ? null : { verdict: again.verdict, open: again.open, at: timestampOf(again.at) },
  };
}

interface JudgedNext {
  readonly judgement: Judgement;
  readonly plan: ReleasePlan;
  readonly proposal: Proposal | undefined;
}

function judgedOf(
  judged: JudgedNext | undefined,
  { state, at }: StatusAsked,
): Pick<Status, "verdict" | "tier" | "requirements"> {
  if (judged === undefined) return { verdict: null, tier: null, requirements: [] };
  const { verdict, tier, requirements } = judged.judgement;
  const asked = { state, at, plan: judged.plan, proposal: judged.proposal };
  return {
    verdict,
    tier: tier === undefined ? null : { tier: tier.tier, rules: [...tier.rules] },
    requirements: requirements.map((one) => ({
      ...one,
      stillToShow: one.stillToShow ?? "",
      waiting: waitingOf(one, asked),
    })),
  };
}

/** Of what is certified: its mode, those of its safeguards, and what came of them. */
async function guardedOf(
  records: Records,
  certified: Status["certified"],
  asked: StatusAsked,
): Promise<Pick<Status, "observed" | "unstopped" | "safeguards" | "shadow">> {
  const modes = await modesOf(records, latestCertificate(asked.state, asked.model)?.release);
  return {
    observed: certified?.mode === "observe" ? await sumOf("observe", asked) : null,
    unstopped: modes?.unstopped ?? [],
    safeguards: forReaders(modes, asked),
    shadow: isInShadow(modes) ? await sumOf("shadow", asked) : null,
  };
}

async function sumOf(as: ObservedAs, { at, observed }: StatusAsked): Promise<ObservedSum | null> {
  return observed === undefined ? null : observed(as, at);
}

/** Which safeguards, and for whom, is not for everybody: it tells who is guarded less. */
function forReaders(modes: StageModes | null, { observed }: StatusAsked): StageModes | null {
  return observed === undefined ? null : modes;
}

/** Null where the document is gone: then nothing is shown as if it were known. */
async function modesOf(records: Records, release: Release | undefined): Promise<StageModes | null> {
  if (release === undefined) return null;
  try {
    return modesAtStage(await readModes(records, release.digests.safeguards), release.stage);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function isInShadow(safeguards: StageModes | null): boolean {
  return safeguards?.modes.some(({ cases }) => cases.some(({ mode }) => mode === "shadow")) === true;
}

function certifiedOf(state: State, model: Name, at: Instant): Status["certified"] {
  const latest = latestCertificate(state, model);
  if (latest === undefined) return null;
  const { certificate, stage, notAfter, oneSigner, identityBasis } = latest.release;
  const until = { validUntil: notAfter, ...renewalOf(latest.release, at) };
  return {
    certificate,
    stage,
    since: latest.at,
    ...until,
    oneSigner,
    mode: modeOf(latest.release),
    identityBasis,
    ...servedOf(state, latest, at),
  };
}

/** The first stage of the plan beyond what is certified; the certified one again where its certificate no longer holds. */
function nextStage(plan: ReleasePlan, now: Standing): OpenStage | undefined {
  const isCertified = now.kind === "open" || now.reason === "held" || now.reason === "not-yet";
  const reached: Stage = isCertified ? now.stage : "withheld";
  return plan.stages
    .map(({ stage }) => stage)
    .toSorted(compareStages)
    .find((stage) => compareStages(stage, reached) > 0);
}

interface NextStage {
  readonly plan: ReleasePlan | undefined;
  readonly next: OpenStage | undefined;
}

async function judgeNext(
  records: Records,
  { state, at, gate, plan, next }: StatusAsked & NextStage,
): Promise<JudgedNext | undefined> {
  if (plan === undefined || next === undefined) return undefined;
  try {
    const configuration = configurationOf(state, plan, "candidate");
    const proposal = proposalFor(state, { plan, next, configuration, isAsked: gate !== undefined });
    const release = proposal?.release;
    const judgement = await judgeFrom(records, { state, plan, stage: next, configuration, release, proposal, at });
    return { judgement, plan, proposal };
  } catch (error) {
    // A document or its content is missing: nothing can be judged, and nothing is shown as if it were.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** The newest proposal for this stage and the candidate: one that is still open, or any where this gate was asked for. */
function proposalFor(
  state: State,
  wanted: {
    readonly plan: ReleasePlan;
    readonly next: OpenStage;
    readonly configuration: Configuration;
    readonly isAsked: boolean;
  },
): Proposal | undefined {
  return proposalsOn(state, wanted.plan.model).find(
    ({ release, certified }) =>
      (certified ? wanted.isAsked : namesSuites(state, wanted.plan, release)) &&
      isSameConfiguration(release.digests, wanted.configuration) &&
      release.stage === wanted.next,
  );
}

/** Whether a release names the suites that its stage asks for as they were applied last: evidence on others is not in it. */
function namesSuites(state: State, plan: ReleasePlan, { stage, digests }: Release): boolean {
  const asked = plan.stages.some((known) => known.stage === stage) ? suitesOf(stageOf(plan, stage)) : [];
  return asked.every((name) => digests.suites.includes(candidate(state, "Suite", name)));
}

function isSameConfiguration(one: Configuration, other: Configuration): boolean {
  return (
    one.model === other.model &&
    one.safeguards === other.safeguards &&
    one.policy === other.policy &&
    one.plan === other.plan
  );
}

/** Newest first. */
function proposalsOn(state: State, model: Name): readonly Proposal[] {
  return [...state.proposals.values()]
    .filter(({ release }) => release.model === model)
    .toSorted((one, other) => other.index - one.index);
}

async function proposalViews(records: Records, asked: StatusAsked): Promise<Status["proposals"]> {
  const shown = proposalsOn(asked.state, asked.model).slice(0, proposalsMax);
  return Promise.all(shown.map(async (proposal) => proposalView(records, proposal, asked)));
}

async function proposalView(
  records: Records,
  proposal: Proposal,
  asked: StatusAsked,
): Promise<Status["proposals"][number]> {
  const { release, digest, signOffs, certified } = proposal;
  const { state, at } = asked;
  const waiting = isWaiting(state, proposal, at);
  return {
    proposal: release.proposal,
    stage: release.stage,
    mode: modeOf(release),
    digest,
    signOffs: [...signOffs.values()].map(({ person, role, verdict, madeIn = null }) => ({
      person,
      role,
      verdict,
      madeIn,
    })),
    certified,
    waiting,
    current: (await isCurrent(records, state, release)) && (await asksAsNow(records, state, release)),
    decideBy: release.decideBy,
    answers: release.answers,
    lifts: release.lifts ?? [],
    needs: waiting ? await needsOf(records, asked, proposal) : [],
    safeguards: waiting ? forReaders(await modesOf(records, release), asked) : null,
  };
}

/** It can still become the next certificate: not outrun by another one, and its time to decide is not over. */
function isWaiting(state: State, { release, certified }: Proposal, at: Instant): boolean {
  const serial = latestCertificate(state, release.model)?.release.serial ?? 0;
  return !certified && release.serial === serial + 1 && instantOf(release.decideBy) > at;
}

/** Whether a release is about what was applied last, or about what is certified. */
export async function isCurrent(records: Records, state: State, release: Release): Promise<boolean> {
  const plan = await candidatePlan(records, state, release.model);
  return (["candidate", "in-force"] as const).some((slot) => {
    try {
      return plan !== undefined && isSameConfiguration(release.digests, configurationOf(state, plan, slot));
    } catch (error) {
      if (error instanceof Failure) return false;
      throw error;
    }
  });
}

/** What is certified may be proposed again for its stage by the suites that it was certified by. */
async function asksAsNow(records: Records, state: State, release: Release): Promise<boolean> {
  const now = latestCertificate(state, release.model)?.release;
  if (now?.stage === release.stage && now.digests.suites.join() === release.digests.suites.join()) return true;
  const plan = await candidatePlan(records, state, release.model);
  return plan !== undefined && namesSuites(state, plan, release);
}

async function needsOf(
  records: Records,
  { state, at }: Pick<StatusAsked, "state" | "at">,
  proposal: Proposal,
): Promise<readonly Lacking[] | null> {
  const { release } = proposal;
  try {
    const plan = await readPlan(records, release.digests.plan);
    const signed = new Map(givenSignOffs(state, proposal).map((one) => [one.person, one]));
    const fills: Parameters<typeof missingSignOffs>[2]["fills"] = (requirement, person) => {
      const one = signed.get(person);
      return one !== undefined && fillsSeat(requirement, one, at);
    };
    const given = { ...behind(state, proposal), fills };
    return missingSignOffs(state, stageOf(plan, release.stage), given);
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
