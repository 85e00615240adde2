// How the counts of a watch came to be, for a chart: a point each time they grow. Of one measure and period there are never more than
// `pointsMax`: where they are, every other one is dropped, so that what is older is told more coarsely. Nothing is judged by them.
import { z } from "zod";
import type { Queries, Transaction } from "../store/database.ts";
import { Instant, type Name } from "../terms/ids.ts";

export interface PointPlace {
  readonly model: Name;
  /** The entry that the period began with. */
  readonly began: number;
  readonly measure: string;
}

/** Points kept of one measure and period. */
const pointsMax = 256;

const Counts = z.object({ exchanges: z.number().int(), bad: z.number().int(), good: z.number().int() });

/** What the counts are by now, as the store answered. A label alone changes the newest point. */
export async function addPoint(
  transaction: Transaction,
  { model, began, measure }: PointPlace,
  { row, now }: { readonly row: unknown; readonly now: Instant },
): Promise<void> {
  const { exchanges, bad, good } = Counts.parse(row);
  await transaction.query(
    `INSERT INTO watch_point (model, began, measure, exchanges, bad, good, at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (model, began, measure, exchanges) DO UPDATE SET bad = excluded.bad, good = excluded.good`,
    [model, began, measure, exchanges, bad, good, now],
  );
  await thin(transaction, { model, began, measure });
}

async function thin(transaction: Transaction, { model, began, measure }: PointPlace): Promise<void> {
  const place = [model, began, measure] as const;
  const rows = await transaction.query(
    "SELECT exchanges FROM watch_point WHERE model = ? AND began = ? AND measure = ? ORDER BY exchanges DESC",
    place,
  );
  if (rows.length <= pointsMax) return;
  // Newest first: the newest stays, whatever is dropped.
  const dropped = rows
    .filter((_, at) => at % 2 === 1)
    .map((row) => Counts.pick({ exchanges: true }).parse(row).exchanges);
  await transaction.query(
    `DELETE FROM watch_point WHERE model = ? AND began = ? AND measure = ? AND exchanges IN (${dropped.map(() => "?").join(", ")})`,
    [...place, ...dropped],
  );
}

export interface Point {
  readonly exchanges: number;
  readonly bad: number;
  readonly good: number;
  readonly at: Instant;
}

const Row = Counts.extend({ began: z.number().int(), measure: z.string(), at: Instant });

/** Points read of one model: six periods of eight measures that are full. */
const rowsMax = 6 * 8 * pointsMax;

/** The points of a model's newest periods, oldest first, by the entry that their period began with and by measure. */
export async function pointsOf(
  queries: Queries,
  model: Name,
): Promise<ReadonlyMap<number, ReadonlyMap<string, readonly Point[]>>> {
  const rows = await queries.query(
    `SELECT began, measure, exchanges, bad, good, at FROM watch_point WHERE model = ?
     ORDER BY began DESC, measure, exchanges LIMIT ?`,
    [model, rowsMax],
  );
  const periods = new Map<number, Map<string, Point[]>>();
  for (const { began, measure, ...point } of rows.map((row) => Row.parse(row))) {
    const period = periods.get(began) ?? new Map<string, Point[]>();
    periods.set(began, period);
    period.set(measure, [...(period.get(measure) ?? []), point]);
  }
  return periods;
}

/** At most so many of them, evenly taken, the first and the last always among them. */
export function thinned(points: readonly Point[], countMax: number): readonly Point[] {
  if (points.length <= countMax) return points;
  const every = (points.length - 1) / (countMax - 1);
  return Array.from({ length: countMax }, (_, at) => points[Math.round(at * every)]).filter(
    (point) => point !== undefined,
  );
}
