// Chat servers that fail to order, several at once, for pools: each answers its orders one after another, then the last one
// for ever. Independent of src, like the other mocks.
import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Order =
  /** Answers as it should, and says its own name. */
  | "answer"
  /** Closes the connection before it says anything. */
  | "drop"
  /** Says nothing, for as long as it may. */
  | "hang"
  /** Begins to answer, and closes in the middle. */
  | "cut"
  /** A stream with a head and no event. */
  | "empty"
  /** A status of its own, and when to come back, in seconds. */
  | { readonly status: number; readonly retryAfter?: string };

export interface Member {
  readonly name: string;
  readonly port: number;
  /** Bodies of all calls, in order. */
  readonly bodies: readonly Readonly<Record<string, unknown>>[];
  readonly headers: readonly IncomingMessage["headers"][];
  /** From the next call on. */
  readonly order: (...orders: readonly Order[]) => void;
  /** What is done before the next answers: resolves when the call may go on. */
  readonly meet: (what: (() => Promise<void>) | undefined) => void;
  /** Whether it is up when asked for its models. */
  readonly setHealthy: (isHealthy: boolean) => void;
  readonly close: () => Promise<void>;
}

const recordsMax = 10_000;

export async function startMember(name: string, port = 0): Promise<Member> {
  const bodies: Readonly<Record<string, unknown>>[] = [];
  const headers: IncomingMessage["headers"][] = [];
  let orders: readonly Order[] = ["answer"];
  let meeting: (() => Promise<void>) | undefined;
  let isHealthy = true;

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === "/v1/models") return sendJson(response, isHealthy ? 200 : 500, { object: "list", data: [] });
    const body = await bodyOf(request);
    if (bodies.length < recordsMax) {
      bodies.push(body);
      headers.push(request.headers);
    }
    const [order = "answer", ...rest] = orders;
    if (rest.length > 0) orders = rest;
    await meeting?.();
    await obey(order, { name, isStream: body["stream"] === true, response });
  }

  const server = createServer((request, response) => {
    void route(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    name,
    port: portOf(server.address()),
    bodies,
    headers,
    order: (...next) => {
      orders = next;
    },
    meet: (what) => {
      meeting = what;
    },
    setHealthy: (is) => {
      isHealthy = is;
    },
    close: async () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return address.port;
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part);
  const value: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

interface Scene {
  readonly name: string;
  readonly isStream: boolean;
  readonly response: ServerResponse;
}

async function obey(order: Order, { name, isStream, response }: Scene): Promise<void> {
  if (typeof order === "object") {
    if (order.retryAfter !== undefined) response.setHeader("retry-after", order.retryAfter);
    return sendJson(response, order.status, { error: { message: "not now", type: "server_error", code: null } });
  }
  if (order === "drop") return void response.destroy();
  if (order === "hang") return;
  if (isStream) return sendStream(order, name, response);
  if (order === "answer") return sendJson(response, 200, whole(name));
  response.writeHead(200, { "content-type": "application/json", "content-length": "9999" });
  response.write('{"choices":', () => response.destroy());
}

async function sendStream(order: "answer" | "cut" | "empty", name: string, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  if (order === "empty") {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    return void response.destroy();
  }
  const text = `I am ${name}. ${"and so on ".repeat(40)}`;
  const last = order === "cut" ? [] : [frame({}, "stop"), "data: [DONE]\n\n"];
  const frames = [frame({ role: "assistant", content: "" }, null), frame({ content: text }, null), ...last];
  for (const one of frames) await new Promise((resolve) => response.write(one, resolve));
  if (order === "cut") response.destroy();
  else response.end();
}

function frame(delta: object, finish: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices })}\n\n`;
}

function whole(name: string): object {
  const message = { role: "assistant", content: `I am ${name}.` };
  return {
    id: "c",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 },
  };
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
