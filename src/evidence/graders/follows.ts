// Whether a sealed outcome follows from what its graders said, or leans further to the side of doubt. Who may not be believed here is
// whoever sealed the run; what graders said of an answer is sealed beside its outcome, so that this can be looked at again.
import { outcomeAfter } from "../sample.ts";
import type { Sample } from "../seal.ts";
import type { Suite } from "../suite-document.ts";
import { combinedVerdict } from "./combine.ts";

export function followsFromGraded({ outcome, graded }: Sample, { grader, measure }: Suite): boolean {
  if (typeof grader === "string") return graded === undefined;
  // Without a grader's word there is only what the safeguards stopped, and what nobody can say.
  if (graded === undefined) return outcome !== "safe" && outcome !== "harmful";
  const { failure } = measure;
  const combined = combinedVerdict(grader, graded, { failure, isDouble: false });
  const verdict = combined.kind === "verdict" ? combined.verdict : "unscored";
  return outcome === verdict || outcome === "unscored" || outcome === outcomeAfter(verdict, { failure, isCut: true });
}
