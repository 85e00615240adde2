// The parts of an Inspect log (EvalLog, schema version 2) that a claim rests on, and how they lie in the archive: a header,
// and per sample either one entry or, where it is chunked, a `sample.json` below its own prefix. A killed run has only
// its journal. Source: inspect_ai, log/_log.py and log/_recorders (read, not copied).
import { z } from "zod";
import { fromUtf8 } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";
import { type Archive, entryBytesMax, openArchive } from "./archive.ts";
import { parseLooseJson } from "./loose-json.ts";

const Id = z.union([z.string(), z.number(), z.bigint()]).transform(String);
const Text = z.string().max(4096);
const absent = z.unknown().optional();

const Spec = z.object({
  task: Text,
  task_version: z.union([z.string(), z.number()]).transform(String).catch("0"),
  model: Text,
  model_base_url: Text.nullish(),
  dataset: z.object({
    name: Text.nullish(),
    samples: z.number().nullish(),
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
      scores: z.array(z.object({ name: Text, scored_samples: z.number().nullish() })).nullish(),
    })
    .nullish(),
});
export type Header = z.infer<typeof Header>;

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
});
export type Sample = z.infer<typeof Sample>;

export interface InspectLog {
  readonly header: Header;
  readonly samples: readonly Sample[];
  /** False where the run never wrote its header: it was killed. */
  readonly isFinished: boolean;
  /** Ids and epochs that the summaries list and no sample entry shows. */
  readonly missing: readonly { readonly id: string; readonly epoch: number }[];
}

const inspectVersion = 2;

const depthMax = 200;

/** Reads an `.eval` file. Fails with request_invalid, saying what is wrong with it. */
export async function readInspectLog(bytes: Uint8Array): Promise<InspectLog> {
  const archive = await openArchive(bytes);
  try {
    return await readArchive(archive);
  } finally {
    archive.close();
  }
}

async function readArchive(archive: Archive): Promise<InspectLog> {
  const isFinished = archive.names.includes("header.json");
  const header = await readPart(archive, isFinished ? "header.json" : "_journal/start.json", Header);
  if (header.version !== inspectVersion)
    throw wrong(`has schema version ${header.version}; this reads version ${inspectVersion}`);
  const samples: Sample[] = [];
  for (const name of archive.names.filter((each) => sampleEntry.test(each)))
    samples.push(await readPart(archive, name, Sample).then((sample) => withMetadata(archive, name, sample)));
  const seen = new Set(samples.map(placeOf));
  if (seen.size !== samples.length) throw wrong("has the same sample twice");
  const summaries = await readSummaries(archive);
  const missing = summaries.filter((summary) => !seen.has(placeOf(summary)));
  return { header, samples, isFinished, missing: missing.map(({ id, epoch }) => ({ id, epoch })) };
}

/** One entry a sample: whole, or the shell of a chunked one. A sample's id may hold slashes. */
const sampleEntry = /^samples\/.+_epoch_\d+(?:\.json|\/sample\.json)$/s;

/** A chunked sample keeps its metadata in an entry of its own. */
async function withMetadata(archive: Archive, name: string, sample: Sample): Promise<Sample> {
  const beside = name.replace(/\/sample\.json$/, "/metadata.json");
  if (beside === name || !archive.names.includes(beside)) return sample;
  return { ...sample, metadata: await readPart(archive, beside, z.record(z.string(), z.unknown())) };
}

async function readSummaries(archive: Archive): Promise<readonly Sample[]> {
  const names = archive.names.includes("summaries.json")
    ? ["summaries.json"]
    : archive.names.filter((name) => /^_journal\/summaries\/\d+\.json$/.test(name));
  const parts: Sample[] = [];
  for (const name of names) parts.push(...(await readPart(archive, name, z.array(Sample))));
  return parts;
}

async function readPart<T extends z.ZodType>(archive: Archive, name: string, type: T): Promise<z.infer<T>> {
  const text = fromUtf8(await archive.read(name));
  if (text === undefined) throw wrong(`holds ${name}, which is not UTF-8`);
  const parsed = type.safeParse(parseLooseJson(text, { charsMax: entryBytesMax, depthMax }));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(`holds ${name}, where ${issue?.path.join(".") ?? "something"} is not as Inspect writes it`, parsed.error);
}

export function placeOf({ id, epoch }: { readonly id: string; readonly epoch: number }): string {
  return JSON.stringify([id, epoch]);
}

function wrong(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `This Inspect log ${what}.`, { cause });
}
