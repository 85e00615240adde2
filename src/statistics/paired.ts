// Two systems on the same items. What both get right or wrong alike says nothing of their difference, and items are far from
// independent between systems, so that an interval for independent samples is too wide (or, rarely, too narrow). Exact
// test of the discordant items (McNemar 1947, by the binomial); intervals of the difference by Newcombe's hybrid score
// method (Statistics in Medicine 17, 1998, pp. 2635–2650, method 10) and Tango's score method (the same, pp. 891–908).
import { logBetaTails, logPower } from "./beta.ts";
import { binomialLower, binomialUpper, scoreInterval } from "./binomial.ts";
import { checkCounts, doubtOf, type Interval, type Level } from "./counts.ts";
import { normalQuantile } from "./normal.ts";
import { crossingOf } from "./root.ts";

/** Items by who fails on them. */
export interface PairedCounts {
  readonly both: number;
  readonly onlyOne: number;
  readonly onlyOther: number;
  readonly neither: number;
}

/** Number of items. Throws request_invalid unless all four are whole numbers whose sum is within `trialsMax`. */
export function itemsOf({ both, onlyOne, onlyOther, neither }: PairedCounts): number {
  const trials = both + onlyOne + onlyOther + neither;
  for (const failures of [both, onlyOne, onlyOther, neither]) checkCounts({ failures, trials });
  return trials;
}

/** Failure rate of one less that of the other, −1 to 1; null without items. */
export function pairedDifference(counts: PairedCounts): number | null {
  const items = itemsOf(counts);
  return items === 0 ? null : (counts.onlyOne - counts.onlyOther) / items;
}

/** Probabilities, 0 to 1, of discordant items split as unevenly as these or more, if neither system were worse. */
export interface McNemar {
  /** Two-sided and exact: never too small. */
  readonly exact: number;
  /** Two-sided mid-p: half of the probability of just this split left out; about right on average. */
  readonly midP: number;
  /** That so few, or fewer, of the discordant items are the one's: small where the one fails less. One-sided, exact. */
  readonly oneFailsLess: number;
  /** Small where the one fails more. One-sided, exact. */
  readonly oneFailsMore: number;
}

export function mcNemar(counts: PairedCounts): McNemar {
  itemsOf(counts);
  const { onlyOne, onlyOther } = counts;
  const [atMost, atLeast] = [halfTail(onlyOne, onlyOther), halfTail(onlyOther, onlyOne)];
  const smaller = 2 * Math.min(atMost, atLeast);
  const midP = Math.max(0, Math.min(1, smaller - halfPoint(onlyOne, onlyOther)));
  return { exact: Math.min(1, smaller), midP, oneFailsLess: atMost, oneFailsMore: atLeast };
}

/** Exact interval of the share of discordant items on which the one fails; ½ inside it means neither is shown to be worse. */
export function discordantShare(counts: PairedCounts, level: Level): Interval {
  itemsOf(counts);
  const doubt = doubtOf(level) / 2;
  const discordant = { failures: counts.onlyOne, trials: counts.onlyOne + counts.onlyOther };
  return { lower: binomialLower(discordant, doubt), upper: binomialUpper(discordant, doubt) };
}

/** Two-sided interval of the difference: Newcombe's method 10, by Wilson's intervals and the correlation of the two. */
export function newcombePaired(counts: PairedCounts, level: Level): Interval {
  const items = itemsOf(counts);
  return newcombeAt(counts, { items, z: normalQuantile(doubtOf(level) / 2) });
}

/** As `newcombePaired`, of counts that are not whole. */
export function newcombeAt(
  counts: PairedCounts,
  { items, z }: { readonly items: number; readonly z: number },
): Interval {
  if (items === 0) return { lower: -1, upper: 1 };
  const { both, onlyOne, onlyOther } = counts;
  const [one, other] = [both + onlyOne, both + onlyOther].map((failures) => ({
    share: failures / items,
    ...scoreInterval({ failures, trials: items }, z),
  }));
  if (one === undefined || other === undefined) throw new RangeError("two systems are compared");
  const correlation = correctedPhi(counts, items);
  const [down, up] = [one.share - one.lower, one.upper - one.share];
  const [otherDown, otherUp] = [other.share - other.lower, other.upper - other.share];
  const difference = (onlyOne - onlyOther) / items;
  return {
    lower: Math.max(-1, difference - reach(down, otherUp, correlation)),
    upper: Math.min(1, difference + reach(up, otherDown, correlation)),
  };
}

/** Two-sided interval of the difference: all that Tango's score test does not reject. */
export function tangoInterval(counts: PairedCounts, level: Level): Interval {
  const items = itemsOf(counts);
  if (items === 0) return { lower: -1, upper: 1 };
  const z = normalQuantile(doubtOf(level) / 2);
  const difference = (counts.onlyOne - counts.onlyOther) / items;
  const excess = (delta: number): number => -tangoScore(counts, delta) - z;
  const turned = { ...counts, onlyOne: counts.onlyOther, onlyOther: counts.onlyOne };
  const below = (delta: number): number => -tangoScore(turned, delta) - z;
  return {
    lower: difference === -1 ? -1 : -crossingOf(below, -difference, 1),
    upper: difference === 1 ? 1 : crossingOf(excess, difference, 1),
  };
}

/** (difference − δ) over its standard error where the true difference is δ, by the constrained maximum likelihood estimate. */
function tangoScore(counts: PairedCounts, delta: number): number {
  const items = itemsOf(counts);
  const { onlyOne, onlyOther } = counts;
  const excess = onlyOne - onlyOther - items * delta;
  if (excess === 0) return 0;
  const half = -(onlyOne + onlyOther) + (2 * items - onlyOne + onlyOther) * delta;
  const last = -onlyOther * delta * (1 - delta);
  const root = Math.sqrt(Math.max(0, half * half - 8 * items * last));
  // Of the two forms of a root the one that does not cancel: the probability of an item on which only the other fails.
  const share = half <= 0 ? (root - half) / (4 * items) : root + half === 0 ? 0 : (-2 * last) / (root + half);
  const variance = items * (2 * share + delta * (1 - delta));
  return variance <= 0 ? Math.sign(excess) * Infinity : excess / Math.sqrt(variance);
}

function reach(own: number, others: number, correlation: number): number {
  return Math.sqrt(Math.max(0, own * own - 2 * correlation * own * others + others * others));
}

/** The correlation of the two systems' failures, with Newcombe's correction for continuity. */
function correctedPhi({ both, onlyOne, onlyOther, neither }: PairedCounts, items: number): number {
  const margins = (both + onlyOne) * (onlyOther + neither) * (both + onlyOther) * (onlyOne + neither);
  if (margins === 0) return 0;
  const product = both * neither - onlyOne * onlyOther;
  return (product > 0 ? Math.max(0, product - items / 2) : product) / Math.sqrt(margins);
}

/** The chance of at most `few` heads in few + many throws of a fair coin. */
function halfTail(few: number, many: number): number {
  if (many === 0) return 1;
  return Math.exp(logBetaTails({ p: 0.5, complement: 0.5 }, { a: few + 1, b: many }).upper);
}

/** The chance of just `few` heads. */
function halfPoint(few: number, many: number): number {
  const log = logPower({ p: 0.5, complement: 0.5 }, { a: few + 1, b: many + 1 });
  return (Math.exp(log) * 4) / (few + many + 1);
}
