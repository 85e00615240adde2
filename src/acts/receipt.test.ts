// Receipts as they are written and signed, and what they commit to, made at once or as an answer goes by.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { canonicalText } from "../proof/canonical.ts";
import { digestOfText } from "../proof/digest.ts";
import { toHex } from "../proof/encoding.ts";
import { newSigner, nodePrimitives as primitives } from "../proof/node.ts";
import {
  CertificateId,
  GlassId,
  Instant,
  KeyId,
  Name,
  PermitId,
  ReceiptId,
  ReviewId,
  timestampOf,
} from "../terms/ids.ts";
import {
  Outcome,
  Receipt,
  beginContentDigest,
  contentDigest,
  openReceipt,
  receiptText,
  signReceipts,
} from "./receipt.ts";

const digest = fc.string({ maxLength: 8 }).map((text) => digestOfText(text.toWellFormed(), primitives));
const hex = (chars: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: chars / 2, maxLength: chars / 2 }).map((bytes) => toHex(bytes));
const word = fc.constantFrom("pass", "none", "flag:cyber", "block:weapons", "unknown:too-long");

const always = [
  "v",
  "id",
  "seq",
  "at",
  "model",
  "config",
  "under",
  "stage",
  "key",
  "item",
  "outcome",
  "why",
  "input",
  "output",
  "content",
  "tokens",
] as const;

const receipts: fc.Arbitrary<Receipt> = fc.record(
  {
    v: fc.constant<1>(1),
    id: hex(24).map((id) => ReceiptId.parse(`rcpt_${id}`)),
    seq: fc.integer({ min: 1 }),
    at: fc.integer({ min: 0, max: 4e12 }).map((ms) => timestampOf(Instant.parse(ms))),
    model: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/).map((name) => Name.parse(name)),
    asked: fc.constant(Name.parse("other.one")),
    origin: fc.integer({ min: 0, max: 15 }),
    config: fc.option(digest),
    under: fc.option(
      fc.oneof(
        hex(16).map((id) => CertificateId.parse(`cert_${id}`)),
        hex(16).map((id) => PermitId.parse(`permit_${id}`)),
      ),
    ),
    stage: fc.constantFrom("withheld", "trusted", "permit"),
    key: fc.option(hex(16).map((id) => KeyId.parse(`key_${id}`))),
    item: fc.option(digest),
    outcome: fc.constantFrom(...Outcome.options),
    modes: fc.constantFrom("flag", "block,shadow,off"),
    by: fc.record({ input: fc.nat(7), output: fc.nat(7) }, { requiredKeys: [] }),
    shadow: fc.record({ input: word, output: word }, { requiredKeys: [] }),
    redacted: fc.nat(1_000_000),
    checked: fc.nat(1_000_000),
    glass: hex(16).map((id) => GlassId.parse(`glass_${id}`)),
    review: hex(16).map((id) => ReviewId.parse(`review_${id}`)),
    safeguards: fc.constant("none" as const),
    would: fc.constantFrom(...Outcome.options),
    why: fc.option(fc.constantFrom("policy_blocked:weapons", "upstream_failed")),
    input: word,
    output: word,
    content: digest,
    tokens: fc.tuple(fc.nat(), fc.nat()),
  },
  {
    requiredKeys: [...always],
  },
);

test("every member that a receipt may have is among those written out", () => {
  const written = fc.sample(receipts, { seed: 1, numRuns: 200 }).flatMap((receipt) => Object.keys(receipt));
  assert.deepEqual(new Set(written), new Set(Object.keys(Receipt.shape)));
});

test("a receipt written out is its canonical JSON, whatever stands in it", () => {
  fc.assert(
    fc.property(receipts, (receipt) => {
      const parsed = Receipt.parse(receipt);
      assert.equal(receiptText(receipt), canonicalText(parsed));
    }),
    { seed: 20_261_124, numRuns: 500 },
  );
});

test("every receipt of a turn opens by itself, and to the same leaf that it was signed with", async () => {
  const { signer } = newSigner();
  const [first] = fc.sample(receipts, { seed: 7, numRuns: 1 });
  assert.ok(first !== undefined);
  for (const count of [1, 2, 3, 5, 32]) {
    const turn: readonly Receipt[] = Array.from({ length: count }, (_, at) => ({ ...first, seq: at + 1 }));
    for (const signed of await signReceipts(turn, signer, primitives)) {
      const opened = await openReceipt(signed.text, primitives);
      assert.equal(opened.gateway, signer.publicKey);
      assert.deepEqual(
        [opened.receipt, opened.digest, opened.leaf],
        [signed.receipt, digestOfText(receiptText(signed.receipt), primitives), signed.leaf],
        `of ${count}`,
      );
    }
  }
});

test("a receipt that was edited, moved, or given another's key or signature does not open", async () => {
  const [one, other] = [newSigner().signer, newSigner().signer];
  const [first] = fc.sample(receipts, { seed: 7, numRuns: 1 });
  assert.ok(first !== undefined);
  for (const count of [1, 3]) {
    const turn: readonly Receipt[] = Array.from({ length: count }, (_, at) => ({ ...first, seq: at + 1 }));
    const [honest] = await signReceipts(turn, one, primitives);
    const [foreign] = await signReceipts(turn, other, primitives);
    const [prefix, , key, place, path, signature] = honest?.text.split(".") ?? [];
    const [, own, foreignKey, , , foreignSignature] = foreign?.text.split(".") ?? [];
    const edited = Buffer.from(receiptText({ ...first, seq: 1, tokens: [0, 0] })).toString("base64url");
    for (const parts of [
      [prefix, edited, key, place, path, signature],
      [prefix, own, foreignKey, place, path, signature],
      [prefix, own, key, place, path, foreignSignature],
    ])
      await assert.rejects(openReceipt(parts.join("."), primitives), { code: "signature_invalid" }, parts.join("."));
    assert.equal(
      (await openReceipt([prefix, own, key, place, path, signature].join("."), primitives)).gateway,
      one.publicKey,
    );
  }
});

test("the commitment is another one for another id, request or answer, also where the same characters stand elsewhere", () => {
  const [id, other] = ["1", "2"].map((digit) => ReceiptId.parse(`rcpt_${digit.repeat(24)}`));
  assert.ok(id !== undefined && other !== undefined);
  const request = digestOfText("{}", primitives);
  const digests = [
    contentDigest(id, { request, answer: "a" }, primitives),
    contentDigest(other, { request, answer: "a" }, primitives),
    contentDigest(id, { request: digestOfText("{ }", primitives), answer: "a" }, primitives),
    contentDigest(id, { request, answer: "\na" }, primitives),
    contentDigest(id, { request, answer: "" }, primitives),
  ];
  assert.equal(new Set(digests).size, digests.length);
});

test("a content digest is the same however the answer came in pieces, and wherever it is made", () => {
  const { sha256, hashing } = primitives;
  const id = ReceiptId.parse(`rcpt_${"0".repeat(24)}`);
  const piece = fc.string({ unit: "grapheme", maxLength: 20 });
  fc.assert(
    fc.property(digest, fc.array(piece, { maxLength: 8 }), (request, pieces) => {
      const whole = contentDigest(id, { request, answer: pieces.join("") }, primitives);
      for (const hasher of [{ sha256, ...(hashing === undefined ? {} : { hashing }) }, { sha256 }]) {
        const made = beginContentDigest(id, request, hasher);
        for (const one of pieces) made.add(one);
        assert.equal(made.digest(), whole);
      }
    }),
    { seed: 31, numRuns: 500 },
  );
});

test("half of a surrogate pair in the middle of an answer cannot be committed to", () => {
  const made = beginContentDigest(ReceiptId.parse(`rcpt_${"0".repeat(24)}`), digestOfText("", primitives), primitives);
  assert.throws(() => {
    made.add("\ud83d");
  }, /committed/);
});
