import assert from "node:assert/strict";
import { test } from "node:test";
import { callInWords } from "./review-words.ts";

const callOf = (turns: readonly object[], more: object = {}): string =>
  JSON.stringify({ preamble: "", instructions: "", turns, ...more });
const user = (text: string): object => ({ role: "user", parts: [{ kind: "text", text }] });

test("who said what stands in its order, with the document's prompt, instructions and everything else of the call", () => {
  const call = callOf([user("first"), { role: "assistant", parts: [{ kind: "text", text: "second" }] }], {
    preamble: "be kind",
    instructions: "be brief",
    tools: [{ name: "look" }],
  });
  assert.equal(
    callInWords(call),
    'system prompt of the model\'s document: be kind\n\ninstructions: be brief\n\nuser: first\n\nassistant: second\n\nwith: {"tools":[{"name":"look"}]}',
  );
});

test("what is not plain text is shown with its kind, and nothing of it is left out", () => {
  const parts = [
    { kind: "tool-call", id: "c1", name: "look", arguments: '{"q":"hidden words"}' },
    { kind: "text", text: "said", phase: "commentary" },
    { kind: "tool-result", id: "c1", parts: [{ kind: "text", text: "found words" }], isError: false },
  ];
  const said = callInWords(callOf([{ role: "assistant", parts }]));
  for (const words of ["hidden words", "said", "commentary", "found words"]) assert.ok(said.includes(words), words);
});

test("characters that move the cursor, hide or reorder text are shown by their numbers, and others are left alone", () => {
  const said = callInWords(callOf([user("a\u001b[2Jb\u202ec\u200bd\u{e0041}e\r\u0000f\n\tgrüße 你好 🙂")]));
  assert.ok(said.startsWith("user: a\\u{1b}[2Jb\\u{202e}c\\u{200b}d\\u{e0041}e\\u{d}\\u{0}f\n\tgrüße 你好 🙂"), said);
});

test("a call of another form is shown as it is", () => {
  assert.equal(callInWords("not JSON\u0007"), "not JSON\\u{7}");
  assert.equal(callInWords('{"input":["to embed"]}'), '{"input":["to embed"]}');
});
