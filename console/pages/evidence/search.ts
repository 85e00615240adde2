// What the addresses of the evidence pages carry: filters, order, page, and what is open. An address that says something unknown shows the
// page without it.
import { z } from "zod";
import { TrialOutcome } from "../../../src/terms/trial.ts";

/** The router reads what looks like a number as one. */
const Text = z.union([z.string(), z.number().transform(String)]);
const optional = <T extends z.ZodType>(type: T): z.ZodCatch<z.ZodOptional<T>> => type.optional().catch(undefined);
const Place = z.number().int().nonnegative().max(1_000_000);

export const RunsSearch = z.object({
  model: optional(Text),
  suite: optional(Text),
  person: optional(Text),
  basis: optional(z.enum(["measured-here", "declared"])),
  slot: optional(z.enum(["candidate", "in-force"])),
  standing: optional(z.enum(["counts", "withdrawn", "unfinished"])),
  since: optional(Text),
  until: optional(Text),
  after: optional(Place),
  /** Rows before those of the page. */
  passed: optional(Place),
});
export type RunsSearch = z.infer<typeof RunsSearch>;

const sampleFilter = {
  outcome: optional(TrialOutcome),
  counts: optional(z.enum(["failed", "unknown", "clean"])),
  category: optional(Text),
  attack: optional(Text),
  differ: optional(z.literal(true)),
  q: optional(Text),
  sort: optional(z.enum(["worst", "id", "category", "at"])),
};

export const RunSearch = z.object({
  tab: optional(z.enum(["samples", "record"])),
  ...sampleFilter,
  from: optional(Place),
  sample: optional(Place),
});
export type RunSearch = z.infer<typeof RunSearch>;

export const RunParams = z.object({ digest: z.string() });

export const CompareSearch = z.object({ a: optional(Text), b: optional(Text), from: optional(Place) });
export type CompareSearch = z.infer<typeof CompareSearch>;

/** As the server reads it; what is not set is left out. */
export function queryOf(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(set.map(([name, value]): [string, string] => [name, String(value)])).toString();
  return query === "" ? "" : `?${query}`;
}

/** The part of an address that says which samples, in which order. */
export function filterOf({
  outcome,
  counts,
  category,
  attack,
  differ,
  q,
  sort,
}: RunSearch): Parameters<typeof queryOf>[0] {
  return { outcome, counts, category, attack, differ, q, sort };
}
