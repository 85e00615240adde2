import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { digestOf } from "./digest.ts";
import { fromUtf8, toUtf8 } from "./encoding.ts";
import { formatLeaf, parseLeaf } from "./leaf.ts";
import { nodePrimitives } from "./node.ts";

const statement = digestOf(toUtf8("abc"), nodePrimitives);
const text = `{"statement":"${statement}","v":1,"verb":"sign-off"}`;

test("a leaf is the canonical JSON of digest, version and verb, both ways", () => {
  assert.equal(fromUtf8(formatLeaf(statement, "sign-off")), text);
  assert.deepEqual(parseLeaf(toUtf8(text)), { statement, v: 1, verb: "sign-off" });
});

test("a leaf in any other spelling is refused", () => {
  const bad = [
    ` ${text}`,
    text.replace('"v":1', '"v":2'),
    text.replace('"v":1,', ""),
    text.replace("sign", "Sign"),
    "{}",
    "",
  ];
  for (const other of [...bad, text.replace("}", ',"x":1}'), text.replace('"v":1', '"v":1.0')]) {
    assert.throws(
      () => parseLeaf(toUtf8(other)),
      (error) => failureCode(error) === "proof_invalid",
      other,
    );
  }
  for (const verb of ["", "Hold", "a b", "-a", "a".repeat(41)]) {
    assert.throws(
      () => formatLeaf(statement, verb),
      (error) => failureCode(error) === "statement_invalid",
    );
  }
});
