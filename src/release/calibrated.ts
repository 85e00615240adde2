// What evidence says of its grader, and what graders said in it, checked against the suite and the calibration set that it pins: by the
// control plane before it is recorded, and by whoever judges a decision again.
import type { EvidenceBody } from "../acts/bodies.ts";
import { calibrationProblem } from "../evidence/calibrate.ts";
import { type CalibrationSet, openCalibration } from "../evidence/suite-calibration.ts";
import { gradedProblem } from "../evidence/graders/follows.ts";
import type { Sample } from "../evidence/seal.ts";
import type { Suite } from "../evidence/suite-document.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest, PersonId } from "../terms/ids.ts";

/** Where the content lies, as in src/release/records.ts. */
interface Contents {
  readonly primitives: Hasher;
  readonly artefact: (digest: Digest) => Promise<Uint8Array>;
}

/** The calibration set that a suite pins; undefined where it names none. Fails with document_invalid or artefact_missing. */
export async function calibrationSet(records: Contents, suite: Suite): Promise<CalibrationSet | undefined> {
  const { calibration, content } = suite;
  const pinned = content?.calibration;
  if (calibration === undefined && pinned === undefined) return undefined;
  if (calibration === undefined || pinned === undefined)
    throw new Failure("document_invalid", `Suite ${suite.name} does not pin its calibration set. Apply it again.`);
  return openCalibration(suite, await records.artefact(pinned), records.primitives);
}

/**
 * Fails with statement_invalid where evidence says how often its grader errs by another set than the suite's, of a report that no
 * grader here has read, or otherwise than a grader that says what it says at once does on that set.
 */
export async function checkGrading(
  records: Contents,
  { grading, permit }: Pick<EvidenceBody, "grading" | "permit">,
  suite: Suite,
): Promise<void> {
  if (grading === undefined) return;
  const set = permit === null ? undefined : await calibrationSet(records, suite);
  const problem =
    set === undefined
      ? "there is none"
      : calibrationProblem(grading.calibration, set, { suite, hasher: records.primitives });
  if (problem === undefined) return;
  throw new Failure(
    "statement_invalid",
    `What the evidence says of its grader is not what the calibration set of ${suite.name} says: ${problem}.`,
  );
}

/**
 * That no outcome is better than what its graders said, of which there is nobody's word but theirs, and that as many answers were marked
 * twice as the suite asks for. Fails with statement_invalid.
 */
export function checkGraded(
  samples: readonly Sample[],
  suite: Suite,
  persons: { readonly has: (person: PersonId) => boolean },
): void {
  const problem = gradedProblem(samples, suite, persons);
  if (problem !== undefined) throw new Failure("statement_invalid", `The samples ${problem}.`);
}
