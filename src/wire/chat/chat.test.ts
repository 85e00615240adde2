// Chat completions both ways: what is admitted arrives with its meaning, what is not is named, and a stream reads the same
// however it is cut.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../../terms/failure.ts";
import { roundaboutsAnywhere } from "../admitting.ts";
import { Name, ReceiptId } from "../../terms/ids.ts";
import type { AnswerEvent } from "../answer.ts";
import type { Call } from "../call.ts";
import type { AnswerContext } from "../format.ts";
import { SseSplitter } from "../sse.ts";
import { chatDialect, chatFormat } from "./chat.ts";
import { chatFields } from "./request.ts";

const user = { role: "user", content: "Hello" };
const ask = { model: "small", messages: [user] };
const parse = (body: object): Call => chatFormat.parseCall(Object.fromEntries(Object.entries(body)));

/** The code and field of the refusal of a body. */
function refusal(body: object): string {
  try {
    parse(body);
  } catch (error) {
    if (error instanceof Failure) return `${error.code} ${String(error.detail["field"] ?? "")}`.trim();
    throw error;
  }
  return "admitted";
}

const full = {
  model: "small",
  messages: [
    { role: "developer", content: "Be brief.", name: "us" },
    {
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url: "data:image/png;base64,aGk=", detail: "low" } },
      ],
    },
    {
      role: "assistant",
      content: null,
      reasoning_content: "Look first.",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: '{"q":"x"}' } }],
    },
    { role: "tool", content: "a boat", tool_call_id: "call_1" },
    { role: "assistant", content: "A boat.", refusal: "No more." },
    user,
  ],
  max_completion_tokens: 7,
  temperature: 0,
  top_p: 0.5,
  presence_penalty: -1,
  frequency_penalty: 1,
  n: 2,
  seed: 0,
  stop: ["END"],
  stream: true,
  stream_options: { include_usage: true },
  tools: [
    {
      type: "function",
      function: { name: "look", description: "Looks.", parameters: { type: "object" }, strict: true },
    },
  ],
  tool_choice: { type: "function", function: { name: "look" } },
  parallel_tool_calls: false,
  response_format: { type: "json_schema", json_schema: { name: "shape", schema: { type: "object" }, strict: false } },
  reasoning_effort: "minimal",
  verbosity: "low",
  user: "someone",
};

test("every field that is admitted arrives at a server of the same dialect with its meaning", () => {
  assert.deepEqual(chatDialect.body(parse(full), "theirs"), { ...full, model: "theirs" });
  assert.equal(chatDialect.lacks(parse(full)), undefined);
  for (const format of [{ type: "text" }, { type: "json_object" }]) {
    assert.deepEqual(chatDialect.body(parse({ ...ask, response_format: format }), "small"), {
      ...ask,
      response_format: format,
    });
  }
  for (const choice of ["none", "auto", "required"]) {
    assert.deepEqual(chatDialect.body(parse({ ...ask, tool_choice: choice }), "small"), {
      ...ask,
      tool_choice: choice,
    });
  }
  assert.deepEqual(
    Object.keys(full).toSorted(),
    chatFields.admitted.filter((field) => field !== "max_tokens" && field !== "safety_identifier").toSorted(),
  );
  assert.deepEqual(chatDialect.body(parse({ ...ask, safety_identifier: "someone" }), "small"), {
    ...ask,
    user: "someone",
  });
  assert.equal(refusal({ ...ask, safety_identifier: "a", user: "b" }), "request_invalid user");
});

test("what clients send to say that a feature is not used is no reason to refuse, and is not sent on", () => {
  const off = {
    service_tier: "auto",
    modalities: ["text"],
    metadata: {},
    logprobs: false,
    top_logprobs: 0,
    store: false,
    prediction: null,
    stream_options: { include_obfuscation: true },
  };
  assert.deepEqual(chatDialect.body(parse({ ...ask, ...off }), "small"), ask);
  for (const used of [{ service_tier: "flex" }, { modalities: ["text", "audio"] }, { metadata: { a: "b" } }]) {
    assert.equal(refusal({ ...ask, ...used }), `feature_unsupported ${Object.keys(used)[0] ?? ""}`);
  }
});

test("what is written in several ways arrives in one: text parts, one stop text, empty slots of official clients", () => {
  const echoed = { role: "assistant", content: "Hi", refusal: null, annotations: [], audio: null, function_call: null };
  const two = [
    { type: "text", text: "one" },
    { type: "text", text: "two" },
  ];
  const body = { ...ask, stop: "END", n: 1, seed: null, store: false, logprobs: null, max_tokens: 3 };
  assert.deepEqual(
    chatDialect.body(parse({ ...body, messages: [user, echoed, { role: "user", content: two }] }), "small"),
    {
      model: "small",
      messages: [user, { role: "assistant", content: "Hi" }, { role: "user", content: "one\ntwo" }],
      stop: ["END"],
      max_tokens: 3,
    },
  );
});

test("the document's words come first, then instructions, and a tool that failed says so", () => {
  const call: Call = { ...parse(ask), preamble: "Ours.", instructions: "Theirs." };
  const failed: Call["turns"][number] = {
    role: "tool",
    parts: [{ kind: "tool-result", id: "c", parts: [{ kind: "text", text: "no such file" }], isError: true }],
  };
  assert.deepEqual(chatDialect.body({ ...call, turns: [...call.turns, failed] }, "small"), {
    model: "small",
    messages: [
      { role: "system", content: "Ours." },
      { role: "system", content: "Theirs." },
      user,
      { role: "tool", content: "Error: no such file", tool_call_id: "c" },
    ],
  });
});

test("what this format has no words for is named and not dropped", () => {
  const call = parse(ask);
  assert.equal(chatDialect.lacks({ ...call, sampling: { topK: 3 } }), "topK");
  assert.equal(chatDialect.lacks({ ...call, reasoning: { tokensMax: 100 } }), "reasoning");
  assert.equal(chatDialect.lacks({ ...call, reasoning: { effort: "low", summary: "detailed" } }), "reasoning");
  assert.equal(chatDialect.lacks({ ...call, reasoning: { effort: "low", summary: "auto" } }), undefined);
  const sealed = { role: "assistant", parts: [{ kind: "reasoning", text: "x", seal: "AAAA" }] } as const;
  assert.equal(chatDialect.lacks({ ...call, turns: [sealed, ...call.turns] }), "reasoning");
});

test("fields nobody knows are refused by name, in any spelling", () => {
  for (const field of ["Temperature", "MODEL", "safe_mode", "constructor", "toString", "max_output_tokens"]) {
    assert.equal(refusal({ ...ask, [field]: 1 }), `request_invalid ${field}`);
  }
  assert.throws(() => parse({ ...ask, nope: 1 }), /Admitted fields: model, messages/);
  assert.equal(refusal({ ...ask, ["nope\nnope"]: 1 }), "request_invalid (unprintable)");
});

test("fields that go round the safeguards are features that are not served", () => {
  for (const field of [
    "store",
    "background",
    "previous_response_id",
    "logprobs",
    "models",
    "provider",
    "functions",
    "logit_bias",
    "guided_json",
    "chat_template",
    ...Object.keys(roundaboutsAnywhere),
  ]) {
    assert.equal(refusal({ ...ask, [field]: true }), `feature_unsupported ${field}`);
    assert.equal(refusal({ ...ask, [field]: null }), "admitted");
  }
});

test("pictures at an address, other parts, and values of another kind are refused by their place", () => {
  const withPart = (part: object): object => ({ ...ask, messages: [{ role: "user", content: [part] }] });
  const picture = (url: string): object => withPart({ type: "image_url", image_url: { url } });
  const place = "messages.0.content.0";
  for (const url of ["https://a.test/x.png", "file_1", "data:,", "data:text/html;base64,aGk=", "data:image/png,x"]) {
    assert.equal(refusal(picture(url)), `feature_unsupported ${place}`, url);
  }
  assert.equal(refusal(picture("data:image/png;base64,not base64")), `request_invalid ${place}`);
  for (const type of ["input_audio", "file", "video_url"]) {
    assert.match(refusal(withPart({ type })), /^feature_unsupported messages\.0/);
  }
  for (const [field, value] of [
    ["temperature", "1"],
    ["temperature", Number.NaN],
    ["n", 1.5],
    ["n", 0],
    ["seed", 1.5],
    ["seed", 2 ** 60],
    ["stop", ["a", "b", "c", "d", "e"]],
    ["stream", "yes"],
    ["reasoning_effort", "extreme"],
    ["messages", []],
  ] as const) {
    assert.equal(refusal({ ...ask, [field]: value }), `request_invalid ${field}`, field);
  }
  assert.equal(refusal({ ...ask, max_tokens: 1, max_completion_tokens: 1 }), "request_invalid max_tokens");
  for (const message of [
    { role: "user" },
    { role: "user", content: [] },
    { role: "user", content: "x", cache_control: {} },
    { role: "assistant", content: "x", prefix: true },
    { role: "function", content: "x" },
    { role: "tool", content: "x", tool_call_id: "ignore all rules" },
    "x",
  ]) {
    assert.match(refusal({ ...ask, messages: [message, user] }), /^request_invalid messages\.0/);
  }
});

test("whatever is sent in, nothing but admitted fields comes out", () => {
  const keys = fc.constantFrom(...chatFields.admitted, "store", "x", "Model", "__proto__");
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), (extra) => {
      try {
        const body = chatDialect.body(parse({ ...ask, ...extra, model: "small" }), "small");
        for (const field of Object.keys(body)) assert.ok(chatFields.admitted.includes(field));
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { seed: 3, numRuns: 2_000 },
  );
});

// Answers.

const context: AnswerContext = {
  id: ReceiptId.parse(`rcpt_${"0".repeat(24)}`),
  model: Name.parse("small"),
  created: 1,
  promptChars: 0,
  call: parse({ ...ask, n: 2, stream: true, stream_options: { include_usage: true } }),
};

const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
  `data: ${JSON.stringify({ id: "x", choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`;
const call = (index: number, fields: object): object => ({ tool_calls: [{ index, ...fields }] });

/** Like what servers send: an empty first frame, reasoning, text, two calls whose pieces alternate, usage, the end. */
const recorded = [
  'data: {"id":"x","choices":[],"prompt_filter_results":[]}\n\n',
  chunk({ role: "assistant", content: "" }),
  chunk({ reasoning_content: "Hm, 👋🏽" }),
  chunk({ content: "Grü" }),
  ": keep-alive\n\n",
  chunk({ content: "ße", hidden: "x" }),
  chunk(call(0, { id: "a", type: "function", function: { name: "look", arguments: "" } })),
  chunk(call(0, { function: { arguments: '{"q":' } })),
  chunk(call(1, { id: "b", type: "function", function: { name: "wait", arguments: "{}" } })),
  chunk(call(0, { id: "a", function: { name: "look", arguments: "1}" } })),
  chunk({}, "tool_calls", { usage: null }),
  'data: {"id":"x","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":2,"cache_write_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}}}\n\n',
  "data: [DONE]\n\n",
].join("");

function read(bytes: Uint8Array, cuts: readonly number[]): AnswerEvent[] {
  const splitter = new SseSplitter({ lineBytesMax: 10_000, eventBytesMax: 10_000 });
  const reader = chatDialect.reader(context.call);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const events = at.slice(1).flatMap((end, index) => [...splitter.push(bytes.subarray(at[index], end))]);
  const answer = [...events, ...splitter.end()].flatMap((event) => [...reader.take(event)]);
  return reader.isDone() ? answer : [...answer, ...reader.end()];
}

const eventsOf = (text: string): AnswerEvent[] => read(Buffer.from(text), []).filter(({ kind }) => kind !== "ping");

const place = (block: number): { choice: number; block: number } => ({ choice: 0, block });
const wanted: AnswerEvent[] = [
  { ...place(0), kind: "open", as: "reasoning" },
  { ...place(0), kind: "text", text: "Hm, 👋🏽" },
  { ...place(0), kind: "close" },
  { ...place(1), kind: "open", as: "text" },
  { ...place(1), kind: "text", text: "Grü" },
  { ...place(1), kind: "text", text: "ße" },
  { ...place(1), kind: "close" },
  { ...place(2), kind: "open", as: "tool", id: "a", name: "look" },
  { ...place(2), kind: "text", text: '{"q":' },
  { ...place(3), kind: "open", as: "tool", id: "b", name: "wait" },
  { ...place(3), kind: "text", text: "{}" },
  { ...place(2), kind: "text", text: "1}" },
  { ...place(2), kind: "close" },
  { ...place(3), kind: "close" },
  { kind: "finish", choice: 0, ending: { finish: "tool" } },
  { kind: "usage", usage: { input: 9, output: 4, cachedInput: 2, cacheWritten: 3, reasoning: 1 } },
];

test("a stream is read into blocks, and pieces of two calls are kept apart", () => {
  assert.deepEqual(eventsOf(recorded), wanted);
});

test("reasoning is read under either of its names, and once where a server says it under both", () => {
  const renamed = recorded.replace('"reasoning_content":', '"reasoning":');
  assert.notEqual(renamed, recorded);
  assert.deepEqual(eventsOf(renamed), wanted);
  const twice = recorded.replace('"reasoning_content":', '"reasoning":"Hm, 👋🏽","reasoning_content":');
  assert.deepEqual(eventsOf(twice), wanted);
  const message = { role: "assistant", content: "Hi", reasoning: "Hm" };
  const whole = JSON.stringify({ choices: [{ index: 0, message, finish_reason: "stop" }] });
  assert.deepEqual(chatDialect.readWhole(whole, context.call).choices[0]?.blocks, [
    { kind: "reasoning", text: "Hm" },
    { kind: "text", text: "Hi" },
  ]);
});

test("the events are the same however the bytes are cut", () => {
  const bytes = Buffer.from(recorded);
  const whole = read(bytes, []);
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { maxLength: 40 }), (cuts) => {
      assert.deepEqual(read(bytes, cuts), whole);
    }),
    { seed: 5, numRuns: 500 },
  );
});

test("what the writer writes, the reader reads as the same events", () => {
  const other: AnswerEvent[] = [
    { choice: 1, block: 0, kind: "open", as: "refusal" },
    { choice: 1, block: 0, kind: "text", text: "No." },
    { choice: 1, block: 0, kind: "close" },
    { kind: "finish", choice: 1, ending: { finish: "refusal" } },
  ];
  const usage = { input: 9, output: 4, cachedInput: 2, cacheWritten: 3, reasoning: 1 };
  const events = [...wanted.slice(0, -1), ...other, { kind: "usage", usage } as const];
  const writer = chatFormat.stream(context);
  const text = events.map((event) => writer.write(event)).join("") + writer.end(usage, "hgr1.x");
  assert.deepEqual(eventsOf(text), events);
  assert.match(
    text,
    /: x-headgate-receipt hgr1\.x\n\ndata: \{[^\n]*"choices":\[\],"usage"[^\n]*\n\ndata: \[DONE\]\n\n$/,
  );
});

test("a refusal midway ends each choice that has not ended, and an error looks like no end", () => {
  const writer = chatFormat.stream(context);
  writer.write({ kind: "open", choice: 0, block: 0, as: "text" });
  writer.write({ kind: "finish", choice: 0, ending: { finish: "stop" } });
  const refused = writer.refuse("cyber");
  assert.equal([...refused.matchAll(/"finish_reason":"content_filter"/g)].length, 1);
  assert.match(refused, /"index":1/);
  const said = {
    message: "m",
    type: "t",
    code: "upstream_failed",
    reason: null,
    field: null,
    status: 502,
    id: context.id,
  };
  assert.match(writer.fail({ ...said, contact: "c" }), /^data: \{"error":\{"message":"m"/);
});

function outcome(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return `${error.code} ${String(error.detail["why"])}`;
    throw error;
  }
  return "whole";
}

test("streams out of order, with unknown endings or changed calls are failures, and early ends are cuts", () => {
  const start = chunk({ content: "a" });
  const named = chunk(call(0, { id: "a", function: { name: "look", arguments: "" } }));
  const stop = chunk({}, "stop");
  for (const [text, ended] of [
    [start + stop, "whole"],
    [`${start}${stop}${stop}data: [DONE]\n\n`, "whole"],
    [start + chunk({}, "eos"), "whole"],
    [start, "upstream_failed cut"],
    ["", "upstream_failed cut"],
    [`${start}data: [DONE]\n\n`, "upstream_failed cut"],
    [start + chunk({}, "insufficient_resources"), "upstream_failed garbage"],
    [start + stop + chunk({}, "length"), "upstream_failed garbage"],
    [start + stop + start, "upstream_failed garbage"],
    [named + chunk(call(0, { id: "b" })), "upstream_failed garbage"],
    [named + chunk(call(0, { function: { name: "other" } })), "upstream_failed garbage"],
    [chunk(call(0, { function: { arguments: "{}" } })), "upstream_failed garbage"],
    [chunk(call(0, { id: "a" })) + stop, "upstream_failed garbage"],
    ['data: {"choices":[{"index":2,"delta":{"content":"a"}}]}\n\n', "upstream_failed garbage"],
    ["data: {broken\n\n", "upstream_failed garbage"],
    [`${start}data: {"error":{"message":"x"}}\n\n`, "upstream_failed error_frame"],
    [`${start}event: error\ndata: {}\n\n`, "upstream_failed error_frame"],
  ] as const) {
    assert.equal(
      outcome(() => eventsOf(text)),
      ended,
      text,
    );
  }
});

test("a whole answer goes in and comes out with its texts, calls, usage and ending", () => {
  const message = {
    role: "assistant",
    content: "Grüße",
    refusal: null,
    reasoning_content: "Hm",
    tool_calls: [{ id: "a", type: "function", function: { name: "look", arguments: "{}" } }],
  };
  const usage = {
    prompt_tokens: 9,
    completion_tokens: 4,
    total_tokens: 13,
    prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 3 },
    completion_tokens_details: { reasoning_tokens: 1 },
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: "tool_calls" };
  const text = JSON.stringify({ id: "theirs", choices: [choice], usage, hidden: "x" });
  const answer = chatDialect.readWhole(text, context.call);
  assert.ok(answer.usage !== undefined);
  assert.deepEqual(chatFormat.whole({ ...answer, usage: answer.usage }, context), {
    id: `chatcmpl-${context.id}`,
    object: "chat.completion",
    created: 1,
    model: "small",
    choices: [choice],
    usage,
  });
  const readBody = (body: object): string => outcome(() => chatDialect.readWhole(JSON.stringify(body), context.call));
  assert.equal(readBody({ choices: [choice, choice] }), "upstream_failed garbage");
  assert.equal(readBody({ choices: [{ ...choice, index: 2 }] }), "upstream_failed garbage");
  assert.equal(readBody({ choices: [{ ...choice, finish_reason: "weird" }] }), "upstream_failed garbage");
  assert.equal(readBody({ choices: [] }), "upstream_failed garbage");
  assert.equal(readBody({ error: {} }), "upstream_failed error_frame");
});

function withImage(data: string): object {
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } };
  return { ...ask, messages: [{ role: "user", content: [image] }] };
}

test("a picture of twelve megabytes is read, and one character that is no base64 is found in it", () => {
  const data = "AAAA".repeat(3_000_000);
  assert.equal(parse(withImage(data)).turns[0]?.parts[0]?.kind, "image");
  for (const broken of [`${data}A`, `${data}A===`, `${data.slice(0, -1)}!`, `=${data.slice(1)}`]) {
    assert.equal(refusal(withImage(broken)), "request_invalid messages.0.content.0");
  }
});
