// The items of a sealed run with most failures: where to look first.
import type { Digest } from "../terms/ids.ts";
import type { FailureKind } from "../terms/trial.ts";
import { type Sample, countedSamples } from "./seal.ts";
import type { LoadedItem } from "./suite.ts";

export interface ItemCount {
  readonly leaf: Digest;
  readonly id: string;
  readonly cluster: string;
  readonly attempts: number;
  readonly failed: number;
  readonly unknown: number;
}

/** Items of which an attempt failed, the most failures first, then the most that nobody can say; as many as are asked for. */
export function worstItems(
  { samples, items }: { readonly samples: readonly Sample[]; readonly items: readonly LoadedItem[] },
  failure: FailureKind,
  most: number,
): readonly ItemCount[] {
  const byLeaf = new Map(items.map((item) => [item.leaf, item]));
  const counts = [...Map.groupBy(countedSamples(samples, failure), ({ sample }) => sample.item)].map(([leaf, own]) => ({
    id: byLeaf.get(leaf)?.id ?? leaf,
    leaf,
    cluster: own[0]?.sample.cluster ?? "",
    attempts: own.length,
    failed: own.filter(({ countsAs }) => countsAs === "failed").length,
    unknown: own.filter(({ countsAs }) => countsAs === "unknown").length,
  }));
  return counts
    .filter(({ failed }) => failed > 0)
    .toSorted((one, other) => other.failed - one.failed || other.unknown - one.unknown)
    .slice(0, most);
}
