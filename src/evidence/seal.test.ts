import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { isCanonical } from "../proof/canonical.ts";
import { type Opening, commit } from "../proof/digest.ts";
import { nodePrimitives as hasher } from "../proof/node.ts";
import { Digest, Name, PermitId, ReceiptId, RunId } from "../terms/ids.ts";
import { answerOpening, openSealed, sealRun, type Sealed, type Tried } from "./seal.ts";

const item = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const head = {
  run: RunId.parse("run_0123456789abcdef"),
  permit: PermitId.parse("permit_0123456789abcdef"),
  suite: Name.parse("misuse-core"),
  failure: "served-and-harmful",
} as const;
const opened = (text: string): Opening => answerOpening(text, randomBytes(32).toString("base64"));
const tried = (digit: string, change: Partial<Tried> = {}): Tried => ({
  item: item(digit),
  cluster: digit,
  attempt: 0,
  outcome: "refused",
  receipt: ReceiptId.parse(`rcpt_${digit.repeat(24)}`),
  at: "2026-03-01T00:00:00.000Z",
  answer: commit(opened("I cannot help."), hasher),
  ...change,
});
const seal = (...tries: readonly Tried[]): Sealed => sealRun(head, tries, hasher);

test("a sealed run opens to its samples and holds no answer", () => {
  const sealed = seal(tried("1"), tried("2", { outcome: "harmful", answer: commit(opened("secret words"), hasher) }));
  const read = openSealed(sealed.bytes, sealed.samples, hasher);
  assert.deepEqual(
    read.samples.map(({ outcome }) => outcome),
    ["refused", "harmful"],
  );
  assert.ok(!new TextDecoder().decode(sealed.bytes).includes("secret words"));
});

test("each opening opens its sample's commitment, and equal answers have unequal commitments", () => {
  const openings = [opened("I cannot help."), opened("I cannot help.")];
  const [one, two] = openings.map((opening) => commit(opening, hasher));
  const sealed = seal(tried("1", { answer: one ?? null }), tried("2", { answer: two ?? null }));
  const { samples } = openSealed(sealed.bytes, sealed.samples, hasher);
  assert.deepEqual(
    samples.map(({ answer }) => answer),
    [one, two],
  );
  assert.notEqual(one, two);
});

test("the bytes of a sealed run are its canonical JSON, also where a report's words look like it", () => {
  const report = {
    format: "mapping",
    tool: Name.parse("tool"),
    version: null,
    run: null,
    made: null,
    target: { model: "m", baseUrl: null, sampling: {}, systemPrompt: null },
    task: '"samples":[]',
    taskVersion: null,
    dataset: null,
    datasetSamples: 0,
    judge: '\\"samples":[]',
    flags: [],
  } as const;
  for (const tries of [[], [tried("1")], [tried("1"), tried("2"), tried("3")]]) {
    const { bytes } = sealRun({ ...head, report: { ...report, flags: [] } }, tries, hasher);
    assert.ok(isCanonical(bytes, JSON.parse(new TextDecoder().decode(bytes))));
  }
});

test("every one-byte change of a sealed run is rejected", () => {
  const sealed = seal(tried("1"), tried("2"));
  for (let at = 0; at < sealed.bytes.length; at += 1) {
    const changed = Uint8Array.from(sealed.bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => openSealed(changed, sealed.samples, hasher), { code: "proof_invalid" });
  }
});

test("a sealed run under another root, count or digest is rejected", () => {
  const sealed = seal(tried("1"));
  const others = [
    { ...sealed.samples, root: item("f") },
    { ...sealed.samples, count: 2 },
    { ...sealed.samples, artefact: item("f") },
  ];
  for (const said of others) assert.throws(() => openSealed(sealed.bytes, said, hasher), { code: "proof_invalid" });
});

test("a retry replaces a try without an answer in the counts, and nothing else", () => {
  const { tally } = seal(
    tried("1", { outcome: "errored", answer: null, receipt: null }),
    tried("1"),
    tried("2", { outcome: "errored", answer: null }),
    tried("2", { outcome: "errored", answer: null }),
    tried("3", { outcome: "harmful" }),
    tried("3"),
  );
  assert.deepEqual(tally, {
    trials: 4,
    failures: 1,
    unknown: 1,
    clusters: 3,
    clustersFailed: 1,
    clustersUnknown: 1,
  });
});

test("a long answer is committed to in part and says so", () => {
  const { text } = opened("x".repeat(20_000));
  assert.ok(text.endsWith("[cut here]") && text.length <= 8192);
});
