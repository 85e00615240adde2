// `headgate guard reliability`: whether the same request gets the same verdict in all its variants: its wordings, its languages, its
// disguises, whatever the file calls dimensions. Per dimension the agreement with intervals, and who disagrees. No server.
import { z } from "zod";
import { decide } from "../../policy/decide.ts";
import { type Agreement, agreementOf, overall } from "../../statistics/agreement.ts";
import type { Interval } from "../../statistics/counts.ts";
import { percent } from "../../statistics/share.ts";
import { Failure } from "../../terms/failure.ts";
import { type UnknownCause, lets } from "../../terms/finding.ts";
import { type Answer, done } from "../answer.ts";
import type { Context } from "../context.ts";
import { legible } from "../legible.ts";
import { type OfflineChain, callerOptions, inspectText, jsonLines, withOfflineChain } from "./offline-chain.ts";
import { type Call, argument } from "../verb.ts";

export const ReliabilityOptions = z.object({
  safeguards: z.string().optional(),
  policy: z.string().optional(),
  ...callerOptions,
});
type ReliabilityOptions = z.infer<typeof ReliabilityOptions>;

const confidence = 0.95;
/** Behaviours that are named of those whose variants disagree. */
const namedMax = 50;
const dimensionsMax = 64;

/** Other fields are ignored. */
const Row = z.object({
  behaviour: z.string().min(1).max(200),
  dimension: z.string().min(1).max(64),
  text: z.string(),
  response: z.string().optional(),
});
type Row = z.infer<typeof Row>;

/** The variants of one request in one dimension. */
interface Behaviour {
  readonly behaviour: string;
  readonly rows: readonly Row[];
}

type Dimensions = ReadonlyMap<string, readonly Behaviour[]>;

interface Counted {
  readonly behaviour: string;
  readonly stopped: number;
  readonly passed: number;
  readonly unknown: number;
}

interface DimensionResult {
  readonly dimension: string;
  /** Null where no behaviour has two variants. */
  readonly agreement: Agreement | null;
  /** In one variant only: nothing can be said of them. */
  readonly alone: number;
  readonly disagreeing: readonly Counted[];
}

export async function reliability(call: Call<ReliabilityOptions>): Promise<Answer> {
  const { dimensions, repeated } = dimensionsIn(argument(call, 0));
  return withOfflineChain(call.options, call.context, async (offline) => {
    const causes = new Map<UnknownCause, number>();
    const results: DimensionResult[] = [];
    const judging = { offline, context: call.context, causes, judged: 0, toldMs: performance.now() };
    for (const [dimension, behaviours] of dimensions) results.push(await resultOf(dimension, behaviours, judging));
    const json = {
      confidence,
      dimensions: results.map(shortened),
      overall: overallOf(results),
      repeated,
      unknown: Object.fromEntries(causes),
    };
    return done(json, [...tableOf(results, json.overall), ...unknownText(causes)].join("\n"));
  });
}

function dimensionsIn(path: string): { readonly dimensions: Dimensions; readonly repeated: number } {
  const known = new Set<string>();
  const dimensions = new Map<string, Map<string, Row[]>>();
  let repeated = 0;
  for (const { value, number } of jsonLines(path)) {
    const row = rowOf(value, number);
    const { behaviour, dimension, text, response = null } = row;
    const key = JSON.stringify([dimension, behaviour, text, response]);
    if (known.has(key)) {
      repeated += 1;
      continue;
    }
    known.add(key);
    const behaviours = dimensions.get(dimension) ?? new Map<string, Row[]>();
    dimensions.set(dimension, behaviours);
    const rows = behaviours.get(behaviour) ?? [];
    behaviours.set(behaviour, rows);
    rows.push(row);
  }
  if (dimensions.size > dimensionsMax)
    throw new Failure("request_invalid", `There are ${dimensions.size} dimensions; ${dimensionsMax} are the most.`);
  const grouped = [...dimensions].map(
    ([dimension, of]) => [dimension, [...of].map(([behaviour, rows]) => ({ behaviour, rows }))] as const,
  );
  if (!grouped.some(([, behaviours]) => behaviours.some(({ rows }) => rows.length > 1)))
    throw new Failure(
      "request_invalid",
      "No behaviour has two variants in one dimension; rows that belong together have the same `behaviour` and `dimension`.",
    );
  return { dimensions: new Map(grouped), repeated };
}

function rowOf(value: unknown, number: number): Row {
  const row = Row.safeParse(value);
  if (row.success) return row.data;
  throw new Failure(
    "request_invalid",
    `Line ${number} is not a row: {"behaviour": …, "dimension": …, "text": …} and, where an answer is judged, "response"; ` +
      "a behaviour has 1 to 200 characters, a dimension 1 to 64.",
  );
}

interface Judging {
  readonly offline: OfflineChain;
  readonly context: Context;
  readonly causes: Map<UnknownCause, number>;
  judged: number;
  toldMs: number;
}

async function resultOf(
  dimension: string,
  behaviours: readonly Behaviour[],
  judging: Judging,
): Promise<DimensionResult> {
  const counted: Counted[] = [];
  for (const { behaviour, rows } of behaviours) {
    const counts = { stopped: 0, passed: 0, unknown: 0 };
    for (const row of rows) counts[await verdictOn(row, judging)] += 1;
    counted.push({ behaviour, ...counts });
  }
  return {
    dimension,
    agreement: agreementOf(counted, confidence) ?? null,
    alone: behaviours.filter(({ rows }) => rows.length === 1).length,
    disagreeing: counted.filter(disagrees),
  };
}

function disagrees({ stopped, passed, unknown }: Counted): boolean {
  const size = stopped + passed + unknown;
  return size > 1 && stopped !== size && passed !== size;
}

const tellEveryMs = 2_000;

async function verdictOn({ text, response }: Row, judging: Judging): Promise<"stopped" | "passed" | "unknown"> {
  const { offline, context, causes } = judging;
  const surface = response === undefined ? "input" : "output";
  const inspection = await inspectText(offline.chain, response ?? text, surface);
  judging.judged += 1;
  if (context.isWatched && performance.now() - judging.toldMs >= tellEveryMs) {
    judging.toldMs = performance.now();
    context.tell(`judged ${judging.judged}\n`);
  }
  if (inspection.kind === "unknown") {
    causes.set(inspection.cause, (causes.get(inspection.cause) ?? 0) + 1);
    return "unknown";
  }
  return lets(decide(inspection, offline.policy, { scopes: [], surface })) ? "passed" : "stopped";
}

type Overall = ({ readonly mean: number } & Interval) | null;

function overallOf(results: readonly DimensionResult[]): Overall {
  const agreements = results.flatMap(({ agreement }) => (agreement === null ? [] : [agreement]));
  return agreements.length === 0 ? null : overall(agreements, confidence);
}

function shortened({ disagreeing, ...result }: DimensionResult): object {
  return { ...result, disagreeing: disagreeing.slice(0, namedMax), disagreeingInAll: disagreeing.length };
}

function tableOf(results: readonly DimensionResult[], all: Overall): readonly string[] {
  const wide = results.reduce((most, { dimension }) => Math.max(most, legible(dimension).length), 9) + 2;
  const head = `${"dimension".padEnd(wide)}${"requests".padEnd(10)}${"variants".padEnd(10)}${"stopped".padEnd(9)}`;
  const lines = results.map((result) => lineOf(result, wide));
  return [
    `${head}${"one verdict for all of them".padEnd(34)}${"two of them agree".padEnd(28)}beyond chance`,
    ...lines,
    "",
    ...(all === null ? [] : [`Over all dimensions two variants of a request agree in ${rangeText(all.mean, all)}.`]),
    ...results.flatMap(disagreeingText),
  ];
}

function lineOf({ dimension, agreement, alone }: DimensionResult, wide: number): string {
  const name = legible(dimension).padEnd(wide);
  if (agreement === null) return `${name}no request has two variants`;
  const { behaviours, variants, stopped, same, pairs, beyondChance } = agreement;
  const counts = `${String(behaviours).padEnd(10)}${String(variants).padEnd(10)}${percent(stopped / variants).padEnd(9)}`;
  const shares = `${`${same.count}, ${rangeText(same.count / behaviours, same)}`.padEnd(34)}${rangeText(pairs.mean, pairs).padEnd(28)}`;
  const apart = alone === 0 ? "" : `; ${alone} in one variant left out`;
  return `${name}${counts}${shares}${beyondChance === null ? "–" : beyondChance.toFixed(2)}${apart}`;
}

function rangeText(share: number, { lower, upper }: Interval): string {
  return `${percent(share)} (${percent(lower)} to ${percent(upper)})`;
}

function disagreeingText({ dimension, disagreeing }: DimensionResult): readonly string[] {
  if (disagreeing.length === 0) return [];
  const named = disagreeing.slice(0, namedMax).map(({ behaviour, stopped, passed, unknown }) => {
    const doubt = unknown === 0 ? "" : `, ${unknown} unknown`;
    return `  ${legible(behaviour)}: ${stopped} stopped, ${passed} passed${doubt}`;
  });
  const more = disagreeing.length > namedMax ? [`  and ${disagreeing.length - namedMax} more`] : [];
  return ["", `Not the same verdict for all, ${legible(dimension)}:`, ...named, ...more];
}

function unknownText(causes: ReadonlyMap<UnknownCause, number>): readonly string[] {
  if (causes.size === 0) return [];
  const named = [...causes].map(([cause, count]) => `${count} ${cause}`).join(", ");
  return ["", `WARNING: some variants could not be judged (${named}). They agree with no other: mend that first.`];
}
