// What observe mode, and safeguards in shadow, come to: which exchanges would have been stopped, and by what, read off receipts
// and counted per model and minute. Counts are an index for people, no evidence: nothing that is judged reads them.
import { z } from "zod";
import { Receipt, receiptCharsMax } from "../acts/receipt.ts";
import { parseJson } from "../proof/canonical.ts";
import { fromUtf8 } from "../proof/encoding.ts";
import type { Database, Transaction } from "../store/database.ts";
import { Failure } from "../terms/failure.ts";
import { Surface } from "../terms/finding.ts";
import { type Instant, type Name, instantOf } from "../terms/ids.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Hours that a sum goes back. */
const observedHours = 24;

/** Counts that are older, in days, are dropped when newer ones come. */
export const observedDaysMax = 30;

/** By what it would have been: by all safeguards, where the certificate only observes, or by those in shadow. */
const tables = { observe: "observed", shadow: "shadowed" } as const;
export type ObservedAs = keyof typeof tables;

/** What one receipt adds. */
export interface Observed {
  readonly as: ObservedAs;
  readonly model: Name;
  readonly at: Instant;
  /** What would have stopped it: the side, and the verdict as receipts spell it; null where it would have gone on. */
  readonly by: { readonly side: Surface; readonly verdict: string } | null;
}

/** What a receipt says of observe mode and of shadow, from its bytes; nothing for all others. No signature is checked here. */
export function observedIn(receipt: Uint8Array): readonly Observed[] {
  const text = fromUtf8(receipt);
  if (text?.includes('"would":') !== true && text?.includes('"shadow":') !== true) return [];
  const read = readReceipt(receipt);
  if (read === undefined) return [];
  const { model, would, shadow, stage } = read;
  const about = { model, at: instantOf(read.at) };
  return [
    // What was refused before anything was read tells nothing of safeguards.
    ...(would === undefined || would === "refused"
      ? []
      : [{ as: "observe", ...about, by: whatWouldStop(read) } as const]),
    // Nor do items of a suite tell what callers send.
    ...(shadow === undefined || stage === "permit"
      ? []
      : [{ as: "shadow", ...about, by: whatShadowWould(read) } as const]),
  ];
}

/** What cannot be read is not counted, and recorded all the same: counting is no reason to lose receipts. */
export function readReceipt(bytes: Uint8Array): Receipt | undefined {
  try {
    return Receipt.safeParse(parseJson(bytes, { bytesMax: receiptCharsMax, depthMax: 3, code: "proof_invalid" })).data;
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function whatWouldStop({ would, outcome, input, output }: Receipt): Observed["by"] {
  if (would !== "blocked" || outcome === "blocked") return null;
  return doesStop(input) ? { side: "input", verdict: input } : { side: "output", verdict: output };
}

/** What was stopped anyway adds nothing. */
function whatShadowWould({ shadow = {}, outcome }: Receipt): Observed["by"] {
  if (outcome === "blocked" || outcome === "refused") return null;
  const [first] = Surface.options.flatMap((side) => {
    const verdict = shadow[side];
    return verdict !== undefined && doesStop(verdict) ? [{ side, verdict }] : [];
  });
  return first ?? null;
}

function doesStop(verdict: string): boolean {
  return /^(block|review|unknown):/.test(verdict);
}

export async function addObserved(transaction: Transaction, observed: readonly Observed[]): Promise<void> {
  const groups = Map.groupBy(observed, ({ as, model, at, by }) =>
    JSON.stringify([as, model, minuteOf(at), wordOf(by)]),
  );
  for (const [first, ...more] of groups.values()) {
    if (first === undefined) continue;
    const { as, model, at, by } = first;
    const table = tables[as];
    await transaction.query(
      `INSERT INTO ${table} (model, minute, would, count) VALUES (?, ?, ?, ?)
       ON CONFLICT (model, minute, would) DO UPDATE SET count = ${table}.count + excluded.count`,
      [model, minuteOf(at), wordOf(by), 1 + more.length],
    );
  }
  for (const of of Map.groupBy(observed, ({ as, model }) => JSON.stringify([as, model])).values()) {
    const [first] = of;
    if (first === undefined) continue;
    const latest = Math.max(...of.map(({ at }) => minuteOf(at)));
    const kept = latest - (observedDaysMax * dayMs) / minuteMs;
    await transaction.query(`DELETE FROM ${tables[first.as]} WHERE model = ? AND minute < ?`, [first.model, kept]);
  }
}

/** What it came to over the last hours. */
export interface ObservedSum {
  readonly hours: number;
  readonly exchanges: number;
  /** How many of them would have been stopped. */
  readonly stopped: number;
  /** By what, most first. */
  readonly by: readonly { readonly side: Surface; readonly verdict: string; readonly count: number }[];
}

const Row = z.object({ would: z.string(), count: z.number().int().nonnegative() });

/** From `observedHours` before `at`, to the minute. */
export async function observedSum(
  database: Database,
  { as, model }: Pick<Observed, "as" | "model">,
  at: Instant,
): Promise<ObservedSum> {
  const from = minuteOf(at) - observedHours * 60;
  const rows = await database.query(
    `SELECT would, CAST(sum(count) AS BIGINT) AS count FROM ${tables[as]} WHERE model = ? AND minute > ?
     GROUP BY would ORDER BY count DESC, would`,
    [model, from],
  );
  const counts = rows.map((row) => Row.parse(row));
  const by = counts.flatMap(({ would, count }) => {
    const [side, verdict] = would.split(" ");
    return verdict === undefined ? [] : [{ side: Surface.parse(side), verdict, count }];
  });
  return { hours: observedHours, exchanges: total(counts), stopped: total(by), by };
}

function total(counts: readonly { readonly count: number }[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

function minuteOf(at: Instant): number {
  return Math.floor(at / minuteMs);
}

function wordOf(by: Observed["by"]): string {
  return by === null ? "" : `${by.side} ${by.verdict}`;
}
