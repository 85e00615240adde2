// Everything the environment says, read once, here and nowhere else. An unknown or wrong value is an error with its name.
import { homedir } from "node:os";
import path from "node:path";
import { type PostgresAddress, parsePostgresAddress } from "../store/postgres-address.ts";
import { Failure } from "../terms/failure.ts";
import { Digest } from "../terms/ids.ts";
import { Network, hostNetwork } from "../terms/network.ts";
import { type Distribution, readDistribution } from "./distribution.ts";
import { type Operating, readOperating } from "./operating.ts";

export interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly controlPort: number;
  readonly data: string;
  /** Server keys lie outside the data folder, so that a copy of the data is not a copy of the keys. */
  readonly keys: string;
  readonly store: StoreAddress;
  /** Model and runtime of the embedded upstream. */
  readonly cache: string;
  readonly modelFile: string | undefined;
  /** The one folder `file:` secrets of documents are read from. */
  readonly secrets: string | undefined;
  /** File that says who is told of what happens. */
  readonly webhooks?: string | undefined;
  /** Pinned first trust root; otherwise the one in the data folder's trust.json. */
  readonly trust: Digest | undefined;
  readonly contact: string;
  readonly hosts: readonly string[];
  /** Proxies whose word on where a request comes from counts. */
  readonly proxies?: readonly Network[];
  /** Origin of the console, whose pages may call the data plane; null for none, undefined where nothing is set. */
  readonly console?: string | null | undefined;
  /** TLS, logs, metrics, traces; nothing of it where it is not given. */
  readonly operating?: Operating;
  /** Workers, gateways elsewhere; one process that is everything where it is not given. */
  readonly distribution?: Distribution;
}

/** Where the database is. */
export type StoreAddress =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly address: PostgresAddress };

export type Environment = Readonly<Record<string, string | undefined>>;

export function readConfiguration(environment: Environment, dataDefault = "./data"): Configuration {
  const data = path.resolve(environment["HEADGATE_DATA"] ?? dataDefault);
  const host = environment["HEADGATE_HOST"] ?? "127.0.0.1";
  return {
    host,
    port: portOf(environment, "HEADGATE_PORT", 8700),
    controlPort: portOf(environment, "HEADGATE_CONTROL_PORT", 8701),
    data,
    keys: path.resolve(environment["HEADGATE_KEYS"] ?? `${data}-keys`),
    store: storeOf(environment["HEADGATE_STORE"], data),
    cache: cacheOf(environment),
    modelFile: environment["HEADGATE_MODEL_FILE"],
    secrets: environment["HEADGATE_SECRETS"],
    webhooks: webhooksOf(environment["HEADGATE_WEBHOOKS"]),
    trust: trustOf(environment["HEADGATE_TRUST"]),
    contact: environment["HEADGATE_CONTACT"] ?? "the operator of this gateway",
    hosts: (environment["HEADGATE_HOSTS"] ?? "").split(",").filter((name) => name !== ""),
    proxies: proxiesOf(environment["HEADGATE_PROXIES"]),
    console: originOf(environment["HEADGATE_CONSOLE_ORIGIN"]),
    operating: readOperating(environment),
    distribution: readDistribution(environment, host),
  };
}

/** Set to nothing is not set. */
function webhooksOf(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : path.resolve(text);
}

/** As a browser writes it: scheme, host and port, and nothing behind them. */
function originOf(text: string | undefined): string | null | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "none") return null;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.origin === text) return text;
  throw new Failure(
    "configuration_invalid",
    `HEADGATE_CONSOLE_ORIGIN is the origin of the console, such as https://console.example, or none; not "${text}".`,
  );
}

function proxiesOf(text = ""): readonly Network[] {
  const names = text.split(",").filter((name) => name.trim() !== "");
  return names.map((name) => {
    const network = Network.safeParse(name.trim()).data ?? hostNetwork(name.trim());
    if (network !== undefined) return network;
    throw new Failure("configuration_invalid", `HEADGATE_PROXIES: "${name.trim()}" is no address and no network.`);
  });
}

function cacheOf(environment: Environment): string {
  return path.resolve(environment["HEADGATE_CACHE"] ?? path.join(homedir(), ".cache", "headgate"));
}

function portOf(environment: Environment, name: string, usual: number): number {
  const text = environment[name];
  if (text === undefined) return usual;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 65_535) return port;
  throw new Failure("configuration_invalid", `${name} is a port from 0 (any free one) to 65535, not "${text}".`);
}

function storeOf(text: string | undefined, data: string): StoreAddress {
  if (text === undefined) return { kind: "sqlite", path: path.join(data, "headgate.db") };
  if (text.startsWith("sqlite:")) return { kind: "sqlite", path: path.resolve(text.slice("sqlite:".length)) };
  if (/^postgres(ql)?:\/\//.test(text)) return { kind: "postgres", address: parsePostgresAddress(text) };
  throw new Failure("configuration_invalid", "HEADGATE_STORE is sqlite:PATH or postgres://USER@HOST/DATABASE.");
}

function trustOf(text: string | undefined): Digest | undefined {
  if (text === undefined) return undefined;
  const digest = Digest.safeParse(text);
  if (digest.success) return digest.data;
  throw new Failure("configuration_invalid", "HEADGATE_TRUST is the digest of the first trust root, sha256:…");
}
