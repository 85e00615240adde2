// Calls that came in other formats, rendered for a server of Anthropic's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "../../terms/ids.ts";
import type { Call, CallField, Turn } from "../call.ts";
import { lacks, renderCall } from "./render-call.ts";

const hello: Turn = { role: "user", parts: [{ kind: "text", text: "Hello" }] };

function callOf(changes: Partial<Call>): Call {
  return {
    model: Name.parse("small"),
    preamble: "",
    instructions: "",
    turns: [hello],
    tools: [],
    outputTokensMax: 100,
    sampling: {},
    choices: 1,
    stop: [],
    stream: false,
    isUsageAsked: false,
    ...changes,
  };
}

function rendered(changes: Partial<Call>): unknown {
  const call = callOf(changes);
  assert.equal(lacks(call), undefined);
  return renderCall(call, "m");
}

const plain = { model: "m", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] };

function text(value: string): object {
  return { type: "text", text: value };
}

test("the document's words come first, then the caller's, each a block of its own", () => {
  const system: Turn = { role: "developer", parts: [{ kind: "text", text: "Three." }] };
  assert.deepEqual(rendered({ preamble: "One.", instructions: "Two.", turns: [system, hello] }), {
    ...plain,
    system: [text("One."), text("Two."), text("Three.")],
  });
  assert.deepEqual(rendered({ preamble: "One." }), { ...plain, system: "One." });
});

test("results of parallel tool calls, one turn each, stand in one message with what the user says after them", () => {
  const turns: readonly Turn[] = [
    hello,
    {
      role: "assistant",
      parts: [
        { kind: "tool-call", id: "call_1", name: "a", arguments: '{"x":1}' },
        { kind: "tool-call", id: "call.2", name: "a", arguments: "" },
      ],
    },
    {
      role: "tool",
      parts: [{ kind: "tool-result", id: "call_1", parts: [{ kind: "text", text: "1" }], isError: false }],
    },
    { role: "tool", parts: [{ kind: "tool-result", id: "call.2", parts: [], isError: false }] },
    { role: "user", parts: [{ kind: "text", text: "Now?" }] },
    { role: "user", parts: [{ kind: "text", text: "Hm?" }] },
  ];
  assert.deepEqual(rendered({ turns }), {
    ...plain,
    messages: [
      { role: "user", content: "Hello" },
      {
        role: "assistant",
        content: [
          { type: "tool_use", id: "call_1", name: "a", input: { x: 1 } },
          { type: "tool_use", id: "toolu_x63616c6c2e32", name: "a", input: {} },
        ],
      },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "call_1", content: "1" },
          { type: "tool_result", tool_use_id: "toolu_x63616c6c2e32" },
          { type: "text", text: "Now?" },
        ],
      },
      { role: "user", content: "Hm?" },
    ],
  });
});

test("an effort of a format without a switch for thinking asks for thinking", () => {
  assert.deepEqual(rendered({ reasoning: { effort: "minimal" } }), {
    ...plain,
    thinking: { type: "adaptive" },
    output_config: { effort: "low" },
  });
  assert.deepEqual(rendered({ reasoning: { effort: "high", summary: "concise" } }), {
    ...plain,
    thinking: { type: "adaptive", display: "summarized" },
    output_config: { effort: "high" },
  });
  assert.deepEqual(rendered({ reasoning: { effort: "none" } }), { ...plain, thinking: { type: "disabled" } });
});

test("a budget for thinking stays below what a restriction left of the answer", () => {
  const reasoning = { mode: "enabled", tokensMax: 4_000 } as const;
  assert.deepEqual(rendered({ reasoning, outputTokensMax: 2_000 }), {
    ...plain,
    max_tokens: 2_000,
    thinking: { type: "enabled", budget_tokens: 1_999 },
  });
  assert.deepEqual(rendered({ reasoning }), { ...plain, thinking: { type: "disabled" } });
});

test("what the format cannot say is named before anything is sent", () => {
  const cases: readonly (readonly [Partial<Call>, CallField])[] = [
    [{ choices: 2 }, "choices"],
    [{ sampling: { temperature: 1.5 } }, "temperature"],
    [{ sampling: { presencePenalty: 1 } }, "presencePenalty"],
    [{ sampling: { frequencyPenalty: -1 } }, "frequencyPenalty"],
    [{ sampling: { seed: 0 } }, "seed"],
    [{ verbosity: "low" }, "verbosity"],
    [{ output: { kind: "json" } }, "output"],
    [{ output: { kind: "json-schema", name: "x", description: "d", schema: {} } }, "output"],
    [{ tools: [{ name: "a.b" }] }, "tools"],
    [{ turns: [{ ...hello, name: "ada" }] }, "turns"],
    [{ turns: [] }, "turns"],
    [{ turns: [{ role: "system", parts: [{ kind: "text", text: "a" }] }] }, "turns"],
    [{ turns: [{ role: "user", parts: [] }] }, "turns"],
    [
      { turns: [{ role: "assistant", parts: [{ kind: "tool-call", id: "c", name: "a", arguments: "[1" }] }, hello] },
      "turns",
    ],
    [
      { turns: [{ role: "user", parts: [{ kind: "image", mediaType: "image/png", data: "AAAA", detail: "low" }] }] },
      "images",
    ],
  ];
  for (const [changes, field] of cases) assert.equal(lacks(callOf(changes)), field);
});
