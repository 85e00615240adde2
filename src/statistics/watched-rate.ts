// A rate watched while it happens, seen only in part: each exchange is looked at with a known chance, by a grader that errs, and
// some labels never come. The promise is that of evalue.ts: whoever looks may stop, and a stake that has reached 1 / doubt was
// right but for that doubt, whatever the true rate did while it lay on the wrong side of the limit.
//
//   let watched = nothingWatched;                                       // plain JSON: one row a sampling chance
//   watched = observe(watched, { weight: 0.05, label: "unknown" });     // as soon as an exchange was drawn
//   watched = resolve(watched, { weight: 0.05, label: "clean" });       // when its label comes, in whatever order
//   logWatchedEValue(watched, { side: "above", limit: 0.01, weightMin: 0.05, grader });   // roll back at ln(1 / doubt)
//   logWatchedEValue(watched, { side: "below", … });                    // may widen at ln(1 / doubt)
//   watchVerdict(watched, seen, doubts); watchedBounds(watched, seen, level);   // the same, put together
//
// How. With S the draw of an exchange, w its chance (`weight`), G what the grader called it (1: failed) and q the largest share
// that may be called failed at the limit, the stake is multiplied by 1 + λ · (S / w) · (G − q). Its expectation is at most 1
// while the rate is at most the limit, whatever w has to do with the exchange, since E[S / w] is 1 for each; an exchange that
// was not drawn leaves it as it was, and need not be told. λ must not depend on the exchange at hand and must keep the stake
// from falling below zero: λ · q ≤ weightMin, the least chance that any exchange has, fixed before the first. This is the bounded bet of
// Waudby-Smith and Ramdas (arXiv 2010.09686, section 4); the stake is spread over all such λ
// (their method of mixtures), so that nothing is tuned. Where all chances are alike this is the bet of evalue.ts on what was drawn.
//
// The grader. q takes of its interval the corner that counts against the claim: above, limit · Se + (1 − limit)(1 − Sp) with the
// largest Se and the smallest Sp; below, the other ends. Errors may differ between exchanges and hang on what is in them, as long
// as each lies in the interval. Where the interval was itself measured (`graderOf`), its doubt comes on top of the stake's.
//
// Unknown is read against the claim: as clean above, as failed below. A label that comes late replaces an unknown, and the stake was
// never larger than if it had come at once, so labels may come when and in what order they like, the bad ones last.
//
// What it does not carry: rates that were above the limit for a while and below it before (a stake made under the limit must first be made
// good); draws that whoever is watched can foresee; exchanges that could not be drawn at all.
import { binomialLower, binomialUpper } from "./binomial.ts";
import { checkCounts, checkLimit, doubtOf, trialsMax, type Counts, type Interval, type Level } from "./counts.ts";
import { type BetaShape, logTailOverPower } from "./beta.ts";
import { logEValueAt } from "./evalue.ts";
import { Failure } from "../terms/failure.ts";
import { crossingOf, logOddsMax, probabilityOf, type Probability } from "./root.ts";
import { logSpreadStake, type Bets } from "./spread-stake.ts";

/** What is known of an exchange that was drawn. */
export type Label = "failed" | "clean" | "unknown";

/** An exchange that was drawn with the chance `weight`, above 0 to 1. */
export interface Observation<Known extends Label = Label> {
  readonly weight: number;
  readonly label: Known;
}

/** The exchanges that were drawn with one chance. */
type WatchedClass = { readonly weight: number } & Readonly<Record<Label, number>>;

/** All that is kept of what was watched, by weight: its size does not grow with the exchanges. */
export type Watched = readonly WatchedClass[];

export const nothingWatched: Watched = [];

/** So many different chances may be used in one watch. */
export const weightsMax = 16;

/** Bounds on a grader's sensitivity (of what failed, the share called so) and specificity (of what is clean, the share called so). */
export interface GraderBounds {
  readonly sensitivity: Interval;
  readonly specificity: Interval;
}

/** A grader that never errs. */
export const sureGrader: GraderBounds = { sensitivity: { lower: 1, upper: 1 }, specificity: { lower: 1, upper: 1 } };

/** Stakes nearer to the ends than evenly spread ones: at 1 % they find 5 % after 104 exchanges at the median, not 114. */
const nearTheEnds: BetaShape = { a: 0.5, b: 0.5 };

/** How the rate is seen. All of it is chosen before the first exchange. */
export interface Seen {
  /** No exchange is drawn with a smaller chance. */
  readonly weightMin: number;
  readonly grader: GraderBounds;
  /** How stakes are spread, as in evalue.ts; both parameters from 0.5 to 1, where stakes fall as the limit moves away; 0.5 and 0.5 if not given. */
  readonly prior?: BetaShape;
}

/** What is bet on: that the rate is above the limit (roll back), or below it (may widen). */
export interface Watch extends Seen {
  readonly limit: number;
  readonly side: "below" | "above";
}

/** With one more exchange that was drawn. O(weights). Throws request_invalid: a weight that is none, or one too many of them. */
export function observe(watched: Watched, { weight, label }: Observation): Watched {
  const at = watched.findIndex((each) => each.weight >= weight);
  const known = watched[at];
  const row = known?.weight === weight ? known : { weight, failed: 0, clean: 0, unknown: 0 };
  checkWeight(weight);
  if (row !== known && watched.length === weightsMax)
    throw new Failure("request_invalid", `At most ${weightsMax} different sampling chances are watched at once.`);
  const next = [...watched];
  next.splice(at === -1 ? watched.length : at, row === known ? 1 : 0, { ...row, [label]: row[label] + 1 });
  return next;
}

/** With the label of an exchange that was unknown till now. Throws request_invalid where none of that weight is. */
export function resolve(watched: Watched, { weight, label }: Observation<"failed" | "clean">): Watched {
  const at = watched.findIndex((each) => each.weight === weight && each.unknown > 0);
  const known = watched[at];
  if (known === undefined)
    throw new Failure("request_invalid", `No exchange drawn with the chance ${weight} waits for a label.`);
  return watched.with(at, { ...known, unknown: known.unknown - 1, [label]: known[label] + 1 });
}

/**
 * ln of what the stake has become: 0 at the start; never not a number. Above, it rises with failed ones and falls with clean and unknown
 * ones; below, the other way round, unknown as failed. A grader whose interval tells nothing leaves it at 0. With one weight it
 * costs what `logEValue` does, and is that of the counts where that weight is `weightMin`; with several some 400 terms for each.
 * Throws request_invalid.
 */
export function logWatchedEValue(watched: Watched, watch: Watch): number {
  checkLimit(watch.limit);
  checkSeen(watch);
  checkWatched(watched);
  checkWeights(watched, watch.weightMin);
  return logStakeAt(watched, calledAtLimit(watch), watch);
}

/**
 * Bounds on the rate that hold at all times at once, together at `level`: the rates that neither stake, each at half of the
 * doubt, has ruled out by now. Where one weight is used, the grader is sure and the prior uniform, `anytimeLower` and `anytimeUpper`.
 */
export function watchedBounds(watched: Watched, seen: Seen, level: Level): Interval {
  checkSeen(seen);
  checkWatched(watched);
  checkWeights(watched, seen.weightMin);
  const threshold = -Math.log(doubtOf(level) / 2);
  const excess = (side: Watch["side"]) => (logOdds: number) =>
    logStakeAt(watched, probabilityOf(logOdds), { ...seen, side }) - threshold;
  const { sensitivity, specificity } = seen.grader;
  const isAnyFailed = watched.some((each) => each.failed > 0);
  const isAnyClean = watched.some((each) => each.clean > 0);
  const least = isAnyFailed ? probabilityOf(crossingOf((u) => -excess("above")(u), -logOddsMax, logOddsMax)).p : 0;
  const most = isAnyClean ? probabilityOf(crossingOf(excess("below"), -logOddsMax, logOddsMax)).p : 1;
  return {
    lower: rateOf(least, { sensitivity: sensitivity.upper, raised: 1 - specificity.lower }) ?? 0,
    upper: rateOf(most, { sensitivity: sensitivity.lower, raised: 1 - specificity.upper }) ?? 1,
  };
}

/** Doubts that the one who watches has set aside, each above 0 to 0.5. */
export interface WatchDoubts {
  readonly rollBack: number;
  readonly widen: number;
}

/**
 * What the watch says by now. `roll-back` outweighs: both can be only where the rate has changed. Each was right but for its doubt if it is
 * said at any time, so whoever acts on it keeps that it was said: later exchanges may lower a stake again.
 */
export function watchVerdict(
  watched: Watched,
  seen: Seen & { readonly limit: number },
  doubts: WatchDoubts,
): "roll-back" | "may-widen" | "hold" {
  const hasReached = (side: Watch["side"], doubt: number): boolean =>
    logWatchedEValue(watched, { ...seen, side }) >= -Math.log(doubtOf({ doubt }));
  if (hasReached("above", doubts.rollBack)) return "roll-back";
  return hasReached("below", doubts.widen) ? "may-widen" : "hold";
}

/**
 * A grader's interval by its calibration: answers that failed in truth and those that were clean, of each (`failures`) how many it
 * called failures. Both ends that one side of a watch reads hold together but for `doubt`; a watch is right but for that and its own.
 */
export function graderOf(failed: Counts, clean: Counts, doubt: number): GraderBounds {
  checkCounts(failed);
  checkCounts(clean);
  const half = doubtOf({ doubt }) / 2;
  const spared = { failures: clean.trials - clean.failures, trials: clean.trials };
  const bounds = (counts: Counts): Interval => ({
    lower: binomialLower(counts, half),
    upper: binomialUpper(counts, half),
  });
  return { sensitivity: bounds(failed), specificity: bounds(spared) };
}

/** The share called failed that is still allowed: the largest (above) or smallest (below) on the wrong side of the limit. */
function calledAtLimit({ limit, side, grader: { sensitivity, specificity } }: Watch): Probability {
  const end = side === "above" ? "upper" : "lower";
  const found = sensitivity[end];
  const spared = specificity[side === "above" ? "lower" : "upper"];
  // A grader that calls clean ones failed more often than failed ones is at its worst where all are clean, or all failed.
  const isUpsideDown = found < 1 - spared;
  if (isUpsideDown)
    return side === "above" ? { p: 1 - spared, complement: spared } : { p: found, complement: 1 - found };
  return {
    p: limit * found + (1 - limit) * (1 - spared),
    complement: limit * (1 - found) + (1 - limit) * spared,
  };
}

/** Nothing is checked. It falls with `called` above, and rises with it below. */
function logStakeAt(watched: Watched, called: Probability, bet: Seen & Pick<Watch, "side">): number {
  if (called.p <= 0 || called.complement <= 0) return 0;
  const { side, weightMin, prior = nearTheEnds } = bet;
  const isAbove = side === "above";
  const [p, complement] = isAbove ? [called.p, called.complement] : [called.complement, called.p];
  const bets = watched.map(({ weight, failed, clean, unknown }): Bets => {
    const [won, lost] = isAbove ? [failed, clean + unknown] : [clean, failed + unknown];
    return { won, lost, part: weightMin / weight };
  });
  if (bets.some(({ part }) => part < 1)) {
    // Seen from its own side either bet is that a rate is above p. What it is spread by is one more factor, and is made 1 in all.
    const [a, b] = isAbove ? [prior.a, prior.b] : [prior.b, prior.a];
    const spread = { won: a - 1, lost: b - 1, part: 1 };
    const whole = Math.log(p) + logTailOverPower({ p, complement }, { a, b }, "upper");
    return logSpreadStake([...bets, spread], complement / p) - whole;
  }
  const won = bets.reduce((sum, each) => sum + each.won, 0);
  const trials = bets.reduce((sum, each) => sum + each.lost, won);
  return logEValueAt({ failures: isAbove ? won : trials - won, trials }, called, { side, prior });
}

/** The rate at which the share `called` is called failed; undefined where the grader tells nothing. */
function rateOf(called: number, grader: { readonly sensitivity: number; readonly raised: number }): number | undefined {
  const gain = grader.sensitivity - grader.raised;
  return gain > 0 ? Math.max(0, Math.min(1, (called - grader.raised) / gain)) : undefined;
}

function checkSeen({ weightMin, grader, prior = nearTheEnds }: Seen): void {
  checkWeight(weightMin);
  if (![prior.a, prior.b].every((each) => each >= 0.5 && each <= 1))
    throw new Failure("request_invalid", "The prior of a watch is two numbers from 0.5 to 1, for example 0.5 and 0.5.");
  for (const { lower, upper } of [grader.sensitivity, grader.specificity])
    if (!(lower >= 0 && lower <= upper && upper <= 1))
      throw new Failure("request_invalid", "A grader's sensitivity and specificity lie in intervals from 0 to 1.");
}

function checkWatched(watched: Watched): void {
  if (watched.length > weightsMax)
    throw new Failure("request_invalid", `At most ${weightsMax} different sampling chances are watched at once.`);
  const counts = watched.flatMap(({ failed, clean, unknown }) => [failed, clean, unknown]);
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0))
    throw new Failure("request_invalid", "What was watched is counted in whole numbers from 0.");
  if (counts.reduce((sum, count) => sum + count, 0) > trialsMax)
    throw new Failure("request_invalid", `At most ${trialsMax} exchanges are watched at once.`);
  for (const { weight } of watched) checkWeight(weight);
}

function checkWeights(watched: Watched, weightMin: number): void {
  const below = watched.find(({ weight }) => weight < weightMin);
  if (below !== undefined)
    throw new Failure(
      "request_invalid",
      `An exchange was drawn with the chance ${below.weight}, and the watch was laid out for ${weightMin} or more.`,
    );
}

/** Smaller chances are refused: a single failure found would stand for more exchanges than a watch sees. */
const weightLeast = 1e-6;

function checkWeight(weight: number): void {
  if (!(weight >= weightLeast && weight <= 1))
    throw new Failure("request_invalid", `A sampling chance is a number from ${weightLeast} to 1, for example 0.05.`);
}
