// Judges are let at a calibration set as at a run's answers: each is asked once about each, that it is about to be asked and what it said is
// on disk, under the digests of grader and set, so that what was paid for is used by every run of this machine and a sitting
// that was cut off goes on.
import { existsSync, mkdirSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { gradedAs, type SaidOf } from "../evidence/calibrate.ts";
import { combinedVerdict } from "../evidence/graders/combine.ts";
import type { DeclaredGrader } from "../evidence/graders/grader-document.ts";
import type { GraderVerdict } from "../evidence/graders/grader.ts";
import type { CalibrationAnswer } from "../evidence/suite-calibration.ts";
import { Failure } from "../terms/failure.ts";
import type { FailureKind } from "../terms/trial.ts";
import type { Judge } from "./ask-judge.ts";
import { GradeBook, GradedLine, type GradeLine, GradingLine, type TryPlace } from "./grade-lines.ts";
import { type GradingPorts, type Waiting, gradeRun } from "./grade-run.ts";
import { lineWriter, openDisk } from "./line-writer.ts";
import { textLines, wholeBytes } from "./text-lines.ts";

export interface JudgedSet {
  readonly grader: DeclaredGrader;
  readonly judges: readonly Judge[];
  readonly answers: readonly CalibrationAnswer[];
  readonly failure: FailureKind;
}

export interface CalibratedSet {
  readonly said: SaidOf;
  /** Answers that a judge is still to be asked about. */
  readonly open: number;
  /** Why judges were left alone, by their names. */
  readonly troubles: ReadonlyMap<string, string>;
  readonly book: GradeBook;
}

/** Asks what was not asked before. `path` is another one for each grader and each set. */
export async function askAboutSet(
  set: JudgedSet,
  path: string,
  ports: Omit<GradingPorts, "book" | "write">,
): Promise<CalibratedSet> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const book = bookIn(path);
  const writer = lineWriter(path, await openDisk(path, "a"));
  const waiting = set.answers.map(waitingFor);
  try {
    const troubles = await gradeRun(
      { grader: set.grader, judges: set.judges, waiting: () => waiting, count: waiting.length },
      {
        ...ports,
        book,
        write: async (line) => {
          book.take(line);
          await writer.write(JSON.stringify(line));
        },
      },
    );
    return { ...saidIn(book, set), troubles, book };
  } finally {
    await writer.close();
  }
}

function waitingFor(answer: CalibrationAnswer): Waiting {
  const { item: asked, answer: given } = gradedAs(answer);
  return { ...placeOf(answer), asked, answer: given };
}

function placeOf({ id }: CalibrationAnswer): TryPlace {
  return { item: id, attempt: 1, number: 1 };
}

/** Where two judges differ and people would be asked, nobody is: it is not graded. */
function saidIn(book: GradeBook, { grader, answers, failure }: JudgedSet): Pick<CalibratedSet, "said" | "open"> {
  const said = new Map<string, GraderVerdict>();
  let open = 0;
  for (const answer of answers) {
    const combined = combinedVerdict(grader, book.saidOf(placeOf(answer)), { failure, isDouble: false });
    if (combined.kind === "verdict") said.set(answer.id, combined.verdict);
    else if (combined.ask === "person") said.set(answer.id, "unscored");
    else open += 1;
  }
  return { said, open };
}

/** What was said before; a last line that was cut by a crash is cut off. */
function bookIn(path: string): GradeBook {
  const book = new GradeBook();
  if (!existsSync(path)) return book;
  for (const { text } of textLines(path)) book.take(lineIn(path, text));
  truncateSync(path, wholeBytes(path));
  return book;
}

function lineIn(path: string, text: string): GradeLine {
  try {
    const value: unknown = JSON.parse(text);
    const asked = GradingLine.safeParse(value);
    return asked.success ? asked.data : GradedLine.parse(value);
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function damaged(path: string, cause?: unknown): Failure {
  return new Failure(
    "request_invalid",
    `What judges said of a calibration set cannot be read from ${path}. Move it away to ask them again.`,
    { cause },
  );
}
