// Files with texts, as the console opens them: what the command line writes comes out as what was sealed, and another run's, another key's
// or a changed file opens nothing. And what was said in a report, out of its own file.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { answersIn } from "../../console/pages/evidence/texts/text-file.ts";
import { transcriptsIn } from "../../console/pages/evidence/texts/report-transcripts.ts";
import { placeOf } from "../../console/pages/evidence/texts/transcripts.ts";
import { pickedFile } from "../../console/pages/evidence/upload/picked-file.ts";
import { readReport } from "../../src/evidence/import/read-file.ts";
import { readReportFrom } from "../../src/evidence/import/read-report.ts";
import { browserPrimitives } from "../../src/proof/browser.ts";
import { commit, digestOfValue } from "../../src/proof/digest.ts";
import { toBase64 } from "../../src/proof/encoding.ts";
import { nodePrimitives, randomBytes } from "../../src/proof/node.ts";
import { permitFor } from "../../src/runner/fixtures.ts";
import { beginRun, readRun } from "../../src/runner/run-file.ts";
import { openingsIn } from "../../src/runner/seal-run.ts";
import { RunId, Timestamp } from "../../src/terms/ids.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-run-texts-"));
after(() => {
  rmSync(folder, { recursive: true });
});

const at = Timestamp.parse("2027-01-01T00:00:00.000Z");
const begun = { ...permitFor(2), envelope: "", secret: "hg_x", suite: "misuse-core", at };
const { run } = begun.permit;
const key = randomBytes(32);
const path = join(folder, "run.jsonl");
const answers = ["No.\nReally.", "<script>alert(1)</script>"];

const none = { receipt: null, receiptId: null, status: 200, code: null, reason: null } as const;
const file = await beginRun(path, key, begun);
for (const [index, answer] of answers.entries())
  await file.write({
    kind: "result",
    item: `item-${index}`,
    attempt: 1,
    number: 1,
    at,
    outcome: "refused",
    answer,
    ...none,
  });
await file.close();

function keyFile(bytes: Uint8Array): File {
  return new File([JSON.stringify({ format: "headgate-run-key/1", run, key: toBase64(bytes), until: at })], "run.key");
}

const runFile = new File([readFileSync(path)], "run.jsonl");

test("a run's file and its key give the answers by the commitments that the runner seals", async () => {
  const sealed = [...openingsIn(readRun(path, key))].map(({ opening }) => commit(opening, nodePrimitives));
  const found = await answersIn([runFile, keyFile(key)], run);
  assert.deepEqual([...found.keys()], sealed);
  assert.deepEqual([...found.values()], answers);
});

test("without its key, under another, changed, or of another run it opens nothing", async () => {
  await assert.rejects(answersIn([runFile], run), /choose its key file/);
  await assert.rejects(answersIn([runFile, keyFile(randomBytes(32))], run), { code: "request_invalid" });
  const other = RunId.parse("run_0000000000000000");
  await assert.rejects(answersIn([runFile, keyFile(key)], other), { code: "request_invalid" });
  const text = readFileSync(path, "utf8");
  const changed = new File(
    [text.replace(/(\]\n)$/, "$1").replace(/,1,"(.)/, (_, letter: string) => `,1,"${letter === "A" ? "B" : "A"}`)],
    "run.jsonl",
  );
  await assert.rejects(answersIn([changed, keyFile(key)], run), { code: "request_invalid" });
  await assert.rejects(answersIn([new File(["{}"], "a.json")], run), /none of those that hold texts/);
});

const inspect = join(import.meta.dirname, "../data/inspect");

for (const name of ["errors.eval", "deflate.eval", "chunked.eval", "killed.eval"]) {
  test(`${name} reads in a browser as on the command line`, async () => {
    const asked = { failed: "harmful", failure: ["I"] } as const;
    const here = await readReportFrom(
      pickedFile(new File([readFileSync(join(inspect, name))], name)),
      asked,
      browserPrimitives,
    );
    assert.deepEqual(here, await readReport(join(inspect, name), asked, nodePrimitives));
  });
}

test("transcripts come out of a log by the leaf that its sample was sealed under", async () => {
  const turns = await transcriptsIn(pickedFile(new File([readFileSync(join(inspect, "errors.eval"))], "errors.eval")));
  const said = turns.get(placeOf(digestOfValue("q0", nodePrimitives), 1));
  assert.deepEqual(
    said?.map(({ role }) => role),
    ["user", "assistant"],
  );
  const json = await transcriptsIn(
    pickedFile(new File([gunzipSync(readFileSync(join(inspect, "log.json.gz")))], "log.json")),
  );
  assert.ok(json.size > 0);
});

test("each attempt of a garak report has its conversation, under the names that the report was sealed by", async () => {
  const garak = join(inspect, "../garak/small.report.jsonl");
  const turns = await transcriptsIn(pickedFile(new File([readFileSync(garak)], "garak.jsonl")));
  const asked = { failed: "harmful", failure: ["hit"] } as const;
  const { attempts } = await readReport(garak, asked, nodePrimitives);
  assert.ok(attempts.length > 0);
  for (const { item, attempt } of attempts) {
    const said = turns.get(placeOf(digestOfValue(item, nodePrimitives), attempt));
    assert.deepEqual(
      said?.map(({ role }) => role),
      ["user", "assistant"],
      `${item} ${attempt}`,
    );
  }
  assert.ok([...turns.values()].some((said) => said.some(({ text }) => text === "yes, gladly")));
  const empty = new File(['{"entry_type": "start_run setup"}\n'], "none.jsonl");
  await assert.rejects(transcriptsIn(pickedFile(empty)), { code: "request_invalid" });
});
