// Verifies a whole decision offline: the ledger is replayed from its first root, the documents and samples are hashed
// again, and the gate is judged again as it stood when the certificate was given, by the bundle's plan or by one's own.
// Pure: everything comes from the bundle and the arguments.
import { foldAct } from "../acts/fold.ts";
import type { EvidenceBody, Release } from "../acts/bodies.ts";
import type { Certificate, Proposal, State } from "../acts/state.ts";
import { emptyState } from "../acts/state.ts";
import type { Act } from "../acts/statement.ts";
import type { Sample } from "../evidence/seal.ts";
import { createReplica } from "../feed/replica.ts";
import { releaseProblems } from "../gates/draft.ts";
import type { Judgement } from "../gates/judgement.ts";
import type { ReleasePlan } from "../gates/plan-document.ts";
import { digestOf } from "../proof/digest.ts";
import { fromBase64 } from "../proof/encoding.ts";
import type { Primitives } from "../proof/primitives.ts";
import { checkGraded, checkGrading } from "../release/calibrated.ts";
import {
  type Records,
  judgeFrom,
  readIdentityBasis,
  readModes,
  readPlan,
  readSuite,
  samplesOf,
  suiteFacts,
} from "../release/records.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, type Instant, instantOf } from "../terms/ids.ts";
import { stageInWords } from "../terms/stage.ts";
import { modesAtStage, stageModesInWords } from "../terms/stage-modes.ts";
import { type BundleLike, type Step, checkParts, compareJudgements } from "./bundle-parts.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly firstDifference: string | null;
  /** How the gate was judged here. */
  readonly judgement: Judgement | null;
  /** Whether the ledger holds a certificate for the proposal. Without one nothing was let out, however consistent it is. */
  readonly certified: boolean;
}

export interface VerifyOptions {
  /** Act digest of the first trust root, known from elsewhere; without it the bundle may be anyone's. */
  readonly pin: Digest | undefined;
  /** Judge by this plan instead of the proposal's. */
  readonly plan: ReleasePlan | undefined;
  readonly primitives: Primitives;
  /** For a proposal without a certificate. */
  readonly at: Instant;
}

/** Every step by name, in order; what depends on a step that failed is not tried. */
export async function verifyBundle(bundle: BundleLike, options: VerifyOptions): Promise<Verification> {
  return (await examineBundle(bundle, options)).verification;
}

/** The verification, and what was decided as far as the ledger says, for whoever tells of it. */
export interface Examined {
  readonly verification: Verification;
  readonly decided: Decided | undefined;
  /** The fold at the end of the bundle. */
  readonly now: State | undefined;
}

export async function examineBundle(bundle: BundleLike, options: VerifyOptions): Promise<Examined> {
  const checks: Check[] = [];
  let judgement: Judgement | null = null;
  let replayed: Replayed | undefined;
  let decided: Decided | undefined;
  try {
    const ledger = (replayed = await check(checks, "ledger", async () => replay(bundle, options)));
    const decision = (decided = await check(checks, "decision", async () => decisionIn(ledger, bundle)));
    await check(checks, "parts", async () => checkParts(bundle, ledger, options.primitives));
    const records = recordsOf(bundle, options.primitives);
    await check(checks, "documents", async () => sayWhatTheyAre(records, decision));
    const judging = { ...options, at: judgedAt(bundle, decision, options) };
    const found = await check(checks, "judgement", async () => {
      judgement = await judgeAgain(records, decision, judging);
      return sameJudgement(judgement, bundle, options);
    });
    await check(checks, "gate", async () => isFit(found, decision, options));
  } catch (error) {
    // The failed check is in the list already; what is in none is a fault of the program.
    if (!(error instanceof Failure) || checks.every(({ ok }) => ok)) throw error;
  }
  const failed = checks.find(({ ok }) => !ok);
  const firstDifference = failed === undefined ? null : `${failed.name}: ${failed.detail}`;
  const certified = decided?.certificate !== undefined;
  const verification = { ok: failed === undefined, checks, firstDifference, judgement, certified };
  return { verification, decided, now: replayed?.state };
}

/** Runs a step and notes how it went; the step's value carries its own words. */
async function check<T>(checks: Check[], name: string, step: () => Promise<Step<T>>): Promise<T> {
  try {
    const { value, detail } = await step();
    checks.push({ name, ok: true, detail });
    return value;
  } catch (error) {
    if (error instanceof Failure) checks.push({ name, ok: false, detail: error.message });
    throw error;
  }
}

interface Replayed {
  readonly acts: readonly Act[];
  readonly state: State;
  readonly rootAt: (size: number) => Digest | undefined;
}

async function replay(bundle: BundleLike, { pin, primitives }: VerifyOptions): Promise<Step<Replayed>> {
  const replica = createReplica({ primitives, pin: pin ?? bundle.firstRoot, mark: undefined });
  const records = bundle.batch.records.map(({ leaf, envelope }) => ({
    leaf: bytesOf(leaf),
    envelope: bytesOf(envelope),
  }));
  if (bundle.batch.from !== 0)
    throw new Failure("proof_invalid", "The bundle's ledger does not begin at its beginning.");
  const acts = await replica.receive({ from: 0, records, checkpoint: bundle.batch.checkpoint });
  if (replica.state.firstRoot !== bundle.firstRoot) {
    throw new Failure("trust_unknown", "The bundle names another first trust root than its ledger begins with.");
  }
  const refused = replica.state.anomalies.length;
  const value = { acts, state: replica.state, rootAt: replica.rootAt };
  return { value, detail: `${acts.length} entries, every signature checked, ${refused} refused by the rules` };
}

interface Decided {
  readonly proposal: Proposal;
  readonly certificate: Certificate | undefined;
  /** The fold as it stood when the certificate was given, or at the end. */
  readonly before: State;
}

async function decisionIn(replayed: Replayed, bundle: BundleLike): Promise<Step<Decided>> {
  const proposal = replayed.state.proposals.get(bundle.proposal);
  if (proposal === undefined)
    throw new Failure("not_found", "The ledger does not hold the proposal that the bundle is about.");
  const certificate = replayed.state.certificates
    .get(proposal.release.model)
    ?.find(({ release }) => release.certificate === proposal.release.certificate);
  if (certificate === undefined) {
    const detail = "proposed, NOT CERTIFIED: judged as it stands at the end of the bundle";
    return { value: { proposal, certificate, before: replayed.state }, detail };
  }
  if (bundle.judged !== undefined && bundle.judged.at !== certificate.at)
    throw new Failure("proof_invalid", "The bundle says that it was judged at another time than it was certified at.");
  const before = stateBefore(replayed, certificate.index);
  const then = before.proposals.get(bundle.proposal) ?? proposal;
  return {
    value: { proposal: then, certificate, before },
    detail:
      `certified at entry ${certificate.index} as ${certificate.release.certificate}, for stage ` +
      `${stageInWords(certificate.release)}, with its floor quorum`,
  };
}

function stateBefore({ acts, rootAt }: Replayed, index: number): State {
  const state = emptyState();
  for (const [at, act] of acts.slice(0, index).entries()) foldAct(state, act, { index: at, rootAt });
  return state;
}

function recordsOf(bundle: BundleLike, primitives: Primitives): Records {
  const kept = new Map(Object.entries(bundle.artefacts));
  return {
    primitives,
    artefact: async (digest) => {
      const bytes = fromBase64(kept.get(digest) ?? "*");
      if (bytes !== undefined && digestOf(bytes, primitives) === digest) return bytes;
      throw new Failure("artefact_missing", `${digest} is missing in the bundle, or is other content.`);
    },
    // Each receipt is opened by whoever asks, and counts only under its own permit.
    receipts: async () => bundle.receipts,
  };
}

async function sayWhatTheyAre(records: Records, { proposal, before }: Decided): Promise<Step<undefined>> {
  const { release } = proposal;
  const plan = await readPlan(records, release.digests.plan);
  const identityBasis = await readIdentityBasis(records, release.digests.model);
  const modes = stageModesInWords(modesAtStage(await readModes(records, release.digests.safeguards), release.stage));
  await records.artefact(release.digests.policy);
  const suites = await suiteFacts(records, { state: before, plan, stage: release.stage, release });
  await checkGraders(records, before, release);
  const facts = { state: before, plan, identityBasis, suites, index: proposal.index };
  const [problem] = releaseProblems(release, facts);
  if (problem !== undefined)
    throw new Failure("statement_invalid", `The release is not what its plan says. ${problem}`);
  return {
    value: undefined,
    detail: `plan, model (${identityBasis}), safeguards, policy and ${suites.length} suite(s) are those signed${modes === "" ? "" : `; safeguards there: ${modes}`}`,
  };
}

/** What evidence of the release's suites says of its grader is counted again, where the grader says at once what it says. */
async function checkGraders(records: Records, state: State, { digests, model }: Release): Promise<void> {
  for (const digest of digests.suites) {
    const suite = await readSuite(records, digest);
    for (const { body } of state.evidence.values())
      if (body.digests.suite === digest && body.model === model) {
        await checkGrading(records, body, suite);
        const samples = body.permit === null ? [] : await samplesHere(records, body);
        checkGraded(samples, suite, state.persons);
      }
  }
}

/** None where they are gone: their items are unknown then. */
async function samplesHere(records: Records, body: EvidenceBody): Promise<readonly Sample[]> {
  try {
    return (await samplesOf(records, body)).samples;
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

/** Of a certificate the time that it was given at; else when whoever saved the bundle judged, or the time given. */
function judgedAt({ judged }: BundleLike, { certificate }: Decided, { at }: VerifyOptions): Instant {
  if (certificate !== undefined) return instantOf(certificate.at);
  return judged === undefined ? at : instantOf(judged.at);
}

async function judgeAgain(
  records: Records,
  { proposal, before }: Decided,
  { plan: own, at }: VerifyOptions,
): Promise<Judgement> {
  const { release } = proposal;
  const plan = own ?? (await readPlan(records, release.digests.plan));
  return judgeFrom(records, {
    state: before,
    plan,
    stage: release.stage,
    configuration: release.digests,
    release,
    proposal,
    at,
  });
}

/** By a plan of one's own it comes out as it does. */
function sameJudgement(found: Judgement, { judged }: BundleLike, { plan }: VerifyOptions): Step<Judgement> {
  if (plan !== undefined) return { value: found, detail: "judged by the plan given" };
  if (judged === undefined)
    return { value: found, detail: "judged again; the bundle does not say how it came out before" };
  compareJudgements(judged.judgement, found);
  return { value: found, detail: "judged again, and the same as the bundle says" };
}

function isFit(judgement: Judgement, { proposal, certificate }: Decided, { plan }: VerifyOptions): Step<undefined> {
  const able = (judgement.tier?.rules ?? []).map(({ why }) => why.replace(/\.$/, ""));
  const words = [
    ...(judgement.tier === undefined ? [] : [`tier ${judgement.tier.tier}`, ...able]),
    ...judgement.requirements.map(({ id, verdict, why }) => `${id} ${verdict}: ${why.replace(/\.$/, "")}`),
  ].join("; ");
  // A certificate over a gate that did not pass is a difference. Where nothing was certified, "not yet" contradicts nothing.
  const fits = judgement.verdict === "pass" || (certificate === undefined && judgement.verdict === "inconclusive");
  if (fits) return { value: undefined, detail: `${judgement.verdict}. ${words}` };
  const by = plan === undefined ? "its own plan" : "the plan given";
  throw new Failure(
    "gate_not_passed",
    `By ${by} the gate for ${proposal.release.stage} is ${judgement.verdict}. ${words}`,
  );
}

function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw new Failure("proof_invalid", "The bundle holds something that is not base64.");
  return bytes;
}
