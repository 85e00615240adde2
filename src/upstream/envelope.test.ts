// The envelope: what passes, what is refused, and that what passes is built from what was checked.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../terms/failure.ts";
import { admitBody, admittedFields, inputTexts } from "./envelope.ts";
import { ModelDocument } from "./model-document.ts";

const base = {
  kind: "Model",
  name: "small",
  upstream: { dialect: "openai-chat", url: "http://127.0.0.1:9001/v1", model: "upstream-name" },
  identity: { basis: "declared" },
};
const document = ModelDocument.parse({
  ...base,
  envelope: { temperature: [0, 1], outputTokensMax: 100, choicesMax: 2 },
});
const withTools = ModelDocument.parse({ ...base, systemPrompt: "Be brief.", envelope: { tools: true } });
const embedded = ModelDocument.parse({
  ...base,
  upstream: { dialect: "embedded", file: "smollm2-135m-instruct", runtime: "node-llama-cpp@3.22.1" },
});
const user = { role: "user", content: "Hello" };
const ask = { model: "small", messages: [user] };

/** The code and field of the refusal of a body. */
function refusal(body: unknown, model = document): string {
  try {
    admitBody(body, model);
  } catch (error) {
    if (error instanceof Failure) return `${error.code} ${String(error.detail["field"] ?? "")}`.trim();
    throw error;
  }
  return "admitted";
}

test("a plain request passes under the upstream's name with the document's limit on output", () => {
  assert.deepEqual(admitBody(ask, document), { model: "upstream-name", messages: [user], max_tokens: 100 });
});

test("the caller's limit is kept in its own spelling up to the document's and refused above it", () => {
  assert.equal(admitBody({ ...ask, max_completion_tokens: 7 }, document).max_completion_tokens, 7);
  assert.equal(admitBody({ ...ask, max_tokens: 100 }, document).max_tokens, 100);
  assert.equal(refusal({ ...ask, max_tokens: 101 }), "request_invalid max_tokens");
  assert.equal(refusal({ ...ask, max_completion_tokens: 101 }), "request_invalid max_completion_tokens");
  assert.equal(refusal({ ...ask, max_tokens: 1, max_completion_tokens: 1 }), "request_invalid max_tokens");
  assert.throws(() => admitBody({ ...ask, max_tokens: 101 }, document), /1 to 100/);
});

test("values outside the document's ranges are refused", () => {
  for (const [field, value] of [
    ["temperature", 1.01],
    ["temperature", Number.NaN],
    ["top_p", -0.1],
    ["n", 3],
    ["n", 1.5],
    ["seed", -1],
    ["presence_penalty", 3],
    ["stop", ["a", "b", "c", "d", "e"]],
    ["stream", "yes"],
  ] as const) {
    assert.equal(refusal({ ...ask, [field]: value }), `request_invalid ${field}`, field);
  }
});

test("fields nobody knows are refused by name, in any spelling", () => {
  for (const field of ["Temperature", "MODEL", "safe_mode", "__proto__", "constructor", "toString"]) {
    const body: unknown = JSON.parse(`{"model":"small","messages":[],${JSON.stringify(field)}:1}`);
    assert.equal(refusal(body), `request_invalid ${field}`);
  }
  assert.throws(() => admitBody({ ...ask, nope: 1 }, document), /Admitted fields: model, messages/);
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
  ]) {
    assert.equal(refusal({ ...ask, [field]: true }), `feature_unsupported ${field}`);
  }
  assert.equal(refusal({ ...ask, store: false, logprobs: null, seed: null }), "admitted");
});

test("a prefilled answer, a picture, tools and a foreign model are refused", () => {
  assert.equal(
    refusal({ ...ask, messages: [user, { role: "assistant", content: "Sure," }] }),
    "feature_unsupported messages",
  );
  const picture = [
    { type: "text", text: "x" },
    { type: "image_url", image_url: { url: "data:," } },
  ];
  assert.match(refusal({ ...ask, messages: [{ role: "user", content: picture }] }), /^feature_unsupported messages\.0/);
  assert.equal(
    refusal({ ...ask, tools: [{ type: "function", function: { name: "f" } }] }),
    "feature_unsupported tools",
  );
  assert.equal(
    refusal({ ...ask, messages: [{ role: "tool", content: "x", tool_call_id: "1" }] }),
    "feature_unsupported messages.0",
  );
  assert.equal(refusal({ ...ask, model: "other" }), "model_unknown");
  assert.equal(
    refusal({ ...ask, response_format: { type: "json_object" } }, embedded),
    "request_invalid response_format",
  );
  assert.equal(refusal({ ...ask, n: 2 }, embedded), "request_invalid n");
});

test("messages with other roles, extra fields, no content or no messages at all are refused", () => {
  for (const message of [
    { role: "developer", content: "x" },
    { role: "user" },
    { role: "user", content: [] },
    { role: "user", content: "x", cache_control: {} },
    { role: "assistant", content: "x", prefix: true },
    "x",
  ]) {
    assert.match(
      refusal({ ...ask, messages: [message, user] }),
      /^request_invalid messages\.0/,
      JSON.stringify(message),
    );
  }
  assert.equal(refusal({ model: "small", messages: [] }), "request_invalid messages");
  assert.equal(refusal([]), "request_invalid");
  assert.equal(refusal(null), "request_invalid");
});

test("what an official client echoes of an answer is taken back, without its empty slots", () => {
  const echoed = { role: "assistant", content: "Hi", refusal: null, annotations: [], audio: null, function_call: null };
  assert.deepEqual(admitBody({ ...ask, messages: [user, echoed, user] }, document).messages[1], {
    role: "assistant",
    content: "Hi",
  });
});

test("the document's system prompt comes first and is not counted as the caller's text", () => {
  const call = { id: "c1", type: "function", function: { name: "look", arguments: '{"q":"argument"}' } };
  const body = admitBody(
    {
      model: "small",
      user: "someone",
      stop: "halt",
      messages: [
        { role: "system", content: "mine", name: "n" },
        {
          role: "user",
          content: [
            { type: "text", text: "one" },
            { type: "text", text: "two" },
          ],
        },
        { role: "assistant", content: null, refusal: "no", tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "result" },
      ],
      tools: [
        { type: "function", function: { name: "look", description: "described", parameters: { type: "object" } } },
      ],
      response_format: { type: "json_schema", json_schema: { name: "shape", schema: { title: "schema" } } },
    },
    withTools,
  );
  assert.deepEqual(body.messages[0], { role: "system", content: "Be brief." });
  const texts = inputTexts(body, withTools).join("|");
  for (const written of [
    "mine",
    "one\ntwo",
    "no",
    "look",
    "argument",
    "result",
    "described",
    "schema",
    "halt",
    "someone",
  ]) {
    assert.ok(texts.includes(written), written);
  }
  assert.ok(!texts.includes("Be brief."));
});

test("whatever is sent in, nothing but admitted fields comes out", () => {
  const keys = fc.constantFrom(...admittedFields["openai-chat"], "store", "x", "Model", "__proto__");
  fc.assert(
    fc.property(fc.dictionary(keys, fc.jsonValue()), (extra) => {
      try {
        const body = admitBody({ ...ask, ...extra, model: "small" }, document);
        for (const field of Object.keys(body))
          assert.ok(admittedFields["openai-chat"].some((known) => known === field));
        assert.ok((body.max_tokens ?? body.max_completion_tokens ?? Infinity) <= 100);
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { seed: 3, numRuns: 2_000 },
  );
});
