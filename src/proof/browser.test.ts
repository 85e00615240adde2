import assert from "node:assert/strict";
import { test } from "node:test";
import { assert as forAll, property, uint8Array } from "fast-check";
import { browserPrimitives, hasEd25519 } from "./browser.ts";
import { newSigner, nodePrimitives } from "./node.ts";
import { rawPublicKey } from "./digest.ts";
import { toHex, toUtf8 } from "./encoding.ts";

test("SHA-256 without Node is SHA-256: the vectors of FIPS 180-4, every length around a block, and texts by chance", () => {
  assert.equal(hexOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(hexOf("a".repeat(1_000_000)), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  for (let length = 0; length <= 260; length += 1) {
    const bytes = new Uint8Array(length + 3).map((_, at) => at * 7).subarray(3);
    assert.deepEqual(browserPrimitives.sha256(bytes), nodePrimitives.sha256(bytes), `${length} bytes`);
  }
  forAll(
    property(uint8Array({ maxLength: 5_000 }), (bytes) => {
      assert.deepEqual(browserPrimitives.sha256(bytes), nodePrimitives.sha256(bytes));
    }),
    { seed: 20261130, numRuns: 200 },
  );
});

function hexOf(text: string): string {
  return toHex(browserPrimitives.sha256(toUtf8(text)));
}

test("Ed25519 without Node takes what was signed, and no byte of it changed", async () => {
  assert.ok(await hasEd25519());
  const { signer } = newSigner();
  const key = rawPublicKey(signer.publicKey);
  const message = toUtf8("a message");
  const signature = await signer.sign(message);
  assert.ok(await browserPrimitives.verify(key, message, signature));
  const parts = { key, message, signature };
  for (const [name, part] of Object.entries(parts)) {
    for (let at = 0; at < part.length; at += 1) {
      const forged = { ...parts, [name]: part.map((byte, index) => (index === at ? byte ^ 1 : byte)) };
      const isTaken = await browserPrimitives.verify(forged.key, forged.message, forged.signature);
      assert.equal(isTaken, false, `${name}, byte ${at}`);
    }
  }
  const smallOrder = new Uint8Array(32);
  assert.equal(await browserPrimitives.verify(smallOrder, message, signature), false);
});
