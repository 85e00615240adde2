// Sealing a run: every try becomes a leaf that names its item, outcome and receipt and commits to the answer with a salt,
// so that the record can be checked by anyone and the answers shown to nobody, or to a few, or erased.
import { z } from "zod";
import { canonicalBytes, canonicalText, parseJson } from "../proof/canonical.ts";
import { concatBytes, toUtf8 } from "../proof/encoding.ts";
import { digestOf, digestOfHash, type Opening } from "../proof/digest.ts";
import { growingTree, leafHash } from "../proof/merkle.ts";
import type { Hasher } from "../proof/primitives.ts";
import { adaptiveTurnsMax } from "../acts/bodies.ts";
import { type MarkedAttempt, tally, type Tally } from "../statistics/measure.ts";
import { type Steps, eachInSteps, straight } from "./steps.ts";
import { Failure } from "../terms/failure.ts";
import { Digest, Name, PermitId, ReceiptId, RunId, Timestamp } from "../terms/ids.ts";
import { type CountedAs, type FailureKind, countAttempts, TrialOutcome } from "../terms/trial.ts";
import { GraderVerdict } from "./graders/grader.ts";

/** Tries in one sealed run, and bytes of the artefact that holds them. */
const sealedTriesMax = 1_000_000;
const sealedBytesMax = 64 * 1024 * 1024;

/** Parts of a sealed run: some ten a try, for the largest run there may be. */
const sealedPartsMax = 10_000_000;

const Word = z.string().min(1).max(200);

/** What a report from elsewhere says of an attempt beside its outcome. */
const Declared = z.strictObject({
  category: Word.optional(),
  /** Attack or transform, as the tool names it. */
  attack: Word.optional(),
  turns: z.number().int().nonnegative().optional(),
  score: z.union([z.number(), z.string().min(1).max(32)]).optional(),
  /** Its score was changed after it was given. */
  edited: z.literal(true).optional(),
  /** A person graded it. */
  human: z.literal(true).optional(),
});

/** Graders that say something of one answer. */
const saidMax = 16;

const Said = z.strictObject({
  /** The grader: of a model its name in the suite, `judge:NAME`; of a person their id, `people:ID`. */
  by: z.string().min(1).max(128),
  verdict: GraderVerdict,
});

/** One try, as it stands in the sealed run. */
export const Sample = z.strictObject({
  /** Leaf of the suite item. */
  item: Digest,
  cluster: z.string().min(1).max(256),
  attempt: z.number().int().nonnegative().max(1000),
  outcome: TrialOutcome,
  receipt: ReceiptId.nullable(),
  /** Of an attempt of several requests: the receipts of those before the last, in their order. */
  before: z.array(ReceiptId).min(1).max(adaptiveTurnsMax).optional(),
  at: Timestamp,
  /** Commitment to the answer's text; null where there was none. */
  answer: Digest.nullable(),
  /** What each grader said, where models or people graded it: the outcome follows from these. */
  graded: z.array(Said).min(1).max(saidMax).optional(),
  declared: Declared.optional(),
});
export type Sample = z.infer<typeof Sample>;

/** Who says it about what, where it was not measured here: shown to the person who vouched, and sealed with the rest. */
export const ReportHead = z.strictObject({
  format: z.enum(["inspect", "promptfoo", "garak", "mapping"]),
  tool: Name,
  version: Word.nullable(),
  /** The tool's own id of the run, and when it says it was. */
  run: Word.nullable(),
  made: Word.nullable(),
  target: z.strictObject({
    model: Word,
    baseUrl: Word.nullable(),
    /** Sampling as the tool was told: temperature, top_p, max_tokens, seed. */
    sampling: z.record(Word, z.number()),
    systemPrompt: Digest.nullable(),
  }),
  task: Word,
  taskVersion: Word.nullable(),
  dataset: Word.nullable(),
  datasetSamples: z.number().int().nonnegative().nullable(),
  /** The scorer, detectors or assertions that judged. */
  judge: Word,
  flags: z.array(Name).max(32),
});
export type ReportHead = z.infer<typeof ReportHead>;

export const SealedRun = z.strictObject({
  v: z.literal(1),
  run: RunId,
  permit: PermitId.nullable(),
  suite: Name,
  /** Present where the samples are a report's from elsewhere. */
  report: ReportHead.optional(),
  samples: z.array(Sample).max(sealedTriesMax),
});
export type SealedRun = z.infer<typeof SealedRun>;

/** A try before sealing. */
export interface Tried {
  readonly item: Digest;
  readonly cluster: string;
  readonly attempt: number;
  readonly outcome: TrialOutcome;
  readonly receipt: ReceiptId | null;
  readonly before?: Sample["before"];
  readonly at: Timestamp;
  /** Commitment to the answer (`answerOpening`); null where there was none to keep. */
  readonly answer: Digest | null;
  readonly graded?: Sample["graded"];
  readonly declared?: Sample["declared"];
}

export interface RunHead {
  readonly run: RunId;
  readonly permit: PermitId | null;
  readonly suite: Name;
  readonly failure: FailureKind;
  readonly report?: ReportHead;
}

export interface Sealed {
  /** Canonical bytes of a SealedRun: the artefact. */
  readonly bytes: Uint8Array;
  /** The `samples` of an evidence statement. */
  readonly samples: { readonly root: Digest; readonly count: number; readonly artefact: Digest };
  readonly tally: Tally;
}

/** Characters of an answer that are committed to; what is cut is said in the text. */
const answerCharsMax = 8000;

/** Seals tries in the order given. */
export function sealRun(head: RunHead, tries: readonly Tried[], hasher: Hasher): Sealed {
  const samples = tries.map((tried) => sampleOf(tried));
  const { run, permit, suite, report } = head;
  const content: SealedRun = { v: 1, run, permit, suite, ...(report === undefined ? {} : { report }), samples: [] };
  const pieces = samples.map((sample) => canonicalBytes(sample));
  const bytes = around(canonicalText(content), pieces);
  return {
    bytes,
    samples: { root: rootOfPieces(pieces, hasher), count: samples.length, artefact: digestOf(bytes, hasher) },
    tally: tallySamples(samples, head.failure),
  };
}

const noSamples = '"samples":[]';

/** Canonical bytes of a run, from those of a run without samples and of each sample: one text of all would lie in memory several times. */
function around(text: string, pieces: readonly Uint8Array[]): Uint8Array {
  const at = text.indexOf(noSamples) + noSamples.length - 1;
  const parts: Uint8Array[] = [toUtf8(text.slice(0, at))];
  for (const [index, piece] of pieces.entries()) parts.push(...(index === 0 ? [] : [comma]), piece);
  parts.push(toUtf8(text.slice(at)));
  return concatBytes(parts);
}

const comma = toUtf8(",");

/** Reads a sealed run and checks it against what the evidence statement says of it. Fails with proof_invalid. */
export function openSealed(bytes: Uint8Array, said: Sealed["samples"], hasher: Hasher): SealedRun {
  return straight(sealedSteps(bytes, said, hasher));
}

const Unsampled = SealedRun.extend({ samples: z.array(z.unknown()).max(sealedTriesMax) });

/**
 * The same of bytes that were opened in full before they were recorded. They are those by their digest, so that their root is not worked out
 * again, which is most of the work. Fails with proof_invalid.
 */
export function openRecorded(bytes: Uint8Array, said: Sealed["samples"], hasher: Hasher): SealedRun {
  const parsed = SealedRun.safeParse(valueOf(bytes, said, hasher));
  if (!parsed.success || parsed.data.samples.length !== said.count) throw otherSamples();
  return parsed.data;
}

function valueOf(bytes: Uint8Array, said: Sealed["samples"], hasher: Hasher): unknown {
  if (bytes.length > sealedBytesMax || digestOf(bytes, hasher) !== said.artefact) throw otherSamples();
  const limits = { bytesMax: sealedBytesMax, depthMax: 8, partsMax: sealedPartsMax } as const;
  return parseJson(bytes, { ...limits, code: "proof_invalid" });
}

/** Opening in steps: of a large run it takes seconds. */
export function* sealedSteps(bytes: Uint8Array, said: Sealed["samples"], hasher: Hasher): Steps<SealedRun> {
  const value = valueOf(bytes, said, hasher);
  yield;
  const parsed = Unsampled.safeParse(value);
  if (!parsed.success || parsed.data.samples.length !== said.count) throw otherSamples();
  const tree = growingTree(hasher);
  const samples = yield* eachInSteps(parsed.data.samples, (one) => {
    const sample = Sample.safeParse(one);
    if (!sample.success) throw otherSamples();
    tree.append(leafHash(canonicalBytes(sample.data), hasher));
    return sample.data;
  });
  if (digestOfHash(tree.root()) !== said.root) throw otherSamples();
  return { ...parsed.data, samples };
}

function otherSamples(): Failure {
  return new Failure("proof_invalid", "These samples are not the ones that the evidence was signed over.");
}

/** A whole run, counted. */
export function tallySamples(samples: readonly Sample[], failure: FailureKind): Tally {
  return tally(attemptsIn(samples, failure));
}

/** Attempts as a measure counts them, with the cluster that each is of. */
export function attemptsIn(samples: readonly Sample[], failure: FailureKind): readonly MarkedAttempt[] {
  return countedSamples(samples, failure).map(({ sample: { cluster }, countsAs }) => ({ cluster, countsAs }));
}

interface CountedSample {
  readonly sample: Sample;
  readonly countsAs: CountedAs;
}

/** Tries without an answer are superseded by one of the same attempt that has one. */
export function countedSamples(samples: readonly Sample[], failure: FailureKind): readonly CountedSample[] {
  // Most items have none, and then nothing is superseded: of a large run this is looked at again and again.
  const lacking = new Set(samples.filter(({ outcome }) => outcome === "errored").map(({ item }) => item));
  const unsure = samples.filter(({ item }) => lacking.has(item));
  const attempts = Map.groupBy(unsure, ({ item, attempt }) => `${item} ${attempt}`);
  const standing = [...attempts.values()].flatMap((tries) => {
    const answered = tries.filter(({ outcome }) => outcome !== "errored");
    return answered.length > 0 ? answered : tries.slice(-1);
  });
  const stands = new Set(standing);
  const counted = samples.filter((sample) => !lacking.has(sample.item) || stands.has(sample));
  const marks = countAttempts(counted, failure);
  return counted.map((sample, at) => ({ sample, countsAs: marks[at] ?? "unknown" }));
}

function sampleOf(tried: Tried): Sample {
  const { item, cluster, attempt, outcome, receipt, before, at, answer, graded, declared } = tried;
  return {
    item,
    cluster,
    attempt,
    outcome,
    receipt,
    ...(before === undefined ? {} : { before }),
    at,
    answer,
    ...(graded === undefined ? {} : { graded }),
    ...(declared === undefined ? {} : { declared }),
  };
}

/** Characters of a conversation that are committed to. */
const transcriptCharsMax = 200_000;

/** What a sample commits to: the text as far as it is kept, and 32 random bytes, standard base64. */
export function answerOpening(text: string, salt: string, of: "answer" | "transcript" = "answer"): Opening {
  const charsMax = of === "answer" ? answerCharsMax : transcriptCharsMax;
  const kept = text.length > charsMax ? `${text.slice(0, charsMax).toWellFormed()} [cut here]` : text;
  return { salt, text: kept.toWellFormed() };
}

function rootOfPieces(pieces: readonly Uint8Array[], hasher: Hasher): Digest {
  const tree = growingTree(hasher);
  for (const piece of pieces) tree.append(leafHash(piece, hasher));
  return digestOfHash(tree.root());
}
