// The model is shown to be no abler than a tier: every rule of the plan that leads beyond it is ruled out. Fails where one is reached.
import { z } from "zod";
import { Name } from "../../terms/ids.ts";
import type { RequirementJudgement, StageCase } from "../judgement.ts";
import { wording } from "../wording.ts";

export const TierCeiling = z.strictObject({ id: Name, tierAtMost: z.number().int().min(0).max(8) });
export type TierCeiling = z.infer<typeof TierCeiling>;

export function judgeTierCeiling({ id, tierAtMost }: TierCeiling, { tier }: StageCase): RequirementJudgement {
  const { tier: known = null, rules = [] } = tier ?? {};
  const beyond = rules.filter((rule) => rule.tier > tierAtMost);
  const standing = beyond.filter(({ verdict }) => verdict !== "ruled-out");
  const common = { id, kind: "tier-ceiling", have: { tier: known }, need: { tierAtMost } } as const;
  if (beyond.length > 0 && standing.length === 0)
    return { ...common, verdict: "pass", why: `The model is shown to be of tier ${known}.`, stillToShow: null };
  const suites = [...new Set(standing.map(({ suite }) => suite))].join(", ");
  return {
    ...common,
    verdict: standing.some(({ verdict }) => verdict === "reached") ? "fail" : "inconclusive",
    why: standing.map((rule) => rule.why).join(" "),
    stillToShow: `that the model is below ${wording(standing.length, "threshold")} beyond tier ${tierAtMost}: ${suites}`,
  };
}
