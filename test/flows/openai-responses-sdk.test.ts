// The official openai client on /v1/responses, against a server that speaks Responses and one that speaks chat completions:
// the same calls, the same answers, and every way in which an answer can end.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { APIError, AuthenticationError, RateLimitError } from "openai";
import type { Response, ResponseStreamEvent, Tool } from "openai/resources/responses/responses";
import { digestOfLabel, idOf } from "../../src/acts/fixtures.ts";
import { startResponsesMock } from "../upstream-mock/responses.ts";
import { bo, openGatewayWorld, small, until, type GatewayWorld } from "./gateway-world.ts";

const mock = await startResponsesMock();
const direct = await openGatewayWorld({
  dialect: "openai-responses",
  upstreamPort: mock.port,
  onInput: "flag",
  envelope: { reasoning: true, images: true },
});
const crossed = await openGatewayWorld({ onInput: "flag" });
after(async () => {
  await direct.close();
  await crossed.close();
  await mock.close();
});

const look: Tool = { type: "function", name: "look", parameters: { type: "object" }, strict: false };

async function whole(at: GatewayWorld, input: string, more: object = {}): Promise<Response> {
  return at.client().responses.create({ model: "small", input, ...more });
}

async function streamed(at: GatewayWorld, input: string, more: object = {}): Promise<readonly ResponseStreamEvent[]> {
  const events: ResponseStreamEvent[] = [];
  const stream = await at.client().responses.create({ model: "small", input, stream: true, ...more });
  for await (const event of stream) events.push(event);
  return events;
}

async function errorOf(asking: Promise<unknown>): Promise<APIError> {
  try {
    await asking;
  } catch (error) {
    assert.ok(error instanceof APIError, String(error));
    return error;
  }
  return assert.fail("it was answered");
}

for (const [name, at] of [
  ["a Responses server", direct],
  ["a chat server", crossed],
] as const) {
  test(`${name}: an answer has its text, its model by the public name, its usage, and says that nothing is stored`, async () => {
    const answer = await whole(at, "hello there", { instructions: "Be kind.", max_output_tokens: 50 });
    assert.equal(answer.output_text, "You said: hello there");
    assert.deepEqual([answer.status, answer.model, answer.instructions], ["completed", "small", "Be kind."]);
    assert.equal(answer.usage?.total_tokens, (answer.usage?.input_tokens ?? 0) + (answer.usage?.output_tokens ?? 0));
    assert.match(answer.id, /^resp_[0-9a-f]{24}$/);
    assert.equal(Object.entries(answer).find(([key]) => key === "store")?.[1], false);
  });

  test(`${name}: the client's own stream helper builds the answer from the events, and finds nothing amiss`, async () => {
    const stream = at.client().responses.stream({ model: "small", input: "one two three" });
    let text = "";
    stream.on("response.output_text.delta", ({ delta }) => {
      text += delta;
    });
    const final = await stream.finalResponse();
    assert.equal(text, "You said: one two three");
    assert.equal(final.output_text, text);
    assert.equal(final.status, "completed");
  });

  test(`${name}: events are numbered from 0 without a gap, from created to completed`, async () => {
    const events = await streamed(at, "hello");
    assert.deepEqual(
      events.map((event) => event.sequence_number),
      events.map((_, index) => index),
    );
    assert.deepEqual([events[0]?.type, events.at(-1)?.type], ["response.created", "response.completed"]);
  });

  test(`${name}: a safeguard that breaks is a 503 and nothing is served`, async () => {
    const error = await errorOf(whole(at, "BREAK"));
    assert.equal(error.status, 503);
    assert.equal(error.code, "safeguard_unavailable");
  });

  test(`${name}: an answer that is blocked is incomplete by content_filter, without its text`, async () => {
    const answer = await whole(at, "poison");
    assert.deepEqual([answer.status, answer.incomplete_details], ["incomplete", { reason: "content_filter" }]);
    assert.equal(answer.output_text, "");
  });

  test(`${name}: a stream that is blocked in the middle ends incomplete by content_filter, with usage and without the word`, async () => {
    const before = "fine words ".repeat(30);
    const events = await streamed(at, `${before}poison and more`);
    const last = events.at(-1);
    assert.equal(last?.type, "response.incomplete");
    if (last?.type !== "response.incomplete") return;
    assert.deepEqual(last.response.incomplete_details, { reason: "content_filter" });
    assert.ok((last.response.usage?.input_tokens ?? 0) > 0);
    const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    assert.ok(text.startsWith("You said: fine words"), text);
    assert.ok(!JSON.stringify(events).includes("poison"));
    const helper = at.client().responses.stream({ model: "small", input: `${before}poison and more` });
    assert.equal((await helper.finalResponse()).status, "incomplete");
  });

  test(`${name}: errors are the client's own classes, with code, and an id to quote`, async () => {
    const unknown = await errorOf(at.client().responses.create({ model: "nobody", input: "x" }));
    assert.deepEqual([unknown.status, unknown.code], [404, "model_unknown"]);
    const stranger = await errorOf(
      at.client("hg_ffffffffffffffffffffffffffffffff").responses.create({ model: "small", input: "x" }),
    );
    assert.ok(stranger instanceof AuthenticationError);
    const field = await errorOf(whole(at, "x", { previous_response_id: "resp_1" }));
    assert.deepEqual([field.status, field.code], [400, "feature_unsupported"]);
    assert.match(field.message, /previous_response_id/);
    assert.match(String(field.requestID), /^rcpt_/);
    const stored = await errorOf(at.client().responses.retrieve("resp_1"));
    assert.deepEqual([stored.status, stored.code], [400, "feature_unsupported"]);
  });
}

test("reasoning, its seal and its two parts come through, and are sent on when they are given back", async () => {
  const answer = await whole(direct, "THINK", {
    reasoning: { effort: "low", summary: "auto" },
    include: ["reasoning.encrypted_content"],
  });
  const [thought, message] = answer.output;
  assert.ok(thought?.type === "reasoning");
  assert.equal(thought.summary[0]?.text, "First thought.\n\nSecond thought.");
  assert.equal(thought.encrypted_content, "gAAAAABsealed_-==");
  assert.equal(answer.usage?.output_tokens_details.reasoning_tokens, 2);
  assert.ok(message?.type === "message");
  await direct.client().responses.create({
    model: "small",
    input: [{ role: "user", content: "THINK" }, thought, message, { role: "user", content: "and now?" }],
  });
  const { body } = mock.records.at(-1) ?? assert.fail("no request");
  assert.deepEqual(body["input"], [
    { role: "user", content: "THINK" },
    {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "First thought.\n\nSecond thought." }],
      encrypted_content: "gAAAAABsealed_-==",
    },
    { role: "assistant", content: "You said: THINK" },
    { role: "user", content: "and now?" },
  ]);
  assert.deepEqual([body["store"], body["model"]], [false, "mock"]);
});

test("the wish to see a summary asks for no reasoning, and an effort does", async () => {
  const answer = await whole(crossed, "x", {
    reasoning: { summary: "auto" },
    include: ["reasoning.encrypted_content"],
  });
  assert.equal(answer.output_text, "You said: x");
  const refused = await errorOf(whole(crossed, "x", { reasoning: { effort: "low" } }));
  assert.equal(refused.code, "feature_unsupported");
  assert.match(refused.message, /`reasoning`/);
});

test("a thought is streamed as a summary, and a word that is blocked in it never leaves", async () => {
  const events = await streamed(direct, "THINK", { reasoning: { effort: "low" } });
  const thought = events
    .map((event) => (event.type === "response.reasoning_summary_text.delta" ? event.delta : ""))
    .join("");
  assert.equal(thought, "First thought.\n\nSecond thought.");
});

test("two calls at once are two items with ids of ours, and their results find their way back", async () => {
  const tools = { tools: [look], parallel_tool_calls: true };
  const events = await streamed(direct, "CALL-TWICE", tools);
  const done = events.flatMap((event) =>
    event.type === "response.output_item.done" && event.item.type === "function_call" ? [event.item] : [],
  );
  assert.deepEqual(
    done.map(({ name, arguments: said, status }) => [name, said, status]),
    [
      ["look", '{"q":"one"}', "completed"],
      ["look", '{"q":"two"}', "completed"],
    ],
  );
  assert.equal(new Set(done.map((call) => call.call_id)).size, 2);
  assert.ok(done.every((call) => call.call_id.startsWith("call_")));
  const results = done.map((call) => ({
    type: "function_call_output" as const,
    call_id: call.call_id,
    output: `result of ${call.arguments}`,
  }));
  const next = await direct.client().responses.create({
    model: "small",
    input: [{ role: "user", content: "CALL-TWICE" }, ...done, ...results],
    ...tools,
  });
  assert.equal(next.output_text, 'You said: result of {"q":"two"}');
});

test("a call after a text comes as a message and a call, whole as streamed", async () => {
  const answer = await whole(direct, "CALL", { tools: [look] });
  assert.deepEqual(
    answer.output.map(({ type }) => type),
    ["message", "function_call"],
  );
  const stream = direct.client().responses.stream({ model: "small", input: "CALL", tools: [look] });
  const final = await stream.finalResponse();
  assert.deepEqual(
    final.output.map(({ type }) => type),
    ["message", "function_call"],
  );
});

test("a call of a chat server is a call here", async () => {
  crossed.mock.set({ fault: "tool-call" });
  const events = await streamed(crossed, "x", { tools: [look] });
  crossed.mock.set({ fault: undefined });
  const item = events.find((event) => event.type === "response.output_item.done");
  assert.ok(item?.type === "response.output_item.done" && item.item.type === "function_call");
  assert.deepEqual([item.item.name, item.item.arguments], ["look", '{"q":"x"}']);
  assert.equal(events.at(-1)?.type, "response.completed");
});

test("a tool that nobody declared is a failure of the server, streamed or whole", async () => {
  assert.equal((await errorOf(whole(direct, "CALL"))).code, "upstream_failed");
  assert.equal((await errorOf(streamed(direct, "CALL"))).code, "upstream_failed");
});

test("a JSON schema reaches the server as it was asked for", async () => {
  const format = { type: "json_schema" as const, name: "shape", schema: { type: "object" }, strict: true };
  await whole(direct, "x", { text: { format } });
  assert.deepEqual(mock.records.at(-1)?.body["text"], { format });
});

test("a picture reaches the server as it was sent", async () => {
  const image = { type: "input_image" as const, image_url: "data:image/png;base64,AAAA", detail: "low" as const };
  await direct.client().responses.create({
    model: "small",
    input: [{ role: "user", content: [{ type: "input_text", text: "What?" }, image] }],
  });
  assert.ok(JSON.stringify(mock.records.at(-1)?.body["input"]).includes("data:image/png;base64,AAAA"));
});

test("a model's own refusal is a refusal part of a completed answer", async () => {
  const answer = await whole(direct, "REFUSE");
  assert.equal(answer.status, "completed");
  const [message] = answer.output;
  assert.ok(message?.type === "message");
  assert.deepEqual(message.content, [{ type: "refusal", refusal: "I will not." }]);
  const events = await streamed(direct, "REFUSE");
  assert.ok(events.some((event) => event.type === "response.refusal.done" && event.refusal === "I will not."));
});

test("the server's own limit and filter end an answer as such, whole as streamed", async () => {
  for (const [order, reason] of [
    ["LIMIT", "max_output_tokens"],
    ["FILTER", "content_filter"],
  ] as const) {
    const answer = await whole(direct, order);
    assert.deepEqual([answer.status, answer.incomplete_details?.reason], ["incomplete", reason]);
    const last = (await streamed(direct, order)).at(-1);
    assert.ok(last?.type === "response.incomplete");
    assert.equal(last.response.incomplete_details?.reason, reason);
  }
});

test("a server that fails or is cut in the middle makes the client throw, and its words are not repeated", async () => {
  for (const order of ["FAIL", "CUT"]) {
    const error = await errorOf(streamed(direct, order));
    assert.equal(error.code, "upstream_failed", order);
    assert.ok(!JSON.stringify(error.error).includes("SECRET"));
    const helper = direct.client().responses.stream({ model: "small", input: order });
    await assert.rejects(helper.finalResponse(), APIError, order);
  }
  assert.equal((await errorOf(whole(direct, "FAIL"))).status, 502);
});

test("what was not asked of a server, such as its own search, is a failure and not passed on", async () => {
  assert.equal((await errorOf(whole(direct, "HOSTED"))).code, "upstream_failed");
  assert.equal((await errorOf(streamed(direct, "HOSTED"))).code, "upstream_failed");
});

test("a caller that leaves a stream is left by the server too", async () => {
  const before = mock.abandoned();
  const stream = await direct.client().responses.create({ model: "small", input: "ENDLESS", stream: true });
  for await (const event of stream) if (event.type === "response.output_text.delta") break;
  await until(() => mock.abandoned() > before);
});

test("what the policy blocks before the model is asked is a 400 with the category, and the model is not asked", async (t) => {
  const strict = await openGatewayWorld({ dialect: "openai-responses", upstreamPort: mock.port });
  t.after(strict.close);
  const before = mock.records.length;
  const error = await errorOf(whole(strict, "poison"));
  assert.deepEqual([error.status, error.code], [400, "policy_blocked"]);
  assert.equal((await errorOf(streamed(strict, "poison"))).status, 400);
  assert.equal(mock.records.length, before);
});

test("past the quota there is a 429 with a time to wait", async (t) => {
  const poor = await openGatewayWorld({
    dialect: "openai-responses",
    upstreamPort: mock.port,
    grant: { requestsPerMinute: 1 },
  });
  t.after(poor.close);
  await whole(poor, "x");
  const error = await errorOf(whole(poor, "x"));
  assert.ok(error instanceof RateLimitError);
  assert.ok(Number(error.headers?.get("retry-after")) > 0);
});

test("a hold in the middle of a stream ends it as a refusal ends", async () => {
  const stream = await direct.client().responses.create({ model: "small", input: "ENDLESS", stream: true });
  const body = {
    hold: idOf.hold("mid-stream"),
    scope: { kind: "model", model: small },
    reason: digestOfLabel("r"),
  } as const;
  let last: ResponseStreamEvent | undefined;
  let isHeld = false;
  for await (const event of stream) {
    last = event;
    if (isHeld || event.type !== "response.output_text.delta") continue;
    isHeld = true;
    await direct.world.say({ verb: "hold", body, by: [bo] });
    await direct.publish();
  }
  assert.ok(last?.type === "response.incomplete");
  assert.equal(last.response.incomplete_details?.reason, "content_filter");
  const error = await errorOf(whole(direct, "x"));
  assert.deepEqual([error.status, error.code], [403, "stage_closed"]);
});
