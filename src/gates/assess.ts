// From the fold and what is kept beside it to a judgement: which permits count, what their runs pool to, who signed.
// Pure, so that the control plane at `advance` and an outsider with the bundle come to the same answer.
import type { Calibration, EvaluatedDigests, Permit } from "../acts/bodies.ts";
import type { Evidence, GivenPermit, Proposal, State } from "../acts/state.ts";
import type { Tally } from "../statistics/measure.ts";
import type { Digest, Instant, Name, PermitId, PersonId } from "../terms/ids.ts";
import { type Moded, modesFor, modesWord } from "../terms/safeguard-mode.ts";
import { type FailureKind, countedAs } from "../terms/trial.ts";
import type { OpenStage } from "../terms/stage.ts";
import { conflictsOf } from "./conflict.ts";
import { type Configuration, type SuiteDigests, stageOf, wantedSuites } from "./draft.ts";
import { judge } from "./judge.ts";
import type { GivenSignOff, Judgement, PairedMeasure, PooledMeasure, RegisteredRun } from "./judgement.ts";
import type { ReleasePlan } from "./plan-document.ts";
import { countedAgainst, touches } from "./alike.ts";
import { comparedOn, pairedClusters, permitsAgainst } from "./paired-evidence.ts";
import { type Pool, type SealedTry, type SeenReceipt, poolTrials } from "./pool.ts";
import { type PlannedRun, deviationsOf, isUsed } from "./registration.ts";

/** A suite as applied, with what pooling needs of it. */
export interface SuiteFacts extends SuiteDigests {
  readonly measure: Name;
  readonly failure: FailureKind;
  readonly items: readonly { readonly id: string; readonly cluster: string }[];
  /** Whether its requests are written as a run goes on. */
  readonly isAdaptive?: boolean;
  /** The calibration set that it pins, and its answers: that failed by the suite's measure, and that did not. */
  readonly calibration?: { readonly set: Digest; readonly failed: number; readonly clean: number };
  /** Other suites that may ask some of the same items, by the same grader and measure. */
  readonly alike?: ReadonlySet<Digest>;
}

type Asking = Pick<SuiteFacts, "suite" | "grader" | "alike">;

/** What is kept of a permit's exchanges beside the ledger. */
export interface RunFacts {
  /** The sealed samples; null where nothing was sealed, or the samples are gone. */
  readonly tries: readonly SealedTry[] | null;
  readonly receipts: readonly SeenReceipt[];
}

export interface AssessInput {
  readonly state: State;
  readonly plan: ReleasePlan;
  readonly stage: OpenStage;
  readonly configuration: Pick<Configuration, "model" | "safeguards" | "policy">;
  /** The chain of the configuration's safeguards, as far as modes go. */
  readonly chain: readonly Moded[];
  readonly suites: readonly SuiteFacts[];
  readonly runs: ReadonlyMap<PermitId, RunFacts>;
  /** Whose sign-offs count; undefined where nothing was proposed yet. */
  readonly proposal: Proposal | undefined;
  readonly at: Instant;
}

/** Judges a stage of the plan. Fails with not_found where the plan has no such stage or a suite is missing. */
export function assess(input: AssessInput): Judgement {
  const { state, configuration, at } = input;
  const stagePlan = stageOf(input.plan, input.stage);
  const suites = wantedSuites(stagePlan, input.suites);
  const pooled = suites.map((suite) => ({ suite, pools: poolsHere(input, suite) }));
  return judge(stagePlan, {
    digests: { ...configuration, suites },
    measures: pooled.flatMap(({ suite, pools }) => [...pools.map(({ measure }) => measure), ...declared(state, suite)]),
    pairs: pooled.flatMap(({ suite, pools }) => pairsOf(input, suite, pools)),
    signOffs: givenSignOffs(state, input.proposal, comparedRuns(input, suites)),
    facts: state.facts
      .filter(({ body: { model } }) => model === null || model === input.plan.model)
      .map(({ body: { fact }, at: when }) => ({ fact, at: when })),
    at,
  });
}

/** Permits under which this suite's items may have been asked of this model, whatever else they named. */
export function permitsOf(state: State, { suite, grader, alike }: Asking, model: Name): readonly GivenPermit[] {
  const isAlike = ({ digests }: Permit): boolean => alike?.has(digests.suite) === true && digests.grader === grader;
  return [...state.permits.values()].filter(
    (permit) => permit.model === model && (permit.digests.suite === suite || isAlike(permit)),
  );
}

/** The runs of other systems that the stage compares the released one with. */
function comparedRuns(
  { state, plan, stage, configuration }: AssessInput,
  suites: readonly SuiteFacts[],
): readonly GivenPermit[] {
  return suites.flatMap((suite) =>
    comparedOn(stageOf(plan, stage), suite).flatMap((against) =>
      permitsAgainst(state, against, { suite, released: configuration }),
    ),
  );
}

/** Permits whose runs the judgement reads: those of the model on this suite, and those of systems that it is compared with. */
export function permitsRead(
  input: Pick<AssessInput, "state" | "plan" | "stage" | "configuration">,
  suite: SuiteDigests & Asking,
): readonly GivenPermit[] {
  const { state, plan, stage, configuration } = input;
  const compared = comparedOn(stageOf(plan, stage), suite).flatMap((against) =>
    permitsAgainst(state, against, { suite, released: configuration }),
  );
  return [...new Set([...permitsOf(state, suite, plan.model), ...compared])];
}

function pairsOf(input: AssessInput, suite: SuiteFacts, pools: readonly Pool[]): readonly PairedMeasure[] {
  const { state, plan, stage, configuration } = input;
  const ours = pools.find(
    ({ measure }) =>
      measure.otherModes !== true &&
      isReleased(measure.digests, configuration) &&
      measure.digests.grader === suite.grader,
  );
  if (ours === undefined) return [];
  return comparedOn(stageOf(plan, stage), suite).flatMap((against) => {
    // Made for callers who are guarded otherwise, it would be compared with another stage.
    const permits = permitsAgainst(state, against, { suite, released: configuration }).filter(
      (permit) => !hasOtherModes(input, suite, permit),
    );
    const [first] = permits;
    const theirs =
      first === undefined
        ? undefined
        : poolTrials(
            suite,
            first.digests,
            permits.map((permit) => runOf(input, suite, permit)),
          );
    if (theirs === undefined) return [];
    return [{ suite: suite.name, measure: suite.measure, against, ...pairedClusters(suite, ours, theirs) }];
  });
}

/** Whether it is of these safeguards, under other modes than callers of the stage get. */
function hasOtherModes(input: AssessInput, suite: SuiteFacts, permit: Permit): boolean {
  return isOurs(input, permit) && modesOf(input, suite, permit.stage) !== modesOf(input, suite, input.stage);
}

function isReleased(digests: EvaluatedDigests, { model, safeguards, policy }: AssessInput["configuration"]): boolean {
  return digests.model === model && digests.safeguards === safeguards && digests.policy === policy;
}

function poolsHere(input: AssessInput, suite: SuiteFacts): readonly Pool[] {
  const permits = permitsOf(input.state, suite, input.plan.model);
  const ofSuite = (permit: GivenPermit): string =>
    poolKey(input, suite, { ...permit, digests: { ...permit.digests, suite: suite.suite } });
  return [...Map.groupBy(permits, ofSuite).values()].flatMap((group) => {
    const first = group.find(({ digests }) => digests.suite === suite.suite);
    const pool = first === undefined ? undefined : poolOf(input, suite, group);
    if (first === undefined || pool === undefined) return [];
    const { trials, measure } = pool;
    return [
      { trials, measure: hasOtherModes(input, suite, first) ? { ...measure, otherModes: true as const } : measure },
    ];
  });
}

/** Of permits that are pooled: what its own runs come to, with what came out badly in those of other suites. */
function poolOf(input: AssessInput, suite: SuiteFacts, group: readonly GivenPermit[]): Pool | undefined {
  const items = new Set(suite.items.map(({ id }) => id));
  const isOwn = ({ registered }: PlannedRun): boolean => registered.digests.suite === suite.suite;
  const all = group.map((permit) => runOf(input, suite, permit));
  const runs = all.filter(isOwn);
  const elsewhere = all.filter((run) => !isOwn(run) && touches(run, items));
  const first = runs.find(isUsed);
  if (first === undefined) return undefined;
  const pool = poolTrials(suite, first.registered.digests, [
    ...runs,
    ...elsewhere.map((run) => countedAgainst(run, items)),
  ]);
  if (pool === undefined) return undefined;
  const outsiders = outsidersOf(input, suite, runs);
  // Probes are of what is released already: they count, and are nobody's plan to show what a release is to rest on.
  const planned = runs.filter(({ registered }) => registered.probe === undefined);
  const calibration = calibrationOf(input.state, suite, new Set(pool.measure.permits));
  const measure = {
    ...pool.measure,
    ...(calibration === undefined ? {} : { calibration }),
    runs: planned.filter(isUsed).map((run) => registeredRun(run, [...planned, ...elsewhere], suite)),
    ...(elsewhere.length === 0 ? {} : { elsewhere: elsewhere.map(({ registered }) => registered.run) }),
    ...(outsiders === undefined ? {} : { outsiders }),
  };
  return { trials: pool.trials, measure };
}

/** What the runs' evidence says of their grader, where it is about the set that the suite pins, all of it: of each share the worst. */
function calibrationOf(state: State, suite: SuiteFacts, permits: ReadonlySet<PermitId>): Calibration | undefined {
  const { calibration: pinned } = suite;
  if (pinned === undefined) return undefined;
  const stated = [...state.evidence.values()]
    .filter(({ body, withdrawn }) => !withdrawn && body.permit !== null && permits.has(body.permit))
    .flatMap(({ body }) => (body.grading === undefined ? [] : [body.grading.calibration]))
    .filter(
      ({ set, sensitivity, specificity }) =>
        set === pinned.set && sensitivity.of === pinned.failed && specificity.of === pinned.clean,
    );
  if (stated.length === 0) return undefined;
  return {
    set: pinned.set,
    sensitivity: { hits: Math.min(...stated.map(({ sensitivity }) => sensitivity.hits)), of: pinned.failed },
    specificity: { hits: Math.min(...stated.map(({ specificity }) => specificity.hits)), of: pinned.clean },
  };
}

function registeredRun(run: PlannedRun, others: readonly PlannedRun[], suite: SuiteFacts): RegisteredRun {
  const { permit, registered } = run;
  return { permit, run: registered.run, plan: registered.plan, deviations: deviationsOf(run, others, suite) };
}

/** What evaluators outside the operator come to by themselves, by the runs that they registered, sealed and stand by. */
function outsidersOf(
  { state }: AssessInput,
  suite: SuiteFacts,
  runs: readonly PlannedRun[],
): PooledMeasure["outsiders"] {
  const theirs = runs.filter(
    ({ registered, sealed }) =>
      sealed?.withdrawn === false && isOutside(state, registered) && isOfOneHouse(state, registered.by, sealed.by),
  );
  const [first] = theirs;
  const measure = first === undefined ? undefined : poolTrials(suite, first.registered.digests, theirs)?.measure;
  if (measure === undefined) return undefined;
  const { tally, rule, permits } = measure;
  return { runs: permits.length, tally, ...(rule === undefined ? {} : { rule }) };
}

/** What tells runs of one suite and model apart that are pooled: the configuration whose chain is known here. */
export interface Pooling extends Pick<AssessInput, "state" | "chain" | "runs"> {
  readonly configuration: Pick<Configuration, "safeguards">;
}

/** The same for permits whose runs are pooled: of the same digests, and made under the same modes, for whatever stage. */
export function poolKey(pooling: Pooling, suite: Pick<SuiteFacts, "failure">, permit: Permit): string {
  const modes = isOurs(pooling, permit) ? modesOf(pooling, suite, permit.stage) : null;
  return JSON.stringify([sorted(permit.digests), modes]);
}

function isOurs({ configuration }: Pick<Pooling, "configuration">, { digests }: Permit): boolean {
  return digests.safeguards === configuration.safeguards;
}

/**
 * The modes of an evaluation for a stage. They are what its callers get: of several types of caller the mildest, where the
 * suite measures what gets through, and the strictest, where it measures what is refused. Evidence that was made under any
 * other ones may be of a stage that is guarded better, or worse.
 */
function modesOf(
  { chain }: Pick<Pooling, "chain">,
  { failure }: Pick<SuiteFacts, "failure">,
  stage: OpenStage | undefined,
): string {
  return modesFor(chain, { kind: "evaluation", failure, stage }).join();
}

/** What a suite's document says that a run of it is held against. */
export interface AboutSuite extends Pick<SuiteFacts, "failure" | "isAdaptive"> {
  /** The calibration set that it pins, where it has one. */
  readonly calibration?: { readonly set: Digest } | undefined;
}

/** A permit's run as it is pooled. */
export function runOf(input: Pooling, suite: AboutSuite, permit: GivenPermit): PlannedRun {
  const { state, runs, chain } = input;
  const { failure, calibration } = suite;
  const facts = runs.get(permit.permit) ?? noFacts;
  const run = plannedRun(state, permit, { ...facts, failure, calibration: calibration?.set });
  // What was asked under it was not what the suite asks: what came out well says nothing.
  if ((permit.adaptive !== undefined) !== (suite.isAdaptive === true)) return { ...run, hasItsModes: () => false };
  if (!isOurs(input, permit) || chain.every(({ except }) => except === undefined)) return run;
  const asked = { kind: "evaluation", failure, stage: permit.stage } as const;
  const word = modesWord(modesFor(chain, asked));
  return { ...run, hasItsModes: ({ modes }) => modes === word };
}

const noFacts: RunFacts = { tries: null, receipts: [] };

interface HeldAgainst {
  readonly failure: FailureKind;
  readonly calibration?: Digest | undefined;
}

/** A permit's run, with its plan and its end, from the fold and what is kept of it. */
export function plannedRun(
  state: State,
  permit: GivenPermit,
  { tries, receipts, failure, calibration }: RunFacts & HeldAgainst,
): PlannedRun {
  const evidence = [...state.evidence.values()].find((known) => known.body.permit === permit.permit);
  return {
    permit: permit.permit,
    attempts: permit.attempts,
    rule: permit.analysis.rule,
    exchanges: state.permitExchanges.get(permit.permit) ?? 0,
    receipts,
    tries: evidence === undefined ? null : triesThatStand(state, evidence, { tries, failure }),
    registered: { ...permit, plan: permit.analysis, calibration },
    sealed: evidence === undefined ? null : endOf(evidence),
  };
}

function endOf({ at, by, body, withdrawn }: Evidence): PlannedRun["sealed"] {
  return { at, by, grader: body.digests.grader, withdrawn, calibration: body.grading?.calibration.set };
}

/** What was taken back says nothing any more; but what an evaluator outside found wrong, nobody else can take back. */
function triesThatStand(
  state: State,
  evidence: Evidence,
  { tries, failure }: { readonly tries: RunFacts["tries"]; readonly failure: FailureKind },
): RunFacts["tries"] {
  if (!evidence.withdrawn) return tries;
  if (!isTakenFromOutsider(state, evidence)) return null;
  return tries?.filter(({ outcome }) => countedAs(outcome, failure) === "failed") ?? null;
}

/** Whether evidence of an evaluator outside the operator was withdrawn by somebody else than them. */
function isTakenFromOutsider(state: State, { by, withdrawnBy }: Evidence): boolean {
  return isOutside(state, { by }) && withdrawnBy !== undefined && !isOfOneHouse(state, by, withdrawnBy);
}

function isOfOneHouse({ persons }: Pick<State, "persons">, one: PersonId, other: PersonId): boolean {
  return one === other || persons.get(one)?.affiliation === persons.get(other)?.affiliation;
}

function declared(state: State, suite: SuiteFacts): readonly PooledMeasure[] {
  return [...state.evidence.values()]
    .filter(({ body }) => body.basis === "declared" && body.digests.suite === suite.suite)
    .filter((evidence) => !evidence.withdrawn || isTakenFromOutsider(state, evidence))
    .flatMap((evidence) => declaredMeasure(evidence, suite, isOutside(state, evidence)));
}

/** Follows from how the person was admitted, never from what they say of themselves. */
function isOutside({ persons }: Pick<State, "persons">, { by }: Pick<Evidence, "by">): boolean {
  return persons.get(by)?.affiliation !== undefined;
}

function declaredMeasure(evidence: Evidence, suite: SuiteFacts, outside: boolean): readonly PooledMeasure[] {
  const counts = evidence.body.measures.find(({ name }) => name === suite.measure);
  if (counts === undefined) return [];
  // A report says how many attempts failed, not how many units: the worst is that each failed in a unit of its own.
  const clustersFailed = Math.min(counts.failures, counts.clusters);
  const tally: Tally = {
    trials: counts.trials,
    failures: counts.failures,
    unknown: counts.unknown,
    clusters: counts.clusters,
    clustersFailed,
    clustersUnknown: Math.min(counts.unknown, counts.clusters - clustersFailed),
  };
  const { digests } = evidence.body;
  const common = { suite: suite.name, measure: suite.measure, basis: "declared", digests, tally, outside } as const;
  const against = evidence.withdrawn ? ({ againstOnly: true } as const) : {};
  return [
    { ...common, untried: 0, open: 0, oldestTry: evidence.at, permits: [], answersMax: counts.trials, ...against },
  ];
}

/** The word of everyone who signed and is in good standing. */
export function givenSignOffs(
  state: State,
  proposal: Proposal | undefined,
  compared: readonly GivenPermit[] = [],
): readonly GivenSignOff[] {
  if (proposal === undefined) return [];
  return [...proposal.signOffs.values()]
    .filter(({ person }) => state.persons.get(person)?.suspended === false)
    .map(({ person, role, verdict, at, madeIn }) => ({
      person,
      role,
      verdict,
      at,
      ...(madeIn === undefined ? {} : { madeIn }),
      conflicts: conflictsOf(state, proposal, { person, compared }),
    }));
}

function sorted(digests: EvaluatedDigests): readonly string[] {
  const { model, safeguards, policy, suite, grader } = digests;
  return [model, safeguards, policy, suite, grader];
}
