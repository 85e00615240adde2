// From a Model document to the upstream that serves it. The one place that knows all dialects.
import { isAbsolute } from "node:path";
import { connectTo, outboundDefaults } from "../outbound/connector.ts";
import { resolveSecret, type SecretSources } from "../outbound/secret.ts";
import { Failure } from "../terms/failure.ts";
import { chatDialect } from "../wire/chat/chat.ts";
import { embeddingsDialect } from "../wire/embeddings/embeddings.ts";
import type { Dialect } from "../wire/format.ts";
import { messagesDialect } from "../wire/messages/messages.ts";
import { responsesDialect } from "../wire/responses/responses.ts";
import { embeddedDefaults, type EmbeddedEvent, openEmbedded } from "./embedded/embedded.ts";
import { fetchModel, type FetchProgress } from "./embedded/fetch.ts";
import { knownModels } from "./embedded/known-models.ts";
import { ensureRuntime } from "./embedded/runtime.ts";
import { abandoned } from "./exchange-request.ts";
import { type ModelDocument, type UpstreamSource, sourcesOf } from "./model-document.ts";
import { type PoolEvent, type PoolRules, type PoolTime, openPool, poolRules } from "./pool.ts";
import { openServer } from "./server.ts";
import type { Upstream, UpstreamBounds } from "./upstream.ts";

export interface UpstreamEnvironment {
  readonly secrets: SecretSources;
  /** Ports this program listens on; an upstream on one of them would be ourselves. */
  readonly ownPorts: ReadonlySet<number>;
  readonly cacheFolder: string;
  readonly modelFile: string | undefined;
  readonly bounds: UpstreamBounds;
  readonly onProgress: (progress: FetchProgress | string) => void;
  readonly onEmbeddedEvent: (event: EmbeddedEvent) => void;
  /** Where several servers serve one model: rules other than the usual ones, and who hears how the servers are. */
  readonly pool?: Partial<PoolRules>;
  readonly onPoolEvent?: (event: PoolEvent) => void;
}

type Source<D> = Extract<UpstreamSource, { readonly dialect: D }>;

/**
 * Opens it, or all servers of it as one; for the embedded model this fetches and loads it first. The document's word allows
 * literal inner addresses.
 */
export async function openUpstream(document: ModelDocument, around: UpstreamEnvironment): Promise<Upstream> {
  const { timeouts = {} } = document;
  const environment = { ...around, bounds: boundsWith(timeouts, around.bounds), connectMs: timeouts.connectMs };
  const sources = sourcesOf(document);
  const [first] = sources;
  if (first === undefined) throw new Failure("configuration_invalid", "The Model document names no server.");
  if (sources.length === 1) return openSource(first, environment, 0);
  const opened = await Promise.allSettled(sources.map(async (source, at) => openSource(source, environment, at)));
  const members = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const refused = opened.find((one) => one.status === "rejected");
  if (refused !== undefined) {
    // What was certified is the whole pool: it is not opened in part.
    await Promise.all(members.map(async (one) => one.close()));
    throw refused.reason;
  }
  return openPool(members, {
    rules: { ...poolRules, ...around.pool },
    time: systemTime,
    totalMsMax: environment.bounds.totalMsMax,
    onEvent: (event) => around.onPoolEvent?.(event),
  });
}

const systemTime: PoolTime = {
  monotonic: () => performance.now(),
  random: () => Math.random(),
  sleep: async (ms, signal) =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        if (signal.aborted) reject(abandoned(signal));
        else resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end);
      if (signal.aborted) end();
    }),
};

function boundsWith(timeouts: NonNullable<ModelDocument["timeouts"]>, bounds: UpstreamBounds): UpstreamBounds {
  const { headersMs, firstTokenMs, idleMs, totalMs } = timeouts;
  return {
    ...bounds,
    headersMsMax: headersMs ?? bounds.headersMsMax,
    firstTokenMsMax: firstTokenMs ?? bounds.firstTokenMsMax,
    idleMsMax: idleMs ?? bounds.idleMsMax,
    totalMsMax: totalMs ?? bounds.totalMsMax,
  };
}

interface Environment extends UpstreamEnvironment {
  readonly connectMs: number | undefined;
}

async function openSource(source: UpstreamSource, environment: Environment, member: number): Promise<Upstream> {
  const placed = { environment, member };
  switch (source.dialect) {
    case "openai-chat":
      return openRemote(source, chatDialect, placed);
    case "openai-responses":
      return openRemote(source, responsesDialect, placed);
    case "anthropic-messages":
      return openRemote(source, messagesDialectOf(source), placed);
    case "openai-embeddings":
      return openRemote(source, embeddingsDialect, placed);
    case "embedded":
      return openOwn(source, environment);
  }
}

function messagesDialectOf({ version }: Source<"anthropic-messages">): Dialect {
  if (version === undefined) return messagesDialect;
  const headers: Dialect["headers"] = (key) => ({ ...messagesDialect.headers(key), "anthropic-version": version });
  return { ...messagesDialect, headers };
}

type Remote = Exclude<UpstreamSource, { readonly dialect: "embedded" }>;

interface Placed {
  readonly environment: Environment;
  readonly member: number;
}

async function openRemote(source: Remote, dialect: Dialect, { environment, member }: Placed): Promise<Upstream> {
  const { bounds, ownPorts, secrets, connectMs = outboundDefaults.connectMsMax } = environment;
  const key = source.key === undefined ? undefined : await resolveSecret(source.key, secrets);
  const url = new URL(source.url);
  const pool = connectTo(url, {
    ...outboundDefaults,
    allowPrivate: true,
    ownPorts,
    connectMsMax: connectMs,
    // None that was let in waits for a connection: a stream may have its own for minutes.
    connectionsMax: bounds.exchangesMax,
  });
  const isSalted = "cacheSalt" in source && source.cacheSalt === true;
  return openServer(pool, { dialect, model: source.model, basePath: url.pathname, key, bounds, member, isSalted });
}

async function openOwn(source: Source<"embedded">, environment: UpstreamEnvironment): Promise<Upstream> {
  const file = await fileOf(source, environment);
  const runtimeFolder = await ensureRuntime({
    cacheFolder: environment.cacheFolder,
    onProgress: environment.onProgress,
  });
  return openEmbedded({
    ...embeddedDefaults,
    bounds: environment.bounds,
    file,
    runtimeFolder,
    contextTokens: source.contextTokens,
    parallel: source.parallel,
    onEvent: environment.onEmbeddedEvent,
  });
}

async function fileOf(source: Source<"embedded">, environment: UpstreamEnvironment): Promise<string> {
  if (isAbsolute(source.file)) return source.file;
  if (!knownModels.some((known) => known.name === source.file)) {
    throw new Failure(
      "configuration_invalid",
      `upstream.file is neither an absolute path nor a known model (${knownModels.map((known) => known.name).join(", ")}).`,
    );
  }
  const { cacheFolder, modelFile, onProgress } = environment;
  return (await fetchModel(source.file, { cacheFolder, modelFile, onProgress })).path;
}
