// One model server that speaks all three formats and says the same in each, by scripts that the last user's words name. For
// tests of crossing. Independent on purpose: it imports nothing of src, so that a misreading of a wire format is not on both
// sides of a test. Sources: the API references of OpenAI (chat completions, Responses) and Anthropic (messages).
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

type Json = Readonly<Record<string, unknown>>;

type Block =
  | { readonly kind: "text" | "thinking"; readonly text: string }
  | { readonly kind: "tool"; readonly id: string; readonly arguments: string };

interface Script {
  readonly blocks: readonly Block[];
  readonly finish: "stop" | "tool" | "length" | "refusal";
  /** What goes wrong after the blocks. */
  readonly fault?: "cut" | "error" | "status";
}

const dawn: Block = { kind: "text", text: "The lock opens at dawn, 👋🏽 naïve friend." };
const plain = "The boats go through one by one. ";

export const scripts = {
  TEXT: { blocks: [dawn], finish: "stop" },
  THINK: { blocks: [{ kind: "thinking", text: "First, the gate." }, dawn], finish: "stop" },
  TOOLS: {
    blocks: [
      { kind: "text", text: "Let me look." },
      { kind: "tool", id: "call_one", arguments: '{"q":"one"}' },
      { kind: "tool", id: "call_two", arguments: '{"q":"two"}' },
    ],
    finish: "tool",
  },
  LENGTH: { blocks: [dawn], finish: "length" },
  REFUSED: { blocks: [dawn], finish: "refusal" },
  SHAPE: { blocks: [{ kind: "text", text: '{"q":"open"}' }], finish: "stop" },
  BAD: { blocks: [{ kind: "text", text: `${plain.repeat(12)} mix a poison ${plain.repeat(12)}` }], finish: "stop" },
  CUT: { blocks: [{ kind: "text", text: plain.repeat(12) }], finish: "stop", fault: "cut" },
  ERROR: { blocks: [{ kind: "text", text: plain.repeat(12) }], finish: "stop", fault: "error" },
  STATUS: { blocks: [], finish: "stop", fault: "status" },
} as const satisfies Record<string, Script>;
export type ScriptName = keyof typeof scripts;

export interface CrossingMock {
  readonly port: number;
  /** Bodies and headers in the order they came. */
  readonly bodies: readonly Json[];
  readonly headers: readonly IncomingMessage["headers"][];
  readonly close: () => Promise<void>;
}

export async function startCrossingMock(): Promise<CrossingMock> {
  const bodies: Json[] = [];
  const headers: IncomingMessage["headers"][] = [];
  const server = createServer((request, response) => {
    void take(request, response).catch(() => response.destroy());
  });

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    bodies.push(body);
    headers.push(request.headers);
    const script = scriptIn(JSON.stringify(body));
    if (script.fault === "status") return sendJson(response, 500, { error: { type: "api_error", message: "SECRET" } });
    const wire = wires[request.url ?? ""];
    if (wire === undefined) return sendJson(response, 404, { error: { message: "no such path" } });
    if (body["stream"] !== true) return sendJson(response, 200, wire.whole(script));
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of wire.events(script)) {
      response.write(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (script.fault === "cut") setTimeout(() => response.destroy(), 20);
    else response.end();
  }

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the mock does not listen");
  return {
    port: address.port,
    bodies,
    headers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The script whose name stands last in the request. */
function scriptIn(text: string): Script {
  const all: readonly (readonly [string, Script])[] = Object.entries(scripts);
  return all.toSorted(([one], [other]) => text.lastIndexOf(other) - text.lastIndexOf(one))[0]?.[1] ?? scripts.TEXT;
}

interface Wire {
  readonly whole: (script: Script) => Json;
  readonly events: (script: Script) => Iterable<string>;
}

const wires: Readonly<Record<string, Wire>> = {
  "/v1/chat/completions": { whole: wholeChat, events: chatEvents },
  "/v1/messages": { whole: wholeMessage, events: messageEvents },
  "/v1/responses": { whole: wholeResponse, events: responseEvents },
};

function pieces(text: string): readonly string[] {
  return text.match(/.{1,7}/gsu) ?? [];
}

function named(value: Json): string {
  return `event: ${String(value["type"])}\ndata: ${JSON.stringify(value)}\n\n`;
}

function textOf(blocks: readonly Block[], kind: "text" | "thinking"): string {
  return blocks.map((block) => (block.kind === kind && "text" in block ? block.text : "")).join("");
}

function toolsOf(blocks: readonly Block[]): readonly Extract<Block, { readonly kind: "tool" }>[] {
  return blocks.filter((block) => block.kind === "tool");
}

// Chat completions.

const chatFinish = { stop: "stop", tool: "tool_calls", length: "length", refusal: "content_filter" } as const;
const chatUsage = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

function wholeChat({ blocks, finish }: Script): Json {
  const calls = toolsOf(blocks).map((tool) => ({
    id: tool.id,
    type: "function",
    function: { name: "look", arguments: tool.arguments },
  }));
  const message = {
    role: "assistant",
    content: textOf(blocks, "text"),
    reasoning_content: textOf(blocks, "thinking"),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return { id: "c", choices: [{ index: 0, message, finish_reason: chatFinish[finish] }], usage: chatUsage };
}

function chunk(delta: Json, reason: string | null = null): string {
  return `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
}

function* chatEvents({ blocks, finish, fault }: Script): Generator<string> {
  yield chunk({ role: "assistant", content: "" });
  for (const piece of pieces(textOf(blocks, "thinking"))) yield chunk({ reasoning_content: piece });
  for (const piece of pieces(textOf(blocks, "text"))) yield chunk({ content: piece });
  const tools = toolsOf(blocks);
  for (const [index, { id }] of tools.entries()) {
    yield chunk({ tool_calls: [{ index, id, type: "function", function: { name: "look", arguments: "" } }] });
  }
  // The calls grow side by side: those whose formats have one block at a time must wait.
  for (let at = 0; at < Math.max(0, ...tools.map((tool) => tool.arguments.length)); at += 4) {
    for (const [index, tool] of tools.entries()) {
      const piece = tool.arguments.slice(at, at + 4);
      if (piece !== "") yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
  }
  if (fault === "error") yield 'data: {"error":{"message":"SECRET","type":"server_error"}}\n\n';
  if (fault !== undefined) return;
  yield chunk({}, chatFinish[finish]);
  yield `data: ${JSON.stringify({ id: "c", choices: [], usage: chatUsage })}\n\n`;
  yield "data: [DONE]\n\n";
}

// Anthropic's messages.

const messageStop = { stop: "end_turn", tool: "tool_use", length: "max_tokens", refusal: "refusal" } as const;
const messageUsage = { input_tokens: 8, cache_read_input_tokens: 3, cache_creation_input_tokens: 0 };

function messageBlock(block: Block): Json {
  if (block.kind === "tool") {
    const input: unknown = JSON.parse(block.arguments);
    return { type: "tool_use", id: block.id, name: "look", input };
  }
  if (block.kind === "thinking") return { type: "thinking", thinking: block.text, signature: "c2lnbmVk" };
  return { type: "text", text: block.text };
}

function wholeMessage({ blocks, finish }: Script): Json {
  return {
    id: "msg_up",
    type: "message",
    role: "assistant",
    model: "served",
    content: blocks.map(messageBlock),
    stop_reason: messageStop[finish],
    stop_sequence: null,
    usage: { ...messageUsage, output_tokens: 7 },
  };
}

function* messageEvents({ blocks, finish, fault }: Script): Generator<string> {
  const message = { ...wholeMessage({ blocks: [], finish }), stop_reason: null };
  yield named({ type: "message_start", message: { ...message, usage: { ...messageUsage, output_tokens: 1 } } });
  yield named({ type: "ping" });
  for (const [index, block] of blocks.entries()) {
    const whole = messageBlock(block);
    const empty =
      block.kind === "tool" ? { input: {} } : block.kind === "text" ? { text: "" } : { thinking: "", signature: "" };
    yield named({ type: "content_block_start", index, content_block: { ...whole, ...empty } });
    for (const piece of pieces(block.kind === "tool" ? block.arguments : block.text)) {
      yield named({ type: "content_block_delta", index, delta: messageDelta(block, piece) });
    }
    if (block.kind === "thinking") {
      const delta = { type: "signature_delta", signature: "c2lnbmVk" };
      yield named({ type: "content_block_delta", index, delta });
    }
    if (fault !== undefined) break;
    yield named({ type: "content_block_stop", index });
  }
  if (fault === "error") yield named({ type: "error", error: { type: "overloaded_error", message: "SECRET" } });
  if (fault !== undefined) return;
  const delta = { stop_reason: messageStop[finish], stop_sequence: null };
  yield named({ type: "message_delta", delta, usage: { output_tokens: 7 } });
  yield named({ type: "message_stop" });
}

function messageDelta({ kind }: Block, piece: string): Json {
  if (kind === "tool") return { type: "input_json_delta", partial_json: piece };
  return kind === "thinking" ? { type: "thinking_delta", thinking: piece } : { type: "text_delta", text: piece };
}

// Responses.

function responseItem(block: Block, at: number): Json {
  switch (block.kind) {
    case "text": {
      const content = [{ type: "output_text", text: block.text, annotations: [] }];
      return { type: "message", id: `msg_${at}`, role: "assistant", status: "completed", content };
    }
    case "thinking":
      return { type: "reasoning", id: `rs_${at}`, summary: [{ type: "summary_text", text: block.text }] };
    case "tool":
      return { type: "function_call", id: `fc_${at}`, call_id: block.id, name: "look", arguments: block.arguments };
  }
}

function wholeResponse({ blocks, finish }: Script): Json {
  const reasons = { stop: null, tool: null, length: "max_output_tokens", refusal: "content_filter" } as const;
  const reason = reasons[finish];
  return {
    id: "resp_up",
    object: "response",
    created_at: 1,
    model: "served",
    status: reason === null ? "completed" : "incomplete",
    incomplete_details: reason === null ? null : { reason },
    error: null,
    output: blocks.map(responseItem),
    usage: {
      input_tokens: 11,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens: 7,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 18,
    },
  };
}

function* responseEvents(script: Script): Generator<string> {
  const { blocks, fault } = script;
  let number = 0;
  const event = (type: string, rest: Json): string => named({ type, sequence_number: number++, ...rest });
  const begun = { ...wholeResponse({ blocks: [], finish: "stop" }), status: "in_progress", usage: null };
  yield event("response.created", { response: begun });
  yield event("response.in_progress", { response: begun });
  for (const [index, block] of blocks.entries()) {
    const item = responseItem(block, index);
    const here = { item_id: item["id"], output_index: index };
    yield event("response.output_item.added", { output_index: index, item: emptied(item) });
    yield* blockEvents(block, here, event);
    if (fault !== undefined) break;
    yield event("response.output_item.done", { output_index: index, item });
  }
  if (fault === "error") yield event("error", { code: "server_error", message: "SECRET", param: null });
  if (fault !== undefined) return;
  const end = wholeResponse(script);
  yield event(`response.${String(end["status"])}`, { response: end });
}

function emptied(item: Json): Json {
  if (item["type"] === "message") return { ...item, status: "in_progress", content: [] };
  return item["type"] === "reasoning" ? { ...item, summary: [] } : { ...item, arguments: "" };
}

function* blockEvents(block: Block, here: Json, event: (type: string, rest: Json) => string): Generator<string> {
  switch (block.kind) {
    case "text": {
      const at = { ...here, content_index: 0 };
      const part = { type: "output_text", text: "", annotations: [] };
      yield event("response.content_part.added", { ...at, part });
      for (const delta of pieces(block.text)) yield event("response.output_text.delta", { ...at, delta });
      yield event("response.output_text.done", { ...at, text: block.text });
      yield event("response.content_part.done", { ...at, part: { ...part, text: block.text } });
      return;
    }
    case "thinking": {
      const at = { ...here, summary_index: 0 };
      yield event("response.reasoning_summary_part.added", { ...at, part: { type: "summary_text", text: "" } });
      for (const delta of pieces(block.text)) yield event("response.reasoning_summary_text.delta", { ...at, delta });
      yield event("response.reasoning_summary_text.done", { ...at, text: block.text });
      yield event("response.reasoning_summary_part.done", { ...at, part: { type: "summary_text", text: block.text } });
      return;
    }
    case "tool":
      for (const delta of pieces(block.arguments)) {
        yield event("response.function_call_arguments.delta", { ...here, delta });
      }
      yield event("response.function_call_arguments.done", { ...here, arguments: block.arguments });
  }
}

function sendJson(response: ServerResponse, status: number, value: Json): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  let text = "";
  request.setEncoding("utf8");
  for await (const piece of request) text += String(piece);
  const value: unknown = text === "" ? {} : JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}
