// The closed union of requirement kinds: a new kind is one file in requirements/, with its document form and its judge, its
// name in `RequirementJudgement`, and a line here in the union, in the judge, in `kindOf` and, where it asks for a measure, in
// `wantedBy`. A document says which kind it means by the field that is present.
import { z } from "zod";
import type { RequirementJudgement, StageCase, Wanted } from "./judgement.ts";
import { Comparison, judgeComparison, wantedComparison } from "./requirements/comparison.ts";
import { Consulted, judgeConsulted } from "./requirements/consulted.ts";
import { Drilled, judgeDrilled } from "./requirements/drilled.ts";
import { EvidenceAge, judgeEvidenceAge } from "./requirements/evidence-age.ts";
import { judgeMeasureBound, MeasureBound, wantedBound } from "./requirements/measure-bound.ts";
import { judgeMeasureFloor, MeasureFloor, wantedFloor } from "./requirements/measure-floor.ts";
import { judgeNoIncident, NoIncident } from "./requirements/no-incident.ts";
import { judgePolicyTests, PolicyTests } from "./requirements/policy-tests.ts";
import { judgePublished, Published } from "./requirements/published.ts";
import { judgeSignOffs, SignOffs } from "./requirements/sign-offs.ts";
import { judgeTierCeiling, TierCeiling } from "./requirements/tier-ceiling.ts";

const ofMeasures = [MeasureBound, MeasureFloor, Comparison] as const;
const ofFacts = [NoIncident, Drilled, Consulted, Published, PolicyTests] as const;

export const Requirement = z.union([...ofMeasures, TierCeiling, SignOffs, EvidenceAge, ...ofFacts], {
  error:
    "a requirement has an id and either suite, measure, confidence and one of upper, lower, or against and margin; or tierAtMost; or signOffs; or maxAgeDays; or noIncident; or drillWithinDays; or consulted; or published and withinDays; or policyTests; nothing else (basis: declared goes with about: model, since reports from elsewhere say nothing of safeguards; corrected: true goes with neither, since they do not say how often their grader errs)",
});
export type Requirement = z.infer<typeof Requirement>;
type OfMeasure = z.infer<(typeof ofMeasures)[number]>;
type OfFact = z.infer<(typeof ofFacts)[number]>;

/** Judges one requirement. Missing evidence is inconclusive, a missing sign-off fails; neither ever passes. */
export function judgeRequirement(requirement: Requirement, given: StageCase): RequirementJudgement {
  if ("measure" in requirement) return judgeByMeasure(requirement, given);
  if ("tierAtMost" in requirement) return judgeTierCeiling(requirement, given);
  if ("signOffs" in requirement) return judgeSignOffs(requirement, given);
  if ("maxAgeDays" in requirement) return judgeEvidenceAge(requirement, given);
  return judgeByFacts(requirement, given);
}

function judgeByMeasure(requirement: OfMeasure, given: StageCase): RequirementJudgement {
  if ("against" in requirement) return judgeComparison(requirement, given);
  return "upper" in requirement ? judgeMeasureBound(requirement, given) : judgeMeasureFloor(requirement, given);
}

/** What the world reports, by who may: src/acts/rules/facts.ts. */
function judgeByFacts(requirement: OfFact, given: StageCase): RequirementJudgement {
  if ("noIncident" in requirement) return judgeNoIncident(requirement, given);
  if ("drillWithinDays" in requirement) return judgeDrilled(requirement, given);
  if ("consulted" in requirement) return judgeConsulted(requirement, given);
  return "published" in requirement ? judgePublished(requirement, given) : judgePolicyTests(requirement, given);
}

export function kindOf(requirement: Requirement): RequirementJudgement["kind"] {
  if ("measure" in requirement) return kindOfMeasure(requirement);
  if ("tierAtMost" in requirement) return "tier-ceiling";
  if ("signOffs" in requirement) return "sign-offs";
  if ("maxAgeDays" in requirement) return "evidence-age";
  return kindOfFact(requirement);
}

function kindOfMeasure(requirement: OfMeasure): RequirementJudgement["kind"] {
  if ("against" in requirement) return "comparison";
  return "upper" in requirement ? "measure-bound" : "measure-floor";
}

function kindOfFact(requirement: OfFact): RequirementJudgement["kind"] {
  if ("noIncident" in requirement) return "no-incident";
  if ("drillWithinDays" in requirement) return "drilled";
  if ("consulted" in requirement) return "consulted";
  return "published" in requirement ? "published" : "policy-tests";
}

/** The lowest tier of which it is asked; sign-offs, and what asks for the tier itself, are asked of every model. */
export function tierOf(requirement: Requirement): number {
  return "tier" in requirement ? (requirement.tier ?? 0) : 0;
}

/** The measures a requirement asks for. */
export function wantedBy(requirement: Requirement): readonly Wanted[] {
  if (!("measure" in requirement)) return [];
  if ("against" in requirement) return [wantedComparison(requirement)];
  return ["upper" in requirement ? wantedBound(requirement) : wantedFloor(requirement)];
}
