// A sealed run as rows that a person looks through: filtered, sorted, and given out page by page, with what the suite says of each
// item beside it. Pure. What is searched for is looked up as it is written, never as a pattern.
import type { CountedAs, FailureKind, TrialOutcome } from "../terms/trial.ts";
import { countedAs } from "../terms/trial.ts";
import { differ } from "./graders/agreement.ts";
import { type Sample, type SealedRun, countedSamples } from "./seal.ts";
import type { LoadedItem } from "./suite.ts";

/** What a row shows of its item. */
export type RowItem = Pick<LoadedItem, "leaf" | "id" | "category" | "attack" | "text" | "body">;

export interface RunRow {
  /** Its place among the sealed samples. */
  readonly number: number;
  readonly sample: Sample;
  readonly id: string;
  readonly category: string | null;
  readonly attack: string | null;
  readonly countsAs: CountedAs;
  /** False for a try that one with an answer stands in place of. */
  readonly isCounted: boolean;
}

export interface RowFilter {
  readonly outcome?: readonly TrialOutcome[] | undefined;
  readonly counts?: readonly CountedAs[] | undefined;
  readonly category?: string | undefined;
  readonly attack?: string | undefined;
  readonly differ?: "true" | undefined;
  readonly q?: string | undefined;
  readonly sort: "sealed" | "worst" | "id" | "category" | "at";
}

export interface RunRows {
  readonly rows: readonly RunRow[];
  readonly items: ReadonlyMap<string, RowItem>;
  /** Orders that were asked for lately. */
  readonly orders: Map<string, Uint32Array>;
}

export function rowsOf(run: SealedRun, items: readonly RowItem[], failure: FailureKind): RunRows {
  const byLeaf = new Map(items.map((item): [string, RowItem] => [item.leaf, item]));
  const counted = new Map(countedSamples(run.samples, failure).map(({ sample, countsAs }) => [sample, countsAs]));
  const rows = run.samples.map((sample, number): RunRow => {
    const item = byLeaf.get(sample.item);
    return {
      number,
      sample,
      id: item?.id ?? sample.item,
      category: item?.category ?? sample.declared?.category ?? null,
      attack: item?.attack ?? sample.declared?.attack ?? null,
      countsAs: counted.get(sample) ?? countedAs(sample.outcome, failure),
      isCounted: counted.has(sample),
    };
  });
  return { rows, items: byLeaf, orders: new Map() };
}

/** Orders that are kept of one run; four bytes a row each. */
const ordersMax = 8;

/** The numbers of the rows that are asked for, in the order that is asked for. The same for as long as the run is. */
export function orderOf(run: RunRows, filter: RowFilter): Uint32Array {
  const key = JSON.stringify(filter);
  const order = run.orders.get(key) ?? newOrder(run, filter);
  // What is asked for again stays longest.
  run.orders.delete(key);
  const [oldest] = run.orders.keys();
  if (run.orders.size >= ordersMax && oldest !== undefined) run.orders.delete(oldest);
  run.orders.set(key, order);
  return order;
}

/** All rows are sorted once for each way to sort; a filter only goes through them. */
function newOrder(run: RunRows, filter: RowFilter): Uint32Array {
  const { sort, ...only } = filter;
  if (Object.values(only).some((value) => value !== undefined)) {
    const matches = matching(run, filter);
    return orderOf(run, { sort }).filter((number) => {
      const row = run.rows[number];
      return row !== undefined && matches(row);
    });
  }
  const sorted = sort === "sealed" ? run.rows : run.rows.toSorted(comparing[sort]);
  return Uint32Array.from(sorted, ({ number }) => number);
}

export interface RowPage {
  readonly rows: readonly RunRow[];
  readonly total: number;
  /** Rows to pass over for the next page; null on the last. */
  readonly next: number | null;
}

/** Rows behind the first `after`. A place stays what it is: a sealed run never changes. */
export function pageOf(
  run: RunRows,
  filter: RowFilter,
  { after, limit }: { readonly after: number; readonly limit: number },
): RowPage {
  const order = orderOf(run, filter);
  const rows = Array.from(order.subarray(after, after + limit)).flatMap((number) => run.rows[number] ?? []);
  const next = after + rows.length;
  return { rows, total: order.length, next: rows.length > 0 && next < order.length ? next : null };
}

function matching(run: RunRows, filter: RowFilter): (row: RunRow) => boolean {
  const outcomes = filter.outcome === undefined ? undefined : new Set(filter.outcome);
  const counts = filter.counts === undefined ? undefined : new Set(filter.counts);
  const found = searching(run, filter.q);
  return (row) =>
    outcomes?.has(row.sample.outcome) !== false &&
    counts?.has(row.countsAs) !== false &&
    (filter.category === undefined || row.category === filter.category) &&
    (filter.attack === undefined || row.attack === filter.attack) &&
    (filter.differ === undefined || differ(row.sample.graded ?? [])) &&
    found(row);
}

function searching({ items }: RunRows, text: string | undefined): (row: RunRow) => boolean {
  const wanted = text?.trim().toLowerCase() ?? "";
  if (wanted === "") return () => true;
  const isIn = (one: string | null | undefined): boolean => one?.toLowerCase().includes(wanted) === true;
  // Of each item once: several attempts ask the same.
  const asked = new Set([...items.values()].filter((item) => isIn(item.text)).map(({ leaf }): string => leaf));
  return ({ id, category, attack, sample }) =>
    [id, sample.cluster, category, attack, sample.receipt, sample.item].some(isIn) || asked.has(sample.item);
}

const badness = { failed: 0, unknown: 1, clean: 2 } as const satisfies Record<CountedAs, number>;

const comparing = {
  worst: (one: RunRow, other: RunRow): number => badness[one.countsAs] - badness[other.countsAs] || byPlace(one, other),
  id: (one: RunRow, other: RunRow): number => byText(one.id, other.id) || byPlace(one, other),
  category: (one: RunRow, other: RunRow): number =>
    byText(one.category ?? "", other.category ?? "") || byPlace(one, other),
  at: (one: RunRow, other: RunRow): number => byText(one.sample.at, other.sample.at) || byPlace(one, other),
} as const;

function byPlace(one: RunRow, other: RunRow): number {
  return one.number - other.number;
}

/** By code units: the same on every machine, and fast. */
function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
