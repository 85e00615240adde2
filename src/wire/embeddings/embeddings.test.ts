import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../../terms/failure.ts";
import { Name, ReceiptId } from "../../terms/ids.ts";
import { callTexts } from "../call.ts";
import { embeddingsDialect, embeddingsFormat } from "./embeddings.ts";

const { parseCall } = embeddingsFormat;
const id = ReceiptId.parse("rcpt_0123456789abcdef01234567");
const usage = { input: 3, output: 0 };

function refused(body: object): readonly unknown[] {
  try {
    parseCall({ model: "small", input: "x", ...body });
  } catch (error) {
    assert.ok(error instanceof Failure);
    return [error.code, error.detail["field"]];
  }
  return ["admitted"];
}

function served(body: object, answer: object): object {
  const call = parseCall({ model: "small", ...body });
  const whole = embeddingsDialect.readWhole(JSON.stringify(answer), call);
  return embeddingsFormat.whole(
    { ...whole, usage: whole.usage ?? usage },
    { id, model: Name.parse("small"), created: 0, call, promptChars: 0 },
  );
}

function whyOf(body: object, answer: unknown): unknown {
  try {
    embeddingsDialect.readWhole(JSON.stringify(answer), parseCall({ model: "small", ...body }));
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error.detail["why"];
  }
  return "none";
}

test("a request arrives at a server with its fields, and every text is among what the safeguards read", () => {
  const body = { input: ["One", "Two"], encoding_format: "base64", dimensions: 2, user: "u" };
  const call = parseCall({ model: "small", ...body });
  assert.deepEqual(embeddingsDialect.body(call, "served"), { ...body, model: "served" });
  assert.deepEqual(callTexts(call), ["One", "Two", "u"]);
});

test("tokens in place of text, and fields that nobody knows, are refused by name", () => {
  assert.deepEqual(refused({ input: [1, 2] }), ["feature_unsupported", "input"]);
  assert.deepEqual(refused({ input: [[1], [2]] }), ["feature_unsupported", "input"]);
  assert.deepEqual(refused({ input: ["x", 1] }), ["feature_unsupported", "input"]);
  assert.deepEqual(refused({ input: "" }), ["request_invalid", "input"]);
  assert.deepEqual(refused({ input: [] }), ["request_invalid", "input"]);
  assert.deepEqual(refused({ input: undefined }), ["request_invalid", "input"]);
  assert.deepEqual(refused({ models: ["a"] }), ["feature_unsupported", "models"]);
  assert.deepEqual(refused({ truncate: true }), ["request_invalid", "truncate"]);
  assert.deepEqual(refused({ dimensions: 0 }), ["request_invalid", "dimensions"]);
  assert.deepEqual(refused({ encoding_format: "int8" }), ["request_invalid", "encoding_format"]);
});

const told = (embedding: unknown): object => ({
  object: "list",
  data: [{ object: "embedding", index: 0, embedding }],
  model: "small",
  usage: { prompt_tokens: 3, total_tokens: 3 },
});

test("vectors are given in the encoding that was asked for, whichever the server answers in", () => {
  const float32 = fc.float({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
  fc.assert(
    fc.property(fc.array(float32, { minLength: 1, maxLength: 8 }), (vector) => {
      const list = { data: [{ index: 0, embedding: vector }], usage: { prompt_tokens: 3, total_tokens: 3 } };
      const base64 = Buffer.from(Float32Array.from(vector).buffer).toString("base64");
      const packed = { data: [{ index: 0, embedding: base64 }] };
      assert.deepEqual(served({ input: "x", encoding_format: "base64" }, list), told(base64));
      assert.deepEqual(served({ input: "x" }, packed), told(vector));
    }),
    { seed: 7, numRuns: 200 },
  );
});

test("vectors are put into the order of their texts", () => {
  const data = [
    { index: 1, embedding: [2] },
    { index: 0, embedding: [1] },
  ];
  const call = parseCall({ model: "small", input: ["a", "b"] });
  assert.deepEqual(embeddingsDialect.readWhole(JSON.stringify({ data }), call).vectors, [[1], [2]]);
});

test("what is not a full row of numbers for every text is garbage", () => {
  const one = { index: 0, embedding: [1, 2] };
  const cases: readonly (readonly [object, unknown])[] = [
    [{ input: "x" }, "text"],
    [{ input: "x" }, { data: [] }],
    [{ input: "x" }, { data: [one, one] }],
    [{ input: "x" }, { data: [{ ...one, index: 1 }] }],
    [{ input: ["x", "y"] }, { data: [one] }],
    [{ input: ["x", "y"] }, { data: [one, { index: 1, embedding: [1] }] }],
    [{ input: "x" }, { data: [{ index: 0, embedding: [] }] }],
    [{ input: "x" }, { data: [{ index: 0, embedding: [null] }] }],
    [{ input: "x" }, { data: [{ index: 0, embedding: "AAA=" }] }],
    [{ input: "x" }, { data: [{ index: 0, embedding: "some words" }] }],
    [{ input: "x" }, { data: [{ index: 0, embedding: "AADAfw==" }] }],
    [{ input: "x", dimensions: 3 }, { data: [one] }],
  ];
  for (const [body, answer] of cases) assert.equal(whyOf(body, answer), "garbage", JSON.stringify(answer));
  assert.equal(whyOf({ input: "x" }, { error: { message: "no" } }), "error_frame");
});
