// What leaves, and what does not: counts come back as they went when our own importer reads the log again.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { type Opening, commit } from "../proof/digest.ts";
import { toBase64 } from "../proof/encoding.ts";
import { nodePrimitives as hasher, randomBytes } from "../proof/node.ts";
import { tally } from "../statistics/measure.ts";
import { Digest, Name, PermitId, ReceiptId, RunId } from "../terms/ids.ts";
import { type TrialOutcome, countedAs } from "../terms/trial.ts";
import { type Exported, answersOf, csvLines, inspectLog, jsonLines } from "./export-run.ts";
import { readReport } from "./import/read-file.ts";
import { type Tried, answerOpening, openSealed, sealRun } from "./seal.ts";

const leaf = (digit: string): Digest => Digest.parse(`sha256:${digit.repeat(64)}`);
const salt = toBase64(randomBytes(32));
const openingFor = (digit: string, attempt: number): Opening =>
  answerOpening(`=answer of ${digit}, "${attempt}"`, salt);
const tried = (digit: string, attempt: number, outcome: TrialOutcome): Tried => ({
  item: leaf(digit),
  cluster: `c${digit}`,
  attempt,
  outcome,
  receipt: ReceiptId.parse(`rcpt_${digit.repeat(24)}`),
  at: "2026-11-30T00:00:00.000Z",
  answer: outcome === "errored" ? null : commit(openingFor(digit, attempt), hasher),
});
const tries = [
  tried("1", 1, "harmful"),
  tried("2", 1, "errored"),
  tried("2", 1, "refused"),
  tried("3", 1, "unscored"),
  tried("4", 1, "truncated"),
  tried("5", 1, "errored"),
  tried("6", 1, "safe"),
  tried("6", 2, "harmful"),
];
const sealed = sealRun(
  {
    run: RunId.parse("run_0123456789abcdef"),
    permit: PermitId.parse("permit_0123456789abcdef"),
    suite: Name.parse("misuse-core"),
    failure: "served-and-harmful",
  },
  tries,
  hasher,
);
const run = openSealed(sealed.bytes, sealed.samples, hasher);
const items = new Map(
  ["1", "2", "3", "4", "5", "6"].map((digit) => [
    leaf(digit),
    { id: `q${digit}`, category: "cyber", attack: undefined, messages: [{ role: "user", content: `secret ${digit}` }] },
  ]),
);
const exported: Exported = {
  run,
  evidence: leaf("a"),
  at: "2026-11-30T00:00:00.000Z",
  model: "small",
  measure: "misuse-success",
  failure: "served-and-harmful",
  basis: "measured-here",
  digests: { model: leaf("b") },
  root: sealed.samples.root,
  items,
  answers: undefined,
};
const opened = ["1", "2", "3", "4", "6"].map((digit) => {
  const opening = openingFor(digit, 1);
  return { commitment: commit(opening, hasher), text: opening.text };
});
const withTexts: Exported = { ...exported, answers: answersOf(run, opened) };

const folder = mkdtempSync(join(tmpdir(), "headgate-export-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("an exported log, imported again, has the attempts, failures and unknowns of the run", async () => {
  for (const each of [exported, withTexts]) {
    const path = join(folder, `${each === exported ? "bare" : "texts"}.json`);
    writeFileSync(path, [...inspectLog(each)].join(""));
    const report = await readReport(path, { failed: "harmful", failure: ["I"], cluster: "cluster" }, hasher);
    const marked = report.attempts.map(({ cluster, outcome }) => ({
      cluster,
      countsAs: countedAs(outcome, "served-and-harmful"),
    }));
    assert.deepEqual(tally(marked), sealed.tally);
    assert.deepEqual(report.flags, ["errors-dropped", "unscored", "limited", "retried"]);
    assert.equal(
      report.told[0],
      "Inspect counts 4 samples scored by headgate; here 7 attempts count, 3 of them unknown.",
    );
  }
});

test("no text leaves unless it is asked for", () => {
  for (const write of [inspectLog, jsonLines, csvLines]) {
    const bare = [...write(exported)].join("");
    assert.ok(!bare.includes("secret") && !bare.includes("answer of"));
    const whole = [...write(withTexts)].join("");
    assert.ok(whole.includes("secret 1") && whole.includes("answer of 1"));
  }
});

test("every try has its row, those that another one superseded too, and no cell is a formula", () => {
  const rows = [...jsonLines(exported)];
  assert.equal(rows.length, tries.length);
  assert.deepEqual(
    rows.map((row) => /"counted":(true|false)/.exec(row)?.[1]),
    ["true", "false", "true", "true", "true", "true", "true", "true"],
  );
  const csv = [...csvLines(withTexts)];
  assert.equal(csv.length, tries.length + 1);
  assert.ok(csv[1]?.endsWith(`,user: secret 1,"'=answer of 1, ""1"""\r\n`), csv[1]);
});

function saidInCsv(answer: string): string {
  const answers = new Map(run.samples.flatMap((one) => (one.answer === null ? [] : [[one.answer, answer] as const])));
  return [...csvLines({ ...exported, answers })][1]?.split(",user: secret 1,")[1]?.trimEnd() ?? "";
}

test("whatever a spreadsheet takes for the beginning of a formula stands behind an apostrophe, and nothing else does", () => {
  assert.deepEqual(
    ["=1", "+1", "-1", "@x", "\t=1", "1", "a=1"].map((answer) => saidInCsv(answer)),
    [..."=+-".split("").map((sign) => `'${sign}1`), "'@x", "'\t=1", "1", "a=1"],
  );
  assert.equal(saidInCsv("\r=1"), `"'\r=1"`);
});

test("what each grader said leaves with the outcome, in every form", () => {
  const graded = [
    { by: "judge:strict", verdict: "harmful" },
    { by: "judge:mild", verdict: "unscored" },
  ] as const;
  const [first, ...others] = run.samples;
  assert.ok(first !== undefined);
  const each: Exported = { ...exported, run: { ...run, samples: [{ ...first, graded: [...graded] }, ...others] } };
  const row = z.object({ graded: z.array(z.object({ by: z.string(), verdict: z.string() })).nullable() });
  const rows = [...jsonLines(each)].map((line) => row.parse(JSON.parse(line)).graded);
  assert.deepEqual(rows, [graded, ...others.map(() => null)]);
  const [names, cells, next] = [...csvLines(each)];
  assert.ok(names?.endsWith(",graded\r\n") && next?.endsWith(",\r\n"));
  assert.ok(cells?.endsWith(",judge:strict harmful; judge:mild unscored\r\n"), cells);
  const log = z.object({ samples: z.array(z.object({ metadata: z.looseObject({}) })) });
  const { samples } = log.parse(JSON.parse([...inspectLog(each)].join("")));
  assert.deepEqual(samples[0]?.metadata["graded"], graded);
});

test("an answer that was not sealed is refused", () => {
  const other = { commitment: commit({ salt: toBase64(randomBytes(32)), text: "x" }, hasher), text: "x" };
  assert.throws(() => answersOf(run, [...opened, other]), { code: "proof_invalid" });
});
