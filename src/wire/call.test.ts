// What the safeguards are given of a call: every place in which a caller could put a sentence, and nothing that hides it there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { callTexts } from "./call.ts";
import { chatFormat } from "./chat/chat.ts";

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
