// What the probes of a watched stage come to, from the ledger and what is kept beside it. Read anew only where something came that it could
// come out otherwise by: a watch looks every second.
import type { Release } from "../acts/bodies.ts";
import { type GivenPermit, type State, latestCertificate } from "../acts/state.ts";
import type { Probes } from "../acts/watch.ts";
import { type RunFacts, type SuiteFacts, poolKey, runOf } from "../gates/assess.ts";
import { type Counted, countProbes } from "../gates/probes.ts";
import { Failure } from "../terms/failure.ts";
import { type CertificateId, type Instant, type Name, type PermitId, toInstant } from "../terms/ids.ts";
import { type Records, readModes, runFacts, suiteOf } from "./records.ts";
import type { WatchedStage } from "./watched.ts";

const hourMs = 3_600_000;

export type ProbeReader = (stage: WatchedStage, at: Instant) => Promise<ReadonlyMap<Name, Counted>>;

export function openProbeReader(records: Records, { state }: { readonly state: State }): ProbeReader {
  const facts = rememberedFacts(records, state);
  const read = new Map<CertificateId, { readonly news: string; readonly runs: ReadonlyMap<Name, Read> }>();
  return async (stage, at) => {
    const release = latestCertificate(state, stage.model)?.release;
    const measures = stage.measures.filter((measure) => measure.measure === "probes");
    if (release?.certificate !== stage.certificate || measures.length === 0) return new Map();
    const news = newsOf(state, release);
    let found = read.get(stage.certificate);
    if (found?.news !== news) {
      const runs = new Map<Name, Read>();
      for (const measure of measures) {
        const one = await readRuns({ records, facts, state, release }, measure);
        if (one !== undefined) runs.set(measure.id, one);
      }
      found = { news, runs };
      // Of one that counts no more nothing is asked again.
      for (const known of read.keys()) if (!isLatest(state, known)) read.delete(known);
      if (read.size === 0) facts.forget();
      read.set(stage.certificate, found);
    }
    return countsOf(stage, { measures, runs: found.runs, at, records });
  };
}

interface Facts {
  readonly of: (permit: PermitId) => Promise<RunFacts>;
  readonly forget: () => void;
}

/** Of each run once, as long as nothing more comes of it: there are thousands of receipts, and each signature is checked. */
function rememberedFacts(records: Records, state: State): Facts {
  const kept = new Map<PermitId, { readonly news: string; readonly facts: RunFacts }>();
  return {
    of: async (permit) => {
      const isSealed = [...state.evidence.values()].some(({ body }) => body.permit === permit);
      const news = `${state.permitExchanges.get(permit) ?? 0} ${isSealed}`;
      const known = kept.get(permit);
      if (known?.news === news) return known.facts;
      const facts = await runFacts(records, state, permit);
      kept.set(permit, { news, facts });
      return facts;
    },
    forget: () => kept.clear(),
  };
}

interface Counting {
  readonly measures: readonly Probes[];
  readonly runs: ReadonlyMap<Name, Read>;
  readonly at: Instant;
  readonly records: Pick<Records, "primitives">;
}

function countsOf(stage: WatchedStage, { measures, runs, at, records }: Counting): ReadonlyMap<Name, Counted> {
  return new Map(
    measures.flatMap((measure) => {
      const read = runs.get(measure.id);
      if (read === undefined) return [];
      const freshFrom = toInstant(Math.max(0, at - measure.withinHours * hourMs));
      const of = { watch: measure.id, began: stage.period.index, freshFrom };
      return [[measure.id, countProbes({ ...read, clusters: measure.clusters }, of, records.primitives)] as const];
    }),
  );
}

function isLatest(state: State, certificate: CertificateId): boolean {
  return [...state.certificates.values()].some((all) => all.at(-1)?.release.certificate === certificate);
}

/** Changes with whatever comes of a run of what the release names. */
function newsOf(state: State, release: Release): string {
  const permits = permitsOf(state, release);
  const exchanges = permits.reduce((sum, { permit }) => sum + (state.permitExchanges.get(permit) ?? 0), 0);
  const withdrawn = [...state.evidence.values()].filter((one) => one.withdrawn).length;
  return [permits.length, exchanges, state.evidence.size, withdrawn].join(" ");
}

function permitsOf(state: State, { model, digests }: Release): readonly GivenPermit[] {
  const parts = ["model", "safeguards", "policy"] as const;
  return [...state.permits.values()].filter(
    (permit) => permit.model === model && parts.every((part) => permit.digests[part] === digests[part]),
  );
}

interface Reading {
  readonly records: Records;
  readonly facts: Facts;
  readonly state: State;
  readonly release: Release;
}

type Read = Omit<Parameters<typeof countProbes>[0], "clusters">;

/** Undefined where what it is about is gone: then nothing is known of it. */
async function readRuns(
  { records, facts, state, release }: Reading,
  { suite: name }: Probes,
): Promise<Read | undefined> {
  const applied = state.documents.get("Suite")?.get(name)?.all;
  const digest = release.digests.suites.find((known) => applied?.has(known) === true);
  if (digest === undefined) return undefined;
  try {
    const suite = await suiteOf(records, name, digest);
    const chain = await readModes(records, release.digests.safeguards);
    const permits = permitsOf(state, release).filter(
      ({ digests }) => digests.suite === digest && digests.grader === suite.grader,
    );
    const runs = new Map<PermitId, RunFacts>();
    for (const { permit } of permits) runs.set(permit, await facts.of(permit));
    const pooling = { state, chain, runs, configuration: release.digests };
    const ofStage = permits.filter((permit) => isOfStage(permit, { pooling, suite, release }));
    const { model, safeguards, policy } = release.digests;
    return {
      suite,
      digests: { model, safeguards, policy, suite: digest, grader: suite.grader },
      runs: ofStage.map((permit) => runOf(pooling, suite, permit)),
    };
  } catch (error) {
    if (error instanceof Failure && error.code !== "store_unavailable") return undefined;
    throw error;
  }
}

interface Staged {
  readonly pooling: Parameters<typeof poolKey>[0];
  readonly suite: SuiteFacts;
  readonly release: Pick<Release, "stage">;
}

/** Whether it was made under the modes that callers of the stage get. */
function isOfStage(permit: GivenPermit, { pooling, suite, release }: Staged): boolean {
  return poolKey(pooling, suite, permit) === poolKey(pooling, suite, { ...permit, stage: release.stage });
}
