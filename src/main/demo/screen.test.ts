import assert from "node:assert/strict";
import { test } from "node:test";
import { type Screen, openScreen } from "./screen.ts";

interface Shown {
  readonly screen: Screen;
  readonly text: () => string;
}

function shownOn(options: { isTerminal: boolean; hasColour: boolean; columns: number }): Shown {
  let text = "";
  let nowMs = 0;
  const screen = openScreen({
    ...options,
    columns: () => options.columns,
    write: (part) => {
      text += part;
    },
    nowMs: () => {
      nowMs += 1_000;
      return nowMs;
    },
  });
  return { screen, text: () => text };
}

test("paragraphs and streamed answers stay narrower than the window, word by word", () => {
  const { screen, text } = shownOn({ isTerminal: false, hasColour: false, columns: 34 });
  screen.say("The gate opens only as far as the evidence for its safeguards reaches, and not a step further.");
  for (const part of ["A lock li", "fts boats from one lev", "el of a canal to an", "other.\nThen it closes."])
    screen.stream(part);
  screen.endStream();
  assert.deepEqual(
    text()
      .split("\n")
      .filter((line) => line.length >= 34),
    [],
  );
  assert.match(text(), /\n {2}\| Then it closes\.\n$/);
});

test("a log file gets neither colours nor lines written over, and a live line only now and then", () => {
  const { screen, text } = shownOn({ isTerminal: false, hasColour: false, columns: 80 });
  screen.good("passed");
  for (let at = 0; at < 25; at++) screen.live(`bound ${at}`);
  screen.endLive();
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  assert.doesNotMatch(text(), /[\r\u001B]/);
  assert.deepEqual(
    text()
      .split("\n")
      .filter((line) => line.startsWith("bound")).length < 8,
    true,
  );
  assert.match(text(), /bound 24\n$/);
});

test("on a terminal a live line is written over, cut at the window, and gone before the next paragraph", () => {
  const { screen, text } = shownOn({ isTerminal: true, hasColour: true, columns: 40 });
  screen.live("x".repeat(100));
  screen.say("next");
  assert.equal(text(), `\r\u001B[K${"x".repeat(39)}\r\u001B[Knext\n`);
});
