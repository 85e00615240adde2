// Client of a model server over HTTP, whole and as a stream, in whatever dialect it speaks. The far end is not trusted: its
// answer is read by the dialect into what we know, an answer that does not end as the format says is a failure and never
// looks complete, and nothing of the caller's connection (key, headers) reaches it.
import type { Pool } from "undici";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import type { AnswerEvent, WholeAnswer } from "../wire/answer.ts";
import { type Call, withoutPrompt } from "../wire/call.ts";
import type { Dialect, StreamReader } from "../wire/format.ts";
import { parseJsonOrUndefined } from "../wire/reading.ts";
import { SseSplitter } from "../wire/sse.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangeBounds, ExchangeHead, ExchangeRequest } from "./exchange-request.ts";
import { askWhole } from "./whole-exchange.ts";
import { Stop, type StopSignal } from "./stop.ts";
import type { AnswerStream, Asking, Upstream, UpstreamBounds, UpstreamHealth } from "./upstream.ts";

export interface ServerOptions {
  readonly dialect: Dialect;
  /** The server's own name for the model. */
  readonly model: string;
  /** The path of the API's root, for example `/v1`. */
  readonly basePath: string;
  /** The upstream's own key, never the caller's. */
  readonly key: string | undefined;
  readonly bounds: UpstreamBounds;
  /** Its place among the servers of its Model document; 0 unless said. */
  readonly member?: number;
  /** Sends vLLM's `cache_salt` with every call. */
  readonly isSalted?: boolean;
}

/** A client over a pool of connections, which it owns and closes. */
export function openServer(pool: Pool, options: ServerOptions): Upstream {
  const { bounds, dialect, model, member = 0, isSalted = false } = options;
  const root = options.basePath.replace(/\/+$/, "");
  const own = Object.entries(dialect.headers(options.key)).flat();
  const headers = ["content-type", "application/json", "accept-encoding", "identity", ...own];
  const post = postingTo(root, headers);
  let underWay = 0;

  /** Throws unless one more may be sent; says what it is bounded by. */
  function mayAsk(asking: Asking | undefined, bytesMax: number): ExchangeBounds {
    if (underWay >= bounds.exchangesMax) {
      throw failed(`This upstream already has ${underWay} requests under way.`, "overloaded");
    }
    // The last word before anything is sent.
    asking?.beforeAttempt(member);
    return { bytesMax, totalMsMax: asking?.totalMsMax ?? bounds.totalMsMax };
  }

  function bodyOf(call: Call, asking: Asking | undefined): object {
    const body = dialect.body(call, model);
    return isSalted && asking !== undefined ? { ...body, cache_salt: asking.cacheSalt() } : body;
  }

  async function wholeText(request: ExchangeRequest, { signal, asking }: Around): Promise<string> {
    const limits = mayAsk(asking, bounds.responseBytesMax);
    underWay += 1;
    try {
      const { head, body } = await askWhole(pool, request, { bounds: limits, signal, check: expectWhole });
      if (head.status !== 200) throw refusal(head, body);
      return body.toString("utf8");
    } finally {
      underWay -= 1;
    }
  }

  async function complete(call: Call, signal: StopSignal, asking?: Asking): Promise<WholeAnswer> {
    const asked = call.stream ? { ...call, stream: false } : call;
    const posting = { kind: "whole", traceparent: asking?.traceparent } as const;
    const text = wholeText(post(dialect.path, bodyOf(asked, asking), posting), { signal, asking });
    return dialect.readWhole(await (call.embedding === undefined ? text : takenVectors(text)), asked);
  }

  const left = (): void => {
    underWay -= 1;
  };

  function stream(call: Call, signal: StopSignal, asking?: Asking): AnswerStream {
    const asked = call.stream ? call : { ...call, stream: true };
    const begin = (): Exchange => {
      const request = post(dialect.path, bodyOf(asked, asking), { kind: "stream", traceparent: asking?.traceparent });
      const exchange = new Exchange(pool, request, { bounds: mayAsk(asking, bounds.streamBytesMax), signal });
      underWay += 1;
      return exchange;
    };
    return new ServerStream(dialect.reader(withoutPrompt(asked)), { bounds, begin, left });
  }

  async function health(): Promise<UpstreamHealth> {
    const request: ExchangeRequest = { method: "GET", path: `${root}/models`, headers };
    const limits = { bytesMax: bounds.responseBytesMax, totalMsMax: bounds.healthMsMax };
    return healthBy(new Exchange(pool, request, { bounds: limits, signal: new Stop() }), bounds.healthMsMax);
  }

  const { lacks, count: counting } = dialect;
  const count: Upstream["count"] = async (call, signal, asking) => {
    if (counting === undefined) throw failed("This dialect has no way to count.", "garbage");
    const request = post(counting.path, counting.body(call, model), {
      kind: "whole",
      traceparent: asking?.traceparent,
    });
    return counting.read(await wholeText(request, { signal, asking }));
  };
  const counts = counting === undefined ? {} : { count };
  return { lacks, complete, stream, ...counts, health, measure: async () => ({}), close: () => pool.destroy() };
}

type Post = (path: string, body: object, posting: Posting) => ExchangeRequest;

function postingTo(root: string, headers: readonly string[]): Post {
  const accepting = {
    whole: [...headers, "accept", "application/json"],
    stream: [...headers, "accept", "text/event-stream"],
  };
  return (path, body, { kind, traceparent }) => {
    const own = accepting[kind];
    const traced = traceparent === undefined ? own : [...own, "traceparent", traceparent];
    return { method: "POST", path: `${root}${path}`, headers: traced, body: JSON.stringify(body) };
  };
}

/** How long a list of vectors is, the caller decides: more than is taken is the request's fault, and asked for once. */
async function takenVectors(text: Promise<string>): Promise<string> {
  try {
    return await text;
  } catch (cause) {
    if (!(cause instanceof Failure) || cause.detail["why"] !== "too_long") throw cause;
    const advice = "Send fewer texts a request, or ask for base64 or fewer dimensions.";
    throw new Failure("request_invalid", `The vectors of these texts are more than is taken at once. ${advice}`, {
      cause,
      detail: { field: "input" },
    });
  }
}

interface Posting {
  readonly kind: "whole" | "stream";
  readonly traceparent: string | undefined;
}

interface Around {
  readonly signal: StopSignal;
  readonly asking: Asking | undefined;
}

async function healthBy(exchange: Exchange, msMax: number): Promise<UpstreamHealth> {
  try {
    const { status } = await exchange.head(msMax);
    if (status === 401 || status === 403) return down(failed("The upstream does not accept our key.", "refused"));
    // A server without a list of models may still answer calls: only its own trouble counts as down.
    return status >= 500 ? down(failed(`The upstream answers ${status}.`, "status")) : { kind: "up" };
  } catch (error) {
    if (error instanceof Failure) return down(error);
    throw error;
  } finally {
    exchange.close();
  }
}

function down(failure: Failure): UpstreamHealth {
  return { kind: "down", code: failure.code, message: failure.message };
}

interface StreamAsked {
  readonly bounds: UpstreamBounds;
  readonly begin: () => Exchange;
  /** Called once, after what began is over. */
  readonly left: () => void;
}

/** Reads events until the answer is whole; what is whole, the dialect's reader says. */
class ServerStream implements AnswerStream {
  readonly #reader: StreamReader;
  readonly #splitter: SseSplitter;
  readonly #bounds: UpstreamBounds;
  readonly #left: () => void;
  /** Until it was called: what it needs, the prompt among it, does not stay for as long as the answer. */
  #begin: (() => Exchange) | undefined;
  #exchange: Exchange | undefined;
  #firstTokenBy = 0;
  #isWhole = false;
  /** The end of the body was waited for: it is closed with or without. */
  #isDrained = false;
  /** What went wrong behind events that are handed out first. */
  #failure: { readonly error: unknown } | undefined;

  constructor(reader: StreamReader, { bounds, begin, left }: StreamAsked) {
    this.#reader = reader;
    this.#splitter = new SseSplitter(bounds);
    this.#bounds = bounds;
    this.#begin = begin;
    this.#left = left;
  }

  take(): readonly AnswerEvent[] | "end" | undefined {
    try {
      return this.#taken();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  wait(): Promise<void> {
    return this.#exchange === undefined ? this.#open() : this.#exchange.wait(...this.#patience());
  }

  close(): void {
    this.#begin = undefined;
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    this.#left();
    exchange.close();
  }

  async #open(): Promise<void> {
    try {
      const exchange = this.#begin?.();
      if (exchange === undefined) return;
      this.#begin = undefined;
      this.#exchange = exchange;
      const head = await exchange.head(this.#bounds.headersMsMax);
      expectHead(head, "text/event-stream");
      if (head.status !== 200) throw refusal(head, await exchange.rest());
      this.#firstTokenBy = performance.now() + this.#bounds.firstTokenMsMax;
    } catch (error) {
      this.#failure = { error };
    }
  }

  #taken(): readonly AnswerEvent[] | "end" | undefined {
    while (!this.#isWhole) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const exchange = this.#exchange;
      // Closed before it began, or to be begun.
      if (exchange === undefined) return this.#begin === undefined ? "end" : undefined;
      const piece = exchange.take();
      if (piece === undefined) return undefined;
      const events = this.#read(piece);
      if (events.length > 0) return events;
    }
    if (this.#exchange !== undefined && !this.#isDrained && isStillOpen(this.#exchange)) {
      this.#isDrained = true;
      return undefined;
    }
    this.close();
    return "end";
  }

  /** The events of a piece. However a server cuts its pieces: what it said before a failure is handed out before it. */
  #read(piece: Buffer | "end"): readonly AnswerEvent[] {
    const events: AnswerEvent[] = [];
    const [reader, splitter] = [this.#reader, this.#splitter];
    try {
      for (const event of piece === "end" ? splitter.end() : splitter.push(piece)) events.push(...reader.take(event));
      if (piece === "end" && !reader.isDone()) events.push(...reader.end());
      this.#isWhole = piece === "end" || reader.isDone();
    } catch (error) {
      this.#failure = { error };
    }
    return events;
  }

  /** Comments keep a connection alive but are no answer: until one begins, the time left only gets shorter. */
  #patience(): [msMax: number, phase: "first token" | "idle"] {
    if (this.#isWhole) return [drainMsMax, "idle"];
    if (this.#reader.hasBegun()) return [this.#bounds.idleMsMax, "idle"];
    return [Math.max(0, this.#firstTokenBy - performance.now()), "first token"];
  }
}

/** Whether the end of the body is still to come, which frees the connection for the next request. */
function isStillOpen(exchange: Exchange): boolean {
  try {
    return exchange.take() === undefined;
  } catch {
    // The answer is whole; how its connection fares after it is nobody's concern.
    return false;
  }
}

/** How long the end of the body is waited for after the last event; then the connection is dropped instead of kept. */
const drainMsMax = 50;

/** Throws unless the head announces the kind of answer that was asked for, or a refusal, whose body says more. */
function expectHead(head: ExchangeHead, contentType: string): void {
  if (head.status >= 300 && head.status < 400) {
    throw failed(
      "The upstream redirects, which is never followed; name the final address in the document.",
      "redirect",
    );
  }
  if (head.status === 200 && !head.contentType.toLowerCase().startsWith(contentType)) {
    throw failed(`The upstream answered with another content type than ${contentType}.`, "garbage");
  }
}

function expectWhole(head: ExchangeHead): void {
  expectHead(head, "application/json");
}

const closedWord = z
  .string()
  .regex(/^[a-z_]{1,64}$/)
  .optional()
  .catch(undefined);
/** OpenAI's servers say what is wrong in `code`, Anthropic's and llama.cpp's in `type`. */
const ErrorBody = z.object({
  error: z.looseObject({ code: closedWord, type: closedWord, message: z.string().optional().catch(undefined) }),
});

const tooLongCodes: ReadonlySet<string> = new Set(["context_length_exceeded", "exceed_context_size_error"]);
/** Anthropic's words for it; it has no code of its own. Only looked at, never repeated. */
const tooLongMessage = /^prompt is too long\b/;

/** An upstream's own refusal. Its words are not repeated: they may hold the prompt, addresses or keys. */
function refusal({ status, retryAfterSeconds }: ExchangeHead, bytes: Buffer): Failure {
  const error = ErrorBody.safeParse(parseJsonOrUndefined(bytes.toString("utf8"))).data?.error;
  const words = [error?.code, error?.type].filter((word) => word !== undefined);
  const isTooLong = words.some((word) => tooLongCodes.has(word)) || tooLongMessage.test(error?.message ?? "");
  if (status === 400 && isTooLong) {
    return new Failure("request_invalid", "The conversation and its answer are longer than this model's context.", {
      detail: { why: "too_long_context" },
    });
  }
  const [code] = words;
  const said = code === undefined ? {} : { upstreamCode: code };
  const later = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  return new Failure(
    "upstream_failed",
    `The upstream refused the request (${status}${code === undefined ? "" : `, ${code}`}).`,
    { detail: { why: "status", status, ...said, ...later } },
  );
}

function failed(message: string, why: string): Failure {
  return new Failure("upstream_failed", message, { detail: { why } });
}
