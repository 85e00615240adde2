// Against the vectors of RFC 9180, appendix A.2.1 (base mode, the message of sequence number 0).
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromHex, toHex, toUtf8 } from "../proof/encoding.ts";
import { failureCode } from "../terms/failure.ts";
import { newSealingPair, open, publicKeyOf, seal } from "./hpke.ts";

const bytes = (hex: string): Uint8Array => {
  const read = fromHex(hex);
  assert.ok(read !== undefined);
  return read;
};

const vector = {
  info: bytes("4f6465206f6e2061204772656369616e2055726e"),
  skEm: bytes("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600"),
  skRm: bytes("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"),
  pkRm: bytes("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"),
  enc: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
  pt: bytes("4265617574792069732074727574682c20747275746820626561757479"),
  aad: bytes("436f756e742d30"),
  ct: "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
} as const;

const changed = (from: Uint8Array, at: number): Uint8Array => from.map((byte, i) => (i === at ? byte ^ 1 : byte));

const failsToOpen = (error: unknown): boolean => failureCode(error) === "proof_invalid";

test("the vector of RFC 9180 A.2.1 is sealed and opened byte for byte", () => {
  const { info, aad } = vector;
  const sealed = seal(vector.pt, vector.pkRm, { info, aad, once: vector.skEm });
  assert.equal(toHex(sealed.enc), vector.enc);
  assert.equal(toHex(sealed.text), vector.ct);
  assert.equal(toHex(publicKeyOf(vector.skRm)), toHex(vector.pkRm));
  assert.equal(toHex(open(sealed, vector.skRm, { info, aad })), toHex(vector.pt));
});

test("two sealings of one text differ, and both open", () => {
  const { key, publicKey } = newSealingPair();
  const bound = { info: toUtf8("a"), aad: toUtf8("b") };
  const [one, other] = [1, 2].map(() => seal(toUtf8("text"), publicKey, bound));
  assert.ok(one !== undefined && other !== undefined);
  assert.notEqual(toHex(one.text), toHex(other.text));
  for (const sealed of [one, other]) assert.equal(toHex(open(sealed, key, bound)), toHex(toUtf8("text")));
});

test("any byte changed, of key or text, and any other binding or private key keeps it shut", () => {
  const { key, publicKey } = newSealingPair();
  const bound = { info: toUtf8("info"), aad: toUtf8("about") };
  const sealed = seal(toUtf8("text"), publicKey, bound);
  for (let at = 0; at < sealed.text.length; at++) {
    assert.throws(() => open({ ...sealed, text: changed(sealed.text, at) }, key, bound), failsToOpen);
  }
  for (let at = 0; at < sealed.enc.length; at++) {
    assert.throws(() => open({ ...sealed, enc: changed(sealed.enc, at) }, key, bound), failsToOpen);
  }
  assert.throws(() => open(sealed, key, { ...bound, aad: toUtf8("another") }), failsToOpen);
  assert.throws(() => open(sealed, key, { ...bound, info: toUtf8("another") }), failsToOpen);
  assert.throws(() => open(sealed, newSealingPair().key, bound), failsToOpen);
  for (let length = 0; length < sealed.text.length; length++) {
    assert.throws(() => open({ ...sealed, text: sealed.text.slice(0, length) }, key, bound), failsToOpen);
  }
});

test("a public key of small order is refused", () => {
  const bound = { info: toUtf8("info"), aad: toUtf8("about") };
  assert.throws(() => seal(toUtf8("text"), new Uint8Array(32), bound));
});
