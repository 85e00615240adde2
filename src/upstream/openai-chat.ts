// Client of servers that speak OpenAI chat completions, whole and as a stream. The far end is not trusted: its answer is
// parsed into the fields we know, an answer that does not end as the format says is a failure and never looks complete,
// and nothing of the caller's connection (key, headers) reaches it. Source: OpenAI API reference.
import type { Pool } from "undici";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { type ChatBody, ChatChunk, ChatCompletion } from "./chat.ts";
import { Exchange, type ExchangeBounds, type ExchangeHead, type ExchangeRequest } from "./exchange.ts";
import { type SseEvent, SseSplitter } from "../wire/sse.ts";
import type { Upstream, UpstreamBounds, UpstreamHealth } from "./upstream.ts";

export interface OpenAiChatOptions {
  /** The path of the API's root, for example `/v1`. */
  readonly basePath: string;
  /** The upstream's own key, never the caller's. */
  readonly key: string | undefined;
  readonly bounds: UpstreamBounds;
}

/** A client over a pool of connections, which it owns and closes. */
export function openOpenAiChat(pool: Pool, options: OpenAiChatOptions): Upstream {
  const { bounds } = options;
  const root = options.basePath.replace(/\/+$/, "");
  const authorization = options.key === undefined ? [] : ["authorization", `Bearer ${options.key}`];
  const headers = ["content-type", "application/json", "accept-encoding", "identity", ...authorization];
  let underWay = 0;

  function open(request: ExchangeRequest, signal: AbortSignal, limits: ExchangeBounds): Exchange {
    if (underWay >= bounds.exchangesMax) {
      throw failed(`This upstream already has ${underWay} requests under way.`, "overloaded");
    }
    return new Exchange(pool, request, { bounds: limits, signal });
  }

  function post(body: ChatBody, accept: string): ExchangeRequest {
    return {
      method: "POST",
      path: `${root}/chat/completions`,
      headers: [...headers, "accept", accept],
      body: JSON.stringify(body),
    };
  }

  async function complete(body: ChatBody, signal: AbortSignal): Promise<ChatCompletion> {
    const { stream: _stream, stream_options: _options, ...whole } = body;
    const limits = { bytesMax: bounds.responseBytesMax, totalMsMax: bounds.totalMsMax };
    const exchange = open(post(whole, "application/json"), signal, limits);
    underWay += 1;
    try {
      const head = await exchange.head(bounds.totalMsMax);
      await expectAnswer(exchange, head, "application/json");
      const answer = parseAnswer(ChatCompletion, (await exchange.rest()).toString("utf8"));
      expectChoices(
        answer.choices.map((choice) => choice.index),
        body,
      );
      return answer;
    } finally {
      underWay -= 1;
      exchange.close();
    }
  }

  async function* stream(body: ChatBody, signal: AbortSignal): AsyncGenerator<ChatChunk, void, void> {
    const asked: ChatBody = { ...body, stream: true, stream_options: { include_usage: true } };
    const limits = { bytesMax: bounds.streamBytesMax, totalMsMax: bounds.totalMsMax };
    const exchange = open(post(asked, "text/event-stream"), signal, limits);
    underWay += 1;
    try {
      const head = await exchange.head(bounds.headersMsMax);
      await expectAnswer(exchange, head, "text/event-stream");
      yield* readChunks(exchange, body, bounds);
    } finally {
      underWay -= 1;
      exchange.close();
    }
  }

  async function health(): Promise<UpstreamHealth> {
    const request: ExchangeRequest = { method: "GET", path: `${root}/models`, headers };
    const limits = { bytesMax: bounds.responseBytesMax, totalMsMax: bounds.healthMsMax };
    const exchange = new Exchange(pool, request, { bounds: limits, signal: new AbortController().signal });
    try {
      const { status } = await exchange.head(bounds.healthMsMax);
      if (status === 401 || status === 403) return down(failed("The upstream does not accept our key.", "refused"));
      // A server without a list of models may still answer chats: only its own trouble counts as down.
      return status >= 500 ? down(failed(`The upstream answers ${status}.`, "status")) : { kind: "up" };
    } catch (error) {
      if (error instanceof Failure) return down(error);
      throw error;
    } finally {
      exchange.close();
    }
  }

  return { complete, stream, health, measure: async () => ({}), close: () => pool.destroy() };
}

function down(failure: Failure): UpstreamHealth {
  return { kind: "down", code: failure.code, message: failure.message };
}

/** Reads events until the answer is whole. What is whole: every choice finished, then `[DONE]` or the end. */
async function* readChunks(
  exchange: Exchange,
  body: ChatBody,
  bounds: UpstreamBounds,
): AsyncGenerator<ChatChunk, void, void> {
  const splitter = new SseSplitter(bounds);
  const answer = new AnswerProgress(body);
  const firstTokenBy = performance.now() + bounds.firstTokenMsMax;
  while (!answer.isDone) {
    // Comments keep a connection alive but are no answer: until one begins, the time left only gets shorter.
    const piece = answer.hasBegun
      ? await exchange.next(bounds.idleMsMax, "idle")
      : await exchange.next(Math.max(0, firstTokenBy - performance.now()), "first token");
    const events = piece === undefined ? splitter.end() : splitter.push(piece);
    for (const event of events) {
      const chunk = answer.take(event);
      if (chunk !== undefined) yield chunk;
    }
    if (piece === undefined) break;
  }
  answer.expectWhole();
  // Usually only the end of the body is left, which frees the connection for the next request.
  if (answer.isDone) await exchange.next(drainMsMax, "idle").catch(() => undefined);
}

/** How long the end of the body is waited for after `[DONE]`; then the connection is dropped instead of kept. */
const drainMsMax = 50;

class AnswerProgress {
  readonly #body: ChatBody;
  readonly #finished = new Map<number, boolean>();
  hasBegun = false;
  isDone = false;

  constructor(body: ChatBody) {
    this.#body = body;
  }

  take({ event, data }: SseEvent): ChatChunk | undefined {
    if (this.isDone || data === "") return undefined;
    if (data === "[DONE]") {
      this.isDone = true;
      return undefined;
    }
    if (event === "error") throw failed("The upstream reported an error in its stream.", "error_frame");
    const chunk = parseAnswer(ChatChunk, data);
    this.hasBegun ||= chunk.choices.length > 0;
    for (const { index, finish_reason: finish } of chunk.choices) {
      this.#finished.set(index, this.#finished.get(index) === true || (finish !== undefined && finish !== null));
    }
    expectChoices([...this.#finished.keys()], this.#body);
    return chunk;
  }

  expectWhole(): void {
    const isWhole = this.#finished.size > 0 && [...this.#finished.values()].every(Boolean);
    if (!isWhole) throw failed("The upstream ended its stream before the answer was complete.", "cut");
  }
}

/** Throws unless the head announces the kind of answer that was asked for. */
async function expectAnswer(exchange: Exchange, head: ExchangeHead, contentType: string): Promise<void> {
  if (head.status >= 300 && head.status < 400) {
    throw failed(
      "The upstream redirects, which is never followed; name the final address in the document.",
      "redirect",
    );
  }
  if (head.status !== 200) throw refusal(head.status, await exchange.rest());
  if (!head.contentType.toLowerCase().startsWith(contentType)) {
    throw failed(`The upstream answered with another content type than ${contentType}.`, "garbage");
  }
}

const ErrorBody = z.object({
  error: z.looseObject({
    code: z
      .string()
      .regex(/^[a-z_]{1,64}$/)
      .optional()
      .catch(undefined),
  }),
});

/** An upstream's own refusal. Its words are not repeated: they may hold the prompt, addresses or keys. */
function refusal(status: number, bytes: Buffer): Failure {
  const parsed = ErrorBody.safeParse(parseJsonOrUndefined(bytes.toString("utf8")));
  const code = parsed.success ? parsed.data.error.code : undefined;
  if (status === 400 && code === "context_length_exceeded") {
    return new Failure("request_invalid", "The conversation and its answer are longer than this model's context.", {
      detail: { why: "too_long_context" },
    });
  }
  return new Failure(
    "upstream_failed",
    `The upstream refused the request (${status}${code === undefined ? "" : `, ${code}`}).`,
    {
      detail: { why: "status", status, ...(code === undefined ? {} : { upstreamCode: code }) },
    },
  );
}

function parseAnswer<T>(shape: z.ZodType<T>, text: string): T {
  const value = parseJsonOrUndefined(text);
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  if (typeof value === "object" && value !== null && "error" in value) {
    throw failed("The upstream reported an error instead of an answer.", "error_frame");
  }
  throw failed("The upstream's answer is not a chat completion.", "garbage");
}

/** No choice the caller did not ask for, and none twice. */
function expectChoices(indexes: readonly number[], body: ChatBody): void {
  const count = body.n ?? 1;
  if (indexes.some((index) => index >= count) || new Set(indexes).size !== indexes.length) {
    throw failed(`The upstream sent other choices than the ${count} that were asked for.`, "garbage");
  }
}

function parseJsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed(message: string, why: string): Failure {
  return new Failure("upstream_failed", message, { detail: { why } });
}
