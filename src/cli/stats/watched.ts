// `headgate stats sequence` and `evalue`: rates that may be looked at while they are counted.
import { z } from "zod";
import type { BetaShape } from "../../statistics/beta.ts";
import { doubtOf, type Counts, type Interval, type Level } from "../../statistics/counts.ts";
import { logEValue } from "../../statistics/evalue.ts";
import { anytimeInterval, anytimeLower, anytimeUpper, tunedInterval } from "../../statistics/sequence.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import {
  countFlags,
  countOptions,
  countsOf,
  finite,
  levelFields,
  levelFlags,
  levelOf,
  levelOptions,
  levelText,
  rateText,
  tableOf,
} from "./options.ts";
import { type OutcomeLine, outcomesIn } from "./outcomes.ts";
import type { Call } from "../verb.ts";

const watchedOptions = {
  ...countOptions,
  outcomes: z.string().min(1).optional(),
  every: z.coerce.number().int().min(1).optional(),
};

const watchedFlags = [
  ...countFlags,
  [
    "--outcomes <file>",
    "in their place: one trial a line in the order they were made, failed, clean or unknown; - is the standard input",
  ],
  ["--every <count>", "with --outcomes: look after each so many trials, not by the usual schedule"],
] as const;

export const SequenceOptions = z.object({
  ...watchedOptions,
  ...levelOptions,
  tunedFor: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().gt(0).lt(1).optional(),
});
type SequenceOptions = z.infer<typeof SequenceOptions>;

export const sequenceFlags = [
  ...watchedFlags,
  ["--tuned-for <count>", "narrowest near so many trials; to be chosen before the first"],
  ["--limit <rate>", "with --outcomes: also when the rate was first shown to be at most this, or more"],
  ...levelFlags,
] as const;

/** Two parameters of a beta distribution, as they are typed. */
export const Prior = z
  .string()
  .regex(/^[\d.e+-]+,[\d.e+-]+$/, "two numbers with a comma between them, for example 1,1 or 0.5,0.5")
  .transform((text): BetaShape => {
    const [a = Number.NaN, b = Number.NaN] = text.split(",").map(Number);
    return { a, b };
  });

export const EValueOptions = z.object({
  ...watchedOptions,
  ...levelOptions,
  limit: z.coerce.number().gt(0).lt(1),
  prior: Prior.default({ a: 1, b: 1 }),
  rollbackConfidence: z.coerce.number().min(0.5).lt(1).optional(),
});
type EValueOptions = z.infer<typeof EValueOptions>;

export const eValueFlags = [
  ...watchedFlags,
  ["--limit <rate>", "the rate that is bet against"],
  [
    "--prior <a,b>",
    "how the stake is spread, a beta distribution cut off at the limit; default 1,1. To be chosen before the first trial",
  ],
  ["--rollback-confidence <share>", "of the bet that the rate is above the limit; by default as the other's"],
  ...levelFlags,
] as const;

/** A moment at which somebody looks: what was counted so far. */
interface Look {
  readonly failures: number;
  readonly unknown: number;
  readonly trials: number;
}

/** Looks are made at each trial up to this one, then each time the trials have grown by a share. */
const eachUpTo = 1_000;
const sequenceGrowth = 0.01;
/** e-values are cheaper. */
const eValueGrowth = 0.001;

/** Every look of a file, or the one that the counts are. Whatever the schedule is, what is shown holds at all looks at once. */
function looksOf(
  { options, context }: Call<z.infer<z.ZodObject<typeof watchedOptions>>>,
  growth: number,
): AsyncIterable<Look> | readonly Look[] {
  const counts = countsOf(options);
  const { outcomes, every } = options;
  if (outcomes !== undefined) {
    if (counts !== undefined)
      throw new Failure("request_invalid", "--outcomes stands in place of --failures and --trials: leave them out.");
    return looksIn(outcomesIn(outcomes, 1, context), (at) => every ?? (at < eachUpTo ? 1 : Math.floor(at * growth)));
  }
  if (every !== undefined)
    throw new Failure("request_invalid", "--every: looks take the order of trials. Give --outcomes.");
  if (counts === undefined)
    throw new Failure(
      "request_invalid",
      "--failures and --trials say what was counted, or --outcomes a file. See --help.",
    );
  return [{ ...counts, unknown: 0 }];
}

/** `apart` says how many trials lie between one look and the next. The end is always looked at. */
async function* looksIn(
  lines: AsyncIterable<OutcomeLine>,
  apart: (trials: number) => number,
): AsyncGenerator<Look, void, undefined> {
  const look = { failures: 0, unknown: 0, trials: 0 };
  let next = apart(0);
  let seen = 0;
  for await (const { cluster, outcomes } of lines) {
    if (cluster !== undefined)
      throw new Failure(
        "request_invalid",
        "Attempts in clusters are not independent trials: watch one outcome of each cluster.",
      );
    look.trials += 1;
    if (outcomes[0] === "failed") look.failures += 1;
    else if (outcomes[0] === "unknown") look.unknown += 1;
    if (look.trials !== next) continue;
    next += apart(next);
    seen = look.trials;
    yield { ...look };
  }
  if (look.trials !== seen) yield { ...look };
}

function worst({ failures, unknown, trials }: Look): Counts {
  return { failures: failures + unknown, trials };
}

/** The intersection of all intervals up to now: each holds, at all looks at once, so all of them do. */
interface Narrowed {
  readonly interval: Interval;
  readonly oneSided: Interval;
  readonly looks: number;
  readonly last: Look;
  readonly shownAt: number | null;
  readonly exceededAt: number | null;
}

export async function sequence(call: Call<SequenceOptions>): Promise<Answer> {
  const { options } = call;
  const level = levelOf(options);
  if (options.outcomes === undefined && options.limit !== undefined)
    throw new Failure(
      "request_invalid",
      "--limit: when a limit was shown takes the order of trials. Give --outcomes, or ask stats evalue.",
    );
  let narrowed: Narrowed | undefined;
  for await (const look of looksOf(call, sequenceGrowth)) narrowed = narrow(narrowed, look, options);
  if (narrowed === undefined) throw new RangeError("a watched rate has at least one look");
  const { interval, oneSided, last, looks } = narrowed;
  const isConstant = interval.lower <= interval.upper;
  const json = {
    estimate: last.failures / last.trials,
    ...interval,
    method: options.tunedFor === undefined ? "uniform-mixture" : "beta-binomial",
    ...(options.tunedFor === undefined ? {} : { tunedFor: options.tunedFor }),
    oneSided,
    failures: last.failures,
    ...(options.outcomes === undefined ? {} : { unknown: last.unknown }),
    trials: last.trials,
    ...levelFields(level),
    ...(options.outcomes === undefined ? {} : { looks, isConstant }),
    ...(options.limit === undefined
      ? {}
      : { limit: options.limit, shownAt: narrowed.shownAt, exceededAt: narrowed.exceededAt }),
  };
  return done(json, sequenceText(narrowed, options, level));
}

function narrow(before: Narrowed | undefined, look: Look, options: SequenceOptions): Narrowed {
  const level = levelOf(options);
  const { tunedFor, limit = Number.NaN } = options;
  const at = (counts: Counts): Interval =>
    tunedFor === undefined ? anytimeInterval(counts, level) : tunedInterval(counts, level, tunedFor);
  const best = { failures: look.failures, trials: look.trials };
  const interval = { lower: at(best).lower, upper: at(worst(look)).upper };
  const oneSided = { lower: anytimeLower(best, level), upper: anytimeUpper(worst(look), level) };
  const now = {
    interval,
    oneSided,
    looks: 1,
    last: look,
    shownAt: oneSided.upper <= limit ? look.trials : null,
    exceededAt: oneSided.lower > limit ? look.trials : null,
  };
  return before === undefined ? now : both(before, now);
}

function both(before: Narrowed, now: Narrowed): Narrowed {
  return {
    interval: intersection(before.interval, now.interval),
    oneSided: intersection(before.oneSided, now.oneSided),
    looks: before.looks + 1,
    last: now.last,
    shownAt: before.shownAt ?? now.shownAt,
    exceededAt: before.exceededAt ?? now.exceededAt,
  };
}

function intersection(one: Interval, other: Interval): Interval {
  return { lower: Math.max(one.lower, other.lower), upper: Math.min(one.upper, other.upper) };
}

function sequenceText(narrowed: Narrowed, { limit, outcomes }: SequenceOptions, level: Level): string {
  const { interval, oneSided, last, looks, shownAt, exceededAt } = narrowed;
  const lines = [
    `${subject(last)}: the rate is from ${rateText(interval.lower)} to ${rateText(interval.upper)}, at all looks at once, at ${levelText(level)} confidence.`,
    `One-sided: at most ${rateText(oneSided.upper)}; at least ${rateText(oneSided.lower)}.`,
  ];
  if (outcomes !== undefined) lines.push(`Narrowed over ${looks} looks.`);
  if (interval.lower > interval.upper)
    lines.push("No one rate fits all looks: the rate has changed, or the trials are not independent.");
  if (limit !== undefined) {
    lines.push(`Shown to be at most ${limit}: ${when(shownAt)}. Shown to be more: ${when(exceededAt)}.`);
  }
  return lines.join("\n");
}

function subject({ failures, unknown, trials }: Look): string {
  return `${failures}${unknown === 0 ? "" : ` and ${unknown} unknown`} of ${trials}`;
}

/** A bet over all looks. */
interface Run {
  readonly logEValue: number;
  readonly logLargest: number;
  /** Trials at the first look that reached the threshold. */
  readonly reachedAt: number | null;
}

export async function evalue(call: Call<EValueOptions>): Promise<Answer> {
  const { options } = call;
  const level = levelOf(options);
  const { limit, prior, rollbackConfidence = level } = options;
  let last: Look | undefined;
  let looks = 0;
  let [promote, rollback]: readonly [Run | undefined, Run | undefined] = [undefined, undefined];
  for await (const look of looksOf(call, eValueGrowth)) {
    const best = { failures: look.failures, trials: look.trials };
    promote = follow(promote, logEValue(worst(look), { limit, side: "below", prior }), { look, level });
    rollback = follow(rollback, logEValue(best, { limit, side: "above", prior }), { look, level: rollbackConfidence });
    last = look;
    looks += 1;
  }
  if (promote === undefined || rollback === undefined || last === undefined)
    throw new RangeError("a watched rate has at least one look");
  const verdict = verdictOf(promote, rollback);
  const json = {
    verdict,
    limit,
    prior,
    failures: last.failures,
    ...(options.outcomes === undefined ? {} : { unknown: last.unknown }),
    trials: last.trials,
    ...(options.outcomes === undefined ? {} : { looks }),
    ...levelFields(level),
    promote: runFields(promote, level),
    rollback: runFields(rollback, rollbackConfidence),
  };
  return done(json, eValueText(json));
}

function follow(
  before: Run | undefined,
  log: number,
  { look, level }: { readonly look: Look; readonly level: Level },
): Run {
  const isReached = log >= -Math.log(doubtOf(level));
  return {
    logEValue: log,
    logLargest: Math.max(before?.logLargest ?? -Infinity, log),
    reachedAt: before?.reachedAt ?? (isReached ? look.trials : null),
  };
}

/** The bet that was won first; a stake that has once reached its threshold stays won. */
function verdictOf(promote: Run, rollback: Run): "promote" | "rollback" | "hold" {
  if (promote.reachedAt === null && rollback.reachedAt === null) return "hold";
  return (promote.reachedAt ?? Infinity) < (rollback.reachedAt ?? Infinity) ? "promote" : "rollback";
}

interface RunFields {
  readonly eValue: number | null;
  readonly logEValue: number;
  readonly largest: number | null;
  readonly threshold: number | null;
  readonly confidence: number;
  readonly reachedAt: number | null;
}

function runFields(run: Run, level: Level): RunFields {
  return {
    eValue: finite(Math.exp(run.logEValue)),
    logEValue: run.logEValue,
    largest: finite(Math.exp(run.logLargest)),
    threshold: finite(1 / doubtOf(level)),
    confidence: levelFields(level).confidence,
    reachedAt: run.reachedAt,
  };
}

interface Bets extends Look {
  readonly verdict: "promote" | "rollback" | "hold";
  readonly limit: number;
  readonly promote: RunFields;
  readonly rollback: RunFields;
}

function eValueText({
  verdict,
  limit,
  promote,
  rollback,
  ...look
}: Omit<Bets, "unknown"> & { readonly unknown?: number }): string {
  const said = {
    promote: `the rate is shown to be below ${limit}`,
    rollback: `the rate is shown to be above ${limit}`,
    hold: "neither is shown yet: hold",
  } as const;
  return [
    `${subject({ ...look, unknown: look.unknown ?? 0 })}: ${said[verdict]}, whenever one looks.`,
    tableOf([
      ["bet", "e-value", "needed", "reached"],
      row(`below ${limit} (promote)`, promote),
      row(`above ${limit} (rollback)`, rollback),
    ]),
  ].join("\n");
}

function row(name: string, { eValue, logEValue: log, threshold, reachedAt }: RunFields): readonly string[] {
  return [
    name,
    eValue === null ? `e^${log.toPrecision(6)}` : eValue.toPrecision(6),
    threshold === null ? "-" : String(Number(threshold.toPrecision(6))),
    when(reachedAt),
  ];
}

function when(at: number | null): string {
  return at === null ? "not yet" : `after ${at} trials`;
}
