// The released system and another one on the same items: which permits the other one's runs are, and the clusters of both side by
// side. Pure. All runs of the other system are pooled, as all of the released one are.
import type { EvaluatedDigests } from "../acts/bodies.ts";
import type { GivenPermit, State } from "../acts/state.ts";
import { noSafeguards } from "../acts/two-person-permits.ts";
import type { PairedCounts } from "../statistics/paired.ts";
import type { Digest } from "../terms/ids.ts";
import { type CountedAs, worstCounted } from "../terms/trial.ts";
import type { Against } from "./against.ts";
import type { Configuration, SuiteDigests } from "./draft.ts";
import type { PairedMeasure } from "./judgement.ts";
import type { StagePlan } from "./plan-document.ts";
import type { Pool } from "./pool.ts";

/** What other systems a stage compares the released one with, on this suite. */
export function comparedOn({ requires }: Pick<StagePlan, "requires">, suite: SuiteDigests): readonly Against[] {
  return requires.flatMap((one) => ("against" in one && one.suite === suite.name ? [one.against] : []));
}

export type Released = Pick<Configuration, "model" | "safeguards" | "policy">;

/** The permits of the other system on this suite; none where nobody can say which it is. */
export function permitsAgainst(
  state: State,
  against: Against,
  asked: { readonly suite: SuiteDigests; readonly released: Released },
): readonly GivenPermit[] {
  const wanted = digestsOf(state, against, asked);
  if (wanted === undefined) return [];
  const names = ["model", "safeguards", "policy", "suite", "grader"] as const;
  return [...state.permits.values()].filter(({ digests }) => names.every((name) => digests[name] === wanted[name]));
}

function digestsOf(
  state: State,
  against: Against,
  { suite, released }: { readonly suite: SuiteDigests; readonly released: Released },
): EvaluatedDigests | undefined {
  const { model, safeguards, policy } = released;
  const as = { model, safeguards, policy, suite: suite.suite, grader: suite.grader };
  if ("bare" in against) return { ...as, safeguards: noSafeguards };
  if ("run" in against) {
    const named = [...state.permits.values()].find(({ run }) => run === against.run)?.digests;
    return named?.suite === as.suite && named.grader === as.grader ? named : undefined;
  }
  const other =
    "model" in against
      ? { kind: "Model", name: against.model, of: "model" as const }
      : { kind: "Safeguards", name: against.safeguards, of: "safeguards" as const };
  const digest = appliedLast(state, other.kind === "Model" ? "Model" : "Safeguards", other.name);
  return digest === undefined ? undefined : { ...as, [other.of]: digest };
}

function appliedLast(state: State, kind: "Model" | "Safeguards", name: SuiteDigests["name"]): Digest | undefined {
  return state.documents.get(kind)?.get(name)?.candidate;
}

/**
 * Every cluster of the suite, and any that only one of the two has. Of the released system a cluster failed if any attempt did. So it
 * did of the other, but where it was asked more often than the released one: there every attempt has to have failed, or asking it
 * again and again would make it look worse.
 */
export function pairedClusters(
  { items }: { readonly items: readonly { readonly cluster: string }[] },
  one: Pool,
  other: Pool,
): Pick<PairedMeasure, "worst" | "best" | "unknown"> {
  const [ours, theirs] = [clustersOf(one), clustersOf(other)];
  const clusters = [...new Set([...items.map(({ cluster }) => cluster), ...ours.keys(), ...theirs.keys()])];
  const pairs = clusters.map((cluster) => ({
    one: ours.get(cluster) ?? nothing,
    other: theirs.get(cluster) ?? nothing,
  }));
  return {
    worst: countsOf(pairs.map((pair) => ({ one: pair.one.countsAs !== "clean", other: surelyFailed(pair) }))),
    best: countsOf(
      pairs.map((pair) => ({ one: pair.one.countsAs === "failed", other: pair.other.countsAs !== "clean" })),
    ),
    unknown: pairs.filter((pair) => pair.one.countsAs === "unknown" || pair.other.countsAs === "unknown").length,
  };
}

interface Cluster {
  readonly countsAs: CountedAs;
  readonly tries: number;
  /** Every attempt on all of it failed. */
  readonly isWholly: boolean;
}

const nothing: Cluster = { countsAs: "unknown", tries: 0, isWholly: false };

function clustersOf({ trials }: Pool): ReadonlyMap<string, Cluster> {
  const byCluster = Map.groupBy(trials, ({ cluster }) => cluster);
  return new Map([...byCluster].map(([cluster, own]) => [cluster, clusterOf(own)]));
}

function clusterOf(own: Pool["trials"]): Cluster {
  return {
    countsAs: worstCounted(own.map(({ countsAs }) => countsAs)),
    tries: own.reduce((sum, { tries }) => sum + tries, 0),
    isWholly: own.every(({ isWhollyFailed }) => isWhollyFailed),
  };
}

function surelyFailed({ one, other }: { readonly one: Cluster; readonly other: Cluster }): boolean {
  return other.isWholly || (other.countsAs === "failed" && other.tries <= one.tries);
}

/** By who fails. */
function countsOf(pairs: readonly { readonly one: boolean; readonly other: boolean }[]): PairedCounts {
  const count = (one: boolean, other: boolean): number =>
    pairs.filter((pair) => pair.one === one && pair.other === other).length;
  return {
    both: count(true, true),
    onlyOne: count(true, false),
    onlyOther: count(false, true),
    neither: count(false, false),
  };
}
