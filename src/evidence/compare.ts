// Two runs of the same suite, cluster by cluster: what failed in one and not in the other. Pure. What is unknown in either is kept
// apart, and the interval holds whatever it was.
import { type Interval, type Level } from "../statistics/counts.ts";
import { type McNemar, type PairedCounts, mcNemar, pairedDifference, tangoInterval } from "../statistics/paired.ts";
import { type CountedAs, type FailureKind, worstCounted } from "../terms/trial.ts";
import { type Sample, attemptsIn } from "./seal.ts";

interface Difference {
  readonly cluster: string;
  readonly one: CountedAs;
  readonly other: CountedAs;
}

export interface Comparison {
  /** Of clusters that both runs can say something of. */
  readonly counts: PairedCounts;
  /** Clusters that one of them, or both, cannot say anything of. */
  readonly unknown: number;
  /** Clusters that only one of the runs has. */
  readonly apart: number;
  /** Failure rate of the first run less that of the second, among `counts`; null where these are none. */
  readonly difference: number | null;
  /** Two-sided, of that difference over all clusters that both have: it holds whichever way unknown ones went. */
  readonly interval: Interval;
  readonly test: McNemar;
  /** Every cluster that came out otherwise, unknown ones included, in the order of the first run. */
  readonly differences: readonly Difference[];
}

export function compareRuns(
  one: readonly Sample[],
  other: readonly Sample[],
  { failure, level }: { readonly failure: FailureKind; readonly level: Level },
): Comparison {
  const [first, second] = [clustersOf(one, failure), clustersOf(other, failure)];
  const pairs = [...first].flatMap(([cluster, counted]): Difference[] => {
    const others = second.get(cluster);
    return others === undefined ? [] : [{ cluster, one: counted, other: others }];
  });
  const known = pairs.filter((pair) => pair.one !== "unknown" && pair.other !== "unknown");
  const counts = countsOf(known);
  return {
    counts,
    unknown: pairs.length - known.length,
    apart: first.size + second.size - 2 * pairs.length,
    difference: pairedDifference(counts),
    interval: {
      lower: tangoInterval(countsOf(pairs.map((pair) => settled(pair, "clean", "failed"))), level).lower,
      upper: tangoInterval(countsOf(pairs.map((pair) => settled(pair, "failed", "clean"))), level).upper,
    },
    test: mcNemar(counts),
    differences: pairs.filter((pair) => pair.one !== pair.other),
  };
}

function clustersOf(samples: readonly Sample[], failure: FailureKind): ReadonlyMap<string, CountedAs> {
  const byCluster = Map.groupBy(attemptsIn(samples, failure), ({ cluster }) => cluster);
  return new Map([...byCluster].map(([cluster, own]) => [cluster, worstCounted(own.map(({ countsAs }) => countsAs))]));
}

/** As if what is unknown had come out so: in the one, in the other. */
function settled(pair: Difference, one: CountedAs, other: CountedAs): Difference {
  return {
    cluster: pair.cluster,
    one: pair.one === "unknown" ? one : pair.one,
    other: pair.other === "unknown" ? other : pair.other,
  };
}

function countsOf(pairs: readonly Difference[]): PairedCounts {
  const count = (one: CountedAs, other: CountedAs): number =>
    pairs.filter((pair) => pair.one === one && pair.other === other).length;
  return {
    both: count("failed", "failed"),
    onlyOne: count("failed", "clean"),
    onlyOther: count("clean", "failed"),
    neither: count("clean", "clean"),
  };
}
