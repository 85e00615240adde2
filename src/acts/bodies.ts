// The closed set of verbs and what each one says. A new verb is a new line here, one in src/acts/statement.ts, which a test
// asks for, and what the compiler asks for: ARCHITECTURE.md has the list. Free text never stands in a body: `reason` and
// `name` are commitments (src/proof/digest.ts), whose openings are kept aside and can be erased.
import { z } from "zod";
import {
  CertificateId,
  Digest,
  GlassId,
  HoldId,
  IncidentId,
  KeyId,
  Name,
  PermitId,
  PersonId,
  ProposalId,
  PublicKey,
  ReviewId,
  RunId,
  SessionId,
  Timestamp,
} from "../terms/ids.ts";
import { Country } from "../terms/country.ts";
import { Category } from "../terms/finding.ts";
import { Network } from "../terms/network.ts";
import { Quorum, Role } from "../terms/role.ts";
import { Severity } from "../terms/severity.ts";
import { OpenStage } from "../terms/stage.ts";
import { Conditions } from "./conditions.ts";
import { Limits, limitFields } from "./limits.ts";
import { Sample } from "./watch.ts";

const Count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** The keys everything else hangs on, and the least quorum the gateway demands per stage, whatever a plan says. */
export const Root = z.strictObject({
  version: z.number().int().min(1),
  /** Act digest of the version before; null in version 1 only. */
  previous: Digest.nullable(),
  demo: z.boolean(),
  log: z.strictObject({ origin: z.string().regex(/^[\x21-\x2a\x2c-\x7e]{1,200}$/), key: PublicKey }),
  control: PublicKey,
  gateways: z.array(PublicKey).min(1).max(64),
  /** Distinct persons that a change of this root takes; two as soon as two persons were ever admitted. */
  personsForChange: z.number().int().min(1).max(20),
  floors: z.record(OpenStage, Quorum),
  /** Only in version 1. */
  firstOwner: z.strictObject({ person: PersonId, key: PublicKey, name: Digest }).nullable(),
});
export type Root = z.infer<typeof Root>;

const Invite = z.strictObject({
  person: PersonId,
  role: Role,
  /** Public half of the one-time key; its seed travels in the invitation code. */
  key: PublicKey,
  name: Digest,
  /** The organisation outside the operator that they belong to; absent: they are the operator's own. */
  affiliation: Name.optional(),
  /** Of an evaluator from there: they run only what a mandate lets them. */
  mandated: z.literal(true).optional(),
  /** Of an admitted person by themself: the code brings them a further key, and nothing else changes. */
  furtherKey: z.literal(true).optional(),
  notAfter: Timestamp,
});

const Admit = z.strictObject({
  person: PersonId,
  key: PublicKey,
  invitation: Digest,
  /** Where the key was made, as its maker says; absent: by the command line. */
  madeIn: z.literal("browser").optional(),
});

const Suspend = z.strictObject({
  target: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("person"), person: PersonId }),
    /** One key of a person who has others; for good. Theirs to take away, or an owner's. */
    z.strictObject({ kind: z.literal("person-key"), person: PersonId, key: PublicKey }),
    z.strictObject({ kind: z.literal("organisation"), organisation: Name }),
    /** Until the key is written anew; `forGood` is a revocation, after which it is not. */
    z.strictObject({ kind: z.literal("key"), key: KeyId, forGood: z.literal(true).optional() }),
  ]),
  reason: Digest,
});

export const Grant = z.strictObject({
  model: Name,
  /** The stage this grant takes part in: it serves once the model is out at least this far. */
  stage: OpenStage,
  scopes: z.array(Name).max(32),
  requestsPerMinute: limitFields.requestsPerMinute,
  tokensPerMinute: limitFields.tokensPerMinute.optional(),
  tokensPerDay: limitFields.tokensPerDay,
  exchanges: limitFields.exchanges.optional(),
  notAfter: Timestamp,
});
export type Grant = z.infer<typeof Grant>;

const Organisation = z.strictObject({
  organisation: Name,
  type: Name,
  /** Where it is registered, as its document says; absent in statements from before holds by country. */
  country: Country.optional(),
  /** Digest of the whole document; what only people read (purpose) stays there. */
  document: Digest,
  grants: z.array(Grant).max(256),
  /** Over all its keys and models together. */
  limits: Limits.optional(),
});

/** Networks that one key may be used from. */
const keyNetworksMax = 32;

const KeyEnding = z.string().regex(/^[A-Za-z0-9_-]{4}$/);

const Key = z.strictObject({
  key: KeyId,
  organisation: Name,
  /** SHA-256 of the secret text; the secret has 256 random bits, so no salt is needed. */
  hash: Digest,
  /** The secret's last characters, by which people tell secrets apart: of its checksum, they say nothing of the rest. */
  ending: KeyEnding.optional(),
  /** End of this secret. */
  notAfter: Timestamp.nullable(),
  /** Where it may be used from; anywhere where absent. */
  networks: z.array(Network).min(1).max(keyNetworksMax).optional(),
  /** Over all models it may call. */
  limits: Limits.optional(),
  /**
   * Writes a key anew that there is, and lifts its suspension. `rotation`: `hash` is of a new secret, and those before end at
   * `until`. `change`: `hash` is of a secret it has. What is left out is taken away. Absent: a new key.
   */
  anew: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("rotation"), until: Timestamp }),
      z.strictObject({ kind: z.literal("change") }),
    ])
    .optional(),
});

export const DocumentKind = z.enum(["Model", "ReleasePlan", "UsagePolicy", "Safeguards", "Suite"]);
export type DocumentKind = z.infer<typeof DocumentKind>;

/** What an evaluator outside the operator may run, by permits of their own: given by the operator, used as they see fit. */
const Mandate = z
  .strictObject({
    person: PersonId,
    model: Name,
    suites: z.array(Name).max(32),
    /** Present where they may apply suites of their own, and run those. */
    ownSuites: z.literal(true).optional(),
    /** Of all permits under it together. */
    tokens: Count.min(1),
    notBefore: Timestamp,
    notAfter: Timestamp,
  })
  .refine(({ suites, ownSuites }) => suites.length > 0 || ownSuites === true, {
    path: ["suites"],
    error: "a mandate names a suite, or lets its holder bring one",
  });
export type Mandate = z.infer<typeof Mandate>;

const Document = z.strictObject({
  documents: z
    .array(z.strictObject({ kind: DocumentKind, name: Name, digest: Digest }))
    .min(1)
    .max(64),
});

/** What was evaluated: the served configuration, and what it was asked and graded with. */
export const EvaluatedDigests = z.strictObject({
  model: Digest,
  safeguards: Digest,
  policy: Digest,
  suite: Digest,
  grader: Digest,
});
export type EvaluatedDigests = z.infer<typeof EvaluatedDigests>;

export const Slot = z.enum(["candidate", "in-force"]);
export type Slot = z.infer<typeof Slot>;

/** The registered plan: what is counted, by which rule, how much of it, and what it is to show. Fixed before the first sample. */
const Analysis = z
  .strictObject({
    measure: Name,
    /**
     * `fixed`: all of `trials`, looked at when they are over. `sequential`: in the order of the items' leaves, looked at and
     * ended whenever one likes.
     */
    rule: z.enum(["fixed", "sequential"]),
    trials: z.number().int().min(1),
    confidence: z.number().gt(0.5).lt(1),
    /** The rate that it is to show is not exceeded. */
    limit: z.number().gt(0).lt(1).optional(),
    /** The requirement of the release plan that it is meant for. */
    requirement: Name.optional(),
  })
  .refine(({ rule, limit }) => rule === "fixed" || limit !== undefined, {
    path: ["limit"],
    error: "who may stop at any time says beforehand which limit is to be shown",
  });

/** Requests of one attempt under a permit whose bodies are written as it goes on. */
export const adaptiveTurnsMax = 32;

/** Probes of one live measure under one certificate. */
const probesMax = 10_000;

const Permit = z.strictObject({
  permit: PermitId,
  run: RunId,
  /** SHA-256 of the one-time secret the runner calls with. */
  hash: Digest,
  model: Name,
  slot: Slot,
  /** The stage whose callers' safeguards it measures, where their modes differ between stages; absent: of all stages. */
  stage: OpenStage.optional(),
  digests: EvaluatedDigests,
  /** Merkle root over the request bodies that may be sent, and how many there are. */
  items: z.strictObject({ root: Digest, count: z.number().int().min(1).max(1_000_000) }),
  attempts: z.number().int().min(1).max(1000),
  tokens: Count,
  /** The mandate that it is made under, by its act. */
  mandate: Digest.optional(),
  /** Made without safeguards, to compare with: two persons sign it, and it measures no configuration that is served. */
  bare: z.literal(true).optional(),
  /**
   * Bodies are written as the run goes on; the root then only names the items. Two persons sign it. Bounded by the requests of one
   * attempt on an item, and by those of the whole run.
   */
  adaptive: z
    .strictObject({
      turns: z.number().int().min(1).max(adaptiveTurnsMax),
      requests: z.number().int().min(1).max(10_000_000),
    })
    .optional(),
  /**
   * A probe of what a certificate serves: which live measure of its watch it is for, and the how manieth of this measure and certificate it
   * is, which settles what is drawn (src/acts/probe-draw.ts).
   */
  probe: z
    .strictObject({ certificate: CertificateId, watch: Name, number: z.number().int().min(1).max(probesMax) })
    .optional(),
  notAfter: Timestamp,
  analysis: Analysis,
});
export type Permit = z.infer<typeof Permit>;

const MeasureCounts = z.strictObject({
  name: Name,
  failures: Count,
  trials: Count,
  clusters: Count,
  /** Part of trials; a claim counts each of them as a failure. */
  unknown: Count,
});
type MeasureCounts = z.infer<typeof MeasureCounts>;

/** Of how many calibration answers the grader said the right thing. */
const Hits = z.strictObject({ hits: Count, of: Count }).refine(({ hits, of }) => hits <= of, "more hits than answers");

/** How sure the grader is, counted by letting it grade answers whose labels are known: of failures, and of what is none. */
export const Calibration = z.strictObject({
  /** The calibration set that the suite's document pins. */
  set: Digest,
  sensitivity: Hits,
  specificity: Hits,
});
export type Calibration = z.infer<typeof Calibration>;

/** The program that asked and counted, as it says itself. */
const RunCode = z.strictObject({
  version: z.string().regex(/^[\x21-\x7e]{1,64}$/),
  /** Over its source files: `codeHere` in src/main/code.ts. */
  sources: Digest,
});
export type RunCode = z.infer<typeof RunCode>;

const Evidence = z.strictObject({
  run: RunId,
  permit: PermitId.nullable(),
  basis: z.enum(["measured-here", "declared"]),
  model: Name,
  digests: EvaluatedDigests,
  measures: z.array(MeasureCounts).min(1).max(16),
  samples: z.strictObject({ root: Digest, count: Count, artefact: Digest }),
  /** For an imported report: digest of the file. */
  source: z.strictObject({ tool: Name, file: Digest }).nullable(),
  flags: z.array(Name).max(32),
  /** Present where the suite pins a calibration set and the grader was asked about it. */
  grading: z.strictObject({ calibration: Calibration }).optional(),
  code: RunCode.optional(),
});
export type EvidenceBody = z.infer<typeof Evidence>;

/** A step of a certificate's share, by its place from 0 on. */
const Step = z.strictObject({ certificate: CertificateId, step: Count, reason: Digest });

/** That a certificate's gate, judged again, passes no more, and by which requirements of its plan. */
const Lapse = z.strictObject({
  certificate: CertificateId,
  verdict: z.enum(["fail", "inconclusive"]),
  requirements: z.array(Name).max(64),
});

/** Back to an earlier one. `watch`: the live measure whose limit was exceeded, where the server itself steps back. */
const Back = z.strictObject({ ...Step.shape, watch: Name.optional() });

/** A proposal is an unsigned certificate: these bytes are proposed, signed off, and then certified unchanged. */
export const Release = z.strictObject({
  proposal: ProposalId,
  certificate: CertificateId,
  model: Name,
  stage: OpenStage,
  digests: z.strictObject({
    model: Digest,
    safeguards: Digest,
    policy: Digest,
    plan: Digest,
    suites: z.array(Digest).max(32),
    graders: z.array(Digest).max(32),
    /** Act digests of the evidence statements judged. */
    evidence: z.array(Digest).max(256),
  }),
  identityBasis: z.enum(["measured", "vendor", "declared"]),
  /** Organisation types admitted, per stage up to this one. */
  audience: z.array(z.strictObject({ stage: OpenStage, types: z.array(Name).min(1).max(32) })).min(1),
  /** What is enforced of it. */
  conditions: Conditions,
  /** True where one person's sign-off was enough; shown wherever the certificate is. */
  oneSigner: z.boolean(),
  /** Present where safeguards stop nothing and only record what they would have stopped; shown wherever the stage is. */
  mode: z.literal("observe").optional(),
  notBefore: Timestamp,
  notAfter: Timestamp,
  decideBy: Timestamp,
  trustVersion: z.number().int().min(1),
  /** The highest serial of a model counts. */
  serial: z.number().int().min(1),
  replaces: CertificateId.nullable(),
  /** The holds this release answers; any other hold keeps holding. */
  answers: z.array(HoldId).max(64),
  /** The restrictions this release lifts, by id; any other stands. Absent where it lifts none. */
  lifts: z.array(HoldId).min(1).max(64).optional(),
  reason: Digest,
});
export type Release = z.infer<typeof Release>;

const SignOff = z.strictObject({
  proposal: ProposalId,
  /** Digest of the proposal's canonical body, `{"release":…}`: its statement's subject (`Act.body`). */
  release: Digest,
  /** `recused`: steps back, for a conflict of interest. */
  verdict: z.enum(["for", "against", "recused"]),
  role: Role,
  reason: Digest,
});

export const HoldScope = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("model"), model: Name }),
  /** The stage and every wider one; narrower ones go on. */
  z.strictObject({ kind: z.literal("stage"), model: Name, stage: OpenStage }),
  z.strictObject({ kind: z.literal("organisation"), organisation: Name }),
  z.strictObject({ kind: z.literal("key"), key: KeyId }),
  z.strictObject({ kind: z.literal("everything") }),
  /** Of every model: callers of organisations of this type. */
  z.strictObject({ kind: z.literal("organisation-type"), type: Name }),
  /** Of every model: callers of organisations registered there, and of those of which nothing says where they are. */
  z.strictObject({ kind: z.literal("country"), country: Country }),
  /** Of every model: what grants with this scope lift; who has it goes on without. */
  z.strictObject({ kind: z.literal("scope"), scope: Name }),
]);
export type HoldScope = z.infer<typeof HoldScope>;

/** What a certificate answers: the others suspend somebody. */
export type ReleaseScope = Exclude<HoldScope, { kind: "organisation" | "key" }>;

const Hold = z.strictObject({
  hold: HoldId,
  scope: HoldScope,
  reason: Digest,
  /** Where somebody who was signed in to the console placed it: then the control plane's key signs it, and nobody else's. */
  session: z.strictObject({ session: SessionId, person: PersonId }).optional(),
});

/** An owner and somebody from safety go on with what a certificate covers, over the holds that they name. */
const BreakGlass = z.strictObject({
  glass: GlassId,
  model: Name,
  certificate: CertificateId,
  /** Any other hold keeps holding. */
  holds: z.array(HoldId).min(1).max(64),
  notAfter: Timestamp,
  reason: Digest,
});

/** Can only make decisions stricter; the stricter of certificate and restriction wins. */
export const Limit = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("output-tokens"), max: z.number().int().min(1) }),
  z.strictObject({ kind: z.literal("category-prohibited"), category: Category }),
]);
export type Limit = z.infer<typeof Limit>;

const Restriction = z.strictObject({ hold: HoldId, model: Name, limit: Limit, reason: Digest });

/** What the world reports. */
const Fact = z.strictObject({
  fact: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("drill"),
      attempts: Count,
      opened: Count,
      unfinished: Count,
      /** Of a drill of the brake: how long after the order the last byte of all streams came. Its attempts are the streams. */
      hold: z.strictObject({ gateways: Count.min(1), milliseconds: Count }).optional(),
    }),
    /** What somebody who did not open found of a break-glass that is over; `summary` is a commitment. */
    z.strictObject({
      kind: z.literal("break-glass-review"),
      glass: GlassId,
      finding: z.enum(["justified", "unjustified"]),
      summary: Digest,
    }),
    /** `open` again with a higher severity makes it worse; `summary` is a commitment. */
    z.strictObject({
      kind: z.literal("incident"),
      incident: IncidentId,
      severity: Severity,
      state: z.enum(["open", "closed"]),
      summary: Digest,
    }),
    /** A time in which others could say something, that began or is over. */
    z.strictObject({ kind: z.literal("consultation"), name: Name, state: z.enum(["open", "closed"]) }),
    /** That a document was made public: a statistic of access, a report. `document` is the digest of its bytes. */
    z.strictObject({ kind: z.literal("publication"), name: Name, document: Digest }),
    /** What `policy test` came to: by which policy and safeguards, on which file of cases, and how many were not as expected. */
    z.strictObject({
      kind: z.literal("policy-test"),
      policy: Digest,
      safeguards: Digest,
      cases: Digest,
      total: Count,
      failed: Count,
    }),
  ]),
  /** Null: it is about all models. */
  model: Name.nullable(),
});

/** Of evidence, by its run; or of a mandate, by its act. */
const Withdrawal = z.union([
  z.strictObject({ evidence: RunId, reason: Digest }),
  z.strictObject({ mandate: Digest, reason: Digest }),
]);

const Receipts = z.strictObject({
  gateway: PublicKey,
  interval: z.number().int().min(1),
  first: z.number().int().min(1),
  count: z.number().int().min(1),
  root: Digest,
  previous: Digest.nullable(),
  /** Exchanges per permit, so that a bad run cannot vanish. */
  permits: z.array(z.strictObject({ permit: PermitId, count: z.number().int().min(1) })).max(1024),
});

/** Receipts of a gateway that its spool no longer gives back: their numbers, so that nobody else gets them. */
const Lost = z.strictObject({
  gateway: PublicKey,
  interval: z.number().int().min(1),
  first: z.number().int().min(1),
  count: z.number().int().min(1),
  previous: Digest.nullable(),
  /** SHA-256 of the spool file that could not be read. */
  spool: Digest,
});

/** That a reviewer was shown the text of a review: recorded before they are. Who and when say signature and date. */
const Reading = z.strictObject({ review: ReviewId });

/** Why a reviewer decided as they did; of each verdict its own. */
export const reviewReasons = {
  allow: ["benign", "vetted-use", "false-finding"],
  refuse: ["prohibited", "out-of-scope", "unclear"],
} as const;
export const ReviewReason = z.enum([...reviewReasons.allow, ...reviewReasons.refuse]);
export type ReviewReason = z.infer<typeof ReviewReason>;

/** A reviewer's word on one request. */
const Review = z
  .strictObject({
    review: ReviewId,
    /** What was asked, as its gateway commits to it with a nonce: src/feed/reviews.ts. */
    request: Digest,
    key: KeyId,
    model: Name,
    /** The served configuration that found something, as receipts name it. */
    config: Digest,
    /** What was found for review; the decision is about no other finding. */
    categories: z.array(Category).max(Category.options.length),
    verdict: z.enum(["allow", "refuse"]),
    reason: ReviewReason,
    notAfter: Timestamp,
    /** Present where it labels an exchange that a watch sampled: then nothing was found, and no request passes or is refused by it. */
    sample: Sample.optional(),
  })
  .refine(({ categories, sample }) => (categories.length === 0) === (sample !== undefined), {
    path: ["categories"],
    error: "a decision names what was found, and a label of a sample names nothing",
  });

export const bodies = {
  root: Root,
  invite: Invite,
  admit: Admit,
  suspend: Suspend,
  organisation: Organisation,
  key: Key,
  document: Document,
  mandate: Mandate,
  permit: Permit,
  evidence: Evidence,
  proposal: z.strictObject({ release: Release }),
  "sign-off": SignOff,
  certificate: z.strictObject({ release: Release }),
  hold: Hold,
  restriction: Restriction,
  "break-glass": BreakGlass,
  widen: Step,
  narrow: Back,
  lapse: Lapse,
  fact: Fact,
  withdrawal: Withdrawal,
  receipts: Receipts,
  lost: Lost,
  reading: Reading,
  review: Review,
} as const;

export type Verb = keyof typeof bodies;
export type BodyOf<V extends Verb> = z.infer<(typeof bodies)[V]>;
