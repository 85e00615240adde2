// "At least so many, shown with so much confidence": a lower bound on a measure of a suite. A cluster counts only where all of it was
// tried and every attempt counted: one that counted once in ten shows nothing steady. Passes when the exact lower bound over these
// is at or above the floor; fails when the upper bound, with every unknown counted in, is below it; between them it is inconclusive.
import { z } from "zod";
import { type Claim, trialsNeeded } from "../../statistics/binomial.ts";
import { Name } from "../../terms/ids.ts";
import { countingEvidence, whyNotCounting } from "../counting.ts";
import type { GateCase, PooledMeasure, RequirementJudgement, Wanted } from "../judgement.ts";
import { boundsOfPool, cleanTrialsFor, isPoolShown, lowerOf } from "../pooled-bounds.ts";
import { TierNumber } from "../tier-number.ts";
import { percent, wording } from "../wording.ts";

export const MeasureFloor = z.strictObject({
  id: Name,
  suite: Name,
  measure: Name,
  /** The rate that is to be reached. */
  lower: z.number().gt(0).lt(1),
  confidence: z.number().gt(0.5).lte(0.999_999),
  /** The lowest tier of which it is asked. */
  tier: TierNumber.optional(),
});
export type MeasureFloor = z.infer<typeof MeasureFloor>;

export function wantedFloor({ suite, measure }: MeasureFloor): Wanted {
  return { suite, measure, acceptsDeclared: false };
}

export function judgeMeasureFloor(requirement: MeasureFloor, given: GateCase): RequirementJudgement {
  const { id, suite, measure, lower, confidence } = requirement;
  const common = { id, kind: "measure-floor", need: { suite, measure, lower, confidence } } as const;
  // That so few are not of it is a claim like any other.
  const claim: Claim<number> = { limit: 1 - lower, confidence };
  const wanted = wantedFloor(requirement);
  const [pooled] = countingEvidence(given, wanted);
  if (pooled === undefined)
    return {
      ...common,
      verdict: "inconclusive",
      have: { trials: 0 },
      why: `No evidence of ${measure} on ${suite} counts here.${whyNotCounting(given, wanted)}`,
      stillToShow: `a run of ${suite}: ${wording(trialsNeeded(0, claim), "trial")} or more that all count (floor ${percent(lower)})`,
    };
  const short = fallingShort(pooled);
  const { clusters, clustersFailed, clustersUnknown } = pooled.tally;
  const counted = pooled.wholly ?? 0;
  const bounds = { lower: lowerOf(pooled, counted, confidence), upper: boundsOfPool(pooled, confidence).upper };
  const isShown = isPoolShown(short, claim);
  const figures = { counted, trials: clusters, counting: clustersFailed, unknown: clustersUnknown };
  const judged = {
    ...common,
    have: { ...figures, ...bounds, confidence, untried: pooled.untried },
    why: `${counted} of ${clusters} count in every attempt: at least ${percent(bounds.lower)} at ${percent(confidence)} confidence, floor ${percent(lower)}.`,
  };
  if (isShown) return { ...judged, verdict: "pass", stillToShow: null };
  const verdict = bounds.upper < lower ? "fail" : "inconclusive";
  return { ...judged, verdict, stillToShow: stillToShow(short, claim, lower) };
}

/** The pool turned round: what does not count in every attempt is what is held against the claim. */
function fallingShort(pooled: PooledMeasure): Pick<PooledMeasure, "tally" | "rule"> {
  const { tally, wholly = 0, rule } = pooled;
  const turned = { ...tally, clustersFailed: tally.clusters - wholly, clustersUnknown: 0 };
  return { tally: turned, ...(rule === undefined ? {} : { rule }) };
}

function stillToShow(
  { tally, rule }: Pick<PooledMeasure, "tally" | "rule">,
  claim: Claim<number>,
  floor: number,
): string {
  const { clusters: trials, clustersFailed: failures } = tally;
  const all = cleanTrialsFor({ failures, trials }, claim, rule);
  const withOne = failures < trials ? cleanTrialsFor({ failures: failures + 1, trials }, claim, rule) : undefined;
  const alternative = withOne === undefined ? "" : `, or ${withOne} if one of them does not`;
  return `${wording(all, "more trial")} that all count${alternative} (${trials - failures} of ${trials}, floor ${percent(floor)})`;
}
