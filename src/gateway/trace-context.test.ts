import assert from "node:assert/strict";
import { test } from "node:test";
import { beginTrace, traceparentOf } from "./trace-context.ts";

const randomBytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, at) => at + 1);
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const parentId = "00f067aa0ba902b7";

test("a caller's trace goes on under a span of ours, and its wish not to be sampled holds", () => {
  const trace = beginTrace(`00-${traceId}-${parentId}-00`, randomBytes);
  assert.equal(trace.traceId, traceId);
  assert.equal(trace.parentId, parentId);
  assert.equal(trace.isSampled, false);
  assert.equal(traceparentOf(trace), `00-${traceId}-${trace.askId}-00`);
  assert.notEqual(trace.askId, trace.spanId);
});

test("what is not exactly the form begins a trace of our own", () => {
  const wrong = [
    undefined,
    "",
    `01-${traceId}-${parentId}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${"0".repeat(32)}-${parentId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId}-${parentId}-01-extra`,
    `00-${traceId}-${parentId}-1`,
    `00-${traceId}-${parentId}-01\n`,
    "x".repeat(10_000),
  ];
  for (const text of wrong) {
    const trace = beginTrace(text, randomBytes);
    assert.match(trace.traceId, /^[0-9a-f]{32}$/);
    assert.notEqual(trace.traceId, traceId);
    assert.equal(trace.parentId, undefined);
  }
});
