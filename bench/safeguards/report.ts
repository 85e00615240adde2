// What bench/safeguards.ts keeps, as a type: page and plots are made from this alone, so they can be drawn again without measuring.
import { z } from "zod";
import { clopperPearson } from "../../src/statistics/binomial.ts";

export const confidence = 0.95;

const count = z.number().int().nonnegative();
const Interval = z.object({ lower: z.number(), upper: z.number() });

export const Share = Interval.extend({ count, of: count });
export type Share = Readonly<z.infer<typeof Share>>;

/** With the exact interval of Clopper and Pearson; of none it says nothing. */
export function shareOf(some: number, of: number): Share {
  const { lower, upper } = clopperPearson({ failures: some, trials: of }, confidence);
  return { count: some, of, lower: rounded(lower), upper: rounded(upper) };
}

export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** What a set is there for. */
export const Part = z.enum(["everyday", "look-alike", "misuse", "attack", "answer", "content"]);
export type Part = z.infer<typeof Part>;

/** Whether training had rows of the same kind: of the same source, or written for it. */
export const Seen = z.enum(["in kind", "unseen"]);
export type Seen = z.infer<typeof Seen>;

const SetResult = z.object({
  set: z.string(),
  surface: z.enum(["input", "output"]),
  label: z.enum(["harmful", "benign"]),
  part: Part,
  seen: Seen,
  of: count,
  /** How many are flagged at each of the rates, in their order. */
  flagged: z.array(count),
  /** By the shipped documents. */
  stopped: Share,
  /** Of requests: at the threshold that 1 % of the everyday ones reach. */
  atEveryday: Share.nullable(),
});
export type SetResult = Readonly<z.infer<typeof SetResult>>;

/** Lines of our own that training held back, one wording of each. */
const Own = z.object({ name: z.string(), part: Part, rows: count, stopped: Share, atEveryday: Share });

const Area = Interval.extend({
  set: z.string(),
  seen: Seen,
  part: Part,
  area: z.number(),
  harmful: count,
  benign: count,
  clusters: z.boolean(),
});
export type Area = Readonly<z.infer<typeof Area>>;

const Point = z.object({ caught: Share, refused: Share, label: z.string().optional() });
const Curve = z.object({ name: z.string(), points: z.array(Point) });
export type Curve = z.infer<typeof Curve>;

const Category = z.object({ category: z.string(), stopped: Share, atEveryday: Share });

const Bin = z.object({ score: z.number(), harmful: Share });
const Bins = z.object({ name: z.string(), bins: z.array(Bin) });
export type Bins = z.infer<typeof Bins>;

const Disguise = z.object({
  disguise: z.string(),
  harmful: Share,
  benign: Share,
  auc: z.number(),
  aucLost: z.number(),
  aucLost95: z.array(z.number()),
});
export type Disguise = z.infer<typeof Disguise>;

const Conversation = z.object({
  kind: z.string(),
  isHarmful: z.boolean(),
  /** Whether each of its turns passes by itself. */
  passing: z.boolean(),
  stopped: Share,
  /** At the threshold that 1.2 % of everyday conversations reach. */
  atBenign: Share,
});
export type Conversation = z.infer<typeof Conversation>;

const Rewording = z.object({
  after: count,
  stoppedAtFirstThenPassed: Share,
  harmfulGoalsPassed: Share,
  benignWordingsRefused: Share,
  benignGoalsNeverServed: Share,
});
export type Rewording = z.infer<typeof Rewording>;

const Agreement = z.object({
  behaviours: count,
  variants: count,
  stopped: count,
  same: Interval.extend({ count }),
  pairs: Interval.extend({ mean: z.number() }),
  beyondChance: z.number().nullable(),
});

const Reliability = z.object({
  parts: z.array(z.object({ dimension: z.string(), part: z.string(), agreement: Agreement })),
  dimensions: z.array(z.object({ dimension: z.string(), agreement: Agreement })),
  overall: Interval.extend({ mean: z.number() }),
  /** Of pairs of a harmful request and a harmless one in nearly the same words: stopped the one and not the other, and so on. */
  twins: z.array(
    z.object({ pairs: z.string(), toldApart: Share, bothPassed: Share, bothStopped: Share, reversed: Share }),
  ),
});
export type Reliability = z.infer<typeof Reliability>;

const Cost = z.object({
  cpu: z.string(),
  load: z.number(),
  /** µs for 1,000 characters on the thread that serves. */
  plain: z.object({ texts: count, p50: z.number(), p99: z.number() }),
  decoded: z.object({ texts: count, p50: z.number(), p99: z.number() }),
  escalated: Share,
});
export type Cost = z.infer<typeof Cost>;

const Held = z.object({
  safeguard: z.string(),
  source: z.string(),
  label: z.string(),
  rate: z.number(),
  flagged: Share,
});

const Target = z.object({
  what: z.string(),
  of: z.string(),
  target: z.string(),
  measured: z.string(),
  verdict: z.enum(["met", "missed"]),
  /** Whether all of the interval lies on that side of the target. */
  isShown: z.boolean(),
  basis: z.enum(["measured", "training record"]),
});
export type Target = z.infer<typeof Target>;

export const Report = z.object({
  bench: z.literal("safeguards"),
  at: z.string(),
  seconds: z.number(),
  /** Of the detector that ships. */
  safeguard: z.string(),
  digest: z.string(),
  /** All learnt ones of the shipped documents, that one too. */
  detectors: z.array(z.object({ safeguard: z.string(), digest: z.string() })),
  /** Whether the figures are of all rows, or of a part of them to try the command. */
  isWhole: z.boolean(),
  rates: z.array(z.number()),
  /** Where texts are stopped by the shipped documents. */
  shipped: z.object({
    block: z.number(),
    review: z.number(),
    /** Of requests: categories with a rate of their own. */
    categories: z.array(z.object({ category: z.string(), review: z.number() })).default([]),
    /** Further detectors, whose rates are of other texts. */
    others: z.array(z.object({ safeguard: z.string(), review: z.number() })).default([]),
  }),
  everyday: z.object({ benignRate: z.number(), refused: Share }),
  sets: z.array(SetResult),
  own: z.array(Own),
  areas: z.array(Area),
  curves: z.object({ requests: z.array(Curve), answers: z.array(Curve) }),
  categories: z.array(Category),
  calibration: z.array(Bins),
  disguises: z.array(Disguise),
  conversations: z.array(Conversation),
  rewordings: z.array(Rewording),
  reliability: Reliability,
  cost: Cost,
  held: z.array(Held),
  targets: z.array(Target),
});
export type Report = z.infer<typeof Report>;
