// `GET /api/v1/models/:model/watch/series`: how the live measures of a stage that opens by steps came to where they are, step by step,
// for a chart. Bounded: periods, and points of each.
import { z } from "zod";
import { CertificateId, Name, Timestamp } from "../terms/ids.ts";
import { OpenStage } from "../terms/stage.ts";

export const canaryRoutes = { series: "/api/v1/models/:model/watch/series" } as const;

/** Newest periods of a certificate that are shown, and points of one measure in each. */
export const seriesPeriodsMax = 6;
export const seriesPointsMax = 60;

const PointView = z.object({
  at: Timestamp,
  exchanges: z.number().int(),
  bad: z.number().int(),
  good: z.number().int(),
  unknown: z.number().int(),
  /** Bad ones among those with a label; null where none has one. */
  rate: z.number().nullable(),
  /** Always-valid: of the rate, at all moments of the period at once. */
  lower: z.number(),
  upper: z.number(),
});

const SeriesMeasure = z.object({
  id: Name,
  measure: z.enum(["safeguard-failures", "confirmed-misuse", "over-blocking"]),
  limit: z.number(),
  /** The part of its error that this period may use: the band is right but for it. */
  alpha: z.number(),
  points: z.array(PointView).max(seriesPointsMax),
});

const PeriodView = z.object({
  /** Counts the steps up and down, from 1 on. */
  period: z.number().int(),
  /** The ledger entry that it began with. */
  entry: z.number().int(),
  since: Timestamp,
  /** From 1 on, and the part of its callers that it opens the stage to. */
  step: z.number().int(),
  open: z.number(),
  /** `watch`: the server stepped back for a live measure, `cause`. */
  by: z.enum(["certificate", "person", "watch"]),
  cause: Name.nullable(),
  measures: z.array(SeriesMeasure),
});

export const SeriesView = z.object({
  series: z
    .object({
      model: Name,
      certificate: CertificateId,
      stage: OpenStage,
      steps: z.array(z.number()),
      by: z.enum(["organisation", "key"]),
      /** Oldest first; those with no exchange before the one that runs are left out. */
      periods: z.array(PeriodView).max(seriesPeriodsMax),
    })
    /** Null where the stage that is certified has no watch. */
    .nullable(),
});
export type SeriesView = z.infer<typeof SeriesView>;
