import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { concatBytes, fromBase64, fromUtf8, toBase64, toHex, toUtf8 } from "./encoding.ts";
import { nodePrimitives as primitives, signerFromSeed } from "./node.ts";
import { formatVerifierKey, openNote, parseNote, parseVerifierKey, signNote, type NoteSigner } from "./note.ts";

const seedOf = (key: string): string => toBase64((fromBase64(key) ?? assert.fail("base64")).slice(1));
const fails = (code: string) => (error: unknown) => failureCode(error) === code;

// The example of the signed-note specification.
const exampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const exampleNote =
  "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

// The tests of golang.org/x/mod/sumdb/note.
const peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peter: NoteSigner = {
  name: "PeterNeumann",
  signer: signerFromSeed(seedOf("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")),
};
const enoch: NoteSigner = { name: "EnochRoot", signer: signerFromSeed(toBase64(new Uint8Array(32))) };
const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const note = `${text}
\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=
`;
const known = [parseVerifierKey(peterKey, primitives)];

test("the specification's example note opens", async () => {
  const verifier = parseVerifierKey(exampleKey, primitives);
  const opened = await openNote(toUtf8(exampleNote), [verifier], primitives);
  assert.equal(opened.text, "This is an example message.\n");
  assert.deepEqual(opened.signedBy, [verifier]);
});

test("our notes are those of Go's note package, byte for byte", async () => {
  assert.equal(fromUtf8(await signNote(text, [peter, enoch], primitives)), note);
});

test("verifier keys come back as they were", () => {
  for (const key of [exampleKey, peterKey]) {
    assert.equal(formatVerifierKey(parseVerifierKey(key, primitives), primitives), key);
  }
  const own = formatVerifierKey({ name: "EnochRoot", publicKey: enoch.signer.publicKey }, primitives);
  assert.match(own, /^EnochRoot\+af0cfe78\+/);
});

test("every part and every one-character change of a verifier key is refused", () => {
  for (let at = 0; at < peterKey.length; at++) {
    assert.throws(() => parseVerifierKey(peterKey.slice(0, at), primitives), fails("proof_invalid"));
    if (at > 0) assert.throws(() => parseVerifierKey(peterKey.slice(at), primitives), fails("proof_invalid"));
    const code = peterKey.charCodeAt(at) ^ 1;
    const changed = peterKey.slice(0, at) + String.fromCharCode(code) + peterKey.slice(at + 1);
    assert.throws(() => parseVerifierKey(changed, primitives), fails("proof_invalid"), changed);
  }
});

const keyText = (typed: Uint8Array): string => {
  const hash = primitives.sha256(concatBytes([toUtf8("name\n"), typed])).slice(0, 4);
  return `name+${toHex(hash)}+${toBase64(typed)}`;
};

test("a key of another type, length or small order is refused although its hash is its own", () => {
  const raw = (fromBase64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW") ?? assert.fail("base64")).slice(1);
  assert.equal(parseVerifierKey(keyText(new Uint8Array([1, ...raw])), primitives).name, "name");
  for (const typed of [
    [2, ...raw],
    [4, ...raw],
    [1, ...raw, 0],
    [1, ...raw.slice(1)],
    [1, 1, ...new Uint8Array(31)],
    [],
  ]) {
    assert.throws(() => parseVerifierKey(keyText(new Uint8Array(typed)), primitives), fails("proof_invalid"));
  }
});

test("a signature by an unknown key is ignored", async () => {
  const opened = await openNote(toUtf8(note), known, primitives);
  assert.deepEqual(opened.signedBy, known);
});

test("a note that no known key signed does not open", async () => {
  await assert.rejects(
    openNote(toUtf8(note), [parseVerifierKey(exampleKey, primitives)], primitives),
    fails("signature_invalid"),
  );
  await assert.rejects(openNote(toUtf8(note), [], primitives), fails("signature_invalid"));
});

test("a known key's bad signature voids the note, even beside its good one", async () => {
  const lines = note.split("\n");
  const good = lines.find((line) => line.startsWith("\u2014 Peter")) ?? assert.fail("line");
  const bad = good.replace("x08go/Z", "x08go/a");
  const both = note.replace(good, `${good}\n${bad}`);
  await assert.rejects(openNote(toUtf8(both), known, primitives), fails("signature_invalid"));
});

test("every one-byte change of a note signed by one known key is refused", async () => {
  const bytes = await signNote(text, [peter], primitives);
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 0x20, 0x80]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ flip;
      await assert.rejects(
        openNote(changed, known, primitives),
        (error) => ["proof_invalid", "signature_invalid"].includes(failureCode(error) ?? ""),
        `byte ${at}`,
      );
    }
  }
});

test("malformed notes are refused", () => {
  const signature = note.split("\n")[3] ?? assert.fail("line");
  const bad = [
    "",
    text,
    `${text}\n`,
    `${text}\n${signature}`,
    `${text}\n${signature}\n\n`,
    `${text}${signature}\n`,
    `${text}\n${signature}\nplain\n`,
    `${text}\n${signature.replace("\u2014", "-")}\n`,
    `${text}\n${signature} \n`,
    `${text}\n\u2014  AAAAAAAA\n`,
    `${text}\n\u2014 name AAAA\n`,
    `${text}\n\u2014 na+me AAAAAAAA\n`,
    `${text}\r\n\n${signature}\n`,
    `\ttab\n\n${signature}\n`,
    `${text}\n${`${signature}\n`.repeat(101)}`,
    `${"a".repeat(70_000)}\n\n${signature}\n`,
  ];
  for (const candidate of bad) {
    assert.throws(() => parseNote(toUtf8(candidate)), fails("proof_invalid"), JSON.stringify(candidate.slice(0, 200)));
  }
});

test("the last empty line divides text from signatures", async () => {
  const signed = await signNote("one\n\ntwo\n", [peter], primitives);
  assert.equal(parseNote(signed).text, "one\n\ntwo\n");
  assert.equal((await openNote(signed, known, primitives)).text, "one\n\ntwo\n");
});

test("an unfit text is not signed", async () => {
  for (const unfit of ["", "a", "a\r\n", "\ud800\n", "a\0\n"]) {
    await assert.rejects(signNote(unfit, [peter], primitives), fails("proof_invalid"));
  }
});
