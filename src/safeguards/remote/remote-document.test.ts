// Entries that are asked over HTTP, written wrongly: each is refused, with words that say what to write.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDocuments } from "../../documents/parse.ts";
import { Failure } from "../../terms/failure.ts";
import { Safeguards } from "../safeguards-document.ts";

const detector = {
  safeguard: "misuse@4",
  on: ["input", "output"],
  block: { benignRate: 0.002 },
  review: { benignRate: 0.005 },
};
const service = {
  safeguard: "service@1",
  name: "mine",
  on: ["input"],
  url: "http://127.0.0.1:9100/judge",
  judges: ["cyber"],
  block: { score: 0.9 },
  review: { score: 0.5 },
};
const judge = {
  safeguard: "judge@1",
  name: "mine",
  on: ["input"],
  url: "http://127.0.0.1:9100/v1",
  dialect: "openai-chat",
  model: "m",
  judges: ["cyber"],
};
const table = [{ theirs: "S1", ours: "violence" }];
const guard = { safeguard: "llama-guard@1", name: "mine", on: ["input"], url: judge.url, model: "g", table };

/** What is said of a chain, in the words that operators read. */
function said(...chain: readonly object[]): string {
  const text = JSON.stringify({ kind: "Safeguards", name: "default", chain });
  try {
    parseDocuments([{ path: "a.yaml", text }]);
    return "";
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error.message;
  }
}

test("each kind is taken, with its defaults filled in", () => {
  const { chain } = Safeguards.parse({ kind: "Safeguards", name: "default", chain: [detector, service] });
  const { ask, mode, fails, timeoutMs, concurrent } = Object.assign(
    { ask: "", fails: "", timeoutMs: 0, concurrent: 0 },
    chain[1],
  );
  assert.deepEqual([ask, mode, fails, timeoutMs, concurrent], ["always", "block", "closed", 5000, 8]);
  for (const entry of [service, judge, { ...judge, dialect: "anthropic-messages" }, guard])
    assert.equal(said(detector, entry), "");
});

for (const [what, entry, words] of [
  ["answers", { ...service, on: ["input", "output"] }, /requests only: answers are judged as they stream/],
  ["a secret that is written out", { ...service, key: "sk-123" }, /never written out/],
  ["a secret in the address", { ...service, url: "http://a:b@127.0.0.1/judge" }, /no user name, password/],
  ["a query in the address", { ...service, url: "http://127.0.0.1/judge?key=1" }, /no user name, password, query/],
  ["another scheme", { ...service, url: "file:///etc/passwd" }, /starts with http/],
  ["a fail mode that is open", { ...service, fails: "open" }, /one of closed|closed/],
  [
    "bands the wrong way round",
    { ...service, review: { score: 0.95 } },
    /review score must be at most the block score/,
  ],
  [
    "rates",
    { ...service, block: { benignRate: 0.01 } },
    /^a\.yaml:1:\d+: chain\.1\.block\.score: is missing\na\.yaml:1:\d+: chain\.1\.block: unknown field "benignRate"; it goes with others than this one/,
  ],
  ["no categories", { ...service, judges: [] }, /judges/],
  ["a time without end", { ...service, timeoutMs: 3_600_000 }, /timeoutMs/],
  ["views without what was written", { ...service, views: ["decoded"] }, /as they were written/],
  [
    "doubts settled half blind",
    { ...service, ask: "in-doubt", views: ["written"] },
    /views: \[written, normalised, decoded\]/,
  ],
  ["a field of another kind", { ...service, prompt: "be strict" }, /unknown field "prompt"/],
  ["an unknown dialect", { ...judge, dialect: "openai-responses" }, /unknown value "openai-responses"/],
  [
    "exceptions where doubts are settled",
    { ...service, ask: "in-doubt", except: [{ types: ["staff"], mode: "off" }] },
    /one mode for everybody/,
  ],
  ["a table that says a word twice", { ...guard, table: [...table, ...table] }, /twice/],
  ["an empty table", { ...guard, table: [] }, /table/],
] as const) {
  test(`${what}: refused, and it says why`, () => {
    assert.match(said(detector, entry), words);
  });
}

test("doubts without a detector that has any are refused, and so is a name twice", () => {
  const inDoubt = { ...service, ask: "in-doubt" };
  const onAnswers = { ...detector, on: ["output"] };
  assert.match(said(onAnswers, inDoubt), /nothing is ever in doubt/);
  assert.match(said({ ...detector, mode: "flag" }, inDoubt), /nothing is ever in doubt/);
  assert.match(said(detector, service, judge), /two safeguards of this chain are called mine/);
});

test("callers for whom every detector is off are left with nothing, whoever settles doubts", () => {
  const off = { ...detector, except: [{ types: ["staff"], mode: "off" }] };
  assert.match(said(off, { ...service, ask: "in-doubt" }), /nothing would be in effect on input/);
  assert.doesNotMatch(said(off, service), /on input/);
});

test("a detector that is written wrongly is told about its own fields, and not about those of one over HTTP", () => {
  assert.match(said({ ...detector, blok: detector.block }), /unknown field "blok"; did you mean "block"/);
  assert.match(
    said({ ...detector, review: { benignRate: 7 } }),
    /^a\.yaml:1:\d+: chain\.0\.review\.benignRate: Too big/,
  );
  assert.match(said({ safeguard: "patterns@1", on: ["input"], patterns: [] }), /chain\.0\.patterns/);
});
