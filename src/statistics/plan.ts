// How many trials a claim takes, before the first is made: with how many failures it can still be shown, how likely it is to be
// shown if the true rate is some better one, and how long a bet that is watched takes to decide. All by the exact
// distributions, nothing is simulated or approximated.
import { failuresAllowed, logChanceOfSoFew, trialsNeeded, type Claim } from "./binomial.ts";
import { checkCounts, checkLimit, doubtOf, type Counts, type Level } from "./counts.ts";
import { hasReached, type Bet } from "./evalue.ts";
import { Failure } from "../terms/failure.ts";

/** The chance, 0 to 1, that `trials` show `claim` where `rate` is the true rate: the power of a plan of so many trials. */
export function chanceToShow(trials: number, claim: Claim, rate: number): number {
  checkCounts({ failures: 0, trials });
  checkRate(rate);
  const allowed = failuresAllowed(trials, claim);
  return allowed === undefined ? 0 : chanceOfAtMost({ failures: allowed, trials }, rate);
}

/** Plans with more failures than this are not looked for. */
const plannedFailuresMax = 100_000;

/** A plan: `failures` of `trials` are allowed to fail. */
export interface Plan extends Counts {
  /** The chance to show the claim. */
  readonly power: number;
}

/**
 * The fewest trials that show `claim` with the chance `power` where `rate` is the true rate; undefined where `rate` is not below
 * the limit, or it takes more trials or allowed failures than are looked for. More trials may have less power, until the next
 * failure is allowed.
 */
export function trialsForPower(claim: Claim, rate: number, power: number): Plan | undefined {
  checkRate(rate);
  checkLimit(power);
  if (rate >= claim.limit) return undefined;
  const planWith = (failures: number): Plan | undefined => {
    const trials = trialsNeeded(failures, claim);
    return trials === undefined ? undefined : { failures, trials, power: chanceOfAtMost({ failures, trials }, rate) };
  };
  let short = -1;
  let enough = 1;
  for (;;) {
    const plan = planWith(enough);
    if (plan === undefined || enough > plannedFailuresMax) return undefined;
    if (plan.power >= power) break;
    short = enough;
    enough *= 2;
  }
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if ((planWith(middle)?.power ?? 0) >= power) enough = middle;
    else short = middle;
  }
  return firstOf(planWith, enough, power);
}

/** Numbers of trials are whole, so power does not quite grow with each failure more: a few fewer may do as well. */
const fewerTried = 64;

function firstOf(planWith: (failures: number) => Plan | undefined, from: number, power: number): Plan | undefined {
  for (let failures = Math.max(0, from - fewerTried); failures <= from; failures += 1) {
    const plan = planWith(failures);
    if (plan !== undefined && plan.power >= power) return plan;
  }
  return undefined;
}

/** Trials after which a watched bet is given up here; the work is this times the breadth of what may have failed by then. */
export const horizonMax = 200_000;

/** A bet that is watched, and how. */
export interface Watch {
  readonly bet: Bet;
  readonly level: Level;
  /** It is looked at after each so many trials, 1 or more. */
  readonly every: number;
  /** The last look is at or before this number of trials, at most `horizonMax`. */
  readonly horizon: number;
}

export interface Decision {
  /** The chance that the e-value reaches 1 / doubt at a look up to the horizon. */
  readonly chance: number;
  /** Trials until a tenth, a half and nine tenths of all runs have decided; null where they have not by the horizon. */
  readonly trials: { readonly tenth: number | null; readonly half: number | null; readonly nineTenths: number | null };
}

/** When `watch` decides where `rate` is the true rate. Exact but for runs less likely than 10^−15. At the limit, `chance` is its error. */
export function decisionOf(watch: Watch, rate: number): Decision {
  checkRate(rate);
  checkWatch(watch);
  const decided: { readonly trials: number; readonly chance: number }[] = [];
  let chance = 0;
  const undecided = new Undecided(rate, watch.horizon);
  const edge = edgeOf(watch);
  for (let trials = 1; trials <= watch.horizon; trials += 1) {
    undecided.step(trials);
    if (trials % watch.every !== 0) continue;
    chance += watch.bet.side === "below" ? undecided.takeUpTo(edge(trials)) : undecided.takeFrom(edge(trials));
    decided.push({ trials, chance });
  }
  const when = (share: number): number | null => decided.find((look) => look.chance >= share)?.trials ?? null;
  return { chance: Math.min(1, chance), trials: { tenth: when(0.1), half: when(0.5), nineTenths: when(0.9) } };
}

/**
 * Of each look in turn: the most failures with which a bet on "below" has reached its threshold (−1 for none), or the fewest with
 * which one on "above" has. Both only grow with the trials, which is why they need only be asked forwards.
 */
export function edgeOf({ bet, level }: Pick<Watch, "bet" | "level">): (trials: number) => number {
  if (bet.side === "below") {
    let most = -1;
    return (trials) => {
      while (most < trials && hasReached({ failures: most + 1, trials }, bet, level)) most += 1;
      return most;
    };
  }
  let fewest = 1;
  return (trials) => {
    while (fewest <= trials && !hasReached({ failures: fewest, trials }, bet, level)) fewest += 1;
    return fewest;
  };
}

/** The distribution of the number of failures among runs that have not decided yet. */
class Undecided {
  readonly #rate: number;
  readonly #chances: Float64Array;
  #low = 0;
  #high = 0;

  constructor(rate: number, horizon: number) {
    this.#rate = rate;
    this.#chances = new Float64Array(highestOf(horizon, rate) + 2);
    this.#chances[0] = 1;
  }

  /** One trial more. What lies further from its mean than chance carries it is not followed. */
  step(trials: number): void {
    const chances = this.#chances;
    const top = Math.min(this.#high + 1, chances.length - 1);
    for (let at = top; at > this.#low; at -= 1)
      chances[at] = (chances[at] ?? 0) * (1 - this.#rate) + (chances[at - 1] ?? 0) * this.#rate;
    chances[this.#low] = (chances[this.#low] ?? 0) * (1 - this.#rate);
    this.#high = Math.min(top, highestOf(trials, this.#rate));
    this.#low = Math.max(this.#low, trials - highestOf(trials, 1 - this.#rate));
  }

  takeUpTo(failures: number): number {
    let taken = 0;
    for (; this.#low <= Math.min(failures, this.#high); this.#low += 1) taken += this.#take(this.#low);
    return taken;
  }

  takeFrom(failures: number): number {
    let taken = 0;
    for (; this.#high >= Math.max(failures, this.#low); this.#high -= 1) taken += this.#take(this.#high);
    return taken;
  }

  #take(at: number): number {
    const chance = this.#chances[at] ?? 0;
    this.#chances[at] = 0;
    return chance;
  }
}

/** More failures than this have a chance below 10^−17, by Bernstein's inequality. */
function highestOf(trials: number, rate: number): number {
  const depth = 40;
  const mean = trials * rate;
  return Math.min(trials, Math.ceil(mean + Math.sqrt(2 * depth * mean * (1 - rate)) + (2 * depth) / 3) + 1);
}

function chanceOfAtMost(counts: Counts, rate: number): number {
  return rate === 0
    ? 1
    : rate === 1
      ? Number(counts.failures === counts.trials)
      : Math.exp(logChanceOfSoFew(counts, rate));
}

function checkRate(rate: number): void {
  if (!(rate >= 0 && rate <= 1))
    throw new Failure("request_invalid", "A true rate is a number from 0 to 1, for example 0.003 for 0.3 %.");
}

function checkWatch({ level, every, horizon }: Watch): void {
  doubtOf(level);
  if (!Number.isSafeInteger(horizon) || horizon < 1 || horizon > horizonMax)
    throw new Failure("request_invalid", `A horizon is a whole number of trials, 1 to ${horizonMax}.`);
  if (!Number.isSafeInteger(every) || every < 1 || every > horizon)
    throw new Failure("request_invalid", "Looks are a whole number of trials apart, 1 to the horizon.");
}
