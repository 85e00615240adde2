// Opens the upstream a Model document names: one line a dialect. A new dialect is a file in src/upstream and a line here.
import { connectTo, outboundDefaults } from "../outbound/connector.ts";
import { resolveSecret } from "../outbound/secret.ts";
import { embeddedDefaults, openEmbedded } from "../upstream/embedded/embedded.ts";
import { fetchModel } from "../upstream/embedded/fetch.ts";
import { ensureRuntime } from "../upstream/embedded/runtime.ts";
import { knownModels } from "../upstream/embedded/known-models.ts";
import type { ModelDocument } from "../upstream/model-document.ts";
import { openOpenAiChat } from "../upstream/openai-chat.ts";
import { type Upstream, upstreamBounds } from "../upstream/upstream.ts";
import type { Configuration, Environment } from "./configuration.ts";

export interface UpstreamSurroundings {
  readonly configuration: Pick<Configuration, "cache" | "modelFile" | "secrets">;
  readonly environment: Environment;
  /** Ports of our own, which no upstream may be. */
  readonly ownPorts: ReadonlySet<number>;
}

export async function openUpstream(document: ModelDocument, around: UpstreamSurroundings): Promise<Upstream> {
  const { upstream } = document;
  switch (upstream.dialect) {
    case "openai-chat": {
      const url = new URL(upstream.url);
      const sources = { environment: around.environment, folder: around.configuration.secrets };
      const key = upstream.key === undefined ? undefined : await resolveSecret(upstream.key, sources);
      const pool = connectTo(url, { ...outboundDefaults, allowPrivate: true, ownPorts: around.ownPorts });
      return openOpenAiChat(pool, { basePath: url.pathname, key, bounds: upstreamBounds });
    }
    case "embedded": {
      const { contextTokens, parallel } = upstream;
      const file = await modelPath(upstream.file, around);
      const runtimeFolder = await ensureRuntime({ cacheFolder: around.configuration.cache });
      return openEmbedded({
        ...embeddedDefaults,
        file,
        runtimeFolder,
        contextTokens,
        parallel,
        bounds: upstreamBounds,
      });
    }
  }
}

/** The file of a known model, fetched if need be, or the path that the document names. */
async function modelPath(file: string, around: UpstreamSurroundings): Promise<string> {
  if (!knownModels.some(({ name }) => name === file)) return file;
  const { cache, modelFile } = around.configuration;
  const fetched = await fetchModel(file, { cacheFolder: cache, modelFile });
  return fetched.path;
}
