// What stands beside the ledger and is needed to judge: plans, suites, samples, receipts. Read through an interface, so that
// the same code judges from the store and from a bundle; whatever is missing or does not fit its digest makes a judgement
// weaker, never stronger.
import { z } from "zod";
import type { Release } from "../acts/bodies.ts";
import type { Evidence, Proposal, State } from "../acts/state.ts";
import { graderDigest } from "../evidence/graders/grader-digest.ts";
import { type SealedRun, sealedSteps } from "../evidence/seal.ts";
import { paused } from "../evidence/steps.ts";
import { type LoadedItem, suiteSteps } from "../evidence/suite.ts";
import { calibrationSet } from "./calibrated.ts";
import { Suite, isAdaptive } from "../evidence/suite-document.ts";
import { type RunFacts, type SuiteFacts, assess, permitsRead } from "../gates/assess.ts";
import { type Configuration, candidate } from "../gates/draft.ts";
import type { Judgement } from "../gates/judgement.ts";
import { ReleasePlan, suitesOf, tieredStages } from "../gates/plan-document.ts";
import type { SealedTry, SeenReceipt } from "../gates/pool.ts";
import { seenReceipts } from "../gates/seen-receipts.ts";
import { parseJson } from "../proof/canonical.ts";
import type { Primitives } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import { Surface } from "../terms/finding.ts";
import type { Digest, Instant, Name, PermitId } from "../terms/ids.ts";
import { moded } from "../terms/safeguard-mode.ts";
import { Ask, type ModedChain } from "../terms/stage-modes.ts";
import type { OpenStage } from "../terms/stage.ts";

const documentLimits = { bytesMax: 1024 * 1024, depthMax: 32, code: "document_invalid" } as const;

/** Where the content lies. */
export interface Records {
  readonly primitives: Primitives;
  /** The bytes under a digest, hashed again by the reader. Fails with artefact_missing. */
  readonly artefact: (digest: Digest) => Promise<Uint8Array>;
  /** Self-contained receipts under a permit; their signatures are checked here. */
  readonly receipts: (permit: PermitId) => Promise<readonly string[]>;
  /** Called between the steps of long work, where others wait for the same thread. */
  readonly pause?: () => Promise<void>;
  /** A memory of the items that suites pin, by the digest of their document. */
  readonly items?: ItemsMemory;
}

/** What is counted of an item: its leaf, and the cluster that it counts in. */
export type CountedItem = Pick<LoadedItem, "leaf" | "cluster">;
export type ItemsMemory = (
  suite: Digest,
  make: () => Promise<readonly CountedItem[]>,
) => Promise<readonly CountedItem[]>;

const noPause = async (): Promise<void> => undefined;

/** The items that an applied suite pins. Fails with artefact_missing, or with document_invalid when these are others. */
export async function itemsOf(records: Records, digest: Digest, document: Suite): Promise<readonly CountedItem[]> {
  const { primitives, pause = noPause, items = async (_, make) => make() } = records;
  const { content } = document;
  if (content === undefined)
    throw new Failure("document_invalid", `Suite ${document.name} does not pin its items. Apply it again.`);
  return items(digest, async () => {
    const loaded = await paused(suiteSteps(document, await records.artefact(content.digest), primitives), pause);
    return loaded.items.map(({ leaf, cluster }) => ({ leaf, cluster }));
  });
}

/** The samples of a piece of evidence. Fails with artefact_missing or proof_invalid. */
export async function samplesOf(records: Records, { samples }: Evidence["body"]): Promise<SealedRun> {
  const bytes = await records.artefact(samples.artefact);
  return paused(sealedSteps(bytes, samples, records.primitives), records.pause ?? noPause);
}

export async function readPlan(records: Records, digest: Digest): Promise<ReleasePlan> {
  const parsed = ReleasePlan.safeParse(parseJson(await records.artefact(digest), documentLimits));
  if (parsed.success) return parsed.data;
  throw new Failure("artefact_missing", "The release plan's content is not a release plan. Apply it again.");
}

const Identified = z.looseObject({
  kind: z.literal("Model"),
  identity: z.looseObject({ basis: z.enum(["measured", "vendor", "declared"]) }),
});

/** What the identity of a model document rests on. */
export async function readIdentityBasis(records: Records, digest: Digest): Promise<Release["identityBasis"]> {
  const parsed = Identified.safeParse(parseJson(await records.artefact(digest), documentLimits));
  if (parsed.success) return parsed.data.identity.basis;
  throw new Failure("artefact_missing", "The model document's content is not a model document. Apply it again.");
}

const Chain = z.looseObject({
  kind: z.literal("Safeguards"),
  chain: z
    .array(
      z.looseObject({
        safeguard: z.string(),
        on: z.array(Surface),
        name: z.string().optional(),
        ask: Ask.optional(),
        ...moded,
      }),
    )
    .min(1),
});

/** The chain of a Safeguards document, as far as modes go. Fails with artefact_missing. */
export async function readModes(records: Records, digest: Digest): Promise<ModedChain> {
  const parsed = Chain.safeParse(parseJson(await records.artefact(digest), documentLimits));
  if (parsed.success) return parsed.data.chain;
  throw new Failure("artefact_missing", "The safeguards' content is not a Safeguards document. Apply it again.");
}

/** The names of a document's safeguards, in its order. Fails with artefact_missing. */
export async function safeguardNames(records: Records, digest: Digest): Promise<readonly string[]> {
  const chain = await readModes(records, digest);
  return chain.map(({ safeguard, name }) => (name === undefined ? safeguard : `${safeguard} ${name}`));
}

/** The plan applied last for a model; undefined where there is none or its content is missing. */
export async function candidatePlan(records: Records, state: State, model: Name): Promise<ReleasePlan | undefined> {
  const digest = state.documents.get("ReleasePlan")?.get(model)?.candidate;
  if (digest === undefined) return undefined;
  try {
    return await readPlan(records, digest);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

export interface AskedGate {
  readonly state: State;
  readonly plan: ReleasePlan;
  readonly stage: OpenStage;
  readonly configuration: Pick<Configuration, "model" | "safeguards" | "policy">;
  /** Suites by digest where a proposal names them; else those applied last. */
  readonly release: Release | undefined;
  readonly proposal: Proposal | undefined;
  readonly at: Instant;
}

/** Judges a stage from what is on record. Fails with not_found or artefact_missing where it cannot be judged at all. */
export async function judgeFrom(records: Records, asked: AskedGate): Promise<Judgement> {
  const suites = await pooledSuites(records, asked);
  const runs = new Map<PermitId, RunFacts>();
  for (const suite of suites) {
    for (const { permit } of permitsRead(asked, suite)) {
      runs.set(permit, await runFacts(records, asked.state, permit));
    }
  }
  const chain = await readModes(records, asked.configuration.safeguards);
  return assess({ ...asked, chain, suites, runs });
}

/** The suites that the stage asks for, with their items. */
export async function suiteFacts(
  records: Records,
  { state, plan, stage, release }: Asked,
): Promise<readonly SuiteFacts[]> {
  const stagePlan = tieredStages(plan).find((known) => known.stage === stage);
  const names = stagePlan === undefined ? [] : suitesOf(stagePlan);
  const facts: SuiteFacts[] = [];
  for (const name of names) facts.push(await suiteOf(records, name, suiteDigest(state, name, release)));
  return facts;
}

type Asked = Pick<AskedGate, "state" | "plan" | "stage" | "release">;

/** The same, each with the suites under which its items may have been asked as well. */
export async function pooledSuites(records: Records, asked: Asked): Promise<readonly SuiteFacts[]> {
  const { state, plan } = asked;
  const suites = await suiteFacts(records, asked);
  const others = new Map<Digest, OtherSuite | undefined>();
  for (const digest of suitesBeside(state, plan.model, suites)) others.set(digest, await otherSuite(records, digest));
  return suites.map((suite) => {
    const items = new Set(suite.items.map(({ id }) => id));
    const alike = [...others].filter(([digest, other]) => digest !== suite.suite && mayBeAlike(suite, items, other));
    return { ...suite, alike: new Set(alike.map(([digest]) => digest)) };
  });
}

/** Suites that a permit of the model was given for with the grader of one of `suites`; these themselves as well. */
export function suitesBeside(state: State, model: Name, suites: readonly SuiteFacts[]): ReadonlySet<Digest> {
  const graders = new Set(suites.map(({ grader }) => grader));
  const given = [...state.permits.values()].filter(
    (permit) => permit.model === model && graders.has(permit.digests.grader),
  );
  return new Set(given.map(({ digests }) => digests.suite));
}

type OtherSuite = Pick<SuiteFacts, "failure" | "isAdaptive"> & { readonly leaves: readonly string[] };

/** Undefined where its content is gone: what was asked under it is then told by the receipts alone. */
async function otherSuite(records: Records, digest: Digest): Promise<OtherSuite | undefined> {
  try {
    const document = await readSuite(records, digest);
    const items = await itemsOf(records, digest, document);
    const { failure } = document.measure;
    return { failure, isAdaptive: isAdaptive(document), leaves: items.map(({ leaf }) => leaf) };
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function mayBeAlike(suite: SuiteFacts, items: ReadonlySet<string>, other: OtherSuite | undefined): boolean {
  if (other === undefined) return true;
  const countsAlike = other.failure === suite.failure && other.isAdaptive === suite.isAdaptive;
  return countsAlike && other.leaves.some((leaf) => items.has(leaf));
}

/** The digest a proposal names for this suite, if it names one that was applied under the name; else the candidate. */
function suiteDigest(state: State, name: Name, release: Release | undefined): Digest {
  const applied = state.documents.get("Suite")?.get(name);
  return release?.digests.suites.find((digest) => applied?.all.has(digest)) ?? candidate(state, "Suite", name);
}

/** Fails with artefact_missing. */
export async function readSuite(records: Records, digest: Digest): Promise<Suite> {
  const parsed = Suite.safeParse(parseJson(await records.artefact(digest), documentLimits));
  if (parsed.success) return parsed.data;
  throw new Failure("artefact_missing", "The suite's content is not a suite. Apply it again.");
}

/** Fails with artefact_missing. */
export async function suiteOf(records: Records, name: Name, digest: Digest): Promise<SuiteFacts> {
  const { primitives } = records;
  const document = await readSuite(records, digest);
  if (document.content === undefined)
    throw new Failure("artefact_missing", `Suite ${name} pins no items. Apply it again.`);
  const items = await itemsOf(records, digest, document);
  const calibration = await calibrationFacts(records, document);
  return {
    name,
    suite: digest,
    grader: graderDigest(document, primitives),
    measure: document.measure.name,
    failure: document.measure.failure,
    isAdaptive: isAdaptive(document),
    items: items.map(({ leaf, cluster }) => ({ id: leaf, cluster })),
    ...(calibration === undefined ? {} : { calibration }),
  };
}

/** A set that is gone, or is another one, is as good as none: nobody then knows how often the grader errs. */
async function calibrationFacts(records: Records, document: Suite): Promise<SuiteFacts["calibration"]> {
  try {
    const pinned = await calibrationSet(records, document);
    return pinned === undefined ? undefined : { set: pinned.digest, failed: pinned.failed, clean: pinned.clean };
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Receipts whose signatures are checked between two pauses. */
const receiptsAtOnce = 64;

export async function runFacts(records: Records, state: State, permit: PermitId): Promise<RunFacts> {
  const under = { state, permit, primitives: records.primitives };
  const receipts: SeenReceipt[] = [];
  const texts = await records.receipts(permit);
  for (let at = 0; at < texts.length; at += receiptsAtOnce) {
    receipts.push(...(await seenReceipts(texts.slice(at, at + receiptsAtOnce), under)));
    await records.pause?.();
  }
  return { tries: await sealedTries(records, state, permit), receipts };
}

async function sealedTries(records: Records, state: State, permit: PermitId): Promise<readonly SealedTry[] | null> {
  const evidence = [...state.evidence.values()].find((known) => known.body.permit === permit);
  if (evidence === undefined) return null;
  try {
    return (await samplesOf(records, evidence.body)).samples;
  } catch (error) {
    // Samples that are gone or were edited are as good as none: their items become unknown.
    if (error instanceof Failure) return null;
    throw error;
  }
}
