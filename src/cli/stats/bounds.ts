// `headgate stats upper`, `lower` and `interval`: a rate from counts fixed in advance, or from attempts in clusters.
import { z } from "zod";
import {
  chanceInTries,
  clopperPearson,
  clopperPearsonLower,
  clopperPearsonUpper,
  wilson,
} from "../../statistics/binomial.ts";
import {
  clusteredInterval,
  clusteredRate,
  effectiveBounds,
  effectiveTrials,
  meanShare,
  meanShareBounds,
  type ClusteredRate,
  type MeanShare,
} from "../../statistics/cluster.ts";
import { doubtOf, type Counts, type Interval, type Level } from "../../statistics/counts.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import {
  countFlags,
  countOptions,
  countsOf,
  levelFields,
  levelFlags,
  levelOf,
  levelOptions,
  levelText,
  rateText,
  tableOf,
} from "./options.ts";
import { clustersMax, nameOf, outcomesIn } from "./outcomes.ts";
import type { Call } from "../verb.ts";

export const BoundOptions = z.object({
  ...countOptions,
  ...levelOptions,
  outcomes: z.string().min(1).optional(),
  tries: z.coerce.number().int().min(1).max(1_000_000_000).optional(),
});
type BoundOptions = z.infer<typeof BoundOptions>;

export const boundFlags = [
  ...countFlags,
  [
    "--outcomes <file>",
    "in their place: one trial a line, failed, clean or unknown, after its cluster and a comma or not; - is the standard input",
  ],
  ["--tries <count>", "also of so many tries against one item: at least one of them fails"],
  ...levelFlags,
] as const;

export type Side = "upper" | "lower" | "interval";

/** Independent units: trials, or clusters where there are any. Unknown ones fail in upper bounds and pass in lower ones. */
interface Units {
  readonly failed: number;
  readonly unknown: number;
  readonly of: number;
}

interface Counted {
  readonly units: Units;
  /** What was counted, as the answer names it. */
  readonly fields: Readonly<Record<string, number>>;
  /** Attempts by cluster, with what is unknown counted as failed, and as clean. */
  readonly attempts?: { readonly worst: readonly Counts[]; readonly best: readonly Counts[] };
}

export async function bound(call: Call<BoundOptions>, side: Side): Promise<Answer> {
  const { options } = call;
  const level = levelOf(options);
  const counted = await countedIn(call);
  const { units, fields } = counted;
  const found = boundsOf(units, level, side);
  const tried = options.tries;
  const json = {
    ...(side === "interval" ? { estimate: units.failed / units.of } : {}),
    ...found,
    method: "clopper-pearson",
    ...fields,
    ...levelFields(level),
    ...(side === "interval" ? { wilson: wilsonOf(units, level) } : {}),
    ...(tried === undefined ? {} : { ofTries: mapped(found, (rate) => chanceInTries(rate, tried)) }),
    ...(counted.attempts === undefined ? {} : { attempts: attemptsOf(counted.attempts, level, side) }),
  };
  const lines = [`${subject(counted)}: the rate is ${inWords(found)}, ${sidesText(side, level)} (Clopper-Pearson).`];
  if (json.ofTries !== undefined)
    lines.push(`Of ${tried} tries against one item, at least one fails with a chance of ${inWords(json.ofTries)}.`);
  if (json.wilson !== undefined) lines.push(`Wilson's interval, for drawing: ${inWords(json.wilson)}.`);
  if (json.attempts !== undefined) lines.push(attemptsText(json.attempts));
  return done(json, lines.join("\n"));
}

async function countedIn({ options, context }: Call<BoundOptions>): Promise<Counted> {
  const counts = countsOf(options);
  if (options.outcomes !== undefined) {
    if (counts !== undefined)
      throw new Failure("request_invalid", "--outcomes stands in place of --failures and --trials: leave them out.");
    return countedFrom(options.outcomes, context);
  }
  if (counts === undefined)
    throw new Failure(
      "request_invalid",
      "--failures and --trials say what was counted, or --outcomes a file. See --help.",
    );
  const { failures, trials } = counts;
  return { units: { failed: failures, unknown: 0, of: trials }, fields: { failures, trials } };
}

interface Attempts {
  failed: number;
  unknown: number;
  clean: number;
}

async function countedFrom(path: string, context: Context): Promise<Counted> {
  const all: Attempts = { failed: 0, unknown: 0, clean: 0 };
  const byCluster = new Map<string, Attempts>();
  for await (const { cluster, outcomes } of outcomesIn(path, 1, context)) {
    const [outcome = "unknown"] = outcomes;
    all[outcome] += 1;
    if (cluster === undefined) continue;
    const attempts = byCluster.get(cluster) ?? { failed: 0, unknown: 0, clean: 0 };
    attempts[outcome] += 1;
    byCluster.set(cluster, attempts);
    if (byCluster.size > clustersMax)
      throw new Failure("request_invalid", `${nameOf(path)} names more than ${clustersMax} clusters.`);
  }
  const trials = sizeOf(all);
  const fields = { failures: all.failed, unknown: all.unknown, trials };
  if (byCluster.size === 0) return { units: { failed: all.failed, unknown: all.unknown, of: trials }, fields };
  const clusters = [...byCluster.values()];
  const failed = clusters.filter((one) => one.failed > 0).length;
  const unknown = clusters.filter((one) => one.failed === 0 && one.unknown > 0).length;
  return {
    units: { failed, unknown, of: clusters.length },
    fields: { ...fields, clusters: clusters.length, clustersFailed: failed, clustersUnknown: unknown },
    attempts: {
      worst: clusters.map((one) => ({ failures: one.failed + one.unknown, trials: sizeOf(one) })),
      best: clusters.map((one) => ({ failures: one.failed, trials: sizeOf(one) })),
    },
  };
}

function sizeOf({ failed, unknown, clean }: Attempts): number {
  return failed + unknown + clean;
}

type Bounds = Partial<Interval>;

function boundsOf(units: Units, level: Level, side: Side): Bounds {
  const { worst, best } = ends(units);
  if (side === "upper") return { upper: clopperPearsonUpper(worst, level) };
  if (side === "lower") return { lower: clopperPearsonLower(best, level) };
  return { lower: clopperPearson(best, level).lower, upper: clopperPearson(worst, level).upper };
}

function wilsonOf(units: Units, level: Level): Interval {
  const { worst, best } = ends(units);
  return { lower: wilson(best, level).lower, upper: wilson(worst, level).upper };
}

function ends({ failed, unknown, of }: Units): { readonly worst: Counts; readonly best: Counts } {
  return { worst: { failures: failed + unknown, trials: of }, best: { failures: failed, trials: of } };
}

interface ShownAttempts extends Omit<ClusteredRate, "clusters" | "trials" | "failures"> {
  /** Of the mean of the clusters' shares: it holds whatever they are. */
  readonly meanShare: Bounds & { readonly estimate: number };
  readonly effectiveTrials: number;
  readonly effective: Bounds;
  readonly clustered: Bounds | null;
}

/** Of the attempts, not the clusters. Errors are those of the worst reading. */
function attemptsOf({ worst, best }: NonNullable<Counted["attempts"]>, level: Level, side: Side): ShownAttempts {
  const doubt = side === "interval" ? doubtOf(level) / 2 : doubtOf(level);
  const [low, high] = [readingOf(best, doubt), readingOf(worst, doubt)];
  const { clusters: _clusters, trials: _trials, failures: _failures, ...shown } = high.measured;
  const between = (one: Interval, other: Interval): Bounds => onSide({ lower: one.lower, upper: other.upper }, side);
  return {
    ...shown,
    rate: low.measured.rate,
    meanShare: { estimate: low.share.mean, ...between(low.shareBounds, high.shareBounds) },
    effectiveTrials: effectiveTrials(high.measured),
    effective: between(low.effective, high.effective),
    clustered:
      low.clustered === undefined || high.clustered === undefined ? null : between(low.clustered, high.clustered),
  };
}

interface Reading {
  readonly measured: ClusteredRate;
  readonly share: MeanShare;
  readonly shareBounds: Interval;
  readonly effective: Interval;
  readonly clustered: Interval | undefined;
}

/** One-sided bounds, with `doubt` on each side. */
function readingOf(clusters: readonly Counts[], doubt: number): Reading {
  const measured = clusteredRate(clusters);
  const share = meanShare(clusters);
  return {
    measured,
    share,
    shareBounds: meanShareBounds(share, { doubt }),
    effective: effectiveBounds(measured, { doubt }),
    // An interval with twice the doubt. Above a half there is none.
    clustered: doubt * 2 > 0.5 ? undefined : clusteredInterval(measured, { doubt: doubt * 2 }),
  };
}

function onSide({ lower, upper }: Interval, side: Side): Bounds {
  return side === "upper" ? { upper } : side === "lower" ? { lower } : { lower, upper };
}

function mapped({ lower, upper }: Bounds, change: (rate: number) => number): Bounds {
  return {
    ...(lower === undefined ? {} : { lower: change(lower) }),
    ...(upper === undefined ? {} : { upper: change(upper) }),
  };
}

function subject({ units, attempts }: Counted): string {
  const unknown = units.unknown === 0 ? "" : ` and ${units.unknown} unknown`;
  return `${units.failed}${unknown} of ${units.of}${attempts === undefined ? "" : " clusters"}`;
}

function inWords({ lower, upper }: Bounds): string {
  if (lower === undefined) return `at most ${rateText(upper ?? 1)}`;
  return upper === undefined ? `at least ${rateText(lower)}` : `from ${rateText(lower)} to ${rateText(upper)}`;
}

function sidesText(side: Side, level: Level): string {
  return `${side === "interval" ? "two-sided" : "one-sided"}, at ${levelText(level)} confidence`;
}

function attemptsText(shown: ShownAttempts): string {
  const { rate, naiveError, clusteredError, designEffect, correlation } = shown;
  return [
    "Of attempts:",
    tableOf([
      ["  rate", rateText(rate)],
      ["  mean share of a cluster, whatever the shares are", inWords(shown.meanShare)],
      ["  standard error, clustered (as if independent)", `${rateText(clusteredError)} (${rateText(naiveError)})`],
      ["  design effect", rateText(designEffect)],
      ["  correlation within clusters", rateText(correlation)],
      [
        `  on ${Number(shown.effectiveTrials.toFixed(1))} effective trials (Korn-Graubard, approximate)`,
        inWords(shown.effective),
      ],
      [
        "  by the clustered error and t (approximate)",
        shown.clustered === null ? "says nothing here" : inWords(shown.clustered),
      ],
    ]),
  ].join("\n");
}
