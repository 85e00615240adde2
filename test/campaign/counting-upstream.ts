// The oracle's eye: a model server that stands outside the gateway and writes down every request that reaches it, which
// model it was for, whose attempt it belongs to (a tag in the prompt), and how many characters it gave. Its answers are of
// one rare character, so that whatever a caller is served of them can be counted in any format. Imports nothing of src.
import { once } from "node:events";
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";

/** All that this upstream ever says. Nothing else in a campaign has it. */
export const gift = "龘";

/** What it says instead from some moment on, so that what was said before and after can be told apart wherever it comes out. */
export const lateGift = "靐";

/** Pieces of one answer, and characters of a piece: enough that a race meets answers half-way. */
const piecesOfAnswer = 16;
const charsOfPiece = 10;

/** Models of these names get no answer here. */
const failing = "served-fails-";

/** What marks the attempt a prompt belongs to. */
export const tagPattern = /tag\d{7}z/g;

export interface UpstreamCall {
  /** The server's own name of the model that was asked. */
  readonly model: string;
  readonly path: string;
  readonly tags: readonly string[];
  readonly body: string;
  readonly headers: IncomingMessage["headers"];
  /** On the machine's monotonic clock, in milliseconds. */
  readonly at: number;
  /** Characters given so far. */
  given: number;
}

export interface CountingUpstream {
  readonly port: number;
  readonly calls: readonly UpstreamCall[];
  /** Milliseconds between the pieces of an answer; 0 answers at once. */
  readonly slow: (pieceMs: number) => void;
  /** From the next piece on it says `lateGift`, or no more. */
  readonly late: (isLate: boolean) => void;
  readonly close: () => Promise<void>;
}

export async function startCountingUpstream(): Promise<CountingUpstream> {
  const calls: UpstreamCall[] = [];
  let pieceMs = 0;
  let isLate = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    request.setEncoding("utf8");
    for await (const piece of request) text += String(piece);
    const call: UpstreamCall = {
      model: /"model":"([^"]*)"/.exec(text)?.[1] ?? "none",
      path: request.url ?? "",
      tags: text.match(tagPattern) ?? [],
      body: text,
      headers: request.headers,
      at: performance.now(),
      given: 0,
    };
    calls.push(call);
    if (call.model.startsWith(failing)) return void response.writeHead(500).end();
    const pieces = piecesFor(call.path, text.includes('"stream":true'));
    if (pieces === undefined) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": pieces.type });
    for (const piece of pieces.pieces) {
      if (response.destroyed) return;
      call.given += piece.split(gift).length - 1;
      response.write(isLate ? piece.replaceAll(gift, lateGift) : piece);
      if (pieceMs > 0) await new Promise((resolve) => setTimeout(resolve, pieceMs));
    }
    response.end();
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return {
    port: address.port,
    calls,
    slow: (ms) => {
      pieceMs = ms;
    },
    late: (is) => {
      isLate = is;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

interface Pieces {
  readonly type: "application/json" | "text/event-stream";
  readonly pieces: readonly string[];
}

const words = gift.repeat(piecesOfAnswer * charsOfPiece);

function piecesFor(path: string, isStream: boolean): Pieces | undefined {
  switch (path) {
    case "/v1/chat/completions":
      return isStream ? events(chatEvents()) : whole(wholeChat());
    case "/v1/messages":
      return isStream ? events(messageEvents()) : whole(wholeMessage());
    case "/v1/responses":
      return isStream ? events(responseEvents()) : whole(wholeResponse());
    case "/v1/embeddings":
      return whole({ data: [{ index: 0, embedding: [0.25] }], usage: { prompt_tokens: 1 } });
    case "/v1/messages/count_tokens":
      return whole({ input_tokens: 7 });
    default:
      return undefined;
  }
}

function whole(value: object): Pieces {
  return { type: "application/json", pieces: [JSON.stringify(value)] };
}

function events(values: readonly string[]): Pieces {
  return { type: "text/event-stream", pieces: values };
}

function named(value: { readonly type: string; readonly [member: string]: unknown }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}

/** Enough of them that an answer outlasts whatever a race does to it. */
const deltas = Array.from({ length: piecesOfAnswer }, () => gift.repeat(charsOfPiece));

function wholeChat(): object {
  return {
    id: "c",
    choices: [{ index: 0, message: { role: "assistant", content: words }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}

function chunk(delta: object, reason: string | null): string {
  return `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
}

function chatEvents(): readonly string[] {
  return [...deltas.map((content) => chunk({ content }, null)), chunk({}, "stop"), "data: [DONE]\n\n"];
}

function wholeMessage(): object {
  return {
    id: "m",
    type: "message",
    role: "assistant",
    model: "m",
    content: [{ type: "text", text: words }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}

function messageEvents(): readonly string[] {
  const message = { ...wholeMessage(), content: [], stop_reason: null };
  const delta = (text: string): string =>
    named({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
  return [
    named({ type: "message_start", message }),
    named({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
    ...deltas.map(delta),
    named({ type: "content_block_stop", index: 0 }),
    named({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 1 },
    }),
    named({ type: "message_stop" }),
  ];
}

function wholeResponse(text = words): object {
  return {
    id: "r",
    object: "response",
    created_at: 1,
    model: "m",
    status: "completed",
    incomplete_details: null,
    error: null,
    output: [messageItem("completed", [{ type: "output_text", text, annotations: [] }])],
    usage: {
      input_tokens: 1,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 1,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 2,
    },
  };
}

function messageItem(status: string, content: readonly object[]): object {
  return { type: "message", id: "msg_0", role: "assistant", status, content };
}

function responseEvents(): readonly string[] {
  let number = 0;
  const event = (type: string, rest: object): string => named({ type, sequence_number: number++, ...rest });
  const begun = { ...wholeResponse(), status: "in_progress", output: [], usage: null };
  const at = { item_id: "msg_0", output_index: 0, content_index: 0 };
  const part = { type: "output_text", text: "", annotations: [] };
  return [
    event("response.created", { response: begun }),
    event("response.output_item.added", { output_index: 0, item: messageItem("in_progress", []) }),
    event("response.content_part.added", { ...at, part }),
    ...deltas.map((delta) => event("response.output_text.delta", { ...at, delta })),
    event("response.output_text.done", { ...at, text: words }),
    event("response.content_part.done", { ...at, part: { ...part, text: words } }),
    event("response.output_item.done", {
      output_index: 0,
      item: messageItem("completed", [{ ...part, text: words }]),
    }),
    event("response.completed", { response: wholeResponse() }),
  ];
}
