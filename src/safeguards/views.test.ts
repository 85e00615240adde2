// The two views of a text and the windows they look through.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ngramsOf } from "./ngrams.ts";
import { wholeWindows } from "./windows.ts";
import { wordPieces } from "./wordpiece.ts";

const vocabulary = ["[PAD]", "[UNK]", "un", "##aff", "##able", "able", "!", "don", "'", "t", "中"];

test("words are cut into the longest pieces known, punctuation stands alone", () => {
  const { idsOf } = wordPieces(vocabulary, 1);
  assert.deepEqual(idsOf("unaffable able!", 20), [2, 3, 4, 5, 6]);
  assert.deepEqual(idsOf("don't", 20), [7, 8, 9]);
});

test("a word that no pieces make is unknown as a whole", () => {
  assert.deepEqual(wordPieces(vocabulary, 1).idsOf("unaffordable able", 20), [1, 5]);
});

test("no more pieces than asked for are given", () => {
  assert.equal(wordPieces(vocabulary, 1).idsOf("unaffable ".repeat(50), 7).length, 7);
});

test("n-grams are distinct, below the bucket count, and the same each time", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      const once = [...ngramsOf(text, 1 << 12)];
      assert.equal(new Set(once).size, once.length);
      assert.ok(once.every((feature) => feature >= 0 && feature < 1 << 12));
      assert.deepEqual([...ngramsOf(text, 1 << 12)], once);
    }),
    { seed: 3 },
  );
});

test("whole windows cover every character, and the last ends at the end", () => {
  for (let length = 0; length < 2000; length += 7) {
    let covered = 0;
    for (const [start, end] of wholeWindows(length, 480)) {
      assert.ok(start <= covered && end - start <= 480);
      covered = end;
    }
    assert.equal(covered, length);
  }
});
