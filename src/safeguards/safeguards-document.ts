// The Safeguards document: which safeguards run on which side, at which benign rate they stop, and how far a stream is
// held back. Thresholds are stated as the share of a benign reference stream that may exceed them, never as a score.
import { z } from "zod";
import { Surface } from "../terms/finding.ts";
import { Digest, Name } from "../terms/ids.ts";

/** `name@version` of a safeguard in the registry, for example `misuse@2`. */
const SafeguardName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}@[1-9][0-9]{0,3}$/, "a safeguard is written name@version, for example misuse@2");

/** A share of the benign reference stream, within the range that tables of thresholds cover. */
const Limit = z.strictObject({ benignRate: z.number().min(0.001).max(0.1) });

export const ChainEntry = z
  .strictObject({
    safeguard: SafeguardName,
    /** Of the weights and tables. Filled in on apply, and compared with what was really loaded from then on. */
    digest: Digest.optional(),
    on: z.array(Surface).min(1).max(2),
    /** `flag` records findings and stops nothing; it is for safeguards on trial. */
    mode: z.enum(["block", "flag"]).default("block"),
    block: Limit,
    review: Limit,
  })
  .refine((entry) => entry.review.benignRate >= entry.block.benignRate, {
    path: ["review", "benignRate"],
    message: "the review rate must be at least the block rate: review is the wider band",
  });
export type ChainEntry = z.infer<typeof ChainEntry>;

/** Bounds of the stream guard, in UTF-16 units. */
export const StreamBounds = z.strictObject({
  /** Text after a place that must have been cleared before that place is sent. */
  holdBackChars: z.number().int().min(0).max(4096).default(120),
  /** Length of the windows that are judged. */
  windowChars: z.number().int().min(120).max(8192).default(480),
});
export type StreamBounds = z.infer<typeof StreamBounds>;

export const Safeguards = z.strictObject({
  kind: z.literal("Safeguards"),
  name: Name,
  chain: z.array(ChainEntry).min(1).max(8),
  stream: StreamBounds.prefault({}),
});
export type Safeguards = z.infer<typeof Safeguards>;
