// The client against a server that misbehaves to order. Order and closed codes are asserted, not milliseconds.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { connectTo, outboundDefaults } from "../outbound/connector.ts";
import { Failure } from "../terms/failure.ts";
import { type Mock, startMock } from "../../test/upstream-mock/server.ts";
import type { AnswerEvent, WholeAnswer } from "../wire/answer.ts";
import type { Call } from "../wire/call.ts";
import { chatDialect, chatFormat } from "../wire/chat/chat.ts";
import type { Dialect } from "../wire/format.ts";
import { openServer } from "./server.ts";
import { type Upstream, eachEvent, nextEvents, upstreamBounds } from "./upstream.ts";

const short = {
  ...upstreamBounds,
  headersMsMax: 200,
  firstTokenMsMax: 200,
  idleMsMax: 200,
  totalMsMax: 3_000,
  healthMsMax: 500,
};
const never = new AbortController().signal;
const streamBytes = 48 * 1024 * 1024;
let mock: Mock;
let upstream: Upstream;

/** The upstream's name for a model is the caller's here, so that a test names its fault in the call. */
const dialect: Dialect = { ...chatDialect, body: (call) => chatDialect.body(call, call.model) };

function openTo(port: number, bounds = short): Upstream {
  const pool = connectTo(new URL(`http://127.0.0.1:${port}`), { ...outboundDefaults, allowPrivate: true });
  return openServer(pool, { dialect, model: "mock", basePath: "/v1", key: "sk-own", bounds });
}

before(async () => {
  mock = await startMock();
  upstream = openTo(mock.port);
});
after(async () => {
  await upstream.close();
  await mock.close();
});
beforeEach(() => mock.set({ delayMs: 0, chunkChars: 4, writeBytes: 0, fault: undefined }));

const content = "Grüße, 👋🏽 naïve world";
const body = (model: string): object => ({ model, messages: [{ role: "user", content }], max_tokens: 100 });

function ask(model = "mock", more: object = {}): Call {
  return chatFormat.parseCall({ ...body(model), ...more });
}

function textOf(event: AnswerEvent): string {
  return event.kind === "text" ? event.text : "";
}

function textsOf({ choices }: WholeAnswer): string {
  return choices.flatMap(({ blocks }) => blocks.map((block) => ("text" in block ? block.text : ""))).join("");
}

/** The text of a stream, and how it ended: `whole` or the code and the reason of its failure. */
async function read(call: Call, { signal = never, from = upstream } = {}): Promise<{ text: string; ended: string }> {
  let text = "";
  try {
    for await (const event of eachEvent(from.stream(call, signal))) text += textOf(event);
    return { text, ended: "whole" };
  } catch (error) {
    return { text, ended: outcome(error) };
  }
}

function outcome(error: unknown): string {
  if (!(error instanceof Failure)) throw error;
  return `${error.code} ${String(error.detail["why"] ?? error.detail["phase"])}`;
}

async function whole(call: Call, signal = never): Promise<string> {
  try {
    return textsOf(await upstream.complete(call, signal));
  } catch (error) {
    return outcome(error);
  }
}

test("a whole answer and a streamed one carry the same text and the usage", async () => {
  const answer = await upstream.complete(ask(), never);
  assert.equal(textsOf(answer), "You said: Grüße, 👋🏽 naïve world");
  assert.deepEqual(answer.usage, { input: 10, output: 6 });
  assert.deepEqual(await read(ask()), { text: "You said: Grüße, 👋🏽 naïve world", ended: "whole" });
});

test("text is whole when every byte comes in a packet of its own, and in odd but lawful spellings", async () => {
  const wanted = { text: "You said: Grüße, 👋🏽 naïve world", ended: "whole" };
  const from = openTo(mock.port, upstreamBounds);
  for (const writeBytes of [1, 2, 3, 7]) {
    mock.set({ writeBytes });
    assert.deepEqual(await read(ask(), { from }), wanted);
    assert.deepEqual(await read(ask("odd-wire"), { from }), wanted);
  }
  await from.close();
});

test("the upstream sees its own key and exactly the admitted body, with usage asked for on streams", async () => {
  const from = mock.records.length;
  await read(ask("mock", { temperature: 0 }));
  await upstream.complete(ask("mock", { stream: true, stream_options: { include_usage: true } }), never);
  const [streamed, plain] = mock.records.slice(from);
  assert.equal(streamed?.headers.authorization, "Bearer sk-own");
  assert.equal(streamed?.headers["accept-encoding"], "identity");
  assert.deepEqual(streamed?.body, {
    ...body("mock"),
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  assert.deepEqual(plain?.body, body("mock"));
});

test("an answer that ends early, in whichever way, is a failure and never complete", async () => {
  assert.equal((await read(ask("cut"))).ended, "upstream_failed cut");
  assert.equal((await read(ask("cut-before-first"))).ended, "upstream_failed cut");
  assert.equal((await read(ask("no-finish"))).ended, "upstream_failed cut");
  assert.equal(await whole(ask("cut")), "upstream_failed cut");
  assert.equal((await read(ask("no-done"))).ended, "whole");
});

test("garbage, error frames, redirects, refusals and unknown endings are told apart", async () => {
  for (const [model, ended] of [
    ["garbage", "upstream_failed garbage"],
    ["bad-utf8", "upstream_failed garbage"],
    ["error-frame", "upstream_failed error_frame"],
    ["redirect", "upstream_failed redirect"],
    ["status-500", "upstream_failed status"],
    ["status-400-context", "request_invalid too_long_context"],
    ["unknown-finish", "upstream_failed garbage"],
    ["plain-for-stream", "upstream_failed garbage"],
    ["gzip", "upstream_failed garbage"],
    ["endless-line", "upstream_failed too_long"],
  ] as const) {
    assert.equal((await read(ask(model))).ended, ended, model);
  }
  for (const [model, ended] of [
    ["garbage", "upstream_failed garbage"],
    ["redirect", "upstream_failed redirect"],
    ["status-500", "upstream_failed status"],
    ["unknown-finish", "upstream_failed garbage"],
    ["two-choices", "upstream_failed garbage"],
    ["huge", "upstream_failed too_long"],
    ["gzip", "upstream_failed garbage"],
  ] as const) {
    assert.equal(await whole(ask(model)), ended, model);
  }
});

test("each phase has its own time: headers, first token, idle, and the whole", async () => {
  assert.equal((await read(ask("slow-headers"))).ended, "upstream_timeout headers");
  assert.equal((await read(ask("slow-first-token"))).ended, "upstream_timeout first_token");
  assert.equal((await read(ask("stalls"))).ended, "upstream_timeout idle");
  const from = openTo(mock.port, { ...upstreamBounds, totalMsMax: 500 });
  assert.equal((await read(ask("never-ends"), { from })).ended, "upstream_timeout total");
  await from.close();
  assert.equal(await whole(ask("slow-headers")), "upstream_timeout total");
});

test("fields nobody knows do not pass, whatever text they hold", async () => {
  const streamed: unknown[] = [];
  for await (const chunk of eachEvent(upstream.stream(ask("unknown-fields"), never))) streamed.push(chunk);
  assert.ok(!JSON.stringify(streamed).includes("HIDDEN"));
  assert.ok(!JSON.stringify(await upstream.complete(ask("unknown-fields"), never)).includes("HIDDEN"));
});

test("a tool call is a block of its own, with its arguments as text", async () => {
  const events: AnswerEvent[] = [];
  for await (const event of eachEvent(upstream.stream(ask("tool-call"), never))) events.push(event);
  const place = { choice: 0, block: 0 };
  assert.deepEqual(
    events.filter(({ kind }) => kind !== "ping"),
    [
      { ...place, kind: "open", as: "tool", id: "call_1", name: "look" },
      { ...place, kind: "text", text: '{"q":' },
      { ...place, kind: "text", text: '"x"}' },
      { ...place, kind: "close" },
      { kind: "finish", choice: 0, ending: { finish: "tool" } },
    ],
  );
});

test("giving up closes the upstream's connection in every phase", async () => {
  for (const model of ["slow-headers", "slow-first-token", "stalls", "never-ends"]) {
    const index = mock.records.length;
    const controller = new AbortController();
    const reading = read(ask(model), { signal: controller.signal });
    while (mock.records.length === index) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    assert.equal((await reading).ended, "upstream_failed abandoned", model);
    assert.equal(await mock.ended(index), "aborted", model);
  }
  const index = mock.records.length;
  const controller = new AbortController();
  const answering = whole(ask("slow-headers"), controller.signal);
  while (mock.records.length === index) await new Promise((resolve) => setImmediate(resolve));
  controller.abort(new Failure("stage_closed", "held", { detail: { why: "held" } }));
  assert.equal(await answering, "stage_closed held");
  assert.equal(await mock.ended(index), "aborted");
  assert.equal(await whole(ask(), controller.signal), "stage_closed held");
});

test("leaving the loop closes the upstream's connection", async () => {
  const index = mock.records.length;
  for await (const event of eachEvent(upstream.stream(ask("never-ends"), never))) if (event.kind === "text") break;
  assert.equal(await mock.ended(index), "aborted");
});

test("a reader that pauses stops the upstream instead of filling memory", async () => {
  const event = `data: {"choices":[{"index":0,"delta":{"content":"${"x".repeat(60_000)}"}}]}\n\n`;
  let written = 0;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const fill = (): void => {
      while (!response.destroyed && written < streamBytes) {
        written += event.length;
        if (!response.write(event)) return;
      }
    };
    response.on("drain", fill);
    fill();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const fast = openTo(typeof address === "object" && address !== null ? address.port : 0);
  const chunks = fast.stream(ask(), never);
  await nextEvents(chunks);
  await new Promise((resolve) => setTimeout(resolve, 500));
  chunks.close();
  // What the two sockets' buffers hold on loopback, with room to spare; without a stop all of it would have come.
  assert.ok(written < streamBytes / 2, `${written} bytes were taken from the upstream`);
  await fast.close();
  server.close();
});

test("a server that is not there is down, one that is there is up", async () => {
  assert.deepEqual(await upstream.health(), { kind: "up" });
  const gone = await startMock();
  await gone.close();
  const absent = openTo(gone.port);
  const health = await absent.health();
  assert.equal(health.kind === "down" && health.code, "upstream_failed");
  await absent.close();
});

test("requests beyond the bound are refused at once and the place is free again afterwards", async () => {
  const narrow = openTo(mock.port, { ...short, exchangesMax: 1 });
  const first = narrow.complete(ask(), never);
  await assert.rejects(narrow.complete(ask(), never), (error) => outcome(error) === "upstream_failed overloaded");
  await first;
  await narrow.complete(ask(), never);
  await narrow.close();
});
