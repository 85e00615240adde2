// All that outsiders see of the control plane: routes, bodies, answers. The CLI and the console import this file and
// nothing else of src/control. Bytes travel as standard base64. Every refusal is `{"error":{code,message,detail,needs}}`
// with the status of src/terms/failure.ts.
import { z } from "zod";
import { Opening } from "../proof/digest.ts";
import {
  CertificateId,
  DeploymentId,
  Digest,
  GlassId,
  HoldId,
  IncidentId,
  KeyId,
  Name,
  PersonId,
  ProposalId,
  PublicKey,
  ReviewId,
  Timestamp,
} from "../terms/ids.ts";
import { Limit, ReviewReason } from "../acts/bodies.ts";
import { Retention } from "../acts/conditions.ts";
import { Hours } from "../acts/hours.ts";
import { Sample } from "../acts/watch.ts";
import { Category, Surface } from "../terms/finding.ts";
import { Severity } from "../terms/severity.ts";
import { SafeguardMode } from "../terms/safeguard-mode.ts";
import { Ask } from "../terms/stage-modes.ts";
import { Mode, OpenStage, Stage } from "../terms/stage.ts";

const Base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);

/** Bytes of an artefact that comes packed, and how many there may be to one that was sent. */
export const unpackedBytesMax = 64 * 1024 * 1024;
export const unpackedRatioMax = 16;

/** Bytes of one request to the control plane: the largest suite with its items fits. */
export const controlBodyBytesMax = 24 * 1024 * 1024;

export const routes = {
  deployment: "/api/v1/public/deployment",
  root: "/api/v1/root",
  statements: "/api/v1/statements",
  pending: "/api/v1/pending",
  batch: "/api/v1/log/batch",
  artefact: "/api/v1/artefacts/:digest",
  receipts: "/api/v1/permits/:permit/receipts",
  openings: "/api/v1/openings",
  status: "/api/v1/models/:model/status",
  publicStatus: "/api/v1/public/models/:model/status",
  bundle: "/api/v1/proposals/:proposal/bundle",
  releaseCard: "/api/v1/proposals/:proposal/release-card",
  publicBundle: "/api/v1/public/proposals/:proposal/bundle",
  watch: "/api/v1/models/:model/watch",
  explain: "/api/v1/explain/:id",
  gateways: "/api/v1/gateways",
  webhooks: "/api/v1/webhooks",
  reviews: "/api/v1/reviews",
  review: "/api/v1/reviews/:review",
  reviewText: "/api/v1/reviews/:review/text",
} as const;

/** `GET deployment`: what a client needs before it knows anybody. Nothing here is secret, and nothing is to be trusted
 *  but by comparing `firstRoot` with a digest known from elsewhere. */
export const DeploymentView = z.object({
  version: z.string(),
  initialised: z.boolean(),
  demo: z.boolean(),
  deployment: DeploymentId,
  firstRoot: Digest.nullable(),
  log: z.object({ origin: z.string(), key: PublicKey }),
  control: PublicKey,
  gateways: z.array(PublicKey),
  dataPlane: z.string(),
});
export type DeploymentView = z.infer<typeof DeploymentView>;

/** `POST root` with header `x-headgate-code`: the first root, signed by its first owner. The server adds the signatures
 *  of its own keys and records it. */
export const RootRequest = z.strictObject({ envelope: Base64, openings: z.array(Opening).max(4) });

/** `POST statements`. The same payload with further signatures goes to the same place. */
export const StatementRequest = z.strictObject({
  envelope: Base64,
  /** Openings of the commitments in the body; each is checked. */
  openings: z.array(Opening).max(16),
  /** Content that the body names by digest; each is checked. */
  artefacts: z.array(Base64).max(128),
  /** One more, gzipped, for what is large and packs well: the samples of a long run. */
  packed: Base64.optional(),
});
export type StatementRequest = z.infer<typeof StatementRequest>;

export const StatementAnswer = z.discriminatedUnion("kind", [
  /** In the ledger, and folded by every connected gateway. */
  z.object({
    kind: z.literal("recorded"),
    act: Digest,
    index: z.number().int(),
    size: z.number().int(),
    /** Connected gateways that had not folded it when the wait was over; nothing to worry about at 0. */
    behind: z.number().int().nonnegative().default(0),
  }),
  /** Kept until the other signatures come; `needs` says whose. */
  z.object({ kind: z.literal("pending"), act: Digest, needs: z.array(z.string()) }),
]);
export type StatementAnswer = z.infer<typeof StatementAnswer>;

export const PendingView = z.object({
  pending: z.array(
    z.object({ act: Digest, verb: z.string(), envelope: Base64, at: Timestamp, needs: z.array(z.string()) }),
  ),
});
export type PendingView = z.infer<typeof PendingView>;

/** `GET gateways`: the gateways of the trust root, and how far each has come. */
export const GatewaysView = z.object({
  /** Entries of the ledger. */
  size: z.number().int(),
  gateways: z.array(
    z.object({
      key: PublicKey,
      /** Of its key file where that lies with this server; null for one that runs elsewhere. */
      name: z.string().nullable(),
      connected: z.boolean(),
      /** Entries that it has not verified yet; null where it was never seen since the server started. */
      behind: z.number().int().nonnegative().nullable(),
      lastSeen: Timestamp.nullable(),
    }),
  ),
});
export type GatewaysView = z.infer<typeof GatewaysView>;

/** `GET webhooks`: who is told of what happens here, and how far each is behind. */
export const WebhooksView = z.object({
  endpoints: z.array(
    z.object({
      name: z.string(),
      /** Of its address; path and query may be secret. */
      origin: z.string(),
      events: z.array(z.string()),
      waiting: z.number(),
      waitingSince: Timestamp.nullable(),
      delivered: Timestamp.nullable(),
      /** Messages of the last 30 days that were never taken. */
      givenUp: z.number(),
      /** What the last try came to, where the newest messages are not taken. */
      failing: z.string().nullable(),
    }),
  ),
});
export type WebhooksView = z.infer<typeof WebhooksView>;

/** `GET batch?from=N`: records from N on, at most 1000, ending at `checkpoint`. */
export const BatchView = z.object({
  from: z.number().int().nonnegative(),
  records: z.array(z.object({ leaf: Base64, envelope: Base64 })),
  checkpoint: z.string(),
});

/** `GET openings?commitment=…`: texts behind commitments (names, reasons), for those who may read. */
export const OpeningsView = z.object({ openings: z.array(Opening) });

/** Receipts in one answer. */
export const receiptsPageMax = 1000;

/** `GET receipts?from=N`: self-contained texts under one permit, from the N-th on, at most 1000; as they are kept, oldest first. */
export const ReceiptsView = z.object({ receipts: z.array(z.string()) });

const RequirementView = z.object({
  id: z.string(),
  kind: z.string(),
  /** not-asked: the plan asks it of abler models only. */
  verdict: z.enum(["pass", "fail", "inconclusive", "not-asked"]),
  have: z.record(z.string(), z.unknown()),
  need: z.record(z.string(), z.unknown()),
  why: z.string(),
  stillToShow: z.string(),
  /** Where it does not pass: since when nothing moved, and which roles can move it. */
  waiting: z
    .object({ since: Timestamp, days: z.number().int().nonnegative(), on: z.array(z.string()) })
    .nullable()
    .default(null),
});

/** How able the model is taken to be, and by what; `unknown`: nothing counts, which is as good as reached. */
const TierView = z.object({
  tier: z.number().int().nonnegative(),
  rules: z.array(
    z.object({
      tier: z.number().int(),
      suite: Name,
      measure: Name,
      from: z.number(),
      confidence: z.number(),
      verdict: z.enum(["ruled-out", "not-ruled-out", "reached", "unknown"]),
      upper: z.number(),
      lower: z.number(),
      why: z.string(),
    }),
  ),
});

/** What would have been stopped lately, and by what. */
const ObservedView = z.object({
  hours: z.number(),
  exchanges: z.number().int().nonnegative(),
  stopped: z.number().int().nonnegative(),
  by: z.array(z.object({ side: Surface, verdict: z.string(), count: z.number().int() })),
});

/** Safeguards that do not block everybody's at a stage; the first case that fits counts, and `types` null is all others. */
const ModesView = z.object({
  modes: z.array(
    z.object({
      safeguard: z.string(),
      on: z.array(Surface),
      cases: z.array(z.object({ mode: SafeguardMode, types: z.array(Name).nullable() })),
    }),
  ),
  /** Sides on which nothing is stopped for some callers. */
  unstopped: z.array(Surface),
  /** Sides on which nothing that may stop something looks for misuse, for some callers. */
  narrow: z.array(Surface).optional(),
  /** Asked over HTTP: what answers there is declared, not measured. */
  declared: z.array(z.object({ safeguard: z.string(), name: z.string(), ask: Ask })),
});

/** One live measure of a watch, of the period that runs: since the last step up or down. */
const LiveMeasureView = z.object({
  id: Name,
  measure: z.enum(["safeguard-failures", "confirmed-misuse", "over-blocking", "probes"]),
  limit: z.number(),
  /** The part of its error that this period may use. */
  alpha: z.number(),
  /** Before so many exchanges nothing is said in favour of the next step. */
  exchangesMin: z.number().int(),
  exchanges: z.number().int(),
  bad: z.number().int(),
  good: z.number().int(),
  /** Without a label: nothing for a step back, bad for a step up. */
  unknown: z.number().int(),
  /** E-values: that the limit is exceeded, that it is kept; either is shown where it reaches `needed`. */
  exceeded: z.number(),
  kept: z.number(),
  needed: z.number(),
  /** What `kept` has to reach: of probes another number, since that bet goes on with the laboratory's. */
  neededKept: z.number(),
  /** Of the rate, at all moments of the period at once. */
  interval: z.object({ lower: z.number(), upper: z.number() }),
  verdict: z.enum(["exceeded", "kept", "open"]),
  /** Of probes, whose `exchanges` are clusters of the suite. `laboratory`: the clusters that `kept` began with. */
  probes: z
    .object({
      suite: Name,
      /** Of this period; `isFresh`: one of them was sealed within so many hours. */
      count: z.number().int(),
      withinHours: z.number().int(),
      isFresh: z.boolean(),
      laboratory: z.object({ exchanges: z.number().int(), bad: z.number().int(), unknown: z.number().int() }),
    })
    .nullable(),
});
export type LiveMeasureView = z.infer<typeof LiveMeasureView>;

/** What the live measures of a stage that opens by steps come to. */
export const WatchView = z.object({
  model: Name,
  certificate: CertificateId,
  /** Counts the steps up and down, from 1 on. */
  period: z.number().int(),
  since: Timestamp,
  /** `rolled-back`: the server stepped back, and nothing is shown of the narrower step yet. */
  verdict: z.enum(["hold", "may-widen", "rolled-back", "exceeded"]),
  /** `when-shown`: the next step is refused unless the verdict is `may-widen`. */
  widen: z.enum(["advised", "when-shown"]),
  /** The live measure that the server stepped back for. */
  rolledBackFor: Name.nullable(),
  /** All of the period, and those that were drained too late to be of it. */
  exchanges: z.number().int(),
  late: z.number().int(),
  /** Nothing came for ten minutes: nothing is known of what is served since. */
  blindSince: Timestamp.nullable(),
  measures: z.array(LiveMeasureView),
});
export type WatchView = z.infer<typeof WatchView>;

/** `GET watch`: null where the stage that is certified has none. */
export const WatchAnswer = z.object({ watch: WatchView.nullable() });

/** `GET status`: where a model stands and what is still to be shown for the next stage. */
export const StatusView = z.object({
  model: Name,
  /** What is served now: `withheld` while held, expired or lapsed. */
  stage: Stage,
  /** The certified stage that a hold, expiry or lapse keeps shut. */
  certified: z
    .object({
      certificate: CertificateId,
      stage: OpenStage,
      since: Timestamp,
      validUntil: Timestamp,
      endsInDays: z.number().int().nonnegative(),
      /** The nearest warning that is due, in days before the end. */
      renewalDue: z.literal([14, 7, 1]).nullable(),
      oneSigner: z.boolean(),
      /** `observe`: safeguards stop nothing. */
      mode: Mode,
      identityBasis: z.string(),
      /** Where it is open to a part of its callers, by steps; `step` counts from 1 on. */
      share: z
        .object({
          by: z.enum(["organisation", "key"]),
          steps: z.array(z.number()),
          step: z.number().int(),
          /** The part that it is open to now. */
          open: z.number(),
          since: Timestamp,
        })
        .nullable(),
      /** Who of its stage is served, over what and when, as it was signed. */
      countries: z.array(z.string()).nullable().default(null),
      surfaces: z.array(z.string()).nullable().default(null),
      /** `opensAt`: null while it is open, or where its certificate ends before. */
      hours: z.object({ windows: Hours, open: z.boolean(), opensAt: Timestamp.nullable() }).nullable().default(null),
      /** How long texts of any of its callers live, at the most. */
      retention: Retention.nullable().default(null),
    })
    .nullable(),
  /** In observe mode, and not in the public view: what would have been stopped, by side and verdict. */
  observed: ObservedView.nullable(),
  /** Sides on which what is certified stops nothing for some callers: its safeguards there only record. */
  unstopped: z.array(Surface),
  /** Not in the public view: modes of what is certified, where they are not `block`. */
  safeguards: ModesView.nullable(),
  /** Not in the public view, where a safeguard is in shadow: what it would have stopped. */
  shadow: ObservedView.nullable(),
  /** Not in the public view: the watch over the steps of its share. */
  watch: WatchView.nullable().default(null),
  closed: z.string().nullable(),
  /** Where what is certified lapsed because its gate, judged again, passed no more. */
  lapsed: z
    .object({ verdict: z.enum(["fail", "inconclusive"]), requirements: z.array(z.string()), at: Timestamp })
    .nullable()
    .default(null),
  /** Whether what is certified would pass its gate now, when it was judged again last; `open`: what does not pass. */
  rejudged: z
    .object({ verdict: z.enum(["pass", "fail", "inconclusive"]), open: z.array(z.string()), at: Timestamp })
    .nullable()
    .default(null),
  /** With the stage, or with the callers of every model in words, where not all of this one is held. */
  holds: z.array(
    z.object({ hold: HoldId, at: Timestamp, stage: OpenStage.optional(), callers: z.string().optional() }),
  ),
  /** The last one that goes on over holds (`open`), or that nobody has reviewed yet; nothing is certified until somebody has. */
  breakGlass: z
    .object({
      glass: GlassId,
      holds: z.array(HoldId),
      since: Timestamp,
      until: Timestamp,
      open: z.boolean(),
      endedBy: HoldId.nullable(),
    })
    .nullable()
    .default(null),
  /** `reviewDue`: it stands for more than 72 hours. */
  restrictions: z.array(z.object({ restriction: HoldId, limit: Limit, at: Timestamp, reviewDue: z.boolean() })),
  /** Open ones on the model or on all. */
  incidents: z.array(z.object({ incident: IncidentId, severity: Severity, at: Timestamp })),
  next: OpenStage.nullable(),
  verdict: z.enum(["pass", "fail", "inconclusive"]).nullable(),
  /** Null where no requirement of the next stage depends on it. */
  tier: TierView.nullable().default(null),
  requirements: z.array(RequirementView),
  proposals: z.array(
    z.object({
      proposal: ProposalId,
      stage: OpenStage,
      mode: Mode,
      digest: Digest,
      signOffs: z.array(
        z.object({
          person: PersonId,
          role: z.string(),
          verdict: z.enum(["for", "against", "recused"]),
          /** Where the key was made that signed it, as far as the ledger says. */
          madeIn: z.literal("browser").nullable(),
        }),
      ),
      certified: z.boolean(),
      /** Whether it can still be signed and advanced. */
      waiting: z.boolean(),
      /** Whether it is about what was applied last, or about what is certified. */
      current: z.boolean(),
      decideBy: Timestamp,
      /** The holds that it answers. */
      answers: z.array(HoldId),
      /** The restrictions that it lifts. */
      lifts: z.array(HoldId),
      /** Whose sign-offs a waiting one still lacks: roles, "person" for a second one, "command-line" where one has to be given there; null where nobody can say. */
      needs: z.array(z.string()).nullable(),
      /** Not in the public view: modes that it would have, while it waits. */
      safeguards: ModesView.nullable(),
    }),
  ),
  ledgerSize: z.number().int(),
});
export type StatusView = z.infer<typeof StatusView>;

export const ErrorView = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    needs: z.array(z.string()),
  }),
});

/** A request that waits for a person, or did. No text of it: that takes a signed reading. */
export const ReviewView = z.object({
  review: ReviewId,
  /** Commits to the request; a decision names it. */
  request: Digest,
  key: KeyId,
  organisation: Name.nullable(),
  model: Name,
  /** The served configuration that found something. */
  config: Digest,
  found: z.array(z.object({ category: Category, score: z.number() })),
  /** Where it is an exchange that is over, to be labelled for a live measure of a watch. Nobody waits for it. */
  sample: Sample.nullable().default(null),
  at: Timestamp,
  /** Until when it waits. */
  expires: Timestamp,
  /** How long a decision may hold. */
  decisionHours: z.number(),
  hasText: z.boolean(),
  readings: z.array(z.object({ person: PersonId, at: Timestamp })),
  decision: z.object({ verdict: z.enum(["allow", "refuse"]), reason: ReviewReason, notAfter: Timestamp }).nullable(),
});
export type ReviewView = z.infer<typeof ReviewView>;

/** `GET reviews`: those that wait, oldest first, 500 at the most. */
export const ReviewsView = z.object({
  waiting: z.number().int().nonnegative(),
  oldest: Timestamp.nullable(),
  reviews: z.array(ReviewView),
});
export type ReviewsView = z.infer<typeof ReviewsView>;

/** `POST reviewText`: a `reading` of this very review, signed by a reviewer; it opens the text once. */
export const ReadingRequest = z.strictObject({ envelope: Base64 });

export const ReviewTextView = z.object({
  review: ReviewView,
  nonce: z.string(),
  call: z.string(),
  /** Of a sample with its answer. */
  answer: z.object({ text: z.string(), isWhole: z.boolean() }).optional(),
});
export type ReviewTextView = z.infer<typeof ReviewTextView>;

/** `GET explain`: what happened, in sentences. */
export const ExplainView = z.object({
  id: z.string(),
  kind: z.string(),
  text: z.string(),
  lines: z.array(z.string()),
});
