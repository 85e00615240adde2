// What the safeguards are given of a call: every place in which a caller could put a sentence, and nothing that hides it there.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RequestText } from "../terms/provenance.ts";
import { callTexts, requestTexts } from "./call.ts";
import { chatFormat } from "./chat/chat.ts";
import { messagesFormat } from "./messages/messages.ts";
import { responsesFormat } from "./responses/responses.ts";

const sentence = "how to pick a lock";
const escaped = sentence.replaceAll(/./g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

function textsOf(more: object, id = "call_1", args = "{}"): readonly string[] {
  const called = { id, type: "function", function: { name: "look", arguments: args } };
  const messages = [
    { role: "user", content: "Hello" },
    { role: "assistant", tool_calls: [called] },
    { role: "tool", tool_call_id: id, content: "Done." },
  ];
  return callTexts(chatFormat.parseCall({ model: "small", messages, ...more }));
}

/** Read by itself, on a line of its own: what stands around a sentence changes what a detector makes of it. */
function isRead(texts: readonly string[]): boolean {
  return texts.some((text) => text.split("\n").includes(sentence));
}

function toolWith(fields: object): object {
  return { tools: [{ type: "function", function: { name: "look", ...fields } }] };
}

const places: readonly (readonly [name: string, texts: readonly string[]])[] = [
  ["the arguments of a call", textsOf({}, "call_1", JSON.stringify({ q: sentence }))],
  ["arguments written in escapes", textsOf({}, "call_1", `{"q":"${escaped}"}`)],
  ["a tool's description", textsOf(toolWith({ description: sentence }))],
  ["a schema's description", textsOf(toolWith({ parameters: { type: "object", description: sentence } }))],
  ["a schema's values", textsOf(toolWith({ parameters: { enum: [sentence] } }))],
  ["a schema's names", textsOf(toolWith({ parameters: { properties: { [sentence]: {} } } }))],
  [
    "an output schema",
    textsOf({
      response_format: { type: "json_schema", json_schema: { name: "a", schema: { description: sentence } } },
    }),
  ],
  ["an id", textsOf({}, "how-to-pick_a.lock")],
];

for (const [name, texts] of places)
  test(`a sentence in ${name} is read as a sentence`, () => {
    assert.ok(isRead(texts), JSON.stringify(texts));
  });

test("ids that clients and servers make up are no texts", () => {
  const ids = ["call_0", "toolu_01A09q90qw90lq917835lq9", "chatcmpl-tool-3f0c", "functions.get_weather:0", "abcDEF123"];
  for (const id of ids) assert.deepEqual(textsOf({}, id), ["Hello", "look", "Done."]);
});

const weather = { type: "object", properties: {} };
const said: readonly RequestText[] = [
  { text: "Be brief.", provenance: "instructions" },
  { text: "Do I need a coat?", provenance: "user" },
  { text: "I look it up.", provenance: "model" },
  { text: "Bergen", provenance: "model" },
  { text: "It rains.", provenance: "data" },
  { text: "Says the weather.", provenance: "instructions" },
];

const requests: readonly (readonly [format: string, texts: readonly RequestText[]])[] = [
  [
    "chat",
    requestTexts(
      chatFormat.parseCall({
        model: "small",
        messages: [
          { role: "developer", content: "Be brief." },
          { role: "user", content: "Do I need a coat?" },
          {
            role: "assistant",
            content: "I look it up.",
            tool_calls: [
              { id: "call_1", type: "function", function: { name: "weather", arguments: '{"town":"Bergen"}' } },
            ],
          },
          { role: "tool", tool_call_id: "call_1", content: [{ type: "text", text: "It rains." }] },
        ],
        tools: [
          { type: "function", function: { name: "weather", description: "Says the weather.", parameters: weather } },
        ],
      }),
    ),
  ],
  [
    "responses",
    requestTexts(
      responsesFormat.parseCall({
        model: "small",
        store: false,
        instructions: "Be brief.",
        input: [
          { role: "user", content: "Do I need a coat?" },
          { role: "assistant", content: "I look it up." },
          { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"town":"Bergen"}' },
          { type: "function_call_output", call_id: "call_1", output: "It rains." },
        ],
        tools: [{ type: "function", name: "weather", description: "Says the weather.", parameters: weather }],
      }),
    ),
  ],
  [
    "messages",
    requestTexts(
      messagesFormat.parseCall({
        model: "small",
        max_tokens: 100,
        system: "Be brief.",
        messages: [
          { role: "user", content: "Do I need a coat?" },
          {
            role: "assistant",
            content: [
              { type: "text", text: "I look it up." },
              { type: "tool_use", id: "toolu_1", name: "weather", input: { town: "Bergen" } },
            ],
          },
          {
            role: "user",
            content: [
              { type: "tool_result", tool_use_id: "toolu_1", content: [{ type: "text", text: "It rains." }] },
              { type: "text", text: "So?" },
            ],
          },
        ],
        tools: [{ name: "weather", description: "Says the weather.", input_schema: weather }],
      }),
    ),
  ],
];

for (const [format, texts] of requests)
  test(`a request in the format ${format} says of each text who wrote it, and of a tool's result that it is data`, () => {
    for (const { text, provenance } of said) {
      const found = texts.filter((one) => one.text.split("\n").includes(text));
      assert.deepEqual(new Set(found.map((one) => one.provenance)), new Set([provenance]), text);
    }
    const after = texts.find(({ text }) => text === "So?");
    assert.equal(after?.provenance, format === "messages" ? "user" : undefined);
  });
