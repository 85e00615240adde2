// Requests in Anthropic's format: what is admitted arrives unchanged at a server of the same format, everything else is
// named in the error.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Failure } from "../../terms/failure.ts";
import { roundaboutsAnywhere } from "../admitting.ts";
import { parseCall, parseCount } from "./parse-call.ts";
import { lacks, renderCall, renderCount } from "./render-call.ts";

const base = { model: "small", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] };

function there(body: object): unknown {
  const call = parseCall({ ...body });
  assert.equal(lacks(call), undefined);
  return renderCall(call, "server-model");
}

function failureOf(body: object, parse: (raw: Readonly<Record<string, unknown>>) => unknown = parseCall): Failure {
  try {
    parse({ ...body });
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it was admitted");
}

const picture = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
const weather = { name: "weather", description: "Says the weather.", input_schema: { type: "object", properties: {} } };
const full = {
  ...base,
  system: "Be brief.",
  messages: [
    { role: "user", content: [{ type: "text", text: "Look." }, picture] },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "A picture.", signature: "c2ln" },
        { type: "redacted_thinking", data: "ZGF0YQ==" },
        { type: "text", text: "I ask." },
        { type: "tool_use", id: "toolu_1", name: "weather", input: { town: "Bern", days: [1, 2] } },
        { type: "tool_use", id: "toolu_2", name: "weather", input: {} },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "toolu_1", content: "Rain." },
        {
          type: "tool_result",
          tool_use_id: "toolu_2",
          content: [{ type: "text", text: "It" }, picture],
          is_error: true,
        },
        { type: "text", text: "And now?" },
      ],
    },
    { role: "system", content: "Answer in German." },
    { role: "user", content: "Go on." },
  ],
  tools: [{ ...weather, strict: true }],
  tool_choice: { type: "any", disable_parallel_tool_use: true },
  temperature: 0.5,
  top_p: 0.9,
  top_k: 40,
  stop_sequences: ["END"],
  thinking: { type: "adaptive", display: "summarized" },
  output_config: { effort: "max", format: { type: "json_schema", schema: { type: "object" } } },
  metadata: { user_id: "u-1" },
  stream: true,
};

test("a request with every admitted field arrives at a server of the same format as it was sent", () => {
  assert.deepEqual(there(full), { ...full, model: "server-model" });
});

test("each way to think, to choose a tool and to ask for effort arrives as it was sent", () => {
  const tools = [weather];
  const bodies = [
    { thinking: { type: "enabled", budget_tokens: 1_024, display: "omitted" }, max_tokens: 2_000 },
    { thinking: { type: "enabled", budget_tokens: 1_500 }, max_tokens: 2_000 },
    { thinking: { type: "disabled" } },
    { thinking: { type: "disabled" }, output_config: { effort: "low" } },
    { thinking: { type: "between_tools" } },
    { thinking: { type: "adaptive" } },
    { output_config: { effort: "high" } },
    { tools, tool_choice: { type: "auto" } },
    { tools, tool_choice: { type: "auto", disable_parallel_tool_use: false } },
    { tools, tool_choice: { type: "none" } },
    { tools, tool_choice: { type: "tool", name: "weather", disable_parallel_tool_use: true } },
    { tools },
  ];
  for (const body of bodies) assert.deepEqual(there({ ...base, ...body }), { ...base, ...body, model: "server-model" });
});

test("texts that stand beside each other become one, markers and empty slots are left out", () => {
  const marker = { type: "ephemeral", ttl: "1h" };
  const sent = {
    ...base,
    cache_control: marker,
    system: [
      { type: "text", text: "One.", cache_control: marker },
      { type: "text", text: "Two." },
    ],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "Ex" },
          { type: "text", text: "" },
          { type: "text", text: "ploit", citations: null, cache_control: null },
        ],
      },
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: {}, caller: { type: "direct" } }],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", cache_control: marker }] },
    ],
    tools: [{ ...weather, type: "custom", cache_control: marker, eager_input_streaming: true, defer_loading: false }],
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    service_tier: null,
    container: null,
  };
  assert.deepEqual(there(sent), {
    model: "server-model",
    max_tokens: 100,
    system: "One.\nTwo.",
    messages: [
      { role: "user", content: "Ex\nploit" },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1" }] },
    ],
    tools: [weather],
  });
});

test("what would go round the safeguards is refused as unsupported, by its field", () => {
  const user = (...content: object[]): object => ({ ...base, messages: [{ role: "user", content }] });
  const cases: readonly (readonly [object, string])[] = [
    [{ ...base, container: "c" }, "container"],
    [{ ...base, mcp_servers: [] }, "mcp_servers"],
    [{ ...base, service_tier: "auto" }, "service_tier"],
    [{ ...base, thread: { id: "t" } }, "thread"],
    [{ ...base, fallbacks: [{ model: "other" }] }, "fallbacks"],
    [{ ...base, speed: "fast" }, "speed"],
    ...Object.keys(roundaboutsAnywhere).map((field) => [{ ...base, [field]: "x" }, field] as const),
    [{ ...base, context_management: { edits: [{ type: "clear_tool_uses_20250919" }] } }, "context_management"],
    [{ ...base, tools: [{ type: "web_search_20250305", name: "web_search", max_uses: 2 }] }, "tools.0.type"],
    [{ ...base, tools: [{ type: "bash_20250124", name: "bash" }] }, "tools.0.type"],
    [{ ...base, tools: [{ ...weather, defer_loading: true }] }, "tools.0.defer_loading"],
    [{ ...base, tools: [{ ...weather, allowed_callers: ["code_execution_20250825"] }] }, "tools.0.allowed_callers"],
    [user({ type: "image", source: { type: "url", url: "https://example.com/a.png" } }), "messages.0.content.0.source"],
    [user({ type: "image", source: { type: "file", file_id: "f" } }), "messages.0.content.0.source.type"],
    [user({ type: "document", source: {} }), "messages.0.content.0.type"],
    [user({ type: "search_result" }), "messages.0.content.0.type"],
    [
      {
        ...base,
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "{" },
        ],
      },
      "messages",
    ],
    [
      {
        ...base,
        messages: [
          { role: "assistant", content: [{ type: "server_tool_use", id: "s", name: "web_search", input: {} }] },
          { role: "user", content: "a" },
        ],
      },
      "messages.0.content.0.type",
    ],
  ];
  for (const [body, field] of cases) {
    const { code, detail } = failureOf(body);
    assert.equal(code, "feature_unsupported", JSON.stringify(body));
    assert.ok(String(detail["field"]).startsWith(field), `${String(detail["field"])} is not ${field}`);
  }
});

test("what is not admitted is named, and never what stands in it", () => {
  const user = (...content: object[]): object => ({ ...base, messages: [{ role: "user", content }] });
  const cases: readonly (readonly [object, string])[] = [
    [{ ...base, n: 2 }, "n"],
    [{ ...base, betas: ["x"] }, "betas"],
    [{ ...base, Model: "secret words" }, "Model"],
    [{ ...base, "secret words": 1 }, "(unprintable)"],
    [{ ...base, max_tokens: 0 }, "max_tokens"],
    [{ ...base, max_tokens: 1.5 }, "max_tokens"],
    [{ model: "small", messages: base.messages }, "max_tokens"],
    [{ ...base, messages: [] }, "messages"],
    [{ ...base, messages: [{ role: "tool", content: "secret words" }] }, "messages.0.role"],
    [{ ...base, messages: [{ role: "user", content: "" }] }, "messages.0.content"],
    [{ ...base, messages: [{ role: "user", content: "a", name: "secret words" }] }, "messages.0.name"],
    [user({ type: "text", text: 3 }), "messages.0.content.0.text"],
    [user({ type: "secret words" }), "messages.0.content.0.type"],
    [user({ type: "text", text: "a", citations: [{}] }), "messages.0.content.0.citations"],
    [user({ type: "thinking", thinking: "a", signature: "" }), "messages.0.content.0.type"],
    [user({ type: "text", text: "a" }, { type: "tool_result", tool_use_id: "t" }), "messages.0.content"],
    [user({ type: "tool_result", tool_use_id: "secret words" }), "messages.0.content.0.tool_use_id"],
    [{ ...base, system: 3 }, "system"],
    [{ ...base, thinking: { type: "enabled", budget_tokens: 10 } }, "thinking.budget_tokens"],
    [{ ...base, thinking: { type: "enabled", budget_tokens: 2_000 } }, "thinking.budget_tokens"],
    [{ ...base, tools: [{ name: "secret words", input_schema: {} }] }, "tools.0.name"],
    [{ ...base, tools: [{ ...weather, input_examples: [] }] }, "tools.0.input_examples"],
    [{ ...base, stop_sequences: [""] }, "stop_sequences.0"],
    [{ ...base, output_config: { effort: "secret words" } }, "output_config.effort"],
    [{ ...base, output_config: { task_budget: 1 } }, "output_config.task_budget"],
    [{ ...base, metadata: { note: "secret words" } }, "metadata.note"],
  ];
  for (const [body, field] of cases) {
    const { code, detail, message } = failureOf(body);
    assert.equal(code, "request_invalid", JSON.stringify(body));
    assert.equal(detail["field"], field);
    assert.doesNotMatch(message, /secret words/);
  }
  assert.equal(failureOf({ ...base, model: "Not A Name" }).code, "model_unknown");
});

test("a body of any kind is parsed or refused, never another error", () => {
  const fields = [...Object.keys(full), "container", "constructor"];
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom<unknown>(...Object.values(full)));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 6 }), (changes) => {
      try {
        parseCall({ ...full, ...changes });
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    }),
    { seed: 5, numRuns: 3_000 },
  );
});

test("a count takes the parts that are counted and refuses the rest by name", () => {
  const { max_tokens: _max, temperature: _t, top_p: _p, top_k: _k, stop_sequences: _s, ...rest } = full;
  const { metadata: _m, stream: _stream, ...countable } = rest;
  assert.deepEqual(renderCount(parseCount(countable), "server-model"), { ...countable, model: "server-model" });
  const { model, messages } = base;
  assert.deepEqual(renderCount(parseCount({ model, messages }), "m"), { model: "m", messages });
  assert.equal(failureOf(base, parseCount).detail["field"], "max_tokens");
});

test("a body that is wrong in thousands of places is refused for one of them", () => {
  const wrong = { role: "user", content: [{ type: "text", text: 1 }] };
  const failure = failureOf({ ...base, messages: Array.from({ length: 3_000 }, () => wrong) });
  assert.equal(failure.code, "request_invalid");
  assert.equal(failure.detail["field"], "messages.0.content.0.text");
});
