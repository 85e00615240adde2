import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { failureCode } from "../terms/failure.ts";
import { permitFor } from "./fixtures.ts";
import { type Result, beginRun, resumeRun } from "./run-file.ts";

const folder = mkdtempSync(join(tmpdir(), "headgate-run-"));
after(() => {
  rmSync(folder, { recursive: true });
});

const at = "2027-01-01T00:00:00.000Z";
const begun = { ...permitFor(2), envelope: "", secret: "hg_x", suite: "misuse-core", at };
const intent = { kind: "intent", item: "a", attempt: 1, number: 1, at } as const;
const result: Result = {
  kind: "result",
  item: "a",
  attempt: 1,
  number: 1,
  at,
  outcome: "refused",
  receipt: null,
  receiptId: null,
  status: 200,
  code: null,
  reason: null,
  answer: "No.\nReally.",
};

function written(name: string): string {
  const path = join(folder, name);
  const file = beginRun(path, begun);
  file.write(intent);
  file.write(result);
  file.close();
  return path;
}

describe("run files", () => {
  test("what was written is there after a restart, and only its owner may read it", () => {
    const path = written("whole.jsonl");
    const file = resumeRun(path);
    assert.deepEqual(file.record.results, [result]);
    assert.deepEqual(file.record.intents, [intent]);
    assert.equal(file.record.begun.secret, "hg_x");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    file.close();
  });

  test("a last line cut at any byte is dropped, and what is written next stands on a line of its own", () => {
    const whole = readFileSync(written("cut-model.jsonl"), "utf8");
    const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let length = start; length < whole.length; length += 7) {
      const path = written(`cut-${length}.jsonl`);
      truncateSync(path, Buffer.byteLength(whole.slice(0, length)));
      const file = resumeRun(path);
      assert.deepEqual(file.record.results, []);
      file.write({ ...result, number: 2 });
      file.close();
      const again = resumeRun(path);
      assert.deepEqual(again.record.results, [{ ...result, number: 2 }]);
      again.close();
    }
  });

  test("damage in the middle is refused, never skipped", () => {
    const path = written("damaged.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, [lines[0], "garbage", ...lines.slice(1)].join("\n"));
    assert.throws(() => resumeRun(path), /line 2/);
  });

  test("a line of an unknown kind is refused", () => {
    const path = written("unknown.jsonl");
    appendFileSync(path, '{"kind":"pass"}\n');
    assert.throws(() => resumeRun(path), /line 4/);
  });

  test("a run that did not begin here cannot be resumed, and a file is never begun twice", () => {
    const path = written("twice.jsonl");
    assert.throws(
      () => resumeRun(join(folder, "none.jsonl")),
      (error) => failureCode(error) === "not_found",
    );
    assert.throws(
      () => beginRun(path, begun),
      (error) => failureCode(error) === "conflict",
    );
  });
});
