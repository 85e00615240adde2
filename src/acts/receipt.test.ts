// What a receipt commits to, made at once or as an answer goes by.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { nodePrimitives } from "../proof/node.ts";
import { ReceiptId } from "../terms/ids.ts";
import { beginContentDigest, contentDigest } from "./receipt.ts";

const id = ReceiptId.parse(`rcpt_${"0".repeat(24)}`);
const { sha256, hashing } = nodePrimitives;
const piece = fc.string({ unit: "grapheme", maxLength: 20 });

test("a content digest is the same however the answer came in pieces, and wherever it is made", () => {
  fc.assert(
    fc.property(piece, fc.array(piece, { maxLength: 8 }), (request, pieces) => {
      const whole = contentDigest(id, { request, answer: pieces.join("") }, nodePrimitives);
      for (const hasher of [{ sha256, ...(hashing === undefined ? {} : { hashing }) }, { sha256 }]) {
        const made = beginContentDigest(id, request, hasher);
        for (const one of pieces) made.add(one);
        assert.equal(made.digest(), whole);
      }
    }),
    { seed: 31, numRuns: 500 },
  );
});

test("half of a surrogate pair in the middle of an answer cannot be committed to", () => {
  const made = beginContentDigest(id, "", nodePrimitives);
  assert.throws(() => {
    made.add("\ud83d");
  }, /canonical/);
});
