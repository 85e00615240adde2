// What a probe asks: clusters of its suite, drawn by a hash of certificate, live measure and number, so that nobody picks, everybody finds
// the same ones, and each cluster has the same chance in each probe.
import { digestOfText } from "../proof/digest.ts";
import type { Hasher } from "../proof/primitives.ts";
import type { Permit } from "./bodies.ts";

/** At most `count` of the clusters that `items` are in. */
export function drawnClusters(
  items: readonly { readonly cluster: string }[],
  { probe, count }: { readonly probe: NonNullable<Permit["probe"]>; readonly count: number },
  hasher: Hasher,
): ReadonlySet<string> {
  const { certificate, watch, number } = probe;
  const ranked = [...new Set(items.map(({ cluster }) => cluster))].map((cluster) => ({
    cluster,
    rank: digestOfText(["headgate probe v1", certificate, watch, number, cluster].join("\n"), hasher),
  }));
  const inOrder = ranked.toSorted((one, other) => (one.rank < other.rank ? -1 : 1));
  return new Set(inOrder.slice(0, count).map(({ cluster }) => cluster));
}
