// A whole decision as one file: the ledger up to now, the documents, samples and receipts that the judgement read. Whoever
// has the first trust root can judge it again with src/report/verify-bundle.ts, offline.
import type { Proposal, State } from "../acts/state.ts";
import { Suite } from "../evidence/suite-document.ts";
import { permitsRead } from "../gates/assess.ts";
import { parseJson } from "../proof/canonical.ts";
import type { Opening } from "../proof/digest.ts";
import { toBase64 } from "../proof/encoding.ts";
import { type Records, readPlan, pooledSuites, suitesBeside } from "../release/records.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, PermitId, ProposalId, Timestamp } from "../terms/ids.ts";

export interface BundleView {
  readonly format: "headgate-bundle/1";
  readonly proposal: ProposalId;
  readonly firstRoot: Digest;
  readonly batch: {
    readonly from: number;
    readonly records: readonly { readonly leaf: string; readonly envelope: string }[];
    readonly checkpoint: string;
  };
  readonly artefacts: Readonly<Record<Digest, string>>;
  readonly openings: readonly Opening[];
  readonly receipts: readonly string[];
  /** How the gate was judged by whoever saved it, so that whoever judges again says where they differ. */
  readonly judged?: { readonly at: Timestamp; readonly judgement: Readonly<Record<string, unknown>> };
}

export interface BundleAsked {
  readonly state: State;
  readonly proposal: Proposal;
  readonly batch: BundleView["batch"];
  readonly openings: readonly Opening[];
}

/** Fails with artefact_missing where something the judgement read is gone. */
export async function buildBundle(records: Records, asked: BundleAsked): Promise<BundleView> {
  const { state, proposal, batch, openings } = asked;
  if (state.firstRoot === undefined) throw new Failure("deployment_uninitialised", "Nothing was decided here yet.");
  const { release } = proposal;
  const artefacts: Record<Digest, string> = {};
  const keep = async (digest: Digest): Promise<Uint8Array> => {
    const bytes = await records.artefact(digest);
    artefacts[digest] = toBase64(bytes);
    return bytes;
  };
  const { model, safeguards, policy, plan, suites } = release.digests;
  for (const digest of [model, safeguards, policy, plan]) await keep(digest);
  for (const digest of suites) await keepItems(await keep(digest), keep);
  const receipts: string[] = [];
  const { permits, beside } = await pooledHere(records, state, proposal);
  for (const digest of beside) await keepAsFarAsThere(digest, keep);
  for (const permit of permits) {
    receipts.push(...(await records.receipts(permit)));
    const evidence = [...state.evidence.values()].find(({ body }) => body.permit === permit);
    if (evidence !== undefined) await keep(evidence.body.samples.artefact);
  }
  const { firstRoot } = state;
  return { format: "headgate-bundle/1", proposal: release.proposal, firstRoot, batch, artefacts, openings, receipts };
}

const documentLimits = { bytesMax: 1024 * 1024, depthMax: 32 } as const;

async function keepItems(document: Uint8Array, keep: (digest: Digest) => Promise<Uint8Array>): Promise<void> {
  const suite = Suite.safeParse(parseJson(document, documentLimits)).data;
  if (suite?.content === undefined) return;
  await keep(suite.content.digest);
  if (suite.content.calibration !== undefined) await keep(suite.content.calibration);
}

/** What the verifier needs to see that no other suite's runs count, or which do. What is gone here counts there by its receipts. */
async function keepAsFarAsThere(suite: Digest, keep: (digest: Digest) => Promise<Uint8Array>): Promise<void> {
  try {
    await keepItems(await keep(suite), keep);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
}

interface PooledHere {
  readonly permits: ReadonlySet<PermitId>;
  /** Suites of other permits that items of the release's suites may have been asked under. */
  readonly beside: ReadonlySet<Digest>;
}

async function pooledHere(records: Records, state: State, { release }: Proposal): Promise<PooledHere> {
  const plan = await readPlan(records, release.digests.plan);
  const suites = await pooledSuites(records, { state, plan, stage: release.stage, release });
  const read = { state, plan, stage: release.stage, configuration: release.digests };
  const permits = suites.flatMap((suite) => permitsRead(read, suite).map(({ permit }) => permit));
  return { permits: new Set(permits), beside: suitesBeside(state, plan.model, suites) };
}
