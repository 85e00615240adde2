import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { PublicKey } from "../terms/ids.ts";
import {
  commit,
  digestOf,
  digestOfHash,
  digestOfHex,
  digestOfValue,
  hashOfDigest,
  rawPublicKey,
  signerIdOf,
} from "./digest.ts";
import { toUtf8 } from "./encoding.ts";
import { nodePrimitives as primitives } from "./node.ts";

const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

test("the digest of abc is that of FIPS 180-4 in every spelling", () => {
  const digest = digestOf(toUtf8("abc"), primitives);
  assert.equal(digest, `sha256:${abc}`);
  assert.equal(digestOfHash(hashOfDigest(digest)), digest);
  assert.equal(digestOfHex(abc), digest);
});

test("hex of another length or case is no digest", () => {
  for (const hex of ["", abc.slice(1), abc.toUpperCase(), `${abc}00`]) {
    assert.throws(
      () => digestOfHex(hex),
      (error) => failureCode(error) === "statement_invalid",
    );
  }
});

test("the digest of a value does not depend on the order of its keys", () => {
  assert.equal(digestOfValue({ b: 1, a: [2] }, primitives), digestOf(toUtf8('{"a":[2],"b":1}'), primitives));
});

test("a commitment is the digest of salt and text, and another salt gives another", () => {
  const salt = `${"A".repeat(43)}=`;
  const first = commit({ salt, text: "because" }, primitives);
  assert.equal(first, digestOf(toUtf8(`{"salt":"${salt}","text":"because"}`), primitives));
  assert.notEqual(commit({ salt: `${"A".repeat(42)}E=`, text: "because" }, primitives), first);
});

test("a signer id is the first 16 bytes of the key's hash", () => {
  // Hash of 32 zero bytes.
  const key = PublicKey.parse(`${"A".repeat(43)}=`);
  assert.equal(signerIdOf(key, primitives), "signer_66687aadf862bd776c8fc18b8e9f8e20");
});

test("a public key whose base64 has spare bits set is no key", () => {
  const second = PublicKey.parse(`${"A".repeat(42)}B=`);
  assert.throws(
    () => rawPublicKey(second),
    (error) => failureCode(error) === "signature_invalid",
  );
});
