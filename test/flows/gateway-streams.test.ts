// Streams that do not end as they should: callers who leave, servers that break off, readers who do not read. In every
// phase and every format the server's work ends, the place is free, the record says what there was, and nothing looks whole.
import assert from "node:assert/strict";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import { Socket, connect } from "node:net";
import { mock, test } from "node:test";
import { promisify } from "node:util";
import { z } from "zod";
import { openReceipt } from "../../src/acts/receipt.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import type { Settle } from "../../src/safeguards/safeguard.ts";
import type { Fault } from "../upstream-mock/server.ts";
import { type GatewayWorld, openGatewayWorld, secret, until, wordSafeguard } from "./gateway-world.ts";

const grant = { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 };

/** A request in each format. */
const bodies = {
  "/v1/chat/completions": (content: string) => ({
    model: "small",
    stream: true,
    messages: [{ role: "user", content }],
  }),
  "/v1/responses": (input: string) => ({ model: "small", stream: true, input }),
  "/v1/messages": (content: string) => ({
    model: "small",
    stream: true,
    max_tokens: 4_000,
    messages: [{ role: "user", content }],
  }),
} as const;
const paths = ["/v1/chat/completions", "/v1/responses", "/v1/messages"] as const;
type Path = (typeof paths)[number];

async function post(world: GatewayWorld, path: Path, { content = "on and on", signal }: Post = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  const body = JSON.stringify(bodies[path](content));
  return fetch(world.url() + path, { method: "POST", headers, body, ...(signal === undefined ? {} : { signal }) });
}

interface Post {
  readonly content?: string;
  readonly signal?: AbortSignal;
}

/** Reads on, and says what has come. */
function hear(response: Response): () => string {
  let come = "";
  const reading = async (): Promise<void> => {
    for await (const piece of response.body ?? []) come += Buffer.from(piece).toString();
  };
  reading().catch(() => undefined);
  return () => come;
}

/** How a receipt tells of an exchange that its caller left. */
async function cutReceipts(world: GatewayWorld): Promise<readonly (readonly [outcome: string, tokens: number])[]> {
  const receipts = await Promise.all(world.drained.map(async ({ text }) => openReceipt(text, primitives)));
  return receipts.map(({ receipt }) => [receipt.outcome, receipt.tokens[1]]);
}

interface Leaving {
  readonly fault: Fault;
  /** Leaves after text has come, and not before it. */
  readonly isSpoken?: boolean;
  readonly stream?: object;
}

const phases: Readonly<Record<string, Leaving>> = {
  "before the head": { fault: "slow-headers" },
  "before the first token": { fault: "slow-first-token" },
  "while the text that came is held back": {
    fault: "never-ends",
    stream: { holdBackChars: 4_096, windowChars: 8_192 },
  },
  "between two tokens": { fault: "never-ends", isSpoken: true },
  "while the model is silent": { fault: "stalls" },
};
for (const [phase, { fault, isSpoken = false, stream = {} }] of Object.entries(phases)) {
  test(`whoever leaves ${phase} ends the model's work, and what they had is on record, in every format`, async (t) => {
    const world = await openGatewayWorld({ grant, stream: { holdBackChars: 0, windowChars: 120, ...stream } });
    t.after(world.close);
    world.mock.set({ fault, delayMs: fault === "never-ends" ? 2 : 0 });
    for (const [at, path] of paths.entries()) {
      const leave = new AbortController();
      const asking = post(world, path, { signal: leave.signal });
      asking.catch(() => undefined);
      await until(() => world.mock.records.length === at + 1);
      if (fault === "never-ends") {
        const heard = hear(await asking);
        // Where it is held back, some of it has come by then, and waits.
        const hasText = (): boolean => textIn(heard()) !== "";
        if (isSpoken) await until(hasText);
        else await new Promise((resolve) => setTimeout(resolve, 50));
        assert.equal(hasText(), isSpoken);
      }
      leave.abort();
      assert.equal(await world.mock.ended(at), "aborted");
      await until(() => world.gateway().gateway.live.count() === 0);
      await until(() => world.drained.length === at + 1);
      const [outcome, tokens] = (await cutReceipts(world)).at(-1) ?? [];
      assert.deepEqual([outcome, (tokens ?? 0) > 0], ["cut", isSpoken], path);
    }
  });
}

test("whoever leaves while a second look is under way is on record, and the model is never asked", async (t) => {
  const looked = Promise.withResolvers<void>();
  let looks = 0;
  const slow = {
    ...wordSafeguard,
    *inspectRequest(): Generator<void, Settle, void> {
      looks += 1;
      yield;
      return async () => {
        await looked.promise;
        return { kind: "inspected", findings: [] };
      };
    },
  };
  const world = await openGatewayWorld({ grant, registry: { names: ["word@1"], get: () => slow } });
  t.after(world.close);
  const leave = new AbortController();
  const asking = post(world, "/v1/chat/completions", { signal: leave.signal });
  await until(() => looks > 0);
  leave.abort();
  await assert.rejects(asking);
  const { server } = world.gateway();
  await until(async () => (await promisify(server.getConnections.bind(server))()) === 0);
  looked.resolve();
  await until(() => world.drained.length === 1);
  assert.deepEqual(await cutReceipts(world), [["cut", 0]]);
  assert.equal(world.mock.records.length, 0);
  assert.equal(world.gateway().gateway.live.count(), 0);
});

test("whoever leaves while the disk takes its time ends the model's work before the disk is done", async (t) => {
  const world = await openGatewayWorld({ grant });
  t.after(world.close);
  world.mock.set({ fault: "never-ends", delayMs: 2 });
  const disk = Promise.withResolvers<void>();
  const probe = await open(import.meta.filename, "r");
  const handles: unknown = Object.getPrototypeOf(probe);
  await probe.close();
  assert.ok(hasWrite(handles));
  const { write } = handles;
  let isAsked = false;
  const slow = mock.method(handles, "write", async function wait(this: unknown, ...given: unknown[]): Promise<unknown> {
    isAsked = true;
    await disk.promise;
    return write.apply(this, given);
  });
  t.after(() => {
    slow.mock.restore();
  });
  const leave = new AbortController();
  const asking = post(world, "/v1/chat/completions", { signal: leave.signal });
  await until(() => world.mock.records.length === 1 && isAsked);
  leave.abort();
  await assert.rejects(asking);
  assert.equal(await world.mock.ended(0), "aborted");
  disk.resolve();
  slow.mock.restore();
  await until(() => world.drained.length === 1);
  assert.deepEqual((await cutReceipts(world))[0]?.[0], "cut");
  assert.equal(world.gateway().gateway.live.count(), 0);
});

type Write = (...given: readonly unknown[]) => Promise<unknown>;

function hasWrite(value: unknown): value is { write: Write } {
  return typeof value === "object" && value !== null && "write" in value && typeof value.write === "function";
}

/** An answer of some windows, as a chat server streams it. */
const sentence = "The river is held by a gate of oak. ";
const spoken = sentence.repeat(8);
const frame = (choice: object): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [choice] })}\n\n`;
const whole = [
  frame({ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }),
  ...Array.from({ length: 8 }, () => frame({ index: 0, delta: { content: sentence }, finish_reason: null })),
  frame({ index: 0, delta: {}, finish_reason: "stop" }),
  "data: [DONE]\n\n",
].join("");

/** What only stands at the end of an answer that is whole, and what stands at the end of one that is not. */
const endings: Readonly<Record<Path, { readonly whole: RegExp; readonly failed: RegExp }>> = {
  "/v1/chat/completions": {
    whole: /^data: \[DONE\]\n\n$/,
    failed: /^data: \{"error":\{.*"code":"upstream_failed".*\}\}\n\n$/,
  },
  "/v1/responses": {
    whole: /^event: response\.completed\ndata: \{.*\}\n\n$/,
    failed: /^event: error\ndata: \{.*"code":"upstream_failed".*\}\n\n$/,
  },
  "/v1/messages": {
    whole: /^event: message_stop\ndata: \{.*\}\n\n$/,
    failed: /^event: error\ndata: \{.*"type":"error".*\}\n\n$/,
  },
};

/** All text in the deltas of a stream. */
function textIn(stream: string): string {
  const deltas = stream.split("\n").filter((line) => deltaPattern.test(line));
  return deltas.map((line) => /"(?:content|delta|text)":"([^"]*)"/.exec(line)?.[1] ?? "").join("");
}

const deltaPattern = /^data: .*(?:chat\.completion\.chunk|output_text\.delta|text_delta)/;

test("a server that breaks off after any number of bytes never leaves a stream that looks whole, in any format", async (t) => {
  let bytes = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    const cut = (): void => {
      response.socket?.end();
    };
    if (bytes === 0) setImmediate(cut);
    else response.write(whole.slice(0, bytes), cut);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const world = await openGatewayWorld({ grant, upstreamPort: address.port });
  t.after(async () => {
    await world.close();
    server.closeAllConnections();
    server.close();
  });
  let wholes = 0;
  for (bytes = 0; bytes <= whole.length; bytes += bytes > whole.length - 40 ? 1 : 29) {
    for (const path of paths) {
      const response = await post(world, path);
      const stream = await response.text();
      if (response.status !== 200) {
        assert.equal(response.status, 502);
        continue;
      }
      const last = `${stream.split("\n\n").at(-2) ?? ""}\n\n`;
      const text = textIn(stream);
      assert.ok(spoken.startsWith(text), `${path} at ${bytes}: ${text}`);
      const isWhole = endings[path].whole.test(last);
      assert.equal(isWhole, !endings[path].failed.test(last), `${path} at ${bytes}: ${last}`);
      if (isWhole) assert.equal(text, spoken);
      wholes += isWhole ? 1 : 0;
    }
  }
  // Of the whole answer and of one whose last frame alone is missing, at the least.
  assert.ok(wholes >= paths.length);
});

test("a reader who does not read stops the model, holds little of it here, and gets all of it when they read on", async (t) => {
  // Each of these characters takes six bytes on its way, and each piece comes with a field that nobody reads: more than the
  // sockets of either connection hold.
  const filler = "x".repeat(500_000);
  const piece = "\u0001".repeat(20_000);
  const piecesMax = 48;
  let pieces = 0;
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    const fill = (): void => {
      for (; !response.destroyed && pieces < piecesMax; pieces += 1) {
        if (response.writableNeedDrain) return;
        response.write(frame({ index: 0, delta: { content: piece, filler }, finish_reason: null }));
      }
      if (!response.writableEnded) response.end(frame({ index: 0, delta: {}, finish_reason: "stop" }));
    };
    response.on("drain", fill);
    fill();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const world = await openGatewayWorld({ grant, upstreamPort: address.port, envelope: { outputTokensMax: 1_000_000 } });
  t.after(async () => {
    await world.close();
    server.closeAllConnections();
    server.close();
  });
  const accepted = once(world.gateway().server, "connection");
  const reader = connect(Number(new URL(world.url()).port), "127.0.0.1");
  t.after(() => reader.destroy());
  const [line] = z.tuple([z.instanceof(Socket)]).parse(await accepted);
  const body = JSON.stringify({ ...bodies["/v1/chat/completions"]("x"), max_tokens: 1_000_000 });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secret}\r\n`;
  reader.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  await once(reader, "readable");
  for (let before = -1; before !== pieces; await new Promise((resolve) => setTimeout(resolve, 300))) before = pieces;
  assert.ok(pieces < piecesMax, "all of it was taken");
  assert.ok(line.writableLength < 1_024 * 1_024, `${line.writableLength} bytes wait here`);
  let come = "";
  reader.setEncoding("latin1").on("data", (text: string) => {
    come += text;
  });
  await once(reader, "close");
  assert.equal(come.split("\\u0001").length - 1, piecesMax * piece.length);
  assert.match(come, /data: \[DONE\]/);
});
