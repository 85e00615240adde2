// An Inspect log as a report: attempts, clusters, what is unknown, and every reason to trust it less. Nothing leaves the
// denominator in silence: a sample that erred, was never scored, or was planned and is not there is an unknown attempt,
// and epochs of one sample are one cluster.
import { digestOfText } from "../../proof/digest.ts";
import type { Hasher } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import type { TrialOutcome } from "../../terms/trial.ts";
import type { ReportHead } from "../seal.ts";
import { type InspectLog, type Sample, placeOf } from "./inspect-log.ts";
import {
  type Attempt,
  type Flag,
  type Reading,
  type Report,
  bareUrl,
  checkCount,
  flagsRaised,
  keptScore,
  short,
} from "./record.ts";

/** Reads what was taken out of a log. Fails with request_invalid on anything that cannot be mapped without guessing. */
export function inspectReport(log: InspectLog, reading: Reading, hasher: Hasher): Report {
  const failing = failingWords(reading.failure);
  const scorer = scorerOf(log, reading.scorer);
  const read = log.samples.map((sample) => attemptOf(sample, { ...reading, failing, scorer }));
  const attempts = [...read, ...absentAttempts(log)];
  return {
    head: headOf(log, scorer, hasher),
    flags: flagsOf(log, attempts, scorer),
    attempts,
    told: toldBy(log, attempts, scorer),
  };
}

function headOf({ header }: InspectLog, scorer: string, hasher: Hasher): Omit<ReportHead, "flags"> {
  const { eval: spec } = header;
  const {
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    seed,
    system_message: system,
  } = spec.model_generate_config ?? {};
  const sampling = Object.entries({ temperature, top_p: topP, max_tokens: maxTokens, seed });
  return {
    format: "inspect",
    tool: Name.parse("inspect-ai"),
    version: short(spec.packages?.["inspect_ai"]),
    run: short(spec.run_id),
    made: short(spec.created),
    target: {
      model: short(spec.model) ?? "unnamed",
      baseUrl: bareUrl(spec.model_base_url),
      sampling: Object.fromEntries(sampling.filter((one): one is [string, number] => typeof one[1] === "number")),
      systemPrompt: typeof system === "string" ? digestOfText(system.toWellFormed(), hasher) : null,
    },
    task: short(spec.task) ?? "unnamed",
    taskVersion: short(spec.task_version),
    dataset: short(spec.dataset.name),
    datasetSamples: spec.dataset.samples ?? null,
    judge: short(scorer) ?? "unnamed",
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
  const names = new Set((header.results?.scores ?? []).map(({ name }) => name));
  for (const sample of samples) for (const name of Object.keys(sample.scores ?? {})) names.add(name);
  if (wanted !== undefined && names.has(wanted)) return wanted;
  const [only] = names;
  if (wanted === undefined && only !== undefined && names.size === 1) return only;
  const choice = names.size === 0 ? "It has none." : `Choose one of ${[...names].join(", ")}.`;
  throw new Failure("request_invalid", `This log does not have exactly one scorer of that name. ${choice}`);
}

interface InspectReading extends Reading {
  readonly failing: ReadonlySet<ScoreWord>;
  readonly scorer: string;
}

function attemptOf(sample: Sample, reading: InspectReading): Attempt {
  const score = keptScore(sample.scores?.[reading.scorer]?.value);
  const category = reading.category === undefined ? null : short(sample.metadata?.[reading.category]);
  return {
    item: sample.id,
    attempt: sample.epoch,
    cluster: clusterOf(sample, reading.cluster),
    outcome: outcomeOf(sample, reading),
    said: {
      ...(category === null ? {} : { category }),
      ...(typeof sample.turn_count === "number" ? { turns: sample.turn_count } : {}),
      ...(score === undefined ? {} : { score }),
      ...(hasHistory(sample) ? { edited: true } : {}),
    },
  };
}

function outcomeOf(sample: Sample, { failing, scorer, failed }: InspectReading): TrialOutcome {
  const word = wordOf(sample.scores?.[scorer]?.value);
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
function absentAttempts(log: InspectLog): readonly Attempt[] {
  const { dataset, config } = log.header.eval;
  const ids = dataset.sample_ids ?? [];
  const epochs = config.epochs ?? 1;
  checkCount(ids.length * epochs);
  const planned = ids.flatMap((id) => Array.from({ length: epochs }, (_, at) => ({ id, epoch: at + 1 })));
  const seen = new Set(log.samples.map(placeOf));
  const absent = new Map([...planned, ...log.missing].map((place) => [placeOf(place), place]));
  return [...absent]
    .filter(([place]) => !seen.has(place))
    .map(([, { id, epoch }]) => ({ item: id, attempt: epoch, cluster: `id:${id}`, outcome: "errored", said: {} }));
}

function flagsOf(log: InspectLog, attempts: readonly Attempt[], scorer: string): readonly Flag[] {
  const { header, samples } = log;
  const { config, dataset, revision } = header.eval;
  const asked = new Set(dataset.sample_ids ?? []).size;
  return flagsRaised({
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
  });
}

function isEdited({ header, samples }: InspectLog): boolean {
  return samples.some(hasHistory) || (header.log_updates?.length ?? 0) > 0 || (header.config_updates?.length ?? 0) > 0;
}

function hasHistory({ scores }: Sample): boolean {
  return Object.values(scores ?? {}).some(({ history }) => (history?.length ?? 0) > 0);
}

/** The tool's own result leaves erred samples out of its denominator and still calls the run a success. */
function hasDroppedErrors(log: InspectLog, scorer: string): boolean {
  const scored = scoredBy(log, scorer);
  const hasErrors = log.samples.some(({ error }) => isPresent(error));
  return hasErrors && (scored === undefined || scored < log.samples.length);
}

/** How many samples the tool itself counts for this scorer; undefined where it does not say. */
function scoredBy({ header }: InspectLog, scorer: string): number | undefined {
  return header.results?.scores?.find(({ name }) => name === scorer)?.scored_samples ?? undefined;
}

function toldBy(log: InspectLog, attempts: readonly Attempt[], scorer: string): readonly string[] {
  const scored = scoredBy(log, scorer);
  const unknown = attempts.filter(({ outcome }) => isUnknown(outcome)).length;
  if (scored === undefined) return ["Inspect wrote no result for this scorer."];
  return [
    `Inspect counts ${scored} samples scored by ${short(scorer)}; here ${attempts.length} attempts count, ${unknown} of them unknown.`,
  ];
}

function isUnknown(outcome: TrialOutcome): boolean {
  return outcome === "errored" || outcome === "unscored" || outcome === "truncated";
}

/** A score that is there and is none of the known words: partial credit, a dictionary, a number between. */
function isUnmapped(value: unknown): boolean {
  const isNothing = value === undefined || value === null || (typeof value === "number" && Number.isNaN(value));
  return !isNothing && wordOf(value) === undefined;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}
