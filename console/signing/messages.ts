// What passes between a page and the worker that verifies the ledger.
import { z } from "zod";
import type { State } from "../../src/acts/state.ts";
import { DeploymentId, Digest } from "../../src/terms/ids.ts";

export const BringRequest = z.object({
  deployment: DeploymentId,
  /** The first root that the server names: taken only where this browser has none. */
  firstRoot: Digest.nullable(),
  /** Where one's own statement must stand. */
  recorded: z.object({ index: z.number().int(), act: Digest }).optional(),
});
export type BringRequest = z.infer<typeof BringRequest>;

export interface Verified {
  readonly deployment: DeploymentId;
  readonly state: State;
  readonly size: number;
  readonly root: Digest;
  /** Whether the pinned root was told by a person; otherwise it was taken from the server the first time. */
  readonly basis: "told" | "first-use";
}

export type BringAnswer =
  | { readonly kind: "progress"; readonly entries: number }
  | { readonly kind: "verified"; readonly verified: Verified }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly detail: object };
