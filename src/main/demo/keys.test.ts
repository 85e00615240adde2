// Keys and typed lines, from bytes as a terminal in raw mode sends them.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { type KeyInput, openKeys } from "./keys.ts";

interface Terminal {
  readonly input: KeyInput;
  readonly type: (text: string) => void;
  readonly modes: readonly boolean[];
}

function terminal(): Terminal {
  const bytes = new EventEmitter<{ data: [Buffer] }>();
  const modes: boolean[] = [];
  const input: KeyInput = {
    isTTY: true,
    on: (event, listener) => bytes.on(event, listener),
    off: (event, listener) => bytes.off(event, listener),
    setRawMode: (isRaw) => modes.push(isRaw),
    resume: () => undefined,
    pause: () => undefined,
  };
  return { input, type: (text) => bytes.emit("data", Buffer.from(text)), modes };
}

test("a key is heard by whoever waits for it, whatever its case, and by nobody else", async () => {
  const { input, type } = terminal();
  const keys = openKeys(input, () => undefined);
  const waited = keys.next(["u", "enter"]);
  type("x");
  type("U");
  assert.equal(await waited, "u");
  const enter = keys.next(["enter"]);
  type("\r");
  assert.equal(await enter, "enter");
});

test("a line is shown as it is typed, corrected, pasted, and ends at Enter", async () => {
  const { input, type } = terminal();
  const keys = openKeys(input, () => undefined);
  const shown: string[] = [];
  const line = keys.line((typed) => shown.push(typed));
  type("h");
  type("x");
  type("\u007F");
  type("\u001B[D");
  type("ttps://example.org/a.gguf\r");
  assert.equal(await line, "https://example.org/a.gguf");
  assert.deepEqual(shown, ["", "h", "hx", "h"]);
});

test("Ctrl-C interrupts, also in the middle of a line, and a line that nobody waits for any more is over", async () => {
  const { input, type, modes } = terminal();
  let interrupts = 0;
  const keys = openKeys(input, () => {
    interrupts += 1;
  });
  const over = new AbortController();
  const line = keys.line(() => undefined, over.signal);
  type("abc");
  type("\u0003");
  assert.equal(interrupts, 1);
  over.abort();
  await assert.rejects(line);
  keys.close();
  type("\u0003");
  assert.equal(interrupts, 1);
  assert.deepEqual(modes, [true, false]);
});
