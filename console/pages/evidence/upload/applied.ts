// What is applied, as far as an import needs it: the suite's document and the digests of what it will be evidence about, out of the
// state that this browser verified and content that it hashed itself.
import type { BodyOf } from "../../../../src/acts/bodies.ts";
import type { State } from "../../../../src/acts/state.ts";
import { graderDigest } from "../../../../src/evidence/graders/grader-digest.ts";
import { Suite } from "../../../../src/evidence/suite-document.ts";
import { candidate, configurationOf } from "../../../../src/gates/draft.ts";
import { ReleasePlan } from "../../../../src/gates/plan-document.ts";
import { browserPrimitives } from "../../../../src/proof/browser.ts";
import type { Name } from "../../../../src/terms/ids.ts";
import { askDocument } from "../../../app/artefacts.ts";

export interface Applied {
  readonly suite: Suite;
  readonly digests: BodyOf<"evidence">["digests"];
}

/** Fails with not_found where there is no such model or suite, or with proof_invalid. */
export async function appliedFor(
  state: State,
  about: { readonly model: Name; readonly suite: Name },
): Promise<Applied> {
  const digest = candidate(state, "Suite", about.suite);
  const suite = await askDocument(digest, Suite);
  const plan = await askDocument(candidate(state, "ReleasePlan", about.model), ReleasePlan);
  const { model, safeguards, policy } = configurationOf(state, plan, "candidate");
  const grader = graderDigest(suite, browserPrimitives);
  return { suite, digests: { model, safeguards, policy, suite: digest, grader } };
}

/** What can be imported about, by name. */
export function namesIn({ documents }: State): { readonly models: readonly Name[]; readonly suites: readonly Name[] } {
  return {
    models: [...(documents.get("ReleasePlan")?.keys() ?? [])],
    suites: [...(documents.get("Suite")?.keys() ?? [])],
  };
}
