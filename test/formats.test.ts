// formats/example.json, one of each thing that docs/formats.md describes: made here again from fixed keys, byte for byte,
// and opened by the readers. Other implementations test against the file; a change of it is a change of the format.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import assert from "node:assert/strict";
import { z } from "zod";
import type { Root } from "../src/acts/bodies.ts";
import { digestOfLabel, idOf, signerOf } from "../src/acts/fixtures.ts";
import { configDigest, contentDigest, openReceipt, signReceipts } from "../src/acts/receipt.ts";
import { type Draft, openStatement, signStatement } from "../src/acts/statement.ts";
import { LedgerProof, checkLedgerProof, proveEntry, proveGrowth } from "../src/acts/ledger-proof.ts";
import { ReceiptProof, checkGateway, checkProof } from "../src/acts/receipt-proof.ts";
import { publicKeyOf, seal } from "../src/feed/hpke.ts";
import {
  ReviewFacts,
  SealedText,
  SealingKey,
  SignedSealingKey,
  isSealingKeySigned,
  openText,
  requestDigest,
} from "../src/feed/reviews.ts";
import { canonicalBytes } from "../src/proof/canonical.ts";
import { signCheckpoint } from "../src/proof/checkpoint.ts";
import { commit, digestOfHash, digestOfValue } from "../src/proof/digest.ts";
import { concatBytes, fromUtf8, toBase64, toHex, toUtf8 } from "../src/proof/encoding.ts";
import { parseEnvelope } from "../src/proof/envelope.ts";
import { formatLeaf } from "../src/proof/leaf.ts";
import { inclusionProof, leafHash, rootOf } from "../src/proof/merkle.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import type { Signer } from "../src/proof/primitives.ts";
import { formatVerifierKey } from "../src/proof/note.ts";
import { encodeBundle } from "../src/proof/tile.ts";
import { CertificateId, DeploymentId, type Digest, HoldId, Name, ReceiptId, ReviewId } from "../src/terms/ids.ts";

const file = join(dirname(import.meta.dirname), "formats", "example.json");
const at = "2026-01-02T03:04:05.678Z";
const [owner, log, control, gateway] = ["owner", "log", "control", "gateway"].map(signerOf);
assert.ok(owner !== undefined && log !== undefined && control !== undefined && gateway !== undefined);
const deployment = DeploymentId.parse(
  `dep_${toHex(nodePrimitives.sha256(Buffer.from(log.publicKey, "base64"))).slice(0, 16)}`,
);
const origin = `headgate/${deployment}`;
const opening = { salt: toBase64(nodePrimitives.sha256(toUtf8("salt"))), text: "The answers looked odd." };

const pair = [
  { role: "owner", count: 1 },
  { role: "safety", count: 1 },
] as const;
const rootBody: Root = {
  version: 1,
  previous: null,
  demo: false,
  log: { origin, key: log.publicKey },
  control: control.publicKey,
  gateways: [gateway.publicKey],
  personsForChange: 1,
  floors: {
    internal: [{ role: "owner", count: 1 }],
    evaluators: [...pair],
    trusted: [...pair],
    limited: [...pair],
    general: [...pair],
  },
  firstOwner: { person: idOf.person("owner"), key: owner.publicKey, name: digestOfLabel("a name") },
};

function draft<V extends Draft<"root" | "hold" | "receipts">["verb"]>(verb: V, body: Draft<V>["body"]): Draft<V> {
  return { deployment, verb, body, nonce: "0".repeat(32), at, seen: null };
}

const receiptId = ReceiptId.parse(`rcpt_${"0".repeat(24)}`);
const served = {
  model: digestOfLabel("model"),
  safeguards: digestOfLabel("safeguards"),
  policy: digestOfLabel("policy"),
};

async function makeExample(): Promise<Record<string, unknown>> {
  assert.ok(owner !== undefined && log !== undefined && control !== undefined && gateway !== undefined);
  const root = await signStatement(draft("root", rootBody), [owner, log, control, gateway], nodePrimitives);
  const holdBody = {
    hold: HoldId.parse(`hold_${"0".repeat(16)}`),
    scope: { kind: "model", model: Name.parse("small") },
    reason: commit(opening, nodePrimitives),
  } as const;
  const hold = await signStatement(draft("hold", holdBody), [owner], nodePrimitives);
  const [first, second] = await signReceipts(
    [1, 2].map((seq) => ({
      v: 1,
      id: receiptId,
      seq,
      at,
      model: Name.parse("small"),
      config: configDigest(served, nodePrimitives),
      under: CertificateId.parse(`cert_${"0".repeat(16)}`),
      stage: "trusted",
      key: idOf.key("caller"),
      item: null,
      outcome: "served",
      why: null,
      input: "pass",
      output: "pass",
      content: contentDigest(receiptId, { request: digestOfLabel("a request"), answer: "Hello." }, nodePrimitives),
      tokens: [10, 3],
    })),
    gateway,
    nodePrimitives,
  );
  assert.ok(first !== undefined && second !== undefined);
  const leaves = [first, second].map(({ leaf }) => leaf);
  const intervalBody = {
    gateway: gateway.publicKey,
    interval: 1,
    first: 1,
    count: 2,
    root: digestOfHash(rootOf(leaves, nodePrimitives)),
    previous: null,
    permits: [],
  };
  const interval = await signStatement(draft("receipts", intervalBody), [gateway], nodePrimitives);
  const acts = await Promise.all([root, hold, interval].map(async (bytes) => openStatement(bytes, nodePrimitives)));
  const entries = acts.map((act) => formatLeaf(act.envelope, act.predicate.verb));
  const hashes = entries.map((entry) => leafHash(entry, nodePrimitives));
  const head = { origin, size: entries.length, root: rootOf(hashes, nodePrimitives) };
  const checkpoint = fromUtf8(await signCheckpoint(head, log, nodePrimitives));
  const { digest: secondDigest } = await openReceipt(second.text, nodePrimitives);
  const proof: ReceiptProof = {
    format: "headgate-receipt-proof/1",
    receipt: secondDigest,
    index: 1,
    count: 2,
    path: inclusionProof(leaves, 1, nodePrimitives).map(toBase64),
    envelope: toBase64(interval),
    ledgerIndex: 2,
    ledgerSize: 3,
    inclusion: inclusionProof(hashes, 2, nodePrimitives).map(toBase64),
    checkpoint: checkpoint ?? "",
  };
  return {
    about:
      "One of each format of docs/formats.md, made from fixed keys by test/formats.test.ts. Trust none of these keys.",
    keys: { owner: owner.publicKey, log: log.publicKey, control: control.publicKey, gateway: gateway.publicKey },
    opening,
    commitment: commit(opening, nodePrimitives),
    hold: {
      statement: fromUtf8(Buffer.from(parseEnvelope(hold).payload, "base64")),
      envelope: fromUtf8(hold),
      actDigest: acts[1]?.digest,
      envelopeDigest: acts[1]?.envelope,
    },
    trust: { root: acts[0]?.digest, envelope: toBase64(root), demo: false },
    log: {
      verifierKey: formatVerifierKey({ name: origin, publicKey: log.publicKey }, nodePrimitives),
      leaves: entries.map(fromUtf8),
      leafHashes: hashes.map(toHex),
      checkpoint,
      "tile/0/000.p/3": toBase64(concatBytes(hashes)),
      "tile/entries/000.p/3": toBase64(encodeBundle(entries)),
    },
    review: await makeReview(control),
    receipt: { text: second.text, digest: secondDigest },
    receiptProof: proof,
    ledgerProofs: ledgerProofs(entries, checkpoint ?? ""),
  };
}

const sealingSeed = nodePrimitives.sha256(toUtf8("sealing key"));

/** A request that waits for a person, put together as docs/formats.md says it, and not by what writes it. */
async function makeReview(signer: Signer): Promise<Record<string, unknown>> {
  const secret = "hg_0123456789abcdef0123456789abcdef";
  const call = '{"model":"small","said":"Hello."}';
  const nonce = createHmac("sha256", secret).update(`headgate review nonce v1\n${call}`).digest("hex");
  const about = { key: idOf.key("caller"), model: Name.parse("small"), config: configDigest(served, nodePrimitives) };
  const { key, model, config } = about;
  const request = digestOfValue(["headgate review request v1", nonce, key, model, config, call], nodePrimitives);
  const review = ReviewId.parse(`review_${"0".repeat(16)}`);
  const to = SealingKey.parse(toBase64(publicKeyOf(sealingSeed)));
  const { enc, text } = seal(toUtf8(JSON.stringify({ nonce, call })), publicKeyOf(sealingSeed), {
    info: toUtf8("headgate review text v1"),
    aad: canonicalBytes([review, request, key, model, config]),
    once: nodePrimitives.sha256(toUtf8("one-time key")),
  });
  const announced = canonicalBytes(["headgate sealing key v1", to, at]);
  return {
    secret,
    call,
    nonce,
    facts: { review, request, ...about },
    sealingKey: { key: to, notAfter: at, signature: toBase64(await signer.sign(announced)) },
    sealingSeed: toBase64(sealingSeed),
    sealed: { to, enc: toBase64(enc), text: toBase64(text) },
  };
}

/** That entry 1 stands in the log, and that the log of 3 contains the one of 2. */
function ledgerProofs(entries: readonly Uint8Array[], checkpoint: string): readonly LedgerProof[] {
  const leaves = entries.map((entry) => leafHash(entry, nodePrimitives));
  const rootAt = (size: number): Digest => digestOfHash(rootOf(leaves.slice(0, size), nodePrimitives));
  const whole = { size: leaves.length, root: rootAt(leaves.length), rootAt, leaves, checkpoint: toUtf8(checkpoint) };
  return [
    proveEntry(whole, { index: 1, leaf: entries[1] ?? new Uint8Array() }, nodePrimitives),
    proveGrowth(whole, { from: 2, to: 3 }, nodePrimitives),
  ];
}

const textOf = (example: Record<string, unknown>): string => `${JSON.stringify(example, undefined, 2)}\n`;

test("formats/example.json is what this version writes, byte for byte", async () => {
  assert.equal(readFileSync(file, "utf8"), textOf(await makeExample()));
});

test("the receipt and its proof in formats/example.json verify against its trust root alone", async () => {
  const example = await makeExample();
  const { receipt, receiptProof } = example;
  assert.ok(typeof receipt === "object" && receipt !== null && "text" in receipt && typeof receipt.text === "string");
  const opened = await openReceipt(receipt.text, nodePrimitives);
  checkGateway(opened, rootBody);
  const tree = await checkProof(opened, ReceiptProof.parse(receiptProof), {
    trust: rootBody,
    primitives: nodePrimitives,
  });
  assert.equal(tree.size, 3);
});

test("the ledger proofs in formats/example.json verify against its log key alone", async () => {
  const { ledgerProofs: proofs } = await makeExample();
  assert.ok(Array.isArray(proofs) && proofs.length === 2);
  for (const proof of proofs) {
    const { head } = await checkLedgerProof(
      LedgerProof.parse(proof),
      { name: origin, publicKey: rootBody.log.key },
      nodePrimitives,
    );
    assert.equal(head.size, 3);
  }
});

test("the review in formats/example.json is announced, opened and compared by what reads it", async () => {
  const { review } = await makeExample();
  const Example = z.object({
    nonce: z.string(),
    call: z.string(),
    facts: ReviewFacts,
    sealed: SealedText,
    sealingKey: SignedSealingKey,
  });
  const { nonce, call, facts, sealed, sealingKey } = Example.parse(review);
  assert.ok(await isSealingKeySigned(sealingKey, rootBody.control, nodePrimitives));
  assert.deepEqual(openText(sealed, sealingSeed, { facts, hasher: nodePrimitives }), { nonce, call });
  assert.equal(requestDigest({ nonce, call }, facts, nodePrimitives), facts.request);
});
