import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../../terms/failure.ts";
import type { AnswerEvent } from "../answer.ts";
import { SseSplitter } from "../sse.ts";
import { bytesOf, call, delta, item, itemDone, message, outputText, part, recorded, stream } from "./recorded.ts";
import { readStream } from "./read-stream.ts";

const bounds = { lineBytesMax: 100_000, eventBytesMax: 100_000 };

function eventsOf(bytes: Uint8Array, cuts: readonly number[] = []): readonly AnswerEvent[] {
  const splitter = new SseSplitter(bounds);
  const reader = readStream();
  const events: AnswerEvent[] = [];
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (let n = 1; n < places.length; n += 1) {
    for (const event of splitter.push(bytes.subarray(places[n - 1], places[n]))) events.push(...reader.take(event));
  }
  for (const event of splitter.end()) events.push(...reader.take(event));
  events.push(...reader.end());
  return events;
}

/** Texts by block, with what the block is; then the end. */
function summed(events: readonly AnswerEvent[]): readonly string[] {
  const said = new Map<number, string>();
  const rest: string[] = [];
  const add = (block: number, text: string): void => {
    said.set(block, `${said.get(block) ?? ""}${text}`);
  };
  for (const event of events) {
    switch (event.kind) {
      case "open":
        add(event.block, openingOf(event));
        break;
      case "text":
        add(event.block, event.text);
        break;
      case "seal":
        add(event.block, `|${event.seal}`);
        break;
      case "close":
        add(event.block, ";");
        break;
      case "finish":
        rest.push(event.ending.finish);
        break;
      case "usage":
        rest.push(JSON.stringify(event.usage));
        break;
      case "ping":
        rest.push("ping");
        break;
    }
  }
  return [...said.values(), ...rest];
}

function openingOf(event: Extract<AnswerEvent, { kind: "open" }>): string {
  if (event.as === "tool") return `tool(${event.id},${event.name}):`;
  return event.as === "sealed" ? `sealed(${event.data}):` : `${event.as}:`;
}

const counted = '{"input":11,"output":7,"cachedInput":3,"reasoning":2}';

const expected: Readonly<Record<keyof typeof recorded, readonly string[]>> = {
  text: ["text:Héllo 🌍;", counted, "stop"],
  reasoning: ["reasoning:**First** thing\n\n**Second**|gAAAAAB_-x==;", "text:Done;", counted, "stop"],
  calls: ["sealed(gAAAAA==):;", 'tool(call_a,look):{"at":1};', "tool(call_b,files__find):{};", counted, "tool"],
  refusal: ["refusal:I cannot.;", counted, "stop"],
  openThoughts: ["reasoning:Hm, yes;", "text:All at once;", counted, "stop"],
  limit: ["text:Cut of;", counted, "length"],
};

for (const [name, events] of Object.entries(recorded)) {
  const known = Object.entries(expected).find(([other]) => other === name)?.[1];
  test(`the recorded stream "${name}" is read as it was meant`, () => {
    assert.deepEqual(summed(eventsOf(bytesOf(events))), known);
  });
  test(`any cutting of the stream "${name}" into pieces gives the same events`, () => {
    const bytes = bytesOf(events);
    const whole = eventsOf(bytes);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (cuts) => {
        assert.deepEqual(eventsOf(bytes, cuts), whole);
      }),
      { seed: 3, numRuns: 60 },
    );
  });
  test(`the stream "${name}" that ends anywhere before its last event is cut, and never looks whole`, () => {
    for (let n = 0; n < events.length; n += 1) assert.equal(whyOf(events.slice(0, n)), "cut", `${name}, ${n} events`);
  });
}

function whyOf(events: readonly object[]): unknown {
  try {
    eventsOf(Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")));
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.code, "upstream_failed");
    return error.detail["why"];
  }
  return "none";
}

const opened = [item(0, message("m")), part(0, 0, outputText(""))];

test("what is not in the format, or not in its place, is garbage", () => {
  const cases: Readonly<Record<string, readonly object[]>> = {
    "an unknown event": stream([{ type: "response.surprise", delta: "x" }]),
    "a hosted tool's event": stream([{ type: "response.web_search_call.searching", output_index: 0 }]),
    "a hosted tool's item": stream([item(0, { id: "x", type: "web_search_call" })]),
    "an item of another role": stream([item(0, { id: "x", type: "message", role: "user", content: [] })]),
    "text without an item": stream([delta(0, 0, "x")]),
    "text without a part": stream([item(0, message("m")), delta(0, 0, "x")]),
    "text in a call": stream([item(0, call(["f", "c", "look"], "")), delta(0, 0, "x")]),
    "a thought in a message": stream([
      ...opened,
      { type: "response.reasoning_text.delta", output_index: 0, content_index: 0, delta: "x" },
    ]),
    "text after the end of its item": stream([...opened, itemDone(0, message("m")), delta(0, 0, "x")]),
    "an item twice": stream([...opened, item(0, message("m"))]),
    "a part twice": stream([...opened, part(0, 0, outputText(""))]),
    "a part of another kind": stream([item(0, message("m")), part(0, 0, { type: "output_audio" })]),
    "a call that changes its name": stream([
      item(0, call(["f", "c", "look"], "")),
      itemDone(0, call(["f", "c", "find"], "{}")),
    ]),
    "a call that changes its id": stream([
      item(0, call(["f", "c", "look"], "")),
      itemDone(0, call(["f", "d", "look"], "{}")),
    ]),
    "a completed answer with an open item": stream(opened),
    "an unknown reason": stream(opened, "boredom"),
    "a second beginning": [...recorded.text.slice(0, 1), ...recorded.text],
    "no beginning": recorded.text.slice(1),
    "ciphertext that reads as text": stream([
      item(0, { type: "reasoning", summary: [] }),
      itemDone(0, { type: "reasoning", summary: [], encrypted_content: "plain words" }),
    ]),
    "an end of another state": [
      ...recorded.text.slice(0, -1),
      { type: "response.completed", response: { status: "incomplete" } },
    ],
    "a negative index": stream([item(-1, message("m"))]),
    "no text in a delta": stream([
      ...opened,
      { type: "response.output_text.delta", output_index: 0, content_index: 0 },
    ]),
  };
  for (const [what, events] of Object.entries(cases)) assert.equal(whyOf(events), "garbage", what);
});

test("an error in the stream is an error frame, whichever of its three shapes it has", () => {
  const failed = { type: "response.failed", response: { status: "failed", error: { code: "server_error" } } };
  assert.equal(whyOf([...recorded.text.slice(0, 6), { type: "error", code: null, message: "x" }]), "error_frame");
  assert.equal(whyOf([...recorded.text.slice(0, 6), failed]), "error_frame");
  assert.equal(whyOf([failed]), "error_frame");
  const reader = readStream();
  assert.throws(() => reader.take({ event: "error", data: "{}" }), { code: "upstream_failed" });
});

test("an event whose name and type differ is garbage", () => {
  const reader = readStream();
  assert.throws(() => reader.take({ event: "response.completed", data: '{"type":"response.created"}' }), {
    detail: { why: "garbage" },
  });
});

test("an answer has begun with its first block, not with its created event", () => {
  const reader = readStream();
  reader.take({ event: "message", data: JSON.stringify(recorded.text[0]) });
  reader.take({ event: "message", data: '{"type":"keepalive"}' });
  assert.equal(reader.hasBegun(), false);
  reader.take({ event: "message", data: JSON.stringify(recorded.text[2]) });
  reader.take({ event: "message", data: JSON.stringify(recorded.text[3]) });
  assert.equal(reader.hasBegun(), true);
});

test("what comes after the end is nothing", () => {
  const bytes = Buffer.concat([bytesOf(recorded.text), Buffer.from("data: [DONE]\n\n")]);
  assert.deepEqual(eventsOf(bytes), eventsOf(bytesOf(recorded.text)));
});
