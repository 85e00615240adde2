// The gate: all requirements of one stage, judged purely, so that the control plane, the console and an outsider with the
// bundle reach the same answer. All must hold, each at its own confidence, so no correction for their number is needed
// (intersection-union test).
import type { GateCase, GateVerdict, Judgement } from "./judgement.ts";
import type { StagePlan } from "./plan-document.ts";
import { judgeRequirement, wantedBy } from "./requirement.ts";

export function judge(plan: StagePlan, given: GateCase): Judgement {
  const stageCase = { ...given, wanted: plan.requires.flatMap(wantedBy) };
  const requirements = plan.requires.map((requirement) => judgeRequirement(requirement, stageCase));
  return { stage: plan.stage, verdict: allOf(requirements.map(({ verdict }) => verdict)), requirements };
}

/** The verdict of an AND: one failure fails, else one doubt leaves doubt; nothing at all is doubt, not a pass. */
export function allOf(verdicts: readonly GateVerdict[]): GateVerdict {
  if (verdicts.includes("fail")) return "fail";
  return verdicts.length === 0 || verdicts.includes("inconclusive") ? "inconclusive" : "pass";
}
