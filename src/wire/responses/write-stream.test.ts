import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { z } from "zod";
import { Name, ReceiptId } from "../../terms/ids.ts";
import { given } from "../admitting.ts";
import type { AnswerEvent, Block, Ending, Usage } from "../answer.ts";
import type { AnswerContext } from "../format.ts";
import { SseSplitter } from "../sse.ts";
import { parseCall } from "./parse-call.ts";
import { readStream } from "./read-stream.ts";
import { responsesDialect, responsesFormat } from "./responses.ts";

const call = parseCall({
  model: "small",
  input: "Hello",
  stream: true,
  tools: [
    { type: "function", name: "look" },
    { type: "namespace", name: "files", tools: [{ type: "function", name: "find" }] },
  ],
});
const id = ReceiptId.parse("rcpt_0123456789abcdef01234567");
const context: AnswerContext = { id, model: Name.parse("small"), created: 1_700_000_000, call, promptChars: 0 };
const usage: Usage = { input: 5, output: 4, cachedInput: 2, cacheWritten: 1, reasoning: 1 };

interface Frame {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const Data = z.record(z.string(), z.unknown());

/** What stands at a path of a JSON value. */
function standsAt(value: unknown, path: readonly string[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const found =
    typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === first) : undefined;
  return standsAt(found?.[1], rest);
}

function framesOf(text: string): readonly Frame[] {
  const splitter = new SseSplitter({ lineBytesMax: 1e6, eventBytesMax: 1e6 });
  return [...splitter.push(Buffer.from(text)), ...splitter.end()].map(({ event, data }) => ({
    event,
    data: Data.parse(JSON.parse(data)),
  }));
}

function written(events: readonly AnswerEvent[]): string {
  const writer = responsesFormat.stream(context);
  return events.map((event) => writer.write(event)).join("") + writer.end(usage, "receipt");
}

/** Blocks as events, each text in pieces. */
function eventsOf(blocks: readonly Block[], ending: Ending): readonly AnswerEvent[] {
  const events: AnswerEvent[] = blocks.flatMap((block, index): AnswerEvent[] => {
    const place = { choice: 0, block: index } as const;
    const close: AnswerEvent = { kind: "close", ...place };
    if (block.kind === "sealed") return [{ kind: "open", ...place, as: "sealed", data: block.data }, close];
    const text = block.kind === "tool" ? block.arguments : block.text;
    const open: AnswerEvent =
      block.kind === "tool"
        ? { kind: "open", ...place, as: "tool", id: block.id, name: block.name }
        : block.kind === "text"
          ? { kind: "open", ...place, as: "text", ...given("phase", block.phase) }
          : { kind: "open", ...place, as: block.kind };
    const half = Math.ceil(text.length / 2);
    const pieces = [text.slice(0, half), text.slice(half)].filter((piece) => piece !== "");
    const seal: AnswerEvent[] =
      block.kind === "reasoning" && block.seal !== undefined ? [{ kind: "seal", ...place, seal: block.seal }] : [];
    return [open, ...pieces.map((piece): AnswerEvent => ({ kind: "text", ...place, text: piece })), ...seal, close];
  });
  return [...events, { kind: "finish", choice: 0, ending }];
}

function readBack(text: string): readonly AnswerEvent[] {
  const reader = readStream();
  const splitter = new SseSplitter({ lineBytesMax: 1e6, eventBytesMax: 1e6 });
  const events = [...splitter.push(Buffer.from(text))].flatMap((event) => reader.take(event));
  assert.ok(reader.isDone());
  return [...events, ...reader.end()];
}

/** Without pieces' borders: events with the texts of a block joined. */
function joined(events: readonly AnswerEvent[]): readonly AnswerEvent[] {
  const all: AnswerEvent[] = [];
  for (const event of events) {
    const last = all.at(-1);
    if (event.kind === "text" && last?.kind === "text" && last.block === event.block) {
      all[all.length - 1] = { ...event, text: last.text + event.text };
    } else if (event.kind !== "usage") all.push(event);
  }
  return all;
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const words = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const plain = { noNullPrototype: true } as const;
const seals = fc.constantFrom("AA==", "g_-x");
const phases = fc.constantFrom("commentary" as const, "final_answer" as const);
const anyBlock: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ kind: fc.constantFrom("text" as const, "refusal" as const), text }, plain),
  fc.record({ kind: fc.constant("text" as const), text, phase: phases }, plain),
  fc.record({ kind: fc.constant("reasoning" as const), text: words }, plain),
  fc.record({ kind: fc.constant("reasoning" as const), text: words, seal: seals }, plain),
  fc.record({ kind: fc.constant("sealed" as const), data: seals }, plain),
  fc.record(
    {
      kind: fc.constant("tool" as const),
      id: fc.uuid().map((uuid) => `call_${uuid}`),
      name: fc.constantFrom("look", "files__find"),
      arguments: words,
    },
    plain,
  ),
);
const anyBlocks = fc.array(anyBlock, { maxLength: 6 });

test("what was written is read back as the same events, whatever the blocks", () => {
  fc.assert(
    fc.property(anyBlocks, fc.constantFrom("stop", "length", "refusal"), (blocks, finish) => {
      const isCall = blocks.some(({ kind }) => kind === "tool");
      const events = eventsOf(blocks, { finish: finish === "stop" && isCall ? "tool" : finish });
      assert.deepEqual(joined(readBack(written(events))), joined(events));
    }),
    { seed: 4, numRuns: 300 },
  );
});

test("a whole answer is read back as the same blocks, whatever they are", () => {
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      const ending = { finish: blocks.some(({ kind }) => kind === "tool") ? "tool" : "stop" } as const;
      const choices = [{ index: 0, blocks, ending }];
      const body = JSON.stringify(responsesFormat.whole({ choices, usage }, context));
      assert.deepEqual(responsesDialect.readWhole(body, call), { choices, usage });
    }),
    { seed: 5, numRuns: 300 },
  );
});

test("the final object of a stream is the whole answer", () => {
  fc.assert(
    fc.property(anyBlocks, (blocks) => {
      const ending = { finish: "stop" } as const;
      const last = framesOf(written(eventsOf(blocks, ending))).at(-1);
      const whole: unknown = JSON.parse(
        JSON.stringify(responsesFormat.whole({ choices: [{ index: 0, blocks, ending }], usage }, context)),
      );
      assert.deepEqual(last?.data["response"], whole);
    }),
    { seed: 6, numRuns: 200 },
  );
});

const place = (block: number): { readonly choice: number; readonly block: number } => ({ choice: 0, block });

test("interleaved blocks are written one after another, and every event is numbered without a gap", () => {
  const out = written([
    { kind: "open", ...place(0), as: "tool", id: "call_a", name: "look" },
    { kind: "open", ...place(1), as: "tool", id: "call_b", name: "look" },
    { kind: "text", ...place(0), text: '{"a"' },
    { kind: "text", ...place(1), text: '{"b":' },
    { kind: "text", ...place(0), text: ":1}" },
    { kind: "text", ...place(1), text: "2}" },
    { kind: "finish", choice: 0, ending: { finish: "tool" } },
  ]);
  const frames = framesOf(out);
  assert.deepEqual(
    frames.map(({ data }) => data["sequence_number"]),
    frames.map((_, index) => index),
  );
  for (const { event, data } of frames) assert.equal(data["type"], event);
  const shown = frames.map(
    ({ event, data }) => `${event.replace("response.", "")} ${JSON.stringify(data["output_index"] ?? "-")}`,
  );
  assert.deepEqual(shown, [
    'created "-"',
    'in_progress "-"',
    "output_item.added 0",
    "function_call_arguments.delta 0",
    "function_call_arguments.delta 0",
    "function_call_arguments.done 0",
    "output_item.done 0",
    "output_item.added 1",
    "function_call_arguments.delta 1",
    "function_call_arguments.delta 1",
    "function_call_arguments.done 1",
    "output_item.done 1",
    'completed "-"',
  ]);
});

test("a tool of a group is called by its own name with the group beside it, and without arguments by an empty object", () => {
  const out = framesOf(
    written(eventsOf([{ kind: "tool", id: "c", name: "files__find", arguments: "" }], { finish: "tool" })),
  );
  const item = out.find(({ event }) => event === "response.output_item.done")?.data["item"];
  assert.deepEqual(item, {
    id: "fc_0123456789abcdef01234567_0",
    type: "function_call",
    status: "completed",
    arguments: "{}",
    call_id: "c",
    name: "find",
    namespace: "files",
  });
});

test("a refusal in the middle ends the text as incomplete and the answer by content_filter, with usage and receipt", () => {
  const writer = responsesFormat.stream(context);
  const out =
    writer.write({ kind: "open", choice: 0, block: 0, as: "text" }) +
    writer.write({ kind: "text", choice: 0, block: 0, text: "So far" }) +
    writer.refuse("cyber") +
    writer.end(usage, "the receipt");
  assert.match(out, /\n: x-headgate-receipt the receipt\n\n/);
  const frames = framesOf(out);
  const last = frames.at(-1);
  assert.equal(last?.event, "response.incomplete");
  const response = last?.data["response"];
  const [item] = z.array(z.unknown()).parse(standsAt(response, ["output"]));
  assert.deepEqual(standsAt(response, ["incomplete_details"]), { reason: "content_filter" });
  assert.deepEqual([standsAt(item, ["status"]), standsAt(item, ["content", "0", "text"])], ["incomplete", "So far"]);
  assert.equal(standsAt(response, ["usage", "total_tokens"]), 9);
  assert.ok(frames.some(({ event }) => event === "response.output_text.done"));
});

test("a call that was refused in the middle is nobody's to run: no done event and no item in the end", () => {
  const writer = responsesFormat.stream(context);
  const out =
    writer.write({ kind: "open", choice: 0, block: 0, as: "tool", id: "c", name: "look" }) +
    writer.write({ kind: "text", choice: 0, block: 0, text: "{}" }) +
    writer.write({ kind: "open", choice: 0, block: 1, as: "tool", id: "d", name: "look" }) +
    writer.refuse(null) +
    writer.end(usage, "");
  const frames = framesOf(out);
  assert.ok(!frames.some(({ event }) => event.endsWith(".done")));
  assert.deepEqual(standsAt(frames.at(-1)?.data, ["response", "output"]), []);
});

test("a refusal before anything was written is a stream with a beginning and an end", () => {
  const writer = responsesFormat.stream(context);
  const frames = framesOf(writer.refuse(null) + writer.end(usage, ""));
  assert.deepEqual(
    frames.map(({ event }) => event),
    ["response.created", "response.in_progress", "response.incomplete"],
  );
});

test("a failure in the middle is said in every place where clients look, and never looks whole", () => {
  const writer = responsesFormat.stream(context);
  const said = {
    message: "It failed.",
    type: "api_error",
    code: "upstream_failed",
    reason: null,
    field: null,
    status: 502,
    id,
    contact: "c",
  };
  const frames = framesOf(writer.write({ kind: "open", choice: 0, block: 0, as: "text" }) + writer.fail(said));
  const [failed, error] = frames.slice(-2);
  assert.deepEqual([failed?.event, error?.event], ["response.failed", "error"]);
  assert.equal(standsAt(failed?.data, ["response", "error", "code"]), "server_error");
  assert.deepEqual(
    [error?.data["code"], error?.data["message"], error?.data["id"]],
    ["upstream_failed", "It failed.", id],
  );
  assert.equal(standsAt(error?.data, ["error", "code"]), "upstream_failed");
});

test("an answer of which nobody said how it ended is not written as complete", () => {
  const writer = responsesFormat.stream(context);
  const frames = framesOf(writer.write({ kind: "open", choice: 0, block: 0, as: "text" }) + writer.end(usage, ""));
  assert.equal(frames.at(-1)?.event, "response.failed");
});
