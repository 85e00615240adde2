// The bounds of a pool: exact for a number of trials that was fixed beforehand, and valid at all times at once where every plan
// behind it could be ended whenever somebody liked.
import { type Claim, cleanTrialsNeeded, clopperPearsonLower, isShown } from "../statistics/binomial.ts";
import type { Counts } from "../statistics/counts.ts";
import { hasReached } from "../statistics/evalue.ts";
import { type Bounds, type Tally, boundsOf } from "../statistics/measure.ts";
import { anytimeLower, anytimeUpper } from "../statistics/sequence.ts";
import type { PooledMeasure } from "./judgement.ts";

type Ruled = Pick<PooledMeasure, "tally" | "rule">;

export interface PoolBounds extends Omit<Bounds, "method"> {
  readonly method: Bounds["method"] | "anytime";
}

/** One-sided bounds, unknown clusters failed in the upper and clean in the lower one. */
export function boundsOfPool({ tally, rule }: Ruled, confidence: number): PoolBounds {
  const exact = boundsOf(tally, confidence);
  if (rule === undefined) return exact;
  const { clustersFailed: failures, clusters: trials } = tally;
  return {
    ...exact,
    upper: anytimeUpper(worstOf(tally), confidence),
    lower: anytimeLower({ failures, trials }, confidence),
    method: "anytime",
  };
}

/** One-sided lower bound of a share of which `counted` clusters are. */
export function lowerOf({ tally: { clusters: trials }, rule }: Ruled, counted: number, confidence: number): number {
  const counts = { failures: counted, trials };
  return rule === undefined ? clopperPearsonLower(counts, confidence) : anytimeLower(counts, confidence);
}

/** Whether the pool shows the claim, every unknown cluster counted as failed. */
export function isPoolShown({ tally, rule }: Ruled, claim: Claim<number>): boolean {
  if (tally.clusters === 0) return false;
  return rule === undefined ? isShown(worstOf(tally), claim) : isReached(worstOf(tally), claim);
}

/** How many further clean trials would show the claim, after `counts`; undefined where that is out of reach. */
export function cleanTrialsFor(counts: Counts, claim: Claim<number>, rule: PooledMeasure["rule"]): number | undefined {
  if (rule === undefined) return cleanTrialsNeeded(counts, claim);
  const shows = (more: number): boolean => isReached({ ...counts, trials: counts.trials + more }, claim);
  if (shows(0)) return 0;
  if (!shows(searchedMax)) return undefined;
  let short = 0;
  let enough = searchedMax;
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if (shows(middle)) enough = middle;
    else short = middle;
  }
  return enough;
}

/** Further trials that are looked for: more than any suite has items. */
const searchedMax = 1_000_000;

function isReached(counts: Counts, { limit, confidence }: Claim<number>): boolean {
  return hasReached(counts, { limit, side: "below" }, confidence);
}

function worstOf({ clustersFailed, clustersUnknown, clusters }: Tally): Counts {
  return { failures: clustersFailed + clustersUnknown, trials: clusters };
}
