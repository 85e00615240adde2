// What a refusal says of the request: a name of a field, and no text of a caller's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { refusalOf } from "./refusals.ts";

function fieldOf(field: string | number | null, code: FailureCode = "request_invalid"): string | null {
  return refusalOf(new Failure(code, "Wrong.", { detail: { field } })).field;
}

test("a field is named where the refusal is about the request, and only by what can be a name", () => {
  assert.equal(fieldOf("messages.0.content"), "messages.0.content");
  for (const text of ["tell me how", "<b>", "a\nb", "", "a".repeat(257), 1, null]) assert.equal(fieldOf(text), null);
  for (const code of ["policy_blocked", "key_suspended", "upstream_failed"] as const)
    assert.equal(fieldOf("messages", code), null, code);
});
