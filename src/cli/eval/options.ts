// The options of `headgate eval run`, `register` and `headgate eval import`, parsed.
import { z } from "zod";
import { Slot } from "../../acts/bodies.ts";
import { Name, PermitId, RunId } from "../../terms/ids.ts";
import { OpenStage } from "../../terms/stage.ts";
import { JudgeOrigins } from "./suite-servers.ts";

/** For how long a run's texts are kept, in days, unless it is said. */
const keepDaysDefault = 90;

/** What a plan says, and for how long its run's texts are kept. */
const plan = {
  model: Name.optional(),
  slot: Slot.default("candidate"),
  stage: OpenStage.optional(),
  attempts: z.coerce.number().int().min(1).max(1000).default(1),
  hours: z.coerce.number().int().min(1).max(168).default(24),
  confidence: z.coerce.number().gt(0.5).lt(1).optional(),
  keep: z.coerce.number().int().min(1).max(3650).default(keepDaysDefault),
  rule: z.enum(["fixed", "sequential"]).default("fixed"),
  limit: z.coerce.number().gt(0).lt(1).optional(),
  requirement: Name.optional(),
  bare: z.boolean().default(false),
  /** A live measure of the watch over what is certified. */
  probe: Name.optional(),
} as const;
export type PlanOptions = z.infer<z.ZodObject<typeof plan>>;

export const RegisterOptions = z.object({ ...plan, look: z.boolean().default(false) });
export type RegisterOptions = z.infer<typeof RegisterOptions>;

export const RunOptions = z.object({
  ...plan,
  concurrency: z.coerce.number().int().min(1).max(64).default(4),
  maxRequests: z.coerce.number().int().min(1).max(1_000_000_000).optional(),
  maxTokens: z.coerce.number().int().min(1).max(1_000_000_000_000).optional(),
  maxMinutes: z.coerce.number().gt(0).max(10_080).optional(),
  judgeOrigin: JudgeOrigins.optional(),
  perMinute: z.coerce.number().gt(0).max(1_000_000).optional(),
  permit: PermitId.optional(),
  resume: RunId.optional(),
  seal: z.boolean().default(false),
});
export type RunOptions = z.infer<typeof RunOptions>;

export const ImportOptions = z.object({
  model: Name,
  suite: Name,
  measure: Name,
  /** The words of the report that mean the measure's failure, with commas between them. */
  failure: z
    .string()
    .regex(/^[\w.-]+(,[\w.-]+)*$/, "words of the report, with commas between them: for example I, or I,N; fail; hit")
    .optional(),
  format: z.enum(["inspect", "promptfoo", "garak"]).optional(),
  scorer: z.string().min(1).max(200).optional(),
  cluster: z.string().min(1).max(200).optional(),
  category: z.string().min(1).max(200).optional(),
  target: z.string().min(1).max(200).optional(),
  map: z.string().min(1).optional(),
  hitlog: z.string().min(1).optional(),
  look: z.boolean().default(false),
});
export type ImportOptions = z.infer<typeof ImportOptions>;

export const GradeOptions = z.object({
  /** Write answers into this file, for somebody who marks them elsewhere. */
  handOut: z.string().min(1).optional(),
  for: z.enum(["first", "second", "third"]).default("second"),
  /** Take marks in that somebody made elsewhere. */
  takeIn: z.string().min(1).optional(),
  /** Marks, a JSON object a line, in place of keys. */
  file: z.string().min(1).optional(),
  /** Of a hand-out: where its marks go. */
  out: z.string().min(1).optional(),
});
export type GradeOptions = z.infer<typeof GradeOptions>;
