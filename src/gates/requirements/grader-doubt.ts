// A bound on what failed in truth, where the grader that counted it may err: what it may have missed counts as failed in the upper
// bound, and what it may have raised falsely as clean in the lower one, as with everything that nobody can tell. How sure the
// grader is says its calibration, in the evidence; without one nothing is known, and nothing is shown.
import type { Calibration } from "../../acts/bodies.ts";
import { clopperPearson, type Claim } from "../../statistics/binomial.ts";
import type { Interval } from "../../statistics/counts.ts";
import { doubtedBounds, doubtedClaim, halvedDoubt } from "../../statistics/judge.ts";
import { type Share, shareText } from "../../statistics/share.ts";
import type { Figures, PooledMeasure } from "../judgement.ts";
import { boundsOfPool } from "../pooled-bounds.ts";

export interface GraderDoubt {
  /** The bounds that the gate reads. */
  readonly bounds: Interval;
  /** What the counts as graded have to show; undefined where the grader found no failure of its calibration. */
  readonly claim: Claim<number> | undefined;
  readonly figures: Figures;
  readonly words: string;
}

/** The bounds with the grader's errors in them; undefined where the evidence does not say how often it errs. */
export function graderDoubt(pooled: PooledMeasure, claim: Claim<number>): GraderDoubt | undefined {
  const { calibration, answersMax } = pooled;
  if (calibration === undefined) return undefined;
  const { hits: found, of: failed } = calibration.sensitivity;
  const { hits: passed, of: clean } = calibration.specificity;
  const sensitivity = shareOf(calibration.sensitivity, claim.confidence);
  const specificity = shareOf(calibration.specificity, claim.confidence);
  const counts = {
    called: boundsOfPool(pooled, halvedDoubt(claim.confidence)),
    failed: { failures: found, trials: failed },
    clean: { failures: clean - passed, trials: clean },
    answersMax,
  };
  const asGraded = boundsOfPool(pooled, claim.confidence);
  return {
    bounds: doubtedBounds(counts, claim.confidence),
    claim: doubtedClaim(claim, counts.failed),
    figures: {
      asGradedUpper: asGraded.upper,
      asGradedLower: asGraded.lower,
      ...figuresOf("sensitivity", sensitivity),
      ...figuresOf("specificity", specificity),
      calibration: calibration.set,
      answersMax,
    },
    words: `sensitivity ${shareText(sensitivity)}, specificity ${shareText(specificity)}`,
  };
}

/** Two-sided, for people to read: the bounds above take each end at the doubt that is theirs. */
function shareOf({ hits, of }: Calibration["sensitivity"], confidence: number): Share {
  return { count: hits, of, ...clopperPearson({ failures: hits, trials: of }, confidence) };
}

function figuresOf(name: string, { count, of, lower, upper }: Share): Figures {
  return { [`${name}Hits`]: count, [`${name}Of`]: of, [`${name}Lower`]: lower, [`${name}Upper`]: upper };
}
