// What is set aside for a prompt is never less than what it comes to, whatever its characters and wherever they stand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Call, callTexts } from "./call.ts";
import { messagesFormat } from "./messages/messages.ts";
import { promptChars, promptTokensMax, tokensAbout, tokensMax } from "./prompt-size.ts";

const base = { model: "small", max_tokens: 10 };
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };

function callOf(content: unknown, more: object = {}): Call {
  return messagesFormat.parseCall({ ...base, messages: [{ role: "user", content }], ...more });
}

function tokensOf(call: Call): number {
  return promptTokensMax(call, callTexts(call));
}

test("a character counts as many tokens as a tokenizer may cut it into", () => {
  // Letters of words share tokens; digits and marks have their own; what is rare is cut into its bytes.
  assert.equal(tokensMax("two words"), 5);
  assert.equal(tokensMax("1234+5"), 6);
  assert.equal(tokensMax("привет"), 6);
  assert.equal(tokensMax("你好"), 3);
  for (const rare of ["\ue000\ue001", "☃☄", "😀👍", "\u{20000}\u{20001}"]) {
    assert.equal(tokensMax(rare), Buffer.byteLength(rare), rare);
  }
});

test("pictures count wherever they stand, in results of tools too", () => {
  const inMessage = tokensOf(callOf([{ type: "text", text: "Look." }, image]));
  const result = { type: "tool_result", tool_use_id: "t", content: [{ type: "text", text: "Look." }, image] };
  assert.equal(inMessage - tokensOf(callOf("Look.")), 2_000);
  assert.equal(tokensOf(callOf([result])), inMessage);
});

function sealed(data: string): Call {
  return messagesFormat.parseCall({
    ...base,
    messages: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: [{ type: "redacted_thinking", data }] },
      { role: "user", content: "Go on" },
    ],
  });
}

test("sealed reasoning counts by its length", () => {
  assert.equal(tokensOf(sealed("A".repeat(4_004))) - tokensOf(sealed("A".repeat(4))), 1_000);
});

test("JSON counts as it is sent, with its marks, and not as the words that the safeguards are given", () => {
  const schema = { type: "object", properties: { town: { type: "string", description: "Where" } } };
  const withTool = callOf("Hello", { tools: [{ name: "weather", input_schema: schema }] });
  assert.ok(promptChars(withTool, callTexts(withTool)) > JSON.stringify(schema).length + "Hello".length);
  const called = messagesFormat.parseCall({
    ...base,
    messages: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: [{ type: "tool_use", id: "t", name: "weather", input: { a: [[[[1, 2, 3]]]] } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "ok" }] },
    ],
  });
  const sent = `Helloweather${JSON.stringify({ a: [[[[1, 2, 3]]]] })}ok`;
  assert.equal(promptChars(called, callTexts(called)), sent.length);
});

test("an answer that nobody counted is guessed by its script: not a quarter of a token for each Chinese character", () => {
  assert.equal(tokensAbout("four chars a token, about"), 7);
  assert.equal(tokensAbout("你好世界"), 4);
});
