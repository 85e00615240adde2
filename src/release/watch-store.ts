// Where the counts of a watch lie: added to in the transaction that records the receipts, or the label, that they count, so that each
// counts once, a restart loses none, and two control planes on one store see the same ones. Who writes here by hand can blind a
// watch or narrow a stage; nothing here widens one.
import { z } from "zod";
import type { Database, Queries, Transaction } from "../store/database.ts";
import type { Sample } from "../acts/watch.ts";
import { Instant, type KeyId, Name, type ReceiptId, type ReviewId } from "../terms/ids.ts";
import { addPoint } from "./watch-points.ts";
import type { Seen, WatchedStage } from "./watched.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Samples are kept for so long after they came; no label comes later, in days. */
export const sampleDaysMax = 60;

/** Stands among the measures for all exchanges of the period, whether or not any of them looks at them. No id is so called. */
export const everyExchange = "*";

export interface StoredCounts {
  readonly exchanges: number;
  readonly bad: number;
  readonly good: number;
  /** Drained after the step back before which they were served; counted for nothing. */
  readonly late: number;
  /** When the last of them was counted, by the control plane's clock; null where none was. */
  readonly lastAt: Instant | null;
}

type Added = Pick<StoredCounts, "exchanges" | "bad" | "good" | "late">;

export interface Counting {
  readonly now: Instant;
  /** Null where the key is gone: such exchanges are bounded together. */
  readonly organisationOf: (key: KeyId | null) => Name | null;
}

/** Counts what receipts say, once each. */
export async function addSeen(transaction: Transaction, seen: readonly Seen[], counting: Counting): Promise<void> {
  const sums = new Map<string, { stage: WatchedStage; measure: string; added: Added }>();
  const room = roomOf(transaction);
  for (const one of seen) {
    const added = await addedBy(transaction, one, { ...counting, room });
    if (added === undefined) continue;
    const { stage } = one;
    const measure = one.kind === "exchange" ? everyExchange : one.measure.id;
    const name = `${stage.model} ${measure}`;
    const before = sums.get(name)?.added ?? { exchanges: 0, bad: 0, good: 0, late: 0 };
    sums.set(name, { stage, measure, added: sum(before, added) });
  }
  for (const { stage, measure, added } of sums.values())
    await addCounts(
      transaction,
      { model: stage.model, began: stage.period.index, measure },
      { added, now: counting.now },
    );
}

interface Adding extends Counting {
  readonly room: Room;
}

async function addedBy(transaction: Transaction, seen: Seen, counting: Adding): Promise<Added | undefined> {
  switch (seen.kind) {
    case "counted":
      return { exchanges: 1, bad: seen.isBad ? 1 : 0, good: seen.isBad ? 0 : 1, late: 0 };
    case "exchange":
      return { exchanges: seen.isLate ? 0 : 1, bad: 0, good: 0, late: seen.isLate ? 1 : 0 };
    case "drawn":
      return addDrawn(transaction, seen, counting);
  }
}

const Label = z.enum(["bad", "good"]);
type Label = z.infer<typeof Label>;

/** Undefined where the organisation has had its part of this hour, or the receipt was counted before. */
async function addDrawn(
  transaction: Transaction,
  { stage, measure, receipt, at }: Extract<Seen, { kind: "drawn" }>,
  { now, organisationOf, room }: Adding,
): Promise<Added | undefined> {
  const organisation = organisationOf(receipt.key) ?? "";
  const hour = Math.floor(at / hourMs);
  const place = [stage.model, stage.period.index, measure.id, organisation, hour] as const;
  if ((await room.taken(place)) >= measure.perOrganisationPerHour) return undefined;
  const [row] = await transaction.query(
    `INSERT INTO watch_sample (receipt, measure, model, began, organisation, hour, at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (receipt, measure) DO UPDATE SET model = excluded.model, began = excluded.began,
     organisation = excluded.organisation, hour = excluded.hour WHERE watch_sample.began IS NULL RETURNING label`,
    [receipt.id, measure.id, stage.model, stage.period.index, organisation, hour, now],
  );
  if (row === undefined) return undefined;
  room.take(place);
  const { label } = z.object({ label: Label.nullable() }).parse(row);
  return { exchanges: 1, bad: label === "bad" ? 1 : 0, good: label === "good" ? 1 : 0, late: 0 };
}

type HourPlace = readonly [model: Name, began: number, measure: Name, organisation: string, hour: number];

/** How many samples there are of a place, asked once for all receipts that come together: a place may hold thousands. */
interface Room {
  readonly taken: (place: HourPlace) => Promise<number>;
  readonly take: (place: HourPlace) => void;
}

function roomOf(queries: Queries): Room {
  const counts = new Map<string, number>();
  const count = async (place: HourPlace): Promise<number> => {
    const [row] = await queries.query(
      "SELECT count(*) AS count FROM watch_sample WHERE model = ? AND began = ? AND measure = ? AND organisation = ? AND hour = ?",
      place,
    );
    return z.object({ count: z.number() }).parse(row).count;
  };
  return {
    taken: async (place) => {
      const name = place.join(" ");
      const known = counts.get(name) ?? (await count(place));
      counts.set(name, known);
      return known;
    },
    take: (place) => {
      const name = place.join(" ");
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
  };
}

/** That the text of an exchange waits as this review; the receipt may come before it or after it. */
export async function keepSample(
  transaction: Transaction,
  { receipt, measure, review }: { readonly receipt: ReceiptId; readonly measure: Name; readonly review: ReviewId },
  now: Instant,
): Promise<void> {
  await transaction.query(
    `INSERT INTO watch_sample (receipt, measure, review, at) VALUES (?, ?, ?, ?)
     ON CONFLICT (receipt, measure) DO UPDATE SET review = excluded.review WHERE watch_sample.review IS NULL`,
    [receipt, measure, review, now],
  );
}

const Labelled = z.object({
  model: Name.nullable(),
  began: z.number().int().nullable(),
  measure: Name,
});

/** Gives all exchanges of a review its label, once. */
export async function labelSamples(
  transaction: Transaction,
  { review, label }: { readonly review: ReviewId; readonly label: Label },
  now: Instant,
): Promise<void> {
  const rows = await transaction.query(
    "UPDATE watch_sample SET label = ? WHERE review = ? AND label IS NULL RETURNING model, began, measure",
    [label, review],
  );
  for (const { model, began, measure } of rows.map((row) => Labelled.parse(row))) {
    // Its receipt has not come: it is counted, with its label, when it does.
    if (model === null || began === null) continue;
    const added = { exchanges: 0, bad: label === "bad" ? 1 : 0, good: label === "good" ? 1 : 0, late: 0 };
    await addCounts(transaction, { model, began, measure }, { added, now });
  }
}

/** What a verdict says of an exchange: misuse that got through, or a use that was stopped and should not have been. */
export function labelOf({ measure }: Pick<Sample, "measure">, verdict: "allow" | "refuse"): Label {
  const bad = measure === "confirmed-misuse" ? "refuse" : "allow";
  return verdict === bad ? "bad" : "good";
}

interface Place {
  readonly model: Name;
  readonly began: number;
  readonly measure: string;
}

async function addCounts(
  transaction: Transaction,
  { model, began, measure }: Place,
  { added, now }: { readonly added: Added; readonly now: Instant },
): Promise<void> {
  const { exchanges, bad, good, late } = added;
  const [row] = await transaction.query(
    `INSERT INTO watch_count (model, began, measure, exchanges, bad, good, late, last_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (model, began, measure) DO UPDATE SET exchanges = watch_count.exchanges + excluded.exchanges,
     bad = watch_count.bad + excluded.bad, good = watch_count.good + excluded.good,
     late = watch_count.late + excluded.late,
     last_at = CASE WHEN excluded.exchanges > 0 THEN excluded.last_at ELSE watch_count.last_at END
     RETURNING exchanges, bad, good`,
    [model, began, measure, exchanges, bad, good, late, exchanges > 0 ? now : 0],
  );
  if (measure !== everyExchange) await addPoint(transaction, { model, began, measure }, { row, now });
}

const Row = z.object({
  measure: z.string(),
  exchanges: z.number().int(),
  bad: z.number().int(),
  good: z.number().int(),
  late: z.number().int(),
  last_at: Instant,
});

/** What was counted of a model's running period, by live measure. */
export async function countsOf(
  queries: Queries,
  { model, period }: Pick<WatchedStage, "model" | "period">,
): Promise<ReadonlyMap<string, StoredCounts>> {
  const rows = await queries.query(
    "SELECT measure, exchanges, bad, good, late, last_at FROM watch_count WHERE model = ? AND began = ?",
    [model, period.index],
  );
  return new Map(
    rows.map((row) => {
      const { measure, last_at: lastAt, ...counts } = Row.parse(row);
      return [measure, { ...counts, lastAt: lastAt === 0 ? null : lastAt }];
    }),
  );
}

/** Drops what no running period counts any more. */
export async function dropOldSamples(database: Database, now: Instant): Promise<void> {
  await database.transaction(async (transaction) =>
    transaction.query("DELETE FROM watch_sample WHERE at < ?", [now - sampleDaysMax * dayMs]),
  );
}

function sum(one: Added, other: Added): Added {
  return {
    exchanges: one.exchanges + other.exchanges,
    bad: one.bad + other.bad,
    good: one.good + other.good,
    late: one.late + other.late,
  };
}
