// The gate: all requirements of one stage, judged purely, so that the control plane, the console and an outsider with the
// bundle reach the same answer. All must hold, each at its own confidence, so no correction for their number is needed
// (intersection-union test).
import type { GateCase, GateVerdict, Judgement, RequirementJudgement } from "./judgement.ts";
import { type TieredStage, tiersIn } from "./plan-document.ts";
import { judgeRequirement, kindOf, tierOf, wantedBy } from "./requirement.ts";
import { judgeTier, notAsked, wantedByRule } from "./tier.ts";

export function judge(plan: TieredStage, given: GateCase): Judgement {
  const tiers = tiersIn(plan);
  const tier = judgeTier(tiers, given);
  const asked = plan.requires.filter((requirement) => tierOf(requirement) <= tier.tier);
  const wanted = [...asked.flatMap(wantedBy), ...tiers.map(wantedByRule)];
  const stageCase = { ...given, wanted, tier: tiers.length === 0 ? undefined : tier };
  const requirements = plan.requires.map((requirement): RequirementJudgement => {
    if (asked.includes(requirement)) return judgeRequirement(requirement, stageCase);
    return notAsked({ id: requirement.id, kind: kindOf(requirement), from: tierOf(requirement) }, tier.tier);
  });
  const verdicts = requirements.flatMap(({ verdict }) => (verdict === "not-asked" ? [] : [verdict]));
  const judged = { stage: plan.stage, verdict: allOf(verdicts), requirements };
  return tiers.length === 0 ? judged : { ...judged, tier };
}

/** The verdict of an AND: one failure fails, else one doubt leaves doubt; nothing at all is doubt, not a pass. */
export function allOf(verdicts: readonly GateVerdict[]): GateVerdict {
  if (verdicts.includes("fail")) return "fail";
  return verdicts.length === 0 || verdicts.includes("inconclusive") ? "inconclusive" : "pass";
}
