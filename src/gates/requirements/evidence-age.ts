// Evidence ages: attacks get better while digests stay the same. Every item behind every measure of the stage must have
// been tried again within so many days; re-running a few of them does not refresh the rest.
import { z } from "zod";
import { instantOf, Name, type Instant } from "../../terms/ids.ts";
import { TierNumber } from "../tier-number.ts";
import { countingEvidence } from "../counting.ts";
import type { PooledMeasure, RequirementJudgement, StageCase } from "../judgement.ts";

export const EvidenceAge = z.strictObject({
  id: Name,
  maxAgeDays: z.number().int().min(1).max(3660),
  /** The lowest tier of which it is asked. */
  tier: TierNumber.optional(),
});
export type EvidenceAge = z.infer<typeof EvidenceAge>;

export function judgeEvidenceAge(requirement: EvidenceAge, given: StageCase): RequirementJudgement {
  const ages = given.wanted.map((wanted) => ({
    suite: wanted.suite,
    days: ageDays(countingEvidence(given, wanted), given.at),
  }));
  const stale = ages.filter(({ days }) => days === null || days > requirement.maxAgeDays);
  const known = ages.flatMap(({ days }) => (days === null ? [] : [days]));
  const isFresh = ages.length > 0 && stale.length === 0;
  const suites = [...new Set(stale.map(({ suite }) => suite))].join(", ");
  return {
    id: requirement.id,
    kind: "evidence-age",
    verdict: isFresh ? "pass" : "inconclusive",
    have: { oldestDays: known.length === ages.length && known.length > 0 ? Math.max(...known) : null },
    need: { maxAgeDays: requirement.maxAgeDays },
    why: isFresh
      ? `Every item was tried within ${requirement.maxAgeDays} days.`
      : `Evidence is missing, incomplete or older than ${requirement.maxAgeDays} days: ${suites || "no measure is asked for"}.`,
    stillToShow: isFresh
      ? null
      : `a complete run of ${suites || "a suite"} within the last ${requirement.maxAgeDays} days`,
  };
}

const dayMs = 86_400_000;

/** Age of the stalest item in days; null where nothing counts, an item was never tried, or a try lies in the future. */
function ageDays(evidence: readonly PooledMeasure[], at: Instant): number | null {
  const days = evidence.map(({ oldestTry }) => (oldestTry === null ? null : (at - instantOf(oldestTry)) / dayMs));
  const known = days.filter((age) => age !== null && age >= 0);
  return days.length > 0 && known.length === days.length ? Math.max(...known.map((age) => age ?? 0)) : null;
}
