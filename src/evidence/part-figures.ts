// A part of a sealed run in figures, with its interval, and which attacks came out otherwise in another run: for the terminal, for
// reports and for the console.
import { chanceInTries, clopperPearson } from "../statistics/binomial.ts";
import { type Tally, boundsOf } from "../statistics/measure.ts";
import type { Part } from "./breakdown.ts";

export const shownConfidence = 0.95;

export interface PartFigures {
  readonly name: string;
  readonly trials: number;
  readonly failures: number;
  readonly unknown: number;
  readonly clusters: number;
  readonly clustersFailed: number;
  readonly clustersUnknown: number;
  /** Two-sided, 95 %: of clusters that failed; unknown ones are clean below and failed above. */
  readonly interval: readonly [lower: number, upper: number];
  /** The k of hit@k. */
  readonly perCluster: number;
  /** If tries were independent: how often one of `perCluster` passes where each passes as often as these did. */
  readonly expectedOfTries: number;
}

export function figuresOf({ name, tally, perCluster }: Part): PartFigures {
  const { trials, failures, clusters, clustersFailed, clustersUnknown } = tally;
  const { lower } = clopperPearson({ failures: clustersFailed, trials: clusters }, shownConfidence);
  const { upper } = clopperPearson({ failures: clustersFailed + clustersUnknown, trials: clusters }, shownConfidence);
  const expectedOfTries = chanceInTries(failures / trials, perCluster);
  return { name, ...tally, interval: [lower, upper], perCluster, expectedOfTries };
}

export interface AttackDifference {
  readonly attack: string;
  /** Clusters that failed under it, in the first run and in the second. */
  readonly one: number;
  readonly other: number;
}

/** Attacks of which not as many clusters failed in two runs of one suite, in its order. */
export function attacksThatDiffer(one: readonly Part[], other: readonly Part[]): readonly AttackDifference[] {
  const failedIn = new Map(other.map(({ name, tally }) => [name, tally.clustersFailed]));
  return one.flatMap(({ name, tally }) => {
    const failed = failedIn.get(name);
    if (failed === undefined || failed === tally.clustersFailed) return [];
    return [{ attack: name, one: tally.clustersFailed, other: failed }];
  });
}

/** One-sided bounds on the share of units that failed, as far as the counts of a statement tell. */
export interface StatedBounds {
  readonly upper: number;
  readonly lower: number;
  readonly confidence: number;
  /** Whether the counts say in how many units attempts failed. */
  readonly isExact: boolean;
}

/** A statement says how many attempts failed, not in how many units: at the worst each in one of its own, at the best all in one. */
export function statedBounds(said: Pick<Tally, "failures" | "trials" | "clusters" | "unknown">): StatedBounds {
  const { failures, trials, clusters, unknown } = said;
  const most = Math.min(failures, clusters);
  const isExact = trials === clusters;
  const worst = { ...said, clustersFailed: most, clustersUnknown: Math.min(unknown, clusters - most) };
  const best = { ...said, clustersFailed: isExact ? failures : Math.min(1, failures), clustersUnknown: 0 };
  const { upper } = boundsOf(worst, shownConfidence);
  const { lower } = boundsOf(best, shownConfidence);
  return { upper, lower, confidence: shownConfidence, isExact };
}
