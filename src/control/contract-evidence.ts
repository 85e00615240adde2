// What outsiders see of evidence: the list of runs, one run taken apart, its samples page by page, two runs side by side. Reads only:
// evidence is given and withdrawn by statements. No view holds a text of a model's answer, since the server keeps none.
import { z } from "zod";
import { ReportHead, Sample } from "../evidence/seal.ts";
import { GraderVerdict } from "../evidence/graders/grader.ts";
import { Digest, Name, PermitId, PersonId, ReceiptId, RunId, Timestamp } from "../terms/ids.ts";
import { OpenStage } from "../terms/stage.ts";
import { FailureKind, TrialOutcome } from "../terms/trial.ts";

export const evidenceRoutes = {
  evidence: "/api/v1/evidence",
  evidenceRun: "/api/v1/evidence/:digest",
  evidencePlan: "/api/v1/evidence/:digest/plan",
  evidenceSamples: "/api/v1/evidence/:digest/samples",
  evidenceSample: "/api/v1/evidence/:digest/samples/:number",
  evidenceExport: "/api/v1/evidence/:digest/export",
  evidenceCompare: "/api/v1/evidence/:digest/compare/:other",
} as const;

/** Rows of one page, and characters that are searched for. */
const pageRowsMax = 200;
const searchCharsMax = 200;

const Count = z.number().int().nonnegative();
const Limit = z.coerce.number().int().min(1).max(pageRowsMax).default(50);

/** A list in the address: `outcome=harmful,safe`. */
function listOf<T extends string>(type: z.ZodType<T, string>) {
  return z
    .string()
    .max(2000)
    .transform((text) => text.split(",").filter((part) => part !== ""))
    .pipe(z.array(type).max(64))
    .optional();
}

/** `GET evidence?…`: newest first. `after` is the ledger index of the last row that was seen, so that new entries move nothing. */
export const EvidenceQuery = z.strictObject({
  model: Name.optional(),
  suite: Name.optional(),
  person: PersonId.optional(),
  basis: z.enum(["measured-here", "declared"]).optional(),
  slot: z.enum(["candidate", "in-force"]).optional(),
  standing: z.enum(["counts", "withdrawn", "unfinished"]).optional(),
  since: z.iso.date().optional(),
  until: z.iso.date().optional(),
  after: z.coerce.number().int().nonnegative().optional(),
  limit: Limit,
});
export type EvidenceQuery = z.infer<typeof EvidenceQuery>;

/** A stage of the model's plan that asks for this measure, and why this evidence does not count for it; null where it does. */
const GateView = z.object({
  stage: OpenStage,
  requirements: z.array(Name),
  slot: z.enum(["candidate", "in-force"]),
  notBecause: z
    .enum(["withdrawn", "declared", "other-model", "other-safeguards", "other-policy", "other-suite", "other-grader"])
    .nullable(),
});

const MeasureView = z.object({
  name: Name,
  failure: FailureKind.nullable(),
  failures: Count,
  trials: Count,
  clusters: Count,
  unknown: Count,
  /** One-sided, of units: what is unknown counts as failed in the upper one and as clean in the lower. */
  upper: z.number(),
  lower: z.number(),
  confidence: z.number(),
  /** False where the statement does not say in how many units attempts failed, so that each is taken for one of its own. */
  isExact: z.boolean(),
});

const EvidenceRow = z.object({
  run: RunId,
  model: Name,
  suite: Name.nullable(),
  suiteDigest: Digest,
  by: PersonId,
  /** Organisation outside the operator that its signer was admitted as belonging to. */
  affiliation: Name.nullable(),
  at: Timestamp,
  /** Of the entry in the ledger; of an unfinished run its permit's. */
  index: Count,
  /** Present once it was sealed. */
  evidence: z
    .object({
      act: Digest,
      basis: z.enum(["measured-here", "declared"]),
      measures: z.array(MeasureView),
      flags: z.array(Name),
      tool: Name.nullable(),
      samples: Count,
      withdrawn: z.boolean(),
      withdrawnBy: PersonId.nullable(),
    })
    .nullable(),
  /** What was registered before the first sample; null for a report from elsewhere. */
  permit: z
    .object({
      permit: PermitId,
      at: Timestamp,
      index: Count,
      by: PersonId,
      slot: z.enum(["candidate", "in-force"]),
      stage: OpenStage.nullable(),
      rule: z.enum(["fixed", "sequential"]),
      trials: Count,
      limit: z.number().nullable(),
      confidence: z.number(),
      items: Count,
      attempts: Count,
      /** Exchanges that gateways have counted under it. */
      exchanges: Count,
      notAfter: Timestamp,
      bare: z.boolean(),
      adaptive: z.boolean(),
    })
    .nullable(),
  gates: z.array(GateView),
  /** Models whose certificate names it. */
  certified: z.array(Name),
});

export const EvidenceView = z.object({
  runs: z.array(EvidenceRow),
  /** `after` of the next page; null on the last. */
  next: Count.nullable(),
  total: Count,
  /** What can be filtered by. */
  models: z.array(Name),
  suites: z.array(Name),
  persons: z.array(PersonId),
});
export type EvidenceView = z.infer<typeof EvidenceView>;

const TallyView = z.object({
  trials: Count,
  failures: Count,
  unknown: Count,
  clusters: Count,
  clustersFailed: Count,
  clustersUnknown: Count,
});

const PartView = TallyView.extend({
  name: z.string(),
  interval: z.tuple([z.number(), z.number()]).readonly(),
  perCluster: Count,
  expectedOfTries: z.number(),
});

const ItemCountView = z.object({
  id: z.string(),
  leaf: Digest,
  cluster: z.string(),
  attempts: Count,
  failed: Count,
  unknown: Count,
});

const Interval = z.object({ lower: z.number(), upper: z.number() });
const SaidView = z.object({ by: z.string(), verdict: GraderVerdict });

const AgreementView = z.object({
  one: z.string(),
  other: z.string(),
  words: z.array(GraderVerdict).readonly(),
  table: z.array(z.array(Count).readonly()).readonly(),
  pairs: Count,
  agreed: z.number().nullable(),
  kappa: z.number().nullable(),
  interval: Interval.nullable(),
  bounds: Interval,
});

const HitsView = Interval.extend({ hits: Count, of: Count });

/** What the samples come to. */
export const OverviewView = z.object({
  tally: TallyView,
  estimate: z.number().nullable(),
  upper: z.number(),
  lower: z.number(),
  confidence: z.number(),
  outcomes: z.partialRecord(TrialOutcome, Count),
  tries: Count,
  attempts: Count,
  unanswered: Count,
  category: z.array(PartView),
  attack: z.array(PartView),
  worst: z.array(ItemCountView),
  agreement: AgreementView.nullable(),
  /** Answers on which graders differ. */
  disagreements: Count,
  report: ReportHead.nullable(),
});
export type OverviewView = z.infer<typeof OverviewView>;

export const EvidenceRunView = z.object({
  row: EvidenceRow,
  overview: OverviewView,
  suite: z.object({ name: Name, grader: z.string(), answerTokens: Count, cluster: z.string() }),
  digests: z.object({ model: Digest, safeguards: Digest, policy: Digest, suite: Digest, grader: Digest }),
  samples: z.object({ root: Digest, count: Count, artefact: Digest }),
  source: z.object({ tool: Name, file: Digest }).nullable(),
  calibration: z.object({ set: Digest, sensitivity: HitsView, specificity: HitsView }).nullable(),
  code: z.object({ version: z.string(), sources: Digest }).nullable(),
  /** Receipts that are kept under its permit. */
  receipts: Count,
});
export type EvidenceRunView = z.infer<typeof EvidenceRunView>;

/** Whether it went as registered, by the receipts, checked one by one; null for a report from elsewhere. */
export const EvidencePlanView = z.object({
  plan: z
    .object({ registered: Timestamp, deviations: z.array(z.object({ code: z.string(), words: z.string() })) })
    .nullable(),
});
export type EvidencePlanView = z.infer<typeof EvidencePlanView>;

const sampleSorts = ["sealed", "worst", "id", "category", "at"] as const;

/** Which samples, and in which order. */
export const SampleFilter = z.strictObject({
  outcome: listOf(TrialOutcome),
  counts: listOf(z.enum(["failed", "unknown", "clean"])),
  category: z.string().min(1).max(200).optional(),
  attack: z.string().min(1).max(200).optional(),
  /** Only what graders differ on. */
  differ: z.enum(["true"]).optional(),
  /** Part of an id, cluster, category, attack, receipt or leaf; of prompts too, where the items are the suite's. */
  q: z.string().max(searchCharsMax).optional(),
  sort: z.enum(sampleSorts).default("sealed"),
});
export type SampleFilter = z.infer<typeof SampleFilter>;

/** `GET samples?…`. A sealed run never changes, so that `after`, the rows passed over, is a place that stays. */
export const SamplesQuery = SampleFilter.extend({
  after: z.coerce.number().int().nonnegative().max(1_000_000).default(0),
  limit: Limit,
});
export type SamplesQuery = z.infer<typeof SamplesQuery>;

const SampleRow = z.object({
  /** Its place among the sealed samples, from 0 on. */
  number: Count,
  id: z.string(),
  category: z.string().nullable(),
  attack: z.string().nullable(),
  cluster: z.string(),
  attempt: Count,
  outcome: TrialOutcome,
  countsAs: z.enum(["failed", "unknown", "clean"]),
  /** False for a try that one with an answer stands in place of. */
  isCounted: z.boolean(),
  at: Timestamp,
  hasAnswer: z.boolean(),
  score: z.union([z.number(), z.string()]).nullable(),
  graded: z.array(SaidView),
});

export const SamplesView = z.object({
  samples: z.array(SampleRow),
  total: Count,
  next: Count.nullable(),
});
export type SamplesView = z.infer<typeof SamplesView>;

/** `GET sample`: one of them, with what was asked where the suite's items are here. */
export const SampleView = z.object({
  row: SampleRow,
  /** As it was sealed: item's leaf, receipt, commitment to the answer. */
  sample: Sample,
  receipt: ReceiptId.nullable(),
  asked: z.array(z.object({ role: z.string(), content: z.string() })).nullable(),
  previous: Count.nullable(),
  next: Count.nullable(),
});
export type SampleView = z.infer<typeof SampleView>;

export const ExportQuery = SampleFilter.extend({ format: z.enum(["csv", "jsonl"]).default("jsonl") });

export const CompareQuery = z.strictObject({
  after: z.coerce.number().int().nonnegative().max(1_000_000).default(0),
  limit: Limit,
});

export const CompareView = z.object({
  one: EvidenceRow,
  other: EvidenceRow,
  confidence: z.number(),
  counts: z.object({ both: Count, onlyOne: Count, onlyOther: Count, neither: Count }),
  unknown: Count,
  apart: Count,
  difference: z.number().nullable(),
  interval: Interval,
  /** Of McNemar's exact test. */
  p: z.number(),
  attacks: z.array(z.object({ attack: z.string(), one: Count, other: Count })),
  /** Of the categories: how many clusters failed. */
  categories: z.array(z.object({ category: z.string(), one: Count, other: Count, of: Count })),
  /** Only what came out otherwise; `samples` are their numbers in the one run and in the other. */
  differences: z.array(
    z.object({
      cluster: z.string(),
      one: z.enum(["failed", "unknown", "clean"]),
      other: z.enum(["failed", "unknown", "clean"]),
      sample: Count.nullable(),
      otherSample: Count.nullable(),
    }),
  ),
  differ: Count,
  next: Count.nullable(),
});
export type CompareView = z.infer<typeof CompareView>;
