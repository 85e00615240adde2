// The splitter against streams cut anywhere.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { failureCode } from "../terms/failure.ts";
import { type SseEvent, SseSplitter } from "./sse.ts";

const bounds = { lineBytesMax: 1_000, eventBytesMax: 2_000 };

function split(bytes: Uint8Array, cuts: readonly number[]): SseEvent[] {
  const splitter = new SseSplitter(bounds);
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const events = at.slice(1).flatMap((end, index) => [...splitter.push(bytes.subarray(at[index], end))]);
  return [...events, ...splitter.end()];
}

/** One event written with a line end, comments between, and one data line for each line of its data. */
const eventText = fc.record({
  data: fc.array(
    fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, "·")),
    { minLength: 1, maxLength: 3 },
  ),
  name: fc.constantFrom("", "error", "message"),
  comment: fc.boolean(),
});

test("events are the same however the bytes are cut, with any line end, with characters of several bytes", () => {
  fc.assert(
    fc.property(
      fc.array(eventText, { maxLength: 6 }),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.array(fc.nat(5_000), { maxLength: 30 }),
      (events, lineEnd, cuts) => {
        const text = events.map(({ data, name, comment }) =>
          [
            ...(comment ? [": kept alive"] : []),
            ...(name === "" ? [] : [`event: ${name}`]),
            ...data.map((line) => `data: ${line}`),
            "",
            "",
          ].join(lineEnd),
        );
        const wanted = events.map(({ data, name }) => ({
          event: name === "" ? "message" : name,
          data: data.join("\n"),
        }));
        assert.deepEqual(split(Buffer.from(text.join("")), cuts), wanted);
      },
    ),
    { seed: 7, numRuns: 3_000 },
  );
});

test("every single byte apart gives the same events", () => {
  const bytes = Buffer.from("\uFEFFdata: grüße 👋🏽\r\n\r\n:c\r\ndata:{\r\ndata:}\r\n\r\ndata: [DONE]");
  const wanted = [
    { event: "message", data: "grüße 👋🏽" },
    { event: "message", data: "{\n}" },
    { event: "message", data: "[DONE]" },
  ];
  assert.deepEqual(split(bytes, []), wanted);
  assert.deepEqual(
    split(
      bytes,
      Array.from({ length: bytes.length }, (_, index) => index),
    ),
    wanted,
  );
});

test("bytes of any kind give events or a failure, never another error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300)), (bytes, cuts) => {
      try {
        split(bytes, cuts);
      } catch (error) {
        assert.equal(failureCode(error), "upstream_failed");
      }
    }),
    { seed: 11, numRuns: 2_000 },
  );
});

test("of a packet nothing is kept but the beginning of its last line, and that as a copy", () => {
  const splitter = new SseSplitter(bounds);
  const packet = Buffer.from("data: one\n\ndata: tw");
  assert.deepEqual([...splitter.push(packet)], [{ event: "message", data: "one" }]);
  packet.fill("x");
  assert.deepEqual([...splitter.push(Buffer.from("o\n\n"))], [{ event: "message", data: "two" }]);
});

test("a line and an event past their bounds are refused before they are kept", () => {
  const line = new SseSplitter(bounds);
  assert.throws(
    () => Array.from({ length: 20 }, () => [...line.push(Buffer.alloc(100, "x"))]),
    /line of more than 1000 bytes/,
  );
  const event = new SseSplitter(bounds);
  assert.throws(
    () => Array.from({ length: 9 }, () => [...event.push(Buffer.from(`data: ${"x".repeat(500)}\n`))]),
    /event of more/,
  );
});
