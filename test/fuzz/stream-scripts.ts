// Streams as model servers send them, in three dialects, from one script: blocks of text, reasoning and tool calls, some with
// forbidden strings in them, some with a fault. Independent of the readers of src: it imports nothing of them. Sources: the
// API references of OpenAI (chat completions, Responses) and Anthropic (messages).
import type { Chance } from "./seeded.ts";

export type DialectName = "chat" | "messages" | "responses";
export const dialectNames: readonly DialectName[] = ["chat", "messages", "responses"];

/**
 * What must never leave, in characters that nothing else has, so that a single one of them that leaves is a leak; the last
 * is of pairs of surrogates. None is longer than what a guard holds back.
 */
export const forbidden = [
  "\ue000\ue001\ue002",
  "\ue010\ue011\ue012\ue013\ue014\ue015\ue016\ue017\ue018\ue019\ue01a\ue01b\ue01c\ue01d\ue01e\ue01f",
  "\u{f0000}\u{f0001}\u{f0002}\u{f0003}",
] as const;
export const forbiddenPattern =
  /[\ue000-\ue0ff]|[\udb80-\udbbf][\udc00-\udfff]?|\\u(?:e0[0-9a-f]{2}|db[89ab][0-9a-f])/i;

export interface Block {
  readonly kind: "text" | "reasoning" | "tool";
  /** In the pieces in which the server sends it. */
  readonly pieces: readonly string[];
}

export interface Script {
  readonly dialect: DialectName;
  readonly blocks: readonly Block[];
  readonly finish: "stop" | "length";
  readonly fault: "none" | "cut" | "error" | "garbage" | "no-finish";
  /** Whether a forbidden string stands in it, whole, before the fault. */
  readonly isForbidden: boolean;
}

const wordsOf = [
  "the ",
  "boats ",
  "go through\n",
  "one by one. ",
  "naïve ",
  "👋🏽 ",
  "水門 ",
  "e\u0301 ",
  "\u200d",
  '"quoted" ',
  "data: ",
  "\r\n\r\n",
  "event: message_stop\n\n",
  "[DONE]",
  "\\u0041 ",
  "\u2028",
  "{}",
  "</s>",
  "x".repeat(70),
];

export function scriptOf(chance: Chance): Script {
  const dialect = chance.pick(dialectNames);
  const count = 1 + chance.below(3);
  const kinds = Array.from({ length: count }, (): Block["kind"] => chance.pick(["text", "text", "tool", "reasoning"]));
  // Chat completions has one text and one reasoning for a choice, in whatever order they come.
  const spoken = kinds.filter((kind, at) => kind === "tool" || kinds.indexOf(kind) === at);
  const ordered = spoken.toSorted((one, other) => order.indexOf(one) - order.indexOf(other));
  const poisoned = chance.oneIn(2) ? chance.below(ordered.length) : -1;
  const texts = ordered.map((kind, at) => textOf(kind, chance, at === poisoned ? chance.pick(forbidden) : ""));
  const blocks = ordered.map((kind, at) => ({ kind, pieces: pieced(texts[at] ?? "", chance) }));
  return {
    dialect,
    blocks,
    finish: chance.oneIn(4) ? "length" : "stop",
    fault: chance.oneIn(3) ? chance.pick(["cut", "error", "garbage", "no-finish"]) : "none",
    isForbidden: poisoned >= 0,
  };
}

const order: readonly Block["kind"][] = ["reasoning", "text", "tool"];

function textOf(kind: Block["kind"], chance: Chance, poison: string): string {
  const some = (): string => Array.from({ length: chance.below(14) }, () => chance.pick(wordsOf)).join("");
  const text = `${some()}${poison}${some()}`;
  return kind === "tool" ? JSON.stringify({ q: text }) : text === "" ? "a" : text;
}

/** Cut anywhere, between the halves of a pair too rarely to call it likely, for servers mostly cut at characters. */
function pieced(text: string, chance: Chance): readonly string[] {
  const most = chance.pick([2, 5, 12, 40, 400]);
  const characters = Array.from(text);
  const pieces: string[] = [];
  for (let at = 0; at < characters.length;) {
    const length = 1 + chance.below(most);
    pieces.push(characters.slice(at, at + length).join(""));
    at += length;
  }
  return pieces;
}

export function textsOf({ blocks }: Script, kind: Block["kind"]): string {
  return blocks.flatMap((block) => (block.kind === kind ? block.pieces : [])).join("");
}

/** The frames of the stream, as the server writes them. */
export function framesOf(script: Script): readonly string[] {
  const frames = { chat: chatFrames, messages: messageFrames, responses: responseFrames }[script.dialect](script);
  switch (script.fault) {
    case "none":
      return frames.all;
    case "no-finish":
      return frames.all.slice(0, frames.body);
    case "cut":
      return frames.all.slice(0, frames.body - 1);
    case "error":
      return [...frames.all.slice(0, frames.body), errorFrames[script.dialect]];
    case "garbage":
      return [...frames.all.slice(0, frames.body), "data: {not json\n\n", ...frames.all.slice(frames.body)];
  }
}

const errorFrames: Readonly<Record<DialectName, string>> = {
  chat: 'data: {"error":{"message":"SECRET","type":"server_error"}}\n\n',
  messages: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"SECRET"}}\n\n',
  responses: 'event: error\ndata: {"type":"error","code":"server_error","message":"SECRET","param":null}\n\n',
};

/** All frames, and how many come before the ending. */
interface Frames {
  readonly all: readonly string[];
  readonly body: number;
}

function ended(body: readonly string[], ending: readonly string[]): Frames {
  return { all: [...body, ...ending], body: body.length };
}

type Json = Readonly<Record<string, unknown>>;

function named(value: Json): string {
  return `event: ${String(value["type"])}\ndata: ${JSON.stringify(value)}\n\n`;
}

function chatChunk(delta: Json, reason: string | null = null): string {
  return `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
}

function chatFrames({ blocks, finish }: Script): Frames {
  const tools = blocks.filter(({ kind }) => kind === "tool");
  const body = blocks.flatMap((block) => {
    if (block.kind === "text") return block.pieces.map((content) => chatChunk({ content }));
    if (block.kind === "reasoning") return block.pieces.map((text) => chatChunk({ reasoning_content: text }));
    const index = tools.indexOf(block);
    const first = { index, id: `call_${index}`, type: "function", function: { name: "look", arguments: "" } };
    return [
      chatChunk({ tool_calls: [first] }),
      ...block.pieces.map((piece) => chatChunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ];
  });
  const reason = finish === "length" ? "length" : tools.length > 0 ? "tool_calls" : "stop";
  const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
  const counted = `data: ${JSON.stringify({ id: "c", choices: [], usage })}\n\n`;
  return ended(
    [chatChunk({ role: "assistant", content: "" }), ...body],
    [chatChunk({}, reason), counted, "data: [DONE]\n\n"],
  );
}

function messageFrames({ blocks, finish }: Script): Frames {
  const usage = { input_tokens: 3, output_tokens: 1 };
  const head = { id: "m", type: "message", role: "assistant", model: "m", content: [], stop_reason: null };
  const body = blocks.flatMap(({ kind, pieces }, index) => {
    const begun = {
      text: { type: "text", text: "" },
      reasoning: { type: "thinking", thinking: "", signature: "" },
      tool: { type: "tool_use", id: `toolu_${index}`, name: "look", input: {} },
    }[kind];
    const delta = (text: string): Json =>
      ({
        text: { type: "text_delta", text },
        reasoning: { type: "thinking_delta", thinking: text },
        tool: { type: "input_json_delta", partial_json: text },
      })[kind];
    const seal = { type: "signature_delta", signature: "c2lnbmVk" };
    return [
      named({ type: "content_block_start", index, content_block: begun }),
      ...pieces.map((piece) => named({ type: "content_block_delta", index, delta: delta(piece) })),
      ...(kind === "reasoning" ? [named({ type: "content_block_delta", index, delta: seal })] : []),
      named({ type: "content_block_stop", index }),
    ];
  });
  const hasTool = blocks.some(({ kind }) => kind === "tool");
  const reason = finish === "length" ? "max_tokens" : hasTool ? "tool_use" : "end_turn";
  return ended(
    [
      named({ type: "message_start", message: { ...head, stop_sequence: null, usage } }),
      named({ type: "ping" }),
      ...body,
    ],
    [
      named({
        type: "message_delta",
        delta: { stop_reason: reason, stop_sequence: null },
        usage: { output_tokens: 5 },
      }),
      named({ type: "message_stop" }),
    ],
  );
}

function responseItem({ kind, pieces }: Block, at: number, status: "in_progress" | "completed"): Json {
  const text = status === "completed" ? pieces.join("") : "";
  switch (kind) {
    case "text": {
      const content = status === "completed" ? [{ type: "output_text", text, annotations: [] }] : [];
      return { type: "message", id: `msg_${at}`, role: "assistant", status, content };
    }
    case "reasoning": {
      const summary = status === "completed" ? [{ type: "summary_text", text }] : [];
      return { type: "reasoning", id: `rs_${at}`, summary };
    }
    case "tool":
      return { type: "function_call", id: `fc_${at}`, call_id: `call_${at}`, name: "look", arguments: text };
  }
}

function responseObject(status: string, output: readonly Json[]): Json {
  return {
    id: "r",
    object: "response",
    created_at: 1,
    model: "m",
    status,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    error: null,
    output,
    usage:
      status === "in_progress"
        ? null
        : {
            input_tokens: 3,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 5,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 8,
          },
  };
}

function responseFrames({ blocks, finish }: Script): Frames {
  let number = 0;
  const event = (type: string, rest: Json): string => named({ type, sequence_number: number++, ...rest });
  const begun = event("response.created", { response: responseObject("in_progress", []) });
  const body = blocks.flatMap((block, at) => [
    event("response.output_item.added", { output_index: at, item: responseItem(block, at, "in_progress") }),
    ...responseBlock(block, at, event),
    event("response.output_item.done", { output_index: at, item: responseItem(block, at, "completed") }),
  ]);
  const status = finish === "length" ? "incomplete" : "completed";
  const output = blocks.map((block, at) => responseItem(block, at, "completed"));
  return ended([begun, ...body], [event(`response.${status}`, { response: responseObject(status, output) })]);
}

function responseBlock(block: Block, at: number, event: (type: string, rest: Json) => string): readonly string[] {
  const { kind, pieces } = block;
  const text = pieces.join("");
  const here = { item_id: String(responseItem(block, at, "completed")["id"]), output_index: at };
  switch (kind) {
    case "text": {
      const part = { ...here, content_index: 0 };
      const empty = { type: "output_text", text: "", annotations: [] };
      return [
        event("response.content_part.added", { ...part, part: empty }),
        ...pieces.map((delta) => event("response.output_text.delta", { ...part, delta })),
        event("response.output_text.done", { ...part, text }),
        event("response.content_part.done", { ...part, part: { ...empty, text } }),
      ];
    }
    case "reasoning": {
      const part = { ...here, summary_index: 0 };
      return [
        event("response.reasoning_summary_part.added", { ...part, part: { type: "summary_text", text: "" } }),
        ...pieces.map((delta) => event("response.reasoning_summary_text.delta", { ...part, delta })),
        event("response.reasoning_summary_text.done", { ...part, text }),
        event("response.reasoning_summary_part.done", { ...part, part: { type: "summary_text", text } }),
      ];
    }
    case "tool":
      return [
        ...pieces.map((delta) => event("response.function_call_arguments.delta", { ...here, delta })),
        event("response.function_call_arguments.done", { ...here, arguments: text }),
      ];
  }
}

/** The bytes, in one of the lawful spellings of server-sent events. */
export function spelled(frames: readonly string[], chance: Chance): Buffer {
  const lineEnd = chance.pick(["\n", "\n", "\r\n", "\r"]);
  const noise = chance.oneIn(3) ? `: comment${lineEnd}id: 7${lineEnd}retry: 10${lineEnd}` : "";
  const isTight = chance.oneIn(3);
  const text = frames
    .map((frame) => (isTight ? frame.replace("data: ", "data:") : frame))
    .map((frame) => noise + frame.replaceAll("\n", lineEnd))
    .join("");
  return Buffer.from(chance.oneIn(8) ? `\ufeff${text}` : text);
}
