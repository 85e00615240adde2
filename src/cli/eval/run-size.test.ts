// What a run is bounded by holds: as many of its longest samples as are said to fit do fit, in the artefact and packed in a request.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { controlBodyBytesMax, unpackedBytesMax, unpackedRatioMax } from "../../control/contract.ts";
import { type Sample, openSealed, sealRun } from "../../evidence/seal.ts";
import { Suite } from "../../evidence/suite-document.ts";
import { nodePrimitives, randomBytes } from "../../proof/node.ts";
import { Digest, Instant, Name, PermitId, ReceiptId, RunId, timestampOf } from "../../terms/ids.ts";
import { type SizedSuite, longestSample, triesThatFit } from "./run-size.ts";

const hex = (bytes: number): string => Buffer.from(randomBytes(bytes)).toString("hex");
const judge = { dialect: "openai-chat", url: "https://judge.example/v1", model: "m", rubric: "r" };
const attacker = {
  strategy: "refine@1",
  turns: 16,
  dialect: "openai-chat",
  url: "https://attacker.example/v1",
  model: "m",
  budget: { requests: 1_000_000, tokens: 1_000_000 },
};

function suiteOf(more: object): SizedSuite {
  const measure = { name: "rate", failure: "served-and-harmful", cluster: "id" };
  const document = Suite.parse({ kind: "Suite", name: "s", items: "s.jsonl", answerTokens: 64, measure, ...more });
  return { document, loaded: { items: [] } };
}

/** Like the longest, with other digits: nothing in it repeats but what does in every run. */
function drawn(longest: Sample, at: number): Sample {
  const receipt = (): ReceiptId => ReceiptId.parse(`rcpt_${hex(12)}`);
  return {
    ...longest,
    item: Digest.parse(`sha256:${hex(32)}`),
    receipt: receipt(),
    ...(longest.before === undefined ? {} : { before: longest.before.map(() => receipt()) }),
    at: timestampOf(Instant.parse(Date.parse("2026-11-30") + 1717 * at)),
    answer: Digest.parse(`sha256:${hex(32)}`),
  };
}

const head = {
  run: RunId.parse("run_0123456789abcdef"),
  permit: PermitId.parse("permit_0123456789abcdef"),
  suite: Name.parse("s"),
  failure: "served-and-harmful",
} as const;

for (const [name, more] of [
  ["plain", {}],
  ["with a panel", { grader: { panel: { judges: ["one", "two", "three"].map((by) => ({ ...judge, name: by })) } } }],
  ["attacked over many turns", { attacker }],
] as const) {
  test(`as many tries as fit one run of a suite can be sealed, sent and read again: ${name}`, () => {
    const suite = suiteOf(more);
    const most = triesThatFit(suite);
    // A twentieth of them stands for all: what a sample takes does not grow with their number.
    const count = Math.floor(most / 20);
    const longest = longestSample(suite);
    const sealed = sealRun(
      head,
      Array.from({ length: count }, (_, at) => drawn(longest, at)),
      nodePrimitives,
    );
    const packed = gzipSync(sealed.bytes, { level: 1 });
    assert.ok(20 * sealed.bytes.length < unpackedBytesMax, `${sealed.bytes.length} bytes`);
    assert.ok(20 * Math.ceil(packed.length / 3) * 4 < controlBodyBytesMax, `${packed.length} bytes packed`);
    assert.ok(sealed.bytes.length < unpackedRatioMax * packed.length);
    assert.equal(openSealed(sealed.bytes, sealed.samples, nodePrimitives).samples.length, count);
    assert.ok(most > (name === "plain" ? 100_000 : 30_000), `${most} tries`);
  });
}

test("a suite whose clusters have long names holds fewer", () => {
  const suite = suiteOf({});
  const items = [{ cluster: "é".repeat(120) }];
  const named = { ...suite, loaded: { items } };
  assert.ok(triesThatFit(named) < triesThatFit(suite) / 1.5);
});
