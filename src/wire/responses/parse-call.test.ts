import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { Failure } from "../../terms/failure.ts";
import { roundaboutsAnywhere } from "../admitting.ts";
import { callTexts } from "../call.ts";
import { responsesDialect, responsesFormat } from "./responses.ts";

const { parseCall } = responsesFormat;

/** What a call to a server of the same dialect says, for what a caller said. */
function rendered(body: object): unknown {
  return JSON.parse(JSON.stringify(responsesDialect.body(parseCall({ model: "small", ...body }), "served")));
}

function refusal(body: object): { readonly code: string; readonly field: unknown; readonly message: string } {
  try {
    parseCall({ model: "small", input: "Hello", ...body });
  } catch (error) {
    assert.ok(error instanceof Failure);
    return { code: error.code, field: error.detail["field"], message: error.message };
  }
  return assert.fail("it was admitted");
}

const ending = { role: "user", content: "Go on" };

test("a request with every admitted field arrives at a server of the dialect field by field", () => {
  const body = {
    instructions: "Be brief.",
    input: [
      { role: "developer", content: "Speak French." },
      {
        role: "user",
        content: [
          { type: "input_text", text: "What is this?" },
          { type: "input_image", image_url: "data:image/png;base64,AAAA", detail: "low" },
        ],
      },
      {
        type: "reasoning",
        summary: [{ type: "summary_text", text: "A picture." }],
        encrypted_content: "gAAAAAB_x-1=",
      },
      { role: "assistant", content: "Let me look." },
      { type: "function_call", call_id: "call_1", name: "look", arguments: '{"at":1}' },
      { type: "function_call", call_id: "call_2", name: "find", namespace: "files", arguments: "{}" },
      { type: "function_call_output", call_id: "call_1", output: "A cat" },
      {
        type: "function_call_output",
        call_id: "call_2",
        output: [
          { type: "input_text", text: "found" },
          { type: "input_image", image_url: "data:image/jpeg;base64,BBBB", detail: "auto" },
        ],
      },
    ],
    tools: [
      {
        type: "function",
        name: "look",
        description: "Looks",
        parameters: { type: "object", properties: { at: { type: "number" } } },
        strict: true,
      },
      {
        type: "namespace",
        name: "files",
        description: "Files",
        tools: [{ type: "function", name: "find", parameters: { type: "object", properties: {} }, strict: false }],
      },
    ],
    tool_choice: { type: "function", name: "look" },
    parallel_tool_calls: false,
    max_output_tokens: 100,
    temperature: 0.5,
    top_p: 0.9,
    reasoning: { effort: "low", summary: "auto" },
    include: ["reasoning.encrypted_content"],
    text: {
      format: { type: "json_schema", name: "shape", schema: { type: "object" }, description: "A shape", strict: true },
      verbosity: "low",
    },
    safety_identifier: "user-1",
    stream: true,
  };
  assert.deepEqual(rendered(body), { ...body, model: "served", store: false });
});

test("a text as input is one message of the user, and an absent store is sent as false", () => {
  assert.deepEqual(rendered({ input: "Hello" }), {
    model: "served",
    input: [{ role: "user", content: "Hello" }],
    store: false,
    stream: false,
  });
});

test("the request that Codex sends is admitted", () => {
  const call = parseCall({
    model: "small",
    instructions: "You are Codex.",
    input: [
      { type: "message", role: "developer", content: [{ type: "input_text", text: "<permissions>" }] },
      { type: "message", role: "user", content: [{ type: "input_text", text: "List files" }] },
      { type: "reasoning", summary: [], encrypted_content: "gAAAA=" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Looking." }], phase: "commentary" },
      { type: "function_call", name: "exec_command", arguments: '{"cmd":"ls"}', call_id: "call_7" },
      { type: "function_call_output", call_id: "call_7", output: "README.md" },
    ],
    tools: [
      { type: "function", name: "exec_command", description: "Runs", strict: false, parameters: { type: "object" } },
    ],
    tool_choice: "auto",
    parallel_tool_calls: true,
    reasoning: null,
    store: false,
    stream: true,
    include: ["reasoning.encrypted_content"],
    prompt_cache_key: "thread-1",
    text: { verbosity: "medium" },
    client_metadata: { "x-codex-installation-id": "1" },
  });
  assert.deepEqual(
    call.turns.map(({ role, parts }) => [role, ...parts.map(({ kind }) => kind)]),
    [
      ["developer", "text"],
      ["user", "text"],
      ["assistant", "sealed", "text", "tool-call"],
      ["tool", "tool-result"],
    ],
  );
  assert.equal(call.stream, true);
  assert.ok(!JSON.stringify(responsesDialect.body(call, "served")).includes("thread-1"));
});

test("a word split over two parts or two messages of one turn is joined as the model will read it", () => {
  const parts = [
    { type: "input_text", text: "for" },
    { type: "input_text", text: "bidden" },
  ];
  const { turns } = parseCall({ model: "small", input: [{ role: "user", content: parts }] });
  assert.deepEqual(turns[0]?.parts, [{ kind: "text", text: "for\nbidden" }]);
});

test("an answer of ours can be given back as it came, with what the official client adds to it", () => {
  const { turns } = parseCall({
    model: "small",
    input: [
      { role: "user", content: "Hello" },
      {
        id: "rs_1",
        type: "reasoning",
        summary: [{ type: "summary_text", text: "Hm" }],
        encrypted_content: "AA==",
        status: "completed",
      },
      {
        id: "msg_1",
        type: "message",
        status: "completed",
        role: "assistant",
        content: [
          { type: "output_text", annotations: [], logprobs: [], text: "{}", parsed: {} },
          { type: "refusal", refusal: "No" },
        ],
      },
      {
        id: "fc_1",
        type: "function_call",
        status: "completed",
        call_id: "c",
        name: "f",
        arguments: "{}",
        parsed_arguments: {},
      },
      { type: "function_call_output", call_id: "c", output: "" },
    ],
  });
  assert.deepEqual(turns[1]?.parts, [
    { kind: "reasoning", text: "Hm", seal: "AA==" },
    { kind: "text", text: "{}" },
    { kind: "refusal", text: "No" },
    { kind: "tool-call", id: "c", name: "f", arguments: "{}" },
  ]);
});

test("every text of a request is among what the safeguards read", () => {
  const texts = callTexts(
    parseCall({
      model: "small",
      instructions: "t1",
      input: [
        { role: "system", content: "t2" },
        { type: "reasoning", content: [{ type: "reasoning_text", text: "t3" }] },
        { role: "assistant", content: [{ type: "refusal", refusal: "t4" }] },
        { type: "function_call", call_id: "c", name: "t5", namespace: "t12", arguments: "t6" },
        { type: "function_call_output", call_id: "c", output: [{ type: "input_text", text: "t7" }] },
      ],
      tools: [
        {
          type: "namespace",
          name: "n",
          description: "t8",
          tools: [{ type: "function", name: "t9", description: "t10" }],
        },
      ],
      text: { format: { type: "json_schema", name: "s", schema: { description: "t11" } } },
      user: "t13",
    }),
  ).join("\n");
  for (let n = 1; n <= 13; n += 1) assert.match(texts, new RegExp(`t${n}(?!\\d)`), `t${n}`);
});

test("what goes round the safeguards is refused as unsupported, by the name of the field", () => {
  const cases: readonly (readonly [object, string])[] = [
    [{ store: true }, "store"],
    [{ background: true }, "background"],
    [{ previous_response_id: "resp_1" }, "previous_response_id"],
    [{ conversation: "conv_1" }, "conversation"],
    [{ prompt: { id: "p" } }, "prompt"],
    [{ metadata: { a: "b" } }, "metadata"],
    [{ context_management: [{ type: "compaction" }] }, "context_management"],
    [{ truncation: "auto" }, "truncation"],
    [{ service_tier: "priority" }, "service_tier"],
    [{ top_logprobs: 2 }, "top_logprobs"],
    [{ max_tool_calls: 3 }, "max_tool_calls"],
    [{ moderation: {} }, "moderation"],
    ...Object.keys(roundaboutsAnywhere).map((field) => [{ [field]: "x" }, field] as const),
    [{ include: ["message.output_text.logprobs"] }, "include.0"],
    ...[
      "web_search",
      "file_search",
      "computer",
      "mcp",
      "code_interpreter",
      "image_generation",
      "tool_search",
      "shell",
    ].map((type) => [{ tools: [{ type }] }, "tools.0.type"] as const),
    [{ input: [{ type: "item_reference", id: "x" }, ending] }, "input.0.type"],
    [{ input: [{ type: "compaction", encrypted_content: "x" }, ending] }, "input.0.type"],
    [{ input: [{ type: "web_search_call", id: "x" }, ending] }, "input.0.type"],
    [{ input: [{ role: "user", content: [{ type: "input_file", file_id: "x" }] }] }, "input.0.content.0.type"],
    [{ input: [{ role: "user", content: [{ type: "input_image", file_id: "x" }] }] }, "input.0.content.0.file_id"],
    [
      { input: [{ role: "user", content: [{ type: "input_image", image_url: "https://x.example/a.png" }] }] },
      "input.0.content.0.image_url",
    ],
    [{ input: [ending, { role: "assistant", content: "Sure, " }] }, "input"],
  ];
  for (const [body, field] of cases) {
    assert.deepEqual(
      { ...refusal(body), message: "" },
      { code: "feature_unsupported", field, message: "" },
      JSON.stringify(body),
    );
  }
});

test("what clients send to say that a feature is not used is no reason to refuse", () => {
  const off = {
    store: false,
    background: false,
    previous_response_id: null,
    conversation: null,
    metadata: {},
    truncation: "disabled",
    service_tier: "auto",
    top_logprobs: 0,
    tools: [],
    tool_choice: null,
    reasoning: {},
    text: {},
    stream_options: { include_obfuscation: false },
  };
  assert.deepEqual(rendered({ input: "Hello", ...off }), rendered({ input: "Hello" }));
});

function said(content: string, phase: string): object {
  return { role: "assistant", content, phase };
}

test("words said on the way to an answer stay apart from the answer itself, and are sent on as such", () => {
  const input = [
    { role: "user", content: "Go" },
    said("One", "commentary"),
    said("Two", "commentary"),
    said("Done", "final_answer"),
    { role: "user", content: "More" },
  ];
  const call = parseCall({ model: "small", input });
  assert.deepEqual(call.turns[1]?.parts, [
    { kind: "text", text: "One\nTwo", phase: "commentary" },
    { kind: "text", text: "Done", phase: "final_answer" },
  ]);
  const { input: sent } = z.looseObject({ input: z.array(z.unknown()) }).parse(responsesDialect.body(call, "served"));
  assert.deepEqual(sent.slice(1, 3), [said("One\nTwo", "commentary"), said("Done", "final_answer")]);
});

test("who asks for sealed reasoning and says nothing else of it is given it, and no reasoning is asked for", () => {
  const include = ["reasoning.encrypted_content"];
  const body = responsesDialect.body(parseCall({ model: "small", input: "Hello", include }), "served");
  assert.deepEqual(body, {
    ...responsesDialect.body(parseCall({ model: "small", input: "Hello" }), "served"),
    include,
  });
});

test("what is not valid is named by its path, without what the caller wrote in it", () => {
  const secret = "s3cret words";
  const cases: readonly (readonly [object, string])[] = [
    [{ nonsense: secret }, "nonsense"],
    [{ [secret]: 1 }, "(unprintable)"],
    [{ Input: secret }, "Input"],
    [{ temperature: secret }, "temperature"],
    [{ input: [{ role: secret, content: "x" }] }, "input.0.role"],
    [{ input: [{ role: "user", content: "x", extra: secret }] }, "input.0.extra"],
    [
      { input: [{ role: "user", content: [{ type: "input_text", text: "x", extra: secret }] }] },
      "input.0.content.0.extra",
    ],
    [{ input: [{ type: "function_call_output", call_id: secret, output: "" }] }, "input.0.call_id"],
    [{ input: [{ type: "reasoning", encrypted_content: secret }, ending] }, "input.0.encrypted_content"],
    [{ input: [] }, "input"],
    [{ tools: [{ type: "function", name: secret }] }, "tools.0.name"],
    [{ tools: [{ type: "custom", name: "x" }] }, "tools.0.type"],
    [{ tools: [{ type: "function", name: "x", defer_loading: true }] }, "tools.0.defer_loading"],
    [{ tool_choice: { type: "web_search" } }, "tool_choice"],
    [{ text: { format: { type: "grammar", grammar: secret } } }, "text.format.type"],
    [{ reasoning: { effort: secret } }, "reasoning.effort"],
    [{ user: "a", safety_identifier: "b" }, "user"],
  ];
  for (const [body, field] of cases) {
    const told = refusal(body);
    assert.deepEqual([told.code, told.field], ["request_invalid", field], JSON.stringify(body));
    assert.ok(!told.message.includes(secret), told.message);
  }
});

test("two tools of one name, and two calls of one id, are refused", () => {
  const tool = { type: "function", name: "a__b" };
  const grouped = { type: "namespace", name: "a", tools: [{ type: "function", name: "b" }] };
  assert.equal(refusal({ tools: [tool, grouped] }).field, "tools");
  const call = { type: "function_call", call_id: "c", name: "f", arguments: "" };
  assert.equal(refusal({ input: [call, call, ending] }).field, "input");
});

test("the document's own words stay first and the caller's instructions stand apart from them", () => {
  const call = { ...parseCall({ model: "small", instructions: "Mine", input: "Hello" }), preamble: "Ours" };
  assert.deepEqual(responsesDialect.body(call, "served"), {
    model: "served",
    instructions: "Ours",
    input: [
      { role: "system", content: "Mine" },
      { role: "user", content: "Hello" },
    ],
    store: false,
    stream: false,
  });
});

test("what Responses has no field for is refused by name and not dropped", () => {
  const call = parseCall({ model: "small", input: "Hello" });
  assert.equal(responsesDialect.lacks(call), undefined);
  assert.equal(responsesDialect.lacks({ ...call, stop: ["x"] }), "stop");
  assert.equal(responsesDialect.lacks({ ...call, choices: 2 }), "choices");
  assert.equal(responsesDialect.lacks({ ...call, sampling: { seed: 1 } }), "seed");
  assert.equal(responsesDialect.lacks({ ...call, sampling: { topK: 1 } }), "topK");
  assert.equal(responsesDialect.lacks({ ...call, turns: [{ role: "user", name: "Ada", parts: [] }] }), "turns");
});

test("an answer of thousands of items is one turn, and its texts are one", () => {
  const pieces = Array.from({ length: 6_000 }, (_, at) => ({ role: "assistant", content: String(at) }));
  const { turns } = parseCall({ model: "small", input: [{ role: "user", content: "Count." }, ...pieces, ending] });
  assert.deepEqual(
    turns.map(({ role, parts }) => [role, parts.length]),
    [
      ["user", 1],
      ["assistant", 1],
      ["user", 1],
    ],
  );
});

test("an item of the assistant's that says nothing still stands where an answer may not be prefilled", () => {
  assert.equal(refusal({ input: [ending, { role: "assistant", content: [] }] }).field, "input");
});
