// A Model's fallback is looked at when it is applied: one that names no model would be found out on the day it is needed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, documentsText, dropFolder, initialise, openDesk, resolved } from "./control-desk.ts";

const other = `kind: Model
name: larger
upstream: { dialect: openai-chat, url: "http://127.0.0.1:9001/v1", model: other-name }
identity: { basis: declared }
`;

test("a fallback that nobody applied is refused by name; beside it, before it, and each for the other it is taken", async () => {
  const desk = await openDesk();
  try {
    const owner = await initialise(desk);
    const falling = documentsText().replace("systemPrompt:", "fallback: [larger]\nsystemPrompt:");
    await assert.rejects(apply(desk, owner, resolved(falling)), /document_invalid.*Model small names .*larger/);
    assert.equal(desk.control.state.documents.get("Model")?.size ?? 0, 0);
    await apply(desk, owner, resolved(`${other}fallback: [small]\n---\n${falling}`));
    await apply(desk, owner, resolved(falling));
  } finally {
    await desk.close();
    dropFolder(desk.folder);
  }
});
