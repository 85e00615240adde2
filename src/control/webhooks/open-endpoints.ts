// From the file to endpoints that can be dialled: secrets found, addresses vetted. All of it at the start, so that a mistake is
// seen there and not when the first certificate ends.
import { readFileSync } from "node:fs";
import { connectTo, outboundDefaults } from "../../outbound/connector.ts";
import { type SecretSources, resolveSecret } from "../../outbound/secret.ts";
import { Failure } from "../../terms/failure.ts";
import { webhookKey } from "./signature.ts";
import { type Endpoint, parseWebhookFile } from "./webhook-file.ts";
import type { OpenEndpoint } from "./webhooks.ts";

export interface EndpointSources {
  readonly secrets: SecretSources;
  readonly ownPorts: ReadonlySet<number>;
}

/** Connections to one endpoint: messages go one after another. */
const connectionsMax = 1;

/** Fails with configuration_invalid, or destination_refused where an address may never be dialled. */
export async function openEndpoints(path: string, sources: EndpointSources): Promise<readonly OpenEndpoint[]> {
  const endpoints = parseWebhookFile(readText(path), path);
  return Promise.all(endpoints.map(async (endpoint) => openEndpoint(endpoint, sources)));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Failure("configuration_invalid", "HEADGATE_WEBHOOKS names a file that cannot be read.", { cause });
  }
}

async function openEndpoint(
  { name, url: text, secret, events }: Endpoint,
  { secrets, ownPorts }: EndpointSources,
): Promise<OpenEndpoint> {
  const references = typeof secret === "string" ? [secret] : secret;
  const keys = await Promise.all(references.map(async (one) => webhookKey(await resolveSecret(one, secrets), name)));
  const url = new URL(text);
  // The operator of this server wrote the address into a file of theirs, so that names inside their network are meant.
  const rules = { ...outboundDefaults, allowPrivate: true, privateNames: true, ownPorts, connectionsMax };
  return { name, origin: url.origin, events, keys, path: url.pathname + url.search, pool: connectTo(url, rules) };
}
