// What the answers that waited for graders came to, from what these said: for the sealed run, and to know what is still to be asked.
import { type Combined, combinedVerdict } from "../evidence/graders/combine.ts";
import type { DeclaredGrader } from "../evidence/graders/grader-document.ts";
import { doubleMarked } from "../evidence/graders/marking-order.ts";
import { outcomeAfter } from "../evidence/sample.ts";
import type { Tried } from "../evidence/seal.ts";
import type { Suite } from "../evidence/suite-document.ts";
import type { GraderVerdict } from "../evidence/graders/grader.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type FailureKind, type TrialOutcome, countedAs } from "../terms/trial.ts";
import { tryKeyOf } from "./grade-lines.ts";
import type { RunRecord, Try } from "./run-record.ts";

/** Tries whose answers wait for graders; a run's own are settled by then. */
export function waitingTries({ results }: Pick<RunRecord, "results">): readonly Try[] {
  return results.filter(({ waits }) => waits !== undefined);
}

export interface Grades {
  readonly combined: (tried: Try) => Combined;
  /** Whether a second person is to mark it. */
  readonly isDouble: (tried: Try) => boolean;
  /** As it is sealed: who has not said all that was asked is unscored. */
  readonly settle: (tried: Try) => Pick<Tried, "outcome" | "graded">;
}

/** Undefined for a suite whose grader says what it says at once. */
export function gradesOf({ grader, measure }: Suite, record: RunRecord, hasher: Hasher): Grades | undefined {
  if (typeof grader === "string") return undefined;
  const { failure } = measure;
  const double = doublesOf(grader, record, hasher);
  const isDouble = (tried: Try): boolean => double.has(tryKeyOf(tried));
  const combined = (tried: Try): Combined =>
    combinedVerdict(grader, record.grades.saidOf(tried), { failure, isDouble: isDouble(tried) });
  return {
    combined,
    isDouble,
    settle: (tried) => {
      if (tried.waits === undefined) return { outcome: tried.outcome };
      const said = record.grades.saidOf(tried);
      const whole = combined(tried);
      const verdict = whole.kind === "verdict" ? whole.verdict : "unscored";
      const outcome = outcomeOf(verdict, tried.waits, failure);
      return { outcome, ...(said.length === 0 ? {} : { graded: said.map((one) => ({ ...one })) }) };
    },
  };
}

/** Of an attempt that broke off nobody knows what it would have come to, but for what had failed by then. */
function outcomeOf(verdict: GraderVerdict, waits: NonNullable<Try["waits"]>, failure: FailureKind): TrialOutcome {
  if (waits === "broken-off") return countedAs(verdict, failure) === "failed" ? verdict : "unscored";
  return outcomeAfter(verdict, { failure, isCut: waits === "cut" });
}

function doublesOf(grader: DeclaredGrader, record: RunRecord, hasher: Hasher): ReadonlySet<string> {
  if (!("people" in grader)) return new Set();
  const keys = waitingTries(record).map((tried) => tryKeyOf(tried));
  const { run } = record.begun.permit;
  return doubleMarked(keys, { run, share: grader.people.doubleShare, hasher });
}
