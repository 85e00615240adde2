// Evidence from elsewhere as an operator has it: looked at, vouched for, used by a gate that says so, shown, exported, taken
// back; and a run of one's own exported with its texts, and read again.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Mock, startMock } from "../upstream-mock/server.ts";
import { operatorOf } from "./operator.ts";

const data = join(dirname(import.meta.dirname), "data");
const folder = mkdtempSync(join(tmpdir(), "headgate-elsewhere-"));
const release = join(folder, "release");
const ada = join(folder, "ada.json");
const { must, headgate, refused, start, stop } = operatorOf({
  HEADGATE_DATA: join(folder, "data"),
  HEADGATE_STATE: join(folder, "state"),
});
const Imported = z.object({
  run: z.string(),
  basis: z.string(),
  flags: z.array(z.string()),
  measures: z.tuple([z.object({ failures: z.number(), trials: z.number(), unknown: z.number(), upper: z.number() })]),
  evidence: z.string().optional(),
});
const Status = z.object({
  requirements: z.array(z.object({ id: z.string(), verdict: z.string(), why: z.string() })),
});
let mock: Mock;

before(async () => {
  mock = await startMock();
  await start();
  await must("init", "--name", "Ada", "--profile", ada);
  await must("connect", mock.url, "--model", "mock", "--name", "mine", "--out", release, "--profile", ada);
  writeFileSync(
    join(release, "suite.yaml"),
    "kind: Suite\nname: probe\nitems: probe.jsonl\ngrader: refusal-rules@1\nanswerTokens: 32\nmeasure: { name: answered, failure: served-and-harmful, cluster: id }\n",
  );
  const items = ["one", "two", "three"].map((id) => JSON.stringify({ id, text: `Say ${id}.`, category: "everyday" }));
  writeFileSync(join(release, "probe.jsonl"), `${items.join("\n")}\n`);
  const plan = join(release, readdirSync(release).find((name) => /plan/.test(name)) ?? "");
  const bound =
    "- { id: elsewhere, suite: probe, measure: answered, upper: 0.99, confidence: 0.9, basis: declared, about: model }";
  const text = readFileSync(plan, "utf8");
  writeFileSync(
    plan,
    text.replace(/^( *)requires:\n/m, (line, space: string) => `${line}${space}  ${bound}\n`),
  );
  await must("apply", "-f", release, "--profile", ada);
});
after(async () => {
  await stop();
  await mock.close();
  rmSync(folder, { recursive: true });
});

const about = ["--model", "mine", "--suite", "probe", "--measure", "answered", "--profile", ada] as const;
const garak = join(data, "garak/small.report.jsonl");

async function requirement(): Promise<{ readonly verdict: string; readonly why: string } | undefined> {
  const status = Status.parse(JSON.parse(await must("release", "status", "mine", "--profile", ada)));
  return status.requirements.find(({ id }) => id === "elsewhere");
}

test("a report is looked at without a trace, vouched for, counted where a plan says so, shown and taken back", async () => {
  const looked = Imported.parse(
    JSON.parse(await must("eval", "import", garak, ...about, "--failure", "hit", "--look")),
  );
  assert.equal(looked.evidence, undefined);
  assert.equal((await requirement())?.verdict, "inconclusive");
  const { out, err } = await headgate("eval", "import", garak, ...about, "--failure", "hit");
  assert.match(err, /5 of 16 attempts failed in 8 units, 0 unknown[^]*garak counts 5 hits of 16[^]*You vouch for it/);
  assert.match(out, /Declared: the file says so/);
  const judged = await requirement();
  assert.equal(judged?.verdict, "pass", judged?.why);
  assert.match(judged?.why ?? "", /one of the operator's own vouches, about the model without its safeguards/);
  const promptfoo = join(data, "promptfoo/results.json");
  const second = Imported.parse(JSON.parse(await must("eval", "import", promptfoo, ...about, "--failure", "fail")));
  assert.deepEqual([second.basis, second.flags], ["declared", ["errors-dropped", "unscored"]]);
  assert.deepEqual([second.measures[0].trials, second.measures[0].failures, second.measures[0].unknown], [6, 1, 3]);
  const shown = await headgate("eval", "show", second.run, "--profile", ada);
  assert.match(shown.out, /Said by promptfoo 0\.121\.20[^]*judged by assertions[^]*\(errors-dropped\)/);
  const csv = join(folder, "report.csv");
  await must("eval", "export", second.run, "--format", "csv", "--out", csv, "--profile", ada);
  assert.equal(readFileSync(csv, "utf8").split("\r\n").length, 8);
  await must("eval", "withdraw", second.run, "--reason", "of another version", "--profile", ada);
});

test("whether evidence is from outside follows from how its person was admitted", async () => {
  const Code = z.object({ code: z.string() });
  const invited = ["--name", "Eve", "--role", "evaluator", "--affiliation", "city-university"] as const;
  const { code } = Code.parse(JSON.parse(await must("person", "invite", ...invited, "--profile", ada)));
  const eve = join(folder, "eve.json");
  await must("join", code, "--profile", eve);
  const people = await must("person", "list", "--profile", ada);
  assert.match(people, /"affiliation":"city-university"/);
  const hers = about.map((word) => (word === ada ? eve : word));
  const { run } = Imported.parse(JSON.parse(await must("eval", "import", garak, ...hers, "--failure", "pass")));
  const shown = await headgate("eval", "show", run, "--profile", ada);
  assert.match(shown.out, /of city-university, outside the operator/);
  assert.match((await requirement())?.why ?? "", /somebody outside the operator vouches/);
});

test("what cannot be mapped is refused and leaves nothing on record", async () => {
  const recorded = await must("eval", "show", "--profile", ada);
  const mapping = join(folder, "map.yaml");
  const rows = join(folder, "rows.csv");
  writeFileSync(
    mapping,
    "tool: t\ntarget: { model: m }\nfields: { id: id, outcome: label }\noutcomes: { harmful: [bad], safe: [ok] }\n",
  );
  writeFileSync(rows, "id,label\na,ok\nb,fine\n");
  const bad = [
    [rows, "--map", mapping],
    [rows, "--map", join(folder, "absent.yaml")],
    [rows, "--map", mapping, "--failure", "bad"],
    [garak],
    [garak, "--failure", "I"],
    [join(data, "garak/small.hitlog.jsonl"), "--failure", "hit"],
  ];
  for (const args of bad) assert.equal((await refused("eval", "import", ...args, ...about)).code, "request_invalid");
  const named = await refused("eval", "import", rows, "--map", mapping, ...about);
  assert.match(named.message, /Row 2 \(line 3\), column label: is "fine"/);
  const wrong = join(folder, "wrong-map.yaml");
  for (const [written, words] of [
    [readFileSync(mapping, "utf8").replace("harmful:", "harmfull:"), /outcomes: there is no field "harmfull"\./],
    [readFileSync(mapping, "utf8").replace("tool: t\n", ""), /wrong-map\.yaml: tool: is missing\./],
    ["just words\n", /wrong-map\.yaml: is a .*not "just words"\./],
  ] as const) {
    writeFileSync(wrong, written);
    const told = await refused("eval", "import", rows, "--map", wrong, ...about);
    assert.equal(told.code, "document_invalid");
    assert.match(told.message, words);
  }
  writeFileSync(
    mapping,
    "tool: t\ntarget: { model: m }\nfields: { id: id, outcom: label }\noutcomes: { safe: [ok] }\n",
  );
  assert.equal((await refused("eval", "import", rows, "--map", mapping, ...about)).code, "document_invalid");
  assert.equal(await must("eval", "show", "--profile", ada), recorded);
});

test("a run of one's own leaves without its texts, with them where they lie, and not once they are erased", async () => {
  const Run = z.object({ run: z.string(), measures: z.array(z.unknown()) });
  const { run } = Run.parse(JSON.parse(await must("eval", "run", "probe", "--model", "mine", "--profile", ada)));
  const bare = join(folder, "bare.json");
  const whole = join(folder, "whole.json");
  await must("eval", "export", run, "--format", "inspect", "--out", bare, "--profile", ada);
  await must("eval", "export", run, "--format", "inspect", "--out", whole, "--texts", "--profile", ada);
  assert.ok(!readFileSync(bare, "utf8").includes("Say one."));
  assert.ok(readFileSync(whole, "utf8").includes("Say one."));
  assert.equal(statSync(whole).mode & 0o077, 0);
  const again = Imported.parse(JSON.parse(await must("eval", "import", whole, ...about, "--failure", "I", "--look")));
  assert.deepEqual([again.measures[0].trials, again.measures[0].failures], [3, 3]);
  assert.equal(
    (await refused("eval", "export", run, "--format", "csv", "--out", whole, "--profile", ada)).code,
    "conflict",
  );
  assert.match(await must("eval", "show", run, "--profile", ada), /"texts":\{"kind":"kept","until":"20/);
  const kept = join(folder, "state/runs", `${run}.jsonl`);
  assert.ok(!readFileSync(kept, "latin1").includes("Say one."));
  const copy = readFileSync(kept);
  await must("eval", "forget", run, "--profile", ada);
  writeFileSync(kept, copy);
  const erased = join(folder, "erased.json");
  const { code, message } = await refused(
    "eval",
    "export",
    run,
    "--format",
    "jsonl",
    "--out",
    erased,
    "--texts",
    "--profile",
    ada,
  );
  assert.equal(code, "not_found");
  assert.match(message, /were erased at .*stays valid/);
  assert.match(await must("eval", "show", run, "--profile", ada), /"texts":\{"kind":"erased","at":"20/);
});
