// Serves a loaded model as OpenAI chat completions on a unix socket that only our own parent process knows. Small on
// purpose: the gateway has checked the body already, so this one only refuses what it cannot do.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import type { Generated, Generation, LoadedModel } from "./llama.ts";

const Body = z.object({
  messages: z.array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() })).min(1),
  max_tokens: z.number().int().min(1).optional(),
  max_completion_tokens: z.number().int().min(1).optional(),
  // What the card of SmolLM2 recommends, where the caller says nothing.
  temperature: z.number().min(0).max(2).default(0.2),
  top_p: z.number().min(0).max(1).default(0.9),
  n: z.literal(1).optional(),
  seed: z.number().int().optional(),
  stop: z.array(z.string().min(1)).max(4).default([]),
  stream: z.boolean().default(false),
});
type Body = z.infer<typeof Body>;

const bodyCharsMax = 16 * 1024 * 1024;
/** Requests that may wait for a place; more are refused with 503. */
const waitingMax = 64;
const tokensWhenUnsaid = 256;

interface Job {
  readonly body: Body;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** An HTTP server, not yet listening, that works on `parallel` requests at once. */
export function chatServer(model: LoadedModel, parallel: number): Server {
  const places = new Places(parallel);
  return createServer((request, response) => {
    const gone = new AbortController();
    response.once("close", () => {
      gone.abort();
    });
    serve(request, response, gone.signal).catch(() => {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendError(response, 500, "server_error");
    });
  });

  async function serve(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
    if (request.url === "/v1/models")
      return sendJson(response, 200, { object: "list", data: [{ id: "embedded", object: "model" }] });
    if (request.url !== "/v1/chat/completions") return sendError(response, 404, "not_found");
    const parsed = Body.safeParse(await readJson(request));
    if (!parsed.success) return sendError(response, 400, "invalid_request");
    const generation = generationOf(parsed.data);
    if (model.promptTokens(generation.turns) + generation.tokensMax > model.contextTokens) {
      return sendError(response, 400, "context_length_exceeded");
    }
    const place = await places.take(signal);
    if (place === undefined) return sendError(response, 503, "overloaded");
    try {
      await answer(place, { body: parsed.data, response, signal }, generation);
    } finally {
      places.leave(place);
    }
  }

  async function answer(place: number, { body, response, signal }: Job, generation: Generation): Promise<void> {
    if (!body.stream) {
      const generated = await model.generate(place, generation, { signal, onText: () => undefined });
      return sendJson(response, 200, whole(generated));
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    sendChunk(response, { choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] });
    const onText = (text: string): void => {
      sendChunk(response, { choices: [{ index: 0, delta: { content: text }, finish_reason: null }] });
    };
    const generated = await model.generate(place, generation, { signal, onText });
    sendChunk(response, { choices: [{ index: 0, delta: {}, finish_reason: generated.finish }] });
    sendChunk(response, { choices: [], usage: usageOf(generated) });
    response.end("data: [DONE]\n\n");
  }
}

/** A fixed number of places and a bounded line before them. */
class Places {
  readonly #free: number[];
  readonly #waiting: { readonly take: (place: number | undefined) => void }[] = [];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, index) => index);
  }

  /** A place, or undefined when the line is full or the caller left it. */
  async take(signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted) return undefined;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#waiting.length >= waitingMax) return undefined;
    return new Promise((resolve) => {
      const waiter = { take: resolve };
      this.#waiting.push(waiter);
      signal.addEventListener("abort", () => {
        const at = this.#waiting.indexOf(waiter);
        if (at === -1) return;
        this.#waiting.splice(at, 1);
        resolve(undefined);
      });
    });
  }

  leave(place: number): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(place);
    else next.take(place);
  }
}

function generationOf(body: Body): Generation {
  return {
    turns: body.messages,
    tokensMax: body.max_completion_tokens ?? body.max_tokens ?? tokensWhenUnsaid,
    temperature: body.temperature,
    topP: body.top_p,
    // The runtime takes 32 bits of it.
    seed: body.seed === undefined ? undefined : body.seed >>> 0,
    stop: body.stop,
  };
}

function whole(generated: Generated): object {
  const message = { role: "assistant", content: generated.text };
  return {
    id: "embedded",
    created: 0,
    choices: [{ index: 0, message, finish_reason: generated.finish }],
    usage: usageOf(generated),
  };
}

function usageOf({ promptTokens, completionTokens }: Generated): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
}

function sendChunk(response: ServerResponse, chunk: object): void {
  if (!response.destroyed) response.write(`data: ${JSON.stringify({ id: "embedded", created: 0, ...chunk })}\n\n`);
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function sendError(response: ServerResponse, status: number, code: string): void {
  sendJson(response, status, { error: { message: code, type: "embedded", param: null, code } });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  request.setEncoding("utf8");
  for await (const piece of request) {
    text += String(piece);
    if (text.length > bodyCharsMax) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
