// Something was made public within so many days: statistics of access, a report. That it was, and which bytes, is on record; what
// stands in it people read.
import { z } from "zod";
import { Name, instantOf } from "../../terms/ids.ts";
import { TierNumber } from "../tier-number.ts";
import type { GateCase, RequirementJudgement } from "../judgement.ts";

export const Published = z.strictObject({
  id: Name,
  published: Name,
  withinDays: z.number().int().min(1).max(3660),
  tier: TierNumber.optional(),
});
export type Published = z.infer<typeof Published>;

const dayMs = 86_400_000;

export function judgePublished(
  { id, published, withinDays }: Published,
  { facts, at }: Pick<GateCase, "facts" | "at">,
): RequirementJudgement {
  const last = facts.findLast(({ fact }) => fact.kind === "publication" && fact.name === published);
  const days = last === undefined ? Number.POSITIVE_INFINITY : (at - instantOf(last.at)) / dayMs;
  const isRecent = days >= 0 && days <= withinDays;
  return {
    id,
    kind: "published",
    verdict: isRecent ? "pass" : "inconclusive",
    have: { published: last?.at ?? null },
    need: { published, withinDays },
    why: last === undefined ? `${published} was never published.` : `${published} was published at ${last.at}.`,
    stillToShow: isRecent ? null : `${published}, published within the last ${withinDays} days`,
  };
}
