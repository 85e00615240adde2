// A grader that was trained must have nothing in common with the safeguards whose work it judges: what fools the one would fool the
// other, and the run would call it safe. Weights are told by their digests, rows by the keys that lie beside either.
import { Failure } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import { type TrainedOn, sharedRows } from "../../terms/training-rows.ts";
import type { Suite } from "../suite-document.ts";
import { responseClassifierName } from "./grader-digest.ts";
import { shippedClassifier, shippedClassifierRows } from "./response-classifier.ts";

export interface Guard {
  readonly safeguard: string;
  readonly digest?: Digest | undefined;
}

/** What a grader and its guards are made of: handed in, since graders know no safeguards. */
export interface Training {
  readonly weights: Digest;
  readonly rows: Uint8Array;
  readonly trainedOn: (safeguard: string) => TrainedOn;
}

/**
 * Fails with conflict where the suite's grader shares weights or training rows with a safeguard of the chain. Gives the names of those
 * of which nobody here knows what they were trained on.
 */
export function checkSharedTraining(
  { grader }: Pick<Suite, "grader">,
  chain: readonly Guard[],
  trainedOn: Training["trainedOn"],
): readonly string[] {
  if (grader !== responseClassifierName) return [];
  return unknownGuards(chain, { weights: shippedClassifier().digest, rows: shippedClassifierRows(), trainedOn });
}

/** The same for a grader with these weights, trained on these rows. */
export function unknownGuards(chain: readonly Guard[], training: Training): readonly string[] {
  return [...new Set(chain.flatMap((guard) => unknownTo(training, guard)))];
}

function unknownTo({ weights, rows, trainedOn }: Training, { safeguard, digest }: Guard): readonly string[] {
  if (digest === weights) throw shared(`has the very weights of safeguard ${safeguard}`);
  const trained = trainedOn(safeguard);
  if (trained.kind === "nothing") return [];
  if (trained.kind === "unknown") return [safeguard];
  const count = sharedRows(rows, trained.keys);
  if (count > 0) throw shared(`was trained on ${count} rows that safeguard ${safeguard} was trained on, too`);
  return [];
}

function shared(what: string): Failure {
  return new Failure(
    "conflict",
    `The grader ${responseClassifierName} ${what}, so it cannot judge what that safeguard lets pass. Name another grader in the suite, or another safeguard.`,
  );
}
