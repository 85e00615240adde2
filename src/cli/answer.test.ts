// What a verb leaves on the terminal.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../terms/failure.ts";
import { showFailure } from "./answer.ts";

test("a failure steers no terminal, whatever the things that it names are called, and keeps its lines", () => {
  let told = "";
  const context = {
    tell: (text: string): void => {
      told += text;
    },
    leave: (): void => undefined,
  };
  showFailure(
    new Failure("document_invalid", "The id \u001b[2J\u202ea stands there twice.\nTake one out."),
    false,
    context,
  );
  assert.equal(told, "headgate: The id \\u{1b}[2J\\u{202e}a stands there twice.\nTake one out.\n");
});
