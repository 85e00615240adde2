// What is recognised by hand is what the shapes take, with the same values in every field that is read.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Chunk, Completion } from "./answer-shapes.ts";
import { isPlainChunk, isPlainCompletion, isPlainRequest } from "./plain.ts";
import { ChatRequest } from "./request.ts";

const runs = { seed: 20260405, numRuns: 5_000 };

/** Mostly what belongs there, now and then anything: so that both answers come up. */
function mostly<T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  const odd = fc.constantFrom<unknown>(null, undefined, -1, 0, 1.5, 2 ** 60, "", "x", true, [], {}, Number.NaN);
  return fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function object(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record({ ...fields, other: fc.constant(1) }, { requiredKeys: [] }).chain((made) => {
    const { other, ...rest } = made;
    return fc.nat(12).map((pick) => (pick === 0 && other !== undefined ? made : rest));
  });
}

const text = mostly(fc.constantFrom("a", "b\n"));
const count = mostly(fc.nat(5));
const ending = mostly(fc.constantFrom("stop", "length", "tool_calls", "content_filter", "eos", null));

test("a request that is recognised is what the shape takes, field by field", () => {
  const message = object({ role: mostly(fc.constantFrom("user", "system", "tool")), content: text });
  const body = object({
    model: text,
    messages: mostly(fc.array(message, { minLength: 1, maxLength: 3 })),
    max_tokens: count,
    n: count,
    temperature: mostly(fc.double({ noNaN: true })),
    stream: mostly(fc.boolean()),
    stream_options: object({ include_usage: mostly(fc.boolean()) }),
    user: text,
  });
  let recognised = 0;
  fc.assert(
    fc.property(body, (made) => {
      const fields = Object.fromEntries(Object.entries(made));
      if (!isPlainRequest(fields)) return;
      recognised += 1;
      assert.deepEqual(ChatRequest.parse(made), made);
    }),
    runs,
  );
  assert.ok(recognised > 50, String(recognised));
});

const usage = object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: mostly(fc.constant(null)),
});
const said = {
  content: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  tool_calls: mostly(fc.constant(undefined)),
};
const spoken = object({ role: mostly(fc.constant("assistant")), ...said });

test("an answer that is recognised is what the shape takes, but for fields that nobody reads", () => {
  const choice = object({ index: count, message: spoken, finish_reason: ending });
  const answer = object({ choices: mostly(fc.array(choice, { maxLength: 5 })), usage });
  let recognised = 0;
  fc.assert(
    fc.property(answer, (made: unknown) => {
      if (!isPlainCompletion(made)) return;
      recognised += 1;
      assert.partialDeepStrictEqual(made, Completion.parse(made));
    }),
    runs,
  );
  assert.ok(recognised > 20, String(recognised));
});

test("a frame that is recognised is what the shape takes, but for fields that nobody reads", () => {
  const choice = object({ index: count, delta: spoken, finish_reason: ending });
  const frame = object({ choices: mostly(fc.array(choice, { maxLength: 5 })), usage });
  let recognised = 0;
  fc.assert(
    fc.property(frame, (made: unknown) => {
      if (!isPlainChunk(made)) return;
      recognised += 1;
      assert.partialDeepStrictEqual(made, Chunk.parse(made));
    }),
    runs,
  );
  assert.ok(recognised > 100, String(recognised));
});
