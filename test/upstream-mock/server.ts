// A model server that is not a model: OpenAI chat completions over plain node:http, with faults to order. Independent on
// purpose: it imports nothing of src, so that a misreading of the wire format is not on both sides of a test.
// As a program: `node test/upstream-mock/server.ts --port 9001`; faults by the model's name or by POST /control.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";

/** Models that misbehave by their name; any other name answers as it should. */
export const faults = [
  "slow-headers",
  "slow-first-token",
  "stalls",
  "cut",
  "cut-before-first",
  "no-finish",
  "no-done",
  "garbage",
  "bad-utf8",
  "error-frame",
  "status-500",
  "status-400-context",
  "redirect",
  "never-ends",
  "endless-line",
  "huge",
  "plain-for-stream",
  "gzip",
  "odd-wire",
  "unknown-fields",
  "unknown-finish",
  "two-choices",
  "tool-call",
] as const;
export type Fault = (typeof faults)[number];

export interface MockSettings {
  /** Wait before the first byte of the answer and between chunks of a stream, in ms. */
  readonly delayMs: number;
  /** Characters of text in one chunk of a stream. */
  readonly chunkChars: number;
  /** Bytes written at a time, to split events and characters over packets; 0 writes whole events. */
  readonly writeBytes: number;
  /** The fault of every request whatever its model; undefined leaves it to the model's name. */
  readonly fault: Fault | undefined;
}

export interface MockRecord {
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingMessage["headers"];
  /** How it ended; `aborted` when the other side closed before the answer was complete. */
  ended: "open" | "answered" | "aborted";
}

export interface Mock {
  readonly url: string;
  readonly port: number;
  readonly records: readonly MockRecord[];
  readonly set: (settings: Partial<MockSettings>) => void;
  /** Resolves when the n-th request (from 0) has ended, with how. */
  readonly ended: (index: number) => Promise<MockRecord["ended"]>;
  readonly close: () => Promise<void>;
}

type Answer = { readonly request: MockRecord; readonly response: ServerResponse; readonly text: string };

const initial: MockSettings = { delayMs: 0, chunkChars: 4, writeBytes: 0, fault: undefined };
const recordsMax = 1_000;

export async function startMock(port = 0): Promise<Mock> {
  let settings = initial;
  const records: MockRecord[] = [];
  const waiting = new Map<number, ((ended: MockRecord["ended"]) => void)[]>();

  const server = createServer((request, response) => {
    void route(request, response).catch(() => response.destroy());
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    if (path === "/v1/models")
      return sendJson(response, 200, { object: "list", data: ["mock", ...faults].map(modelEntry) });
    const body = parse(await readAll(request));
    if (path === "/control") {
      settings = { ...settings, ...body };
      return sendJson(response, 200, settings);
    }
    if (path === "/control/records") return sendJson(response, 200, records);
    if (path !== "/v1/chat/completions") return sendError(response, 404, "not_found");
    if (!Array.isArray(body["messages"])) return sendError(response, 400, "invalid_messages");
    return answer(request, response, body);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: Record<string, unknown>,
  ): Promise<void> {
    const record: MockRecord = { model: String(body["model"]), body, headers: request.headers, ended: "open" };
    const index = records.length;
    if (records.length < recordsMax) records.push(record);
    response.on("close", () => {
      record.ended = response.writableFinished && record.ended !== "aborted" ? "answered" : "aborted";
      for (const wake of waiting.get(index) ?? []) wake(record.ended);
    });
    const fault = settings.fault ?? faults.find((name) => name === record.model);
    const task: Answer = { request: record, response, text: answerText(body) };
    if (settings.delayMs > 0) await sleep(settings.delayMs);
    if (await beforeHeaders(task, fault)) return;
    if (body["stream"] === true && fault !== "plain-for-stream") await sendStream(task, fault, settings);
    else sendWhole(task, fault);
  }

  await listen(server, port);
  const address = addressOf(server);
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    port: address.port,
    records,
    set: (changed) => {
      settings = { ...settings, ...changed };
    },
    ended: (index) =>
      new Promise((resolve) => {
        const record = records[index];
        if (record !== undefined && record.ended !== "open") resolve(record.ended);
        else waiting.set(index, [...(waiting.get(index) ?? []), resolve]);
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Faults that show in the head of the answer. True when the answer is done with. */
async function beforeHeaders({ response, text }: Answer, fault: Fault | undefined): Promise<boolean> {
  if (fault === "slow-headers") {
    await untilClosed(response, 60_000);
    return true;
  }
  if (fault === "status-500") sendError(response, 500, "server_error");
  else if (fault === "status-400-context") sendError(response, 400, "context_length_exceeded");
  else if (fault === "redirect") response.writeHead(307, { location: "/v1/models" }).end();
  else if (fault === "gzip")
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(text);
  else return false;
  return true;
}

function sendWhole({ request, response, text }: Answer, fault: Fault | undefined): void {
  if (fault === "garbage")
    return void response.writeHead(200, { "content-type": "application/json" }).end('{"choices":[{');
  if (fault === "cut") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
    response.write('{"choices":', () => response.destroy());
    return;
  }
  if (fault === "huge") return sendJson(response, 200, completion(request, "x".repeat(40 * 1024 * 1024), "stop"));
  const finish = fault === "unknown-finish" ? "insufficient_resources" : finishOf(request);
  const whole = completion(request, text, finish);
  if (fault === "unknown-fields") {
    Object.assign(whole.choices[0]?.message ?? {}, { hidden_text: "HIDDEN", annotations: [{ text: "HIDDEN" }] });
  }
  if (fault === "two-choices") whole.choices.push({ ...whole.choices[0], index: 1 });
  sendJson(response, 200, whole);
}

async function sendStream(task: Answer, fault: Fault | undefined, settings: MockSettings): Promise<void> {
  const { request, response } = task;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  if (fault === "cut-before-first") return void response.write(": hello\n\n", () => response.destroy());
  if (fault === "slow-first-token") {
    while (!response.destroyed) {
      await write(response, ": waiting\n\n", settings);
      await sleep(10);
    }
    return;
  }
  if (fault === "endless-line") {
    while (!response.destroyed) await write(response, "x".repeat(65_536), settings);
    return;
  }
  await write(response, event(chunk(request, { role: "assistant", content: "" }, null)), settings);
  if (fault === "tool-call") return sendToolCall(task, settings);
  await sendPieces(task, fault, settings);
  if (response.destroyed || response.writableEnded) return;
  if (fault === "no-finish") return void response.end("data: [DONE]\n\n");
  const finish = fault === "unknown-finish" ? "insufficient_resources" : finishOf(request);
  await write(response, event(chunk(request, {}, finish)), settings);
  await write(response, event({ ...chunk(request, {}, null), choices: [], usage: usageOf(task.text) }), settings);
  if (fault !== "no-done") await write(response, "data: [DONE]\n\n", settings);
  response.end();
}

/** The text in pieces; the faults of the middle of a stream come after the third. */
async function sendPieces(
  { request, response, text }: Answer,
  fault: Fault | undefined,
  settings: MockSettings,
): Promise<void> {
  const characters = Array.from(text);
  let sent = 0;
  for (let at = 0; at < characters.length && !response.destroyed; at += settings.chunkChars) {
    if (sent === 3 && (await breakOff(response, fault, settings))) return;
    const piece = characters.slice(at, at + settings.chunkChars).join("");
    await write(response, dressed(request, piece, fault), settings);
    if (settings.delayMs > 0) await sleep(settings.delayMs);
    sent += 1;
    if (fault === "never-ends") at = -settings.chunkChars;
    if (fault === "never-ends") await sleep(1);
  }
}

/** An event as it should be, or in the odd but lawful spellings that servers use. */
function dressed(request: MockRecord, piece: string, fault: Fault | undefined): string {
  if (fault === "unknown-fields") return event(chunk(request, { content: piece, hidden_text: "HIDDEN" }, null));
  if (fault !== "odd-wire") return event(chunk(request, { content: piece }, null));
  const lines = JSON.stringify(chunk(request, { content: piece }, null), undefined, 1).split("\n");
  return `: comment\r\nid: 7\r\nretry: 10\r\nevent: message\r\n${lines.map((line) => `data:${line}`).join("\r\n")}\r\n\r\n`;
}

async function breakOff(response: ServerResponse, fault: Fault | undefined, settings: MockSettings): Promise<boolean> {
  if (fault === "cut") {
    await settled(response);
    response.destroy();
  } else if (fault === "stalls") await untilClosed(response, 60_000);
  else if (fault === "garbage") await write(response, "data: {not json\n\n", settings);
  else if (fault === "bad-utf8") response.write(Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0xfe, 0x0a, 0x0a]));
  else if (fault === "error-frame") {
    await write(response, 'data: {"error":{"message":"out of memory","type":"server_error","code":500}}\n\n', settings);
    response.end();
  }
  return fault === "cut" || fault === "stalls" || fault === "error-frame";
}

async function sendToolCall({ request, response }: Answer, settings: MockSettings): Promise<void> {
  const first = { index: 0, id: "call_1", type: "function", function: { name: "look", arguments: "" } };
  await write(response, event(chunk(request, { tool_calls: [first] }, null)), settings);
  for (const piece of ['{"q":', '"x"}']) {
    await write(
      response,
      event(chunk(request, { tool_calls: [{ index: 0, function: { arguments: piece } }] }, null)),
      settings,
    );
  }
  await write(response, event(chunk(request, {}, "tool_calls")), settings);
  response.end("data: [DONE]\n\n");
}

/** Says back what was asked: the same request has the same answer. */
function answerText(body: Readonly<Record<string, unknown>>): string {
  const messages: unknown[] = Array.isArray(body["messages"]) ? body["messages"] : [];
  const last: unknown = messages.at(-1);
  const content = typeof last === "object" && last !== null && "content" in last ? last.content : "";
  const words = `You said: ${typeof content === "string" ? content : JSON.stringify(content)}`.split(" ");
  return words.slice(0, limitOf(body)).join(" ");
}

function limitOf(body: Readonly<Record<string, unknown>>): number {
  const limit = body["max_tokens"] ?? body["max_completion_tokens"];
  return typeof limit === "number" ? limit : 4_096;
}

function finishOf(request: MockRecord): string {
  return answerText(request.body).split(" ").length >= limitOf(request.body) ? "length" : "stop";
}

interface Completion {
  readonly choices: { index?: number; message?: object; finish_reason?: string }[];
}

function completion(request: MockRecord, text: string, finish: string): Completion {
  const whole = {
    id: "chatcmpl-mock",
    object: "chat.completion",
    created: 1_700_000_000,
    model: request.model,
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: finish }],
    usage: usageOf(text),
  };
  return whole;
}

function chunk(request: MockRecord, delta: object, finish: string | null): object {
  return {
    id: "chatcmpl-mock",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: request.model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  };
}

function usageOf(text: string): object {
  const words = text.split(" ").length;
  return { prompt_tokens: 10, completion_tokens: words, total_tokens: 10 + words };
}

function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

async function write(response: ServerResponse, text: string, settings: MockSettings): Promise<void> {
  if (settings.writeBytes === 0) {
    if (!response.destroyed && !response.write(text)) await settled(response);
    return;
  }
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length && !response.destroyed; at += settings.writeBytes) {
    response.write(bytes.subarray(at, at + settings.writeBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Until what was written has gone out, or the other side has. */
function settled(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("close", done);
      resolve();
    };
    if (response.destroyed) return resolve();
    response.once("close", done);
    response.write("", done);
  });
}

function untilClosed(response: ServerResponse, msMax: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, msMax);
    response.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text);
}

function sendError(response: ServerResponse, status: number, code: string): void {
  sendJson(response, status, { error: { message: "The mock says no.", type: "mock", param: null, code } });
}

function modelEntry(id: string): object {
  return { id, object: "model", created: 1_700_000_000, owned_by: "mock" };
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  request.setEncoding("utf8");
  for await (const piece of request) text += String(piece);
  return text;
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => resolve());
  });
}

function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the mock does not listen");
  return address;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { port: { type: "string", default: "9001" } } });
  const mock = await startMock(Number(values.port));
  process.stdout.write(`${mock.url}\n`);
}
