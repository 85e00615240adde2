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
import type { ModelDocument } from "./model-document.ts";
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
}

type Source<D> = Extract<ModelDocument["upstream"], { readonly dialect: D }>;

/** Opens it; for the embedded model this fetches and loads it first. The document's word allows literal inner addresses. */
export async function openUpstream(document: ModelDocument, environment: UpstreamEnvironment): Promise<Upstream> {
  const { upstream } = document;
  switch (upstream.dialect) {
    case "openai-chat":
      return openRemote(upstream, chatDialect, environment);
    case "openai-responses":
      return openRemote(upstream, responsesDialect, environment);
    case "anthropic-messages":
      return openRemote(upstream, messagesDialectOf(upstream), environment);
    case "openai-embeddings":
      return openRemote(upstream, embeddingsDialect, environment);
    case "embedded":
      return openOwn(upstream, environment);
  }
}

function messagesDialectOf({ version }: Source<"anthropic-messages">): Dialect {
  if (version === undefined) return messagesDialect;
  const headers: Dialect["headers"] = (key) => ({ ...messagesDialect.headers(key), "anthropic-version": version });
  return { ...messagesDialect, headers };
}

type Remote = Exclude<ModelDocument["upstream"], { readonly dialect: "embedded" }>;

async function openRemote(source: Remote, dialect: Dialect, environment: UpstreamEnvironment): Promise<Upstream> {
  const key = source.key === undefined ? undefined : await resolveSecret(source.key, environment.secrets);
  const url = new URL(source.url);
  const pool = connectTo(url, { ...outboundDefaults, allowPrivate: true, ownPorts: environment.ownPorts });
  const { bounds } = environment;
  return openServer(pool, { dialect, model: source.model, basePath: url.pathname, key, bounds });
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
