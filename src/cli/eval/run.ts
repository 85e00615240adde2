// `headgate eval run`: permit, requests, seal, evidence. Killed at any point, it goes on with --resume: the run file holds
// the signed permit and every try, and each statement is the same when it is sent again.
import { existsSync } from "node:fs";
import type { Permit } from "../../acts/bodies.ts";
import type { Evidence } from "../../acts/state.ts";
import { openStatement } from "../../acts/statement.ts";
import { takesTwo } from "../../acts/two-person-permits.ts";
import type { LoadedItem } from "../../evidence/suite.ts";
import { graderAtOnce } from "../../evidence/graders/registry.ts";
import { type Sealed, type Tried, openSealed, sealRun, tallySamples } from "../../evidence/seal.ts";
import { boundsOfPool } from "../../gates/pooled-bounds.ts";
import { shortfall } from "../../gates/registration.ts";
import { fromBase64, toBase64 } from "../../proof/encoding.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { type Budget, budgetOf, leftInWords } from "../../runner/budget.ts";
import { type Live, liveBound, settledBefore } from "../../runner/live-bound.ts";
import { type RunFile, beginRun, isPlain, resumeRun } from "../../runner/run-file.ts";
import { gradesOf } from "../../runner/settle-grades.ts";
import { runItemOf } from "../../runner/run-items.ts";
import { type Progress, runSuite } from "../../runner/run-suite.ts";
import { answersIn, triesOf, unanswered } from "../../runner/seal-run.ts";
import type { Tally } from "../../statistics/measure.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { type Digest, Instant, Name, type PermitId, type RunId, instantOf, timestampOf } from "../../terms/ids.ts";
import { type Answer, done, inconclusive } from "../answer.ts";
import { tallyInWords } from "./breakdown-words.ts";
import type { Context } from "../context.ts";
import { type OpenedAttacker, attackerOf } from "./attacker.ts";
import { candidateDigest, suiteOf } from "../candidate.ts";
import { calibrationInWords, statedCalibration } from "./calibrate.ts";
import { completeProof, submitEvidence } from "./evidence-proof.ts";
import { forgetExpired } from "./forget.ts";
import { askedItems, nextProbe } from "./probe.ts";
import type { PlanOptions, RegisterOptions, RunOptions } from "./options.ts";
import { type LoadedDocument, loadedSuite, planIn, planInWords, planRun } from "./plan.ts";
import { askByItsRule, cameTo } from "./sequential.ts";
import { unfinished } from "./unfinished.ts";
import { type GradingWork, gradeByJudges, openGrades, openInWords } from "./grading.ts";
import { type RunPlace, makeRunFolders, makeRunKey, neededRunKey, readRunKey, runPlace } from "./run-keys.ts";
import { triesLeft } from "./run-size.ts";
import { type Session, artefact, openSession, recordedIndex, signAs, submit } from "../session.ts";
import { checkServersThere, checkSuiteServers } from "./suite-servers.ts";
import { type Base, type Call, sameProfile } from "../verb.ts";

/** Registers the run's plan, and begins with it at once. */
export async function beginSuiteRun(call: Call<RunOptions>, name: Name): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const { probe, model } = call.options;
  const digest =
    probe === undefined || model === undefined
      ? candidateDigest(session, "Suite", name)
      : nextProbe(session, { model, suite: name, watch: probe }).suite;
  const document = await suiteOf(session, digest);
  // Before the permit is in the ledger: what cannot be graded is not begun.
  const servers = { suite: document, digest, origins: call.options.judgeOrigin };
  await checkServersThere(session, servers, "Set it, and run this again.");
  const { file, suite } = await registeredRun(call, session, name);
  return carryOn(call, { session, suite, file });
}

interface Begun {
  readonly file: RunFile;
  readonly suite: LoadedDocument;
}

/** The run's file, with its signed permit: what is on disk can be sent again. */
async function registeredRun(call: Call<PlanOptions>, session: Session, name: Name): Promise<Begun> {
  const { permit, secret, suite } = await planRun(call, session, name);
  const envelope = await signAs(session, "permit", permit);
  forgetOver(session);
  const { context, options } = call;
  const place = placeFor(session, permit.run);
  const key = makeRunKey(place, keptUntil(permit, context.now(), options.keep));
  const file = await beginRun(place.file, key, {
    deployment: session.profile.deployment,
    permit,
    envelope: toBase64(envelope),
    secret,
    suite: name,
    at: timestampOf(call.context.now()),
  });
  return { file, suite };
}

/** `headgate eval register`: the plan alone, in the ledger before the run begins. */
export async function registerSuiteRun(call: Call<RegisterOptions>, name: Name): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  if (call.options.look) {
    const { permit } = await planRun(call, session, name);
    return done({ plan: planIn(permit) }, `${planInWords(permit)}\nNothing was registered (--look).`);
  }
  const { file } = await registeredRun(call, session, name);
  const { permit } = file.record.begun;
  try {
    const waits = await ensurePermit(session, file);
    if (waits !== undefined) return waitingFor(permit, waits, call.base);
  } finally {
    await file.close();
  }
  const json = { permit: permit.permit, run: permit.run, plan: planIn(permit) };
  return withProfile(
    done(
      json,
      `${planInWords(permit)}\nRegistered as ${permit.permit}.`,
      `headgate eval run --permit ${permit.permit}`,
    ),
    call.base,
  );
}

/** Begins, or goes on with, the run of a permit that was registered on this machine. */
export async function runPermit(call: Call<RunOptions>, permit: PermitId): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const registered = session.state.permits.get(permit);
  if (registered !== undefined) return resumeSuiteRun(call, registered.run);
  throw new Failure("not_found", `${permit} is not in the ledger. See what is registered: headgate eval show`);
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

interface Work extends Begun {
  readonly session: Session;
  /** What its permit asks. */
  readonly asked: readonly LoadedItem[];
}

async function carryOn(call: Call<RunOptions>, begun: Begun & Pick<Work, "session">): Promise<Answer> {
  const { session, suite, file } = begun;
  const { permit } = file.record.begun;
  const work = { ...begun, asked: askedItems(session, permit, suite.loaded.items) };
  try {
    const before = evidenceOf(session, permit.run);
    if (before !== undefined) return withProfile(await recorded(work, before), call.base);
    await checkServers(call, work);
    const waits = await ensurePermit(session, file);
    if (waits !== undefined) return waitingFor(permit, waits, call.base);
    const budget = budgetFor(call);
    const isShown = call.options.seal ? false : await ask(call, work, budget);
    const open = unanswered(work.asked, permit.attempts, file.record.results);
    const isOver = isShown || call.context.now() >= instantOf(permit.notAfter);
    if (!call.options.seal) await gradeByJudges(gradingOf(work), call.context);
    if (open > 0 && !call.options.seal && !isOver) {
      const isFull = triesLeft(suite, file.record) <= 0;
      const results = file.record.results;
      return unfinished({ permit, open, results, spent: budget.spent(call.context.now()), isFull }, call);
    }
    const ungraded = openGrades(gradingOf(work));
    if (ungraded.size > 0 && !call.options.seal) return withProfile(waitingForGraders(permit, ungraded), call.base);
    return withProfile(await sealAndReport(work, call.options.seal), call.base);
  } finally {
    await file.close();
  }
}

/** Before anything is asked, or asked again. */
async function checkServers({ options, base }: Call<RunOptions>, { session, suite, file }: Work): Promise<void> {
  const { run, digests } = file.record.begun.permit;
  const servers = { suite: suite.document, digest: digests.suite, origins: options.judgeOrigin };
  if (options.seal) return checkSuiteServers(session, servers);
  const kept = file.record.results.length === 0 ? "" : `What was answered in ${run} is kept. `;
  const then = `${kept}Set it, then: headgate eval run --resume ${run}${sameProfile(base)}`;
  return checkServersThere(session, servers, then);
}

function evidenceOf(session: Session, run: RunId): Evidence | undefined {
  return [...session.state.evidence.values()].find(({ body }) => body.run === run);
}

/**
 * The permit stands in the ledger before the first request leaves; sent twice it is one statement. Gives the statement that waits, where
 * a second person has to sign it.
 */
async function ensurePermit(session: Session, file: RunFile): Promise<Digest | undefined> {
  const { permit, envelope } = file.record.begun;
  if (session.state.permits.has(permit.permit)) return undefined;
  const bytes = fromBase64(envelope);
  if (bytes === undefined) throw new Failure("request_invalid", "The run file holds no permit. Begin a new run.");
  try {
    const submitted = await submit(session, bytes);
    if (submitted.answer.kind === "pending" && takesTwo(permit)) return submitted.act.digest;
    recordedIndex(submitted);
    return undefined;
  } catch (error) {
    const { digest } = await openStatement(bytes, nodePrimitives);
    if (failureCode(error) !== "conflict") throw error;
    throw new Failure(
      "conflict",
      `The permit ${digest} of this run was not accepted: ${messageOf(error)} Begin a new run.`,
      { cause: error },
    );
  }
}

/** Nothing is asked before two persons signed. */
function waitingFor({ permit, run, notAfter, bare }: Permit, act: Digest, base: Base): Answer {
  const why = bare === true ? "is made without safeguards" : "writes its requests as it goes on";
  const text =
    `${run} ${why}, so a second person signs its permit: an owner, or somebody of safety or policy, of another role than yours.\n` +
    `They read what it says and sign it with: headgate cosign ${act}`;
  return inconclusive(
    { run, permit, act, needs: ["person"], sealed: false },
    text,
    `once they have, and before ${notAfter}: headgate eval run --resume ${run}${sameProfile(base)}`,
  );
}

/** Of this sitting: whoever resumes says anew what it may cost. */
function budgetFor({ options, context }: Call<RunOptions>): Budget {
  const { maxRequests, maxTokens, maxMinutes, perMinute } = options;
  return budgetOf({ requestsMax: maxRequests, tokensMax: maxTokens, minutesMax: maxMinutes, perMinute }, context.now());
}

/** Whether a run that may end at any time has shown what it was to show. */
async function ask(call: Call<RunOptions>, work: Work, budget: Budget): Promise<boolean> {
  const { suite, file } = work;
  const { concurrency } = call.options;
  const attacker = attackerOf({ suite: suite.document, file, concurrency }, call.context);
  try {
    return await askItems(call, work, { budget, attacker: attacker.means });
  } finally {
    await attacker.close();
  }
}

interface Sitting {
  readonly budget: Budget;
  readonly attacker: OpenedAttacker["means"];
}

async function askItems(
  call: Call<RunOptions>,
  { session, suite, file, asked }: Work,
  { budget, attacker }: Sitting,
): Promise<boolean> {
  const { permit, secret } = file.record.begun;
  const { failure } = suite.document.measure;
  const { context } = call;
  const items = suite.loaded.items.map((item) => runItemOf(item, suite.document, attacker));
  const known = settledBefore(items, file.record.results);
  const live = liveBound({ failure, confidence: permit.analysis.confidence, startMs: context.now(), known });
  const of = suiteInWords(asked.length, new Set(asked.map(({ cluster }) => cluster)).size);
  context.tell(`${permit.run}: ${of} of ${suite.document.name}, permit ${permit.permit}\n`);
  const show = progressLine(context, live, budget);
  const plan = {
    permit,
    secret,
    failure,
    grader: graderAtOnce(suite.document, nodePrimitives),
    dataPlane: session.profile.dataPlane,
    items,
    gateways: session.state.root?.body.gateways ?? [],
    concurrency: call.options.concurrency,
    triesLeft: triesLeft(suite, file.record),
  };
  const { now, wait, signal } = context;
  const ports = { file, now, wait, signal, budget, primitives: nodePrimitives };
  return askByItsRule({ known, failure, items: suite.loaded.items, permit }, async ({ order, isEnough, progress }) =>
    runSuite(
      { ...plan, order: permit.probe === undefined ? order : placesOf(asked, suite.loaded.items) },
      {
        ...ports,
        isEnough,
        progress: (made) => {
          show(made);
          progress(made);
        },
      },
    ),
  );
}

/** How often the line is written anew: for people, and into a file. */
const watchedMs = 100;
const unwatchedMs = 5_000;

function progressLine(context: Context, live: Live, budget: Budget): (progress: Progress) => void {
  let last = 0;
  return (progress) => {
    live.take(progress);
    const now = context.now();
    const isEnd = progress.done === progress.total;
    if (!isEnd && now - last < (context.isWatched ? watchedMs : unwatchedMs)) return;
    last = now;
    const line = live.line(progress, now) + leftInWords(budget.left(now));
    // Back to the start of the line, and whatever stood there is cleared.
    const start = context.isWatched ? "\r\u001b[K" : "";
    context.tell(`${start}${line}${isEnd || !context.isWatched ? "\n" : ""}`);
  };
}

function withProfile(answer: Answer, base: Base): Answer {
  return answer.next === undefined ? answer : { ...answer, next: answer.next + sameProfile(base) };
}

/** Where items stand in their suite. */
function placesOf(asked: readonly LoadedItem[], all: readonly LoadedItem[]): readonly number[] {
  return asked.map((item) => all.indexOf(item));
}

function gradingOf({ suite, file, asked }: Work): GradingWork {
  return { suite: suite.document, items: asked, file };
}

/** All is answered, and not all of it graded. */
function waitingForGraders({ run, permit }: Permit, open: ReturnType<typeof openGrades>): Answer {
  const forPeople = ["person", "second-person", "third-person"] as const;
  const next = forPeople.some((who) => open.has(who))
    ? `headgate eval grade ${run}`
    : `headgate eval run --resume ${run}`;
  return inconclusive(
    { run, permit, ungraded: Object.fromEntries(open), sealed: false },
    `Answers of ${run} wait for graders, so it is not sealed: ${openInWords(open)}. With --resume ${run} --seal they count as unknown.`,
    next,
  );
}

async function sealAndReport(work: Work, asItIs: boolean): Promise<Answer> {
  const { session, suite, file, asked } = work;
  const { permit } = file.record.begun;
  const { name, measure } = suite.document;
  const at = session.context.now();
  const tries = triesOf(cameTo(permit, asked, file.record), {
    record: file.record,
    answers: answersIn(file, nodePrimitives),
    at,
    settle: gradesOf(suite.document, file.record, nodePrimitives)?.settle,
  });
  const short = shortfall({ ...permit, plan: permit.analysis }, answeredAtAll(tries), timestampOf(at));
  const head = { run: permit.run, permit: permit.permit, suite: name, failure: measure.failure };
  // What the model answered stays here, in the run's file; the ledger has commitments only.
  const sealed = sealRun(head, tries, nodePrimitives);
  const calibration = await statedCalibration(session, suite.document, asItIs);
  const grading = calibration === undefined ? {} : { grading: { calibration } };
  const code = session.context.code?.();
  const about = { ...grading, ...(code === undefined ? {} : { code }) };
  const body = { ...evidenceBody(permit, measure.name, { ...sealed, short }), ...about };
  const submitted = await submitEvidence(session, await signAs(session, "evidence", body), sealed.bytes);
  const ledgerIndex = recordedIndex(submitted);
  await file.write({ kind: "sealed", evidence: submitted.act.digest, at: timestampOf(session.context.now()) });
  const { digest: evidence } = submitted.act;
  return report(permit, { evidence, ledgerIndex, measure: measure.name, tally: sealed.tally, ...grading });
}

/** Tries that a gateway has answered in some way. */
function answeredAtAll(tries: readonly Tried[]): readonly Tried[] {
  return tries.filter(({ receipt }) => receipt !== null);
}

interface Ended extends Pick<Sealed, "samples" | "tally"> {
  readonly short: ReturnType<typeof shortfall>;
}

function evidenceBody(permit: Permit, measure: Name, sealed: Ended): Evidence["body"] {
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
    flags: sealed.short === undefined ? [] : [Name.parse(sealed.short)],
  };
}

/** The run is sealed already: its result from the record. */
async function recorded({ session, suite }: Work, evidence: Evidence): Promise<Answer> {
  const permit = evidence.body.permit === null ? undefined : session.state.permits.get(evidence.body.permit);
  if (permit === undefined) throw new Failure("conflict", `${evidence.body.run} is sealed, and has no permit here.`);
  await completeProof(session, permit.run, evidence.index);
  const { samples } = evidence.body;
  const content = openSealed(await artefact(session, samples.artefact), samples, nodePrimitives);
  const { name, failure } = suite.document.measure;
  const tally = tallySamples(content.samples, failure);
  const { act, index, body } = evidence;
  return report(permit, { evidence: act, ledgerIndex: index, measure: name, tally, grading: body.grading });
}

interface Reported {
  readonly evidence: Digest;
  readonly ledgerIndex: number;
  readonly measure: Name;
  readonly tally: Tally;
  readonly grading?: Evidence["body"]["grading"];
}

function suiteInWords(items: number, clusters: number): string {
  const counted = `${items} ${items === 1 ? "item" : "items"}`;
  return clusters === items ? counted : `${counted} in ${clusters} ${clusters === 1 ? "cluster" : "clusters"}`;
}

function report(permit: Permit, { evidence, ledgerIndex, measure, tally, grading }: Reported): Answer {
  const { failures, trials, clusters, unknown } = tally;
  const rule = permit.analysis.rule === "sequential" ? ({ rule: "sequential" } as const) : {};
  const { estimate, upper, confidence } = boundsOfPool({ tally, ...rule }, permit.analysis.confidence);
  const { run, digests } = permit;
  const json = {
    run,
    permit: permit.permit,
    evidence,
    digests,
    measures: [{ name: measure, failures, trials, clusters, unknown, estimate, upper, confidence }],
    ledgerIndex,
    ...(grading === undefined ? {} : { grading }),
  };
  const grader = grading === undefined ? "" : `\nThe grader: ${calibrationInWords(grading.calibration, confidence)}`;
  return done(
    json,
    `${measure}: ${tallyInWords(tally)}; the rate is at most ${(100 * upper).toFixed(2)} % ` +
      `at ${100 * confidence} % confidence, for prompts like this suite's (not for attackers who adapt).${grader}\nEvidence ${evidence}`,
    `headgate eval show ${run}`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
