// A sealed run taken apart, and two of them side by side: for the console, from the same functions as the command line has. Pure.
import { type Bounds, type Tally, boundsOf } from "../statistics/measure.ts";
import { type FailureKind, type TrialOutcome } from "../terms/trial.ts";
import { type Breakdown, type Part, breakdownOf } from "./breakdown.ts";
import { type Comparison, compareRuns } from "./compare.ts";
import type { GraderAgreement } from "./graders/agreement.ts";
import { gradersShown } from "./graders/shown.ts";
import {
  type AttackDifference,
  type PartFigures,
  attacksThatDiffer,
  figuresOf,
  shownConfidence,
} from "./part-figures.ts";
import type { RunRow, RunRows } from "./run-rows.ts";
import { type Sample, type SealedRun, tallySamples } from "./seal.ts";
import type { LoadedItem } from "./suite.ts";
import type { Suite } from "./suite-document.ts";
import { type ItemCount, worstItems } from "./worst-items.ts";

/** A run that is open: its samples, and the items of its suite, none for a report from elsewhere. */
export interface OpenRun {
  readonly sealed: SealedRun;
  readonly suite: Suite;
  readonly items: readonly LoadedItem[];
  readonly rows: RunRows;
}

/** Items that are named. */
const worstMax = 20;

export interface Overview extends Bounds {
  readonly tally: Tally;
  readonly outcomes: Readonly<Partial<Record<TrialOutcome, number>>>;
  readonly tries: number;
  readonly attempts: number;
  readonly unanswered: number;
  readonly category: readonly PartFigures[];
  readonly attack: readonly PartFigures[];
  readonly worst: readonly ItemCount[];
  readonly agreement: GraderAgreement | null;
  readonly disagreements: number;
  readonly report: SealedRun["report"] | null;
}

export function overviewOf(run: OpenRun): Overview {
  const { sealed, suite, items } = run;
  const { samples, report } = sealed;
  const { failure } = suite.measure;
  const tally = tallySamples(samples, failure);
  const parts = partsOf(run);
  const graders = report === undefined ? gradersShown({ suite, samples, items }, shownConfidence) : undefined;
  const agreement = graders?.agreement ?? null;
  return {
    tally,
    ...boundsOf(tally, shownConfidence),
    outcomes: outcomesIn(samples),
    ...triesIn(samples),
    category: parts.category.map(figuresOf),
    attack: parts.attack.map(figuresOf),
    worst: worstIn({ samples, items }, failure),
    agreement,
    disagreements: graders?.disagreements.length ?? 0,
    report: report ?? null,
  };
}

function worstIn(
  run: Pick<OpenRun, "items"> & { readonly samples: readonly Sample[] },
  failure: FailureKind,
): readonly ItemCount[] {
  return worstItems(run, failure, worstMax);
}

/** Of a report from elsewhere by what it says of its attempts. */
function partsOf({ sealed, suite, items, rows }: OpenRun): Breakdown {
  const { failure } = suite.measure;
  return breakdownOf(sealed.samples, sealed.report === undefined ? items : declaredItems(rows.rows), failure);
}

type Placed = Pick<LoadedItem, "leaf" | "category" | "attack">;

function declaredItems(rows: readonly RunRow[]): readonly Placed[] {
  const byLeaf = new Map<string, Placed>();
  for (const { sample, category, attack } of rows)
    byLeaf.set(sample.item, { leaf: sample.item, category: category ?? "", attack: attack ?? undefined });
  return [...byLeaf.values()];
}

function outcomesIn(samples: readonly Sample[]): Readonly<Partial<Record<TrialOutcome, number>>> {
  const counts = new Map<TrialOutcome, number>();
  for (const { outcome } of samples) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function triesIn(samples: readonly Sample[]): Readonly<Record<"tries" | "attempts" | "unanswered", number>> {
  const attempts = new Set(samples.map(({ item, attempt }) => `${item} ${attempt}`)).size;
  return { tries: samples.length, attempts, unanswered: samples.filter(({ outcome }) => outcome === "errored").length };
}

interface CategoryDifference {
  readonly category: string;
  readonly one: number;
  readonly other: number;
  readonly of: number;
}

/** What came out otherwise, with a sample of each run to look at. */
type Difference = Comparison["differences"][number] & {
  readonly sample: number | null;
  readonly otherSample: number | null;
};

export interface Compared extends Omit<Comparison, "differences" | "test"> {
  readonly confidence: number;
  readonly p: number;
  readonly attacks: readonly AttackDifference[];
  readonly categories: readonly CategoryDifference[];
  readonly differences: readonly Difference[];
}

/** Two runs of one suite; whoever asks has seen to that. */
export function comparedRuns(one: OpenRun, other: OpenRun): Compared {
  const { failure } = one.suite.measure;
  const compared = compareRuns(one.sealed.samples, other.sealed.samples, { failure, level: shownConfidence });
  const [first, second] = [partsOf(one), partsOf(other)];
  const [samples, others] = [worstByCluster(one.rows.rows), worstByCluster(other.rows.rows)];
  const { differences, test, ...rest } = compared;
  return {
    ...rest,
    confidence: shownConfidence,
    p: test.exact,
    attacks: attacksThatDiffer(first.attack, second.attack),
    categories: categoriesOf(first.category, second.category),
    differences: differences.map((difference) => ({
      ...difference,
      sample: samples.get(difference.cluster)?.number ?? null,
      otherSample: others.get(difference.cluster)?.number ?? null,
    })),
  };
}

function categoriesOf(one: readonly Part[], other: readonly Part[]): readonly CategoryDifference[] {
  const others = new Map(other.map(({ name, tally }) => [name, tally.clustersFailed]));
  return one.flatMap(({ name, tally }) => {
    const failed = others.get(name);
    return failed === undefined
      ? []
      : [{ category: name, one: tally.clustersFailed, other: failed, of: tally.clusters }];
  });
}

const order = { failed: 0, unknown: 1, clean: 2 } as const;

function worstByCluster(rows: readonly RunRow[]): ReadonlyMap<string, RunRow> {
  const worst = new Map<string, RunRow>();
  for (const row of rows) {
    const known = worst.get(row.sample.cluster);
    if (row.isCounted && (known === undefined || order[row.countsAs] < order[known.countsAs]))
      worst.set(row.sample.cluster, row);
  }
  return worst;
}
