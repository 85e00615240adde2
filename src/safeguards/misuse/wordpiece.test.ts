// Words cut into pieces, and pieces gathered into readings: nothing is left out and nothing read twice.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as fc from "fast-check";
import { variedTexts } from "../../../test/varied-texts.ts";
import { foldText } from "../normalise.ts";
import { readingPiecesMax, readingsOf } from "./readings.ts";
import { readWeights } from "../weights.ts";
import { allSteps } from "../steps.ts";
import { wordPieces } from "./wordpiece.ts";

const small = ["[PAD]", "[UNK]", "un", "##aff", "##able", "able", "!", "don", "'", "t", "中"];
const weights = readWeights(readFileSync(new URL("../artefacts/misuse-4.bin", import.meta.url)));
const vocabulary = new TextDecoder().decode(weights.bytes("vocabulary")).trimEnd().split("\n");
const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));

test("words are cut into the longest pieces known, punctuation stands alone", () => {
  const { idsOf } = wordPieces(small, 1);
  assert.deepEqual(idsOf("unaffable able!", 20), [2, 3, 4, 5, 6]);
  assert.deepEqual(idsOf("don't", 20), [7, 8, 9]);
});

test("a word that no pieces make is unknown as a whole", () => {
  assert.deepEqual(wordPieces(small, 1).idsOf("unaffordable able", 20), [1, 5]);
});

test("no more pieces than asked for are given", () => {
  assert.equal(wordPieces(small, 1).idsOf("unaffable ".repeat(50), 7).length, 7);
});

test("readings of a text hold all its pieces once, in order, and are of about the same size", () => {
  for (const text of variedTexts(300)) {
    const { units, length } = foldText(text);
    const whole = String.fromCharCode(...units.subarray(0, length));
    const readings = allSteps(readingsOf(units, [0, length], pieces));
    const sizes = readings.map((reading) => reading.pieces.length);
    assert.deepEqual(
      readings.flatMap((reading) => [...reading.pieces]),
      pieces.idsOf(whole, Infinity),
      whole.slice(0, 80),
    );
    assert.ok(sizes.every((size) => size > 0 && size <= readingPiecesMax));
    for (const [at, { stretch }] of readings.entries()) {
      const before = readings[at - 1]?.stretch[1] ?? 0;
      assert.ok(before <= stretch[0] && stretch[0] < stretch[1] && stretch[1] <= length);
    }
  }
  const { units, length } = foldText("one two three four ".repeat(17));
  assert.deepEqual(
    allSteps(readingsOf(units, [0, length], pieces)).map((reading) => reading.pieces.length),
    [34, 34],
  );
});

test("a stretch that begins inside a word is read from its start", () => {
  const words = fc.array(fc.constantFrom("alpha", "beta", "of", "gamma's", "x"), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.nat(), (some, at) => {
      const { units, length } = foldText(some.join(" "));
      const from = at % length;
      const [first] = allSteps(readingsOf(units, [from, length], pieces));
      const start = first?.stretch[0] ?? length;
      assert.ok(start === 0 || units[start - 1] === 32 || units[start] === 39 || units[start - 1] === 39);
      assert.ok(start >= from || from - start < 48);
    }),
    { seed: 4 },
  );
});
