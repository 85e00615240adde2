// Where each setting of the server comes from, for people who read it in the console. The names are those of docs/operate.md; what
// could hold a secret is said to be set, and never shown.
import { existsSync } from "node:fs";
import path from "node:path";
import { aboutDisk, aboutKeys } from "../cli/doctor/machine.ts";
import { type CheckView, well } from "../control/contract-doctor.ts";
import type { SettingView } from "../control/contract-settings.ts";
import { Failure } from "../terms/failure.ts";
import type { Configuration, Environment } from "./configuration.ts";

type Usual = (configuration: Configuration) => string | null;

const nothing: Usual = () => null;

/** What each is where nobody sets it. */
const usual: Readonly<Record<string, Usual>> = {
  HEADGATE_DATA: ({ data }) => data,
  HEADGATE_KEYS: ({ keys }) => keys,
  HEADGATE_STORE: ({ store }) => (store.kind === "sqlite" ? `sqlite:${store.path}` : null),
  HEADGATE_PORT: () => "8700",
  HEADGATE_CONTROL_PORT: () => "8701",
  HEADGATE_HOST: ({ host }) => host,
  HEADGATE_PROXIES: nothing,
  HEADGATE_HOSTS: nothing,
  HEADGATE_TRUST: nothing,
  HEADGATE_CONTACT: ({ contact }) => contact,
  HEADGATE_SECRETS: nothing,
  HEADGATE_CACHE: ({ cache }) => cache,
  HEADGATE_MODEL_FILE: nothing,
  HEADGATE_TLS_CERT: nothing,
  HEADGATE_TLS_KEY: nothing,
  HEADGATE_DRAIN_SECONDS: () => "10",
  HEADGATE_LOG_LEVEL: () => "info",
  HEADGATE_ACCESS_LOG: nothing,
  HEADGATE_WEBHOOKS: nothing,
  HEADGATE_METRICS_TOKEN: nothing,
  OTEL_EXPORTER_OTLP_ENDPOINT: nothing,
  OTEL_EXPORTER_OTLP_PROTOCOL: () => "http/json",
  OTEL_EXPORTER_OTLP_HEADERS: nothing,
  OTEL_SERVICE_NAME: () => "headgate",
  HEADGATE_WORKERS: () => "1",
  HEADGATE_FEED_PORT: nothing,
  HEADGATE_FEED_HOST: ({ host }) => host,
};

/** What may carry a password or a token. */
const secrets: ReadonlySet<string> = new Set(["OTEL_EXPORTER_OTLP_HEADERS"]);

export function settingsOf(environment: Environment, configuration: Configuration): readonly SettingView[] {
  return Object.entries(usual).map(([name, valueOf]) => {
    const said = environment[name];
    if (said === undefined || said === "") return unset(name, valueOf(configuration), configuration);
    const isSecret = secrets.has(name) || hasPassword(name, said);
    return { name, value: isSecret ? null : said, isSecret, source: "environment" };
  });
}

/** An address that could: PostgreSQL's, and a collector's with a user in it. */
function hasPassword(name: string, said: string): boolean {
  if (name === "HEADGATE_STORE") return !said.startsWith("sqlite:");
  return name === "OTEL_EXPORTER_OTLP_ENDPOINT" && said.includes("@");
}

function unset(name: string, value: string | null, { data }: Configuration): SettingView {
  const file = path.join(data, "trust.json");
  if (name === "HEADGATE_TRUST" && existsSync(file)) return { name, value: file, isSecret: false, source: "file" };
  return { name, value, isSecret: false, source: "usual" };
}

/** Of the machine that the server runs on. */
export function machineChecksOf({ data, keys }: Configuration): () => readonly CheckView[] {
  return () => [
    well("node", process.versions.node),
    ...seen("disk", () => aboutDisk(data)),
    ...seen("keys", () => aboutKeys(keys)),
  ];
}

function seen(name: string, look: () => string | undefined): readonly CheckView[] {
  try {
    const words = look();
    return words === undefined ? [] : [well(name, words)];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const [what = "", ...fix] = error.message.split(/(?<=\.) /);
    return [{ name, verdict: "failed", seen: what, fix: fix.join(" ") }];
  }
}
