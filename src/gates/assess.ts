// From the fold and what is kept beside it to a judgement: which permits count, what their runs pool to, who signed.
// Pure, so that the control plane at `advance` and an outsider with the bundle come to the same answer.
import type { EvaluatedDigests, Permit } from "../acts/bodies.ts";
import type { Evidence, Proposal, State } from "../acts/state.ts";
import type { Tally } from "../statistics/measure.ts";
import { type Instant, Name, type PermitId } from "../terms/ids.ts";
import { type Moded, modesFor, modesWord } from "../terms/safeguard-mode.ts";
import type { FailureKind } from "../terms/trial.ts";
import type { OpenStage } from "../terms/stage.ts";
import { type Configuration, type SuiteDigests, stageOf, wantedSuites } from "./draft.ts";
import { judge } from "./judge.ts";
import type { GivenSignOff, Judgement, PooledMeasure } from "./judgement.ts";
import type { ReleasePlan } from "./plan-document.ts";
import { type PermitRun, type SealedTry, type SeenReceipt, poolTrials } from "./pool.ts";

/** A suite as applied, with what pooling needs of it. */
export interface SuiteFacts extends SuiteDigests {
  readonly measure: Name;
  readonly failure: FailureKind;
  readonly items: readonly { readonly id: string; readonly cluster: string }[];
}

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
  return judge(stagePlan, {
    digests: { ...configuration, suites },
    measures: suites.flatMap((suite) => [...measuredHere(input, suite), ...declared(state, suite)]),
    signOffs: signOffsOf(state, input.proposal),
    facts: state.facts.map((fact) => ({ kind: Name.parse(fact.body.fact.kind), at: fact.at })),
    at,
  });
}

/** Permits under which this suite was asked of this model, whatever else they named. */
export function permitsOf(state: State, suite: SuiteDigests, model: Name): readonly Permit[] {
  return [...state.permits.values()].filter((permit) => permit.model === model && permit.digests.suite === suite.suite);
}

function measuredHere(input: AssessInput, suite: SuiteFacts): readonly PooledMeasure[] {
  const permits = permitsOf(input.state, suite, input.plan.model);
  const wanted = modesOf(input, suite, input.stage);
  const isOther = (permit: Permit): boolean => isOurs(input, permit) && modesOf(input, suite, permit.stage) !== wanted;
  const groups = Map.groupBy(permits, (permit) => JSON.stringify([sorted(permit.digests), isOther(permit)]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const runs = group.map((permit) => runOf(input, suite, permit));
    const pool = poolTrials(suite, first.digests, runs);
    if (pool === undefined) return [];
    return [isOther(first) ? { ...pool.measure, otherModes: true } : pool.measure];
  });
}

function isOurs({ configuration }: AssessInput, { digests }: Permit): boolean {
  return digests.safeguards === configuration.safeguards;
}

/**
 * The modes of an evaluation for a stage. They are what its callers get: of several types of caller the mildest, where the
 * suite measures what gets through, and the strictest, where it measures what is refused. Evidence that was made under any
 * other ones may be of a stage that is guarded better, or worse.
 */
function modesOf({ chain }: AssessInput, { failure }: SuiteFacts, stage: OpenStage | undefined): string {
  return modesFor(chain, { kind: "evaluation", failure, stage }).join();
}

function runOf(input: AssessInput, suite: SuiteFacts, permit: Permit): PermitRun {
  const { state, runs, chain } = input;
  const facts = runs.get(permit.permit);
  const evidence = [...state.evidence.values()].find((known) => known.body.permit === permit.permit);
  const isSealed = evidence !== undefined && !evidence.withdrawn;
  const run = {
    permit: permit.permit,
    attempts: permit.attempts,
    exchanges: state.permitExchanges.get(permit.permit) ?? 0,
    receipts: facts?.receipts ?? [],
    tries: isSealed ? (facts?.tries ?? null) : null,
  };
  if (!isOurs(input, permit) || chain.every(({ except }) => except === undefined)) return run;
  const asked = { kind: "evaluation", failure: suite.failure, stage: permit.stage } as const;
  const word = modesWord(modesFor(chain, asked));
  return { ...run, hasItsModes: ({ modes }) => modes === word };
}

function declared(state: State, suite: SuiteFacts): readonly PooledMeasure[] {
  return [...state.evidence.values()]
    .filter(({ body, withdrawn }) => !withdrawn && body.basis === "declared" && body.digests.suite === suite.suite)
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
  return [{ ...common, untried: 0, open: 0, oldestTry: evidence.at, permits: [] }];
}

/** The word of everyone who signed and is in good standing. */
function signOffsOf(state: State, proposal: Proposal | undefined): readonly GivenSignOff[] {
  return [...(proposal?.signOffs.values() ?? [])].filter(
    ({ person }) => state.persons.get(person)?.suspended === false,
  );
}

function sorted(digests: EvaluatedDigests): readonly string[] {
  const { model, safeguards, policy, suite, grader } = digests;
  return [model, safeguards, policy, suite, grader];
}
