// A model server that is not a model: OpenAI Responses and embeddings over plain node:http. What it answers stands in the
// last words of the request, so that a test can order an answer through the gateway. Independent on purpose: it imports
// nothing of src, so that a misreading of the wire format is not on both sides of a test.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Readonly<Record<string, unknown>>;

export interface ResponsesMock {
  readonly port: number;
  /** Bodies as they came, with their headers. */
  readonly records: readonly {
    readonly path: string;
    readonly body: Json;
    readonly headers: IncomingMessage["headers"];
  }[];
  /** How many answers the other side left before they were done. */
  readonly abandoned: () => number;
  readonly close: () => Promise<void>;
}

/**
 * Words that order an answer: THINK, CALL, CALL-TWICE, REFUSE, LIMIT, FILTER, FAIL, CUT, ENDLESS, HOSTED; for embeddings
 * STUBBORN and SHORT. Anything else is said back.
 */
export async function startResponsesMock(): Promise<ResponsesMock> {
  const records: { path: string; body: Json; headers: IncomingMessage["headers"] }[] = [];
  let abandoned = 0;
  const server = createServer((request, response) => {
    response.on("close", () => {
      if (!response.writableFinished) abandoned += 1;
    });
    void take(request, response).catch(() => response.destroy());
  });

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const path = request.url ?? "";
    records.push({ path, body, headers: request.headers });
    if (path === "/v1/embeddings") return sendEmbeddings(body, response);
    if (path !== "/v1/responses" || body["store"] !== false || !Array.isArray(body["input"])) {
      return sendJson(response, 400, {
        error: { message: "The mock says no.", type: "invalid_request_error", code: "no" },
      });
    }
    const said = lastText(body["input"]);
    const items = itemsFor(said);
    if (body["stream"] === true) return stream(response, { said, items });
    if (said.includes("FAIL")) return sendJson(response, 200, responseOf(said, []));
    return sendJson(response, 200, responseOf(said, items));
  }

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: portOf(server.address()),
    records,
    abandoned: () => abandoned,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An item of an answer, as it stands when it is done. */
type Item = Json & { readonly type: string };

function itemsFor(said: string): readonly Item[] {
  if (said.includes("THINK")) {
    const summary = [
      { type: "summary_text", text: "First thought." },
      { type: "summary_text", text: "Second thought." },
    ];
    return [
      { type: "reasoning", id: "rs_up", summary, encrypted_content: "gAAAAABsealed_-==" },
      messageOf(`You said: ${said}`),
    ];
  }
  if (said.includes("CALL-TWICE")) return [callOf("up_1", '{"q":"one"}'), callOf("up_2", '{"q":"two"}')];
  if (said.includes("CALL")) return [messageOf("Let me look."), callOf("up_1", '{"q":"x"}')];
  if (said.includes("REFUSE")) {
    return [
      { type: "message", id: "msg_up", role: "assistant", content: [{ type: "refusal", refusal: "I will not." }] },
    ];
  }
  if (said.includes("HOSTED")) return [{ type: "web_search_call", id: "ws_up", status: "completed" }];
  return [messageOf(`You said: ${said}`)];
}

function messageOf(text: string): Item {
  return {
    type: "message",
    id: "msg_up",
    role: "assistant",
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

function callOf(id: string, said: string): Item {
  return { type: "function_call", id: `fc_${id}`, call_id: id, name: "look", arguments: said };
}

function responseOf(said: string, output: readonly Item[]): Json {
  const reason = said.includes("LIMIT") ? "max_output_tokens" : said.includes("FILTER") ? "content_filter" : undefined;
  const status = said.includes("FAIL") ? "failed" : reason === undefined ? "completed" : "incomplete";
  return {
    id: "resp_up",
    object: "response",
    status,
    error: status === "failed" ? { code: "server_error", message: "SECRET WORDS" } : null,
    incomplete_details: reason === undefined ? null : { reason },
    model: "served",
    output,
    usage: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens: 6,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 16,
    },
  };
}

interface Told {
  readonly said: string;
  readonly items: readonly Item[];
}

async function stream(response: ServerResponse, { said, items }: Told): Promise<void> {
  let number = 0;
  const send = (type: string, fields: Json): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...fields })}\n\n`);
    number += 1;
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  const begun = { ...responseOf("", []), status: "in_progress", usage: null };
  send("response.created", { response: begun });
  send("response.in_progress", { response: begun });
  for (const [index, item] of items.entries()) sendItem(send, index, item);
  if (said.includes("ENDLESS")) await forever(response, send, items.length);
  if (said.includes("CUT")) return void setTimeout(() => response.destroy(), 30);
  const end = responseOf(said, items);
  send(`response.${String(end["status"])}`, { response: end });
  response.end();
}

type Send = (type: string, fields: Json) => void;

function sendItem(send: Send, index: number, item: Item): void {
  const place = { item_id: item["id"], output_index: index };
  send("response.output_item.added", {
    output_index: index,
    item: { ...item, content: [], summary: [], arguments: "" },
  });
  const contents = Array.isArray(item["content"]) ? item["content"] : [];
  const parts: readonly Json[] = contents;
  for (const [at, part] of parts.entries()) {
    const here = { ...place, content_index: at };
    const isText = part["type"] === "output_text";
    const field = isText ? "text" : "refusal";
    const name = isText ? "output_text" : "refusal";
    const text = String(part[field]);
    send("response.content_part.added", { ...here, part: { ...part, [field]: "" } });
    for (const piece of pieces(text)) send(`response.${name}.delta`, { ...here, delta: piece, obfuscation: "abc" });
    send(`response.${name}.done`, { ...here, [field]: text });
    send("response.content_part.done", { ...here, part });
  }
  const summaries = Array.isArray(item["summary"]) ? item["summary"] : [];
  const thoughts: readonly Json[] = summaries;
  for (const [at, part] of thoughts.entries()) {
    const here = { ...place, summary_index: at };
    send("response.reasoning_summary_part.added", { ...here, part: { type: "summary_text", text: "" } });
    for (const piece of pieces(String(part["text"])))
      send("response.reasoning_summary_text.delta", { ...here, delta: piece });
    send("response.reasoning_summary_text.done", { ...here, text: part["text"] });
    send("response.reasoning_summary_part.done", { ...here, part });
  }
  if (typeof item["arguments"] === "string") {
    for (const piece of pieces(item["arguments"]))
      send("response.function_call_arguments.delta", { ...place, delta: piece });
    send("response.function_call_arguments.done", { ...place, arguments: item["arguments"] });
  }
  send("response.output_item.done", { output_index: index, item: { ...item, status: "completed" } });
}

async function forever(response: ServerResponse, send: Send, index: number): Promise<void> {
  send("response.output_item.added", { output_index: index, item: { ...messageOf(""), content: [] } });
  const here = { item_id: "msg_up", output_index: index, content_index: 0 };
  send("response.content_part.added", { ...here, part: { type: "output_text", text: "", annotations: [] } });
  while (!response.destroyed) {
    send("response.output_text.delta", { ...here, delta: "on and on and " });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function pieces(text: string): readonly string[] {
  return text.match(/.{1,4}/gsu) ?? [];
}

/** The last text of the input, whoever's it is: a message's or a tool's output. */
function lastText(input: readonly unknown[]): string {
  const last = input.at(-1);
  if (typeof last !== "object" || last === null) return "";
  const content: unknown = "output" in last ? last.output : "content" in last ? last.content : "";
  if (typeof content === "string") return content;
  const texts: readonly unknown[] = Array.isArray(content) ? content : [];
  return texts
    .map((part) => (typeof part === "object" && part !== null && "text" in part ? String(part.text) : ""))
    .join(" ");
}

/** The same text has the same vector, in the encoding that was asked for; STUBBORN texts are answered in numbers. */
function sendEmbeddings(body: Json, response: ServerResponse): void {
  const texts: readonly unknown[] = Array.isArray(body["input"]) ? body["input"] : [];
  const length = typeof body["dimensions"] === "number" ? body["dimensions"] : 4;
  const data = texts.map((text, index) => {
    const said = String(text);
    const vector = Float32Array.from({ length }, (_, at) => (said.length + at) / 64);
    const isPacked = body["encoding_format"] === "base64" && !said.includes("STUBBORN");
    const short = said.includes("SHORT") ? vector.subarray(1) : vector;
    return {
      object: "embedding",
      index,
      embedding: isPacked ? Buffer.from(short.slice().buffer).toString("base64") : [...short],
    };
  });
  sendJson(response, 200, { object: "list", data, model: "served", usage: { prompt_tokens: 5, total_tokens: 5 } });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  let text = "";
  request.setEncoding("utf8");
  for await (const piece of request) text += String(piece);
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== "object" || address === null) throw new Error("the mock does not listen");
  return address.port;
}
