// The evidence on record as rows: every sealed run and every permit whose run is not sealed, so that a bad one cannot vanish, each with
// what it comes to, and which stages of its model's plan count it. From the fold; documents are read once and remembered.
import { noSafeguards } from "../acts/two-person-permits.ts";
import { type Evidence, type GivenPermit, type State, latestCertificate } from "../acts/state.ts";
import { graderDigest } from "../evidence/graders/grader-digest.ts";
import { type StatedBounds, statedBounds } from "../evidence/part-figures.ts";
import { type Configuration, configurationOf } from "../gates/draft.ts";
import type { Wanted } from "../gates/judgement.ts";
import type { ReleasePlan, StagePlan } from "../gates/plan-document.ts";
import { wantedBy } from "../gates/requirement.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, Name, PermitId, PersonId, Timestamp } from "../terms/ids.ts";
import type { OpenStage } from "../terms/stage.ts";
import type { FailureKind } from "../terms/trial.ts";
import { type Records, readPlan, readSuite } from "./records.ts";

type Slot = GivenPermit["slot"];

const slots = ["candidate", "in-force"] as const satisfies readonly Slot[];

type WhyNot =
  | "withdrawn"
  | "declared"
  | "other-model"
  | "other-safeguards"
  | "other-policy"
  | "other-suite"
  | "other-grader";

/** A stage that asks for the measure, and why this evidence is not counted there. */
interface GateRow {
  readonly stage: OpenStage;
  readonly requirements: readonly Name[];
  readonly slot: Slot;
  readonly notBecause: WhyNot | null;
}

interface MeasureRow extends StatedBounds {
  readonly name: Name;
  readonly failure: FailureKind | null;
  readonly failures: number;
  readonly trials: number;
  readonly clusters: number;
  readonly unknown: number;
}

interface EvidenceRow {
  readonly run: GivenPermit["run"];
  readonly model: Name;
  readonly suite: Name | null;
  readonly suiteDigest: Digest;
  readonly by: PersonId;
  readonly affiliation: Name | null;
  readonly at: Timestamp;
  readonly index: number;
  readonly evidence: {
    readonly act: Digest;
    readonly basis: Evidence["body"]["basis"];
    readonly measures: MeasureRow[];
    readonly flags: Name[];
    readonly tool: Name | null;
    readonly samples: number;
    readonly withdrawn: boolean;
    readonly withdrawnBy: PersonId | null;
  } | null;
  readonly permit: PermitRow | null;
  readonly gates: GateRow[];
  readonly certified: Name[];
}

interface PermitRow {
  readonly permit: PermitId;
  readonly at: Timestamp;
  readonly index: number;
  readonly by: PersonId;
  readonly slot: Slot;
  readonly stage: OpenStage | null;
  readonly rule: "fixed" | "sequential";
  readonly trials: number;
  readonly limit: number | null;
  readonly confidence: number;
  readonly items: number;
  readonly attempts: number;
  readonly exchanges: number;
  readonly notAfter: Timestamp;
  readonly bare: boolean;
  readonly adaptive: boolean;
}

/** What rows are made of, before documents are read: cheap to filter by. */
export interface RunRecord {
  readonly evidence: Evidence | undefined;
  readonly permit: GivenPermit | undefined;
  readonly index: number;
}

/** All runs, newest first. */
export function runRecords({ evidence, permits }: State): readonly RunRecord[] {
  const sealed = [...evidence.values()].map((one): RunRecord => {
    const { permit } = one.body;
    return { evidence: one, permit: permit === null ? undefined : permits.get(permit), index: one.index };
  });
  const named = new Set(sealed.map(({ permit }) => permit?.permit));
  const open = [...permits.values()]
    .filter(({ permit }) => !named.has(permit))
    .map((permit): RunRecord => ({ evidence: undefined, permit, index: permit.index }));
  return [...sealed, ...open].toSorted((one, other) => other.index - one.index);
}

interface SuiteWords {
  readonly name: Name;
  readonly failure: FailureKind;
  readonly grader: Digest;
}

/** Documents that are remembered. */
const rememberedMax = 512;

export interface RowsDesk {
  readonly rowOf: (state: State, record: RunRecord) => Promise<EvidenceRow>;
  /** What a suite is called, and what it counts; undefined where its document is gone. */
  readonly suiteOf: (digest: Digest) => Promise<SuiteWords | undefined>;
}

export function openRowsDesk(records: Records): RowsDesk {
  const suites = remembering(async (digest): Promise<SuiteWords> => {
    const suite = await readSuite(records, digest);
    const { name, measure } = suite;
    return { name, failure: measure.failure, grader: graderDigest(suite, records.primitives) };
  });
  const plans = remembering(async (digest) => readPlan(records, digest));
  return {
    suiteOf: suites,
    rowOf: async (state, record) => {
      const known = record.evidence?.body ?? record.permit;
      if (known === undefined) throw new Failure("not_found", "There is no such run here.");
      const suite = await suites(known.digests.suite);
      const gates =
        record.evidence === undefined ? [] : await gatesOf({ state, plans, suites }, record.evidence, suite);
      return rowFrom(state, record, { known, suite, gates });
    },
  };
}

/** What is gone is asked for again. */
function remembering<T>(read: (digest: Digest) => Promise<T>): (digest: Digest) => Promise<T | undefined> {
  const known = new Map<Digest, T>();
  return async (digest) => {
    const before = known.get(digest);
    if (before !== undefined) return before;
    try {
      const found = await read(digest);
      const [oldest] = known.keys();
      if (known.size >= rememberedMax && oldest !== undefined) known.delete(oldest);
      known.set(digest, found);
      return found;
    } catch (error) {
      if (error instanceof Failure) return undefined;
      throw error;
    }
  };
}

interface Found {
  readonly known: Pick<GivenPermit, "run" | "model" | "digests">;
  readonly suite: SuiteWords | undefined;
  readonly gates: GateRow[];
}

function rowFrom(state: State, { evidence, permit, index }: RunRecord, { known, suite, gates }: Found): EvidenceRow {
  const { by, at } = evidence ?? permit ?? neither();
  return {
    run: known.run,
    model: known.model,
    suite: suite?.name ?? null,
    suiteDigest: known.digests.suite,
    by,
    affiliation: state.persons.get(by)?.affiliation ?? null,
    at,
    index,
    evidence: evidence === undefined ? null : sealedRow(evidence, suite),
    permit: permit === undefined ? null : permitRow(state, permit),
    gates,
    certified: evidence === undefined ? [] : certifiedOn(state, evidence),
  };
}

function neither(): never {
  throw new Failure("not_found", "There is no such run here.");
}

function sealedRow(
  { act, body, withdrawn, withdrawnBy }: Evidence,
  suite: SuiteWords | undefined,
): EvidenceRow["evidence"] {
  return {
    act,
    basis: body.basis,
    measures: body.measures.map((measure) => measureRow(measure, suite)),
    flags: [...body.flags],
    tool: body.source?.tool ?? null,
    samples: body.samples.count,
    withdrawn,
    withdrawnBy: withdrawnBy ?? null,
  };
}

function measureRow(said: Evidence["body"]["measures"][number], suite: SuiteWords | undefined): MeasureRow {
  return { ...said, failure: suite?.failure ?? null, ...statedBounds(said) };
}

function permitRow(state: State, permit: GivenPermit): PermitRow {
  const { analysis } = permit;
  return {
    permit: permit.permit,
    at: permit.at,
    index: permit.index,
    by: permit.by,
    slot: permit.slot,
    stage: permit.stage ?? null,
    rule: analysis.rule,
    trials: analysis.trials,
    limit: analysis.limit ?? null,
    confidence: analysis.confidence,
    items: permit.items.count,
    attempts: permit.attempts,
    exchanges: state.permitExchanges.get(permit.permit) ?? 0,
    notAfter: permit.notAfter,
    bare: permit.bare === true || permit.digests.safeguards === noSafeguards,
    adaptive: permit.adaptive !== undefined,
  };
}

/** Models whose latest certificate names it. */
function certifiedOn(state: State, { act }: Evidence): Name[] {
  return [...state.certificates.keys()].filter(
    (model) => latestCertificate(state, model)?.release.digests.evidence.includes(act) === true,
  );
}

interface Reading {
  readonly state: State;
  readonly plans: (digest: Digest) => Promise<ReleasePlan | undefined>;
  readonly suites: (digest: Digest) => Promise<SuiteWords | undefined>;
}

async function gatesOf(reading: Reading, evidence: Evidence, suite: SuiteWords | undefined): Promise<GateRow[]> {
  const { state, plans } = reading;
  const rows: GateRow[] = [];
  for (const slot of slots) {
    const digest = planDigest(state, evidence.body.model, slot);
    const plan = digest === undefined ? undefined : await plans(digest);
    if (plan === undefined || suite === undefined) continue;
    const configuration = configurationIn(state, plan, slot);
    const applied = state.documents.get("Suite")?.get(suite.name)?.candidate;
    const current = applied === undefined ? undefined : await reading.suites(applied);
    if (configuration === undefined || applied === undefined) continue;
    const asked = { configuration, suite: applied, grader: current?.grader };
    rows.push(...plan.stages.flatMap((stage) => gateRow(stage, { slot, evidence, asked, name: suite.name })));
  }
  return rows;
}

function planDigest(state: State, model: Name, slot: Slot): Digest | undefined {
  return slot === "in-force"
    ? latestCertificate(state, model)?.release.digests.plan
    : state.documents.get("ReleasePlan")?.get(model)?.candidate;
}

function configurationIn(state: State, plan: ReleasePlan, slot: Slot): Configuration | undefined {
  try {
    return configurationOf(state, plan, slot);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

interface AskedFor {
  readonly slot: Slot;
  readonly evidence: Evidence;
  readonly name: Name;
  readonly asked: {
    readonly configuration: Configuration;
    readonly suite: Digest;
    readonly grader: Digest | undefined;
  };
}

function gateRow({ stage, requires }: StagePlan, { slot, evidence, asked, name }: AskedFor): GateRow[] {
  const measures = new Set(evidence.body.measures.map((measure) => measure.name));
  const isWanted = (wanted: Wanted): boolean => wanted.suite === name && measures.has(wanted.measure);
  const asking = requires.filter((requirement) => wantedBy(requirement).some(isWanted));
  if (asking.length === 0) return [];
  const takesDeclared = asking.some((requirement) =>
    wantedBy(requirement).some((one) => isWanted(one) && one.acceptsDeclared),
  );
  const notBecause = whyNot(evidence, asked, takesDeclared);
  return [{ stage, requirements: asking.map(({ id }) => id), slot, notBecause }];
}

function whyNot({ body, withdrawn }: Evidence, asked: AskedFor["asked"], takesDeclared: boolean): WhyNot | null {
  const { digests, basis } = body;
  const { model, safeguards, policy } = asked.configuration;
  const reasons: readonly (readonly [WhyNot, boolean])[] = [
    ["withdrawn", withdrawn],
    ["declared", basis === "declared" && !takesDeclared],
    ["other-model", digests.model !== model],
    ["other-safeguards", digests.safeguards !== safeguards],
    ["other-policy", digests.policy !== policy],
    ["other-suite", digests.suite !== asked.suite],
    ["other-grader", digests.grader !== asked.grader],
  ];
  return reasons.find(([, isSo]) => isSo)?.[0] ?? null;
}
