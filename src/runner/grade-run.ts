// Judges grade a run's answers from what is on disk: that one is about to be asked is on disk before the question leaves, and what it said
// before the next. Who says nothing usable is asked again, a few times in a sitting and in all; each is on record. Killed at any point, it
// goes on from there, and a question whose answer was lost is put no second time. A judge that is down is left alone after a few questions, and asked again in the next sitting.
import type { GradedAnswer, GradedItem, GraderVerdict } from "../evidence/graders/grader.ts";
import { judgeName, panelVerdict } from "../evidence/graders/combine.ts";
import type { Suite } from "../evidence/suite-document.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, timestampOf } from "../terms/ids.ts";
import type { Judge, Judged } from "./ask-judge.ts";
import type { GradeBook, GradeLine, TryPlace, UnscoredCause } from "./grade-lines.ts";

/** An answer that waits for a grader. */
export interface Waiting extends TryPlace {
  readonly asked: GradedItem;
  readonly answer: GradedAnswer;
}

export interface GradingPlan {
  readonly grader: Suite["grader"];
  /** Those of the grader, in its order. */
  readonly judges: readonly Judge[];
  /** Reads the answers again each time, one by one. */
  readonly waiting: () => Iterable<Waiting>;
  readonly count: number;
}

export interface GradingProgress {
  readonly by: string;
  readonly done: number;
  readonly total: number;
  readonly verdict: GraderVerdict;
  /** Of this judge in all sittings. */
  readonly tokens: number;
}

export interface GradingPorts {
  readonly book: GradeBook;
  /** Resolves once it is in the book, and on disk. */
  readonly write: (line: GradeLine) => Promise<void>;
  readonly progress: (progress: GradingProgress) => void;
  readonly now: () => Instant;
  readonly wait: (ms: number) => Promise<void>;
  /** Once aborted, nothing more is asked. */
  readonly signal?: AbortSignal | undefined;
}

/** A judge that failed so often, one question after another, is down. */
const failuresInRowMax = 8;
/** Times that a judge that was not reached is tried for one answer, and how long it is waited for between them, the first time. */
const triesMax = 3;
const retryMs = 500;
/** Questions about one answer in one sitting, as long as nothing usable is said. */
export const questionsInSitting = 3;

/** Why judges were left alone, by their names; empty where all that could be asked was. */
export async function gradeRun(plan: GradingPlan, ports: GradingPorts): Promise<ReadonlyMap<string, string>> {
  const troubles = new Map<string, string>();
  const ask = async (judge: Judge, wants: (one: Waiting) => boolean): Promise<void> => {
    const trouble = await passOf({ judge, wants, plan, ports });
    if (trouble !== undefined) troubles.set(judgeName(judge.entry), trouble);
  };
  const [one, other, third] = plan.judges;
  const first = [one, other].filter((judge) => judge !== undefined);
  const ended = await Promise.allSettled(
    first.map(async (judge) => ask(judge, (waits) => !isSettled(waits, plan, ports.book))),
  );
  for (const each of ended) if (each.status === "rejected") throw each.reason;
  if (third === undefined) return troubles;
  const by = judgeName(third.entry);
  await ask(third, (waits) => isTied(waits, plan, ports.book) || ports.book.mayAskAgain(waits, by));
  return troubles;
}

/** Whether judges have settled it: who said nothing usable need not be asked again. */
function isSettled(waits: Waiting, { grader }: GradingPlan, book: GradeBook): boolean {
  if (typeof grader === "string" || !("panel" in grader)) return false;
  const combined = panelVerdict(grader.panel, book.saidOf(waits));
  return combined.kind === "verdict" && combined.verdict !== "unscored";
}

function isTied(waits: Waiting, { grader }: GradingPlan, book: GradeBook): boolean {
  if (typeof grader === "string" || !("panel" in grader)) return false;
  const combined = panelVerdict(grader.panel, book.saidOf(waits));
  return combined.kind === "open" && combined.ask === "tie-break";
}

interface Pass {
  readonly judge: Judge;
  readonly wants: (one: Waiting) => boolean;
  readonly plan: GradingPlan;
  readonly ports: GradingPorts;
}

interface Sitting {
  readonly by: string;
  done: number;
  failuresInRow: number;
  /** Set once it is left alone. */
  trouble: string | undefined;
  /** Why it could not be asked about some answer, the last time. */
  unasked: string | undefined;
}

/** One judge, over all answers; why it was left alone where it was, with some answers or with all that were left. */
async function passOf(pass: Pass): Promise<string | undefined> {
  const { judge, wants, plan, ports } = pass;
  const by = judgeName(judge.entry);
  const sitting: Sitting = { by, done: 0, failuresInRow: 0, trouble: undefined, unasked: undefined };
  let isBroken = false;
  const queue = plan.waiting()[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (;;) {
      if (isBroken || sitting.trouble !== undefined || ports.signal?.aborted === true) return;
      const next = queue.next();
      if (next.done === true) return;
      if (wants(next.value)) await gradeOne(next.value, pass, sitting);
      sitting.done += 1;
    }
  };
  const breaking = async (): Promise<void> => {
    try {
      await worker();
    } catch (error) {
      isBroken = true;
      throw error;
    }
  };
  // Whoever called closes the file: nothing may still be writing to it when this ends, however it ends.
  const ended = await Promise.allSettled(Array.from({ length: judge.entry.concurrent }, breaking));
  for (const each of ended) if (each.status === "rejected") throw each.reason;
  return sitting.trouble ?? sitting.unasked;
}

async function gradeOne(waits: Waiting, pass: Pass, sitting: Sitting): Promise<void> {
  const { ports } = pass;
  for (let questions = 0; questions < questionsInSitting; questions += 1) {
    const isOver = questions > 0 && (sitting.trouble !== undefined || ports.signal?.aborted === true);
    if (isOver || !(await askOnce(waits, pass, sitting))) return;
  }
}

/** Whether it was asked, said nothing usable, and may be asked again. */
async function askOnce(waits: Waiting, pass: Pass, sitting: Sitting): Promise<boolean> {
  const { book } = pass.ports;
  const known = book.gradeOf(waits, sitting.by);
  if (known?.kind !== "asked" && !book.isToAsk(waits, sitting.by)) return false;
  await gradeNow(waits, pass, sitting);
  return book.mayAskAgain(waits, sitting.by);
}

async function gradeNow(waits: Waiting, { judge, ports, plan }: Pass, sitting: Sitting): Promise<void> {
  const { by } = sitting;
  const { item, attempt, number } = waits;
  const known = ports.book.gradeOf(waits, by);
  const say = async (verdict: GraderVerdict, cause?: UnscoredCause, tokens?: number): Promise<void> => {
    const at = timestampOf(ports.now());
    const why = { ...(cause === undefined ? {} : { cause }), ...(tokens === undefined ? {} : { tokens }) };
    await ports.write({ kind: "graded", item, attempt, number, by, at, verdict, ...why });
    ports.progress({
      by,
      verdict,
      done: sitting.done + 1,
      total: plan.count,
      tokens: ports.book.spentBy(by).tokens,
    });
  };
  if (known?.kind === "asked") return say("unscored", "lost");
  if (isBeyond(judge, waits, ports.book)) return say("unscored", "budget-spent");
  const tokens = judge.tokensFor(graded(waits));
  await ports.write({ kind: "grading", item, attempt, number, by, at: timestampOf(ports.now()), tokens });
  const nth = (known?.questions ?? 0) + 1;
  const judged = await asked(judge, { waits, nth }, ports).catch(async (error: unknown) => {
    // Nothing was sent to it: once its key or address is mended it is asked.
    if (isOfDeclaration(error)) await say("unscored", "unasked");
    throw error;
  });
  noteFailure(judged, sitting);
  if (judged.kind === "said") return say(judged.verdict, undefined, judged.tokens);
  if (judged.kind === "unscored") return say("unscored", judged.cause, judged.tokens);
  return say("unscored", "unasked");
}

function isOfDeclaration(error: unknown): boolean {
  return error instanceof Failure && (error.code === "configuration_invalid" || error.code === "destination_refused");
}

function graded({ asked: item, answer }: Waiting): { readonly item: GradedItem; readonly answer: GradedAnswer } {
  return { item, answer };
}

interface Question {
  readonly waits: Waiting;
  readonly nth: number;
}

/** Again where it was not reached, a little later each time. */
async function asked(judge: Judge, { waits, nth }: Question, { wait, signal }: GradingPorts): Promise<Judged> {
  for (let tries = 1; ; tries += 1) {
    const judged = await judge.ask(graded(waits), nth);
    if (judged.kind !== "unasked" || tries === triesMax || signal?.aborted === true) return judged;
    await wait(retryMs * 2 ** (tries - 1));
  }
}

function noteFailure(judged: Judged, sitting: Sitting): void {
  if (judged.kind === "unasked") sitting.unasked = judged.why;
  const isFailure = judged.kind === "unasked" || (judged.kind === "unscored" && judged.cause === "timeout");
  sitting.failuresInRow = isFailure ? sitting.failuresInRow + 1 : 0;
  if (sitting.failuresInRow < failuresInRowMax) return;
  sitting.trouble ??= judged.kind === "unasked" ? judged.why : "it does not answer in time";
}

/** What is under way counts at about its cost. */
function isBeyond({ entry, tokensFor }: Judge, waits: Waiting, book: GradeBook): boolean {
  const { questions = Infinity, tokens = Infinity } = entry.budget ?? {};
  const spent = book.spentBy(judgeName(entry));
  return spent.questions >= questions || spent.tokens + tokensFor(graded(waits)) > tokens;
}
