// A measure: an estimate with its bound, over clusters. Attempts on one item are not independent, so the exact bound
// counts clusters: a cluster failed if any attempt in it failed, and is unknown if none failed and any is unknown.
// Unknown clusters count as failures in the bound, never in the estimate: doubt must not make a claim easier.
import { worstCounted, type CountedAs } from "../terms/trial.ts";
import { clopperPearsonLower, clopperPearsonUpper } from "./binomial.ts";

/** One attempt as a measure reads it, and the cluster it belongs to. */
export interface MarkedAttempt {
  readonly cluster: string;
  readonly countsAs: CountedAs;
}

export interface Tally {
  /** Attempts: all, those that failed, those of which nobody can say. */
  readonly trials: number;
  readonly failures: number;
  readonly unknown: number;
  /** The independent units: what the bound counts. */
  readonly clusters: number;
  readonly clustersFailed: number;
  readonly clustersUnknown: number;
}

export function tally(attempts: readonly MarkedAttempt[]): Tally {
  const ofCluster = new Map<string, CountedAs>();
  for (const { cluster, countsAs } of attempts) {
    const others = ofCluster.get(cluster);
    ofCluster.set(cluster, others === undefined ? countsAs : worstCounted([others, countsAs]));
  }
  const worst = [...ofCluster.values()];
  const allCounted = attempts.map(({ countsAs }) => countsAs);
  return {
    trials: attempts.length,
    failures: countOf(allCounted, "failed"),
    unknown: countOf(allCounted, "unknown"),
    clusters: worst.length,
    clustersFailed: countOf(worst, "failed"),
    clustersUnknown: countOf(worst, "unknown"),
  };
}

export interface Bounds {
  /** Share of clusters that failed; null where there is none. */
  readonly estimate: number | null;
  /** One-sided bounds: unknown clusters fail in `upper` and pass in `lower`. */
  readonly upper: number;
  readonly lower: number;
  readonly confidence: number;
  readonly method: "clopper-pearson";
}

export function boundsOf(counted: Tally, confidence: number): Bounds {
  const { clusters, clustersFailed, clustersUnknown } = counted;
  return {
    estimate: clusters === 0 ? null : clustersFailed / clusters,
    upper: clopperPearsonUpper({ failures: clustersFailed + clustersUnknown, trials: clusters }, confidence),
    lower: clopperPearsonLower({ failures: clustersFailed, trials: clusters }, confidence),
    confidence,
    method: "clopper-pearson",
  };
}

function countOf(allCounted: readonly CountedAs[], countsAs: CountedAs): number {
  return allCounted.filter((each) => each === countsAs).length;
}
