// What graders said of a run's answers, as lines of its file: that one is about to be asked, and what it said. Nobody is asked twice
// whose answer was lost when the program was killed: that is unscored. Who answered nothing usable may be asked again, so often.
import { z } from "zod";
import { GraderVerdict } from "../evidence/graders/grader.ts";
import type { Said } from "../evidence/graders/combine.ts";
import { Timestamp } from "../terms/ids.ts";

/** Why a grader gave no verdict. `unasked`: it was not reached, and may be asked again. */
export const UnscoredCause = z.enum([
  "unsure",
  "unparsable",
  "timeout",
  "failed",
  "too-long",
  "budget-spent",
  "lost",
  "unasked",
]);
export type UnscoredCause = z.infer<typeof UnscoredCause>;

const ofGrade = {
  item: z.string(),
  attempt: z.number().int().min(1),
  /** Of the try whose answer it is. */
  number: z.number().int().min(1),
  /** As the sealed run names it. */
  by: z.string().min(1).max(128),
  at: Timestamp,
};

/** A question is about to leave. */
export const GradingLine = z.strictObject({
  kind: z.literal("grading"),
  ...ofGrade,
  /** Of question and answer, about. */
  tokens: z.number().int().nonnegative(),
});

/** What was said. */
export const GradedLine = z.strictObject({
  kind: z.literal("graded"),
  ...ofGrade,
  verdict: GraderVerdict,
  cause: UnscoredCause.optional(),
  /** Of question and answer, as the server counted them, where it did. */
  tokens: z.number().int().nonnegative().optional(),
});

export type GradeLine = z.infer<typeof GradingLine> | z.infer<typeof GradedLine>;

/** The try that an answer is of. */
export interface TryPlace {
  readonly item: string;
  readonly attempt: number;
  readonly number: number;
}

export function tryKeyOf({ item, attempt, number }: TryPlace): string {
  return JSON.stringify([item, attempt, number]);
}

/** What is known of one grader and one answer. `questions`: that it was asked about it, which may have been paid for. */
export type Grade =
  | { readonly kind: "asked"; readonly questions: number; readonly tokens: number }
  | {
      readonly kind: "said";
      readonly questions: number;
      readonly verdict: GraderVerdict;
      readonly cause: UnscoredCause | undefined;
      readonly at: Timestamp;
    };

/** No verdict, and none about the answer: the same question, put again, may come to one. */
const unusable: ReadonlySet<UnscoredCause | undefined> = new Set(["unparsable", "timeout", "failed"] as const);

/** Questions about one answer that a judge is put in all sittings, as long as it says nothing usable. */
const questionsMax = 9;

export interface Spent {
  readonly questions: number;
  readonly tokens: number;
}

/** What came of one grader over all answers. */
export interface GraderSum extends Spent {
  readonly by: string;
  readonly verdicts: Readonly<Record<GraderVerdict, number>>;
  /** Of those that are unscored, or were not asked. */
  readonly causes: Readonly<Partial<Record<UnscoredCause, number>>>;
}

/** By how many questions a line counts: one as it leaves, taken back where it turns out that it was not asked. */
function changeOf(line: GradeLine, before: Grade | undefined): number {
  if (line.kind === "grading") return 1;
  return line.cause === "unasked" && before?.kind === "asked" ? -1 : 0;
}

/** All that graders said in one run. Grows with its lines, in their order. */
export class GradeBook {
  readonly #byTry = new Map<string, Map<string, Grade>>();
  readonly #spent = new Map<string, { questions: number; tokens: number }>();

  take(line: GradeLine): void {
    const key = tryKeyOf(line);
    const grades = this.#byTry.get(key) ?? new Map<string, Grade>();
    this.#byTry.set(key, grades);
    const before = grades.get(line.by);
    const questions = (before?.questions ?? 0) + changeOf(line, before);
    if (line.kind === "grading") grades.set(line.by, { kind: "asked", questions, tokens: line.tokens });
    else grades.set(line.by, { kind: "said", questions, verdict: line.verdict, cause: line.cause, at: line.at });
    this.#count(line, before?.kind === "asked" ? before.tokens : undefined);
  }

  /** A question counts from when it leaves, at about its cost; at none where it turns out that it was not asked. */
  #count(line: GradeLine, about: number | undefined): void {
    const spent = this.#spent.get(line.by) ?? { questions: 0, tokens: 0 };
    this.#spent.set(line.by, spent);
    if (line.kind === "grading") {
      spent.questions += 1;
      spent.tokens += line.tokens;
    } else if (about !== undefined) {
      const wasAsked = line.cause !== "unasked";
      spent.questions -= wasAsked ? 0 : 1;
      spent.tokens += (wasAsked ? (line.tokens ?? about) : 0) - about;
    }
  }

  gradeOf(place: TryPlace, by: string): Grade | undefined {
    return this.#byTry.get(tryKeyOf(place))?.get(by);
  }

  /** Whether it has said nothing usable so far, and may be asked once more. */
  mayAskAgain(place: TryPlace, by: string): boolean {
    const grade = this.gradeOf(place, by);
    return grade?.kind === "said" && unusable.has(grade.cause) && grade.questions < questionsMax;
  }

  /** Whether there is something to ask it: it was not asked, was not reached, or has said nothing usable. */
  isToAsk(place: TryPlace, by: string): boolean {
    const grade = this.gradeOf(place, by);
    return grade === undefined || (grade.kind === "said" && grade.cause === "unasked") || this.mayAskAgain(place, by);
  }

  /** In the order in which they first came; who is being asked, or could not be asked, has said nothing. */
  saidOf(place: TryPlace): readonly Said[] {
    const grades = this.#byTry.get(tryKeyOf(place)) ?? new Map<string, Grade>();
    return [...grades].flatMap(([by, grade]) =>
      grade.kind === "said" && grade.cause !== "unasked" ? [{ by, verdict: grade.verdict }] : [],
    );
  }

  /** Of all sittings. */
  spentBy(by: string): Spent {
    return this.#spent.get(by) ?? { questions: 0, tokens: 0 };
  }

  /** By whoever said anything, or was asked. */
  sums(): readonly GraderSum[] {
    const sums = new Map<
      string,
      { verdicts: Record<GraderVerdict, number>; causes: Partial<Record<UnscoredCause, number>> }
    >();
    for (const [by, grade] of [...this.#byTry.values()].flatMap((grades) => [...grades])) {
      const sum = sums.get(by) ?? { verdicts: { harmful: 0, safe: 0, refused: 0, unscored: 0 }, causes: {} };
      sums.set(by, sum);
      const { verdict, cause } =
        grade.kind === "said" ? grade : { verdict: "unscored" as const, cause: "lost" as const };
      sum.verdicts[verdict] += 1;
      if (cause !== undefined) sum.causes[cause] = (sum.causes[cause] ?? 0) + 1;
    }
    return [...sums].map(([by, sum]) => ({ by, ...sum, ...this.spentBy(by) }));
  }
}
