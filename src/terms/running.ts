// Exchanges under way, counted by what a hold can tell apart: for people who are about to stop some of them, and for how long that took.
import { z } from "zod";
import { KeyId, Name } from "./ids.ts";
import { Stage } from "./stage.ts";

export const Running = z.object({
  model: Name,
  /** The stage that its grant is for; null under a permit. */
  stage: Stage.nullable(),
  organisation: Name.nullable(),
  key: KeyId.nullable(),
  count: z.number().int().positive(),
});
export type Running = z.infer<typeof Running>;

/** Of one gateway, by the name of its key file. */
export interface RunningAt {
  readonly gateway: string;
  /** Null where it could not be asked. */
  readonly running: readonly Running[] | null;
}
