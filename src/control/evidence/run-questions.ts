// What is said between the serving thread and the one that has runs open.
import { z } from "zod";
import { Digest, Timestamp } from "../../terms/ids.ts";
import { TrialOutcome } from "../../terms/trial.ts";
import { SampleFilter } from "../contract-evidence.ts";

const Count = z.number().int().nonnegative();

/** As the contract's filter is once it was read out of an address. */
const Filter = z.strictObject({
  ...SampleFilter.shape,
  outcome: z.array(TrialOutcome).optional(),
  counts: z.array(z.enum(["failed", "unknown", "clean"])).optional(),
});

const about = { id: Count, kind: z.literal("ask"), runs: z.array(Digest).min(1).max(2) };

const Question = z.discriminatedUnion("ask", [
  z.strictObject({ ...about, ask: z.literal("overview") }),
  z.strictObject({ ...about, ask: z.literal("page"), filter: Filter, after: Count, limit: Count }),
  z.strictObject({ ...about, ask: z.literal("sample"), filter: Filter, number: Count }),
  z.strictObject({ ...about, ask: z.literal("compare"), after: Count, limit: Count }),
  z.strictObject({
    ...about,
    ask: z.literal("export"),
    filter: Filter,
    format: z.enum(["csv", "jsonl"]),
    /** What stands beside the samples in an export. */
    exported: z.strictObject({
      evidence: Digest,
      at: Timestamp,
      model: z.string(),
      measure: z.string(),
      basis: z.string(),
      digests: z.record(z.string(), z.string()),
      root: Digest,
    }),
  }),
  z.strictObject({ ...about, ask: z.literal("export-more"), export: Count }),
]);
export type Question = z.infer<typeof Question>;

const Bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

const Loaded = z.strictObject({
  id: Count,
  kind: z.literal("load"),
  /** Act of the evidence statement. */
  run: Digest,
  sealed: Bytes,
  said: z.strictObject({ root: Digest, count: Count, artefact: Digest }),
  /** Canonical bytes of the Suite document. */
  suite: Bytes,
  /** Null for a report from elsewhere: its samples are of no items of ours. */
  items: Bytes.nullable(),
});
export type Loaded = z.infer<typeof Loaded>;

/** Whoever took an export wants no more of it. */
const EndExport = z.strictObject({ id: Count, kind: z.literal("end-export"), export: Count });

export const ToThread = z.union([Question, Loaded, EndExport]);
export type ToThread = z.infer<typeof ToThread>;

export const Reply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("value"), value: z.unknown() }),
  z.object({ kind: z.literal("missing"), run: Digest }),
  z.object({ kind: z.literal("failed"), code: z.string(), message: z.string() }),
]);
export type Reply = z.infer<typeof Reply>;
