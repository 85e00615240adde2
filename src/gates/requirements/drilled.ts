// A drill within so many days that opened nothing and left nothing untried. The last one counts: an old good one says nothing
// of what a newer one found.
import { z } from "zod";
import { Name, instantOf } from "../../terms/ids.ts";
import { TierNumber } from "../tier-number.ts";
import type { GateCase, GateVerdict, RequirementJudgement } from "../judgement.ts";

export const Drilled = z.strictObject({
  id: Name,
  drillWithinDays: z.number().int().min(1).max(3660),
  tier: TierNumber.optional(),
});
export type Drilled = z.infer<typeof Drilled>;

const dayMs = 86_400_000;

export function judgeDrilled(
  { id, drillWithinDays }: Drilled,
  { facts, at }: Pick<GateCase, "facts" | "at">,
): RequirementJudgement {
  const last = facts.flatMap(({ fact, at: when }) => (fact.kind === "drill" ? [{ ...fact, when }] : [])).at(-1);
  const common = { id, kind: "drilled", need: { drillWithinDays } } as const;
  const still = `a drill that opens nothing, within the last ${drillWithinDays} days: headgate drill`;
  if (last === undefined)
    return {
      ...common,
      verdict: "inconclusive",
      have: { drill: null },
      why: "No drill is on record.",
      stillToShow: still,
    };
  const { attempts, opened, unfinished, when } = last;
  const days = (at - instantOf(when)) / dayMs;
  const isRecent = days >= 0 && days <= drillWithinDays;
  const verdict: GateVerdict =
    opened > 0 ? "fail" : isRecent && unfinished === 0 && attempts > 0 ? "pass" : "inconclusive";
  return {
    ...common,
    verdict,
    have: { drill: when, attempts, opened, unfinished },
    why: `The last drill, at ${when}, made ${attempts} attempts; ${opened} opened something, ${unfinished} did not come to an end.`,
    stillToShow: verdict === "pass" ? null : still,
  };
}
