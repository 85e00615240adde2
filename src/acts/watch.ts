// The watch over a stage that opens by steps: live measures that stand in the plan and are signed with the certificate, each with
// its own limit and its own part of the error. What is counted of them decides whether the server steps back by itself.
import { z } from "zod";
import { Name } from "../terms/ids.ts";

const common = {
  /** What a step back names as its cause. */
  id: Name,
  /** The rate that must not be exceeded. */
  limit: z.number().gt(0).lt(1),
  /** How often, at the most, a stage within the limit is stepped back for this measure, over all steps of its certificate together. */
  alpha: z.number().gt(0).lte(0.2),
  /** Before so many exchanges are counted nothing is said in favour of the next step. */
  exchangesMin: z.number().int().min(1).max(10_000_000),
  /** Where a step back leads: to the first step, or to the one before. To the first where it is absent. */
  back: z.enum(["first", "one"]).optional(),
};

const sampled = {
  ...common,
  /** The part of the exchanges that somebody looks at. */
  sample: z.number().min(0.000001).lte(1),
  /** Of one organisation in one hour, at the most: none of them makes up the rate by itself. */
  perOrganisationPerHour: z.number().int().min(1).max(10_000),
  /** For so long a text waits for its label; without one it stays unknown. */
  labelHours: z.number().int().min(1).max(168),
  labels: z.strictObject({
    by: z.literal("reviewers"),
    /** Whoever labels sees the answer too, as it was sent. Absent: the request alone. */
    answers: z.literal(true).optional(),
    /** At least so many of the bad are labelled so, and of the good; certain where absent. */
    sensitivity: z.number().gt(0.5).lte(1).optional(),
    specificity: z.number().gt(0.5).lte(1).optional(),
  }),
};

/** What is counted by the receipts of callers. */
export const CallerMeasure = z.discriminatedUnion("measure", [
  z.strictObject({ measure: z.literal("safeguard-failures"), ...common }),
  z.strictObject({ measure: z.literal("confirmed-misuse"), ...sampled }),
  z.strictObject({ measure: z.literal("over-blocking"), ...sampled }),
]);
export type CallerMeasure = z.infer<typeof CallerMeasure>;
export type SampledMeasure = Exclude<CallerMeasure, { measure: "safeguard-failures" }>;

/** Suite items, asked of what is certified and served: how much of the suite at one time, and how often. */
export const Probes = z.strictObject({
  ...common,
  measure: z.literal("probes"),
  /** As the release names it by its digest. */
  suite: Name,
  /** Clusters of the suite that are drawn for each probe; all of them where it has fewer. */
  clusters: z.number().int().min(1).max(10_000),
  /** Within 24 hours, at the most: what probing may cost. */
  perDay: z.number().int().min(1).max(24),
  /** How old the last sealed probe may be for the next step to be taken. */
  withinHours: z.number().int().min(1).max(168),
});
export type Probes = z.infer<typeof Probes>;

export const LiveMeasure = z.discriminatedUnion("measure", [...CallerMeasure.options, Probes]);
export type LiveMeasure = z.infer<typeof LiveMeasure>;

export const Watch = z.strictObject({
  /** `when-shown`: the next step is only taken once every measure is shown to keep its limit. Absent: that is advice. */
  widen: z.literal("when-shown").optional(),
  measures: z
    .array(LiveMeasure)
    .min(1)
    .max(8)
    .refine((measures) => new Set(measures.map(({ id }) => id)).size === measures.length, {
      error: "two measures of this watch have the same id",
    }),
});
export type Watch = z.infer<typeof Watch>;

/** Of a review: the exchange of a watched stage that it labels. Nobody waits for it. */
export const Sample = z.strictObject({ watch: Name, measure: z.enum(["confirmed-misuse", "over-blocking"]) });
export type Sample = z.infer<typeof Sample>;
