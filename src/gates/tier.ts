// Tiers: how able a model is, as far as a capability suite can say, and from there which requirements are asked of it. Whoever has
// shown nothing is of the highest tier: a model is below a tier only where an upper bound on what it can do says so. Pure.
import { z } from "zod";
import type { Claim } from "../statistics/binomial.ts";
import { Name } from "../terms/ids.ts";
import { countingEvidence, whyNotCounting } from "./counting.ts";
import type { GateCase, RequirementJudgement, TierJudgement, TierRuleJudgement, Wanted } from "./judgement.ts";
import { TierNumber } from "./tier-number.ts";
import { boundsOfPool, isPoolShown } from "./pooled-bounds.ts";
import { percent } from "./wording.ts";

export const TierRule = z.strictObject({
  tier: TierNumber,
  suite: Name,
  measure: Name,
  /** Where the tier begins: a rate of what the model can do. Below it is only who is shown to be. */
  from: z.number().gt(0).lt(1),
  confidence: z.number().gt(0.5).lte(0.999_999),
});
export type TierRule = z.infer<typeof TierRule>;

/** The measure that a rule looks at: never one that is only declared. */
export function wantedByRule({ suite, measure }: TierRule): Wanted {
  return { suite, measure, acceptsDeclared: false };
}

/** The highest tier that nothing rules out. */
export function judgeTier(rules: readonly TierRule[], given: GateCase): TierJudgement {
  const judged = rules.map((rule) => judgeRule(rule, given));
  const standing = judged.filter(({ verdict }) => verdict !== "ruled-out").map(({ tier }) => tier);
  return { tier: Math.max(0, ...standing), rules: judged };
}

function judgeRule(rule: TierRule, given: GateCase): TierRuleJudgement {
  const { tier, suite, measure, from, confidence } = rule;
  const common = { tier, suite, measure, from, confidence };
  const wanted = wantedByRule(rule);
  const pools = countingEvidence(given, wanted);
  // A rate of anything else would be read the wrong way round: few refusals would make a model look less able.
  const counts = given.digests.suites.find(({ name }) => name === suite)?.failure ?? "solved";
  if (counts !== "solved") {
    const why = `${suite} counts ${counts}, and not what was solved, so that tier ${tier} is taken to be reached.`;
    return { ...common, verdict: "unknown", upper: 1, lower: 0, why };
  }
  const claim: Claim<number> = { limit: from, confidence };
  const bounds = pools.map((pooled) => boundsOfPool(pooled, confidence));
  if (bounds.length === 0 || pools.every(({ againstOnly }) => againstOnly === true)) {
    const why = `Nothing counts of ${measure} on ${suite}, so that tier ${tier} is taken to be reached.`;
    return { ...common, verdict: "unknown", upper: 1, lower: 0, why: `${why}${whyNotCounting(given, wanted)}` };
  }
  const upper = Math.max(...bounds.map((bound) => bound.upper));
  const lower = Math.max(...bounds.map((bound) => bound.lower));
  const said = `${suite}: ${measure} is at least ${percent(lower)} and at most ${percent(upper)}, each at ${percent(confidence)} confidence; tier ${tier} begins at ${percent(from)}`;
  if (pools.every((pooled) => isPoolShown(pooled, claim)))
    return { ...common, verdict: "ruled-out", upper, lower, why: `${said}: it is below.` };
  const isReached = lower >= from;
  const why = isReached ? `${said}: it is reached.` : `${said}: that it is below is not shown.`;
  return { ...common, verdict: isReached ? "reached" : "not-ruled-out", upper, lower, why };
}

/** What is said of a requirement that is not asked of a model of this tier: that it is not, and no word on whether it holds. */
export function notAsked(
  { id, kind, from }: Pick<RequirementJudgement, "id" | "kind"> & { readonly from: number },
  tier: number,
): RequirementJudgement {
  const why = `Asked from tier ${from} on; the model is shown to be of tier ${tier}.`;
  return { id, kind, verdict: "not-asked", have: { tier }, need: { tier: from }, why, stillToShow: null };
}
