// Spans and metrics to a collector: OTLP over HTTP in JSON (opentelemetry.io/docs/specs/otlp), names by OpenTelemetry's
// conventions for generative AI. Ours because it is this one file, where the usual packages are some forty (decisions/013).
// Nothing waits for it: the queue is bounded, and what a collector does not take is dropped and counted.
import type { Pool } from "undici";
import type { Answered } from "../../gateway/note.ts";
import type { Trace } from "../../gateway/trace-context.ts";
import { connectTo, outboundDefaults } from "../../outbound/connector.ts";
import { failureCode } from "../../terms/failure.ts";
import type { OtlpTarget } from "../operating.ts";
import type { Report } from "../report.ts";
import { metricsBody } from "./otlp-metrics.ts";
import { type Attribute, attributesOf, nanos } from "./otlp-values.ts";
import type { Snapshot } from "./series.ts";

export interface Otlp {
  readonly take: (answered: Answered) => void;
  readonly dropped: () => number;
  /** After one last try. */
  readonly close: () => Promise<void>;
}

export interface OtlpOptions {
  readonly target: OtlpTarget;
  readonly version: string;
  readonly read: () => Promise<readonly Snapshot[]>;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly report: Report;
  /** Other than the usual ones, for tests. */
  readonly every?: { readonly spansMs: number; readonly metricsMs: number };
}

const spansWaitingMax = 4_096;
const batchMax = 512;
const everyUsual = { spansMs: 5_000, metricsMs: 60_000 };
const sendMsMax = 10_000;
const answerBytesMax = 64 * 1024;

export function openOtlp(options: OtlpOptions): Otlp {
  const { target, version, report } = options;
  const every = options.every ?? everyUsual;
  const pool = connectTo(target.endpoint, {
    ...outboundDefaults,
    allowPrivate: true,
    privateNames: true,
    connectionsMax: 1,
  });
  const startedAt = Date.now();
  const instance = Buffer.from(options.randomBytes(8)).toString("hex");
  const resource = {
    attributes: attributesOf({
      "service.name": target.service,
      "service.version": version,
      "service.instance.id": instance,
    }),
  };
  const scope = { name: "headgate", version };
  let waiting: Span[] = [];
  let dropped = 0;
  let isFailing = false;

  async function send(signal: "traces" | "metrics", body: object): Promise<boolean> {
    try {
      await post(pool, target, { signal, body: JSON.stringify(body) });
      isFailing = false;
      return true;
    } catch (error) {
      // Told once, not once in five seconds.
      if (!isFailing) report("telemetry", { why: failureCode(error) ?? "the collector did not take it", signal });
      isFailing = true;
      return false;
    }
  }

  async function sendSpans(): Promise<void> {
    while (waiting.length > 0) {
      const spans = waiting.slice(0, batchMax);
      waiting = waiting.slice(batchMax);
      const isTaken = await send("traces", { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] });
      if (!isTaken) {
        dropped += spans.length;
        return;
      }
    }
  }

  async function sendMetrics(): Promise<void> {
    const metrics = metricsBody(await options.read(), { startedAt, at: Date.now() });
    await send("metrics", { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] });
  }

  const spansTimer = beat(sendSpans, every.spansMs);
  const metricsTimer = beat(sendMetrics, every.metricsMs);
  return {
    take: (answered) => {
      const { trace } = answered;
      if (trace?.isSampled !== true || answered.route === "probe") return;
      const spans = spansOf(answered, trace, options.randomBytes);
      if (waiting.length + spans.length > spansWaitingMax) dropped += spans.length;
      else waiting.push(...spans);
    },
    dropped: () => dropped,
    close: async () => {
      clearInterval(spansTimer);
      clearInterval(metricsTimer);
      await sendSpans();
      await pool.destroy();
    },
  };
}

/** One turn after another: a slow collector is not asked twice at once. */
function beat(turn: () => Promise<void>, ms: number): NodeJS.Timeout {
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    void turn().finally(() => {
      isBusy = false;
    });
  }, ms);
  return timer.unref();
}

interface Sending {
  readonly signal: "traces" | "metrics";
  readonly body: string;
}

async function post(pool: Pool, { endpoint, headers }: OtlpTarget, { signal, body }: Sending): Promise<void> {
  const path = `${endpoint.pathname.replace(/\/+$/, "")}/v1/${signal}`;
  const response = await pool.request({
    method: "POST",
    path,
    headers: { ...headers, "content-type": "application/json" },
    body,
    signal: AbortSignal.timeout(sendMsMax),
  });
  await response.body.dump({ limit: answerBytesMax });
  if (response.statusCode >= 300) throw new Error(`status ${response.statusCode}`);
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code: number };
}

/** SPAN_KIND_INTERNAL, _SERVER, _CLIENT; STATUS_CODE_ERROR. */
const kinds = { internal: 1, server: 2, client: 3 } as const;
const statusError = 2;

/** What conventions call what is asked of a model; other routes go by their own word. */
const operations: Readonly<Record<string, string>> = {
  chat: "chat",
  responses: "chat",
  messages: "chat",
  embeddings: "embeddings",
};

/** One span over the request; below it, one over reading the prompt and one over asking the model's server. */
function spansOf(answered: Answered, trace: Trace, randomBytes: OtlpOptions["randomBytes"]): readonly Span[] {
  const { spans, at, startedMs, model } = answered;
  const operation = operations[answered.route] ?? answered.route;
  const name = model === undefined ? operation : `${operation} ${model}`;
  const common = { traceId: trace.traceId };
  const time = (from: number, ms: number): Pick<Span, "startTimeUnixNano" | "endTimeUnixNano"> => ({
    startTimeUnixNano: nanos(at + from - startedMs),
    endTimeUnixNano: nanos(at + from - startedMs + ms),
  });
  const root: Span = {
    ...common,
    spanId: trace.spanId,
    ...(trace.parentId === undefined ? {} : { parentSpanId: trace.parentId }),
    name,
    kind: kinds.server,
    ...time(startedMs, answered.ms),
    attributes: rootAttributes(answered, operation),
    ...(answered.status >= 500 ? { status: { code: statusError } } : {}),
  };
  const below = { ...common, parentSpanId: trace.spanId };
  const { input, upstream } = spans;
  const inner: Span[] = [];
  if (input !== undefined) {
    const spanId = Buffer.from(randomBytes(8)).toString("hex");
    const own = {
      spanId,
      name: "safeguards",
      kind: kinds.internal,
      attributes: attributesOf({ "headgate.side": "input" }),
    };
    inner.push({ ...below, ...own, ...time(input.from, input.ms) });
  }
  if (upstream !== undefined) {
    const attributes = attributesOf({ "gen_ai.operation.name": operation, "headgate.attempts": answered.attempts });
    inner.push({
      ...below,
      spanId: trace.askId,
      name,
      kind: kinds.client,
      attributes,
      ...time(upstream.from, upstream.ms),
    });
  }
  return [root, ...inner];
}

function rootAttributes(answered: Answered, operation: string): readonly Attribute[] {
  const { model, tokens, refusal, id, stage, outcome, key, spans } = answered;
  return attributesOf({
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": "headgate",
    "gen_ai.request.model": model,
    "gen_ai.response.id": id,
    "gen_ai.usage.input_tokens": tokens?.[0],
    "gen_ai.usage.output_tokens": tokens?.[1],
    "http.response.status_code": answered.status,
    "error.type": refusal?.code,
    "headgate.reason": refusal?.reason ?? undefined,
    "headgate.route": answered.route,
    "headgate.outcome": outcome,
    "headgate.stage": stage,
    "headgate.key": key,
    "headgate.safeguards.output_ms": spans.outputMs,
  });
}
