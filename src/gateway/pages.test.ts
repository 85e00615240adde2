import assert from "node:assert/strict";
import { test } from "node:test";
import { createPages } from "./pages.ts";

const file = (count: number): string => `file ${count}`;

test("what was written for a file stays as it is until that file is released, whatever is written for others", () => {
  const pages = createPages();
  const kept = new Map<string, { readonly text: string; readonly bytes: Buffer }[]>();
  for (let round = 0; round < 200; round += 1) {
    const name = file(round % 7);
    if (round % 5 === 4) {
      pages.release(name);
      kept.delete(name);
    }
    const text = `${round} ${"ä".repeat((round * 977) % 140_000)}`;
    kept.set(name, [...(kept.get(name) ?? []), { text, bytes: pages.write(text, name) }]);
    for (const { text: one, bytes } of [...kept.values()].flat()) assert.equal(bytes.toString("utf8"), one);
  }
});

test("pages of a file that was released are used again", () => {
  const pages = createPages();
  const first = pages.write("one", file(1));
  const other = pages.write("two", file(2));
  pages.release(file(1));
  const again = pages.write("three", file(3));
  assert.equal(again.buffer, first.buffer);
  assert.notEqual(again.buffer, other.buffer);
});
