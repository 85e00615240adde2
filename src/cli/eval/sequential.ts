// A run that was registered to end at any time: asked in the order of its items' leaves, cluster after cluster, until what was
// asked shows the limit that its permit names. Any other run is asked to its end, as its suite stands.
import type { Permit } from "../../acts/bodies.ts";
import type { LoadedItem } from "../../evidence/suite.ts";
import { inLeafOrder } from "../../gates/pool.ts";
import type { Settled } from "../../runner/live-bound.ts";
import { placeOf } from "../../runner/run-lines.ts";
import type { RunRecord } from "../../runner/run-record.ts";
import type { Progress, RunPlan, RunPorts } from "../../runner/run-suite.ts";
import { type Stopping, watchClusters } from "../../runner/stopping.ts";
import { hasReached } from "../../statistics/evalue.ts";
import type { FailureKind } from "../../terms/trial.ts";

interface Sitting {
  readonly permit: Permit;
  readonly items: readonly LoadedItem[];
  readonly failure: FailureKind;
  /** What earlier sittings settled. */
  readonly known: readonly Settled[];
}

/** What the runner is told beside its plan. */
interface Rules extends Pick<RunPlan, "order">, Pick<RunPorts, "isEnough"> {
  readonly progress: (progress: Progress) => void;
}

/** Whether a run that may end at any time has shown what it was to show. */
export async function askByItsRule(sitting: Sitting, ask: (rules: Rules) => Promise<void>): Promise<boolean> {
  const { permit, items, failure, known } = sitting;
  const { rule, limit, confidence } = permit.analysis;
  if (rule === "fixed" || limit === undefined) {
    await ask({ progress: () => undefined });
    return false;
  }
  const clusters = watchClusters({ attempts: attemptsIn(items, permit.attempts), failure, known });
  const shows = (counts: ReturnType<Stopping["begun"]>): boolean =>
    hasReached(counts, { limit, side: "below" }, confidence);
  await ask({
    order: placesInOrder(items),
    isEnough: () => shows(clusters.through()),
    progress: clusters.take,
  });
  return shows(clusters.begun());
}

function placesInOrder(items: readonly LoadedItem[]): readonly number[] {
  const places = items.map(({ leaf, cluster }, place) => ({ item: leaf, cluster, place }));
  return inLeafOrder(places).flatMap((members) => members.map(({ place }) => place));
}

function attemptsIn(items: readonly LoadedItem[], attempts: number): ReadonlyMap<string, number> {
  const made = new Map<string, number>();
  for (const { cluster } of items) made.set(cluster, (made.get(cluster) ?? 0) + attempts);
  return made;
}

/** What is sealed of such a run: the items that it came to, with all their attempts. */
export function cameTo(permit: Permit, items: readonly LoadedItem[], { begins }: RunRecord): readonly LoadedItem[] {
  if (permit.analysis.rule === "fixed") return items;
  return items.filter(({ id: item }) =>
    Array.from({ length: permit.attempts }, (_, at) => placeOf({ item, attempt: at + 1 })).some((place) =>
      begins.has(place),
    ),
  );
}
