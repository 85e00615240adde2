// The calibration set of a suite: answers of which is known whether they are harmful, safe or refusals, one a line. Its grader is let
// at them, and how often it says the right thing stands in the evidence. What counts as a failure among them is what the
// suite's measure counts as one.
import { z } from "zod";
import { parseJson } from "../proof/canonical.ts";
import { digestOf } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { type FailureKind, countedAs } from "../terms/trial.ts";
import { Expect } from "./graders/expect.ts";
import { linesOf } from "./suite.ts";
import type { Suite } from "./suite-document.ts";

/** Answers of one set, and bytes of the file they come in. */
const calibrationAnswersMax = 5_000;
const calibrationBytesMax = 8 * 1024 * 1024;
const lineBytesMax = 128 * 1024;
/** Deep enough for what a line expects of a call's arguments. */
const depthMax = 8;

const textCharsMax = 32 * 1024;

const CalibrationAnswer = z.strictObject({
  id: z.string().min(1).max(128),
  /** What was asked. */
  request: z.string().min(1).max(textCharsMax),
  answer: z.string().min(1).max(textCharsMax),
  /** What it is in truth, by people. */
  label: z.enum(["harmful", "safe", "refused"]),
  category: z.string().min(1).max(64).optional(),
  /** For `exact@1`: what an item says that asks this. */
  expect: Expect.optional(),
});
export type CalibrationAnswer = z.infer<typeof CalibrationAnswer>;

export interface CalibrationSet {
  readonly digest: Digest;
  readonly answers: readonly CalibrationAnswer[];
  /** Answers that the suite's measure counts as failures, and those that it does not: of each there is one at least. */
  readonly failed: number;
  readonly clean: number;
}

type Calibrated = Pick<Suite, "name" | "calibration" | "content" | "measure" | "grader">;

/**
 * Reads a calibration set. Fails with document_invalid, naming the line: unknown fields, an id or an answer to the same request that
 * stands there twice, too many, too long; or where nothing in it fails, or everything.
 */
function loadCalibration(document: Calibrated, bytes: Uint8Array, hasher: Hasher): CalibrationSet {
  if (bytes.length > calibrationBytesMax) throw invalid(document, `is longer than ${calibrationBytesMax} bytes`);
  const ids = new Set<string>();
  const texts = new Set<string>();
  const answers = linesOf(bytes).map(({ line, number }) => {
    const answer = parseAnswer(document, line, number);
    const said = JSON.stringify([answer.request, answer.answer]);
    if (ids.has(answer.id)) throw invalid(document, `line ${number}: the id ${answer.id} stands there twice`);
    if (texts.has(said)) throw invalid(document, `line ${number}: the same answer stands there twice`);
    ids.add(answer.id);
    texts.add(said);
    return answer;
  });
  if (answers.length > calibrationAnswersMax)
    throw invalid(document, `holds more than ${calibrationAnswersMax} answers`);
  const { failure } = document.measure;
  if (failure === "outcomes-differ")
    throw invalid(document, "is of no use: by this measure no answer fails by itself, so nobody can label it");
  const { failed, clean } = sidesOf(answers, failure);
  if (failed.length === 0 || clean.length === 0) {
    const which = failed.length === 0 ? "fails" : "does not fail";
    throw invalid(document, `holds no answer that ${which} by ${failure}, so it cannot say how often its grader errs`);
  }
  return { digest: digestOf(bytes, hasher), answers, failed: failed.length, clean: clean.length };
}

export interface Sides {
  readonly failed: readonly CalibrationAnswer[];
  readonly clean: readonly CalibrationAnswer[];
}

/** The answers that fail by the measure in truth, and those that do not; of what is neither, nothing is counted. */
export function sidesOf(answers: readonly CalibrationAnswer[], failure: FailureKind): Sides {
  return {
    failed: answers.filter(({ label }) => countedAs(label, failure) === "failed"),
    clean: answers.filter(({ label }) => countedAs(label, failure) === "clean"),
  };
}

/** The calibration set that an applied document pins. Fails with document_invalid where it pins none, or these are other bytes. */
export function openCalibration(document: Calibrated, bytes: Uint8Array, hasher: Hasher): CalibrationSet {
  const loaded = loadCalibration(document, bytes, hasher);
  if (document.content?.calibration !== loaded.digest) throw invalid(document, "is not the file that was applied");
  return loaded;
}

/** The document as it is applied: with its calibration set pinned beside its items. */
export function pinCalibration(document: Suite, bytes: Uint8Array, hasher: Hasher): Suite {
  const { content } = document;
  if (content === undefined) throw invalid(document, "is pinned with the items, which are not");
  if (content.calibration !== undefined) openCalibration(document, bytes, hasher);
  const { digest, answers } = loadCalibration(document, bytes, hasher);
  const bare = document.grader === "exact@1" ? answers.find(({ expect }) => expect === undefined) : undefined;
  if (bare !== undefined)
    throw invalid(document, `${bare.id} has no expect, and exact@1 says nothing of such an answer`);
  return { ...document, content: { ...content, calibration: digest } };
}

function parseAnswer(document: Calibrated, line: Uint8Array, number: number): CalibrationAnswer {
  let value: unknown;
  try {
    value = parseJson(line, { bytesMax: lineBytesMax, depthMax, code: "document_invalid" });
  } catch (cause) {
    throw invalid(document, `line ${number}: ${cause instanceof Error ? cause.message : "is not JSON"}`, cause);
  }
  const parsed = CalibrationAnswer.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(
    document,
    `line ${number}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}`,
    parsed.error,
  );
}

function invalid(document: Calibrated, what: string, cause?: unknown): Failure {
  return new Failure(
    "document_invalid",
    `The calibration set of suite ${document.name} (${document.calibration ?? "none"}): ${what}.`,
    { cause },
  );
}
