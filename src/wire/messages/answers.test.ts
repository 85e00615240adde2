// Answers in Anthropic's format, read from a server and written for a caller. The streams are of our own making, after the
// API reference, in the shapes that real servers send.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../../terms/failure.ts";
import { Name, ReceiptId } from "../../terms/ids.ts";
import type { AnswerEvent, WholeAnswer } from "../answer.ts";
import type { Call } from "../call.ts";
import type { AnswerContext } from "../format.ts";
import { SseSplitter } from "../sse.ts";
import { messagesDialect, messagesFormat } from "./messages.ts";

const call: Call = {
  model: Name.parse("small"),
  preamble: "",
  instructions: "",
  turns: [{ role: "user", parts: [{ kind: "text", text: "Hello, you there" }] }],
  tools: [{ name: "weather" }],
  sampling: {},
  choices: 1,
  stop: ["END"],
  stream: true,
  isUsageAsked: true,
};
const id = ReceiptId.parse(`rcpt_${"a1".repeat(12)}`);
const context: AnswerContext = { id, model: call.model, created: 0, call, promptChars: 37 };

type Frame = Readonly<Record<string, unknown>> & { readonly type: string };

const message = { id: "msg_x", type: "message", role: "assistant", model: "m", content: [], stop_reason: null };
const start = (usage: object = { input_tokens: 25, output_tokens: 1 }, content: readonly object[] = []): Frame => ({
  type: "message_start",
  message: { ...message, content, usage },
});
const open = (index: number, content_block: object): Frame => ({ type: "content_block_start", index, content_block });
const delta = (index: number, change: object): Frame => ({ type: "content_block_delta", index, delta: change });
const text = (index: number, value: string): Frame => delta(index, { type: "text_delta", text: value });
const json = (index: number, value: string): Frame => delta(index, { type: "input_json_delta", partial_json: value });
const close = (index: number): Frame => ({ type: "content_block_stop", index });
const ending = (stop_reason: string | null, usage: object = { output_tokens: 15 }, more: object = {}): Frame => ({
  type: "message_delta",
  delta: { stop_reason, stop_sequence: null, ...more },
  usage,
});
const stop: Frame = { type: "message_stop" };
const ping: Frame = { type: "ping" };
const textBlock = { type: "text", text: "" };
const weather = { type: "tool_use", id: "toolu_1", name: "weather", input: {} };

const bytesOf = (frames: readonly Frame[]): Buffer =>
  Buffer.from(frames.map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`).join(""));

function read(bytes: Uint8Array, cuts: readonly number[] = []): AnswerEvent[] {
  const splitter = new SseSplitter({ lineBytesMax: 100_000, eventBytesMax: 100_000 });
  const reader = messagesDialect.reader(call);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const events = at.slice(1).flatMap((end, index) => [...splitter.push(bytes.subarray(at[index], end))]);
  const answer = [...events, ...splitter.end()].flatMap((event) => [...reader.take(event)]);
  return [...answer, ...reader.end()];
}

function whyOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure && error.code === "upstream_failed") return error.detail["why"];
    throw error;
  }
  return "nothing";
}

const parallel: readonly Frame[] = [
  start({ input_tokens: 20, cache_creation_input_tokens: 2, cache_read_input_tokens: 3, output_tokens: 1 }),
  open(0, { type: "thinking", thinking: "", signature: "" }),
  ping,
  delta(0, { type: "thinking_delta", thinking: "The weather, " }),
  delta(0, { type: "thinking_delta", thinking: "grüezi 👋🏽." }),
  delta(0, { type: "signature_delta", signature: "c2lnbmVk" }),
  close(0),
  open(1, { type: "redacted_thinking", data: "ZGF0YQ==" }),
  close(1),
  open(2, { ...textBlock, citations: null }),
  text(2, "I look "),
  text(2, "it up."),
  close(2),
  open(3, weather),
  json(3, ""),
  json(3, '{"town":'),
  json(3, ' "Zürich"}'),
  close(3),
  open(4, { ...weather, id: "toolu_2", caller: { type: "direct" } }),
  close(4),
  ending("tool_use", { input_tokens: 20, output_tokens: 15, output_tokens_details: { thinking_tokens: 7 } }),
  stop,
];

const place = (block: number): { readonly choice: 0; readonly block: number } => ({ choice: 0, block });

test("a stream with thinking, sealed thinking, text and parallel tools is read block by block", () => {
  assert.deepEqual(read(bytesOf(parallel)), [
    { kind: "usage", usage: { input: 25, output: 1, cachedInput: 3, cacheWritten: 2 } },
    { kind: "open", ...place(0), as: "reasoning" },
    { kind: "ping" },
    { kind: "text", ...place(0), text: "The weather, " },
    { kind: "text", ...place(0), text: "grüezi 👋🏽." },
    { kind: "seal", ...place(0), seal: "c2lnbmVk" },
    { kind: "close", ...place(0) },
    { kind: "open", ...place(1), as: "sealed", data: "ZGF0YQ==" },
    { kind: "close", ...place(1) },
    { kind: "open", ...place(2), as: "text" },
    { kind: "text", ...place(2), text: "I look " },
    { kind: "text", ...place(2), text: "it up." },
    { kind: "close", ...place(2) },
    { kind: "open", ...place(3), as: "tool", id: "toolu_1", name: "weather" },
    { kind: "text", ...place(3), text: '{"town":' },
    { kind: "text", ...place(3), text: ' "Zürich"}' },
    { kind: "close", ...place(3) },
    { kind: "open", ...place(4), as: "tool", id: "toolu_2", name: "weather" },
    { kind: "text", ...place(4), text: "{}" },
    { kind: "close", ...place(4) },
    { kind: "usage", usage: { input: 25, output: 15, cachedInput: 3, cacheWritten: 2, reasoning: 7 } },
    { kind: "finish", choice: 0, ending: { finish: "tool" } },
  ]);
});

test("a stream gives the same events however its bytes are cut", () => {
  const bytes = bytesOf(parallel);
  const whole = read(bytes);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
      assert.deepEqual(read(bytes, cuts), whole);
    }),
    { seed: 3, numRuns: 1_000 },
  );
});

const endOf = (reason: string, more: object = {}): AnswerEvent | undefined =>
  read(bytesOf([start(), ending(reason, {}, more), stop])).at(-1);
const finishOf = (value: object): object => ({ kind: "finish", choice: 0, ending: value });

test("each stop reason has its own ending, and one that is not known is no ending", () => {
  assert.deepEqual(endOf("end_turn"), finishOf({ finish: "stop" }));
  assert.deepEqual(endOf("stop_sequence", { stop_sequence: "END" }), finishOf({ finish: "stop", stopText: "END" }));
  assert.deepEqual(endOf("stop_sequence", { stop_sequence: "words of the server" }), finishOf({ finish: "stop" }));
  assert.deepEqual(endOf("max_tokens"), finishOf({ finish: "length" }));
  assert.deepEqual(endOf("tool_use"), finishOf({ finish: "tool" }));
  assert.deepEqual(endOf("refusal", { stop_details: { explanation: "words" } }), finishOf({ finish: "refusal" }));
  assert.deepEqual(endOf("pause_turn"), finishOf({ finish: "pause" }));
  assert.deepEqual(endOf("model_context_window_exceeded"), finishOf({ finish: "context" }));
  for (const reason of ["compaction", "eos", "", "constructor"])
    assert.equal(
      whyOf(() => endOf(reason)),
      "garbage",
    );
});

test("what servers really send beside the letter is read: no event names, fields nobody knows, a marker after the end", () => {
  const frames = [start({ input_tokens: 2, output_tokens: 0, odd: {} }), open(0, textBlock), text(0, "a"), close(0)];
  const odd = [...frames, { ...ending("end_turn"), odd: 1 }, stop].map((frame) => `data: ${JSON.stringify(frame)}\n\n`);
  const events = read(Buffer.from(`: hello\n\n${odd.join("")}data: [DONE]\n\n`));
  assert.deepEqual(events.slice(-2), [
    { kind: "usage", usage: { input: 2, output: 15 } },
    { kind: "finish", choice: 0, ending: { finish: "stop" } },
  ]);
  // A block whose start already holds something, and a refusal that leaves its block open.
  const prefilled = [start(), open(0, { ...weather, input: { town: "Bern" } }), ending("refusal"), stop];
  assert.deepEqual(read(bytesOf(prefilled)).slice(1), [
    { kind: "open", choice: 0, block: 0, as: "tool", id: "toolu_1", name: "weather" },
    { kind: "text", choice: 0, block: 0, text: '{"town":"Bern"}' },
    { kind: "usage", usage: { input: 25, output: 15 } },
    { kind: "close", choice: 0, block: 0 },
    { kind: "finish", choice: 0, ending: { finish: "refusal" } },
  ]);
});

test("a message that starts twice is one, and a limit met inside a block closes it", () => {
  const events = read(bytesOf([start(), start(), open(0, weather), json(0, '{"to'), ending("max_tokens"), stop]));
  assert.deepEqual(events.slice(2), [
    { kind: "open", choice: 0, block: 0, as: "tool", id: "toolu_1", name: "weather" },
    { kind: "text", choice: 0, block: 0, text: '{"to' },
    { kind: "usage", usage: { input: 25, output: 15 } },
    { kind: "close", choice: 0, block: 0 },
    { kind: "finish", choice: 0, ending: { finish: "length" } },
  ]);
});

test("a stream that is out of order, or carries what nobody here reads, is a failure", () => {
  const begun = [start(), open(0, textBlock)];
  const streams: readonly (readonly Frame[])[] = [
    [text(0, "a")],
    [open(0, textBlock)],
    [start(), { ...start(), message: { ...message, id: "msg_y" } }],
    [...begun, start()],
    [start({}, [textBlock])],
    [start(), text(0, "a")],
    [start(), stop],
    [...begun, open(1, textBlock)],
    [...begun, text(1, "a")],
    [...begun, close(1)],
    [...begun, json(0, "{")],
    [...begun, delta(0, { type: "thinking_delta", thinking: "a" })],
    [...begun, delta(0, { type: "citations_delta", citation: {} })],
    [...begun, delta(0, { type: "text_delta" })],
    [...begun, ending("end_turn")],
    [...begun, close(0), open(0, textBlock)],
    [...begun, close(0), ending("end_turn"), open(1, textBlock)],
    [...begun, close(0), ending("end_turn"), ending("tool_use")],
    [...begun, { type: "gateway_notice" }],
    [start(), open(0, { type: "server_tool_use", id: "s", name: "web_search", input: {} })],
    [start(), open(0, { type: "compaction", content: "words" })],
    [start(), open(0, { type: "redacted_thinking", data: "words that are no ciphertext" })],
    [start(), open(0, { ...weather, input: { a: 1 } }), json(0, "{}")],
    [start(), open(0, { ...weather, name: "w".repeat(300) })],
  ];
  for (const frames of streams)
    assert.equal(
      whyOf(() => read(bytesOf(frames))),
      "garbage",
      JSON.stringify(frames),
    );
  assert.equal(
    whyOf(() => read(Buffer.from("data: words\n\n"))),
    "garbage",
  );
  assert.equal(
    whyOf(() => read(Buffer.from('event: ping\ndata: {"type":"message_stop"}\n\n'))),
    "garbage",
  );
});

test("a stream that ends early at any frame is cut, and one that reports an error has failed", () => {
  for (let frames = 0; frames < parallel.length; frames += 1) {
    assert.equal(
      whyOf(() => read(bytesOf(parallel.slice(0, frames)))),
      "cut",
    );
    const failing = [
      ...parallel.slice(0, frames),
      { type: "error", error: { type: "overloaded_error", message: "x" } },
    ];
    assert.equal(
      whyOf(() => read(bytesOf(failing))),
      "error_frame",
    );
  }
});

test("an answer begins with its first block or its ending, not with a ping", () => {
  const reader = messagesDialect.reader(call);
  const take = (frame: Frame): unknown => reader.take({ event: frame.type, data: JSON.stringify(frame) });
  take(start());
  take(ping);
  assert.equal(reader.hasBegun(), false);
  take(open(0, textBlock));
  assert.equal(reader.hasBegun(), true);
  take(close(0));
  take(ending("end_turn"));
  assert.equal(reader.isDone(), false);
  take(stop);
  assert.equal(reader.isDone(), true);
});

/** Adjoining texts of a block as one, counts and pings left out, ids as this format spells them. */
function settled(events: readonly AnswerEvent[]): AnswerEvent[] {
  const kept: AnswerEvent[] = [];
  for (const event of events) {
    const before = kept.at(-1);
    if (event.kind === "usage" || event.kind === "ping") continue;
    if (event.kind === "text" && before?.kind === "text" && before.block === event.block) {
      kept[kept.length - 1] = { ...event, text: before.text + event.text };
    } else kept.push(event);
  }
  return kept;
}

const usage = { input: 25, output: 15, cachedInput: 3, cacheWritten: 2, reasoning: 7 };

const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const anyTexts = fc.array(anyText, { minLength: 1, maxLength: 3 });
const anyBlock = fc.oneof(
  fc.record({ as: fc.constant("text" as const), texts: anyTexts }),
  fc.record({
    as: fc.constant("reasoning" as const),
    texts: anyTexts,
    seal: fc.base64String({ minLength: 4, maxLength: 16 }),
  }),
  fc.record({
    as: fc.constant("tool" as const),
    name: fc.constantFrom("weather", "time"),
    value: fc.dictionary(anyText, anyText),
  }),
  fc.record({ as: fc.constant("sealed" as const), data: fc.base64String({ minLength: 4, maxLength: 16 }) }),
);
type AnyBlock = typeof anyBlock extends fc.Arbitrary<infer B> ? B : never;

function eventsOf(block: AnyBlock, at: number): AnswerEvent[] {
  const here = { choice: 0, block: at };
  const texts = (values: readonly string[]): AnswerEvent[] =>
    values.map((value) => ({ kind: "text", ...here, text: value }));
  const end: AnswerEvent = { kind: "close", ...here };
  switch (block.as) {
    case "text":
      return [{ kind: "open", ...here, as: "text" }, ...texts(block.texts), end];
    case "reasoning":
      return [
        { kind: "open", ...here, as: "reasoning" },
        ...texts(block.texts),
        { kind: "seal", ...here, seal: block.seal },
        end,
      ];
    case "tool":
      return [
        { kind: "open", ...here, as: "tool", id: `toolu_${at}`, name: block.name },
        ...texts([JSON.stringify(block.value)]),
        end,
      ];
    case "sealed":
      return [{ kind: "open", ...here, as: "sealed", data: block.data }, end];
  }
}

function written(events: readonly AnswerEvent[]): string {
  const writer = messagesFormat.stream(context);
  return events.map((event) => writer.write(event)).join("") + writer.end(usage, "r");
}

test("what is written as a stream is read back as the same events", () => {
  const anyEnding = fc.constantFrom<AnswerEvent>(
    { kind: "finish", choice: 0, ending: { finish: "length" } },
    { kind: "finish", choice: 0, ending: { finish: "tool" } },
    { kind: "finish", choice: 0, ending: { finish: "stop", stopText: "END" } },
  );
  fc.assert(
    fc.property(fc.array(anyBlock, { maxLength: 5 }), anyEnding, (blocks, finish) => {
      const events = [...blocks.flatMap(eventsOf), finish];
      // A demanded tool that ends in `stop` is told as a tool call.
      const isDemanded =
        finish.kind === "finish" && finish.ending.finish === "stop" && blocks.some(({ as }) => as === "tool");
      const wanted: AnswerEvent = isDemanded ? { kind: "finish", choice: 0, ending: { finish: "tool" } } : finish;
      const back = read(Buffer.from(written(events)));
      assert.deepEqual(settled(back), settled([...events.slice(0, -1), wanted]));
      assert.deepEqual(
        back.findLast(({ kind }) => kind === "usage"),
        { kind: "usage", usage },
      );
    }),
    { seed: 13, numRuns: 1_000 },
  );
});

test("blocks that grow side by side are written one after another, in the order they were opened", () => {
  fc.assert(
    fc.property(fc.array(anyBlock, { minLength: 2, maxLength: 4 }), fc.infiniteStream(fc.nat()), (blocks, picks) => {
      const queues = blocks.map(eventsOf);
      const wanted = settled(queues.flat());
      // Openings come in order; everything else in any order between blocks.
      const mixed = queues.flatMap((queue) => queue.splice(0, 1));
      for (const pick of picks) {
        const left = queues.filter((queue) => queue.length > 0);
        if (left.length === 0) break;
        mixed.push(...(left[pick % left.length]?.splice(0, 1) ?? []));
      }
      const last: AnswerEvent = { kind: "finish", choice: 0, ending: { finish: "length" } };
      assert.deepEqual(settled(read(Buffer.from(written([...mixed, last])))), [...wanted, last]);
    }),
    { seed: 17, numRuns: 1_000 },
  );
});

const framesOf = (stream: string): Frame[] =>
  stream
    .split("\n\n")
    .filter((event) => event.startsWith("event: "))
    .map((event) => {
      const [name = "", data = ""] = event.split("\n");
      const frame: unknown = JSON.parse(data.slice("data: ".length));
      assert.ok(typeof frame === "object" && frame !== null && "type" in frame && typeof frame.type === "string");
      assert.equal(name, `event: ${frame.type}`);
      return { ...frame, type: frame.type };
    });

test("a stream starts with what is counted by then, and ends with totals, receipt and stop", () => {
  const writer = messagesFormat.stream(context);
  assert.equal(writer.heartbeat(), ": waiting\n\n");
  assert.equal(writer.write({ kind: "open", choice: 0, block: 0, as: "text" }), "");
  const [first, second, third] = framesOf(writer.write({ kind: "text", choice: 0, block: 0, text: "Hi" }));
  assert.deepEqual(first, {
    type: "message_start",
    message: {
      id: `msg_${"a1".repeat(12)}`,
      type: "message",
      role: "assistant",
      model: "small",
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage: {
        // An estimate from 37 characters of prompt, tool and stop text: nothing was counted yet.
        input_tokens: 10,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 0,
        output_tokens_details: null,
        server_tool_use: null,
        cache_creation: null,
        inference_geo: null,
        service_tier: null,
        speed: null,
      },
    },
  });
  assert.deepEqual([second, third], [open(0, { ...textBlock, citations: null }), text(0, "Hi")]);
  assert.deepEqual(framesOf(writer.heartbeat()), [ping]);
  assert.deepEqual(framesOf(writer.write({ kind: "finish", choice: 0, ending: { finish: "stop" } })), [close(0)]);
  const end = writer.end(usage, "the-receipt");
  assert.match(end, /^: x-headgate-receipt the-receipt\n\nevent: message_delta\n/);
  assert.deepEqual(framesOf(end), [
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null, stop_details: null, container: null },
      usage: {
        input_tokens: 20,
        cache_creation_input_tokens: 2,
        cache_read_input_tokens: 3,
        output_tokens: 15,
        output_tokens_details: { thinking_tokens: 7 },
        server_tool_use: null,
      },
    },
    stop,
  ]);
});

test("counts that come first are in the start of the stream", () => {
  const writer = messagesFormat.stream(context);
  const [first] = framesOf(writer.write({ kind: "usage", usage: { input: 40, output: 1 } }));
  assert.match(JSON.stringify(first), /"input_tokens":40,.*"output_tokens":1,/);
});

const refusalDetails = (category: string, ours: string): object => ({
  type: "refusal",
  category,
  explanation: `The usage policy of this server does not allow this (${ours}). If that is wrong, quote ${id} to your contact.`,
});

test("a stream that is refused mid-way closes its block, writes what was cleared, and ends as a refusal", () => {
  const writer = messagesFormat.stream(context);
  writer.write({ kind: "open", choice: 0, block: 0, as: "text" });
  writer.write({ kind: "text", choice: 0, block: 0, text: "Hi" });
  writer.write({ kind: "open", choice: 0, block: 1, as: "tool", id: "call_9", name: "weather" });
  writer.write({ kind: "text", choice: 0, block: 1, text: "{" });
  assert.deepEqual(framesOf(writer.refuse("cyber")), [
    close(0),
    open(1, { ...weather, id: "toolu_9", caller: { type: "direct" } }),
    json(1, "{"),
    close(1),
  ]);
  const [last] = framesOf(writer.end(usage, "r"));
  assert.deepEqual(last?.["delta"], {
    stop_reason: "refusal",
    stop_sequence: null,
    stop_details: refusalDetails("cyber", "cyber"),
    container: null,
  });
});

test("a refusal before anything was written is a whole message without content", () => {
  const writer = messagesFormat.stream(context);
  const frames = framesOf(writer.refuse("weapons") + writer.end({ input: 3, output: 0 }, "r"));
  assert.deepEqual(
    frames.map(({ type }) => type),
    ["message_start", "message_delta", "message_stop"],
  );
  const refused = { index: 0, blocks: [], ending: { finish: "refusal", category: "weapons" } } as const;
  const body = messagesFormat.whole({ choices: [refused], usage: { input: 3, output: 0 } }, context);
  const { content, stop_reason: reason, stop_details: details } = Object.fromEntries(Object.entries(body));
  assert.deepEqual([content, reason, details], [[], "refusal", refusalDetails("general_harms", "weapons")]);
});

test("a failure mid-way is an error event in the format's own error, without a stop", () => {
  const writer = messagesFormat.stream(context);
  const said = {
    message: "The model server took too long.",
    type: "api_error",
    code: "upstream_timeout",
    reason: null,
    field: null,
  };
  const frames = framesOf(writer.fail({ ...said, status: 504, id, contact: "help@example.com" }));
  const error = { type: "timeout_error", message: said.message, code: said.code, reason: null, id };
  assert.deepEqual(frames, [{ type: "error", error: { ...error, contact: "help@example.com" }, request_id: id }]);
});

const wholeBlocks = [
  { type: "thinking", thinking: "Hm.", signature: "c2ln" },
  { type: "redacted_thinking", data: "ZGF0YQ==" },
  { type: "text", text: "Here.", citations: null },
  { ...weather, input: { town: "Bern" }, caller: { type: "direct" } },
  { ...weather, id: "toolu_2", caller: { type: "direct" } },
];
const wholeMessage = {
  id: "msg_x",
  type: "message",
  role: "assistant",
  model: "m",
  content: wholeBlocks,
  stop_reason: "tool_use",
  stop_sequence: null,
  usage: {
    input_tokens: 20,
    cache_creation_input_tokens: 2,
    cache_read_input_tokens: 3,
    output_tokens: 15,
    output_tokens_details: { thinking_tokens: 7 },
  },
};

test("a whole answer is read and written with the same blocks, ending and counts", () => {
  const answer = messagesDialect.readWhole(JSON.stringify(wholeMessage), call);
  assert.deepEqual(answer.usage, usage);
  const body = Object.fromEntries(Object.entries(messagesFormat.whole({ ...answer, usage }, context)));
  assert.deepEqual(body["content"], wholeBlocks);
  assert.equal(body["stop_reason"], "tool_use");
  assert.equal(body["model"], "small");
  assert.match(
    JSON.stringify(body["usage"]),
    /"input_tokens":20,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":15,/,
  );
});

test("a whole answer that is none, or ends in a way that is not known, is a failure", () => {
  const changes: readonly object[] = [
    { stop_reason: null },
    { stop_reason: "other" },
    { content: "text" },
    { content: [{ type: "server_tool_use" }] },
    { content: ["text"] },
    { role: "user" },
    { type: "completion" },
  ];
  for (const change of changes) {
    const body = JSON.stringify({ ...wholeMessage, ...change });
    assert.equal(
      whyOf(() => messagesDialect.readWhole(body, call)),
      "garbage",
      body,
    );
  }
  assert.equal(
    whyOf(() => messagesDialect.readWhole("[]", call)),
    "garbage",
  );
  const reported = JSON.stringify({ type: "error", error: { type: "api_error", message: "words" } });
  assert.equal(
    whyOf(() => messagesDialect.readWhole(reported, call)),
    "error_frame",
  );
});

test("a tool call whose arguments are no object is left out where the limit cut it off, and else a failure", () => {
  const tool = { kind: "tool", id: "call_1", name: "weather", arguments: '{"town": "Be' } as const;
  const answer = (finish: "length" | "tool"): WholeAnswer => ({
    choices: [{ index: 0, blocks: [tool], ending: { finish } }],
    usage: undefined,
  });
  const cutOff = Object.fromEntries(Object.entries(messagesFormat.whole({ ...answer("length"), usage }, context)));
  assert.deepEqual([cutOff["content"], cutOff["stop_reason"]], [[], "max_tokens"]);
  assert.equal(
    whyOf(() => messagesFormat.whole({ ...answer("tool"), usage }, context)),
    "tool_call",
  );
});

const errorType = (status: number): unknown => {
  const said = { message: "m", type: "t", code: "c", reason: "r", field: null, status, id, contact: "k" };
  const error: unknown = Object.fromEntries(Object.entries(messagesFormat.error(said)))["error"];
  return typeof error === "object" && error !== null && "type" in error ? error.type : undefined;
};

test("errors carry the type that official clients know for their status", () => {
  const types = [400, 401, 403, 404, 409, 413, 429, 502, 503, 504].map(errorType);
  assert.deepEqual(types, [
    "invalid_request_error",
    "authentication_error",
    "permission_error",
    "not_found_error",
    "conflict_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "api_error",
    "timeout_error",
  ]);
});

test("a count is a whole number of tokens, and nothing else is one", () => {
  const { count } = messagesDialect;
  assert.ok(count !== undefined);
  assert.equal(count.read('{"input_tokens":12,"odd":1}'), 12);
  for (const answer of ["{}", "12", '{"input_tokens":-1}', '{"input_tokens":"12"}', '{"input_tokens":1.5}', "words"]) {
    assert.equal(
      whyOf(() => count.read(answer)),
      "garbage",
    );
  }
});
