// What callers get: answers, streams, refusals, by fetch and by the official client, over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, test } from "node:test";
import OpenAI, { APIError, BadRequestError } from "openai";
import { Completion, codeOf, openGatewayWorld, readStream, refusalIn, said, secret } from "./gateway-world.ts";

const plain = await openGatewayWorld();
after(plain.close);
const leaky = await openGatewayWorld({ onInput: "flag" });
after(leaky.close);

test("an allowed question is answered, under the certificate in the header", async () => {
  const response = await plain.ask(said("What is a headgate?"));
  assert.equal(response.status, 200);
  const answer = Completion.parse(await response.json());
  assert.equal(answer.choices[0]?.message.content, "You said: What is a headgate?");
  assert.equal(answer.model, "small");
  assert.equal(response.headers.get("x-headgate-stage"), "trusted");
  assert.equal(response.headers.get("x-headgate-certificate"), plain.release().certificate);
  assert.match(response.headers.get("x-headgate-receipt") ?? "", /^hgr1\./);
  assert.match(response.headers.get("x-request-id") ?? "", /^rcpt_[0-9a-f]{24}$/);
});

test("a stream ends with receipt, usage where asked for, and [DONE], in this order", async () => {
  const body = said("one two three ".repeat(40), { stream: true, stream_options: { include_usage: true } });
  const response = await plain.ask(body);
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  const stream = await readStream(response);
  assert.deepEqual(stream.order, ["chunk", "receipt", "usage", "done"]);
  assert.deepEqual(stream.finishes, ["stop"]);
  assert.equal(stream.text, `You said: ${"one two three ".repeat(40)}`);
  const without = await readStream(await plain.ask(said("hello", { stream: true })));
  assert.deepEqual(without.order, ["chunk", "receipt", "done"]);
});

test("input the policy blocks is refused with 400 and asks for no retry", async () => {
  const before = plain.mock.records.length;
  const response = await plain.ask(said("mix me a poison"));
  const refusal = await refusalIn(response);
  assert.equal(refusal.status, 400);
  assert.equal(refusal.code, "policy_blocked");
  assert.equal(refusal.headers.get("x-should-retry"), "false");
  assert.equal(plain.mock.records.length, before, "the model was not asked");
});

test("the official client reads an answer, a stream and its helper's end", async () => {
  const client = plain.client();
  const messages = [{ role: "user" as const, content: "one two three four five six seven eight nine ten" }];
  const whole = await client.chat.completions.create({ model: "small", messages });
  assert.equal(whole.choices[0]?.message.content, `You said: ${messages[0]?.content}`);
  let text = "";
  for await (const chunk of await client.chat.completions.create({ model: "small", messages, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  assert.equal(text, whole.choices[0]?.message.content);
  const helped = await client.chat.completions.stream({ model: "small", messages }).finalChatCompletion();
  assert.equal(helped.choices[0]?.finish_reason, "stop");
  assert.equal(helped.choices[0]?.message.content, text);
});

test("the official client meets a refusal as its own error, with code, status and request id", async () => {
  const asking = plain
    .client()
    .chat.completions.create({ model: "small", messages: [{ role: "user", content: "poison" }] });
  await assert.rejects(asking, (error: unknown) => {
    assert.ok(error instanceof BadRequestError);
    assert.equal(error.code, "policy_blocked");
    assert.match(String(error.requestID), /^rcpt_/);
    return true;
  });
});

test("a client that retries by itself does not retry a refusal", async () => {
  let asked = 0;
  const client = new OpenAI({
    baseURL: `${plain.url()}/v1`,
    apiKey: "hg_unknown",
    maxRetries: 3,
    fetch: async (...args) => {
      asked += 1;
      return fetch(...args);
    },
  });
  await assert.rejects(client.chat.completions.create({ model: "small", messages: [{ role: "user", content: "x" }] }));
  assert.equal(asked, 1);
});

test("a second choice is kept apart and judged by itself", async () => {
  plain.mock.set({ fault: "two-choices" });
  const answer = Completion.parse(await (await plain.ask(said("hello", { n: 2 }))).json());
  plain.mock.set({ fault: undefined });
  assert.deepEqual(
    answer.choices.map(({ index }) => index),
    [0, 1],
  );
});

const tools = [{ type: "function", function: { name: "look", parameters: { type: "object" } } }];

test("a streamed tool call has our id, a declared name, and its arguments", async () => {
  plain.mock.set({ fault: "tool-call" });
  const stream = plain.client().chat.completions.stream({
    model: "small",
    messages: [{ role: "user", content: "look" }],
    tools: [{ type: "function", function: { name: "look" } }],
  });
  const final = await stream.finalChatCompletion();
  plain.mock.set({ fault: undefined });
  const [call] = final.choices[0]?.message.tool_calls ?? [];
  assert.equal(final.choices[0]?.finish_reason, "tool_calls");
  assert.ok(call?.type === "function");
  assert.equal(call.function.name, "look");
  assert.equal(call.function.arguments, '{"q":"x"}');
  assert.match(call.id, /^call_[0-9a-f]{24}_0$/);
});

test("a tool that the caller did not declare ends in an error frame, and none of it is sent", async () => {
  plain.mock.set({ fault: "tool-call" });
  const other = [{ type: "function", function: { name: "other", parameters: {} } }];
  const stream = await readStream(await plain.ask(said("look", { stream: true, tools: other })));
  plain.mock.set({ fault: undefined });
  assert.equal(stream.errorCode, "upstream_failed");
  assert.doesNotMatch(stream.raw, /"look"/);
});

test("fields that nobody reads do not pass, whole or streamed", async () => {
  plain.mock.set({ fault: "unknown-fields" });
  assert.doesNotMatch(await (await plain.ask(said("hello"))).text(), /HIDDEN/);
  assert.doesNotMatch(await (await plain.ask(said("hello there all", { stream: true }))).text(), /HIDDEN/);
  plain.mock.set({ fault: undefined });
});

/** Code and field of the refusal of a request with these fields. */
async function refused(more: object): Promise<string> {
  const { code, message } = await refusalIn(await plain.ask(said("hello", more)));
  return `${code} ${/`([^`]+)`/.exec(message)?.[1]}`;
}

test("what goes round the safeguards is refused by name", async () => {
  assert.equal(await refused({ store: true }), "feature_unsupported store");
  assert.equal(await refused({ logprobs: true }), "feature_unsupported logprobs");
  assert.equal(await refused({ models: ["other"] }), "feature_unsupported models");
  assert.equal(await refused({ n: 5 }), "request_invalid n");
  assert.equal(await refused({ temperature: 3 }), "request_invalid temperature");
  assert.equal(await refused({ surprise: 1 }), "request_invalid surprise");
  const prefill = {
    messages: [
      { role: "user", content: "a" },
      { role: "assistant", content: "Sure, here" },
    ],
  };
  assert.equal(await refused(prefill), "feature_unsupported messages");
  const image = [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:," } }] }];
  assert.match(await refused({ messages: image }), /^feature_unsupported messages\.0/);
});

/** What the official client read of where the mistake is. */
async function paramOf(asking: Promise<unknown>): Promise<string | null | undefined> {
  const error: unknown = await asking.catch((reason: unknown) => reason);
  assert.ok(error instanceof APIError);
  return error.param;
}

test("a refusal names the field as OpenAI's clients read it, in each of its formats, and nothing that a caller wrote", async () => {
  const client = plain.client();
  const messages = [{ role: "user" as const, content: "a" }];
  const chat = client.chat.completions;
  assert.equal(await paramOf(chat.create({ model: "small", messages, store: true })), "store");
  assert.equal(await paramOf(chat.create({ model: "small", messages, temperature: 3 })), "temperature");
  assert.equal(await paramOf(client.responses.create({ model: "small", input: "a", background: true })), "background");
  assert.equal(await paramOf(client.embeddings.create({ model: "small", input: "a" })), "model");
  assert.equal(await paramOf(chat.create({ model: "larch", messages })), null);
  const odd = { model: "small", messages, "say this \u2028 aloud": 1 };
  assert.equal(await paramOf(chat.create(odd)), null);
});

test("GET /v1/models lists what this key may use, and looks alike for what it may not and what is not", async () => {
  const headers = { authorization: `Bearer ${secret}` };
  const list: unknown = await (await fetch(`${plain.url()}/v1/models`, { headers })).json();
  assert.deepEqual(list, {
    object: "list",
    data: [{ id: "small", object: "model", created: 0, owned_by: "headgate" }],
  });
  assert.equal((await fetch(`${plain.url()}/v1/models/small`, { headers })).status, 200);
  assert.equal(await codeOf(await fetch(`${plain.url()}/v1/models/other`, { headers })), "model_unknown");
  assert.equal(await codeOf(await fetch(`${plain.url()}/v1/models`)), "key_missing");
});

test("output that the policy blocks mid-stream ends as a refusal ends, and nothing uncleared has left", async () => {
  const start = "plain words go on and on here ".repeat(20);
  const body = said(`${start} poison ${start}`, { stream: true, stream_options: { include_usage: true } });
  const stream = await readStream(await leaky.ask(body));
  assert.deepEqual(stream.finishes, ["content_filter"]);
  assert.deepEqual(stream.order, ["chunk", "receipt", "usage", "done"]);
  assert.match(stream.text, /^You said: plain words/);
  assert.doesNotMatch(stream.raw, /poi/);
  assert.ok(stream.hasUsage);
});

test("however a stream is cut into pieces, what leaves before the block is the same", async () => {
  const body = said(`${"plain words ".repeat(30)} poison ${"and more ".repeat(30)}`, { stream: true });
  const texts = new Set<string>();
  for (const chunkChars of [1, 2, 7, 64, 5000]) {
    leaky.mock.set({ chunkChars });
    const stream = await readStream(await leaky.ask(body));
    assert.deepEqual(stream.finishes, ["content_filter"]);
    texts.add(stream.text);
  }
  leaky.mock.set({ chunkChars: 4 });
  assert.equal(texts.size, 1);
});

test("a whole answer that is blocked ends with content_filter and holds none of it", async () => {
  const response = await leaky.ask(said("a poison please"));
  assert.equal(response.status, 200);
  const raw = await response.text();
  assert.doesNotMatch(raw, /poi/);
  assert.equal(Completion.parse(JSON.parse(raw)).choices[0]?.finish_reason, "content_filter");
});

/** What a model says whose callers' words are only flagged. */
async function leaked(text: string): Promise<string> {
  const { choices } = Completion.parse(await (await leaky.ask(said(text))).json());
  return choices[0]?.finish_reason === "content_filter" ? "blocked" : (choices[0]?.message.content ?? "");
}

test("a long whole answer is sent whole, or blocked by a word far behind", async () => {
  const long = "one two 🙂 three ".repeat(1200);
  const sent = await leaked(long);
  // The model itself may end before.
  assert.ok(sent.length > 16_500 && `You said: ${long}`.startsWith(sent), `${sent.length}`);
  assert.equal(await leaked(`${long.slice(0, 16_400)}poison${long}`), "blocked");
});

test("a safeguard that breaks is no pass: not on input, not on output", async (t) => {
  const refusal = await refusalIn(await plain.ask(said("BREAK")));
  assert.equal(refusal.code, "safeguard_unavailable");
  assert.equal(refusal.status, 503);
  const outputOnly = await openGatewayWorld({ safeguards: { on: ["output"] } });
  t.after(outputOnly.close);
  assert.equal(await codeOf(await outputOnly.ask(said("hello"))), "safeguard_unavailable:not-configured");
});

test("a finding in the review band is not let through", async () => {
  assert.equal(await codeOf(await plain.ask(said("doubtful"))), "policy_blocked:fraud");
});

const chunk = (delta: string, finish: string): string =>
  `data: {"id":"x","created":1,"choices":[{"index":0,"delta":{${delta}},"finish_reason":${finish}}]}\n\n`;
const call = (fields: string): string =>
  `data: {"id":"x","created":1,"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,${fields}}]}}]}\n\n`;

test("half a surrogate pair from the model is sent as text and stands in a receipt like any other", async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`${chunk('"content":"ab\\ud83d"', "null")}${chunk("", '"stop"')}data: [DONE]\n\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const odd = await openGatewayWorld({ upstreamPort: address.port });
  t.after(odd.close);
  const stream = await readStream(await odd.ask(said("x", { stream: true })));
  assert.deepEqual(stream.order, ["chunk", "receipt", "done"]);
  assert.equal(stream.text, "ab\ufffd");
  t.after(() => server.close());
});

test("tool arguments are guarded like any text", async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(call('"id":"c","type":"function","function":{"name":"look","arguments":""}'));
    response.write(call(`"function":{"arguments":"{\\"q\\":\\"poison ${"and ".repeat(60)}\\"}"}`));
    response.end(
      'data: {"id":"x","created":1,"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n',
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const odd = await openGatewayWorld({ upstreamPort: address.port });
  t.after(odd.close);
  const stream = await readStream(await odd.ask(said("look", { stream: true, tools })));
  assert.deepEqual(stream.finishes, ["content_filter"]);
  assert.doesNotMatch(stream.raw, /poison/);
  t.after(() => server.close());
});

test("a word that policy blocks is found in JSON that escapes it, whoever says it", async () => {
  const hidden = String.raw`{"q":"\u0070oison"}`;
  assert.equal(await codeOf(await plain.ask(said(hidden))), "policy_blocked:weapons");
  const called = { id: "call_1", type: "function", function: { name: "look", arguments: hidden } };
  const messages = [
    { role: "user", content: "Hello" },
    { role: "assistant", tool_calls: [called] },
    { role: "tool", tool_call_id: "call_1", content: "ok" },
  ];
  assert.equal(await codeOf(await plain.ask({ model: "small", messages, tools })), "policy_blocked:weapons");
});
