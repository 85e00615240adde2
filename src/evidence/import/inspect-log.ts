// The parts of an Inspect log (EvalLog, schema version 2) that a claim rests on, and how they lie in its two forms: one
// JSON file, or an archive with a header and per sample either one entry or, where it is chunked, a `sample.json` below
// its own prefix. A killed run has only its journal. Messages and events are passed over, however large they are.
// Source: inspect_ai, log/_log.py and log/_recorders (read, not copied).
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { type Archive, openArchive } from "./archive.ts";
import { type Shape, pickJson } from "./pick-json.ts";
import { type Reading, checkCount } from "./record.ts";
import type { Source } from "./source.ts";

const Id = z.union([z.string(), z.number(), z.bigint()]).transform(String);
const Text = z.string().max(65_536);
const absent = z.unknown().optional();

const Sampling = z.object({
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  max_tokens: z.number().nullish(),
  seed: z.number().nullish(),
  system_message: z.string().nullish(),
});

const Spec = z.object({
  run_id: Text.nullish(),
  created: Text.nullish(),
  task: Text,
  task_version: z.union([z.string(), z.number()]).transform(String).catch("0"),
  model: Text,
  model_base_url: Text.nullish(),
  model_generate_config: Sampling.nullish(),
  dataset: z.object({
    name: Text.nullish(),
    samples: z.number().int().nonnegative().nullish(),
    sample_ids: z.array(Id).nullish(),
  }),
  config: z.object({
    limit: absent,
    sample_id: absent,
    epochs: z.number().int().min(1).nullish(),
  }),
  revision: z.object({ commit: Text.nullish(), dirty: z.boolean().nullish() }).nullish(),
  packages: z.record(z.string(), z.unknown()).nullish(),
});

const Header = z.object({
  version: z.number().int(),
  status: z.string().default("started"),
  invalidated: z.boolean().default(false),
  eval: Spec,
  log_updates: z.array(z.unknown()).nullish(),
  config_updates: z.array(z.unknown()).nullish(),
  results: z
    .object({
      total_samples: z.number().nullish(),
      completed_samples: z.number().nullish(),
      early_stopping: absent,
      scores: z
        .array(z.object({ name: Text, scored_samples: z.number().nullish(), unscored_samples: z.number().nullish() }))
        .nullish(),
    })
    .nullish(),
});
type Header = z.infer<typeof Header>;

const Score = z.object({ value: z.unknown(), history: z.array(z.unknown()).nullish() });

const Sample = z.object({
  id: Id,
  epoch: z.number().int().min(0),
  scores: z.record(z.string(), Score).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  error: absent,
  error_retries: z.array(z.unknown()).nullish(),
  limit: absent,
  invalidation: absent,
  model_fallbacks: z.array(z.unknown()).nullish(),
  turn_count: z.number().int().nonnegative().nullish(),
});
export type Sample = z.infer<typeof Sample>;

export interface Place {
  readonly id: string;
  readonly epoch: number;
}

export interface InspectLog {
  readonly header: Header;
  readonly samples: readonly Sample[];
  /** False where the run never wrote its header: it was killed. */
  readonly isFinished: boolean;
  /** Ids and epochs that the summaries list and no sample entry shows. */
  readonly missing: readonly Place[];
}

const inspectVersion = 2;
/** Whether it is there is all that is asked. */
const presence: Shape = { members: {} };

const headerMembers: Readonly<Record<string, Shape>> = {
  version: "whole",
  status: "whole",
  invalidated: "whole",
  eval: {
    members: {
      run_id: "whole",
      created: "whole",
      task: "whole",
      task_version: "whole",
      model: "whole",
      model_base_url: "whole",
      model_generate_config: "whole",
      dataset: { members: { name: "whole", samples: "whole", sample_ids: "whole" } },
      config: { members: { limit: "whole", sample_id: "whole", epochs: "whole" } },
      revision: "whole",
      packages: "whole",
    },
  },
  log_updates: "whole",
  config_updates: "whole",
  results: {
    members: { total_samples: "whole", completed_samples: "whole", early_stopping: presence, scores: "whole" },
  },
};

function sampleShape({ cluster, category }: Reading): Shape {
  const fields = [cluster, category].filter((field) => field !== undefined);
  const metadata: Shape = { members: Object.fromEntries(fields.map((field) => [field, "whole"])) };
  return {
    members: {
      id: "whole",
      epoch: "whole",
      scores: "whole",
      ...(fields.length === 0 ? {} : { metadata }),
      error: presence,
      error_retries: "whole",
      limit: presence,
      invalidation: presence,
      model_fallbacks: "whole",
      turn_count: "whole",
    },
  };
}

/** Reads an `.eval` archive. Fails with request_invalid, saying what is wrong with it. */
export async function readInspectArchive(source: Source, reading: Reading): Promise<InspectLog> {
  const archive = await openArchive(source, (name) => partName.test(name));
  const names = new Set(archive.names);
  const isFinished = names.has("header.json");
  const name = isFinished ? "header.json" : "_journal/start.json";
  const header = checked(parsed(Header, await root(archive, name, { members: headerMembers }), name));
  const samples: Sample[] = [];
  const shape = sampleShape(reading);
  for (const entry of archive.names.filter((each) => sampleEntry.test(each))) {
    checkCount(samples.length + 1);
    const sample = parsed(Sample, await root(archive, entry, shape), entry);
    samples.push(slimmed(await withMetadata({ archive, names, entry, reading }, sample)));
  }
  const seen = new Set(samples.map(placeOf));
  const summaries = await readSummaries(archive);
  const missing = summaries.filter((summary) => !seen.has(placeOf(summary)));
  return { header, samples: distinct(samples), isFinished, missing };
}

/** Reads a log in the JSON form, where samples stand in one array. Fails with request_invalid. */
export async function readInspectJson(source: Source, reading: Reading): Promise<InspectLog> {
  const shape: Shape = { members: { ...headerMembers, samples: { elements: sampleShape(reading) } } };
  const samples: Sample[] = [];
  let header: Header | undefined;
  for await (const { kind, value } of pickJson(source.stream(), shape, "This Inspect log")) {
    if (kind === "root") header = checked(parsed(Header, value, "its head"));
    else {
      checkCount(samples.length + 1);
      samples.push(slimmed(parsed(Sample, value, `sample ${samples.length + 1}`)));
    }
  }
  if (header === undefined) throw wrong("is empty");
  return { header, samples: distinct(samples), isFinished: header.status !== "started", missing: [] };
}

/** Entries that are read: the head, the journal, and of each sample one or two. A sample's id may hold slashes. */
const partName =
  /^(?:header\.json|summaries\.json|_journal\/start\.json|_journal\/summaries\/\d+\.json|samples\/.+_epoch_\d+(?:\.json|\/sample\.json|\/metadata\.json))$/s;

/** One entry a sample: whole, or the shell of a chunked one. */
const sampleEntry = /^samples\/.+_epoch_\d+(?:\.json|\/sample\.json)$/s;

interface Chunked {
  readonly archive: Archive;
  readonly names: ReadonlySet<string>;
  readonly entry: string;
  readonly reading: Reading;
}

/** A chunked sample keeps its metadata in an entry of its own. */
async function withMetadata({ archive, names, entry, reading }: Chunked, sample: Sample): Promise<Sample> {
  const beside = entry.replace(/\/sample\.json$/, "/metadata.json");
  const fields = [reading.cluster, reading.category].filter((field) => field !== undefined);
  if (beside === entry || !names.has(beside) || fields.length === 0) return sample;
  const shape: Shape = { members: Object.fromEntries(fields.map((field) => [field, "whole"])) };
  return { ...sample, metadata: parsed(z.record(z.string(), z.unknown()), await root(archive, beside, shape), beside) };
}

/** Explanations and earlier values of scores are not needed further, only that there were some. */
function slimmed(sample: Sample): Sample {
  const scores = Object.entries(sample.scores ?? {}).map(([name, { value, history }]) => [
    name,
    { value: typeof value === "object" && value !== null ? {} : value, history: (history ?? []).map(() => 0) },
  ]);
  const { id, epoch, metadata, error, limit, invalidation, turn_count: turns } = sample;
  const retries = (sample.error_retries ?? []).map(() => 0);
  const fallbacks = (sample.model_fallbacks ?? []).map(() => 0);
  return {
    id,
    epoch,
    scores: z.record(z.string(), Score).parse(Object.fromEntries(scores)),
    metadata,
    error,
    limit,
    invalidation,
    turn_count: turns,
    error_retries: retries,
    model_fallbacks: fallbacks,
  };
}

async function readSummaries(archive: Archive): Promise<readonly Place[]> {
  const names = archive.names.includes("summaries.json")
    ? ["summaries.json"]
    : archive.names.filter((name) => name.startsWith("_journal/summaries/"));
  const places: Place[] = [];
  const shape: Shape = { elements: { members: { id: "whole", epoch: "whole" } } };
  for (const name of names) {
    for await (const { kind, value } of pickJson(archive.stream(name), shape, `This Inspect log's ${name}`)) {
      if (kind === "element") places.push(parsed(Sample.pick({ id: true, epoch: true }), value, name));
      checkCount(places.length);
    }
  }
  return places;
}

async function root(archive: Archive, name: string, shape: Shape): Promise<unknown> {
  let found: unknown;
  for await (const { value } of pickJson(archive.stream(name), shape, `This Inspect log's ${name}`)) found = value;
  return found;
}

function checked(header: Header): Header {
  if (header.version === inspectVersion) return header;
  throw wrong(`has schema version ${header.version}; this reads version ${inspectVersion}`);
}

function distinct(samples: readonly Sample[]): readonly Sample[] {
  if (new Set(samples.map(placeOf)).size === samples.length) return samples;
  throw wrong("has the same sample twice");
}

function parsed<T extends z.ZodType>(type: T, value: unknown, where: string): z.infer<T> {
  const result = type.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw wrong(
    `holds ${where}, where ${issue?.path.join(".") ?? "something"} is not as Inspect writes it`,
    result.error,
  );
}

export function placeOf({ id, epoch }: Place): string {
  return JSON.stringify([id, epoch]);
}

function wrong(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `This Inspect log ${what}.`, { cause });
}
