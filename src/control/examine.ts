// What the rules of the fold cannot see, because it lies beside the ledger: documents are what their act says, items are
// the suite's, samples count to what the evidence claims, a proposal says what its plan says, and a certificate is given
// only where the gate passes. Asked once, before a statement is appended.
import { isDeepStrictEqual } from "node:util";
import type { EvidenceBody, Verb } from "../acts/bodies.ts";
import { drawnClusters } from "../acts/probe-draw.ts";
import { wrongAudience } from "../acts/rules/release.ts";
import type { Act } from "../acts/statement.ts";
import { type Proposal, type State, latestCertificate } from "../acts/state.ts";
import { type AnyDocument, nameOf, openDocument } from "../documents/kinds.ts";
import { responseClassifierName } from "../evidence/graders/grader-digest.ts";
import { checkSharedTraining } from "../evidence/graders/guard-overlap.ts";
import { graderDigest } from "../evidence/graders/grader-digest.ts";
import { type Sample, type SealedRun, tallySamples } from "../evidence/seal.ts";
import { type Suite, isAdaptive } from "../evidence/suite-document.ts";
import { audienceOf, releaseProblems } from "../gates/draft.ts";
import type { Judgement } from "../gates/judgement.ts";
import { type ReleasePlan, suitesOf, tieredStages } from "../gates/plan-document.ts";
import { canonicalBytes, isCanonical, parseJson } from "../proof/canonical.ts";
import { calibrationSet, checkGraded, checkGrading } from "../release/calibrated.ts";
import {
  type AskedGate,
  type CountedItem,
  type Records,
  itemsOf,
  judgeFrom,
  readIdentityBasis,
  readPlan,
  samplesOf,
  suiteFacts,
} from "../release/records.ts";
import { isCurrent } from "../release/status.ts";
import { trainedOn } from "../safeguards/trained-on.ts";
import { Failure } from "../terms/failure.ts";
import type { WatchView } from "./contract.ts";
import type { StoredReview } from "./review-store.ts";
import { type Digest, type Instant, type Name, type ReviewId, instantOf } from "../terms/ids.ts";

export interface Examined {
  readonly state: State;
  /** Reads what came with the statement first, then what is kept. */
  readonly records: Records;
  /** Ledger index the statement will get. */
  readonly index: number;
  readonly at: Instant;
  /** The request that a review is about, as it was kept. */
  readonly review: (id: ReviewId) => Promise<StoredReview | undefined>;
  /** How the watch over a model's steps stands; null where there is none. */
  readonly watch: (model: Name) => Promise<WatchView | null>;
}

type PredicateOf<V extends Verb> = Act<V>["predicate"];
type Examination<V extends Verb> = (predicate: PredicateOf<V>, given: Examined) => Promise<void>;

/** Null where the fold's own rules see everything that the statement says. */
const examinations: { readonly [V in Verb]: Examination<V> | null } = {
  root: null,
  invite: null,
  admit: null,
  suspend: null,
  organisation: examineOrganisation,
  key: null,
  document: examineDocuments,
  mandate: null,
  permit: examinePermit,
  evidence: examineEvidence,
  proposal: examineProposal,
  "sign-off": null,
  certificate: examineCertificate,
  hold: null,
  restriction: null,
  "break-glass": null,
  widen: examineWiden,
  narrow: null,
  lapse: null,
  fact: null,
  withdrawal: null,
  receipts: null,
  lost: null,
  reading: null,
  review: examineReview,
};

/** Fails with document_invalid, statement_invalid, artefact_missing or gate_not_passed. */
export async function examine<V extends Verb>({ predicate }: Act<V>, given: Examined): Promise<void> {
  const examination: Examination<V> | null = examinations[predicate.verb];
  await examination?.(predicate, given);
}

async function readDocument(records: Records, digest: Digest): Promise<AnyDocument> {
  const bytes = await records.artefact(digest);
  const document = openDocument(bytes);
  const value = parseJson(bytes, { bytesMax: bytes.length, depthMax: 32, code: "document_invalid" });
  if (isCanonical(bytes, document) && isCanonical(bytes, value)) return document;
  throw new Failure(
    "document_invalid",
    "A document is kept as canonical JSON with its defaults filled in. Apply it again.",
  );
}

async function examineDocuments({ body }: PredicateOf<"document">, given: Examined): Promise<void> {
  for (const { kind, name, digest } of body.documents) {
    const document = await readDocument(given.records, digest);
    if (document.kind !== kind || nameOf(document) !== name) {
      throw new Failure("statement_invalid", `The document applied as ${kind} "${name}" is another one.`);
    }
    await examineDocument({ document, of: digest }, body.documents, given);
  }
}

type Named = PredicateOf<"document">["body"]["documents"];

async function examineDocument(
  { document, of }: { readonly document: AnyDocument; readonly of: Digest },
  beside: Named,
  given: Examined,
): Promise<void> {
  switch (document.kind) {
    case "Suite":
      await itemsOf(given.records, of, document);
      await calibrationSet(given.records, document);
      return;
    case "Safeguards":
      if (document.chain.every(({ digest }) => digest !== undefined)) return;
      throw new Failure("document_invalid", "A safeguard of the chain is not pinned by its digest. Apply it again.");
    case "ReleasePlan":
      examinePlan(document, beside, given.state);
      examineAudiences(document, given.state);
      return;
    case "Organisation":
      throw new Failure("statement_invalid", "An organisation is an act of its own.");
    case "Model":
      examineFallbacks(document, beside, given.state);
      return;
    case "UsagePolicy":
      return;
  }
}

/** A fallback that there is not would be passed over in silence, on the day it is needed. */
function examineFallbacks(
  { name, fallback = [] }: Extract<AnyDocument, { kind: "Model" }>,
  beside: Named,
  state: State,
): void {
  const missing = fallback.find((model) => !isApplied({ kind: "Model", name: model }, beside, state));
  if (missing === undefined) return;
  throw new Failure(
    "document_invalid",
    `Model ${name} names "${missing}" as a fallback, and nobody applied a model of that name. Apply it too, or take it out.`,
  );
}

type Wanted = Pick<Named[number], "kind" | "name">;

function isApplied({ kind, name }: Wanted, beside: Named, state: State): boolean {
  const isBeside = beside.some((document) => document.kind === kind && document.name === name);
  return isBeside || state.documents.get(kind)?.has(name) === true;
}

function examinePlan(plan: ReleasePlan, beside: Named, state: State): void {
  const wanted: readonly (readonly ["Model" | "Safeguards" | "UsagePolicy" | "Suite", Name])[] = [
    ["Model", plan.model],
    ["Safeguards", plan.safeguards],
    ["UsagePolicy", plan.policy],
    ...tieredStages(plan).flatMap((stage) => suitesOf(stage).map((suite) => ["Suite", suite] as const)),
    ...plan.stages.flatMap(({ requires }) => requires.flatMap(comparedWith)),
  ];
  const missing = wanted.find(([kind, name]) => !isApplied({ kind, name }, beside, state));
  if (missing === undefined) return;
  throw new Failure(
    "document_invalid",
    `The plan of ${plan.model} names a ${missing[0]} "${missing[1]}" that nobody applied.`,
  );
}

/** What a comparison names: one that nobody applied could never be run. */
function comparedWith(
  requirement: ReleasePlan["stages"][number]["requires"][number],
): readonly (readonly ["Model" | "Safeguards", Name])[] {
  if (!("against" in requirement)) return [];
  const { against } = requirement;
  if ("model" in against) return [["Model", against.model]];
  return "safeguards" in against ? [["Safeguards", against.safeguards]] : [];
}

/** A stage that nobody could propose is refused here, in the words that would be said then. */
function examineAudiences(plan: ReleasePlan, state: State): void {
  for (const stage of plan.stages) {
    const wrong = wrongAudience(audienceOf(state, plan, stage));
    if (wrong === undefined) continue;
    throw new Failure(
      "document_invalid",
      `Stage ${stage.stage} of the plan of ${plan.model} could not be proposed. ${wrong}`,
    );
  }
}

const dayMs = 86_400_000;

async function examineOrganisation({ body, at }: PredicateOf<"organisation">, given: Examined): Promise<void> {
  const document = await readDocument(given.records, body.document);
  const isOf = document.kind === "Organisation" && document.name === body.organisation && document.type === body.type;
  if (!isOf || (body.country !== undefined && document.country !== body.country)) {
    throw new Failure("statement_invalid", "The organisation's document says something else than the act.");
  }
  const fits = body.grants.every((grant) => {
    const { notAfter, ...said } = grant;
    const wish = document.grants.find(({ model }) => model === grant.model);
    if (wish === undefined || instantOf(notAfter) > instantOf(at) + wish.expiresInDays * dayMs) return false;
    const { expiresInDays: _days, ...wished } = wish;
    return isSame(said, wished);
  });
  if (fits && body.grants.length === document.grants.length && isSame(body.limits ?? {}, document.limits ?? {})) return;
  throw new Failure(
    "statement_invalid",
    "The grants and limits of the act are not those of the organisation's document.",
  );
}

function isSame(one: object, other: object): boolean {
  return Buffer.from(canonicalBytes(one)).equals(canonicalBytes(other));
}

async function examinePermit({ body }: PredicateOf<"permit">, given: Examined): Promise<void> {
  const suite = await readDocument(given.records, body.digests.suite);
  if (suite.kind !== "Suite") throw new Failure("statement_invalid", "The permit names a suite that is none.");
  const isSuite =
    suite.content?.root === body.items.root &&
    suite.content.count === body.items.count &&
    suite.measure.name === body.analysis.measure;
  if (!isSuite) throw new Failure("statement_invalid", "The permit's items or measure are not those of its suite.");
  // A plan of fewer could be ended early, and would have gone as it was registered.
  await checkTrials(body, suite, given);
  if (isAdaptive(suite) !== (body.adaptive !== undefined))
    throw new Failure(
      "statement_invalid",
      "Requests are written as a run goes on where its suite says so, and nowhere else: the permit says otherwise.",
    );
  if (body.digests.grader !== graderDigest(suite, given.records.primitives))
    throw new Failure("statement_invalid", "The permit names another grader than this server's. Use the same version.");
  if (body.bare !== undefined || suite.grader !== responseClassifierName) return;
  const safeguards = await readDocument(given.records, body.digests.safeguards);
  if (safeguards.kind === "Safeguards") checkSharedTraining(suite, safeguards.chain, trainedOn);
}

async function checkTrials(body: PredicateOf<"permit">["body"], suite: Suite, given: Examined): Promise<void> {
  const asked = body.probe === undefined ? body.items.count : await drawnOf(body, suite, given);
  if (body.analysis.trials !== asked * body.attempts)
    throw new Failure("statement_invalid", "The plan's trials are not all attempts on all items that it asks.");
}

/** How many items the probe draws. */
async function drawnOf(
  { model, probe, digests }: PredicateOf<"permit">["body"],
  suite: Suite,
  { state, records }: Examined,
): Promise<number> {
  const measures = latestCertificate(state, model)?.release.conditions.share?.watch?.measures ?? [];
  const measure = measures.find(({ id }) => id === probe?.watch);
  if (probe === undefined || measure?.measure !== "probes")
    throw new Failure("statement_invalid", "No live measure of what is certified asks for this probe.");
  const items = await itemsOf(records, digests.suite, suite);
  const drawn = drawnClusters(items, { probe, count: measure.clusters }, records.primitives);
  return items.filter(({ cluster }) => drawn.has(cluster)).length;
}

async function examineEvidence({ body }: PredicateOf<"evidence">, given: Examined): Promise<void> {
  const { records } = given;
  const suite = await readDocument(records, body.digests.suite);
  if (suite.kind !== "Suite") throw new Failure("statement_invalid", "The evidence names a suite that is none.");
  const sealed = await samplesOf(records, body);
  if (sealed.run !== body.run || sealed.permit !== body.permit || sealed.suite !== suite.name) {
    throw new Failure("statement_invalid", "The samples belong to another run, permit or suite.");
  }
  if (body.basis === "declared") checkReport(sealed.report, body);
  if (body.permit !== null) {
    checkSamples(sealed.samples, await itemsOf(records, body.digests.suite, suite));
    checkGraded(sealed.samples, suite, given.state.persons);
  }
  const { failures, trials, clusters, unknown } = tallySamples(sealed.samples, suite.measure.failure);
  const counted = { failures, trials, clusters, unknown };
  await checkGrading(records, body, suite);
  const isTrue = body.measures.every(
    (said) =>
      said.name === suite.measure.name &&
      said.failures === failures &&
      said.trials === trials &&
      said.clusters === clusters &&
      said.unknown === unknown,
  );
  if (isTrue && body.measures.length === 1) return;
  throw new Failure("statement_invalid", "The samples do not count to what the evidence claims.", { detail: counted });
}

/** What is declared says by its sealed samples who said it, of what, and why it is to be read with care. */
function checkReport(report: SealedRun["report"], body: EvidenceBody): void {
  if (report === undefined || body.source === null) {
    throw new Failure(
      "statement_invalid",
      "Declared evidence comes with the head of the report that it is: which tool, of what, with which flags. Import it again.",
    );
  }
  if (isSame(report.flags, body.flags) && report.tool === body.source.tool) return;
  throw new Failure(
    "statement_invalid",
    "The evidence has other flags, or is of another tool, than the report that was sealed with it.",
  );
}

/** What is shown of a run is counted by its own samples: of a run under a permit they are the suite's items, in its clusters. */
function checkSamples(samples: readonly Sample[], items: readonly CountedItem[]): void {
  const clusters = new Map(items.map(({ leaf, cluster }) => [leaf, cluster]));
  if (samples.every(({ item, cluster }) => clusters.get(item) === cluster)) return;
  throw new Failure(
    "statement_invalid",
    "The samples are of other items than the suite's, or count them in other clusters.",
  );
}

async function examineProposal({ body }: PredicateOf<"proposal">, given: Examined): Promise<void> {
  await checkRelease(body.release, given, given.index);
}

/** That the release says what its plan says. Fails with statement_invalid and the first difference. */
async function checkRelease(
  release: Proposal["release"],
  { records, state }: Examined,
  index: number,
): Promise<ReleasePlan> {
  const plan = await readPlan(records, release.digests.plan);
  const suites = await suiteFacts(records, { state, plan, stage: release.stage, release });
  const identityBasis = await readIdentityBasis(records, release.digests.model);
  const [problem] = releaseProblems(release, { state, plan, identityBasis, suites, index });
  if (problem === undefined) return plan;
  throw new Failure("statement_invalid", `The release is not what its plan says. ${problem}`);
}

async function examineCertificate({ body }: PredicateOf<"certificate">, given: Examined): Promise<void> {
  const { release } = body;
  const { state, at } = given;
  const proposal = state.proposals.get(release.proposal);
  const plan = await checkRelease(release, given, proposal?.index ?? given.index);
  if (!(await isCurrent(given.records, state, release)))
    throw new Failure(
      "conflict",
      "Documents were changed since this was proposed, so that it is about others. Propose again.",
    );
  const asked: AskedGate = { state, plan, stage: release.stage, configuration: release.digests, release, proposal, at };
  const judgement = await judgeFrom(given.records, asked);
  if (judgement.verdict !== "pass") throw notPassed(judgement);
}

function notPassed({ stage, verdict, requirements }: Judgement): Failure {
  const open = requirements.filter((requirement) => requirement.verdict !== "pass");
  const missing = open.map(({ id, stillToShow, why }) => `${id}: ${stillToShow ?? why}`);
  return new Failure("gate_not_passed", `The gate for ${stage} has not passed. Still to show: ${missing.join("; ")}.`, {
    detail: { stage, verdict, requirements: open.map(({ id }) => id).join(","), needs: open.map(needOf).join(",") },
  });
}

/** The roles that still have to sign, or the requirement that is not met. */
function needOf({ id, kind, have, need }: Judgement["requirements"][number]): string {
  if (kind !== "sign-offs") return id;
  return Object.entries(need)
    .filter(([role, count]) => Number(have[role] ?? 0) < Number(count))
    .map(([role]) => role)
    .join(",");
}

const hourMs = 3_600_000;

/** Live counts stand in no ledger, so that this is the control plane's to ask: the fold admits what was signed. */
async function examineWiden({ body }: PredicateOf<"widen">, { state, watch }: Examined): Promise<void> {
  for (const [model, certificates] of state.certificates) {
    if (certificates.at(-1)?.release.certificate !== body.certificate) continue;
    const view = await watch(model);
    if (view === null || view.widen === "advised" || view.verdict === "may-widen") return;
    const open = view.measures.filter(({ verdict }) => verdict !== "kept").map(({ id }) => id);
    throw new Failure(
      "gate_not_passed",
      `By its plan ${model} is widened once every live measure is shown to keep its limit; not shown: ${open.join(", ")}. See: headgate release status ${model}`,
    );
  }
}

/** A decision is about a request that waits, as it was kept, and holds no longer than its policy says. */
async function examineReview({ body, at: signedAt }: PredicateOf<"review">, given: Examined): Promise<void> {
  const { review: id, request, key, model, config, categories, notAfter, sample } = body;
  const kept = await given.review(id);
  if (kept === undefined) throw new Failure("not_found", "There is no such review here.");
  const { facts, found } = kept;
  const isAsked = isDeepStrictEqual(facts, { review: id, request, key, model, config });
  const isAll = found.length === categories.length && found.every(({ category }) => categories.includes(category));
  const isSameSample = isDeepStrictEqual(kept.sample ?? undefined, sample);
  if (!isAsked || !isAll || !isSameSample)
    throw new Failure("statement_invalid", "This decision is about another request than was kept.");
  // Taking back is not bound to the wait.
  const isOver = kept.expiresAt <= given.at && !given.state.reviews.has(id);
  if (isOver) throw new Failure("conflict", "Nobody waits for this any more: its time is over.");
  const hours = (instantOf(notAfter) - instantOf(signedAt)) / hourMs;
  if (hours <= kept.decisionHours) return;
  throw new Failure("statement_invalid", `By its policy this holds for ${kept.decisionHours} hours at the most.`);
}
