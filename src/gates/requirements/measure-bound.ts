// "At most so many, shown with so much confidence": an upper bound on a measure of a suite. Passes when the exact bound,
// with every unknown counted as a failure, is at or below the limit; fails when the lower bound, with every unknown
// counted as a pass, is above it; anything between is inconclusive.
import { z } from "zod";
import { failuresAllowed, trialsNeeded, type Claim } from "../../statistics/binomial.ts";
import { Name } from "../../terms/ids.ts";
import { countingEvidence, hasOtherModes, whyNotCounting } from "../counting.ts";
import { type PoolBounds, boundsOfPool, cleanTrialsFor, isPoolShown } from "../pooled-bounds.ts";
import { TierNumber } from "../tier-number.ts";
import { percent, wording } from "../wording.ts";
import { conditionsNeeded, unmetCondition } from "./conditions.ts";
import { type GraderDoubt, graderDoubt } from "./grader-doubt.ts";
import type { Figures, GateCase, GateVerdict, PooledMeasure, RequirementJudgement, Wanted } from "../judgement.ts";

export const MeasureBound = z
  .strictObject({
    id: Name,
    suite: Name,
    measure: Name,
    /** The rate that is not to be exceeded. */
    upper: z.number().gt(0).lt(1),
    confidence: z.number().gt(0.5).lte(0.999_999),
    /** The lowest tier of which it is asked. */
    tier: TierNumber.optional(),
    /** Present when reports from elsewhere, whose binding to the digests is only declared, count as well. */
    basis: z.literal("declared").optional(),
    /** Stands beside `basis`, so that signers read it: nothing in such a report passed through the safeguards. */
    about: z.literal("model").optional(),
    /** Every run that counts was registered for this claim before the first sample, and went as it was registered. */
    registered: z.literal("followed").optional(),
    /** At least one run of an evaluator outside the operator shows it by itself. */
    outside: z.literal(true).optional(),
    /** The limit is to hold although the grader may have missed some; its error has to stand in the evidence. */
    corrected: z.literal(true).optional(),
  })
  .refine(({ basis, about }) => (basis === undefined) === (about === undefined))
  // No report from elsewhere says how often its grader errs.
  .refine(({ basis, corrected }) => basis === undefined || corrected === undefined)
  // Nobody can say when a report from elsewhere was planned.
  .refine(({ basis, registered }) => basis === undefined || registered === undefined);
export type MeasureBound = z.infer<typeof MeasureBound>;

export function judgeMeasureBound(requirement: MeasureBound, given: GateCase): RequirementJudgement {
  const claim: Claim<number> = { limit: requirement.upper, confidence: requirement.confidence };
  const wanted = wantedBound(requirement);
  const need = {
    suite: requirement.suite,
    measure: requirement.measure,
    upper: claim.limit,
    confidence: claim.confidence,
    ...conditionsNeeded(requirement),
    ...(requirement.corrected === undefined ? {} : { corrected: requirement.corrected }),
  };
  const common = { id: requirement.id, kind: "measure-bound", need } as const;
  // More than one pool is rare (measured and declared); each must pass, so the one with the highest bound speaks.
  const counting = countingEvidence(given, wanted);
  const [worst] = counting
    .map((pooled) => ({ pooled, bounds: boundsOfPool(pooled, claim.confidence) }))
    .toSorted((one, other) => other.bounds.upper - one.bounds.upper);
  if (worst === undefined || counting.every(({ againstOnly }) => againstOnly === true)) {
    return {
      ...common,
      verdict: "inconclusive",
      have: { trials: 0 },
      why: `No evidence of ${requirement.measure} on ${requirement.suite} counts here.${whyNotCounting(given, wanted)}`,
      stillToShow: `a run of ${requirement.suite}${hasOtherModes(given, wanted) ? " for this stage (--stage)" : ""}: ${wording(trialsNeeded(0, claim), "clean trial")} or more (limit ${percent(claim.limit)})`,
    };
  }
  const { pooled, bounds } = worst;
  const read = requirement.corrected === true ? withDoubt(pooled, bounds, claim) : { bounds, shows: claim };
  const verdict = verdictOf(pooled, claim, read);
  const have = { ...figuresOf(pooled, read.bounds), ...read.doubt?.figures };
  const judged = { ...common, have, why: reason(pooled, claim, { ...read, asGraded: bounds }) };
  if (verdict !== "pass") return { ...judged, verdict, stillToShow: stillToShow(pooled, claim, read) };
  const unmet = unmetCondition({ ...requirement, shows: read.shows }, counting);
  if (unmet === undefined) return { ...judged, verdict, stillToShow: null };
  return { ...judged, verdict: "inconclusive", why: `${judged.why} ${unmet.why}`, stillToShow: unmet.stillToShow };
}

/** What is read off a pool: its bounds, and what its counts have to show for the claim, which is more where the grader may err. */
interface Read {
  readonly bounds: PoolBounds;
  /** Undefined where no counts would show it. */
  readonly shows: Claim<number> | undefined;
  readonly doubt?: GraderDoubt;
}

/** With the grader's errors in the bounds; where the evidence does not say how often it errs, nothing is shown either way. */
function withDoubt(pooled: PooledMeasure, bounds: PoolBounds, claim: Claim<number>): Read {
  const doubt = graderDoubt(pooled, claim);
  if (doubt === undefined) return { bounds: { ...bounds, lower: 0, upper: 1 }, shows: undefined };
  return { bounds: { ...bounds, ...doubt.bounds }, shows: doubt.claim, doubt };
}

export function wantedBound({ suite, measure, basis }: MeasureBound): Wanted {
  return { suite, measure, acceptsDeclared: basis === "declared" };
}

function verdictOf(pooled: PooledMeasure, claim: Claim<number>, { bounds, shows }: Read): GateVerdict {
  if (shows !== undefined && isPoolShown(pooled, shows)) return "pass";
  return bounds.lower > claim.limit ? "fail" : "inconclusive";
}

function figuresOf(pooled: PooledMeasure, bounds: PoolBounds): Figures {
  const { tally } = pooled;
  return {
    failures: tally.clustersFailed,
    trials: tally.clusters,
    unknown: tally.clustersUnknown,
    untried: pooled.untried,
    estimate: bounds.estimate,
    upper: bounds.upper,
    lower: bounds.lower,
    confidence: bounds.confidence,
    method: bounds.method,
    basis: pooled.basis,
    ...deviationsIn(pooled),
    ...(pooled.elsewhere === undefined ? {} : { elsewhere: pooled.elsewhere.join(", ") }),
  };
}

function deviationsIn(pooled: PooledMeasure): Figures {
  const deviations = departed(pooled);
  return deviations === "" ? {} : { deviations };
}

/** Which runs left their plans and how, where any did. */
function departed({ runs = [] }: PooledMeasure): string {
  return runs
    .filter(({ deviations }) => deviations.length > 0)
    .map(({ run, deviations }) => `${run}: ${deviations.join(", ")}`)
    .join("; ");
}

function reason(
  pooled: PooledMeasure,
  claim: Claim<number>,
  { bounds, shows, doubt, asGraded }: Read & { readonly asGraded: PoolBounds },
): string {
  const { clusters, clustersFailed, clustersUnknown } = pooled.tally;
  const unknown = clustersUnknown > 0 ? ` and ${clustersUnknown} unknown, counted as failures` : "";
  const who = pooled.outside === true ? "somebody outside the operator" : "one of the operator's own";
  const basis =
    pooled.basis === "declared"
      ? ` Declared by a report from elsewhere, for which ${who} vouches, about the model without its safeguards.`
      : "";
  const left = departed(pooled);
  const named =
    pooled.elsewhere === undefined
      ? ""
      : ` Items of it were run under another suite, too: ${pooled.elsewhere.join(", ")}; what came out badly there counts.`;
  const plans = `${named}${left === "" ? "" : ` Not as registered: ${left}.`}`;
  const counted = `${clustersFailed} of ${clusters} failed${unknown}`;
  const limited = `at ${percent(claim.confidence)} confidence, limit ${percent(claim.limit)}`;
  if (doubt !== undefined)
    return `${counted}, as graded: at most ${percent(asGraded.upper)}; with what the grader may have missed at most ${percent(bounds.upper)} ${limited} (grader: ${doubt.words}).${plans}`;
  const untold =
    shows === undefined
      ? " This is as graded, and nothing here says how often the grader errs, which has to be in it."
      : "";
  return `${counted}: at most ${percent(asGraded.upper)} ${limited}.${basis}${plans}${untold}`;
}

/** What would show the claim from here, worked out, not guessed. */
function stillToShow(pooled: PooledMeasure, { limit, ...asked }: Claim<number>, { shows: claim, doubt }: Read): string {
  if (claim === undefined)
    return doubt === undefined
      ? calibrationToShow(pooled)
      : "a grader that finds what fails: of its calibration it found nothing";
  const { tally, open, rule } = pooled;
  const { clusters: trials, clustersFailed, clustersUnknown } = tally;
  const standing = `(${clustersFailed} of ${trials}, limit ${percent(limit)})`;
  const isShownAsGraded = doubt !== undefined && isPoolShown(pooled, { limit, ...asked });
  const surer = isShownAsGraded
    ? "; as graded it holds, so a grader that errs less would do, or a larger calibration set, which leaves less doubt of it"
    : "";
  const stuck = clustersUnknown - open;
  const failures = clustersFailed + stuck;
  const clean = cleanTrialsFor({ failures, trials }, claim, rule);
  if (open > 0) {
    const first = `an outcome for ${wording(open, "unknown trial")}`;
    const then = clean === 0 ? "" : `, then ${wording(clean, "more clean trial")}`;
    return `${first}${then}${staying(stuck, "more")} ${standing}${surer}`;
  }
  const withOne = failures < trials ? cleanTrialsFor({ failures: failures + 1, trials }, claim, rule) : undefined;
  const alternative = withOne === undefined ? "" : `, or ${withOne} if one of them fails`;
  return `${wording(clean, "more clean trial")}${alternative}${staying(stuck, "unknown")} ${standing}${exhausted(pooled, claim)}${surer}`;
}

function calibrationToShow({ suite }: Pick<PooledMeasure, "suite">): string {
  return `how often the grader of ${suite} errs: name a calibration set in the suite (calibration: FILE.jsonl), apply it, see it with headgate eval calibrate ${suite}, and run the suite again`;
}

/** Runs of the same items add no trial, so where all of a suite was in one it is said what would. */
function exhausted({ basis, suite, tally, rule }: PooledMeasure, claim: Claim<number>): string {
  // Of a plan that may end at any time the rest of the suite is still there.
  if (basis === "declared" || rule === "sequential") return "";
  const allowed = failuresAllowed(tally.clusters, claim);
  const other =
    allowed === undefined ? "" : `, or other safeguards under which at most ${allowed} of ${tally.clusters} fail`;
  return `; every item of ${suite} was in a run, so it takes a larger suite${other}`;
}

/** What a run that is over never made, or could not grade, is never clean again, or bad runs could be repeated away. */
function staying(count: number, kind: "more" | "unknown"): string {
  if (count === 0) return "";
  const which = kind === "more" ? `${count} more` : wording(count, "unknown trial");
  const [verb, counts] = count === 1 ? ["stays", "counts"] : ["stay", "count"];
  return `; ${which}, left open by runs that are over, ${verb} unknown under these digests and ${counts} as failed`;
}
