// Whether a run went as its permit says it would. A permit stands in the ledger before the first sample, so it is the registered
// plan; what happened is told by the gateways' receipts and the sealed run. Pure, over these alone: nobody's word on their own
// run is asked. What a deviation comes to is a requirement's business (`registered: followed`); here it is only found.
import type { GivenPermit } from "../acts/state.ts";
import { type Digest, type PersonId, type Timestamp, instantOf } from "../terms/ids.ts";
import type { Claim } from "../statistics/binomial.ts";
import type { Deviation } from "./deviation.ts";
import { type PermitRun, type PooledSuite, type SealedTry, poolTrials } from "./pool.ts";
import { isPoolShown } from "./pooled-bounds.ts";

/** A run with what the ledger says of its plan and of its end. */
export interface PlannedRun extends PermitRun {
  readonly registered: Pick<
    GivenPermit,
    "run" | "digests" | "by" | "at" | "index" | "notAfter" | "items" | "attempts" | "probe"
  > & {
    readonly plan: GivenPermit["analysis"];
    /** The labelled set that the suite pins, where it has one. */
    readonly calibration?: Digest | undefined;
  };
  /** The evidence statement; null where there is none. */
  readonly sealed: {
    readonly at: Timestamp;
    readonly by: PersonId;
    readonly grader: Digest;
    readonly withdrawn: boolean;
    /** The labelled set that its grader's errors were counted on. */
    readonly calibration?: Digest | undefined;
  } | null;
}

/** How far clocks of signers and gateways may be apart, as the fold has it. */
const clocksApartMs = 10 * 60_000;

/** Every way in which `run` left its plan. `others` are runs of the same digests, itself among them or not. */
export function deviationsOf(run: PlannedRun, others: readonly PlannedRun[], suite: PooledSuite): readonly Deviation[] {
  if (!isUsed(run)) return [];
  const { registered, receipts } = run;
  const answered = receipts.filter((seen) => seen.answered).map(({ at }) => instantOf(at));
  const found: readonly (readonly [Deviation, boolean])[] = [
    ...endings(run),
    ["early-answers", answered.some((at) => at < instantOf(registered.at) - clocksApartMs)],
    ["late-answers", answered.some((at) => at > instantOf(registered.notAfter) + clocksApartMs)],
    ["repeated", isRepeated(run, others, suite)],
  ];
  return found.filter(([, isSo]) => isSo).map(([deviation]) => deviation);
}

/** Whether a gateway served anything under its permit. */
export function isUsed({ exchanges, receipts }: PermitRun): boolean {
  return exchanges > 0 || receipts.length > 0;
}

function endings(run: PlannedRun): readonly (readonly [Deviation, boolean])[] {
  const { registered, sealed } = run;
  if (sealed === null) return [["not-sealed", true]];
  if (sealed.withdrawn) return [["withdrawn", true]];
  const short = shortfall(registered, bornOut(run), sealed.at);
  return [
    ...(short === undefined ? [] : [[short, true] as const]),
    ["other-grader", sealed.grader !== registered.digests.grader],
    ["other-calibration", isOther(sealed.calibration, registered.calibration)],
  ];
}

function isOther(stated: Digest | undefined, pinned: Digest | undefined): boolean {
  return stated !== undefined && pinned !== undefined && stated !== pinned;
}

/**
 * How a run by the `fixed` rule falls short of its trials; the runner knows it by its own tries, before they are sealed. A plan of fewer
 * trials than all attempts on all items could be ended early, and is held to all of them.
 */
export function shortfall(
  registered: Pick<PlannedRun["registered"], "plan" | "notAfter" | "items" | "attempts" | "probe">,
  made: readonly Pick<SealedTry, "item" | "attempt">[],
  sealedAt: Timestamp,
): "sealed-early" | "fewer-trials" | undefined {
  const { plan, notAfter, items, attempts, probe } = registered;
  const trials = new Set(made.map(({ item, attempt }) => JSON.stringify([item, attempt]))).size;
  // Of a probe it was settled which part it asks before anybody could choose.
  const least = probe === undefined ? Math.max(plan.trials, items.count * attempts) : plan.trials;
  if (plan.rule !== "fixed" || trials >= least) return undefined;
  return sealedAt < notAfter ? "sealed-early" : "fewer-trials";
}

/** Tries that a gateway bears out: a receipt of this permit for this item, whatever came of it. */
function bornOut({ tries, receipts }: PlannedRun): readonly SealedTry[] {
  const seen = new Map(receipts.map(({ receipt, item }) => [receipt, item]));
  return (tries ?? []).filter(({ receipt, item }) => receipt !== null && seen.get(receipt) === item);
}

/** Runs that are pooled to see whether one after them was needed; after more of them a run is a repetition, whatever they came to. */
const runsBeforeMax = 32;

/**
 * Registered after a gateway had answered under another permit of the same digests, and what was run until then does not show what
 * this plan is to show. To run again what has shown it already, so that it is fresh, is no deviation; nor to go on where all of
 * them could be looked at and stopped, and so gone on with, at any time.
 */
function isRepeated(run: PlannedRun, others: readonly PlannedRun[], suite: PooledSuite): boolean {
  const { at, index, plan } = run.registered;
  const before = others.filter(
    (other) => other.registered.index < index && other.receipts.some((seen) => seen.at < at),
  );
  if (before.length === 0 || [run, ...before].every(({ rule }) => rule === "sequential")) return false;
  if (before.length > runsBeforeMax) return true;
  const pool = poolTrials(suite, run.registered.digests, before);
  const limit = plan.limit;
  if (pool === undefined) return false;
  const { clustersFailed, clustersUnknown } = pool.measure.tally;
  if (limit === undefined) return clustersFailed + clustersUnknown > 0;
  const claim: Claim<number> = { limit, confidence: plan.confidence };
  return !isPoolShown(pool.measure, claim);
}
