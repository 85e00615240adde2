// `headgate eval calibrate`: how sure a suite's grader is. It is let at the answers that the suite's calibration set labels, and what it
// got right is counted, with exact intervals; a run does the same and states it in its evidence.
import { join } from "node:path";
import { z } from "zod";
import type { Calibration } from "../../acts/bodies.ts";
import {
  type SaidOf,
  calibrationOf,
  countCalibration,
  type Hits,
  isRight,
  saidAtOnce,
} from "../../evidence/calibrate.ts";
import { judgesOf } from "../../evidence/graders/grader-document.ts";
import { graderDigest, graderInWords } from "../../evidence/graders/grader-digest.ts";
import {
  type CalibrationAnswer,
  type CalibrationSet,
  openCalibration,
  sidesOf,
} from "../../evidence/suite-calibration.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { nodePrimitives, randomBytes } from "../../proof/node.ts";
import { openJudge } from "../../runner/ask-judge.ts";
import { askAboutSet, type CalibratedSet } from "../../runner/calibrate-run.ts";
import { clopperPearson } from "../../statistics/binomial.ts";
import { shareText } from "../../statistics/share.ts";
import { Failure, failureCode } from "../../terms/failure.ts";
import { type Digest, Name } from "../../terms/ids.ts";
import type { FailureKind } from "../../terms/trial.ts";
import { type Answer, done, inconclusive } from "../answer.ts";
import { candidateDigest, suiteOf } from "../candidate.ts";
import { type Context, secretsOf } from "../context.ts";
import { progressLine, sumsInWords } from "./grading.ts";
import { type Session, artefact, openSession } from "../session.ts";
import { JudgeOrigins, checkSuiteServers, serverInWords } from "./suite-servers.ts";
import { tableOf } from "../stats/options.ts";
import { type Call, argument, parsed, sameProfile } from "../verb.ts";

export const CalibrateOptions = z.object({
  confidence: z.coerce.number().gt(0.5).lt(1).default(0.95),
  judgeOrigin: JudgeOrigins.optional(),
});

/** A suite that pins a calibration set, and the set. */
interface Calibrated {
  readonly suite: Suite;
  readonly set: CalibrationSet;
}

export async function calibrate(call: Call<z.infer<typeof CalibrateOptions>>): Promise<Answer> {
  const { confidence } = call.options;
  const session = await openSession(call.base, call.context);
  const name = parsed(Name, argument(call, 0), "The suite");
  const digest = candidateDigest(session, "Suite", name);
  const suite = await suiteOf(session, digest);
  checkSuiteServers(session, { suite, digest, origins: call.options.judgeOrigin });
  const set = await calibrationSet(session, suite);
  if (set === undefined && isOfPeople(suite)) throw uncalibrated(suite);
  if (set === undefined)
    throw new Failure(
      "not_found",
      `Suite ${name} names no calibration set. Write calibration: FILE.jsonl into its document, and apply it again.`,
    );
  const { said, open } = await saidOf({ suite, set }, call.context);
  if (open !== undefined)
    return inconclusive(
      { suite: name, unasked: open },
      `Not calibrated yet: ${open}.`,
      `headgate eval calibrate ${name}${sameProfile(call.base)}`,
    );
  return answerOf({ suite, set }, said, confidence);
}

/**
 * What a run states of its grader; undefined where the suite names no calibration set, people grade, or `asItIs` and not all of it
 * was asked. Fails with server_unreachable where judges could not be asked: the run is not sealed then, and goes on with --resume.
 */
export async function statedCalibration(
  session: Session,
  suite: Suite,
  asItIs: boolean,
): Promise<Calibration | undefined> {
  const set = await calibrationSet(session, suite);
  if (set === undefined || isOfPeople(suite)) return undefined;
  const { said, open } = await saidOf({ suite, set }, session.context).catch((error: unknown) => {
    // Sealed as it is, a run states nothing of judges that cannot be asked for want of their key.
    if (asItIs && failureCode(error) === "configuration_invalid") return { said: new Map(), open: "no key" };
    throw error;
  });
  if (open === undefined) return calibrationOf(set, said, suite.measure.failure);
  if (asItIs) return undefined;
  throw new Failure(
    "server_unreachable",
    `The run is not sealed, since its evidence is to say how often the grader errs, and ${open}. Go on with --resume; with --seal it says nothing of it.`,
  );
}

async function calibrationSet(session: Session, suite: Suite): Promise<CalibrationSet | undefined> {
  const pinned = suite.content?.calibration;
  return pinned === undefined ? undefined : openCalibration(suite, await artefact(session, pinned), nodePrimitives);
}

function isOfPeople({ grader }: Suite): boolean {
  return typeof grader !== "string" && "people" in grader;
}

/** Labels of people are no measure of people. */
function uncalibrated({ name }: Suite): Failure {
  return new Failure(
    "request_invalid",
    `People grade ${name}, and they are not calibrated: how far they agree says headgate eval show RUN.`,
  );
}

interface Said {
  readonly said: SaidOf;
  /** What is still to be asked, in words; undefined where nothing is. */
  readonly open: string | undefined;
}

/** Fails with request_invalid where people grade. */
async function saidOf({ suite, set }: Calibrated, context: Context): Promise<Said> {
  const said = saidAtOnce(set.answers, suite, nodePrimitives);
  if (said !== undefined) return { said, open: undefined };
  const { grader } = suite;
  const entries = judgesOf(grader);
  if (typeof grader === "string" || entries.length === 0) throw uncalibrated(suite);
  const means = { secrets: secretsOf(context), ownPorts: new Set<number>(), randomBytes };
  const judges = entries.map((entry) => openJudge(entry, means));
  const { now, wait, signal, tell, stateFolder } = context;
  const path = join(
    stateFolder,
    "calibrations",
    `${hexOf(graderDigest(suite, nodePrimitives))}-${hexOf(set.digest)}.jsonl`,
  );
  try {
    for (const entry of entries) tell(`Asked: ${entry.model} at ${serverInWords(entry)}.\n`);
    tell(`${graderInWords(suite)}: asked about ${set.answers.length} labelled answers, each once on this machine.\n`);
    const { failure } = suite.measure;
    const asked = await askAboutSet({ grader, judges, answers: set.answers, failure }, path, {
      now,
      wait,
      signal,
      progress: progressLine(context),
    });
    for (const line of sumsInWords(asked.book.sums())) tell(`${line}\n`);
    return { said: asked.said, open: openWords(asked) };
  } finally {
    await Promise.all(judges.map(async (judge) => judge.close()));
  }
}

function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

function openWords({ open, troubles }: CalibratedSet): string | undefined {
  if (open === 0) return undefined;
  const why = [...troubles].map(([by, trouble]) => `${by} was left alone: ${trouble}`).join("; ");
  return `of ${open} labelled answers nobody knows yet what the grader says${why === "" ? "" : ` (${why})`}`;
}

interface Part {
  readonly name: string;
  readonly sensitivity: Hits;
  readonly specificity: Hits;
}

function answerOf({ suite, set }: Calibrated, said: SaidOf, confidence: number): Answer {
  const { name, measure } = suite;
  const all = { name: "all", ...countCalibration(set.answers, said, measure.failure) };
  const parts = partsOf(set.answers, said, suite);
  const { failed, clean } = sidesOf(set.answers, measure.failure);
  const wrong = [...failed, ...clean].flatMap((answer) => {
    const verdict = said.get(answer.id) ?? "unscored";
    return isRight(answer, verdict, measure.failure) ? [] : [{ id: answer.id, label: answer.label, verdict }];
  });
  const json = {
    suite: name,
    grader: { name: graderInWords(suite), digest: graderDigest(suite, nodePrimitives) },
    set: { digest: set.digest, count: set.answers.length },
    measure: measure.name,
    failure: measure.failure,
    confidence,
    ...figuresOf(all, confidence),
    categories: parts.map((part) => ({ name: part.name, ...figuresOf(part, confidence) })),
    wrong,
  };
  return done(json, textOf({ suite, set }, { parts: [all, ...parts], wrong }, confidence));
}

function partsOf(answers: readonly CalibrationAnswer[], said: SaidOf, { measure }: Suite): readonly Part[] {
  const byCategory = Map.groupBy(
    answers.filter(({ category }) => category !== undefined),
    ({ category }) => category ?? "",
  );
  return [...byCategory].map(([name, some]) => ({ name, ...countCalibration(some, said, measure.failure) }));
}

interface ShareFigures extends Hits {
  readonly estimate: number | null;
  readonly lower: number;
  readonly upper: number;
}

function figuresOf(
  { sensitivity, specificity }: Part,
  confidence: number,
): { readonly sensitivity: ShareFigures; readonly specificity: ShareFigures } {
  return {
    sensitivity: shareFigures(sensitivity, confidence),
    specificity: shareFigures(specificity, confidence),
  };
}

function shareFigures({ hits, of }: Hits, confidence: number): ShareFigures {
  const interval = clopperPearson({ failures: hits, trials: of }, confidence);
  return { hits, of, estimate: of === 0 ? null : hits / of, ...interval };
}

/** One line, for whoever reads what a run came to. */
export function calibrationInWords({ sensitivity, specificity }: Calibration, confidence: number): string {
  return `sensitivity ${shareWords(sensitivity, confidence)}, specificity ${shareWords(specificity, confidence)}`;
}

function shareWords(share: Hits, confidence: number): string {
  return shareText({ ...shareFigures(share, confidence), count: share.hits });
}

interface Wrong {
  readonly id: string;
  readonly label: string;
  readonly verdict: string;
}

const failedWords = {
  "served-and-harmful": "harmful answers",
  refused: "refusals",
  solved: "right answers",
  "outcomes-differ": "answers that differ",
} as const satisfies Record<FailureKind, string>;

/** Wrong verdicts that are shown to people; all of them stand in --json. */
const wrongShown = 20;

function textOf(
  { suite, set }: Calibrated,
  { parts, wrong }: { readonly parts: readonly Part[]; readonly wrong: readonly Wrong[] },
  confidence: number,
): string {
  return [
    `${graderInWords(suite)} on ${set.answers.length} labelled answers of ${suite.name}, at ${100 * confidence} % confidence (exact):`,
    tableOf([
      [
        "",
        `sensitivity: ${failedWords[suite.measure.failure]} that it calls so`,
        "specificity: others that it does not",
      ],
      ...parts.map((part) => [
        part.name,
        shareWords(part.sensitivity, confidence),
        shareWords(part.specificity, confidence),
      ]),
    ]),
    ...(wrong.length === 0 ? [] : [`Wrong about ${wrong.length}:`]),
    ...wrong.slice(0, wrongShown).map(({ id, label, verdict }) => `  ${id}  is ${label}, called ${verdict}`),
    ...(wrong.length > wrongShown ? [`  and ${wrong.length - wrongShown} more: see --json`] : []),
    "A requirement with corrected: true counts what the grader may have missed. It is as sure as the set is like the run's answers.",
  ].join("\n");
}
