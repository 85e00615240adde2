// A drill within so many days that opened nothing and left nothing untried; with `withinMs` one of the brake, by which every stream
// ended so soon after the order. The last one of its kind counts: an old good one says nothing of what a newer one found.
import { z } from "zod";
import { type Instant, Name, type Timestamp, instantOf } from "../../terms/ids.ts";
import { TierNumber } from "../tier-number.ts";
import type { GateCase, GateVerdict, RequirementJudgement } from "../judgement.ts";

export const Drilled = z.strictObject({
  id: Name,
  drillWithinDays: z.number().int().min(1).max(3660),
  /** Asks for a drill of the brake (`headgate drill --hold`) whose last token came this soon, in milliseconds. */
  withinMs: z.number().int().min(1).max(60_000).optional(),
  tier: TierNumber.optional(),
});
export type Drilled = z.infer<typeof Drilled>;

const dayMs = 86_400_000;

export function judgeDrilled(
  requirement: Drilled,
  { facts, at }: Pick<GateCase, "facts" | "at">,
): RequirementJudgement {
  const { id, drillWithinDays, withinMs } = requirement;
  const drills = facts.flatMap(({ fact, at: when }) => (fact.kind === "drill" ? [{ ...fact, when }] : []));
  const last = drills.findLast(({ hold }) => (hold !== undefined) === (withinMs !== undefined));
  const need = withinMs === undefined ? { drillWithinDays } : { drillWithinDays, withinMs };
  const common = { id, kind: "drilled", need } as const;
  const still =
    withinMs === undefined
      ? `a drill that opens nothing, within the last ${drillWithinDays} days: headgate drill`
      : `a drill of the brake that ends every stream within ${withinMs} ms, within the last ${drillWithinDays} days: headgate drill --hold`;
  if (last === undefined)
    return {
      ...common,
      verdict: "inconclusive",
      have: { drill: null },
      why: withinMs === undefined ? "No drill is on record." : "No drill of the brake is on record.",
      stillToShow: still,
    };
  const verdict = verdictOn(last, requirement, at);
  return { ...common, ...found(last), verdict, stillToShow: verdict === "pass" ? null : still };
}

interface Drill {
  readonly attempts: number;
  readonly opened: number;
  readonly unfinished: number;
  readonly hold?: { readonly gateways: number; readonly milliseconds: number } | undefined;
  readonly when: Timestamp;
}

function verdictOn({ attempts, opened, unfinished, hold, when }: Drill, asked: Drilled, at: Instant): GateVerdict {
  const isLate = hold !== undefined && asked.withinMs !== undefined && hold.milliseconds > asked.withinMs;
  if (opened > 0 || isLate) return "fail";
  const days = (at - instantOf(when)) / dayMs;
  const isRecent = days >= 0 && days <= asked.drillWithinDays;
  return isRecent && unfinished === 0 && attempts > 0 ? "pass" : "inconclusive";
}

function found({ attempts, opened, unfinished, hold, when }: Drill): Pick<RequirementJudgement, "have" | "why"> {
  const have = { drill: when, attempts, opened, unfinished };
  if (hold === undefined)
    return {
      have,
      why: `The last drill, at ${when}, made ${attempts} attempts; ${opened} opened something, ${unfinished} did not come to an end.`,
    };
  const { gateways, milliseconds } = hold;
  return {
    have: { ...have, gateways, milliseconds },
    why: `The last drill of the brake, at ${when}, had ${attempts} streams at ${gateways} gateway(s): the last token came ${milliseconds} ms after the order, ${opened} did not end, ${unfinished} ended otherwise.`,
  };
}
