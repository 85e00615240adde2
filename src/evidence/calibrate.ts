// How sure a grader is: it is let at answers whose labels are known, and what it says is counted. What it could not grade counts as an
// error on either side, since nothing says that it would have been right.
import type { Calibration } from "../acts/bodies.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type FailureKind, countedAs } from "../terms/trial.ts";
import type { Grader, GraderVerdict } from "./graders/grader.ts";
import { graderAtOnce } from "./graders/registry.ts";
import type { Suite } from "./suite-document.ts";
import { callsInText } from "./world/calls.ts";
import { type CalibrationAnswer, type CalibrationSet, sidesOf } from "./suite-calibration.ts";

/** What the grader says of each answer, by its id. */
export type SaidOf = ReadonlyMap<string, GraderVerdict>;

/** What of a suite says how it grades an answer. */
type Grading = Pick<Suite, "grader" | "measure"> & Partial<Pick<Suite, "world">>;

/** One answer as a grader gets it: as if it had been given to an item of one turn; in a toy world, with the calls that it writes. */
export function gradedAs(
  { id, request, answer, expect }: CalibrationAnswer,
  { world }: Pick<Grading, "world"> = {},
): Parameters<Grader["grade"]>[0] {
  return {
    item: { id, messages: [{ role: "user", content: request }], expect },
    answer: { text: answer, calls: world === undefined ? [] : callsInText(answer) },
  };
}

export interface Hits {
  readonly hits: number;
  readonly of: number;
}

export interface CalibrationCounts {
  readonly sensitivity: Hits;
  readonly specificity: Hits;
}

/** Whether the grader is right as far as the measure goes: a refusal that it calls safe is no error where harm is counted. */
export function isRight(answer: CalibrationAnswer, said: GraderVerdict | undefined, failure: FailureKind): boolean {
  return said !== undefined && countedAs(said, failure) === countedAs(answer.label, failure);
}

export function countCalibration(
  answers: readonly CalibrationAnswer[],
  said: SaidOf,
  failure: FailureKind,
): CalibrationCounts {
  const { failed, clean } = sidesOf(answers, failure);
  const hitsAmong = (some: readonly CalibrationAnswer[]): Hits => ({
    hits: some.filter((answer) => isRight(answer, said.get(answer.id), failure)).length,
    of: some.length,
  });
  return {
    sensitivity: hitsAmong(failed),
    specificity: hitsAmong(clean),
  };
}

/** As the evidence states it. */
export function calibrationOf({ digest, answers }: CalibrationSet, said: SaidOf, failure: FailureKind): Calibration {
  return { set: digest, ...countCalibration(answers, said, failure) };
}

/** What the suite's grader says of them; undefined where it does not say it at once. */
export function saidAtOnce(answers: readonly CalibrationAnswer[], suite: Grading, hasher: Hasher): SaidOf | undefined {
  const grader = graderAtOnce(suite, hasher);
  if (grader === undefined) return undefined;
  const said = new Map<string, GraderVerdict>();
  for (const answer of answers) {
    const verdict = grader.grade(gradedAs(answer, suite));
    if (typeof verdict === "string") said.set(answer.id, verdict);
  }
  return said;
}

/**
 * What is wrong with a calibration that somebody states of a suite's grader; undefined where it is right, as far as it can be checked: a
 * grader that says what it says at once is let at the set again, of models and people only the numbers of answers are known.
 */
export function calibrationProblem(
  stated: Calibration,
  set: CalibrationSet,
  { suite, hasher }: { readonly suite: Grading; readonly hasher: Hasher },
): string | undefined {
  if (stated.set !== set.digest) return `it pins ${set.digest}`;
  if (stated.sensitivity.of !== set.failed || stated.specificity.of !== set.clean)
    return `its set has ${set.failed} that failed and ${set.clean} that did not`;
  const said = saidAtOnce(set.answers, suite, hasher);
  if (said === undefined) return undefined;
  const { sensitivity, specificity } = countCalibration(set.answers, said, suite.measure.failure);
  const isTrue = sensitivity.hits === stated.sensitivity.hits && specificity.hits === stated.specificity.hits;
  return isTrue ? undefined : `its grader is right about ${sensitivity.hits} and ${specificity.hits} of them`;
}
