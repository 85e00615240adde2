// A sealed run taken apart: what each attack and each category came to. Pure; counts only, as the whole is counted in seal.ts.
import type { Tally } from "../statistics/measure.ts";
import type { FailureKind } from "../terms/trial.ts";
import { type Sample, tallySamples } from "./seal.ts";
import type { LoadedItem } from "./suite.ts";

/** What tells the parts of a run apart. */
type Placed = Pick<LoadedItem, "leaf" | "category" | "attack">;

export interface Part {
  readonly name: string;
  readonly tally: Tally;
  /** Attempts that one cluster had in this part, at the most: the k of hit@k, which is `tally.clustersFailed / tally.clusters`. */
  readonly perCluster: number;
}

export interface Breakdown {
  /** By the attacks of the suite, in its order; empty where it has none. */
  readonly attack: readonly Part[];
  readonly category: readonly Part[];
}

/** Samples of items that are not the suite's are counted nowhere here: there are none in a run under a permit. */
export function breakdownOf(samples: readonly Sample[], items: readonly Placed[], failure: FailureKind): Breakdown {
  const byLeaf = new Map(items.map((item) => [item.leaf, item]));
  const by = (nameOf: (item: Placed) => string | undefined): readonly Part[] => {
    const parts = Map.groupBy(samples, ({ item }) => {
      const known = byLeaf.get(item);
      return known === undefined ? undefined : nameOf(known);
    });
    const order = [...new Set(items.map(nameOf))];
    return order.flatMap((name) => {
      const own = name === undefined ? undefined : parts.get(name);
      return name === undefined || own === undefined ? [] : [partOf(name, own, failure)];
    });
  };
  return { attack: by(({ attack }) => attack), category: by(({ category }) => category) };
}

function partOf(name: string, samples: readonly Sample[], failure: FailureKind): Part {
  // Tries of one attempt are one.
  const attempts = new Map(samples.map(({ item, attempt, cluster }) => [`${item} ${attempt}`, cluster]));
  const ofCluster = new Map<string, number>();
  for (const cluster of attempts.values()) ofCluster.set(cluster, (ofCluster.get(cluster) ?? 0) + 1);
  const perCluster = [...ofCluster.values()].reduce((most, count) => Math.max(most, count), 0);
  return { name, tally: tallySamples(samples, failure), perCluster };
}
