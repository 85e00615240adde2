// Which code this is, as evidence says it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeHere } from "./code.ts";
import { version } from "./version.ts";

test("the same sources have the same digest, and the version is the package's", () => {
  const code = codeHere();
  assert.deepEqual(codeHere(), code);
  assert.equal(code.version, version());
  assert.match(code.sources, /^sha256:[0-9a-f]{64}$/);
});
