// What the runs of a suite come to for a watch that probes with it: the laboratory's, cluster by cluster as the gate counts them, and each
// probe by itself, since a cluster may be drawn many times. Pure, over what ledger, receipts and sealed runs say.
import { drawnClusters } from "../acts/probe-draw.ts";
import type { EvaluatedDigests } from "../acts/bodies.ts";
import type { Hasher } from "../proof/primitives.ts";
import { type Instant, instantOf } from "../terms/ids.ts";
import { worstCounted } from "../terms/trial.ts";
import { type PooledSuite, poolTrials } from "./pool.ts";
import type { PlannedRun } from "./registration.ts";
import type { LiveCounts, ProbeCounts } from "./watch.ts";

interface Probed {
  readonly suite: PooledSuite;
  readonly digests: EvaluatedDigests;
  /** All of this suite, of what is certified, and under the modes of its stage. */
  readonly runs: readonly PlannedRun[];
  /** Clusters of a probe. */
  readonly clusters: number;
}

interface Of {
  readonly watch: string;
  /** Probes behind this entry are of the period. */
  readonly began: number;
  /** A sealed probe is fresh from then on. */
  readonly freshFrom: Instant;
}

export interface Counted extends ProbeCounts {
  readonly laboratory: LiveCounts;
  readonly probes: number;
}

export function countProbes({ suite, digests, runs, clusters }: Probed, of: Of, hasher: Hasher): Counted {
  const laboratory = laboratoryOf(suite, digests, runs);
  const probes = runs
    .filter(({ registered: { probe } }) => probe?.watch === of.watch)
    .map((run) => ({ ...run, attempts: Math.max(run.attempts, attemptsBefore(runs, run)) }));
  const each = probes.map((run) => ({ run, counts: countProbe({ suite, digests, runs: [run], clusters }, hasher) }));
  const ofPeriod = each.filter(({ run }) => run.registered.index > of.began);
  const isFresh = ofPeriod.some(
    ({ run: { sealed } }) => sealed?.withdrawn === false && instantOf(sealed.at) >= of.freshFrom,
  );
  return {
    ...summed(ofPeriod.map(({ counts }) => counts)),
    inAll: summed([laboratory, ...each.map(({ counts }) => counts)]),
    laboratory,
    probes: ofPeriod.length,
    isFresh,
  };
}

function laboratoryOf(suite: PooledSuite, digests: EvaluatedDigests, runs: readonly PlannedRun[]): LiveCounts {
  const planned = runs.filter(({ registered }) => registered.probe === undefined);
  const tally = poolTrials(suite, digests, planned)?.measure.tally;
  if (tally === undefined) return summed([]);
  const { clusters: exchanges, clustersFailed: bad, clustersUnknown } = tally;
  return { exchanges, bad, good: exchanges - bad - clustersUnknown };
}

/** As often as the laboratory asked each item a probe asks it: who asks less often leaves attempts out, and those are unknown. */
function attemptsBefore(runs: readonly PlannedRun[], { registered: { index } }: PlannedRun): number {
  return runs
    .filter(({ registered: { probe, ...before } }) => probe === undefined && before.index < index)
    .reduce((most, { attempts }) => Math.max(most, attempts), 1);
}

/** All that was drawn counts from its permit on: what has no answer yet, or never gets one, is unknown. */
function countProbe({ suite, digests, runs, clusters: count }: Probed, hasher: Hasher): LiveCounts {
  const probe = runs[0]?.registered.probe;
  if (probe === undefined) return summed([]);
  const drawn = drawnClusters(suite.items, { probe, count }, hasher);
  const items = suite.items.filter(({ cluster }) => drawn.has(cluster));
  const trials = poolTrials({ ...suite, items }, digests, runs)?.trials ?? [];
  const marks = [...Map.groupBy(trials, ({ cluster }) => cluster)].map(([cluster, members]) => ({
    isDrawn: drawn.has(cluster),
    mark: worstCounted(members.map(({ countsAs }) => countsAs)),
  }));
  // What was asked beside the draw helps nobody; where it failed it counts, and so does an exchange whose receipt was kept back.
  const strays = marks.filter(({ isDrawn, mark }) => !isDrawn && mark !== "clean").length;
  return {
    exchanges: drawn.size + strays,
    bad: marks.filter(({ mark }) => mark === "failed").length,
    good: marks.filter(({ isDrawn, mark }) => isDrawn && mark === "clean").length,
  };
}

function summed(counts: readonly LiveCounts[]): LiveCounts {
  const sum = (of: keyof LiveCounts): number => counts.reduce((total, one) => total + one[of], 0);
  return { exchanges: sum("exchanges"), bad: sum("bad"), good: sum("good") };
}
