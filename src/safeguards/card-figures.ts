// What was measured of a safeguard that ships, as a file beside its card, so that whoever runs it can look at it: curves, reliability, shares
// by category, and what was asked for. Nothing is decided by it: the digests of safeguards are those of their weights.
import { z } from "zod";
import { Surface } from "../terms/finding.ts";
import { Digest } from "../terms/ids.ts";

/** Bytes of one such file. */
export const cardFiguresBytesMax = 64 * 1024;

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const name = z.string().min(1).max(160);

/** How many of how many, with the 95 % interval of the share. */
const Share = z.strictObject({ count, of: count, lower: share, upper: share });

/**
 * What training knew of such rows: nothing (`left-out`), rows of the same kind or source (`in-kind`), other rows of the same
 * source (`held-back`); `in-sight`: rules were written while somebody looked at them.
 */
const Seen = z.enum(["left-out", "in-kind", "held-back", "in-sight"]);

/** Of as many texts as the curve names. */
const Counted = z.strictObject({ count, lower: share, upper: share });

const Curve = z.strictObject({
  name,
  side: Surface,
  seen: Seen.nullable(),
  /** `together`: of several sets. */
  of: z.enum(["together", "set"]),
  /** What the harmless texts are. */
  against: name,
  /** How many texts. */
  harmful: count,
  harmless: count,
  /** From the strictest on; `rate`: the share of the benign reference stream that the threshold stands for. */
  points: z
    .array(z.strictObject({ rate: share, caught: Counted, refused: Counted }))
    .min(1)
    .max(64),
});

const Reliability = z.strictObject({
  name,
  side: Surface,
  bins: z
    .array(z.strictObject({ score: share, harmful: Share }))
    .min(1)
    .max(20),
});

const Shares = z.strictObject({
  by: z.enum(["category", "set", "source", "rule"]),
  side: Surface,
  label: z.enum(["harmful", "harmless"]),
  /** `limit`: the most, of harmless ones, that was asked for. */
  rows: z
    .array(z.strictObject({ name, seen: Seen.nullable(), found: Share, limit: share.optional() }))
    .min(1)
    .max(64),
});

const Target = z.strictObject({
  what: name,
  of: name,
  target: name,
  measured: name,
  verdict: z.enum(["met", "missed"]),
  /** Whether all of the interval lies on that side of the target. */
  shown: z.boolean(),
  /** `record`: of training's own rounds, not of what ships. */
  basis: z.enum(["measured", "record"]),
});

export const CardFigures = z.strictObject({
  safeguard: name,
  /** Of the weights that were measured; null where there are none: rules. */
  weights: Digest.nullable(),
  measured: z.iso.date(),
  /** The command that measured. */
  by: name,
  /** All that judged, each by the shipped documents; with others the figures are of them together. */
  together: z.array(name).min(1).max(16),
  /** The rates of the shipped documents, by which shares are counted. */
  shipped: z.strictObject({ block: share, review: share }).nullable(),
  curves: z.array(Curve).max(48),
  reliability: z.array(Reliability).max(4),
  shares: z.array(Shares).max(12),
  targets: z.array(Target).max(100),
});
export type CardFigures = z.infer<typeof CardFigures>;
