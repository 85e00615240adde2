// Anthropic's official client through the gateway, over real sockets: against a server of chat completions and against one
// of its own format.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { bo, digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { type Script, startScripted } from "../upstream-mock/scripted.ts";
import { type GatewayWorld, openGatewayWorld, secret, small } from "./gateway-world.ts";

const plain = await openGatewayWorld();
after(plain.close);
const leaky = await openGatewayWorld({ onInput: "flag" });
after(leaky.close);
const chatServer = await startScripted();
after(chatServer.close);
const chat = await openGatewayWorld({ upstreamPort: chatServer.port, envelope: { reasoning: true } });
after(chat.close);
const server = await startScripted();
after(server.close);
const same = await openGatewayWorld({
  upstreamPort: server.port,
  dialect: "anthropic-messages",
  envelope: { reasoning: true, images: true, systemMessages: true },
});
after(same.close);

const clientOf = (world: GatewayWorld, options: object = {}): Anthropic =>
  new Anthropic({ baseURL: world.url(), apiKey: secret, authToken: null, maxRetries: 0, ...options });

type Params = Anthropic.MessageCreateParamsNonStreaming;

const asking = (content: string, more: Partial<Params> = {}): Params => ({
  model: "small",
  max_tokens: 1_000,
  messages: [{ role: "user", content }],
  ...more,
});

const look: Anthropic.Tool = { name: "look", input_schema: { type: "object", properties: { q: { type: "string" } } } };

const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === "text" ? block.text : `(${block.type})`)).join("");

/** Frames of a server of Anthropic's format, written by hand. */
const frames = (...values: readonly { readonly type: string }[]): string =>
  values.map((value) => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`).join("");
const start = {
  type: "message_start",
  message: {
    id: "msg_server",
    type: "message",
    role: "assistant",
    model: "mock",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 21, output_tokens: 1 },
  },
};
const open = (index: number, content_block: object): { readonly type: string } =>
  Object.assign({ type: "content_block_start" }, { index, content_block });
const delta = (index: number, change: object): { readonly type: string } =>
  Object.assign({ type: "content_block_delta" }, { index, delta: change });
const close = (index: number): { readonly type: string } => Object.assign({ type: "content_block_stop" }, { index });
const ending = (stop_reason: string, more: object = {}): { readonly type: string } =>
  Object.assign(
    { type: "message_delta" },
    { delta: { stop_reason, stop_sequence: null, ...more }, usage: { output_tokens: 9 } },
  );
const stop = { type: "message_stop" };

const streamed = (...pieces: Script["pieces"]): Script => ({ type: "text/event-stream", pieces });
const whole = (value: object): Script => ({ type: "application/json", pieces: [JSON.stringify(value)] });

const chatChunks = (...changes: readonly object[]): string =>
  changes
    .map((change) => JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", ...change }))
    .map((chunk) => `data: ${chunk}\n\n`)
    .join("");
const chatDelta = (change: object, finish_reason: string | null = null): object => ({
  choices: [{ index: 0, delta: change, finish_reason }],
});

test("the models that a key may use are listed and found in this maker's form, and what else there may be is not found", async () => {
  const { models } = clientOf(plain);
  const ids: string[] = [];
  for await (const model of models.list({ limit: 1 })) ids.push(model.id);
  assert.deepEqual(ids, ["small"]);
  const { type, display_name: name, created_at: created } = await models.retrieve("small");
  assert.deepEqual([type, name, Date.parse(created)], ["model", "small", 0]);
  await assert.rejects(models.retrieve("other"), NotFoundError);
  await assert.rejects(async () => clientOf(plain, { apiKey: "hg_0123" }).models.list(), AuthenticationError);
});

test("the official client reads an answer, a raw stream and its helper's end", async () => {
  const client = clientOf(plain);
  const words = "one two three four five six seven eight nine ten";
  const { data: answer, request_id: id } = await client.messages.create(asking(words)).withResponse();
  assert.equal(textOf(answer), `You said: ${words}`);
  assert.equal(answer.stop_reason, "end_turn");
  assert.equal(answer.model, "small");
  assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [10, 12]);
  assert.match(id ?? "", /^rcpt_[0-9a-f]{24}$/);
  let text = "";
  for await (const event of await client.messages.create({ ...asking(words), stream: true })) {
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
  }
  assert.equal(text, `You said: ${words}`);
  const helped = await client.messages.stream(asking(words)).finalMessage();
  assert.equal(textOf(helped), text);
  assert.equal(helped.stop_reason, "end_turn");
  assert.deepEqual([helped.usage.input_tokens, helped.usage.output_tokens], [10, 12]);
});

test("a long answer that meets its limit says so", async () => {
  const answer = await clientOf(plain).messages.create(asking("one two three four five six", { max_tokens: 4 }));
  assert.equal(answer.stop_reason, "max_tokens");
});

test("system, stop texts and sampling arrive at a server of chat completions", async () => {
  const more = { system: "Be brief.", stop_sequences: ["END"], temperature: 0.5, metadata: { user_id: "u-1" } };
  await clientOf(plain).messages.create(asking("hello", more));
  const body = plain.mock.records.at(-1)?.body ?? {};
  assert.deepEqual(body["messages"], [
    { role: "system", content: "Be brief." },
    { role: "user", content: "hello" },
  ]);
  assert.deepEqual([body["stop"], body["temperature"], body["user"]], [["END"], 0.5, "u-1"]);
});

test("a tool is called, answered and called back, over a server of chat completions", async () => {
  plain.mock.set({ fault: "tool-call" });
  const called = await clientOf(plain)
    .messages.stream(asking("look", { tools: [look] }))
    .finalMessage();
  plain.mock.set({ fault: undefined });
  const [block] = called.content;
  assert.ok(block?.type === "tool_use");
  assert.deepEqual([block.name, block.input], ["look", { q: "x" }]);
  assert.match(block.id, /^toolu_[0-9a-f]{24}_0$/);
  assert.equal(called.stop_reason, "tool_use");
  const messages: Anthropic.MessageParam[] = [
    { role: "user", content: "look" },
    { role: "assistant", content: called.content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: block.id, content: "a dog" }] },
  ];
  await clientOf(plain).messages.create({ ...asking(""), messages, tools: [look] });
  const sent: unknown = plain.mock.records.at(-1)?.body["messages"];
  assert.ok(Array.isArray(sent));
  assert.deepEqual(sent.at(-1), { role: "tool", content: "a dog", tool_call_id: block.id });
});

test("parallel tools that grow side by side at the server come one after another, with reasoning before them", async () => {
  const call = (index: number, value: object): object => chatDelta({ tool_calls: [{ index, ...value }] });
  chatServer.play(
    "/v1/chat/completions",
    streamed(
      chatChunks(
        chatDelta({ role: "assistant", reasoning_content: "Two looks." }),
        call(0, { id: "a", type: "function", function: { name: "look", arguments: "" } }),
        call(1, { id: "b", type: "function", function: { name: "look", arguments: "" } }),
        call(1, { function: { arguments: '{"q":' } }),
        call(0, { function: { arguments: '{"q":"left"}' } }),
        call(1, { function: { arguments: '"right"}' } }),
        chatDelta({}, "tool_calls"),
        { choices: [], usage: { prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 } },
      ),
      "data: [DONE]\n\n",
    ),
  );
  const answer = await clientOf(chat)
    .messages.stream(asking("look", { tools: [look] }))
    .finalMessage();
  assert.deepEqual(
    answer.content.map((block) =>
      block.type === "tool_use" ? block.input : block.type === "thinking" ? block.thinking : "?",
    ),
    ["Two looks.", { q: "left" }, { q: "right" }],
  );
  assert.equal(answer.stop_reason, "tool_use");
  assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [7, 8]);
});

test("thinking, sealed thinking, text and tools of a server of the same format arrive, and go back as they came", async () => {
  const signature = Buffer.from("a signature").toString("base64");
  server.play(
    "/v1/messages",
    streamed(
      frames(start, open(0, { type: "thinking", thinking: "", signature: "" })),
      frames({ type: "ping" }, delta(0, { type: "thinking_delta", thinking: "Hm, grüezi." })),
      frames(delta(0, { type: "signature_delta", signature }), close(0)),
      frames(open(1, { type: "redacted_thinking", data: signature }), close(1)),
      frames(open(2, { type: "text", text: "" }), delta(2, { type: "text_delta", text: "I look." }), close(2)),
      frames(open(3, { type: "tool_use", id: "toolu_srv1", name: "look", input: {} })),
      frames(
        delta(3, { type: "input_json_delta", partial_json: '{"q": "x"' }),
        delta(3, { type: "input_json_delta", partial_json: "}" }),
      ),
      frames(close(3), open(4, { type: "tool_use", id: "toolu_srv2", name: "look", input: {} }), close(4)),
      frames(ending("tool_use"), stop),
    ),
  );
  const thinking = { type: "enabled", budget_tokens: 1_024 } as const;
  const tools = [look];
  const params = asking("look", { tools, thinking, max_tokens: 2_000 });
  const answer = await clientOf(same).messages.stream(params).finalMessage();
  assert.deepEqual(
    answer.content.map(({ type }) => type),
    ["thinking", "redacted_thinking", "text", "tool_use", "tool_use"],
  );
  const [thought, sealed, , first, second] = answer.content;
  assert.deepEqual(thought, { type: "thinking", thinking: "Hm, grüezi.", signature });
  assert.deepEqual(sealed, { type: "redacted_thinking", data: signature });
  assert.ok(first?.type === "tool_use" && second?.type === "tool_use");
  assert.deepEqual([first.input, second.input], [{ q: "x" }, {}]);
  assert.deepEqual([answer.usage.input_tokens, answer.usage.output_tokens], [21, 9]);

  server.play("/v1/messages", whole({ ...start.message, content: [], stop_reason: "end_turn" }));
  const messages: Anthropic.MessageParam[] = [
    { role: "user", content: "look" },
    { role: "assistant", content: answer.content },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: first.id, content: "a dog" },
        { type: "tool_result", tool_use_id: second.id, content: "nothing", is_error: true },
        { type: "text", text: "And?", cache_control: { type: "ephemeral" } },
      ],
    },
  ];
  const ended = await clientOf(same).messages.create({ ...params, messages });
  assert.deepEqual([ended.content, ended.stop_reason], [[], "end_turn"]);
  const { path, body, headers } = server.records.at(-1) ?? {};
  assert.equal(path, "/v1/messages");
  assert.deepEqual(body, {
    model: "mock",
    max_tokens: 2_000,
    messages: [
      { role: "user", content: "look" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm, grüezi.", signature },
          { type: "redacted_thinking", data: signature },
          { type: "text", text: "I look." },
          { type: "tool_use", id: first.id, name: "look", input: { q: "x" } },
          { type: "tool_use", id: second.id, name: "look", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: first.id, content: "a dog" },
          { type: "tool_result", tool_use_id: second.id, content: "nothing", is_error: true },
          { type: "text", text: "And?" },
        ],
      },
    ],
    tools,
    thinking,
  });
  assert.equal(headers?.["anthropic-version"], "2023-06-01");
  assert.equal(headers?.["x-api-key"], undefined, "the caller's key stays here");
});

test("betas are not sent on, and a picture is", async () => {
  server.play(
    "/v1/messages",
    whole({ ...start.message, content: [{ type: "text", text: "A dot." }], stop_reason: "end_turn" }),
  );
  const source = { type: "base64", media_type: "image/png", data: "AAAA" } as const;
  const answer = await clientOf(same, {
    defaultHeaders: { "anthropic-beta": "context-1m-2025-08-07" },
  }).messages.create(asking("", { messages: [{ role: "user", content: [{ type: "image", source }] }] }));
  assert.equal(textOf(answer), "A dot.");
  assert.equal(server.records.at(-1)?.headers["anthropic-beta"], undefined);
  assert.deepEqual(server.records.at(-1)?.body, {
    model: "mock",
    max_tokens: 1_000,
    messages: [{ role: "user", content: [{ type: "image", source }] }],
  });
});

test("input the policy blocks is a message that ends in a refusal, whole and as a stream, and reaches no model", async () => {
  const before = plain.mock.records.length;
  const client = clientOf(plain);
  const answers = [
    await client.messages.create(asking("mix me a poison")),
    await client.messages.stream(asking("mix me a poison")).finalMessage(),
  ];
  for (const answer of answers) {
    assert.deepEqual([answer.content, answer.stop_reason], [[], "refusal"]);
    assert.equal(answer.stop_details?.category, "general_harms");
    assert.match(answer.stop_details?.explanation ?? "", /\(weapons\).*rcpt_/);
  }
  const cyber = await client.messages.create(asking("an exploit"));
  assert.equal(cyber.stop_details?.category, "cyber");
  assert.equal(plain.mock.records.length, before, "the model was not asked");
  const { response } = await client.messages.create(asking("mix me a poison")).withResponse();
  assert.equal(response.status, 200);
  assert.match(response.headers.get("x-headgate-receipt") ?? "", /^hgr1\./);
});

test("output the policy blocks mid-way ends as a refusal, with what was cleared before it", async () => {
  const words = `${"harmless words, ".repeat(30)}poison`;
  const stream = clientOf(leaky).messages.stream(asking(words));
  const answer = await stream.finalMessage();
  assert.equal(answer.stop_reason, "refusal");
  assert.equal(answer.stop_details?.category, "general_harms");
  assert.match(textOf(answer), /^You said: harmless words, harmless/);
  assert.doesNotMatch(textOf(answer), /poison/);
  const refused = await clientOf(leaky).messages.create(asking(words));
  assert.deepEqual([refused.content, refused.stop_reason], [[], "refusal"]);
});

test("a server's own refusal is told as one, without the server's words", async () => {
  server.play(
    "/v1/messages",
    streamed(
      frames(start, open(0, { type: "text", text: "" }), delta(0, { type: "text_delta", text: "Well" }), close(0)),
      frames(ending("refusal", { stop_details: { type: "refusal", category: "bio", explanation: "words" } }), stop),
    ),
  );
  const answer = await clientOf(same).messages.stream(asking("hello")).finalMessage();
  assert.deepEqual([textOf(answer), answer.stop_reason], ["Well", "refusal"]);
  assert.deepEqual(answer.stop_details, { type: "refusal", category: null, explanation: null });
});

test("a hold ends a running stream as a refusal ends, and then the stage is closed", async (t) => {
  const world = await openGatewayWorld();
  t.after(world.close);
  world.mock.set({ fault: "never-ends" });
  const stream = clientOf(world).messages.stream(asking("on and on and on"));
  await new Promise((resolve) => stream.once("text", resolve));
  const hold = idOf.hold("mid-way");
  await world.world.say({
    verb: "hold",
    body: { hold, scope: { kind: "model", model: small }, reason: digestOfLabel("Stop.") },
    by: [bo],
  });
  await world.publish();
  const answer = await stream.finalMessage();
  assert.equal(answer.stop_reason, "refusal");
  await assert.rejects(clientOf(world).messages.create(asking("hello")), (error: unknown) => {
    assert.ok(error instanceof PermissionDeniedError);
    assert.equal(error.type, "permission_error");
    assert.match(error.message, /hold stops this model/);
    return true;
  });
});

test("a stream that its server cuts or fails never looks whole", async () => {
  const begun = frames(
    start,
    open(0, { type: "text", text: "" }),
    delta(0, { type: "text_delta", text: "Hello there. " }),
  );
  const error = frames(Object.assign({ type: "error" }, { error: { type: "overloaded_error", message: "words" } }));
  for (const script of [{ ...streamed(begun), isCut: true }, streamed(begun), streamed(begun, error)]) {
    server.play("/v1/messages", script);
    await assert.rejects(clientOf(same).messages.stream(asking("hello")).finalMessage(), (caught: unknown) => {
      assert.ok(caught instanceof APIError);
      assert.equal(caught.type, "api_error");
      assert.doesNotMatch(caught.message, /words|overloaded/);
      return true;
    });
  }
});

test("an answer that is none is a server error of the gateway, and the client may try again", async () => {
  server.play("/v1/messages", { ...whole({ type: "error", error: { type: "overloaded_error" } }), status: 529 });
  let asked = 0;
  const counting: typeof fetch = async (...args) => {
    asked += 1;
    return fetch(...args);
  };
  const client = clientOf(same, { maxRetries: 1, fetch: counting });
  await assert.rejects(client.messages.create(asking("hello")), (error: unknown) => {
    assert.ok(error instanceof InternalServerError);
    assert.deepEqual([error.status, error.type], [502, "api_error"]);
    return true;
  });
  assert.equal(asked, 2);
});

test("refusals are the client's own errors, with type, status and request id, and are not tried again", async () => {
  let asked = 0;
  const counting: typeof fetch = async (...args) => {
    asked += 1;
    return fetch(...args);
  };
  const refusals = [
    [{ apiKey: "hg_unknown" }, asking("x"), AuthenticationError, "authentication_error"],
    [{}, asking("x", { model: "other" }), NotFoundError, "not_found_error"],
    [{}, asking("x", { service_tier: "auto" }), BadRequestError, "invalid_request_error"],
    [{}, asking("x", { max_tokens: 0 }), BadRequestError, "invalid_request_error"],
    [{}, asking("x", { thinking: { type: "adaptive" } }), BadRequestError, "invalid_request_error"],
  ] as const;
  for (const [options, params, kind, type] of refusals) {
    asked = 0;
    const client = clientOf(plain, { ...options, maxRetries: 2, fetch: counting });
    await assert.rejects(client.messages.create(params), (error: unknown) => {
      assert.ok(error instanceof kind, String(error));
      assert.equal(error.type, type);
      assert.match(String(error.requestID), /^rcpt_/);
      assert.match(JSON.stringify(error.error), /"request_id":"rcpt_.*|"contact":"release@example.test"/);
      return true;
    });
    assert.equal(asked, 1);
  }
});

test("a key that used up its quota meets a rate limit, and is told when to come again", async (t) => {
  const world = await openGatewayWorld({ grant: { requestsPerMinute: 1 } });
  t.after(world.close);
  const client = clientOf(world);
  await client.messages.create(asking("hello"));
  await assert.rejects(client.messages.create(asking("hello")), (error: unknown) => {
    assert.ok(error instanceof RateLimitError);
    assert.equal(error.type, "rate_limit_error");
    assert.ok(Number(error.headers.get("retry-after")) > 0);
    return true;
  });
});

const counting = ({ model, messages, tools, system }: Params): Anthropic.MessageCountTokensParams => ({
  model,
  messages,
  ...(tools === undefined ? {} : { tools }),
  ...(system === undefined ? {} : { system }),
});

test("tokens are counted by the model's server where it counts", async () => {
  server.play("/v1/messages/count_tokens", whole({ input_tokens: 42 }));
  const params = counting(asking("hello", { tools: [look], system: "Be brief." }));
  const { data, response } = await clientOf(same).messages.countTokens(params).withResponse();
  assert.deepEqual(data, { input_tokens: 42 });
  assert.equal(response.headers.get("x-headgate-estimate"), null);
  assert.match(response.headers.get("x-headgate-receipt") ?? "", /^hgr1\./);
  const { path, body } = server.records.at(-1) ?? {};
  assert.deepEqual([path, body], ["/v1/messages/count_tokens", { ...params, model: "mock" }]);
});

test("where nobody counts, the count is an estimate and says so", async () => {
  server.play("/v1/messages/count_tokens", { ...whole({ detail: "Not Found" }), status: 404 });
  for (const world of [plain, same]) {
    const params = counting(asking("h".repeat(400)));
    const { data, response } = await clientOf(world).messages.countTokens(params).withResponse();
    assert.deepEqual(data, { input_tokens: 100 });
    assert.equal(response.headers.get("x-headgate-estimate"), "true");
  }
});

test("what the policy blocks is not sent to be counted", async () => {
  const before = server.records.length;
  const asked = clientOf(same).messages.countTokens(counting(asking("mix me a poison")));
  await assert.rejects(asked, (error: unknown) => {
    assert.ok(error instanceof BadRequestError);
    assert.match(JSON.stringify(error.error), /"code":"policy_blocked"/);
    return true;
  });
  assert.equal(server.records.length, before);
});

test("counting is admitted like a call: key, model, fields and quota", async (t) => {
  const world = await openGatewayWorld({ grant: { requestsPerMinute: 2 } });
  t.after(world.close);
  const params = counting(asking("hello"));
  await assert.rejects(clientOf(world, { apiKey: "hg_unknown" }).messages.countTokens(params), AuthenticationError);
  const client = clientOf(world);
  await assert.rejects(client.messages.countTokens({ ...params, model: "other" }), NotFoundError);
  await assert.rejects(client.messages.countTokens(asking("hello")), BadRequestError, "max_tokens is not counted");
  await client.messages.countTokens(params);
  await client.messages.create(asking("hello"));
  await assert.rejects(client.messages.countTokens(params), RateLimitError);
  const hold = idOf.hold("no counting");
  const body = { hold, scope: { kind: "model", model: small }, reason: digestOfLabel("Stop.") } as const;
  await world.world.say({ verb: "hold", body, by: [bo] });
  await world.publish();
  await assert.rejects(client.messages.countTokens(params), PermissionDeniedError);
});
