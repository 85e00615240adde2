// `headgate stats paired`: two systems on the same items, from a table of four counts or from a file, with clusters or not.
// An item of which nobody can say how one of them did is read against each bound, as everywhere here.
import { z } from "zod";
import type { Interval, Level } from "../../statistics/counts.ts";
import { clusteredDifference, swapTest, totalOf, type ClusteredDifference } from "../../statistics/paired-clusters.ts";
import {
  discordantShare,
  itemsOf,
  mcNemar,
  newcombePaired,
  pairedDifference,
  tangoInterval,
  type McNemar,
  type PairedCounts,
} from "../../statistics/paired.ts";
import type { CountedAs } from "../../terms/trial.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { levelFields, levelFlags, levelOf, levelOptions, levelText, rateText, tableOf } from "./options.ts";
import { clustersMax, nameOf, outcomesIn } from "./outcomes.ts";
import type { Call } from "../verb.ts";

const Count = z.coerce.number().int().min(0).optional();

export const PairedOptions = z.object({
  both: Count,
  onlyOne: Count,
  onlyOther: Count,
  neither: Count,
  outcomes: z.string().min(1).optional(),
  ...levelOptions,
});
type PairedOptions = z.infer<typeof PairedOptions>;

export const pairedFlags = [
  ["--both <count>", "items on which both fail"],
  ["--only-one <count>", "items on which the one fails and the other does not"],
  ["--only-other <count>", "items on which the other fails and the one does not"],
  ["--neither <count>", "items on which neither fails"],
  [
    "--outcomes <file>",
    "in their place: an item a line, what the one did and what the other did (failed, clean or unknown), after its cluster or not; - is the standard input",
  ],
  ...levelFlags,
] as const;

/** The same items with what is unknown read for the one and against the other, the other way round, and left out. */
interface Readings<T> {
  readonly low: T;
  readonly high: T;
  readonly known: T;
}

interface Read {
  readonly total: Readings<PairedCounts>;
  readonly unknown: number;
  readonly clusters?: Readings<readonly PairedCounts[]>;
}

export async function paired(call: Call<PairedOptions>): Promise<Answer> {
  const level = levelOf(call.options);
  const { total, unknown, clusters } = await readItems(call);
  const { low, high, known } = total;
  const [lowTest, highTest] = [mcNemar(low), mcNemar(high)];
  const json = {
    difference: pairedDifference(known),
    ...between(tangoInterval(low, level), tangoInterval(high, level)),
    method: "tango",
    newcombe: between(newcombePaired(low, level), newcombePaired(high, level)),
    mcNemar: worstOf(lowTest, highTest),
    discordantShare: between(discordantShare(low, level), discordantShare(high, level)),
    items: itemsOf(low),
    unknown,
    ...known,
    ...levelFields(level),
    ...(clusters === undefined ? {} : { clustered: clusteredFields(clusters, level) }),
  };
  return done(json, textOf(json, level));
}

async function readItems(call: Call<PairedOptions>): Promise<Read> {
  const { outcomes, ...options } = call.options;
  const total = countsIn(options);
  if (outcomes === undefined) {
    if (total === undefined)
      throw new Failure(
        "request_invalid",
        "--both, --only-one, --only-other and --neither say what was counted, or --outcomes a file. See --help.",
      );
    if (itemsOf(total) === 0) throw new Failure("request_invalid", "There is no item to compare on.");
    return { total: { low: total, high: total, known: total }, unknown: 0 };
  }
  if (total !== undefined)
    throw new Failure("request_invalid", "--outcomes stands in place of the four counts: leave them out.");
  return readFile(outcomes, call.context);
}

/** The four counts, or undefined where none was given. */
function countsIn({ both, onlyOne, onlyOther, neither }: Omit<PairedOptions, "outcomes">): PairedCounts | undefined {
  const given = [both, onlyOne, onlyOther, neither];
  if (given.every((count) => count === undefined)) return undefined;
  if (both !== undefined && onlyOne !== undefined && onlyOther !== undefined && neither !== undefined)
    return { both, onlyOne, onlyOther, neither };
  throw new Failure(
    "request_invalid",
    "--both, --only-one, --only-other and --neither are given all four. See --help.",
  );
}

async function readFile(path: string, context: Context): Promise<Read> {
  const byCluster = new Map<string, Readings<Tally>>();
  let unknown = 0;
  let hasClusters = false;
  for await (const { cluster = "", outcomes } of outcomesIn(path, 2, context)) {
    const [one = "unknown", other = "unknown"] = outcomes;
    hasClusters ||= cluster !== "";
    const counted = byCluster.get(cluster) ?? { low: emptyTally(), high: emptyTally(), known: emptyTally() };
    add(counted, one, other);
    if (one === "unknown" || other === "unknown") unknown += 1;
    byCluster.set(cluster, counted);
    if (byCluster.size > clustersMax)
      throw new Failure("request_invalid", `${nameOf(path)} names more than ${clustersMax} clusters.`);
  }
  const all = [...byCluster.values()];
  const clusters = {
    low: all.map(({ low }) => low),
    high: all.map(({ high }) => high),
    known: all.map(({ known }) => known),
  };
  const total = { low: totalOf(clusters.low), high: totalOf(clusters.high), known: totalOf(clusters.known) };
  return { total, unknown, ...(hasClusters ? { clusters } : {}) };
}

interface Tally {
  both: number;
  onlyOne: number;
  onlyOther: number;
  neither: number;
}

function emptyTally(): Tally {
  return { both: 0, onlyOne: 0, onlyOther: 0, neither: 0 };
}

function add({ low, high, known }: Readings<Tally>, one: CountedAs, other: CountedAs): void {
  low[cellOf(one === "failed", other !== "clean")] += 1;
  high[cellOf(one !== "clean", other === "failed")] += 1;
  if (one !== "unknown" && other !== "unknown") known[cellOf(one === "failed", other === "failed")] += 1;
}

function cellOf(oneFails: boolean, otherFails: boolean): keyof Tally {
  if (oneFails) return otherFails ? "both" : "onlyOne";
  return otherFails ? "onlyOther" : "neither";
}

function between(low: Interval, high: Interval): Interval {
  return { lower: low.lower, upper: high.upper };
}

/** That the one fails less has to hold with what is unknown against it, and so has that it fails more. */
function worstOf(low: McNemar, high: McNemar): McNemar {
  const [less, more] = [high.oneFailsLess, low.oneFailsMore];
  const isTurned = low.oneFailsLess < low.oneFailsMore !== high.oneFailsLess < high.oneFailsMore;
  return {
    exact: Math.min(1, 2 * Math.min(less, more)),
    midP: isTurned ? 1 : Math.max(low.midP, high.midP),
    oneFailsLess: less,
    oneFailsMore: more,
  };
}

interface ClusteredFields extends Interval {
  readonly clusters: number;
  readonly error: number | null;
  readonly method: ClusteredDifference["method"];
  readonly swapTest: number | null;
}

function clusteredFields({ low, high }: Readings<readonly PairedCounts[]>, level: Level): ClusteredFields {
  const [least, most] = [clusteredDifference(low, level), clusteredDifference(high, level)];
  const isOfOneSign = (least.difference ?? 0) * (most.difference ?? 0) > 0;
  const [lowTest, highTest] = [swapTest(low), swapTest(high)];
  const tested = lowTest === null || highTest === null ? null : Math.max(lowTest, highTest);
  const isSame = least.difference === most.difference;
  return {
    clusters: most.clusters,
    error: most.error,
    ...between(least.interval, most.interval),
    method: most.method,
    swapTest: isSame || isOfOneSign ? tested : 1,
  };
}

interface Compared extends Interval {
  readonly difference: number | null;
  readonly newcombe: Interval;
  readonly mcNemar: McNemar;
  readonly items: number;
  readonly unknown: number;
  readonly onlyOne: number;
  readonly onlyOther: number;
  readonly clustered?: ClusteredFields;
}

function textOf(compared: Compared, level: Level): string {
  const { difference, lower, upper, newcombe, mcNemar: test, items, unknown, onlyOne, onlyOther, clustered } = compared;
  const left = unknown === 0 ? "" : ` (${unknown} unknown, read against each bound)`;
  const rows = [
    [`  Tango`, range({ lower, upper })],
    [`  Newcombe`, range(newcombe)],
    [`  McNemar, two-sided, exact (mid-p)`, `p = ${rateText(test.exact)} (${rateText(test.midP)})`],
    [`  McNemar, one-sided: the one fails less`, `p = ${rateText(test.oneFailsLess)}`],
    [`  McNemar, one-sided: the one fails more`, `p = ${rateText(test.oneFailsMore)}`],
  ];
  if (clustered !== undefined) {
    rows.push(
      [`  over ${clustered.clusters} clusters`, range(clustered)],
      [
        `  swapping names in whole clusters, exact`,
        clustered.swapTest === null ? "too many for it" : `p = ${rateText(clustered.swapTest)}`,
      ],
    );
  }
  return [
    `${items} items${left}: only the one fails on ${onlyOne}, only the other on ${onlyOther}. Failure rate of the one minus that of the other: ${rateText(difference)}, at ${levelText(level)} confidence, two-sided:`,
    tableOf(rows),
    `So ${shownBy([compared, newcombe, ...(clustered === undefined ? [] : [clustered])])}.`,
  ].join("\n");
}

/** Shown is what every interval says that stands above. */
function shownBy(intervals: readonly Interval[]): string {
  if (intervals.every(({ lower }) => lower > 0)) return "the one is shown to fail more than the other";
  if (intervals.every(({ upper }) => upper < 0)) return "the one is shown to fail less than the other";
  return "neither is shown to fail more than the other";
}

function range({ lower, upper }: Interval): string {
  return `from ${rateText(lower)} to ${rateText(upper)}`;
}
