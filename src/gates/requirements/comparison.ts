// "At most so much more than that other system, on the same items": the released system and another one, cluster by cluster. Bounded
// exactly and without a model of how the two go together: the share of clusters on which only the released one fails, at most, less
// the share on which only the other fails, at least, each with half of the doubt. What nobody can say of a cluster counts against.
import { z } from "zod";
import { clopperPearsonLower, clopperPearsonUpper } from "../../statistics/binomial.ts";
import { type PairedCounts, itemsOf } from "../../statistics/paired.ts";
import { Name } from "../../terms/ids.ts";
import { Against, nameOf } from "../against.ts";
import { countingEvidence, whyNotCounting } from "../counting.ts";
import type { GateCase, PairedMeasure, RequirementJudgement, Wanted } from "../judgement.ts";
import { TierNumber } from "../tier-number.ts";
import { percent, wording } from "../wording.ts";

export const Comparison = z.strictObject({
  id: Name,
  suite: Name,
  measure: Name,
  against: Against,
  /** How much higher the rate may be than the other's; below 0, by how much it has to be lower. */
  margin: z.number().gt(-1).lt(1),
  confidence: z.number().gt(0.5).lte(0.999_999),
  tier: TierNumber.optional(),
});
export type Comparison = z.infer<typeof Comparison>;

export function wantedComparison({ suite, measure }: Comparison): Wanted {
  return { suite, measure, acceptsDeclared: false };
}

export function judgeComparison(requirement: Comparison, given: GateCase): RequirementJudgement {
  const { id, suite, measure, against, margin, confidence } = requirement;
  const need = { suite, measure, against: nameOf(against), margin, confidence };
  const common = { id, kind: "comparison", need } as const;
  const pair = (given.pairs ?? []).find(
    (known) => known.suite === suite && known.measure === measure && isSame(known, against),
  );
  const wanted = wantedComparison(requirement);
  if (pair === undefined) {
    const isOursMissing = countingEvidence(given, wanted).length === 0;
    const whose = isOursMissing ? "this configuration" : nameOf(against);
    const more = isOursMissing ? whyNotCounting(given, wanted) : "";
    return {
      ...common,
      verdict: "inconclusive",
      have: { trials: isOursMissing ? 0 : null },
      why: `No run of ${suite} by ${whose} is here to compare.${more}`,
      stillToShow: `a run of ${suite} by ${whose}`,
    };
  }
  const { worst, best, unknown } = pair;
  const upper = upperOf(worst, confidence);
  const lower = -upperOf(turned(best), confidence);
  const judged = {
    ...common,
    have: { ...worst, trials: itemsOf(worst), unknown, upper, lower, confidence },
    why: `Only this fails on ${worst.onlyOne} of ${itemsOf(worst)}, only ${nameOf(against)} on ${worst.onlyOther}${unknown > 0 ? `, ${unknown} that nobody can tell counted against` : ""}: at most ${points(upper)} more at ${percent(confidence)} confidence, limit ${points(margin)}.`,
  };
  if (upper <= margin) return { ...judged, verdict: "pass", stillToShow: null };
  const verdict = lower > margin ? "fail" : "inconclusive";
  return { ...judged, verdict, stillToShow: stillToShow(requirement, worst) };
}

/** One-sided bound on the rate of the one less that of the other. */
function upperOf(counts: PairedCounts, confidence: number): number {
  const trials = itemsOf(counts);
  const level = { doubt: (1 - confidence) / 2 };
  return (
    clopperPearsonUpper({ failures: counts.onlyOne, trials }, level) -
    clopperPearsonLower({ failures: counts.onlyOther, trials }, level)
  );
}

function turned({ onlyOne, onlyOther, ...rest }: PairedCounts): PairedCounts {
  return { ...rest, onlyOne: onlyOther, onlyOther: onlyOne };
}

/** Further items that are looked for: more than any suite has. */
const searchedMax = 1_000_000;

/** Further items that would show it: such on which neither fails, or only the other where it has to be better. */
function stillToShow({ margin, confidence, against }: Comparison, counts: PairedCounts): string {
  const kind = margin > 0 ? "neither" : "onlyOther";
  const shows = (more: number): boolean => upperOf({ ...counts, [kind]: counts[kind] + more }, confidence) <= margin;
  const which = kind === "neither" ? "on which neither fails" : `on which only ${nameOf(against)} fails`;
  const standing = `(${counts.onlyOne} to ${counts.onlyOther} of ${itemsOf(counts)}, limit ${points(margin)})`;
  return `${wording(leastOf(shows), "more item")} ${which} ${standing}`;
}

function leastOf(shows: (more: number) => boolean): number | undefined {
  if (!shows(searchedMax)) return undefined;
  let [short, enough] = [0, searchedMax];
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if (shows(middle)) enough = middle;
    else short = middle;
  }
  return enough;
}

function isSame({ against }: PairedMeasure, other: Against): boolean {
  return nameOf(against) === nameOf(other);
}

function points(difference: number): string {
  const value = Number((difference * 100).toPrecision(3));
  return `${value} point${value === 1 ? "" : "s"}`;
}
