import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AnyKind } from "./kinds.ts";
import { nearestWord } from "./nearest.ts";
import { fieldsAt, schemaOf } from "./schema.ts";

describe("schemaOf", () => {
  test("every kind has a schema that admits no unknown field", () => {
    for (const kind of AnyKind.options) {
      const schema = schemaOf(kind);
      assert.equal(schema.type, "object", kind);
      assert.equal(schema.additionalProperties, false, kind);
    }
  });

  test("fields are known at any depth and over all variants", () => {
    assert.ok(fieldsAt("ReleasePlan", ["stages", 0, "requires", 0]).includes("signOffs"));
    assert.ok(fieldsAt("ReleasePlan", ["stages", 0, "requires", 0]).includes("upper"));
    assert.ok(fieldsAt("Model", ["envelope"]).includes("outputTokensMax"));
    assert.deepEqual(fieldsAt("Model", ["nothing"]), []);
  });

  test("the schema of an upstream shows the fields of every dialect", () => {
    const fields = fieldsAt("Model", ["upstream"]);
    for (const field of ["dialect", "url", "model", "key", "file", "runtime"]) assert.ok(fields.includes(field), field);
    const text = JSON.stringify(schemaOf("Model"));
    for (const dialect of ["openai-chat", "openai-responses", "anthropic-messages", "openai-embeddings", "embedded"]) {
      assert.ok(text.includes(`"${dialect}"`), dialect);
    }
  });
});

describe("nearestWord", () => {
  test("a word that is far from all has no nearest", () => {
    assert.equal(nearestWord("trustd", ["internal", "trusted"]), "trusted");
    assert.equal(nearestWord("Trusted", ["trusted"]), "trusted");
    assert.equal(nearestWord("zzzzzzzz", ["trusted"]), undefined);
    assert.equal(nearestWord("x".repeat(1000), ["x"]), undefined);
  });
});
