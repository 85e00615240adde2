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
  const counted = countedSamples(samples, failure);
  const failing = new Set(counted.filter(({ countsAs }) => countsAs === "failed").map(({ sample }) => sample.item));
  const ofFailing = counted.filter(({ sample }) => failing.has(sample.item));
  const counts = [...Map.groupBy(ofFailing, ({ sample }) => sample.item)].map(([leaf, own]) => ({
    id: byLeaf.get(leaf)?.id ?? leaf,
    leaf,
    cluster: own[0]?.sample.cluster ?? "",
    attempts: own.length,
    failed: own.filter(({ countsAs }) => countsAs === "failed").length,
    unknown: own.filter(({ countsAs }) => countsAs === "unknown").length,
  }));
  return counts.toSorted((one, other) => other.failed - one.failed || other.unknown - one.unknown).slice(0, most);
}
