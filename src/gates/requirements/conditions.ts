// What a bound may ask beyond its rate: that each run's plan was registered for it beforehand and followed, and that an evaluator
// outside the operator has shown it by themselves. Where evidence does not do so, nothing was shown wrong: it is inconclusive.
import type { Claim } from "../../statistics/binomial.ts";
import { deviationWords } from "../deviation.ts";
import type { PooledMeasure, RegisteredRun, RequirementJudgement } from "../judgement.ts";
import { boundsOfPool, isPoolShown } from "../pooled-bounds.ts";

/** The fields of a bound that are read here. */
export interface Conditions {
  readonly upper: number;
  readonly confidence: number;
  readonly registered?: "followed" | undefined;
  readonly outside?: true | undefined;
  /** What counts have to show for it; the rate itself, where nothing else is said. */
  readonly shows?: Claim<number> | undefined;
}

/** The conditions as a judgement's `need` states them. */
export function conditionsNeeded({ registered, outside }: Conditions): RequirementJudgement["need"] {
  return { ...(registered === undefined ? {} : { registered }), ...(outside === undefined ? {} : { outside }) };
}

/** What is wrong with evidence that would otherwise pass, in a sentence, and what would set it right; undefined where nothing is. */
export function unmetCondition(
  asked: Conditions,
  counting: readonly PooledMeasure[],
): { readonly why: string; readonly stillToShow: string } | undefined {
  return unregistered(asked, counting) ?? notOutside(asked, counting);
}

function unregistered(asked: Conditions, counting: readonly PooledMeasure[]): ReturnType<typeof unmetCondition> {
  if (asked.registered === undefined) return undefined;
  const departed = counting.flatMap(({ runs = [] }) => runs).flatMap((run) => departures(run, asked));
  const [first] = departed;
  if (first === undefined) return undefined;
  const more = departed.length === 1 ? "" : ` So it is with ${departed.length - 1} more.`;
  return {
    why: `It counts only what was registered for it beforehand and went as registered. Of ${first}.${more}`,
    stillToShow:
      "a plan registered for it and followed, of a suite or a configuration that was not run before: what was run under these digests stays on record",
  };
}

/** The run, and each way in which it was not planned for this claim or left its plan. */
function departures({ run, plan, deviations }: RegisteredRun, asked: Conditions): readonly string[] {
  const isMeant = plan.limit !== undefined && plan.limit <= asked.upper && plan.confidence >= asked.confidence;
  const ways = [
    ...(plan.limit === undefined ? ["no limit was registered beforehand"] : []),
    ...(plan.limit === undefined || isMeant ? [] : ["its plan was registered for a weaker claim"]),
    ...deviations.map((deviation) => deviationWords[deviation]),
  ];
  return ways.length === 0 ? [] : [`${run}: ${ways.join("; ")}`];
}

function notOutside(asked: Conditions, counting: readonly PooledMeasure[]): ReturnType<typeof unmetCondition> {
  if (asked.outside === undefined) return undefined;
  const claim = asked.shows ?? { limit: asked.upper, confidence: asked.confidence };
  const isShownOutside = counting.some((pooled) =>
    pooled.basis === "declared"
      ? pooled.outside === true && pooled.againstOnly !== true
      : pooled.outsiders !== undefined && isPoolShown(pooled.outsiders, claim),
  );
  if (isShownOutside) return undefined;
  const [theirs] = counting.flatMap(({ outsiders }) => (outsiders === undefined ? [] : [outsiders]));
  const come =
    theirs === undefined
      ? "Nobody outside the operator has run it."
      : `What evaluators outside the operator ran comes by itself to at most ${(100 * boundsOfPool(theirs, asked.confidence).upper).toPrecision(3)} %.`;
  return { why: come, stillToShow: "a whole run by an evaluator outside the operator that shows it by itself" };
}
