import assert from "node:assert/strict";
import {
  appendFileSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { randomBytes } from "../proof/node.ts";
import { failureCode } from "../terms/failure.ts";
import { permitFor } from "./fixtures.ts";
import { runKeyBytes } from "./run-cipher.ts";
import { beginRun, isPlain, readRun, resumeRun } from "./run-file.ts";
import type { Line, Result } from "./run-lines.ts";

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
const key = randomBytes(runKeyBytes);

async function written(name: string): Promise<string> {
  const path = join(folder, name);
  const file = await beginRun(path, key, begun);
  await file.write(intent);
  await file.write(result);
  await file.close();
  return path;
}

/** As runs were written before they were encrypted. */
function writtenPlain(name: string): string {
  const path = join(folder, name);
  const lines: readonly Line[] = [{ kind: "begun", v: 1, ...begun }, intent, result];
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), { mode: 0o600 });
  return path;
}

const resultsIn = (path: string): readonly Result[] =>
  [...readRun(path, key).lines()].filter((line) => line.kind === "result");

describe("run files", () => {
  test("what was written is there after a restart, and only its owner may read it", async () => {
    const path = await written("whole.jsonl");
    const file = await resumeRun(path, key);
    assert.deepEqual([...file.lines()], [{ kind: "begun", v: 1, ...begun }, intent, result]);
    const { kind: _kind, answer: _answer, receipt: _receipt, ...known } = result;
    assert.deepEqual(file.record.results, [known]);
    assert.deepEqual([...file.record.begins.values()], [{ count: 1, at }]);
    assert.equal(file.record.begun.secret, "hg_x");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await file.close();
  });

  test("neither an answer nor the one-time secret nor an item lies on the disk as it is", async () => {
    const bytes = readFileSync(await written("secret.jsonl"), "latin1");
    for (const text of ["hg_x", "Really", "misuse-core", "refused"]) {
      assert.ok(!bytes.includes(text), text);
      assert.ok(!bytes.includes(Buffer.from(text).toString("base64").replace(/=+$/, "").slice(1, -1)), text);
    }
  });

  test("a last line cut at any byte is dropped, and what is written next stands on a line of its own", async () => {
    const whole = readFileSync(await written("cut-model.jsonl"), "latin1");
    const start = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (let length = start; length < whole.length; length += 17) {
      const path = await written(`cut-${length}.jsonl`);
      truncateSync(path, length - whole.length + statSync(path).size);
      const file = await resumeRun(path, key);
      assert.deepEqual(file.record.results, []);
      await file.write({ ...result, number: 2 });
      await file.close();
      assert.deepEqual(resultsIn(path), [{ ...result, number: 2 }]);
    }
  });

  test("any other change is refused, never skipped: a byte, a line that is gone, moved or of another run", async () => {
    const lines = readFileSync(await written("damaged.jsonl"), "latin1")
      .split("\n")
      .slice(0, -1);
    const [head = "", first = "", second = "", third = ""] = lines;
    const other = readFileSync(await written("other.jsonl"), "latin1").split("\n");
    const changed = [
      [head, first, third],
      [head, first, third, second],
      [head, first, second, second, third],
      [head, first, "garbage", second, third],
      [head, second, third],
      [first, second, third],
      [head, first, other[2] ?? "", third],
      ...Array.from({ length: second.length }, (_, place) => {
        const sign = second[place] === "A" ? "B" : "A";
        return [head, first, second.slice(0, place) + sign + second.slice(place + 1), third];
      }),
    ];
    const path = join(folder, "changed.jsonl");
    for (const some of changed) {
      writeFileSync(path, some.map((line) => `${line}\n`).join(""));
      assert.throws(() => readRun(path, key), { code: "request_invalid" });
    }
  });

  test("under another key nothing is read", async () => {
    const path = await written("key.jsonl");
    assert.throws(() => readRun(path, randomBytes(runKeyBytes)), { code: "request_invalid" });
  });

  test("two that go on with one run at the same time harm neither's lines", async () => {
    const path = await written("both.jsonl");
    const [one, two] = [await resumeRun(path, key), await resumeRun(path, key)];
    for (const number of [2, 3]) {
      await one.write({ ...result, number, answer: "one" });
      await two.write({ ...result, number, answer: "two" });
    }
    await one.close();
    await two.close();
    assert.deepEqual(
      resultsIn(path).map(({ number, answer }) => [number, answer]),
      [
        [1, result.answer],
        [2, "one"],
        [2, "two"],
        [3, "one"],
        [3, "two"],
      ],
    );
  });

  test("a plain file of before is read as it is, and encrypted when it is resumed", async () => {
    const path = writtenPlain("plain.jsonl");
    assert.deepEqual(resultsIn(path), [result]);
    appendFileSync(path, '{"kind":"res');
    const file = await resumeRun(path, key);
    await file.write({ ...result, number: 2 });
    await file.close();
    assert.equal(isPlain(path), false);
    assert.ok(!readFileSync(path, "latin1").includes("Really"));
    assert.deepEqual(
      resultsIn(path).map(({ number }) => number),
      [1, 2],
    );
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("what a plain file held in the clear is written over where it lay", async () => {
    const path = writtenPlain("plain-over.jsonl");
    const blocks = `${path}.blocks`;
    linkSync(path, blocks);
    const { size } = statSync(blocks);
    await (await resumeRun(path, key)).close();
    assert.deepEqual(readFileSync(blocks), Buffer.alloc(size));
    assert.deepEqual(resultsIn(path), [result]);
  });

  test("damage in the middle of a plain file is refused, and so is a line of an unknown kind", () => {
    const path = writtenPlain("plain-damaged.jsonl");
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, [lines[0], "garbage", ...lines.slice(1)].join("\n"));
    assert.throws(() => readRun(path, key), /line 2/);
    const unknown = writtenPlain("plain-unknown.jsonl");
    appendFileSync(unknown, '{"kind":"pass"}\n');
    assert.throws(() => readRun(unknown, key), /line 4/);
  });

  test("a run that did not begin here cannot be resumed, and a file is never begun twice", async () => {
    const path = await written("twice.jsonl");
    await assert.rejects(resumeRun(join(folder, "none.jsonl"), key), (error) => failureCode(error) === "not_found");
    await assert.rejects(beginRun(path, key, begun), (error) => failureCode(error) === "conflict");
  });

  test("the salt of an answer is the same whenever it is asked, and another one for another try or run", async () => {
    const { cipher } = readRun(await written("salt.jsonl"), key);
    const salt = cipher.salt(intent);
    assert.equal(readRun(join(folder, "salt.jsonl"), key).cipher.salt({ ...result }), salt);
    assert.notEqual(cipher.salt({ ...intent, number: 2 }), salt);
    const other = randomBytes(runKeyBytes);
    const path = join(folder, "other-salt.jsonl");
    await (await beginRun(path, other, begun)).close();
    assert.notEqual(readRun(path, other).cipher.salt(intent), salt);
  });
});
