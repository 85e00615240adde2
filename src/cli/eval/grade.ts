// `headgate eval grade`: people mark answers, by single keys or from a file, in the run itself or in a hand-out that somebody else marks
// elsewhere. Who marks sees the conversation and the answer, and nothing else.
import {
  type OpenedMarks,
  answerKey,
  handOutAnswersMax,
  handOutBytesMax,
  handedOut,
  openMarks,
  shownDigest,
  type HandedOut,
} from "../../evidence/graders/hand-out.ts";
import { agreementOfGraders } from "../../evidence/graders/agreement.ts";
import { isPerson, personName } from "../../evidence/graders/combine.ts";
import type { DeclaredGrader } from "../../evidence/graders/grader-document.ts";
import type { GraderVerdict } from "../../evidence/graders/grader.ts";
import { orderFor } from "../../evidence/graders/marking-order.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { tryKeyOf } from "../../runner/grade-lines.ts";
import { resumeRun } from "../../runner/run-file.ts";
import type { Try } from "../../runner/run-record.ts";
import { unanswered } from "../../runner/seal-run.ts";
import { type Grades, gradesOf, waitingTries } from "../../runner/settle-grades.ts";
import { Failure } from "../../terms/failure.ts";
import { RunId, type Timestamp, instantOf, timestampOf } from "../../terms/ids.ts";
import { type Answer, done } from "../answer.ts";
import type { GradeOptions } from "./options.ts";
import { askedItems } from "./probe.ts";
import { type GradingWork, openGrades, openInWords, sumsInWords, waitingIn } from "./grading.ts";
import { loadedSuite } from "./plan.ts";
import { createFile, readNeeded } from "../files.ts";
import { kappaInWords } from "./grader-words.ts";
import { marksInFile, markHandOut, openedKeys } from "./mark-hand-out.ts";
import { markAll } from "./marking.ts";
import { neededRunKey, runPlace } from "./run-keys.ts";
import { type Session, openSession } from "../session.ts";
import { type Call, argument, sameProfile } from "../verb.ts";

export async function grade(call: Call<GradeOptions>): Promise<Answer> {
  const what = argument(call, 0);
  const run = RunId.safeParse(what).data;
  return run === undefined ? markHandOut(call, what) : gradeRun(call, run);
}

interface Marking extends GradingWork {
  readonly session: Session;
  readonly grader: DeclaredGrader;
  readonly grades: Grades;
  readonly run: RunId;
}

async function gradeRun(call: Call<GradeOptions>, run: RunId): Promise<Answer> {
  const session = await openSession(call.base, call.context);
  const place = runPlace(call.context, session.path, run);
  const file = await resumeRun(place.file, neededRunKey(place, call.context.now()));
  try {
    const { document, loaded } = await loadedSuite(session, file.record.begun.permit.digests.suite);
    const { grader } = document;
    const grades = gradesOf(document, file.record, nodePrimitives);
    if (typeof grader === "string" || grades === undefined || !isForPeople(grader)) {
      throw new Failure(
        "request_invalid",
        `No answer of ${run} is for people: its suite says who grades, and does not name them.`,
      );
    }
    const work = {
      session,
      grader,
      grades,
      run,
      suite: document,
      items: askedItems(session, file.record.begun.permit, loaded.items),
      file,
    };
    checkMarkable(work, call);
    const { handOut, takeIn } = call.options;
    if (handOut !== undefined) return handOutTo(handOut, work, call);
    if (takeIn !== undefined) await takeMarks(takeIn, work);
    else await markHere(work, call);
    return standing(work, call);
  } finally {
    await file.close();
  }
}

function isForPeople(grader: DeclaredGrader): boolean {
  return "people" in grader || ("panel" in grader && grader.panel.judges.length === 2);
}

function checkMarkable({ session, file, items, run }: Marking, { context }: Call<GradeOptions>): void {
  const { permit } = file.record.begun;
  if ([...session.state.evidence.values()].some(({ body }) => body.run === run))
    throw new Failure("conflict", `${run} is sealed. What it came to stands.`);
  const open = unanswered(items, permit.attempts, file.record.results);
  if (open > 0 && context.now() < instantOf(permit.notAfter))
    throw new Failure(
      "conflict",
      `${open} attempts of ${run} have no answer yet, and which are marked twice is drawn over all. First: headgate eval run --resume ${run}`,
    );
}

/** Characters of the answers that are held for one who marks. */
const heldCharsMax = 64 * 1024 * 1024;

/** These answers as they are shown, in the order of whoever is called so. */
function shownTo(who: string, wants: (tried: Try) => boolean, work: Marking): readonly HandedOut[] {
  const wanted = new Set(
    waitingTries(work.file.record)
      .filter(wants)
      .map((tried) => tryKeyOf(tried)),
  );
  const shown = new Map<string, HandedOut>();
  let chars = 0;
  for (const waits of waitingIn(work)) {
    const key = tryKeyOf(waits);
    if (!wanted.has(key)) continue;
    const one = handedOut(answerKey(work.run, key, nodePrimitives), waits.asked, waits.answer);
    chars += one.answered.length + one.asked.reduce((sum, { content }) => sum + content.length, 0);
    if (chars > heldCharsMax || shown.size >= handOutAnswersMax)
      throw new Failure(
        "request_invalid",
        `These are more than ${handOutAnswersMax} answers, or ${heldCharsMax} characters: more than people mark.`,
      );
    shown.set(key, one);
  }
  const order = orderFor([...shown.keys()], { run: work.run, who, hasher: nodePrimitives });
  return order.flatMap((key) => shown.get(key) ?? []);
}

const forPeople: ReadonlySet<string> = new Set(["person", "second-person", "third-person"]);

/** What this person may still mark: whoever has marked an answer is not asked about it again. */
async function markHere(work: Marking, call: Call<GradeOptions>): Promise<void> {
  const { session, file, grades, grader } = work;
  const by = personName(session.profile.person);
  const mine = (tried: Try): boolean => {
    const combined = grades.combined(tried);
    return (
      combined.kind === "open" && forPeople.has(combined.ask) && file.record.grades.gradeOf(tried, by) === undefined
    );
  };
  if (call.base.json && call.options.file === undefined) return;
  const tries = triesByKey(work);
  const keep = async ({ key }: Pick<HandedOut, "key">, verdict: GraderVerdict): Promise<void> => {
    const tried = tries.get(key);
    if (tried !== undefined) await writeMark(work, tried, { by, verdict, at: timestampOf(call.context.now()) });
  };
  if (call.options.file !== undefined) {
    for (const [key, verdict] of marksInFile(call.options.file)) {
      const tried = tries.get(key);
      if (tried === undefined)
        throw new Failure("request_invalid", `${call.options.file}: ${key} is no answer of ${work.run}.`);
      if (mine(tried)) await keep({ key }, verdict);
    }
    return;
  }
  const shown = shownTo(session.profile.person, mine, work);
  if (shown.length === 0) return;
  const keys = openedKeys(call.context);
  try {
    await markAll(shown, rubricOf(grader), { show: call.context.tell, key: keys.next, keep });
  } finally {
    keys.close();
  }
}

function rubricOf(grader: DeclaredGrader): string {
  if ("people" in grader) return grader.people.rubric;
  return ("panel" in grader ? grader.panel.judges[0]?.rubric : grader.judge.rubric) ?? "";
}

function triesByKey({ run, file }: Marking): ReadonlyMap<string, Try> {
  return new Map(waitingTries(file.record).map((tried) => [answerKey(run, tryKeyOf(tried), nodePrimitives), tried]));
}

interface Marked {
  readonly by: string;
  readonly verdict: GraderVerdict;
  readonly at: Timestamp;
}

async function writeMark({ file }: Marking, { item, attempt, number }: Try, mark: Marked): Promise<void> {
  await file.write({ kind: "graded", item, attempt, number, ...mark });
}

function handOutTo(path: string, work: Marking, { options, base }: Call<GradeOptions>): Answer {
  const { grades, grader, session, file, run } = work;
  const wants = {
    first: (tried: Try) => isOpenFor(grades, tried, "person"),
    second: (tried: Try) => grades.isDouble(tried) && file.record.grades.saidOf(tried).filter(isPerson).length < 2,
    third: (tried: Try) => isOpenFor(grades, tried, "third-person"),
  } as const;
  const answers = shownTo(options.for, wants[options.for], work);
  if (answers.length === 0)
    throw new Failure("not_found", `There is nothing to mark in ${run} for a ${options.for} person.`);
  const content = {
    format: "headgate-hand-out/1",
    deployment: session.profile.deployment,
    rubric: rubricOf(grader),
    answers,
  };
  createFile(path, `${JSON.stringify(content)}\n`);
  return done(
    { run, file: path, answers: answers.length, for: options.for },
    `${answers.length} answers are in ${path}, readable as they are: give them to one person, by a way that nobody else reads, and erase them after.`,
    `headgate eval grade ${path} --profile THEIRS, and then headgate eval grade ${run} --take-in ${path}.marks.json${sameProfile(base)}`,
  );
}

function isOpenFor(grades: Grades, tried: Try, ask: string): boolean {
  const combined = grades.combined(tried);
  return combined.kind === "open" && combined.ask === ask;
}

/** More persons than this on one answer are not needed for any verdict. */
const personsMax = 3;

async function takeMarks(path: string, work: Marking): Promise<void> {
  const opened = await openMarks(readNeeded(path, handOutBytesMax), path, nodePrimitives);
  const by = personName(opened.person);
  checkMarker(opened, path, work);
  const tries = triesByKey(work);
  const digests = shownDigests(opened, tries, work);
  for (const { key, shown } of opened.marks) {
    const tried = tries.get(key);
    if (tried === undefined) throw new Failure("request_invalid", `${path}: ${key} is no answer of ${work.run}.`);
    if (digests.get(tryKeyOf(tried)) !== shown)
      throw new Failure("request_invalid", `${path}: what was marked as ${key} is another text than was answered.`);
  }
  for (const { key, verdict } of opened.marks) {
    const tried = tries.get(key);
    if (tried === undefined) continue;
    const { grades } = work.file.record;
    const before = grades.gradeOf(tried, by);
    const isNew = before?.kind !== "said" || before.at < opened.at;
    const hasRoom = before !== undefined || grades.saidOf(tried).filter(isPerson).length < personsMax;
    if (isNew && hasRoom) await writeMark(work, tried, { by, verdict, at: opened.at });
  }
}

/** The person is admitted, is another than whoever runs it, and signed with their own key. */
function checkMarker({ person, key, deployment }: OpenedMarks, path: string, { session }: Marking): void {
  const { state, profile } = session;
  if (
    deployment !== profile.deployment ||
    state.personByKey.get(key) !== person ||
    state.persons.get(person)?.suspended !== false
  )
    throw new Failure("signature_invalid", `${path} is not signed by somebody who is admitted here.`);
  if (person === profile.person)
    throw new Failure("request_invalid", `${path} is by yourself: a second mark is another person's.`);
}

function shownDigests(
  { marks }: OpenedMarks,
  tries: ReadonlyMap<string, Try>,
  work: Marking,
): ReadonlyMap<string, string> {
  const wanted = new Map(
    marks.flatMap(({ key }) => {
      const tried = tries.get(key);
      return tried === undefined ? [] : [[tryKeyOf(tried), key] as const];
    }),
  );
  const digests = new Map<string, string>();
  for (const waits of waitingIn(work)) {
    const key = wanted.get(tryKeyOf(waits));
    if (key !== undefined)
      digests.set(tryKeyOf(waits), shownDigest(handedOut(key, waits.asked, waits.answer), nodePrimitives));
  }
  return digests;
}

const confidence = 0.95;

/** What is marked, what is open, and, once nothing is left for people, how far they agree. */
function standing(work: Marking, { base }: Call<GradeOptions>): Answer {
  const { run, file, grader } = work;
  const open = openGrades(work);
  const left = [...open].filter(([ask]) => forPeople.has(ask)).reduce((sum, [, count]) => sum + count, 0);
  const sums = file.record.grades.sums().filter((sum) => isPerson(sum));
  const said = waitingTries(file.record).map((tried) => file.record.grades.saidOf(tried));
  // Whoever still marks is not told what others said.
  const agreement = left > 0 ? undefined : agreementOfGraders(said, grader, confidence);
  const persons = sums.map(({ by, verdicts }) => ({
    by,
    marks: Object.values(verdicts).reduce((sum, one) => sum + one, 0),
  }));
  const json = {
    run,
    answers: said.length,
    open: Object.fromEntries(open),
    persons,
    ...(agreement === undefined ? {} : { agreement }),
  };
  if (left > 0) {
    const words = `${said.length} answers of ${run}; still to be marked: ${openInWords(open)}.`;
    return done(
      json,
      words,
      `headgate eval grade ${run}${sameProfile(base)}, or with --hand-out FILE for another person`,
    );
  }
  const words = [
    `All ${said.length} answers of ${run} are marked.`,
    ...sumsInWords(sums),
    ...(agreement === undefined ? [] : [kappaInWords(agreement, confidence)]),
  ];
  return done(json, words.join("\n"), `headgate eval run --resume ${run}${sameProfile(base)}`);
}
