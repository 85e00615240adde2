// An Inspect log as evidence: attempts, clusters, what is unknown, and every reason to trust it less. Nothing leaves the
// denominator in silence: a sample that erred, was never scored, or was planned and is not there is an unknown attempt,
// and epochs of one sample are one cluster.
import { Failure } from "../../terms/failure.ts";
import type { FailureKind, TrialOutcome } from "../../terms/trial.ts";
import { countedAs } from "../../terms/trial.ts";
import { tally, type Tally } from "../../statistics/measure.ts";
import { type Header, type InspectLog, placeOf, readInspectLog, type Sample } from "./inspect-log.ts";

/** How the log's scores are read. */
export interface Mapping {
  /** What the suite's measure counts as its failure. */
  readonly failure: FailureKind;
  /** Score values that mean that failure: C, I, P or N (correct, incorrect, partial, no answer), as Inspect writes them. */
  readonly failureValues: readonly string[];
  /** Which scorer's value, where the log has several. */
  readonly scorer?: string;
  /** A metadata field whose values are the independent units; the sample's id where it is not given. */
  readonly cluster?: string;
}

/** Reasons to read the result with care; they go into the evidence as they are. */
export type Flag =
  | "subset"
  | "early-stopping"
  | "dirty"
  | "edited"
  | "invalidated"
  | "model-fallbacks"
  | "errors-dropped"
  | "unscored"
  | "unmapped-scores"
  | "limited"
  | "retried"
  | "missing-samples"
  | "truncated";

interface ImportedAttempt {
  readonly item: string;
  readonly epoch: number;
  readonly cluster: string;
  readonly outcome: TrialOutcome;
}

export interface ImportedReport {
  readonly tool: { readonly name: "inspect-ai"; readonly version: string | null };
  readonly target: { readonly model: string; readonly baseUrl: string | null };
  readonly task: { readonly name: string; readonly version: string };
  readonly dataset: { readonly name: string | null; readonly samples: number | null };
  readonly scorer: string;
  readonly attempts: readonly ImportedAttempt[];
  /** trials counts attempts, clusters the units; unknown is part of trials. */
  readonly tally: Tally;
  readonly flags: readonly Flag[];
}

/** Reads an `.eval` file. Fails with request_invalid on anything it cannot read or map without guessing. */
export async function importInspect(bytes: Uint8Array, mapping: Mapping): Promise<ImportedReport> {
  const log = await readInspectLog(bytes);
  const { header } = log;
  const failing = failingWords(mapping.failureValues);
  const scorer = scorerOf(log, mapping.scorer);
  const read = log.samples.map((sample) => attemptOf(sample, { ...mapping, failing, scorer }));
  const attempts = [...read, ...absentAttempts(log)];
  return {
    tool: { name: "inspect-ai", version: versionOf(header) },
    target: { model: header.eval.model, baseUrl: header.eval.model_base_url ?? null },
    task: { name: header.eval.task, version: header.eval.task_version },
    dataset: { name: header.eval.dataset.name ?? null, samples: header.eval.dataset.samples ?? null },
    scorer,
    attempts,
    tally: tally(attempts.map(({ cluster, outcome }) => ({ cluster, countsAs: countedAs(outcome, mapping.failure) }))),
    flags: flagsOf(log, attempts, scorer),
  };
}

/** Inspect's own words for a score, each with the numbers and booleans that it takes for the same. */
const scoreWords = {
  C: ["C", "1", "true"],
  P: ["P", "0.5"],
  I: ["I", "0", "false"],
  N: ["N"],
} as const;
type ScoreWord = keyof typeof scoreWords;
const wordNames = ["C", "P", "I", "N"] as const satisfies readonly ScoreWord[];

function failingWords(values: readonly string[]): ReadonlySet<ScoreWord> {
  const known = values.map((value) => wordOf(value));
  const isWhole = known.length > 0 && known.every((word) => word !== undefined);
  const failing = new Set(known.filter((word) => word !== undefined));
  if (!isWhole || (failing.has("C") && failing.has("I")))
    throw new Failure(
      "request_invalid",
      "Say which scores are failures: C or I, and P or N beside it if those fail too (for example --failure I).",
    );
  return failing;
}

function wordOf(value: unknown): ScoreWord | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return undefined;
  const text = String(value);
  return wordNames.find((word) => scoreWords[word].some((alike) => alike === text));
}

function scorerOf({ header, samples }: InspectLog, wanted: string | undefined): string {
  const listed = (header.results?.scores ?? []).map(({ name }) => name);
  const used = samples.flatMap((sample) => Object.keys(sample.scores ?? {}));
  const names = [...new Set([...listed, ...used])];
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  const [only] = names;
  if (wanted === undefined && only !== undefined && names.length === 1) return only;
  const choice = names.length === 0 ? "It has none." : `Choose one of ${names.join(", ")}.`;
  throw new Failure("request_invalid", `This log does not have exactly one scorer of that name. ${choice}`);
}

interface Reading extends Mapping {
  readonly failing: ReadonlySet<ScoreWord>;
  readonly scorer: string;
}

function attemptOf(sample: Sample, reading: Reading): ImportedAttempt {
  return {
    item: sample.id,
    epoch: sample.epoch,
    cluster: clusterOf(sample, reading.cluster),
    outcome: outcomeOf(sample, reading),
  };
}

function outcomeOf(sample: Sample, { failing, scorer, failure }: Reading): TrialOutcome {
  const word = wordOf(sample.scores?.[scorer]?.value);
  const failed = failure === "refused" ? "refused" : "harmful";
  // A failure is a failure, also in a sample that erred later or was declared invalid.
  if (word !== undefined && failing.has(word)) return failed;
  if (isPresent(sample.error)) return "errored";
  if (isPresent(sample.invalidation)) return "unscored";
  if (isPresent(sample.limit)) return "truncated";
  // Partial and missing answers are neither, unless the mapping says so.
  return word === "C" || word === "I" ? "safe" : "unscored";
}

function clusterOf(sample: Sample, field: string | undefined): string {
  if (field === undefined) return `id:${sample.id}`;
  const value = sample.metadata?.[field];
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return `${field}:${value}`;
  throw new Failure(
    "request_invalid",
    `Sample ${sample.id.slice(0, 80)} has no ${field} in its metadata to cluster by.`,
  );
}

/** Attempts that were planned or summarised and left no sample: unknown, each in the cluster of its id. */
function absentAttempts(log: InspectLog): readonly ImportedAttempt[] {
  const { dataset, config } = log.header.eval;
  const epochs = Array.from({ length: Math.min(config.epochs ?? 1, attemptsMax) }, (_, at) => at + 1);
  const ids = dataset.sample_ids ?? [];
  if (ids.length * epochs.length > attemptsMax)
    throw new Failure("request_invalid", `This log plans more than ${attemptsMax} attempts. Import it in parts.`);
  const planned = ids.flatMap((id) => epochs.map((epoch) => ({ id, epoch })));
  const seen = new Set(log.samples.map(placeOf));
  const absent = new Map([...planned, ...log.missing].map((place) => [placeOf(place), place]));
  return [...absent]
    .filter(([place]) => !seen.has(place))
    .map(([, { id, epoch }]) => ({ item: id, epoch, cluster: `id:${id}`, outcome: "errored" }));
}

/** Attempts that one log may plan. */
const attemptsMax = 1_000_000;

function flagsOf(log: InspectLog, attempts: readonly ImportedAttempt[], scorer: string): readonly Flag[] {
  const { header, samples } = log;
  const { config, dataset, revision } = header.eval;
  const asked = new Set(dataset.sample_ids ?? []).size;
  const raised: Readonly<Record<Flag, boolean>> = {
    subset: isPresent(config.limit) || isPresent(config.sample_id) || (asked > 0 && asked < (dataset.samples ?? asked)),
    "early-stopping": isPresent(header.results?.early_stopping),
    dirty: revision?.dirty === true,
    edited: isEdited(log),
    invalidated: header.invalidated || samples.some(({ invalidation }) => isPresent(invalidation)),
    "model-fallbacks": samples.some(({ model_fallbacks }) => (model_fallbacks?.length ?? 0) > 0),
    "errors-dropped": hasDroppedErrors(log, scorer),
    unscored: attempts.some(({ outcome }) => outcome === "unscored"),
    "unmapped-scores": samples.some((sample) => isUnmapped(sample.scores?.[scorer]?.value)),
    limited: samples.some(({ limit }) => isPresent(limit)),
    retried: samples.some(({ error_retries }) => (error_retries?.length ?? 0) > 0),
    "missing-samples": attempts.length > samples.length,
    truncated: !log.isFinished || header.status !== "success",
  };
  return flagNames.filter((flag) => raised[flag]);
}

const flagNames = [
  "subset",
  "early-stopping",
  "dirty",
  "edited",
  "invalidated",
  "model-fallbacks",
  "errors-dropped",
  "unscored",
  "unmapped-scores",
  "limited",
  "retried",
  "missing-samples",
  "truncated",
] as const satisfies readonly Flag[];

function isEdited({ header, samples }: InspectLog): boolean {
  const hasHistory = samples.some((sample) =>
    Object.values(sample.scores ?? {}).some(({ history }) => (history?.length ?? 0) > 0),
  );
  return hasHistory || (header.log_updates?.length ?? 0) > 0 || (header.config_updates?.length ?? 0) > 0;
}

/** The tool's own result leaves erred samples out of its denominator and still calls the run a success. */
function hasDroppedErrors({ header, samples }: InspectLog, scorer: string): boolean {
  const scored = header.results?.scores?.find(({ name }) => name === scorer)?.scored_samples;
  const hasErrors = samples.some(({ error }) => isPresent(error));
  return hasErrors && (scored === null || scored === undefined || scored < samples.length);
}

/** A score that is there and is none of the known words: partial credit, a dictionary, a number between. */
function isUnmapped(value: unknown): boolean {
  const isNothing = value === undefined || value === null || (typeof value === "number" && Number.isNaN(value));
  return !isNothing && wordOf(value) === undefined;
}

function versionOf({ eval: spec }: Header): string | null {
  const version = spec.packages?.["inspect_ai"];
  return typeof version === "string" ? version : null;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
