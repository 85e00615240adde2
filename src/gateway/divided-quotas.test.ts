import assert from "node:assert/strict";
import { test } from "node:test";
import { newSigner } from "../proof/node.ts";
import { partOf, shareOf } from "./divided-quotas.ts";

test("the parts of a limit are the limit, whatever the number of gateways", () => {
  for (const limit of [0, 1, 2, 3, 7, 60, 1_000_003]) {
    for (let of = 1; of <= 64; of++) {
      const parts = Array.from({ length: of }, (_, place) => partOf(limit, { place, of }));
      assert.equal(
        parts.reduce((sum, part) => sum + part, 0),
        limit,
      );
      assert.ok(Math.max(...parts) - Math.min(...parts) <= 1);
    }
  }
});

test("one gateway alone has everything, one of several its place, one that is not named nothing", () => {
  const [one, other, third] = [newSigner(), newSigner(), newSigner()].map(({ signer }) => signer.publicKey);
  assert.ok(one !== undefined && other !== undefined && third !== undefined);
  assert.equal(partOf(5, shareOf(undefined, one)), 5);
  assert.equal(partOf(5, shareOf([one], one)), 5);
  assert.equal(partOf(5, shareOf([one, other], one)), 3);
  assert.equal(partOf(5, shareOf([one, other], other)), 2);
  assert.equal(partOf(5, shareOf([one, other], third)), 0);
});
