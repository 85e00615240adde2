// The UsagePolicy document: per category of misuse, whether it is prohibited, restricted to a scope, or allowed, and
// what a finding does on the way in and on the way out. Whatever it does not name is prohibited.
import { z } from "zod";
import { Category } from "../terms/finding.ts";
import { Name } from "../terms/ids.ts";

/** What a finding does, mildest last. `review` is a block, but for requests under a policy that says who reviews. */
export const Action = z.enum(["block", "review", "flag", "pass"]);
export type Action = z.infer<typeof Action>;

const Guarded = z.enum(["block", "review", "flag"]);
const Open = z.enum(["flag", "pass"]);

/** Nobody may have it. A finding may do less than block, but never nothing. */
const Prohibited = z.strictObject({
  category: Category,
  treat: z.literal("prohibited"),
  input: Guarded.default("block"),
  output: Guarded.default("block"),
});

/** Callers that hold `scope` may have it, and each use is flagged; for all others it is prohibited. */
const Restricted = z.strictObject({
  category: Category,
  treat: z.literal("restricted"),
  scope: Name,
  input: Guarded.default("block"),
  output: Guarded.default("block"),
});

const Allowed = z.strictObject({
  category: Category,
  treat: z.literal("allowed"),
  input: Open.default("pass"),
  output: Open.default("pass"),
});

export const CategoryRule = z.discriminatedUnion("treat", [Prohibited, Restricted, Allowed]);
export type CategoryRule = z.infer<typeof CategoryRule>;

/** Longest that a review waits, and that a decision holds, in hours. */
const reviewHoursMax = 168;
/** Reviews of one key that wait at once. */
const reviewsPerKeyMax = 1_000;
/** Longest that a text is kept after its decision, in days. */
const reviewRetentionDaysMax = 30;

/** Requests whose worst finding is for review wait for a person, within these bounds. */
export const ReviewRules = z.strictObject({
  by: z.literal("person"),
  /** Undecided for so long it is over; so long a decision holds. */
  expiresHours: z.number().int().min(1).max(reviewHoursMax).default(24),
  perKeyMax: z.number().int().min(1).max(reviewsPerKeyMax).default(20),
  /** After the decision; 0 erases the text with it. */
  retentionDays: z.number().int().min(0).max(reviewRetentionDaysMax).default(0),
});
export type ReviewRules = Readonly<z.infer<typeof ReviewRules>>;

/** Stopped requests that are asked again in other words, by one key. */
export const RewordingRules = z.strictObject({
  /** How many wordings must have been stopped before others are stopped for their likeness. */
  after: z.number().int().min(1).max(10).default(2),
  withinHours: z.number().int().min(1).max(168).default(24),
});
export type RewordingRules = Readonly<z.infer<typeof RewordingRules>>;

export const UsagePolicy = z.strictObject({
  kind: z.literal("UsagePolicy"),
  name: Name,
  categories: z
    .array(CategoryRule)
    .max(Category.options.length)
    .refine((rules) => new Set(rules.map((rule) => rule.category)).size === rules.length, "a category is named twice"),
  /** What was not scanned is not served. The only value there is; written out so that readers see it. */
  unknown: z.literal("block").default("block"),
  /** Absent: a review verdict is a block. */
  review: ReviewRules.optional(),
  /** Absent: each request is judged by itself. */
  rewordings: RewordingRules.optional(),
  /** Who is told, with the answer, what was flagged in it and in its request. Absent: it is on record only. */
  tell: z.literal("caller").optional(),
});
export type UsagePolicy = z.infer<typeof UsagePolicy>;
