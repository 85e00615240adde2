// `headgate eval run`: permit, requests, seal, evidence. Killed at any point, it goes on with --resume: the run file holds
// the signed permit and every try, and each statement is the same when it is sent again.
import { existsSync } from "node:fs";
import { modesFor } from "../terms/safeguard-mode.ts";
import { OpenStage } from "../terms/stage.ts";
import type { Permit } from "../acts/bodies.ts";
import type { Evidence } from "../acts/state.ts";
import { openStatement } from "../acts/statement.ts";
import { type LoadedSuite, openSuite } from "../evidence/suite.ts";
import type { Suite } from "../evidence/suite-document.ts";
import { graderAtOnce, graderDigest } from "../evidence/graders/registry.ts";
import { type Sealed, openSealed, sealRun, tallySamples } from "../evidence/seal.ts";
import { configurationOf } from "../gates/draft.ts";
import type { ReleasePlan } from "../gates/plan-document.ts";
import { fromBase64, toBase64 } from "../proof/encoding.ts";
import { nodePrimitives, randomBytes, randomId } from "../proof/node.ts";
import { type Live, liveBound, settledBefore } from "../runner/live-bound.ts";
import { type RunFile, beginRun, isPlain, resumeRun } from "../runner/run-file.ts";
import { type Progress, runSuite } from "../runner/run-suite.ts";
import { answersIn, triesOf, unanswered } from "../runner/seal-run.ts";
import { type Tally, boundsOf } from "../statistics/measure.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import { type Digest, Instant, type Name, PermitId, RunId, instantOf, timestampOf } from "../terms/ids.ts";
import { type Answer, done, inconclusive } from "./answer.ts";
import { tallyInWords } from "./breakdown-words.ts";
import { candidateDigest, candidatePlan, safeguardsOf, suiteOf } from "./candidate.ts";
import type { Context } from "./context.ts";
import { forgetExpired } from "./eval-forget.ts";
import type { RunOptions } from "./eval-options.ts";
import { type RunPlace, makeRunFolders, makeRunKey, neededRunKey, readRunKey, runPlace } from "./run-keys.ts";
import { secretBytes, secretKeyOf } from "../acts/secret-key.ts";
import { type Session, artefact, openSession, recordedIndex, signAs, submit } from "./session.ts";
import { type Base, type Call, sameProfile } from "./verb.ts";

const confidenceDefault = 0.95;

export async function beginSuiteRun(call: Call<RunOptions>, name: Name): Promise<Answer> {
  const { options, base, context } = call;
  if (options.model === undefined) throw new Failure("request_invalid", "Say which model: --model NAME.");
  const session = await openSession(base, context);
  const { plan } = await candidatePlan(session, options.model);
  const suiteDigest = candidateDigest(session, "Suite", name);
  const suite = await loadedSuite(session, suiteDigest);
  const confidence = options.confidence ?? plannedConfidence(plan, suite.document);
  const { secret, hash } = secretKeyOf(randomBytes(secretBytes), session.profile.demo, nodePrimitives);
  const { model, safeguards, policy } = configurationOf(session.state, plan, options.slot);
  const grader = graderDigest(suite.document, nodePrimitives);
  await tellStages(call, { session, safeguards, suite });
  const permit: Permit = {
    permit: PermitId.parse(randomId("permit_", 16)),
    run: RunId.parse(randomId("run_", 16)),
    hash,
    model: options.model,
    slot: options.slot,
    ...(options.stage === undefined ? {} : { stage: options.stage }),
    digests: { model, safeguards, policy, suite: suiteDigest, grader },
    items: { root: suite.loaded.content.root, count: suite.loaded.content.count },
    attempts: options.attempts,
    tokens: tokensOf(suite, options.attempts),
    notAfter: timestampOf(Instant.parse(context.now() + options.hours * 3_600_000)),
    analysis: {
      measure: suite.document.measure.name,
      rule: "fixed",
      trials: suite.loaded.content.count * options.attempts,
      confidence,
    },
  };
  const envelope = await signAs(session, "permit", permit);
  forgetOver(session);
  const place = placeFor(session, permit.run);
  const key = makeRunKey(place, keptUntil(permit, context.now(), options.keep));
  const file = await beginRun(place.file, key, {
    deployment: session.profile.deployment,
    permit,
    envelope: toBase64(envelope),
    secret,
    suite: name,
    at: timestampOf(context.now()),
  });
  return carryOn(call, { session, suite, file });
}

/** Where modes differ between stages, a run that names none is of all of them together, and may be of use at none. */
async function tellStages(
  { options, context, base }: Call<RunOptions>,
  about: { readonly session: Session; readonly safeguards: Digest; readonly suite: LoadedDocument },
): Promise<void> {
  if (options.stage !== undefined) return;
  const { chain } = await safeguardsOf(about.session, about.safeguards);
  const { failure } = about.suite.document.measure;
  const words = (stage?: OpenStage): string => modesFor(chain, { kind: "evaluation", failure, stage }).join();
  const others = OpenStage.options.filter((stage) => words(stage) !== words());
  if (others.length === 0 || base.json) return;
  context.tell(
    `The safeguards' modes differ between stages. This run is made under those of all stages together and counts for none of: ${others.join(", ")}. For one of them: --stage STAGE.\n`,
  );
}

/** Fails with not_found where the run did not begin on this machine. */
export async function resumeSuiteRun(call: Call<RunOptions>, run: RunId): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const place = placeFor(session, run);
  const file = await resumeRun(place.file, keyFor(place, call));
  const { begun } = file.record;
  if (begun.deployment !== session.profile.deployment) {
    throw new Failure("conflict", "This run belongs to another deployment than the profile.");
  }
  return carryOn(call, { session, suite: await loadedSuite(session, begun.permit.digests.suite), file });
}

function placeFor({ context, path }: Session, run: RunId): RunPlace {
  makeRunFolders(context, path);
  return runPlace(context, path, run);
}

/** A run of before runs were encrypted gets its key now. */
function keyFor(place: RunPlace, { context, options }: Call<RunOptions>): Uint8Array {
  const now = context.now();
  if (readRunKey(place, now).kind === "none" && existsSync(place.file) && isPlain(place.file)) {
    return makeRunKey(place, Instant.parse(now + options.keep * dayMs));
  }
  return neededRunKey(place, now);
}

const dayMs = 86_400_000;

/** As long as was asked, and never shorter than the permit: what is erased cannot be sealed. */
function keptUntil({ notAfter }: Permit, now: Instant, days: number): Instant {
  return Instant.parse(Math.max(now + days * dayMs, instantOf(notAfter) + dayMs));
}

function forgetOver({ context, path }: Session): void {
  const runs = forgetExpired(context, path);
  if (runs.length > 0) context.tell(`Erased, as their time is over: the texts of ${runs.join(", ")}.\n`);
}

interface LoadedDocument {
  readonly document: Suite;
  readonly loaded: LoadedSuite;
}

async function loadedSuite(session: Session, digest: Digest): Promise<LoadedDocument> {
  const document = await suiteOf(session, digest);
  if (document.content === undefined) throw new Failure("document_invalid", "This suite has no items. Apply it again.");
  const bytes = await artefact(session, document.content.digest);
  return { document, loaded: openSuite(document, bytes, nodePrimitives) };
}

/** The strictest confidence that the plan asks of this suite's measure. */
function plannedConfidence(plan: ReleasePlan, { name, measure }: Suite): number {
  const asked = plan.stages
    .flatMap(({ requires }) => requires)
    .flatMap((one) => ("measure" in one && one.suite === name && one.measure === measure.name ? [one.confidence] : []));
  return asked.length === 0 ? confidenceDefault : Math.max(...asked);
}

/** Letters a token has at the least, on the cautious side, and what a chat template adds. */
const charsPerToken = 2;
const templateTokens = 64;
/** Tries without an answer cost tokens as well. */
const triesAllowance = 4;

function tokensOf({ document, loaded }: LoadedDocument, attempts: number): number {
  const once = loaded.items.reduce(
    (sum, { text }) => sum + Math.ceil(text.length / charsPerToken) + templateTokens + document.answerTokens,
    0,
  );
  return once * attempts * triesAllowance;
}

interface Work {
  readonly session: Session;
  readonly suite: LoadedDocument;
  readonly file: RunFile;
}

async function carryOn(call: Call<RunOptions>, work: Work): Promise<Answer> {
  const { session, suite, file } = work;
  const { permit } = file.record.begun;
  try {
    const before = evidenceOf(session, permit.run);
    if (before !== undefined) return withProfile(await recorded(work, before), call.base);
    await ensurePermit(session, file);
    if (!call.options.seal) await ask(call, work);
    const open = unanswered(suite.loaded.items, permit.attempts, file.record.results);
    const isOver = call.context.now() >= instantOf(permit.notAfter);
    if (open > 0 && !call.options.seal && !isOver) return unfinished(permit, open, call.base);
    return withProfile(await sealAndReport(work), call.base);
  } finally {
    await file.close();
  }
}

function evidenceOf(session: Session, run: RunId): Evidence | undefined {
  return [...session.state.evidence.values()].find(({ body }) => body.run === run);
}

/** The permit stands in the ledger before the first request leaves; sent twice it is one statement. */
async function ensurePermit(session: Session, file: RunFile): Promise<void> {
  const { permit, envelope } = file.record.begun;
  if (session.state.permits.has(permit.permit)) return;
  const bytes = fromBase64(envelope);
  if (bytes === undefined) throw new Failure("request_invalid", "The run file holds no permit. Begin a new run.");
  try {
    recordedIndex(await submit(session, bytes));
  } catch (error) {
    const { digest } = await openStatement(bytes, nodePrimitives);
    if (failureCode(error) !== "conflict") throw error;
    throw new Failure(
      "conflict",
      `The permit ${digest} of this run was not accepted: ${messageOf(error)} Begin a new run.`,
      {
        cause: error,
      },
    );
  }
}

async function ask(call: Call<RunOptions>, { session, suite, file }: Work): Promise<void> {
  const { permit, secret } = file.record.begun;
  const { failure } = suite.document.measure;
  const { context } = call;
  const items = suite.loaded.items.map(({ id, cluster, body, expect }) => ({
    id,
    cluster,
    body: { ...body },
    asked: { id, messages: body.messages, expect },
  }));
  const known = settledBefore(items, file.record.results);
  const live = liveBound({ failure, confidence: permit.analysis.confidence, startMs: context.now(), known });
  const of = suiteInWords(permit.items.count, new Set(items.map(({ cluster }) => cluster)).size);
  context.tell(`${permit.run}: ${of} of ${suite.document.name}, permit ${permit.permit}\n`);
  await runSuite(
    {
      permit,
      secret,
      failure,
      grader: graderAtOnce(suite.document, nodePrimitives),
      dataPlane: session.profile.dataPlane,
      items,
      gateways: session.state.root?.body.gateways ?? [],
      concurrency: call.options.concurrency,
    },
    {
      file,
      now: context.now,
      wait: context.wait,
      signal: context.signal,
      primitives: nodePrimitives,
      progress: progressLine(context, live),
    },
  );
}

/** How often the line is written anew: for people, and into a file. */
const watchedMs = 100;
const unwatchedMs = 5_000;

function progressLine(context: Context, live: Live): (progress: Progress) => void {
  let last = 0;
  return (progress) => {
    const now = context.now();
    const line = live.line(progress, now);
    const isEnd = progress.done === progress.total;
    if (!isEnd && now - last < (context.isWatched ? watchedMs : unwatchedMs)) return;
    last = now;
    // Back to the start of the line, and whatever stood there is cleared.
    const start = context.isWatched ? "\r\u001b[K" : "";
    context.tell(`${start}${line}${isEnd || !context.isWatched ? "\n" : ""}`);
  };
}

function withProfile(answer: Answer, base: Base): Answer {
  return answer.next === undefined ? answer : { ...answer, next: answer.next + sameProfile(base) };
}

function unfinished(permit: Permit, open: number, base: Base): Answer {
  const json = { run: permit.run, permit: permit.permit, unanswered: open, sealed: false };
  return inconclusive(
    json,
    `${open} attempts have no answer, so ${permit.run} is not sealed. Until ${permit.notAfter} they can be asked again.`,
    `headgate eval run --resume ${permit.run}${sameProfile(base)}, or with --seal to count them as unknown`,
  );
}

async function sealAndReport(work: Work): Promise<Answer> {
  const { session, suite, file } = work;
  const { permit } = file.record.begun;
  const { name, measure } = suite.document;
  const tries = triesOf(suite.loaded.items, {
    record: file.record,
    answers: answersIn(file, nodePrimitives),
    at: session.context.now(),
  });
  const head = { run: permit.run, permit: permit.permit, suite: name, failure: measure.failure };
  // What the model answered stays here, in the run's file; the ledger has commitments only.
  const sealed = sealRun(head, tries, nodePrimitives);
  const submitted = await submit(
    session,
    await signAs(session, "evidence", evidenceBody(permit, measure.name, sealed)),
    {
      artefacts: [sealed.bytes],
    },
  );
  const ledgerIndex = recordedIndex(submitted);
  await file.write({ kind: "sealed", evidence: submitted.act.digest, at: timestampOf(session.context.now()) });
  return report(permit, { evidence: submitted.act.digest, ledgerIndex, measure: measure.name, tally: sealed.tally });
}

function evidenceBody(permit: Permit, measure: Name, sealed: Sealed): Evidence["body"] {
  const { failures, trials, clusters, unknown } = sealed.tally;
  return {
    run: permit.run,
    permit: permit.permit,
    basis: "measured-here",
    model: permit.model,
    digests: permit.digests,
    measures: [{ name: measure, failures, trials, clusters, unknown }],
    samples: sealed.samples,
    source: null,
    flags: [],
  };
}

/** The run is sealed already: its result from the record. */
async function recorded({ session, suite }: Work, evidence: Evidence): Promise<Answer> {
  const permit = evidence.body.permit === null ? undefined : session.state.permits.get(evidence.body.permit);
  if (permit === undefined) throw new Failure("conflict", `${evidence.body.run} is sealed, and has no permit here.`);
  const { samples } = evidence.body;
  const content = openSealed(await artefact(session, samples.artefact), samples, nodePrimitives);
  const { name, failure } = suite.document.measure;
  const tally = tallySamples(content.samples, failure);
  return report(permit, { evidence: evidence.act, ledgerIndex: evidence.index, measure: name, tally });
}

interface Reported {
  readonly evidence: Digest;
  readonly ledgerIndex: number;
  readonly measure: Name;
  readonly tally: Tally;
}

function suiteInWords(items: number, clusters: number): string {
  const counted = `${items} ${items === 1 ? "item" : "items"}`;
  return clusters === items ? counted : `${counted} in ${clusters} ${clusters === 1 ? "cluster" : "clusters"}`;
}

function report(permit: Permit, { evidence, ledgerIndex, measure, tally }: Reported): Answer {
  const { failures, trials, clusters, unknown } = tally;
  const { estimate, upper, confidence } = boundsOf(tally, permit.analysis.confidence);
  const { run, digests } = permit;
  const json = {
    run,
    permit: permit.permit,
    evidence,
    digests,
    measures: [{ name: measure, failures, trials, clusters, unknown, estimate, upper, confidence }],
    ledgerIndex,
  };
  return done(
    json,
    `${measure}: ${tallyInWords(tally)}; the rate is at most ${(100 * upper).toFixed(2)} % ` +
      `at ${100 * confidence} % confidence, for prompts like this suite's (not for attackers who adapt).\nEvidence ${evidence}`,
    `headgate eval show ${run}`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
