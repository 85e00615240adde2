import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { rawPublicKey } from "./digest.ts";
import { isStrongPublicKey } from "./ed25519.ts";
import { fromHex, toHex, toUtf8 } from "./encoding.ts";
import { newSigner, nodePrimitives as primitives, randomBytes, randomId, signerFromSeed } from "./node.ts";

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? assert.fail("hex");

// RFC 8032 section 7.1, test 2.
test("signing and verifying agree with RFC 8032", async () => {
  const signer = signerFromSeed(
    Buffer.from("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "hex").toString("base64"),
  );
  const key = rawPublicKey(signer.publicKey);
  assert.equal(toHex(key), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = await signer.sign(bytes("72"));
  assert.equal(
    toHex(signature),
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  assert.equal(await primitives.verify(key, bytes("72"), signature), true);
  assert.equal(await primitives.verify(key, bytes("73"), signature), false);
});

test("a key comes back from its seed", async () => {
  const { signer, seed } = newSigner();
  assert.equal(signerFromSeed(seed).publicKey, signer.publicKey);
  assert.notEqual(newSigner().seed, seed);
});

test("anything but 32 bytes of strict base64 is no seed", () => {
  for (const seed of ["", "AAAA", `${"A".repeat(42)}B=`, "A".repeat(43), "A".repeat(44)]) {
    assert.throws(
      () => signerFromSeed(seed),
      (error) => failureCode(error) === "configuration_invalid",
    );
  }
});

// y = 0, 1, -1 and the two of order eight, each with both signs; then y at and past the prime 2^255 - 19.
const weakKeys = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

test("keys of small order and non-canonical keys verify nothing", async () => {
  // R = identity and S = 0: what fits every message under a key of small order, for a library that does not look.
  const trivial = bytes(`01${"00".repeat(63)}`);
  for (const hex of weakKeys) {
    assert.equal(isStrongPublicKey(bytes(hex)), false, hex);
    assert.equal(await primitives.verify(bytes(hex), toUtf8("anything"), trivial), false, hex);
  }
  for (let i = 0; i < 50; i++) assert.ok(isStrongPublicKey(rawPublicKey(newSigner().signer.publicKey)));
});

test("a signature of the wrong length or with S past the group order does not verify", async () => {
  const { signer } = newSigner();
  const key = rawPublicKey(signer.publicKey);
  const signature = await signer.sign(toUtf8("m"));
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${toHex(signature.slice(32).toReversed())}`) + order;
  const malleable = new Uint8Array([
    ...signature.slice(0, 32),
    ...bytes(s.toString(16).padStart(64, "0")).toReversed(),
  ]);
  for (const bad of [signature.slice(1), new Uint8Array([...signature, 0]), new Uint8Array(0), malleable]) {
    assert.equal(await primitives.verify(key, toUtf8("m"), bad), false);
  }
  assert.equal(await primitives.verify(key.slice(1), toUtf8("m"), signature), false);
  // A key that is no point of the curve.
  assert.equal(await primitives.verify(bytes(`02${"00".repeat(31)}`), toUtf8("m"), signature), false);
});

test("random ids have their prefix and length and differ", () => {
  assert.match(randomId("rcpt_", 24), /^rcpt_[0-9a-f]{24}$/);
  assert.notEqual(randomId("run_", 16), randomId("run_", 16));
  assert.equal(randomBytes(32).length, 32);
});
