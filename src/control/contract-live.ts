// The part of the contract about what goes on now: counts by the second of the last quarter of an hour, from the processes that have
// them, and beside them what the ledger recorded in that time. Nothing here is evidence; the ledger is.
import { z } from "zod";
import { Name, PublicKey, Timestamp } from "../terms/ids.ts";
import { GatewayReport } from "../feed/gateway-report.ts";
import { GatewaysView } from "./contract.ts";

export const liveRoutes = { live: "/api/v1/live" } as const;

/** Seconds that are kept. */
export const liveSecondsMax = 900;

const Count = z.number().int().nonnegative();

/** What became of requests for an answer. `waiting`: kept for a person to look at; `turned-away`: refused before anything was decided on it. */
export const liveVerdicts = [
  "served",
  "blocked",
  "refused",
  "waiting",
  "stopped",
  "cut",
  "failed",
  "turned-away",
] as const;
export type LiveVerdict = (typeof liveVerdicts)[number];

/** Times as counts by bucket: `[bucket, count]`. Bucket 0 is below 1 ms, bucket n up to 1.2^n ms. */
const Times = z.array(z.tuple([Count, Count]));
export type Times = z.infer<typeof Times>;
export const bucketsMax = 65;
export const bucketGrowth = 1.2;

/** The upper end of a bucket, in milliseconds. */
export function bucketEndMs(bucket: number): number {
  return bucketGrowth ** bucket;
}

/** One second, by its number since 1970. What is empty is left out. */
export const LiveSample = z.object({
  second: Count,
  verdicts: z.partialRecord(z.enum(liveVerdicts), Count),
  /** By model and stage with a space between; beyond 24 of them, `other`. */
  models: z.record(z.string(), Count).optional(),
  /** From a request's head until its answer was handed over. */
  latency: Times.optional(),
  /** From a request's head until the first event of a stream was there. */
  firstToken: Times.optional(),
  /** By model: times that its server was asked, and requests that ended because it did not do its work. */
  upstream: z.record(z.string(), z.object({ asked: Count, failed: Count })).optional(),
  /** What could not be judged: by the safeguard that was asked over HTTP, `shadow` where nothing came of it, else `chain`. */
  unjudged: z.record(z.string(), Count).optional(),
  /** By which quota was used up. */
  quotas: z.record(z.string(), Count).optional(),
  tokens: z.tuple([Count, Count]).optional(),
  /** At the end of the second. */
  now: z.object({
    exchanges: Count,
    receiptsWaiting: Count,
    leaseMs: z.number(),
    /** Why the gateway as a whole is closed; null where it is open. */
    closed: z.string().nullable(),
  }),
});
export type LiveSample = z.infer<typeof LiveSample>;

/** A process with a gateway in it, by the name of its gateway's key file. */
export const LiveProcess = z.object({ gateway: z.string(), samples: z.array(LiveSample).max(liveSecondsMax) });
export type LiveProcess = z.infer<typeof LiveProcess>;

/** `GET live?since=SECOND`: samples after that second, at most those of the last 15 minutes. */
export const LiveView = z.object({
  /** The second that runs. */
  second: Count,
  at: Timestamp,
  processes: z.array(LiveProcess),
  gateways: GatewaysView,
  /** Gateways of which there are figures here; of those that run elsewhere only how far they have come is known. */
  withFigures: z.array(PublicKey),
  /** What gateways on other machines said of themselves last; `isCurrent`: at most 40 seconds ago. */
  reports: z.array(z.object({ gateway: PublicKey, at: Timestamp, isCurrent: z.boolean(), report: GatewayReport })),
  /** Entries of the last 15 minutes that change who is served what: newest first, 60 at most. */
  entries: z.array(
    z.object({
      index: Count,
      verb: z.string(),
      kind: z.enum(["stage", "policy", "hold"]),
      at: Timestamp,
      words: z.string(),
      models: z.array(Name),
    }),
  ),
  /** What waits, and how much of it may. `max` null: there is no bound but the disk's. */
  queues: z.array(z.object({ queue: z.enum(["reviews", "webhooks"]), waiting: Count, max: Count.nullable() })),
  /** Today, in UTC, as the gateways handed it over: organisations by the part of their daily tokens that is used, most first, 20 at most. */
  usage: z.array(
    z.object({
      organisation: Name,
      model: Name,
      tokens: Count,
      requests: Count,
      tokensPerDay: Count.nullable(),
    }),
  ),
});
export type LiveView = z.infer<typeof LiveView>;
