// What observe mode comes to: which exchanges would have been stopped, and by what, read off receipts and counted per model
// and minute. Counts are an index for people, no evidence: nothing that is judged reads them.
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
const observedDaysMax = 30;

/** What one receipt adds. */
export interface Observed {
  readonly model: Name;
  readonly at: Instant;
  /** What would have stopped it: the side, and the verdict as receipts spell it; null where it would have gone on. */
  readonly by: { readonly side: Surface; readonly verdict: string } | null;
}

/** What a receipt says of observe mode, from its bytes; undefined for all other receipts. No signature is checked here. */
export function observedIn(receipt: Uint8Array): Observed | undefined {
  if (fromUtf8(receipt)?.includes('"would":') !== true) return undefined;
  const read = readReceipt(receipt);
  // What was refused before anything was read tells nothing of safeguards.
  if (read?.would === undefined || read.would === "refused") return undefined;
  return { model: read.model, at: instantOf(read.at), by: whatWouldStop(read) };
}

/** What cannot be read is not counted, and recorded all the same: counting is no reason to lose receipts. */
function readReceipt(bytes: Uint8Array): Receipt | undefined {
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

function doesStop(verdict: string): boolean {
  return /^(block|review|unknown):/.test(verdict);
}

export async function addObserved(transaction: Transaction, observed: readonly Observed[]): Promise<void> {
  const groups = Map.groupBy(observed, ({ model, at, by }) => JSON.stringify([model, minuteOf(at), wordOf(by)]));
  for (const [first, ...more] of groups.values()) {
    if (first === undefined) continue;
    const { model, at, by } = first;
    await transaction.query(
      `INSERT INTO observed (model, minute, would, count) VALUES (?, ?, ?, ?)
       ON CONFLICT (model, minute, would) DO UPDATE SET count = observed.count + excluded.count`,
      [model, minuteOf(at), wordOf(by), 1 + more.length],
    );
  }
  for (const [model, of] of Map.groupBy(observed, (one) => one.model)) {
    const latest = Math.max(...of.map(({ at }) => minuteOf(at)));
    const kept = latest - (observedDaysMax * dayMs) / minuteMs;
    await transaction.query("DELETE FROM observed WHERE model = ? AND minute < ?", [model, kept]);
  }
}

/** What observe mode came to over the last hours. */
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
export async function observedSum(database: Database, model: Name, at: Instant): Promise<ObservedSum> {
  const from = minuteOf(at) - observedHours * 60;
  const rows = await database.query(
    `SELECT would, CAST(sum(count) AS BIGINT) AS count FROM observed WHERE model = ? AND minute > ?
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
