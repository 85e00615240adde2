import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assert as holds, boolean, nat, property, uint8Array } from "fast-check";
import { digestOf } from "../proof/digest.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { nodePrimitives } from "../proof/node.ts";
import { isSecretKey, secretKeyOf } from "./secret-key.ts";

const random = uint8Array({ minLength: 32, maxLength: 32 });

describe("keys of callers", () => {
  test("a key is hg_, 43 characters of randomness and 6 of checksum; a demo's begins with hg_demo_", () => {
    const bytes = new Uint8Array(32).fill(7);
    assert.match(secretKeyOf(bytes, false, nodePrimitives).secret, /^hg_[A-Za-z0-9_-]{49}$/);
    assert.match(secretKeyOf(bytes, true, nodePrimitives).secret, /^hg_demo_[A-Za-z0-9_-]{49}$/);
  });

  test("what is sent is the hash of the whole text", () => {
    const { secret, hash } = secretKeyOf(new Uint8Array(32), false, nodePrimitives);
    assert.equal(hash, digestOf(toUtf8(secret), nodePrimitives));
  });

  test("every key made is told to be one, and none with a character changed or cut", () => {
    holds(
      property(random, nat(), boolean(), (bytes, place, demo) => {
        const { secret } = secretKeyOf(bytes, demo, nodePrimitives);
        const at = place % secret.length;
        const other = secret[at] === "A" ? "B" : "A";
        assert.ok(isSecretKey(secret, nodePrimitives));
        assert.ok(!isSecretKey(secret.slice(0, at) + other + secret.slice(at + 1), nodePrimitives));
        assert.ok(!isSecretKey(secret.slice(0, -1), nodePrimitives));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
