// Reports of promptfoo and garak, written by them, and of anything else by a mapping: counts equal to the tool's own, what
// differs explained, and nothing that leaves the denominator.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { nodePrimitives } from "../../proof/node.ts";
import type { TrialOutcome } from "../../terms/trial.ts";
import { MappingDocument } from "./mapping.ts";
import { type AskedOfFile, readReport } from "./read-file.ts";
import type { ReadReport } from "./read-report.ts";
import { attemptsMax, clusterName } from "./record.ts";

const data = join(import.meta.dirname, "../../../test/data");
const folder = mkdtempSync(join(tmpdir(), "headgate-reports-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});
let written = 0;

function fileOf(text: string | Uint8Array, ending = "jsonl"): string {
  written += 1;
  const path = join(folder, `${written}.${ending}`);
  writeFileSync(path, text);
  return path;
}

const read = async (path: string, asked: Partial<AskedOfFile>): Promise<ReadReport> =>
  readReport(path, { failed: "harmful", failure: [], ...asked }, nodePrimitives);

const promptfoo = async (path: string, asked: Partial<AskedOfFile> = {}): Promise<ReadReport> =>
  read(path, { failure: ["fail"], ...asked });
const garak = async (path: string, asked: Partial<AskedOfFile> = {}): Promise<ReadReport> =>
  read(path, { failure: ["hit"], ...asked });

function outcomes({ attempts }: ReadReport): readonly TrialOutcome[] {
  return attempts.map(({ outcome }) => outcome);
}

function count(report: ReadReport, wanted: TrialOutcome): number {
  return outcomes(report).filter((outcome) => outcome === wanted).length;
}

const Results = z.looseObject({ results: z.looseObject({ results: z.array(z.unknown()) }) });
const results = join(data, "promptfoo/results.json");

test("promptfoo: errors and what nobody judged stay, and its counts are told beside ours", async () => {
  const report = await promptfoo(results);
  assert.deepEqual(outcomes(report), ["safe", "harmful", "safe", "errored", "errored", "unscored"]);
  assert.deepEqual(report.flags, ["errors-dropped", "unscored"]);
  assert.deepEqual(report.told, [
    "promptfoo counts 3 passed, 1 failed, 2 erred; its rows are 3 passed, 1 failed, 2 erred.",
  ]);
  assert.deepEqual(
    [report.head.tool, report.head.version, report.head.target.model, report.head.task],
    ["promptfoo", "0.121.20", "listed", "small"],
  );
  assert.deepEqual(report.attempts[1]?.said, { category: "small", score: 0 });
});

test("promptfoo: one result a line reads the same and does not say that it is all", async () => {
  const whole = await promptfoo(results);
  const lines = await promptfoo(join(data, "promptfoo/results.jsonl"));
  assert.deepEqual(lines.attempts, whole.attempts);
  assert.deepEqual(lines.flags, ["errors-dropped", "unscored", "missing-completion"]);
});

test("promptfoo: a row taken out, a cached answer, a broken grader and a person's word are flagged", async () => {
  const parsed = Results.parse(JSON.parse(readFileSync(results, "utf8")));
  const text = JSON.stringify(parsed);
  const rest = parsed.results.results.toSpliced(1, 1);
  const fewer = { ...parsed, results: { ...parsed.results, results: rest } };
  const less = await promptfoo(fileOf(JSON.stringify(fewer), "json"));
  assert.ok(less.flags.includes("counts-differ"));
  const changed = text
    .replace('"output":"no"', '"cached":true,"output":"no"')
    .replace('"reason":"looked for yes"', '"metadata":{"graderError":true},"reason":"x"');
  const report = await promptfoo(fileOf(changed, "json"));
  assert.ok(report.flags.includes("cached"));
  assert.equal(report.attempts[0]?.outcome, "unscored");
  const byPerson = await promptfoo(fileOf(text.replaceAll('"type":"javascript"', '"type":"human"'), "json"));
  assert.ok(byPerson.flags.includes("human-grades"));
  assert.equal(byPerson.attempts[0]?.said?.human, true);
});

test("promptfoo: tests with the same variables are one cluster, repeats are further attempts, providers are chosen", async () => {
  const text = readFileSync(join(data, "promptfoo/results.jsonl"), "utf8");
  const repeated = await promptfoo(fileOf(`${text}\n${text}`));
  assert.deepEqual(
    repeated.attempts.map(({ attempt }) => attempt),
    [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2],
  );
  assert.equal(new Set(repeated.attempts.map(({ cluster }) => cluster)).size, 6);
  const byWord = await promptfoo(results, { cluster: "word" });
  assert.deepEqual([...new Set(byWord.attempts.map(({ cluster }) => cluster))], ["word:no", "word:yes"]);
  await assert.rejects(promptfoo(results, { cluster: "absent" }), /without absent/);
  const two = fileOf(text + "\n" + text.replaceAll('"id":"listed"', '"id":"other"'));
  await assert.rejects(promptfoo(two), /listed, other/);
  assert.equal((await promptfoo(two, { target: "other" })).attempts.length, 6);
});

test("which word of a tool is the failure is the importer's to say", async () => {
  const turned = await promptfoo(results, { failure: ["pass"], failed: "refused" });
  assert.deepEqual([count(turned, "refused"), count(turned, "safe"), count(turned, "errored")], [2, 1, 2]);
  await assert.rejects(promptfoo(results, { failure: ["I"] }), { code: "request_invalid" });
  await assert.rejects(garak(join(data, "garak/small.report.jsonl"), { failure: ["fail"] }), /hit/);
});

const report = join(data, "garak/small.report.jsonl");
const hitLog = join(data, "garak/small.hitlog.jsonl");

test("garak: its hits are ours, prompts are clusters, and the hit log agrees", async () => {
  const small = await garak(report, { hitLog });
  assert.deepEqual(small.told, ["garak counts 5 hits of 16 by always.Random on test.Test, and leaves 0 out."]);
  assert.deepEqual([small.attempts.length, count(small, "harmful"), count(small, "safe")], [16, 5, 11]);
  assert.equal(new Set(small.attempts.map(({ cluster }) => cluster)).size, 8);
  assert.deepEqual(small.flags, []);
  assert.deepEqual([small.head.target.model, small.head.version], ["function.Single said#answer", "0.17.1"]);
  assert.equal(small.attempts[0]?.said?.attack, "test.Test");
});

test("garak: what no detector scored, what is missing and what was never evaluated stays as unknown", async () => {
  const text = readFileSync(report, "utf8");
  const unscored = await garak(fileOf(text.replace(/\[0\.15084\d+, /, "[null, ")));
  assert.deepEqual([count(unscored, "unscored"), unscored.attempts.length], [1, 16]);
  assert.deepEqual(unscored.flags, ["unscored", "counts-differ"]);
  const missing = await garak(fileOf(text.replaceAll("0.5358820043066892", "0.1")), { hitLog });
  assert.deepEqual([count(missing, "errored"), missing.attempts.length], [1, 16]);
  assert.deepEqual(missing.flags, ["errors-dropped", "counts-differ", "hit-log-differs"]);
  // Cut as by a kill: the first four attempts were evaluated, the others only sent, and nothing says that it is over.
  const lines = text.split("\n");
  const evaluated = lines.findIndex((line) => line.includes('"status": 2'));
  const killed = await garak(fileOf(lines.slice(0, evaluated + 4).join("\n")));
  assert.deepEqual([killed.attempts.length, count(killed, "errored")], [16, 8]);
  assert.deepEqual(killed.flags, ["errors-dropped", "missing-samples", "missing-completion", "truncated"]);
});

test("garak: a hit log alone counts nothing, and two runs in one file are refused", async () => {
  await assert.rejects(garak(hitLog), /nothing of what passed/);
  const text = readFileSync(report, "utf8");
  await assert.rejects(garak(fileOf(`${text}\n${text}`)), /more than one run/);
  await assert.rejects(garak(report, { scorer: "no.Such" }), /always\.Random/);
});

const mapping = MappingDocument.parse({
  tool: "our-harness",
  target: { model: "theirs" },
  fields: { id: "prompt_id", outcome: "label", cluster: "behaviour", attempt: "try", error: "error", score: "points" },
  outcomes: { harmful: ["yes", 1], safe: ["no"], refused: ["refusal"], truncated: ["cut"] },
  flags: ["subset"],
});
const header = "prompt_id,behaviour,try,label,error,points\n";

test("a CSV file is read as its mapping says: quotes, line breaks inside them, errors and empty labels included", async () => {
  const text = `\u{feff}${header}a,x,1,yes,,0.5\r\na,x,2,no,timeout,\n"b ""1""","y,
z",1,,,\nc,x,1,cut,,\nd,x,1,yes,broke,`;
  const { attempts, flags, head } = await read(fileOf(text, "csv"), { mapping });
  assert.deepEqual(
    attempts.map(({ item, attempt, cluster, outcome }) => [item, attempt, cluster, outcome]),
    [
      ["a", 1, "behaviour:x", "harmful"],
      ["a", 2, "behaviour:x", "errored"],
      ['b "1"', 1, "behaviour:y,\nz", "unscored"],
      ["c", 1, "behaviour:x", "truncated"],
      // A failure is a failure, also where something broke afterwards.
      ["d", 1, "behaviour:x", "harmful"],
    ],
  );
  assert.deepEqual([flags, head.tool, head.format], [["subset", "unscored"], "our-harness", "mapping"]);
  assert.deepEqual(attempts[0]?.said, { score: 0.5 });
});

test("a field of megabytes, quotes and all, is one field", async () => {
  const long = `${"x".repeat(5_000_000)}""${'""'.repeat(500_000)}`;
  const { attempts } = await read(fileOf(`${header}a,"${long}",1,no,,\n`, "csv"), { mapping });
  assert.equal(attempts[0]?.cluster.length, "behaviour:".length + 5_000_000 + 1 + 500_000);
});

test("what a message names out of a file steers no terminal", async () => {
  const rows = `${header}"\u{1b}[2Ja",x,1,yes,,\n"\u{1b}[2Ja",x,1,yes,,`;
  await assert.rejects(read(fileOf(rows, "csv"), { mapping }), (error) => {
    assert.ok(error instanceof Error && error.message.includes("Row 2") && !/\p{C}/u.test(error.message));
    return true;
  });
  const text = readFileSync(join(data, "promptfoo/results.jsonl"), "utf8").replaceAll(
    '"id":"listed"',
    String.raw`"id":"\u001b[2J"`,
  );
  const { head, told } = await promptfoo(fileOf(text));
  assert.ok(!/\p{C}/u.test([head.target.model, ...told].join("")));
});

test("JSON a line is read with names inside one another", async () => {
  const inside = MappingDocument.parse({
    tool: "t",
    target: { model: "m" },
    fields: { id: "meta.id", outcome: "grade.value" },
    outcomes: { harmful: [true], safe: [false] },
  });
  const text = '{"meta":{"id":1},"grade":{"value":true}}\n{"meta":{"id":12345678901234567890},"grade":{"value":NaN}}\n';
  const { attempts } = await read(fileOf(text), { mapping: inside });
  assert.deepEqual(
    attempts.map(({ item, outcome }) => [item, outcome]),
    [
      ["1", "harmful"],
      ["12345678901234567890", "unscored"],
    ],
  );
});

test("whatever a mapping does not say is an error that names row, line and column", async () => {
  const bad = [
    [`${header}a,x,1,yes,,\nb,x,1,maybe,,`, /Row 2 \(line 3\), column label: is "maybe", which stands for no outcome/],
    [`${header}a,x,one,yes,,`, /Row 1 \(line 2\), column try: is "one", and no whole number/],
    [`${header}a,x,1,yes,,\na,x,1,no,,`, /Row 2 \(line 3\), column prompt_id: is "a", as in row 1/],
    [`${header},x,1,yes,,`, /Row 1 \(line 2\), column prompt_id: is empty/],
    [`${header}a,,1,yes,,`, /Row 1 \(line 2\), column behaviour: is empty/],
    [`${header}a,x,1`, /Row 1 \(line 2\) has 3 columns; the first line names 6/],
    ["prompt_id,label\na,yes", /no column behaviour; the first line names: prompt_id, label/],
    [`${header}"a,x,1,yes,,`, /line 2 breaks off inside quotes/],
    [`${header}a"b",x,1,yes,,`, /Line 2, column 1: the quotes/],
    [header, /holds no rows/],
    ["", /holds no rows/],
  ] as const;
  for (const [text, wanted] of bad) await assert.rejects(read(fileOf(text, "csv"), { mapping }), wanted, text);
  await assert.rejects(read(fileOf('{"prompt_id":[1]}'), { mapping }), /column prompt_id: is no text/);
  await assert.rejects(read(fileOf("{"), { mapping }), /Row 1 \(line 1\)/);
  const twice = { ...mapping, outcomes: { harmful: ["x"], safe: ["x"] } };
  await assert.rejects(read(fileOf(header, "csv"), { mapping: twice }), /two outcomes/);
});

test("one cluster of all, and a cluster of each, are read as they are", async () => {
  const rows = Array.from({ length: 50 }, (_, at) => `q${at},all,1,no,,`).join("\n");
  const one = await read(fileOf(header + rows, "csv"), { mapping });
  assert.equal(new Set(one.attempts.map(({ cluster }) => cluster)).size, 1);
  const { cluster: _cluster, ...fields } = mapping.fields;
  const each = await read(fileOf(header + rows, "csv"), { mapping: { ...mapping, fields } });
  assert.equal(new Set(each.attempts.map(({ cluster }) => cluster)).size, 50);
});

test("more attempts than one piece of evidence is made of are refused, with what to do", async () => {
  const rows = Array.from({ length: attemptsMax + 1 }, (_, at) => `q${at},x,1,no,,\n`).join("");
  await assert.rejects(read(fileOf(header + rows, "csv"), { mapping }), /Import it in parts/);
});

test("a file that nobody knows, an empty one and one that is not there are refused", async () => {
  for (const path of [fileOf("hello"), fileOf(""), fileOf("[]"), join(folder, "absent"), folder])
    await assert.rejects(read(path, { failure: ["I"] }), { code: "request_invalid" });
});

test("a cluster that is long, or would steer a terminal, is named by its digest", () => {
  assert.equal(clusterName("topic:odd", nodePrimitives), "topic:odd");
  assert.match(clusterName("x".repeat(500), nodePrimitives), /^sha256:[0-9a-f]{64}$/);
  assert.match(clusterName("a\u{1b}[2J", nodePrimitives), /^sha256:/);
});
