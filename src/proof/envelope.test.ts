import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import {
  addSignature,
  envelopeBytes,
  openEnvelope,
  parseEnvelope,
  preAuthEncoding,
  signEnvelope,
  type Envelope,
} from "./envelope.ts";
import { fromUtf8, toBase64, toUtf8 } from "./encoding.ts";
import { newSigner, nodePrimitives as primitives, signerFromSeed } from "./node.ts";

const seedOf = (byte: number): string => toBase64(new Uint8Array(32).fill(byte));
const signers = [1, 2, 3].map((byte) => signerFromSeed(seedOf(byte)));
const [first, second, third] = signers;
assert.ok(first !== undefined && second !== undefined && third !== undefined);
const type = "application/vnd.in-toto+json";

const fails = (code: string) => (error: unknown) => failureCode(error) === code;

// protocol.md of DSSE.
test("what is signed is DSSE's example", () => {
  assert.equal(
    fromUtf8(preAuthEncoding("http://example.com/HelloWorld", toUtf8("hello world"))),
    "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
  );
  assert.equal(fromUtf8(preAuthEncoding("é", toUtf8("é"))), "DSSEv1 2 é 2 é");
});

test("an envelope opens to its payload and its signers, from bytes and from the object", async () => {
  const envelope = await signEnvelope(toUtf8("{}"), type, signers);
  for (const input of [envelope, envelopeBytes(envelope)]) {
    const opened = await openEnvelope(input, primitives);
    assert.equal(fromUtf8(opened.payload), "{}");
    assert.equal(opened.payloadType, type);
    assert.deepEqual(opened.signers, signers.map(({ publicKey }) => publicKey).toSorted());
  }
});

test("the order of signing does not show in the bytes", async () => {
  const together = await signEnvelope(toUtf8("{}"), type, [third, first, second]);
  const oneByOne = await addSignature(
    await addSignature(await signEnvelope(toUtf8("{}"), type, [second]), third),
    first,
  );
  assert.deepEqual(envelopeBytes(together), envelopeBytes(oneByOne));
});

test("a key cannot sign twice", async () => {
  const envelope = await signEnvelope(toUtf8("{}"), type, [first]);
  await assert.rejects(addSignature(envelope, first), fails("conflict"));
  const doubled: Envelope = { ...envelope, signatures: [...envelope.signatures, ...envelope.signatures] };
  await assert.rejects(openEnvelope(doubled, primitives), fails("statement_invalid"));
});

test("every one-byte change of an envelope is refused", async () => {
  const bytes = envelopeBytes(await signEnvelope(toUtf8('{"a":1}'), type, [first, second]));
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 2, 0x20, 0x80]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ flip;
      await assert.rejects(
        openEnvelope(changed, primitives),
        (error) => ["statement_invalid", "signature_invalid"].includes(failureCode(error) ?? ""),
        `byte ${at} flipped by ${flip}`,
      );
    }
  }
});

test("every cut and every byte too many is refused", async () => {
  const bytes = envelopeBytes(await signEnvelope(toUtf8("{}"), type, [first]));
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => parseEnvelope(bytes.slice(0, length)), fails("statement_invalid"));
  }
  for (const text of [" ", "\n", "\0", "{}"]) {
    assert.throws(() => parseEnvelope(new Uint8Array([...bytes, ...toUtf8(text)])), fails("statement_invalid"));
  }
});

test("one bad signature among good ones poisons the envelope", async () => {
  const envelope = await signEnvelope(toUtf8("{}"), type, [first, second]);
  const other = await signEnvelope(toUtf8("[]"), type, [second]);
  const signatures = envelope.signatures.map((own) => other.signatures.find(({ keyid }) => keyid === own.keyid) ?? own);
  await assert.rejects(openEnvelope({ ...envelope, signatures }, primitives), fails("signature_invalid"));
});

test("the payload type is signed", async () => {
  const envelope = await signEnvelope(toUtf8("{}"), type, [first]);
  await assert.rejects(
    openEnvelope({ ...envelope, payloadType: "text/plain" }, primitives),
    fails("signature_invalid"),
  );
});

test("no signature, seventeen signatures, an unknown field and an oversized payload are refused", async () => {
  const many = Array.from({ length: 17 }, () => newSigner().signer);
  await assert.rejects(
    openEnvelope(await signEnvelope(toUtf8("{}"), type, many), primitives),
    fails("statement_invalid"),
  );
  const envelope = await signEnvelope(toUtf8("{}"), type, many.slice(0, 16));
  assert.equal((await openEnvelope(envelopeBytes(envelope), primitives)).signers.length, 16);
  await assert.rejects(openEnvelope({ ...envelope, signatures: [] }, primitives), fails("statement_invalid"));
  const extra = { ...envelope, note: "x" };
  await assert.rejects(openEnvelope(extra, primitives), fails("statement_invalid"));
  const large = await signEnvelope(new Uint8Array(60_000), type, [first]);
  await assert.rejects(openEnvelope(envelopeBytes(large), primitives), fails("statement_invalid"));
});

test("an unordered or re-spaced envelope is refused although its signatures fit", async () => {
  const envelope = await signEnvelope(toUtf8("{}"), type, [first, second]);
  const unordered = { ...envelope, signatures: envelope.signatures.toReversed() };
  await assert.rejects(openEnvelope(unordered, primitives), fails("statement_invalid"));
  await assert.rejects(openEnvelope(toUtf8(JSON.stringify(envelope, null, 1)), primitives), fails("statement_invalid"));
});
