// What a gateway on another machine says of itself every few seconds, so that who looks at the console sees it: counts of the last seconds and
// how it stands. Nothing is decided by it, nothing of it is evidence, and none of it is kept but the latest.
import { z } from "zod";
import type { Timestamp, PublicKey } from "../terms/ids.ts";

const count = z.number().int().nonnegative();
const name = z.string().min(1).max(64);
const namesMax = 32;

/** A gateway reports so often. */
export const reportEveryMs = 10_000;
/** What was heard longer ago says nothing of now. */
export const reportCurrentMs = 40_000;

export const GatewayReport = z.strictObject({
  /** Whole seconds that were counted. */
  seconds: count.max(60),
  /** What became of requests, by closed words. */
  verdicts: z.record(name, count).refine((all) => Object.keys(all).length <= namesMax, "too many verdicts"),
  /** What half, and 95 of 100, were answered within; null where nothing was. */
  halfMs: z.number().nonnegative().nullable(),
  mostMs: z.number().nonnegative().nullable(),
  /** By model: times that its server was asked, and requests that ended because it did not do its work. */
  upstream: z.array(z.strictObject({ model: name, asked: count, failed: count })).max(namesMax),
  unjudged: count,
  now: z.strictObject({ exchanges: count, receiptsWaiting: count, leaseMs: z.number(), closed: name.nullable() }),
});
export type GatewayReport = z.infer<typeof GatewayReport>;

/** The latest of one gateway. */
export interface HeardReport {
  readonly gateway: PublicKey;
  readonly at: Timestamp;
  readonly isCurrent: boolean;
  readonly report: GatewayReport;
}
