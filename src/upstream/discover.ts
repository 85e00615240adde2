// What an address speaks, for `headgate connect`: it asks for the list of models and sends bodies that no server can
// take for a question, so that nothing is generated and nothing is paid. The result is data; files are written elsewhere.
import { z } from "zod";
import { connectTo, type OutboundRules } from "../outbound/connector.ts";
import { Failure, failureCode } from "../terms/failure.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeRequest } from "./exchange-request.ts";

/** Dialects an address may turn out to speak. Embeddings are not looked for: `connect --dialect` says them. */
type SpokenDialect = "openai-chat" | "openai-responses" | "anthropic-messages";

export type Discovery =
  | {
      readonly kind: "found";
      /** The address to write into the Model document. */
      readonly url: string;
      readonly dialects: readonly SpokenDialect[];
      readonly models: readonly string[];
    }
  | { readonly kind: "key-needed"; readonly url: string }
  | { readonly kind: "nothing"; readonly tried: readonly string[] };

export interface DiscoverOptions {
  readonly rules: OutboundRules;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

const askMsMax = 5_000;
const bytesMax = 4 * 1024 * 1024;
const modelsMax = 1_000;

const routes: readonly (readonly [SpokenDialect, string])[] = [
  ["openai-chat", "/chat/completions"],
  ["openai-responses", "/responses"],
  ["anthropic-messages", "/messages"],
];

const ModelList = z.union([
  z
    .object({ data: z.array(z.object({ id: z.string().max(256) })).max(modelsMax) })
    .transform(({ data }) => data.map(({ id }) => id)),
  z
    .object({ models: z.array(z.object({ name: z.string().max(256) })).max(modelsMax) })
    .transform(({ models }) => models.map(({ name }) => name)),
]);

/** Tries the address as it is and with `/v1`. Throws `destination_refused`, `upstream_failed` or `upstream_timeout`. */
export async function discover(address: URL, options: DiscoverOptions): Promise<Discovery> {
  const pool = connectTo(address, options.rules);
  const ask = async (request: ExchangeRequest): Promise<Reply> => {
    const bounds = { bytesMax, totalMsMax: askMsMax };
    const exchange = new Exchange(pool, request, { bounds, signal: options.signal });
    try {
      const { status } = await exchange.head(askMsMax);
      return { status, text: (await exchange.rest()).toString("utf8") };
    } catch (error) {
      throw withRoute(error, `${request.method} ${address.origin}${request.path}`);
    } finally {
      exchange.close();
    }
  };
  try {
    for (const path of candidatePaths(address)) {
      const found = await tryRoot(path, { address, ask, headers: headersWith(options.key) });
      if (found !== undefined) return found;
    }
    return { kind: "nothing", tried: candidatePaths(address).map((path) => address.origin + path) };
  } finally {
    await pool.destroy();
  }
}

/** Of a server that answers some of what it is asked and breaks off at another, which one it was. */
function withRoute(error: unknown, route: string): unknown {
  if (failureCode(error) === undefined || !(error instanceof Failure)) return error;
  return new Failure(error.code, `${route}: ${error.message}`, { cause: error, detail: error.detail });
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

interface Probe {
  readonly address: URL;
  readonly ask: (request: ExchangeRequest) => Promise<Reply>;
  readonly headers: string[];
}

async function tryRoot(path: string, probe: Probe): Promise<Discovery | undefined> {
  const { ask, headers } = probe;
  const url = probe.address.origin + path;
  const list = await ask({ method: "GET", path: `${path}/models`, headers });
  if (list.status === 401 || list.status === 403) return { kind: "key-needed", url };
  const dialects: SpokenDialect[] = [];
  for (const [dialect, route] of routes) {
    const { status, text } = await ask({ method: "POST", path: path + route, headers, body: '{"messages":"?"}' });
    if (status === 401 || status === 403) return { kind: "key-needed", url };
    if (knowsRoute(status, text)) dialects.push(dialect);
  }
  return dialects.length === 0
    ? undefined
    : { kind: "found", url, dialects, models: list.status === 200 ? modelsIn(list.text) : [] };
}

/** A route that exists complains about the body, as JSON; one that does not is 404, 405, or somebody's web page. */
function knowsRoute(status: number, text: string): boolean {
  return (status === 400 || status === 415 || status === 422 || status === 500) && parseJson(text) !== undefined;
}

function modelsIn(text: string): readonly string[] {
  const parsed = ModelList.safeParse(parseJson(text));
  return parsed.success ? parsed.data : [];
}

function candidatePaths(address: URL): readonly string[] {
  const path = address.pathname.replace(/\/+$/, "");
  return path.endsWith("/v1") ? [path] : [`${path}/v1`, path];
}

function headersWith(key: string | undefined): string[] {
  const common = ["content-type", "application/json", "accept", "application/json", "accept-encoding", "identity"];
  // Both ways of naming a key are sent: which one is right is what is being found out.
  const named = key === undefined ? [] : ["authorization", `Bearer ${key}`, "x-api-key", key];
  return [...common, "anthropic-version", "2023-06-01", ...named];
}

function parseJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What to tell a person about a discovery. Throws `upstream_failed` when nothing was found. */
export function explainDiscovery(discovery: Discovery): string {
  switch (discovery.kind) {
    case "found":
      return `${discovery.url} speaks ${discovery.dialects.join(", ")}; models: ${discovery.models.join(", ") || "not listed"}.`;
    case "key-needed":
      return `${discovery.url} wants a key: put it in an UPSTREAM_… variable and name that variable.`;
    case "nothing":
      throw new Failure(
        "upstream_failed",
        `What answers at ${discovery.tried.join(" or ")} is no model server known here: to a body that is no question one says 400 or 422, in JSON, ` +
          "at /chat/completions, /responses or /messages. Is the address right? For a server that takes anything write the Model document by hand (docs/documents.md).",
      );
  }
}
