// What a line of the log may hold.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { reportTo } from "./report.ts";

function lineOf(why: string): string {
  const stream = new PassThrough();
  reportTo(stream)("feed", { why });
  return String(stream.read());
}

test("keys, invitations and credentials are taken out, wherever in a word they stand", () => {
  const secrets = ["hg_0123456789abcdef", "hg_demo_0123456789", "hgi1_eyJhYmMi0123", "sk-0123456789abcdef"];
  for (const secret of secrets) assert.ok(!lineOf(`it was "${secret}", said`).includes(secret), secret);
  for (const said of ["Bearer abc.def", "Basic YWJj", "Headgate 0123abcd"])
    assert.ok(!lineOf(`authorization: ${said}`).includes(said.split(" ")[1] ?? ""), said);
});

test("a long word is cut, and a line end in it ends no line", () => {
  const line = lineOf(`first\n${"x".repeat(10_000)}`);
  assert.ok(line.length < 1_000);
  assert.equal(line.split("\n").length, 2);
});

test("a server that breaks says where, and not what it was handling, and ends with 1", () => {
  const report = new URL("report.ts", import.meta.url).href;
  const program = `
    import { endOnFault, reportTo } from "${report}";
    endOnFault(reportTo(process.stderr));
    setTimeout(() => JSON.parse("what a caller wrote"), 1);
    setTimeout(() => process.stdout.write("went on"), 10_000);`;
  const args = ["--input-type=module-typescript", "--eval", program];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^\{"at":"20[^"]+Z","level":"error","event":"fault","kind":"SyntaxError","place":"/);
  assert.doesNotMatch(stderr, /caller|what a c/);
});
