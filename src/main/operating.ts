// What the environment says of operating a server: TLS, logs, metrics, traces, and how long it takes to go. All of it is
// off, or has a usual value, where nothing is said.
import { readFileSync } from "node:fs";
import path from "node:path";
import { Failure } from "../terms/failure.ts";
import { type LogLevel, logLevels } from "./report.ts";
import type { TlsFiles } from "./tls.ts";

export interface Operating {
  readonly tls?: TlsFiles;
  /** File of the access log, or `-` for standard output. */
  readonly accessLog?: string;
  readonly logLevel?: LogLevel;
  /** Read from its file. */
  readonly metricsToken?: string;
  /** How long running exchanges may go on while the gateway closes. */
  readonly drainMsMax?: number;
  readonly otlp?: OtlpTarget;
}

export interface OtlpTarget {
  /** Base; `/v1/traces` and `/v1/metrics` come behind it. */
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly service: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Fails with configuration_invalid and the name of the variable. */
export function readOperating(environment: Environment): Operating {
  return {
    ...tlsOf(environment),
    ...given("accessLog", accessLogOf(environment["HEADGATE_ACCESS_LOG"])),
    ...given("logLevel", levelOf(environment["HEADGATE_LOG_LEVEL"])),
    ...given("metricsToken", tokenOf(environment["HEADGATE_METRICS_TOKEN"])),
    ...given("drainMsMax", drainOf(environment["HEADGATE_DRAIN_SECONDS"])),
    ...given("otlp", otlpOf(environment)),
  };
}

/** Set to nothing is not set. */
function said(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function given<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  const made: Partial<Record<K, V>> = {};
  if (value !== undefined) made[name] = value;
  return made;
}

function tlsOf(environment: Environment): Pick<Operating, "tls"> {
  const cert = said(environment["HEADGATE_TLS_CERT"]);
  const key = said(environment["HEADGATE_TLS_KEY"]);
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    throw invalid("HEADGATE_TLS_CERT and HEADGATE_TLS_KEY are set together, or neither is.");
  }
  return { tls: { cert: path.resolve(cert), key: path.resolve(key) } };
}

function accessLogOf(text: string | undefined): string | undefined {
  const target = said(text);
  return target === undefined || target === "-" ? target : path.resolve(target);
}

function levelOf(text: string | undefined): LogLevel | undefined {
  if (said(text) === undefined) return undefined;
  const level = logLevels.find((one) => one === text);
  if (level !== undefined) return level;
  throw invalid(`HEADGATE_LOG_LEVEL is ${logLevels.join(", ")}, not "${text ?? ""}".`);
}

const tokenForm = /^[\x21-\x7e]{16,512}$/;

function tokenOf(text: string | undefined): string | undefined {
  const file = said(text);
  if (file === undefined) return undefined;
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new Failure("configuration_invalid", "HEADGATE_METRICS_TOKEN names a file that cannot be read.", { cause });
  }
  if (tokenForm.test(token)) return token;
  throw invalid("The file that HEADGATE_METRICS_TOKEN names holds one token of 16 to 512 visible characters.");
}

const drainSecondsMax = 3600;

function drainOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : -1;
  if (seconds >= 0 && seconds <= drainSecondsMax) return seconds * 1000;
  throw invalid(`HEADGATE_DRAIN_SECONDS is 0 to ${drainSecondsMax}, not "${text}".`);
}

function otlpOf(environment: Environment): OtlpTarget | undefined {
  const text = said(environment["OTEL_EXPORTER_OTLP_ENDPOINT"]);
  if (text === undefined) return undefined;
  const protocol = said(environment["OTEL_EXPORTER_OTLP_PROTOCOL"]);
  if (protocol !== undefined && protocol !== "http/json") {
    throw invalid("OTEL_EXPORTER_OTLP_PROTOCOL is http/json here; collectors take it at port 4318.");
  }
  const endpoint = URL.parse(text);
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol)) {
    throw invalid("OTEL_EXPORTER_OTLP_ENDPOINT is a URL such as http://127.0.0.1:4318.");
  }
  const headers = headersOf(environment["OTEL_EXPORTER_OTLP_HEADERS"]);
  return { endpoint, headers, service: said(environment["OTEL_SERVICE_NAME"]) ?? "headgate" };
}

/** `name=value,name=value`, percent-encoded, as OpenTelemetry's specification of exporters says. */
function headersOf(text: string | undefined): Readonly<Record<string, string>> {
  const parts = (text ?? "").split(",").filter((part) => part.trim() !== "");
  return Object.fromEntries(parts.map(headerOf));
}

function headerOf(part: string): readonly [string, string] {
  const [, name = "", coded = ""] = /^\s*([\w-]+)\s*=\s*(\S*)\s*$/.exec(part) ?? [];
  let value = "\n";
  try {
    value = decodeURIComponent(coded);
  } catch {
    // Said below, without the value: it may be a secret.
  }
  if (name !== "" && /^[\x20-\x7e]*$/.test(value)) return [name.toLowerCase(), value];
  throw invalid("OTEL_EXPORTER_OTLP_HEADERS is name=value,name=value, percent-encoded.");
}

function invalid(message: string): Failure {
  return new Failure("configuration_invalid", message);
}
