// The numbers of several processes on one page: each series says by the label `process` whose it is, and nothing is added up
// here, so that a process that is missing or began anew is seen to be. Sums are for whoever asks Prometheus.
import type { Snapshot } from "./series.ts";

/** The snapshots of each process, by its name. */
export function byProcess(processes: ReadonlyMap<string, readonly Snapshot[]>): readonly Snapshot[] {
  const families = new Map<string, Snapshot>();
  for (const [name, snapshots] of processes) {
    for (const snapshot of snapshots) {
      const labelled = withProcess(snapshot, name);
      const known = families.get(snapshot.name);
      const next = known === undefined ? labelled : joined(known, labelled);
      if (next !== undefined) families.set(snapshot.name, next);
    }
  }
  return [...families.values()];
}

function withProcess(snapshot: Snapshot, process: string): Snapshot {
  if (snapshot.kind === "histogram") {
    return {
      ...snapshot,
      points: snapshot.points.map((point) => ({ ...point, labels: { process, ...point.labels } })),
    };
  }
  return { ...snapshot, points: snapshot.points.map((point) => ({ ...point, labels: { process, ...point.labels } })) };
}

/** Undefined where two processes of different versions mean different things by one name. */
function joined(one: Snapshot, other: Snapshot): Snapshot | undefined {
  if (one.kind === "histogram") {
    if (other.kind !== "histogram" || one.bounds.join() !== other.bounds.join()) return undefined;
    return { ...one, points: [...one.points, ...other.points] };
  }
  return other.kind === one.kind ? { ...one, points: [...one.points, ...other.points] } : undefined;
}
