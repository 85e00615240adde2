// The Safeguards document: which safeguards run on which side, at which benign rate they stop or what they look for exactly,
// and how far a stream is held back. Thresholds are stated as the share of a benign reference stream that may exceed them,
// never as a score.
import { z } from "zod";
import { Category, Surface } from "../terms/finding.ts";
import { Digest, Name } from "../terms/ids.ts";
import {
  type Moded,
  isInEffect,
  isStopping,
  moded,
  modesAnywhere,
  modesFor,
  safeguardsMax,
} from "../terms/safeguard-mode.ts";
import { charsToHold, excessOf, Patterns, patternsName } from "./patterns/patterns-document.ts";
import { isRemote, RemoteEntry, remoteNames } from "./remote/remote-document.ts";
import { Rules, structureName } from "./structure/structure-document.ts";

/** `name@version` of a detector in the registry, for example `misuse@4`. */
const DetectorName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,47}@[1-9][0-9]{0,3}$/, "a safeguard is written name@version, for example misuse@4")
  .refine((name) => name !== patternsName, `${patternsName} takes patterns, and no rates`)
  .refine((name) => name !== structureName, `${structureName} takes rules, and no rates`)
  .refine((name) => !remoteNames.some((one) => one === name), "this safeguard is asked over HTTP, and takes no rates");

/** A share of the benign reference stream, within the range that tables of thresholds cover. */
const Limit = z.strictObject({ benignRate: z.number().min(0.001).max(0.1) });

/** Other rates for one category, on both sides unless it says which; the entry's own where one is left out. */
const CategoryLimits = z
  .strictObject({
    category: Category,
    on: z.array(Surface).min(1).max(2).optional(),
    block: Limit.optional(),
    review: Limit.optional(),
  })
  .refine(({ block, review }) => block !== undefined || review !== undefined, "name block, review or both");
export type CategoryLimits = z.infer<typeof CategoryLimits>;

function isOnceASide(all: readonly CategoryLimits[]): boolean {
  const sides = all.flatMap(({ category, on = Surface.options }) => on.map((surface) => `${category} ${surface}`));
  return new Set(sides).size === sides.length;
}

const common = {
  /** Of what decides: weights and tables, or patterns. Filled in on apply, and compared with what was really loaded from then on. */
  digest: Digest.optional(),
  on: z.array(Surface).min(1).max(2),
  ...moded,
};

const DetectorEntry = z
  .strictObject({
    safeguard: DetectorName,
    ...common,
    block: Limit,
    review: Limit,
    categories: z
      .array(CategoryLimits)
      .min(1)
      .max(2 * Category.options.length)
      .refine(isOnceASide, "a category is named twice for one side")
      .optional(),
  })
  .superRefine(({ block, review, categories = [] }, context) => {
    const check = (limits: Pick<CategoryLimits, "block" | "review">, path: readonly (string | number)[]): void => {
      if ((limits.review ?? review).benignRate >= (limits.block ?? block).benignRate) return;
      const message = "the review rate must be at least the block rate: review is the wider band";
      context.addIssue({ code: "custom", path: [...path, "review", "benignRate"], message });
    };
    check({ block, review }, []);
    for (const [at, limits] of categories.entries()) check(limits, ["categories", at]);
  });

const PatternsEntry = z.strictObject({ safeguard: z.literal(patternsName), ...common, patterns: Patterns });

const StructureEntry = z
  .strictObject({
    safeguard: z.literal(structureName),
    ...common,
    on: common.on.refine((on) => !on.includes("output"), `${structureName} looks at requests only`),
    rules: Rules,
  })
  .refine(({ rules, ...entry }) => rules.some(({ band }) => band !== "flag") || !doesStop(entry), {
    path: ["mode"],
    error: "none of its rules stops anything: say mode: flag, so that nobody takes it for one that does",
  });

export const ChainEntry = z.union([DetectorEntry, PatternsEntry, StructureEntry, RemoteEntry]);
export type ChainEntry = z.infer<typeof ChainEntry>;
/** What runs here. */
export type LocalEntry = z.infer<typeof DetectorEntry | typeof PatternsEntry | typeof StructureEntry>;

/** Bounds of the stream guard, in UTF-16 units. */
export const StreamBounds = z.strictObject({
  /** Text after a place that must have been cleared before that place is sent. */
  holdBackChars: z.number().int().min(0).max(4096).default(120),
  /** Length of the windows that are judged. */
  windowChars: z.number().int().min(120).max(8192).default(480),
});
export type StreamBounds = z.infer<typeof StreamBounds>;

export const Safeguards = z
  .strictObject({
    kind: z.literal("Safeguards"),
    name: Name,
    chain: z.array(ChainEntry).min(1).max(safeguardsMax),
    stream: StreamBounds.prefault({}),
  })
  .superRefine(({ chain, stream }, context) => {
    const excess = excessOf(chain.flatMap((entry) => ("patterns" in entry ? entry.patterns : [])));
    if (excess !== undefined) context.addIssue({ code: "custom", path: ["chain"], message: excess });
    for (const surface of Surface.options) {
      if (!isUnguarded(chain, surface)) continue;
      const message =
        `for some callers nothing would be in effect on ${surface}: with each safeguard at the mildest mode that an exception ` +
        "gives it, one has to be left at flag, review or block";
      context.addIssue({ code: "custom", path: ["chain"], message });
    }
    checkRemotes(chain, context);
    const answers = chain.filter((entry) => "patterns" in entry && doesStop(entry) && entry.on.includes("output"));
    for (const pattern of answers.flatMap((entry) => ("patterns" in entry ? entry.patterns : []))) {
      const chars = charsToHold(pattern);
      if (chars > stream.holdBackChars) {
        const message = `must be at least ${chars}, or what the pattern ${pattern.name} finds in answers would partly have left by then`;
        context.addIssue({ code: "custom", path: ["stream", "holdBackChars"], message });
      }
    }
  });
export type Safeguards = z.infer<typeof Safeguards>;

/** Whether all safeguards of a side may be off or in shadow at once. A side that has none says so when it is asked. */
function isUnguarded(chain: readonly ChainEntry[], surface: Surface): boolean {
  // What is asked about doubts only guards nothing by itself.
  const here = chain.filter((entry) => entry.on.includes(surface) && !(isRemote(entry) && entry.ask === "in-doubt"));
  const mildest = modesFor(here, { kind: "evaluation", failure: "served-and-harmful" });
  return here.length > 0 && !mildest.some(isInEffect);
}

function checkRemotes(chain: readonly ChainEntry[], context: z.RefinementCtx): void {
  const hasDoubts = chain.some(
    (entry) => "block" in entry && !isRemote(entry) && doesStop(entry) && entry.on.includes("input"),
  );
  const names = new Set<string>();
  for (const [at, entry] of chain.entries()) {
    if (!isRemote(entry)) continue;
    const complain = (field: string, message: string): void => {
      context.addIssue({ code: "custom", path: ["chain", at, field], message });
    };
    if (names.has(entry.name)) complain("name", `two safeguards of this chain are called ${entry.name}`);
    names.add(entry.name);
    if (entry.ask === "always") continue;
    if (!hasDoubts) {
      complain(
        "ask",
        "nothing is ever in doubt without a detector on input that stops something; ask always, or add one",
      );
    }
    // Settling lets more through: were it milder for some, what is measured under the mildest modes would not hold for others.
    if (entry.except !== undefined) complain("except", "what settles doubts has one mode for everybody");
  }
}

/** Whether it stops something for anybody. */
function doesStop(entry: Moded): boolean {
  return modesAnywhere(entry).some(isStopping);
}
