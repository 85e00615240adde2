// How often bounds miss the truth that they are of: of fixed counts exactly, summed over all outcomes; of attempts in clusters, of a
// judge that errs and of two systems on the same items by simulation with fixed seeds. A bound at 95 % that is one-sided may miss
// in 5 % of runs, an interval in 5 % of them too. What misses more often is said to.
import { clopperPearson, clopperPearsonLower, clopperPearsonUpper, wilson } from "../../src/statistics/binomial.ts";
import {
  clusteredInterval,
  clusteredRate,
  effectiveBounds,
  meanShare,
  meanShareBounds,
} from "../../src/statistics/cluster.ts";
import type { Counts, Interval } from "../../src/statistics/counts.ts";
import { differenceOfShares } from "../../src/statistics/difference.ts";
import { correctedBounds, correctedInterval, doubtedBounds, type JudgedCounts } from "../../src/statistics/judge.ts";
import { clusteredDifference, swapTest, totalOf } from "../../src/statistics/paired-clusters.ts";
import { newcombePaired, tangoInterval, type PairedCounts } from "../../src/statistics/paired.ts";
import { pointChances } from "./false-pass.ts";
import { binomialDraw, randomFrom, type Random } from "./random.ts";

export interface Misses {
  readonly setting: string;
  readonly rule: string;
  /** Share of runs in which the truth is missed; in a table over many rates the worst and the mean. */
  readonly missed: number;
  readonly runs: number;
  /** 99 % interval of the share. */
  readonly interval: Interval;
}

interface Tally {
  missed: number;
  runs: number;
}

/** Counts by rule, then shares. */
function tallied(setting: string, tallies: ReadonlyMap<string, Tally>): readonly Misses[] {
  return [...tallies].map(([rule, { missed, runs }]) => ({
    setting,
    rule,
    missed: missed / runs,
    runs,
    interval: clopperPearson({ failures: missed, trials: runs }, 0.99),
  }));
}

function note(tallies: Map<string, Tally>, rule: string, isMissed: boolean): void {
  const tally = tallies.get(rule) ?? { missed: 0, runs: 0 };
  tally.runs += 1;
  if (isMissed) tally.missed += 1;
  tallies.set(rule, tally);
}

export interface FixedCoverage {
  readonly trials: number;
  readonly rates: readonly number[];
  /** By rule: the chance to miss at each of the rates. */
  readonly missed: readonly {
    readonly rule: string;
    readonly at: readonly number[];
    readonly worst: number;
    readonly mean: number;
  }[];
}

const intervals: readonly (readonly [name: string, (counts: Counts) => Interval])[] = [
  ["Clopper-Pearson", (counts) => clopperPearson(counts, 0.95)],
  ["Wilson", (counts) => wilson(counts, 0.95)],
  ["mean and 1.96 standard errors", wald],
];

function wald({ failures, trials }: Counts): Interval {
  const rate = failures / trials;
  const reach = 1.959964 * Math.sqrt((rate * (1 - rate)) / trials);
  return { lower: rate - reach, upper: rate + reach };
}

/** Two-sided intervals at 95 % of `trials`, exact, at a grid of rates that is closer where they are small. */
export function fixedCoverage(trials: number): FixedCoverage {
  const rates = Array.from({ length: 200 }, (_, at) => 0.5 * ((at + 0.5) / 200) ** 2);
  const all = Array.from({ length: trials + 1 }, (_, failures) => ({ failures, trials }));
  const missed = intervals.map(([rule, interval]) => {
    const ends = all.map(interval);
    const at = rates.map((rate) => {
      const chances = pointChances(trials, rate);
      const within = chances.reduce((sum, chance, failures) => {
        const { lower = 0, upper = 1 } = ends[failures] ?? {};
        return lower <= rate && rate <= upper ? sum + chance : sum;
      }, 0);
      return Math.max(0, 1 - within);
    });
    return { rule, at, worst: Math.max(...at), mean: at.reduce((sum, each) => sum + each, 0) / at.length };
  });
  return { trials, rates, missed };
}

/** Attempts in clusters: each cluster has a rate of its own, 0 or 1 with the chance `correlation`, else what all have. */
export function clusterMisses(runs: number): readonly Misses[] {
  return [10, 50, 250].flatMap((clusters) =>
    [0.2, 0.8].flatMap((correlation) =>
      [0.05, 0.3].flatMap((rate) => {
        const tallies = new Map<string, Tally>();
        const random = randomFrom(clusters * 1000 + Math.round(correlation * 10) + Math.round(rate * 100));
        for (let run = 0; run < runs; run += 1) {
          const counts = Array.from({ length: clusters }, () => clusterDraw(random, correlation, rate));
          noteClusters(tallies, counts, rate);
        }
        return tallied(`${clusters} clusters of 5, correlation ${correlation}, rate ${rate}`, tallies);
      }),
    ),
  );
}

const attempts = 5;

function clusterDraw(random: Random, correlation: number, rate: number): Counts {
  // Two attempts agree because the cluster is of one kind throughout, with the chance `correlation`.
  const isOfOneKind = random.share() < correlation;
  const failures = isOfOneKind ? (random.share() < rate ? attempts : 0) : binomialDraw(random, attempts, rate);
  return { failures, trials: attempts };
}

/** One-sided at 95 %. */
function noteClusters(tallies: Map<string, Tally>, counts: readonly Counts[], rate: number): void {
  const measured = clusteredRate(counts);
  const all = { failures: measured.failures, trials: measured.trials };
  const failed = { failures: counts.filter(({ failures }) => failures > 0).length, trials: counts.length };
  note(tallies, "as if attempts were independent", clopperPearsonUpper(all, 0.95) < rate);
  note(tallies, "clusters in which any attempt failed", clopperPearsonUpper(failed, 0.95) < rate);
  note(tallies, "mean share of a cluster", meanShareBounds(meanShare(counts), 0.95).upper < rate);
  note(tallies, "effective trials", effectiveBounds(measured, 0.95).upper < rate);
  note(tallies, "clustered error and t", (clusteredInterval(measured, 0.9)?.upper ?? measured.rate ?? 1) < rate);
}

/** A judge that errs, calibrated on 100 failed and 200 clean trials. One-sided bounds at 95 %. */
export function judgeMisses(runs: number): readonly Misses[] {
  return [
    [0.02, 0.9, 0.97],
    [0.1, 0.7, 0.99],
    [0.1, 0.9, 0.9],
    [0.3, 0.6, 0.8],
  ].flatMap(([rate = 0, sensitivity = 1, specificity = 1]) => {
    const tallies = new Map<string, Tally>();
    const random = randomFrom(Math.round(rate * 100) * 10_000 + Math.round(sensitivity * 100));
    const called = rate * sensitivity + (1 - rate) * (1 - specificity);
    for (let run = 0; run < runs; run += 1) {
      const counts: JudgedCounts = {
        judged: { failures: binomialDraw(random, 1000, called), trials: 1000 },
        failed: { failures: binomialDraw(random, 100, sensitivity), trials: 100 },
        clean: { failures: binomialDraw(random, 200, 1 - specificity), trials: 200 },
      };
      note(tallies, "as judged, Clopper-Pearson", clopperPearsonUpper(counts.judged, 0.95) < rate);
      note(tallies, "corrected, errors taken as known", knownErrors(counts) < rate);
      note(tallies, "Lee and others", correctedInterval(counts, 0.9).upper < rate);
      note(tallies, "exact in thirds", correctedBounds(counts, 0.95).upper < rate);
    }
    return tallied(`rate ${rate}, sensitivity ${sensitivity}, specificity ${specificity}`, tallies);
  });
}

interface GraderSetting {
  readonly words: string;
  readonly clusters: number;
  /** Answers of a cluster; of a failed one a single answer failed, which is the hardest to find. */
  readonly size: number;
  /** Share of all clusters whose answers never come to the grader, since they were blocked. */
  readonly blocked: number;
  readonly rate: number;
  readonly sensitivity: number;
  readonly specificity: number;
  /** Errors on the answers of one cluster: all of them or none, else each by itself. */
  readonly isTogether: boolean;
  /** Where the calibration's answers are not like the run's: what they have. */
  readonly calibrated?: { readonly sensitivity?: number; readonly specificity?: number };
}

const usual = { clusters: 230, size: 1, blocked: 0, rate: 0.1, sensitivity: 0.9, specificity: 0.95, isTogether: false };

const graderSettings: readonly GraderSetting[] = [
  { ...usual, words: "230 items, rate 0.1, sensitivity 0.9, specificity 0.95" },
  { ...usual, sensitivity: 0.7, specificity: 1, words: "230 items, rate 0.1, sensitivity 0.7, specificity 1" },
  {
    ...usual,
    clusters: 1000,
    sensitivity: 0.97,
    specificity: 0.8,
    words: "1,000 items, rate 0.1, sensitivity 0.97, specificity 0.8",
  },
  {
    ...usual,
    blocked: 0.6,
    specificity: 0.7,
    words: "230 items, 60 % blocked before the grader, rate 0.1, sensitivity 0.9, specificity 0.7",
  },
  {
    ...usual,
    size: 5,
    specificity: 0.98,
    words: "230 clusters of 5, errors by themselves, rate 0.1, sensitivity 0.9, specificity 0.98",
  },
  {
    ...usual,
    size: 5,
    specificity: 0.98,
    isTogether: true,
    words: "230 clusters of 5, errors together, rate 0.1, sensitivity 0.9, specificity 0.98",
  },
  {
    ...usual,
    specificity: 1,
    calibrated: { specificity: 0.8 },
    words: "230 items, rate 0.1, sensitivity 0.9, specificity 1, of the calibration 0.8",
  },
  {
    ...usual,
    specificity: 1,
    calibrated: { sensitivity: 0.97 },
    words: "230 items, rate 0.1, sensitivity 0.8, of the calibration 0.97",
    sensitivity: 0.8,
  },
];

/** A gate whose limit is the true rate, and a grader that errs, calibrated on 100 failed and 200 clean answers. One-sided at 95 %. */
export function graderMisses(runs: number): readonly Misses[] {
  return graderSettings.flatMap((setting, at) => {
    const tallies = new Map<string, Tally>();
    const random = randomFrom(31_000 + at);
    const { sensitivity = setting.sensitivity, specificity = setting.specificity } = setting.calibrated ?? {};
    for (let run = 0; run < runs; run += 1) {
      const counts: JudgedCounts = {
        judged: { failures: calledClusters(random, setting), trials: setting.clusters },
        failed: { failures: binomialDraw(random, 100, sensitivity), trials: 100 },
        clean: { failures: binomialDraw(random, 200, 1 - specificity), trials: 200 },
      };
      noteGrader(tallies, counts, setting);
    }
    return tallied(setting.words, tallies);
  });
}

function calledClusters(random: Random, setting: GraderSetting): number {
  const { clusters, size, blocked, rate, sensitivity, specificity, isTogether } = setting;
  const raise = isTogether ? 1 - specificity : 1 - specificity ** size;
  const raiseBeside = isTogether ? 0 : 1 - specificity ** (size - 1);
  const failed = binomialDraw(random, clusters, rate);
  const found = binomialDraw(random, failed, 1 - (1 - sensitivity) * (1 - raiseBeside));
  const graded = binomialDraw(random, clusters - failed, 1 - blocked / (1 - rate));
  return found + binomialDraw(random, graded, raise);
}

function noteGrader(tallies: Map<string, Tally>, counts: JudgedCounts, { rate, size }: GraderSetting): void {
  const { judged, failed, clean } = counts;
  const called = { upper: clopperPearsonUpper(judged, 0.975), lower: clopperPearsonLower(judged, 0.975) };
  const gate = doubtedBounds({ called, failed, clean, answersMax: size }, 0.95);
  note(tallies, "as graded", clopperPearsonUpper(judged, 0.95) < rate);
  note(tallies, "corrected both ways, exact in thirds", correctedBounds(counts, 0.95).upper < rate);
  note(tallies, "`corrected: true`, passes", gate.upper < rate);
  note(tallies, "`corrected: true`, fails", gate.lower > rate);
}

/** What correcting by the estimated errors alone comes to: the bound of the counts, put through the formula. */
function knownErrors({ judged, failed, clean }: JudgedCounts): number {
  const raised = clean.failures / clean.trials;
  const gain = failed.failures / failed.trials - raised;
  return gain <= 0 ? 1 : Math.max(0, (clopperPearsonUpper(judged, 0.95) - raised) / gain);
}

/** Two systems on the same items. Two-sided at 95 %. */
export function pairedMisses(runs: number): readonly Misses[] {
  return [30, 200].flatMap((items) =>
    [
      [0.04, 0.01, 0.01],
      [0.2, 0.1, 0.05],
      [0.05, 0.02, 0.25],
    ].flatMap(([both = 0, onlyOne = 0, onlyOther = 0]) => {
      const tallies = new Map<string, Tally>();
      const random = randomFrom(items * 1000 + Math.round(both * 100) + Math.round(onlyOther * 100));
      for (let run = 0; run < runs; run += 1)
        notePair(tallies, pairDraw(random, items, [both, onlyOne, onlyOther]), onlyOne - onlyOther);
      const setting = `${items} items, both fail ${both}, only the one ${onlyOne}, only the other ${onlyOther}`;
      return tallied(setting, tallies);
    }),
  );
}

/** Two systems on items in clusters of five. Two-sided at 95 %; where the systems are equal, the swap test at 5 % too. */
export function pairedClusterMisses(runs: number): readonly Misses[] {
  return [20, 100].flatMap((clusters) =>
    [0.2, 0.8].flatMap((correlation) =>
      (
        [
          [0.1, 0.08, 0.08],
          [0.05, 0.02, 0.25],
        ] as const
      ).flatMap((chances) => {
        const [both, onlyOne, onlyOther] = chances;
        const tallies = new Map<string, Tally>();
        const random = randomFrom(clusters * 1000 + Math.round(correlation * 10) + Math.round(onlyOther * 100));
        for (let run = 0; run < runs; run += 1) {
          const all = Array.from({ length: clusters }, () => pairedCluster(random, correlation, chances));
          notePairedClusters(tallies, all, onlyOne - onlyOther);
        }
        const setting = `${clusters} clusters of 5, correlation ${correlation}, both fail ${both}, only the one ${onlyOne}, only the other ${onlyOther}`;
        return tallied(setting, tallies);
      }),
    ),
  );
}

type PairChances = readonly [both: number, onlyOne: number, onlyOther: number];

function pairedCluster(random: Random, correlation: number, chances: PairChances): PairedCounts {
  if (random.share() >= correlation) return pairDraw(random, attempts, chances);
  const { both, onlyOne, onlyOther, neither } = pairDraw(random, 1, chances);
  return {
    both: both * attempts,
    onlyOne: onlyOne * attempts,
    onlyOther: onlyOther * attempts,
    neither: neither * attempts,
  };
}

function notePairedClusters(tallies: Map<string, Tally>, all: readonly PairedCounts[], truth: number): void {
  note(tallies, "Tango, as if items were independent", isOutside(truth, tangoInterval(totalOf(all), 0.95)));
  note(tallies, "clustered error and t", isOutside(truth, clusteredDifference(all, 0.95).interval));
  if (truth === 0) note(tallies, "swap test", (swapTest(all) ?? 1) <= 0.05);
}

function isOutside(truth: number, { lower, upper }: Interval): boolean {
  return truth < lower - 1e-12 || truth > upper + 1e-12;
}

function pairDraw(random: Random, items: number, chances: PairChances): PairedCounts {
  const [both, onlyOne, onlyOther] = chances;
  const drawnBoth = binomialDraw(random, items, both);
  const drawnOne = binomialDraw(random, items - drawnBoth, onlyOne / (1 - both));
  const drawnOther = binomialDraw(random, items - drawnBoth - drawnOne, onlyOther / (1 - both - onlyOne));
  return {
    both: drawnBoth,
    onlyOne: drawnOne,
    onlyOther: drawnOther,
    neither: items - drawnBoth - drawnOne - drawnOther,
  };
}

function notePair(tallies: Map<string, Tally>, counts: PairedCounts, truth: number): void {
  const { both, onlyOne, onlyOther, neither } = counts;
  const items = both + onlyOne + onlyOther + neither;
  const difference = (onlyOne - onlyOther) / items;
  const reach = (1.959964 * Math.sqrt(onlyOne + onlyOther - (onlyOne - onlyOther) ** 2 / items)) / items;
  const [one, other] = [both + onlyOne, both + onlyOther].map((failures) => ({ failures, trials: items }));
  note(tallies, "Tango", isOutside(truth, tangoInterval(counts, 0.95)));
  note(tallies, "Newcombe, paired", isOutside(truth, newcombePaired(counts, 0.95)));
  if (one !== undefined && other !== undefined)
    note(tallies, "Newcombe, as if independent", isOutside(truth, differenceOfShares(one, other, 0.95)));
  note(
    tallies,
    "mean and 1.96 standard errors",
    isOutside(truth, { lower: difference - reach, upper: difference + reach }),
  );
}
