// A hold before and after: what it would cut, the holds that stand, and how long one took to reach the last gateway and the last
// token. Placing one goes by `statements` where a person's key signs it, and by the session's own route where none does.
import { z } from "zod";
import { HoldScope } from "../acts/bodies.ts";
import { HoldId, Name, PublicKey, Timestamp } from "../terms/ids.ts";
import { OpenStage, Stage } from "../terms/stage.ts";

export const holdRoutes = {
  holds: "/api/v1/holds",
  holdPreview: "/api/v1/hold-preview",
  holdEffect: "/api/v1/holds/:hold",
} as const;

const Count = z.number().int().nonnegative();

/** `GET hold-preview`, with the members of a hold's scope as its query: what that would cut now. */
export const HoldPreviewView = z.object({
  models: z.array(z.object({ model: Name, stage: Stage, open: z.boolean() })),
  organisations: Count,
  keys: Count,
  gateways: z.array(
    z.object({
      /** Of its key file where that lies with this server; null for one that runs elsewhere. */
      name: z.string().nullable(),
      key: PublicKey,
      connected: z.boolean(),
      /** Exchanges under way that it would end; null where this server cannot see them. */
      running: Count.nullable(),
    }),
  ),
});
export type HoldPreviewView = z.infer<typeof HoldPreviewView>;

/** `GET holds`: those that stand, newest first, 200 at the most; and what there is to hold. */
export const HoldsView = z.object({
  holds: z.array(
    z.object({
      hold: HoldId,
      scope: HoldScope,
      at: Timestamp,
      index: z.number().int(),
      /** Models that no certificate has taken out of it yet; none of a hold on an organisation or a key. */
      models: z.array(Name),
    }),
  ),
  choices: z.object({
    models: z.array(z.object({ model: Name, stages: z.array(OpenStage) })),
    organisations: z.array(Name),
    types: z.array(Name),
    countries: z.array(z.string()),
    scopes: z.array(Name),
  }),
});
export type HoldsView = z.infer<typeof HoldsView>;

/** `GET holds/:hold`: how far a hold that came here lately has got. Times are from the order's arrival here. */
export const HoldEffectView = z.object({
  hold: HoldId,
  /** Ledger index; null where the store did not take it and the gateways were told all the same. */
  index: z.number().int().nullable(),
  gateways: z.array(
    z.object({
      /** Of its key file where that lies with this server; null for one that runs elsewhere. */
      name: z.string().nullable(),
      key: PublicKey,
      connected: z.boolean(),
      /** When it was seen to have verified the entry. */
      foldedMs: z.number().nullable(),
      /** Exchanges that it had under way; null where this server cannot see them. */
      before: Count.nullable(),
      running: Count.nullable(),
      /** When the last of them was seen to have ended. */
      endedMs: z.number().nullable(),
    }),
  ),
  /** When all of it had happened; null while it has not. */
  doneMs: z.number().nullable(),
  /** Nothing more is measured: it took too long, and somebody has to look. */
  givenUp: z.boolean(),
});
export type HoldEffectView = z.infer<typeof HoldEffectView>;
