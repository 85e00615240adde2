// What an organisation sees of itself when it signs in with a key of its own: its models, limits, use, refusals, the ids of its
// keys, and whom to ask. Nothing of anybody else, and of its models no more than its callers are told.
import { z } from "zod";
import { Root } from "../acts/bodies.ts";
import { Limits } from "../acts/limits.ts";
import { Outcome } from "../acts/receipt.ts";
import { Digest, KeyId, Name, Timestamp } from "../terms/ids.ts";
import { GrantView, KeyView, UsageView, Used } from "./contract-organisations.ts";

export const partnerRoutes = {
  partner: "/api/v1/partner",
  partnerExplain: "/api/v1/partner/explain/:id",
} as const;

/** What a caller would get now. */
const Answer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("open") }),
  z.object({
    kind: z.literal("refused"),
    code: z.string(),
    reason: z.string().nullable(),
    sentence: z.string(),
    opensAt: Timestamp.nullable(),
  }),
]);

/** `GET partner`. */
export const PartnerView = z.object({
  organisation: Name,
  /** The key that signed in. */
  key: KeyId,
  at: Timestamp,
  contact: z.string().nullable(),
  /** Base address of the data plane. */
  dataPlane: z.string(),
  /** Of the trust root in force, by which a receipt is checked: as public as the gateways have them. */
  trust: z.object({ version: z.number().int(), root: Digest, ...Root.pick({ gateways: true, log: true }).shape }),
  models: z.array(
    GrantView.extend({
      answer: Answer,
      /** Of its stage, in words that go on after "is served". */
      conditions: z.array(z.string()),
    }),
  ),
  limits: Limits,
  keys: z.array(KeyView.pick({ key: true, state: true, notAfter: true, lastUsed: true })),
  today: Used,
  usage: UsageView,
});
export type PartnerView = z.infer<typeof PartnerView>;

/** `GET partnerExplain`: one request of its own keys, by the id that its caller has. */
export const PartnerExplainView = z.object({
  id: z.string(),
  kind: z.enum(["receipt", "refusal", "review"]),
  at: Timestamp,
  key: KeyId,
  model: z.string().nullable(),
  /** Null of a review that nobody decided. */
  outcome: z.union([Outcome, z.enum(["waiting", "allowed"])]),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  /** What the caller was told. */
  sentence: z.string().nullable(),
  tokens: z.tuple([z.number(), z.number()]).nullable(),
});
export type PartnerExplainView = z.infer<typeof PartnerExplainView>;
