// The closed union of requirement kinds: a new kind is one file in requirements/, with its document form and its judge, its
// name in `RequirementJudgement`, and a line here in the union, in the judge and, where it asks for a measure, in
// `wantedBy`. A document says which kind it means by the field that is present.
import { z } from "zod";
import type { RequirementJudgement, StageCase, Wanted } from "./judgement.ts";
import { Consulted, judgeConsulted } from "./requirements/consulted.ts";
import { Drilled, judgeDrilled } from "./requirements/drilled.ts";
import { EvidenceAge, judgeEvidenceAge } from "./requirements/evidence-age.ts";
import { judgeMeasureBound, MeasureBound, wantedBound } from "./requirements/measure-bound.ts";
import { judgeNoIncident, NoIncident } from "./requirements/no-incident.ts";
import { judgePublished, Published } from "./requirements/published.ts";
import { judgeSignOffs, SignOffs } from "./requirements/sign-offs.ts";

export const Requirement = z.union([MeasureBound, SignOffs, EvidenceAge, NoIncident, Drilled, Consulted, Published], {
  error:
    "a requirement has an id and either suite, measure, upper and confidence; or signOffs; or maxAgeDays; or noIncident; or drillWithinDays; or consulted; or published and withinDays; nothing else (basis: declared goes with about: model, since reports from elsewhere say nothing of safeguards; corrected: true goes with neither, since they do not say how often their grader errs)",
});
export type Requirement = z.infer<typeof Requirement>;

/** Judges one requirement. Missing evidence is inconclusive, a missing sign-off fails; neither ever passes. */
export function judgeRequirement(requirement: Requirement, given: StageCase): RequirementJudgement {
  if ("measure" in requirement) return judgeMeasureBound(requirement, given);
  if ("signOffs" in requirement) return judgeSignOffs(requirement, given);
  if ("maxAgeDays" in requirement) return judgeEvidenceAge(requirement, given);
  return judgeByFacts(requirement, given);
}

/** What the world reports, by who may: src/acts/rules/facts.ts. */
function judgeByFacts(
  requirement: NoIncident | Drilled | Consulted | Published,
  given: StageCase,
): RequirementJudgement {
  if ("noIncident" in requirement) return judgeNoIncident(requirement, given);
  if ("drillWithinDays" in requirement) return judgeDrilled(requirement, given);
  if ("consulted" in requirement) return judgeConsulted(requirement, given);
  return judgePublished(requirement, given);
}

export function kindOf(requirement: Requirement): RequirementJudgement["kind"] {
  if ("measure" in requirement) return "measure-bound";
  if ("signOffs" in requirement) return "sign-offs";
  if ("maxAgeDays" in requirement) return "evidence-age";
  if ("noIncident" in requirement) return "no-incident";
  if ("drillWithinDays" in requirement) return "drilled";
  return "consulted" in requirement ? "consulted" : "published";
}

/** The lowest tier of which it is asked; sign-offs are asked of every model. */
export function tierOf(requirement: Requirement): number {
  return "signOffs" in requirement ? 0 : (requirement.tier ?? 0);
}

/** The measures a requirement asks for. */
export function wantedBy(requirement: Requirement): readonly Wanted[] {
  return "measure" in requirement ? [wantedBound(requirement)] : [];
}
