// The conditions of a release: what its plan's stage says and whoever signs the release signs, beside who is admitted and until
// when. Gateways enforce them from the ledger alone. Each is left out where there is none, so that statements from before it read on.
import { z } from "zod";
import { Country } from "../terms/country.ts";
import { FormatName } from "../terms/format-name.ts";
import { Severity } from "../terms/severity.ts";
import { Hours } from "./hours.ts";
import { Limits } from "./limits.ts";
import { Watch } from "./watch.ts";

/** To which part of a stage's callers it is open: steps that are signed together, of which the first is taken with the certificate. */
export const Share = z.strictObject({
  /** What is in or out as a whole. */
  by: z.enum(["organisation", "key"]),
  /** Parts of them, each larger than the one before; which callers are in is settled for the model and stage, so that none falls out by a wider step. */
  steps: z
    .array(z.number().gt(0).lte(1))
    .min(2)
    .max(16)
    .refine((steps) => steps.every((share, at) => at === 0 || share > (steps[at - 1] ?? 1)), {
      error: "each step is larger than the one before",
    }),
  watch: Watch.optional(),
});
export type Share = z.infer<typeof Share>;

/**
 * How long a text that is kept of any exchange under the certificate may live: while it waits for a person, and after they decided. What
 * policy and watch say holds where it is shorter.
 */
export const Retention = z.strictObject({
  waitHours: z.number().int().min(1).max(168).optional(),
  decidedDays: z.number().int().min(0).max(30).optional(),
});
export type Retention = z.infer<typeof Retention>;

const countriesMax = 64;

function isDistinct(list: readonly string[]): boolean {
  return new Set(list).size === list.length;
}

/** How much of a release there is, over all callers together, and for which part of them, over what, and when. */
export const Conditions = z.strictObject({
  limits: Limits.optional(),
  share: Share.optional(),
  /** When callers of the stage that is opened are served; at any time where absent. */
  hours: Hours.optional(),
  /** Where their organisation is registered: of one that says nothing of it nobody is served. Anywhere where absent. */
  countries: z
    .array(Country)
    .min(1)
    .max(countriesMax)
    .refine(isDistinct, { error: "the same country stands here twice" })
    .optional(),
  /** The wire formats they may ask in; each where absent. */
  surfaces: z
    .array(FormatName)
    .min(1)
    .max(FormatName.options.length)
    .refine(isDistinct, { error: "the same surface stands here twice" })
    .optional(),
  retention: Retention.optional(),
  /** An incident of this severity or a worse one ends the certificate, for good. */
  endsOnIncident: Severity.optional(),
  /** Where its gate, judged again, fails (`fail`), or does anything but pass (`not-pass`), the certificate lapses, for good. */
  endsOnFailedGate: z.enum(["fail", "not-pass"]).optional(),
  /** How long an owner and safety together may go on over a hold, in hours; 0: not at all. Absent: four. */
  breakGlassHours: z.number().int().min(0).max(24).optional(),
});
export type Conditions = z.infer<typeof Conditions>;
