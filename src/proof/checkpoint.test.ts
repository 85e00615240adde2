import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { fromBase64, fromUtf8, toBase64, toHex, toUtf8 } from "./encoding.ts";
import { leafHash, rootOf } from "./merkle.ts";
import { nodePrimitives as primitives, signerFromSeed } from "./node.ts";
import { formatVerifierKey, parseVerifierKey, signNote } from "./note.ts";

const fails = (code: string) => (error: unknown) => failureCode(error) === code;
const decode = (text: string): Uint8Array => fromBase64(text) ?? assert.fail("base64");

// The test log of transparency-dev/tessera.
const origin = "example.com/log/testdata";
const log = parseVerifierKey(`${origin}+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx`, primitives);
const signer = signerFromSeed(toBase64(decode("AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg").slice(1)));
const words = "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split(" ");
const leaves = words.map((word) => leafHash(toUtf8(word), primitives));
const root = rootOf(leaves, primitives);

test("the checkpoint of tessera's test log is made and read byte for byte", async () => {
  const expected = `${origin}\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n\u2014 ${origin} M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n`;
  const signed = await signCheckpoint({ origin, size: 15, root }, signer, primitives);
  assert.equal(fromUtf8(signed), expected);
  assert.deepEqual(await openCheckpoint(signed, log, primitives), { origin, size: 15, root });
});

// A checkpoint of sigsum-go's tests.
test("the checkpoint of sigsum's test log has the published signature", async () => {
  const sigsum = signerFromSeed(toBase64(new Uint8Array([0x11, ...new Uint8Array(31)])));
  const name = `sigsum.org/v1/tree/${toHex(primitives.sha256(decode(sigsum.publicKey)))}`;
  assert.equal(name, "sigsum.org/v1/tree/e796172b92befd62d9dc67e41c2f5bc9d3100a3023b20b1ca40288dd1c679e69");
  const checkpoint = { origin: name, size: 10, root: decode("HA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") };
  const signed = fromUtf8(await signCheckpoint(checkpoint, sigsum, primitives)) ?? "";
  const signature = "gJ2ho0n8F8olcerUF1FFdv235A/5as/coWrpLrtE7ovMeP5whgwouYExowG/lTznxu6OUGjjt5yJQ6bXtTcf718MqAQ=";
  assert.ok(signed.endsWith(`\u2014 ${name} ${signature}\n`));
});

// Cross-checked once with golang.org/x/mod/sumdb/note.
test("the checkpoint of the 70,000 entry log has the published key and signature", async () => {
  const own = signerFromSeed(toBase64(primitives.sha256(toUtf8("mklog seed"))));
  const name = "log.example/test";
  assert.equal(
    formatVerifierKey({ name, publicKey: own.publicKey }, primitives),
    "log.example/test+68a5a7da+AdeqP/NVYlDa2GRxVtkFH628qPVztbVAQkthxYUqXsS5",
  );
  const checkpoint = { origin: name, size: 70_000, root: decode("o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=") };
  const signed = fromUtf8(await signCheckpoint(checkpoint, own, primitives)) ?? "";
  const signature = "aKWn2rkuGfJ3OOrEs5kOKErUKSLjx3xjDlp+aYfq7AFZMhADps4Y2HWzRd6KRD4U4kueVhVfYOKHZGgnS14yq0nAywQ=";
  assert.ok(signed.endsWith(` ${signature}\n`));
});

test("every one-byte change of a checkpoint is refused", async () => {
  const signed = await signCheckpoint({ origin, size: 15, root }, signer, primitives);
  for (let at = 0; at < signed.length; at++) {
    const changed = signed.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(
      openCheckpoint(changed, log, primitives),
      (error) => ["proof_invalid", "signature_invalid"].includes(failureCode(error) ?? ""),
      `byte ${at}`,
    );
  }
});

test("another log's origin under this log's key is refused", async () => {
  const text = formatCheckpoint({ origin: "example.com/other", size: 15, root });
  const signed = await signNote(text, [{ name: origin, signer }], primitives);
  await assert.rejects(openCheckpoint(signed, log, primitives), fails("proof_invalid"));
});

test("extension lines are read over", async () => {
  const text = `${formatCheckpoint({ origin, size: 15, root })}extension\n`;
  const signed = await signNote(text, [{ name: origin, signer }], primitives);
  assert.deepEqual(await openCheckpoint(signed, log, primitives), { origin, size: 15, root });
});

test("sizes and roots in any other spelling are refused", () => {
  const rootText = toBase64(root);
  for (const size of [
    "",
    "-1",
    "+1",
    "01",
    "1e3",
    "0x10",
    " 7",
    "7 ",
    "9007199254740992",
    "99999999999999999999",
    "1.0",
  ]) {
    assert.throws(() => parseCheckpoint(`${origin}\n${size}\n${rootText}\n`), fails("proof_invalid"), size);
  }
  for (const other of [
    "",
    rootText.slice(1),
    `${rootText}=`,
    rootText.replace("=", ""),
    "AAAA",
    `${rootText.slice(0, 42)}t=`,
  ]) {
    assert.throws(() => parseCheckpoint(`${origin}\n15\n${other}\n`), fails("proof_invalid"), other);
  }
  for (const text of [
    "",
    "\n",
    `\n15\n${rootText}\n`,
    `${origin}\n15\n${rootText}`,
    `${origin}\n15\n${rootText}\n\n`,
  ]) {
    assert.throws(() => parseCheckpoint(text), fails("proof_invalid"), text);
  }
  assert.equal(parseCheckpoint(`${origin}\n9007199254740991\n${rootText}\n`).size, 2 ** 53 - 1);
});
