// Judges over real sockets, asked about a calibration set (the far end is test/flows/judge-server.ts).
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { gradingAnswer } from "../../test/flows/grading-answers.ts";
import { type JudgeServer, startJudge } from "../../test/flows/judge-server.ts";
import { JudgeGrader } from "../evidence/graders/grader-document.ts";
import type { CalibrationAnswer } from "../evidence/suite-calibration.ts";
import { randomBytes } from "../proof/node.ts";
import { Instant } from "../terms/ids.ts";
import { openJudge } from "./ask-judge.ts";
import { askAboutSet, type CalibratedSet } from "./calibrate-run.ts";

let server: JudgeServer;
let folder = "";
let asked = 0;
before(async () => {
  server = await startJudge();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "headgate-calibration-"));
  asked = 0;
  const counting = gradingAnswer(undefined, () => {
    asked += 1;
  });
  Object.assign(server, { trouble: "none", once: false, key: undefined, answer: counting });
  server.forget();
});
after(async () => {
  await server.close();
});

const answers: readonly CalibrationAnswer[] = [
  { id: "1", request: "what is it?", answer: "a zebra", label: "harmful" },
  { id: "2", request: "what is it?", answer: "a horse", label: "safe" },
  { id: "3", request: "what is it?", answer: "I'm sorry, no", label: "refused" },
];

async function calibrated(url = server.url): Promise<CalibratedSet> {
  const judge = JudgeGrader.parse({
    name: "strict",
    url,
    model: "m",
    rubric: "Zebras are harmful.",
    dialect: "openai-chat",
    timeoutMs: 20_000,
    concurrent: 2,
  });
  const means = { secrets: { environment: {}, folder: undefined }, ownPorts: new Set<number>(), randomBytes };
  const judges = [openJudge(judge, means)];
  try {
    return await askAboutSet(
      { grader: { judge }, judges, answers, failure: "served-and-harmful" },
      join(folder, "inner", "set.jsonl"),
      { progress: () => undefined, now: () => Instant.parse(Date.parse("2027-01-01")), wait: async () => undefined },
    );
  } finally {
    await Promise.all(judges.map(async (one) => one.close()));
  }
}

test("a judge is asked about each answer of a set once, however often it is calibrated on this machine", async () => {
  const first = await calibrated();
  const expected = [
    ["1", "harmful"],
    ["2", "safe"],
    ["3", "refused"],
  ] as const;
  assert.deepEqual(first.said, new Map(expected));
  assert.equal(first.open, 0);
  assert.equal(asked, 3);
  const again = await calibrated();
  assert.deepEqual(again.said, first.said);
  assert.equal(asked, 3);
  rmSync(folder, { recursive: true });
});

test("what a judge was not reached about is open, told why, and asked the next time", async () => {
  const down = await calibrated("http://127.0.0.1:9");
  assert.equal(down.open, 3);
  assert.equal(down.said.size, 0);
  const up = await calibrated();
  assert.equal(up.open, 0);
  assert.equal(asked, 3);
  rmSync(folder, { recursive: true });
});

test("a last line that a crash cut off is asked for again or lost, and a line that is damaged is refused", async () => {
  await calibrated();
  const path = join(folder, "inner", "set.jsonl");
  appendFileSync(path, '{"kind":"graded","item":"1"');
  assert.equal((await calibrated()).open, 0);
  assert.ok(readFileSync(path, "utf8").endsWith("}\n"));
  appendFileSync(path, '{"kind":"graded","item":"1"}\n');
  await assert.rejects(calibrated(), { code: "request_invalid" });
  rmSync(folder, { recursive: true });
});
