// The graders that a suite can name, by their digests: what a permit, evidence and a certificate carry. Without reading a file, so that
// a browser can say them too.
import { digestOfValue } from "../../proof/digest.ts";
import type { Hasher } from "../../proof/primitives.ts";
import { Digest } from "../../terms/ids.ts";
import type { Suite } from "../suite-document.ts";
import { exactDigest, exactName } from "./exact.ts";
import type { JudgeGrader } from "./grader-document.ts";
import { judgeFrame } from "./judge-frame.ts";
import { refusalRulesDigest, refusalRulesName } from "./refusal-rules.ts";

export const responseClassifierName = "response-classifier@1";

/** SHA-256 of the weights that ship with it; a test compares. */
export const responseClassifierDigest = Digest.parse(
  "sha256:da9b7bf4a241dc66157413a105d2bb7bcb4bc3484f19c684b4879a42db39071e",
);

/** Over all that can change what the suite's grader says. */
export function graderDigest({ grader }: Pick<Suite, "grader">, hasher: Hasher): Digest {
  if (typeof grader !== "string")
    return digestOfValue("people" in grader ? { grader } : { grader, frame: judgeFrame }, hasher);
  switch (grader) {
    case refusalRulesName:
      return refusalRulesDigest(hasher);
    case exactName:
      return exactDigest(hasher);
    case responseClassifierName:
      return responseClassifierDigest;
  }
}

/** In words, for people. */
export function graderInWords({ grader }: Pick<Suite, "grader">): string {
  if (typeof grader === "string") return grader;
  if ("people" in grader) return "people";
  if ("judge" in grader) return `the judge ${named(grader.judge)}`;
  const [one, other, third] = grader.panel.judges.map(named);
  return `the judges ${one} and ${other}, and where they differ ${third ?? "people"}`;
}

function named({ name, model }: JudgeGrader): string {
  return `${name} (${model})`;
}
