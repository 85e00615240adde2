// Canaries with a known true rate, with fixed seeds, and what each rule makes of the very same ones; and canaries that are seen only
// in part, as a stage is: drawn by suspicion, graded with errors, some labels missing.
import { clopperPearson } from "../../src/statistics/binomial.ts";
import type { Interval } from "../../src/statistics/counts.ts";
import { logWatchedEValue, nothingWatched, observe, type GraderBounds } from "../../src/statistics/watched-rate.ts";
import { randomFrom, type Random } from "../evidence/random.ts";
import { controlRate, doubt, horizon, limit, rules, widensAt, type Run } from "./rules.ts";

export interface Outcome {
  readonly rule: string;
  readonly rate: number;
  readonly runs: number;
  /** Runs in which the rule decided within the horizon, and the 99 % interval of their share. */
  readonly decided: number;
  readonly interval: Interval;
  /** Exchanges until half, and until nine in ten, of all runs were decided; null where it is not that many. */
  readonly median: number | null;
  readonly mostly: number | null;
  /** Share of runs decided by each hundredth of the horizon, for the plots. */
  readonly course: readonly number[];
}

export const courseSteps = 100;

function outcomeOf(rule: string, rate: number, at: readonly number[]): Outcome {
  const sorted = at.toSorted((one, other) => one - other);
  const decided = sorted.filter((exchange) => exchange <= horizon).length;
  const quantile = (share: number): number | null => {
    const exchange = sorted[Math.ceil(share * sorted.length) - 1] ?? Infinity;
    return exchange <= horizon ? exchange : null;
  };
  const by = (exchanges: number): number => sorted.filter((exchange) => exchange <= exchanges).length / sorted.length;
  return {
    rule,
    rate,
    runs: at.length,
    decided,
    interval: clopperPearson({ failures: decided, trials: at.length }, 0.99),
    median: quantile(0.5),
    mostly: quantile(0.9),
    course: Array.from({ length: courseSteps }, (_, step) => by(((step + 1) * horizon) / courseSteps)),
  };
}

/** The exchanges that fail, by the lengths of the runs of clean ones between them. */
function failuresOf({ share }: Random, rate: number): readonly number[] {
  const failures: number[] = [];
  if (rate <= 0) return failures;
  const logClean = Math.log1p(-rate);
  for (let at = 0; ;) {
    at += 1 + Math.floor(Math.log(1 - share()) / logClean);
    if (at > horizon) return failures;
    failures.push(at);
  }
}

function runsOf(rate: number, runs: number): readonly Run[] {
  const random = randomFrom(46_000 + Math.round(rate * 10_000));
  return Array.from({ length: runs }, () => ({
    canary: failuresOf(random, rate),
    control: failuresOf(random, controlRate),
  }));
}

export function rollBacks(rate: number, runs: number): readonly Outcome[] {
  const simulated = runsOf(rate, runs);
  return rules.map(({ name, rollsBackAt }) => outcomeOf(name, rate, simulated.map(rollsBackAt)));
}

export function widenings(rate: number, runs: number): Outcome {
  return outcomeOf("our watch", rate, runsOf(rate, runs).map(widensAt));
}

/** How a stage sees its exchanges. */
interface Sight {
  readonly name: string;
  /** One in ten exchanges looks suspicious, and half of the harm is among those. With what chances each kind is drawn. */
  readonly suspicious: number;
  readonly plain: number;
  readonly grader: GraderBounds;
  /** What the grader is in truth. */
  readonly found: number;
  readonly raised: number;
  /** Share of labels that never come. */
  readonly missing: number;
}

const sure = { sensitivity: { lower: 1, upper: 1 }, specificity: { lower: 1, upper: 1 } };
const erring = { sensitivity: { lower: 0.85, upper: 0.97 }, specificity: { lower: 0.995, upper: 1 } };
const whole = { grader: sure, found: 1, raised: 0, missing: 0 };

const sights: readonly Sight[] = [
  { ...whole, name: "one exchange in five is looked at", suspicious: 0.2, plain: 0.2 },
  { ...whole, name: "all suspicious ones, and one in ten of the others", suspicious: 1, plain: 0.1 },
  { ...whole, name: "all, and one label in five never comes", suspicious: 1, plain: 1, missing: 0.2 },
  {
    name: "all, by a grader that finds 92 % and raises 0.2 %",
    suspicious: 1,
    plain: 1,
    grader: erring,
    found: 0.92,
    raised: 0.002,
    missing: 0,
  },
  {
    name: "all, by a grader at the worst of its interval: 97 % and 0.5 %",
    suspicious: 1,
    plain: 1,
    grader: erring,
    found: 0.97,
    raised: 0.005,
    missing: 0,
  },
];

export function partlySeen(rate: number, runs: number): readonly Outcome[] {
  return sights.map((sight, at) => {
    const random = randomFrom(47_000 + 100 * at + Math.round(rate * 1000));
    return outcomeOf(
      sight.name,
      rate,
      Array.from({ length: runs }, () => partlySeenAt(sight, rate, random)),
    );
  });
}

function partlySeenAt(sight: Sight, rate: number, { share }: Random): number {
  const weightMin = Math.min(sight.suspicious, sight.plain);
  let watched = nothingWatched;
  for (let exchange = 1; exchange <= horizon; exchange += 1) {
    const isSuspicious = share() < 0.1;
    const weight = isSuspicious ? sight.suspicious : sight.plain;
    if (share() >= weight) continue;
    const isHarm = share() < rate * (isSuspicious ? 5 : 5 / 9);
    const isCalled = share() < (isHarm ? sight.found : sight.raised);
    const isMissing = share() < sight.missing;
    watched = observe(watched, { weight, label: isMissing ? "unknown" : isCalled ? "failed" : "clean" });
    const watch = { side: "above", limit, weightMin, grader: sight.grader } as const;
    if (isCalled && !isMissing && logWatchedEValue(watched, watch) >= -Math.log(doubt)) return exchange;
  }
  return Infinity;
}
