// The other system of a comparison, as a plan names it. Apart, because judgements name it and requirements are judged.
import { z } from "zod";
import { Name, RunId } from "../terms/ids.ts";

/** Which other system. What else it consists of is as released; of a run all that it names. */
export const Against = z.union(
  [
    z.strictObject({ model: Name }),
    z.strictObject({ safeguards: Name }),
    z.strictObject({ bare: z.literal(true) }),
    z.strictObject({ run: RunId }),
  ],
  { error: "one of model: NAME, safeguards: NAME, bare: true and run: RUN" },
);
export type Against = z.infer<typeof Against>;

/** The other system, in words; of two that are not the same no two words are. */
export function nameOf(against: Against): string {
  if ("model" in against) return `model ${against.model}`;
  if ("safeguards" in against) return `safeguards ${against.safeguards}`;
  return "run" in against ? `what ${against.run} ran` : "the model without safeguards";
}
