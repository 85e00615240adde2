// `headgate guard compare`: two cards of a detector, or two results of bench/safeguards.ts, set by set: what a new version
// finds more, and less, and where that is more than chance. No server.
import { z } from "zod";
import type { Counts } from "../../statistics/counts.ts";
import { differenceOfShares } from "../../statistics/difference.ts";
import { percent } from "../../statistics/share.ts";
import { Failure } from "../../terms/failure.ts";
import { type Answer, done } from "../answer.ts";
import { readNeeded } from "../files.ts";
import { legible } from "../legible.ts";
import { type Call, argument } from "../verb.ts";

export const CompareOptions = z.object({});

const confidence = 0.95;
const fileBytesMax = 16 * 1024 * 1024;

const Label = z.enum(["harmful", "benign"]);
const count = z.number().int().nonnegative();

/** The shares of rows held back from training, by the benign rate that the thresholds stand for. */
const Card = z
  .object({
    safeguard: z.string(),
    held: z.record(
      z.string(),
      z.array(z.object({ source: z.string(), label: Label, rows: count, flagged: z.number().min(0).max(1) })),
    ),
  })
  .transform(({ safeguard, held }): Measured => ({
    of: safeguard,
    sets: Object.entries(held).flatMap(([rate, rows]) =>
      rows.map((row) => ({
        set: row.source,
        label: row.label,
        rate: Number(rate),
        counts: { failures: Math.round(row.flagged * row.rows), trials: row.rows },
      })),
    ),
  }));

const Quality = z
  .object({
    bench: z.literal("safeguards"),
    digest: z.string(),
    rates: z.array(z.number()),
    sets: z.array(z.object({ set: z.string(), surface: z.string(), label: Label, of: count, flagged: z.array(count) })),
  })
  .transform(({ digest, rates, sets }): Measured => ({
    of: digest,
    sets: sets.flatMap(({ set, surface, label, of, flagged }) =>
      rates.flatMap((rate, at) => {
        const failures = flagged[at];
        return failures === undefined
          ? []
          : [{ set: `${set} (${surface})`, label, rate, counts: { failures, trials: of } }];
      }),
    ),
  }));

interface Measured {
  readonly of: string;
  readonly sets: readonly MeasuredSet[];
}

interface MeasuredSet {
  readonly set: string;
  readonly label: string;
  readonly rate: number;
  readonly counts: Counts;
}

interface Change {
  readonly set: string;
  readonly label: string;
  readonly rate: number;
  /** Null where only the other file has the set. */
  readonly before: number | null;
  readonly after: number | null;
  /** Of after less before. */
  readonly interval: readonly [lower: number, upper: number] | null;
  readonly change: "better" | "worse" | "not shown" | "only one";
}

export async function compare(call: Call<z.infer<typeof CompareOptions>>): Promise<Answer> {
  const [before, after] = await Promise.all(
    [argument(call, 0), argument(call, 1)].map(async (path) => readMeasured(path)),
  );
  if (before === undefined || after === undefined) throw new Failure("request_invalid", "Two files are compared.");
  const changes = changesOf(before, after);
  if (!changes.some(({ change }) => change !== "only one"))
    throw new Failure("request_invalid", "The two files have no set at the same rate in common.");
  const json = { before: before.of, after: after.of, confidence, changes };
  return done(json, textOf(json));
}

async function readMeasured(path: string): Promise<Measured> {
  const read = z.union([Card, Quality]).safeParse(jsonIn(path));
  if (read.success) return read.data;
  throw new Failure(
    "request_invalid",
    `${path} is neither the card of a detector (misuse-….card.json) nor a result of bench/safeguards.ts.`,
  );
}

function jsonIn(path: string): unknown {
  try {
    return JSON.parse(Buffer.from(readNeeded(path, fileBytesMax)).toString("utf8"));
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure("request_invalid", `${path} is not JSON.`, { cause });
  }
}

function changesOf(before: Measured, after: Measured): Change[] {
  const known = new Map(before.sets.map((one) => [nameOf(one), one]));
  const others = new Map(after.sets.map((one) => [nameOf(one), one]));
  return [...new Set([...known.keys(), ...others.keys()])].flatMap((name) => {
    const [left, right] = [known.get(name), others.get(name)];
    const named = left ?? right;
    return named === undefined ? [] : [changeOf(named, left?.counts, right?.counts)];
  });
}

function nameOf({ set, label, rate }: MeasuredSet): string {
  return JSON.stringify([rate, set, label]);
}

function changeOf({ set, label, rate }: MeasuredSet, before: Counts | undefined, after: Counts | undefined): Change {
  const known = { set, label, rate, before: shareOf(before), after: shareOf(after) };
  if (before === undefined || after === undefined || before.trials === 0 || after.trials === 0)
    return { ...known, interval: null, change: "only one" };
  const { lower, upper } = differenceOfShares(after, before, confidence);
  return { ...known, interval: [lower, upper], change: wordFor({ lower, upper }, label) };
}

/** More of what is harmful is better, less of what is benign. */
function wordFor(
  { lower, upper }: { readonly lower: number; readonly upper: number },
  label: string,
): Change["change"] {
  if (lower <= 0 && upper >= 0) return "not shown";
  return lower > 0 === (label === "harmful") ? "better" : "worse";
}

function shareOf(counts: Counts | undefined): number | null {
  return counts === undefined || counts.trials === 0 ? null : counts.failures / counts.trials;
}

interface Compared {
  readonly before: string;
  readonly after: string;
  readonly changes: readonly Change[];
}

function textOf({ before, after, changes: all }: Compared): string {
  const changes = all.map((one) => ({ ...one, set: legible(one.set), label: legible(one.label) }));
  const wide = changes.reduce((most, { set }) => Math.max(most, set.length), 3) + 2;
  const head = `${"rate".padEnd(8)}${"set".padEnd(wide)}${"label".padEnd(10)}${"before".padStart(8)}${"after".padStart(8)}   change`;
  const shown = (["worse", "better", "not shown", "only one"] as const).flatMap((word) =>
    changes.filter(({ change }) => change === word),
  );
  const lines = shown.map((one) => {
    const place = `${percent(one.rate).padEnd(8)}${one.set.padEnd(wide)}${one.label.padEnd(10)}`;
    return `${place}${percentOrNone(one.before).padStart(8)}${percentOrNone(one.after).padStart(8)}   ${changeText(one)}`;
  });
  const of = (word: Change["change"]): number => changes.filter(({ change }) => change === word).length;
  const sum = `${of("better")} better, ${of("worse")} worse, ${of("not shown")} with no change shown, ${of("only one")} in one file only.`;
  const about = `Before: ${legible(before)}. After: ${legible(after)}. Share flagged; 95 % intervals of the difference (Newcombe), as of two samples.`;
  return [about, "", head, ...lines, "", sum].join("\n");
}

function changeText({ interval, change }: Change): string {
  if (interval === null) return change;
  const [lower, upper] = interval.map((share) => `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)}`);
  return `${change} (${lower} to ${upper} points)`;
}

function percentOrNone(share: number | null): string {
  return share === null ? "–" : percent(share);
}
