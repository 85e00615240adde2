// What is decided by, to read and to try: the documents of a model's two slots, what the shipped safeguards were measured to do,
// and what one text would come to. `try` keeps nothing of what it is given.
import { z } from "zod";
import { Limit } from "../acts/bodies.ts";
import { UsagePolicy, CategoryRule } from "../policy/policy-document.ts";
import { CardFigures } from "../safeguards/card-figures.ts";
import { Safeguards } from "../safeguards/safeguards-document.ts";
import { Category, Surface, UnknownCause } from "../terms/finding.ts";
import { CertificateId, Digest, HoldId, Name, PersonId, Timestamp } from "../terms/ids.ts";
import { Provenance } from "../terms/provenance.ts";
import { SafeguardMode } from "../terms/safeguard-mode.ts";
import { Mode, OpenStage } from "../terms/stage.ts";

export const policyRoutes = {
  rules: "/api/v1/models/:model/rules",
  try: "/api/v1/try",
  card: "/api/v1/safeguards/:safeguard/card",
} as const;

const Slot = z.enum(["in-force", "candidate"]);

/** A document that is decided by, whole; `since`: when it was applied last, where nothing was applied under its name after it. */
const pinned = { digest: Digest, since: Timestamp.nullable(), by: z.array(PersonId) };

const RulesSlot = z.object({
  slot: Slot,
  /** What pins it, where a certificate does. */
  certificate: z
    .object({
      certificate: CertificateId,
      stage: OpenStage,
      mode: Mode,
      at: Timestamp,
      /** Ledger index of the certificate. */
      index: z.number().int(),
      /** Ledger index of the certificate since which this policy, and these safeguards, are in force without a break. */
      policySince: z.number().int(),
      safeguardsSince: z.number().int(),
    })
    .nullable(),
  policy: z.object({ ...pinned, document: UsagePolicy }),
  safeguards: z.object({ ...pinned, document: Safeguards }),
});
export type RulesSlot = z.infer<typeof RulesSlot>;

/** `GET rules`: by what requests for a model are decided on now, and by what they would be next. */
export const RulesView = z.object({
  model: Name,
  /** In force first; the candidate only where it differs. */
  slots: z.array(RulesSlot).max(2),
  restrictions: z.array(z.object({ restriction: HoldId, limit: Limit, at: Timestamp, index: z.number().int() })),
  /** Types of organisations and scopes that there are, to try texts as somebody. */
  types: z.array(Name),
  scopes: z.array(Name),
  /** Whether somebody can decide on what is for review. */
  hasReviewer: z.boolean(),
});
export type RulesView = z.infer<typeof RulesView>;

/** `GET card`: what is known of a safeguard of the release that runs here; figures only of what we measured. */
export const SafeguardCardView = z.object({
  safeguard: z.string(),
  /** `declared`: by whoever runs it; `unmeasured`: patterns, which are the operator's own; `unknown`: none of this release. */
  kind: z.enum(["measured", "declared", "unmeasured", "unknown"]),
  figures: CardFigures.nullable(),
  limits: z.string().nullable(),
});
export type SafeguardCardView = z.infer<typeof SafeguardCardView>;
export type SafeguardFigures = NonNullable<SafeguardCardView["figures"]>;

/** Bytes of one question, turns of one conversation, and characters of all of them. */
export const tryBounds = { bytesMax: 64 * 1024, turnsMax: 64, charsMax: 48_000 } as const;

/** `POST try`: what a text would come to. Nothing of it is kept. */
export const TryRequest = z
  .strictObject({
    model: Name,
    slot: Slot,
    side: Surface,
    /** The turns of a request, or one text where it is an answer. */
    texts: z
      .array(z.strictObject({ text: z.string(), provenance: Provenance }))
      .min(1)
      .max(tryBounds.turnsMax),
    /** As while the model is at this stage; the certified one where it is not said. */
    stage: OpenStage.optional(),
    organisationType: Name.optional(),
    scopes: z.array(Name).max(32).default([]),
  })
  .refine(({ side, texts }) => side === "input" || texts.length === 1, "an answer is one text")
  .refine(
    ({ texts }) => texts.reduce((sum, { text }) => sum + text.length, 0) <= tryBounds.charsMax,
    `the texts are at most ${tryBounds.charsMax} characters together`,
  );
export type TryRequest = z.infer<typeof TryRequest>;

const VerdictView = z.object({
  kind: z.enum(["pass", "flag", "review", "block", "unknown"]),
  category: Category.nullable(),
  cause: UnknownCause.nullable(),
});
export type VerdictView = z.infer<typeof VerdictView>;

/** A stretch of one of the texts; none where what was found stands only in what they say decoded or together. */
const PlaceView = z.object({ text: z.number().int(), start: z.number().int(), end: z.number().int() });
export type PlaceView = z.infer<typeof PlaceView>;

export const FindingView = z.object({
  category: Category,
  score: z.number(),
  band: z.enum(["clear", "flag", "redact", "review", "block"]),
  detector: z.string(),
  pattern: Name.nullable(),
  mode: SafeguardMode,
  declared: z.boolean(),
  places: z.array(PlaceView),
  /** What policy makes of it by itself. */
  ruling: z.object({
    rule: CategoryRule,
    /** `named`: by the policy; `unnamed`: the policy does not name the category; `restriction`: a person's. */
    by: z.enum(["named", "unnamed", "restriction"]),
    lifted: z.boolean(),
    verdict: VerdictView,
  }),
});
export type FindingView = z.infer<typeof FindingView>;

const TriedSafeguard = z.object({
  place: z.number().int(),
  name: z.string(),
  mode: SafeguardMode,
  did: z.enum(["ran", "off", "other-side", "not-asked", "unknown"]),
  cause: UnknownCause.nullable(),
  digest: Digest.nullable(),
  declared: z.boolean(),
  findings: z.array(FindingView),
  scores: z.array(
    z.object({ category: Category, score: z.number(), review: z.number().nullable(), block: z.number().nullable() }),
  ),
  ms: z.number().nullable(),
});
export type TriedSafeguard = z.infer<typeof TriedSafeguard>;

export const TryView = z.object({
  model: Name,
  slot: Slot,
  side: Surface,
  digests: z.object({ safeguards: Digest, policy: Digest }),
  whom: z.object({ stage: OpenStage.nullable(), organisationType: Name.nullable(), scopes: z.array(Name) }),
  /** Of each text, how it is read. */
  read: z.array(
    z.object({
      normalised: z.string(),
      disguise: z.number(),
      decoded: z.array(z.string()),
      replaced: z.boolean(),
      left: z.boolean(),
    }),
  ),
  safeguards: z.array(TriedSafeguard),
  findings: z.array(FindingView),
  verdict: VerdictView,
  /** What policy would have said, where safeguards only observe, and of what runs in shadow. */
  would: VerdictView.nullable(),
  shadow: VerdictView.nullable(),
  /** What the caller would get. */
  answer: z.discriminatedUnion("kind", [
    /** `told`: what the caller is told was flagged. */
    z.object({ kind: z.literal("served"), told: z.array(Category), redacted: z.string().nullable() }),
    z.object({
      kind: z.literal("refused"),
      code: z.string(),
      status: z.number().int(),
      reason: z.string().nullable(),
      message: z.string(),
    }),
    /** An answer that is stopped: what of it would have been sent before. */
    z.object({ kind: z.literal("cut"), reason: z.string(), sent: z.string() }),
  ]),
  ms: z.number(),
});
export type TryView = z.infer<typeof TryView>;
