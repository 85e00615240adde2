// Redaction: replacements stand for what was found, all of it and nothing else, however an answer is cut; and JSON stays JSON.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import type { Inspection, Verdict } from "../../terms/finding.ts";
import { type Chain, compileChain } from "../chain.ts";
import { shippedSafeguards } from "../registry.ts";
import { Safeguards } from "../safeguards-document.ts";
import { createStreamGuard } from "../stream/stream-guard.ts";

function documentOf(patterns: readonly object[], stream: object = {}): object {
  const named = patterns.map((pattern, at) => ({ name: `p${at}`, category: "privacy", ...pattern }));
  return {
    kind: "Safeguards",
    name: "exact",
    chain: [{ safeguard: "patterns@1", on: ["output"], patterns: named }],
    stream,
  };
}

function chainOf(patterns: readonly object[], stream: object = {}): Chain {
  return compileChain(Safeguards.parse(documentOf(patterns, stream)), shippedSafeguards());
}

/** Policy as it is: what is for redaction lets the rest through, what is not stops. */
function decide(inspection: Inspection): Verdict {
  if (inspection.kind === "unknown") return { kind: "unknown", cause: inspection.cause };
  const bands = inspection.findings.map(({ band }) => band);
  if (bands.some((band) => band !== "redact")) return { kind: "block", category: "privacy" };
  return bands.length === 0 ? { kind: "pass" } : { kind: "flag", category: "privacy" };
}

interface Sent {
  readonly text: string;
  readonly replacements: number;
  readonly isStopped: boolean;
}

function sent(
  text: string,
  chain: Chain,
  { sizes = [1], isJson = false }: { sizes?: readonly number[]; isJson?: boolean } = {},
): Sent {
  const guard = createStreamGuard(chain, decide, { outputCharsMax: 1_000_000, isJson });
  let [passed, replacements] = ["", 0];
  for (let at = 0, piece = 0; at < text.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1;
    const step = guard.push(text.slice(at, at + size));
    at += size;
    passed += step.text;
    replacements += step.replacements ?? 0;
    if (step.kind === "stop") return { text: passed, replacements, isStopped: true };
  }
  const last = guard.finish();
  return {
    text: passed + last.text,
    replacements: replacements + (last.replacements ?? 0),
    isStopped: last.kind === "stop",
  };
}

const card = { known: "payment-card", band: "redact", name: "card" };
const plan = { words: ["operation nightfall", "nightfall"], band: "redact", name: "plan", replacement: "(a plan)" };
const kase = { expression: "\\bK-[0-9]{4,6}\\b", charsMax: 8, band: "redact", name: "case" };
const token = { known: "access-token", band: "redact", name: "token" };
const all = chainOf([card, plan, kase, token]);

const secrets = {
  "4111 1111 1111 1111": "[redacted: card]",
  "Operation Nightfall": "(a plan)",
  nightfall: "(a plan)",
  "K-123456": "[redacted: case]",
  "K-1234": "[redacted: case]",
  [`sk-${"a1".repeat(90)}`]: "[redacted: token]",
} as const;
const plain = fc.string({ unit: fc.constantFrom("x", "y", " ", "é", ".", "7", "😀", "\\", '"', "{"), maxLength: 150 });
const parts = fc.array(
  fc.oneof(
    plain.map((text) => ({ text, sent: text })),
    fc
      .constantFrom(...Object.entries(secrets))
      .map(([text, replacement]) => ({ text: ` ${text} `, sent: ` ${replacement} ` })),
  ),
  { maxLength: 12 },
);
const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 });

test("a replacement stands for each find, all else is as it was, and how an answer is cut changes nothing", () => {
  let replacements = 0;
  fc.assert(
    fc.property(parts, cuts, (said, sizes) => {
      const text = said.map((part) => part.text).join(" ");
      const expected = said.map((part) => part.sent).join(" ");
      const one = sent(text, all);
      assert.deepEqual(
        one,
        { text: expected.toWellFormed(), replacements: one.replacements, isStopped: false },
        JSON.stringify(text),
      );
      assert.deepEqual(sent(text, all, { sizes }), one);
      replacements += one.replacements;
    }),
    { seed: 20_261_130, numRuns: 1_500 },
  );
  assert.ok(replacements > 2_000, `${replacements}`);
});

test("arguments stay JSON: replacements stand within strings, and for whole numbers in strings of their own", () => {
  const value = fc.oneof(
    fc.constantFrom(...Object.keys(secrets), "4111111111111111").map((secret) => `a ${secret}.`),
    fc.constantFrom(4_111_111_111_111_111, 7, true, null),
    fc.string({ unit: fc.constantFrom("x", " ", '"', "\\", "\n", "é", "\u0001"), maxLength: 60 }),
  );
  const objects = fc.array(fc.record({ name: fc.constantFrom("a", "to", "K-1234"), value }), { maxLength: 8 });
  let replacements = 0;
  fc.assert(
    fc.property(objects, fc.tuple(fc.boolean(), fc.boolean()), cuts, (members, [isSpaced, isNested], sizes) => {
      const plainJson = JSON.stringify(members, null, isSpaced ? 2 : 0);
      const json = isNested ? JSON.stringify({ body: plainJson, last: 4_111_111_111_111_111 }) : plainJson;
      const one = sent(json, all, { isJson: true });
      // A number within JSON within a string is no string there.
      assert.equal(one.isStopped, false, json);
      JSON.parse(one.text);
      assert.doesNotMatch(one.text, /4111|[Nn]ightfall|K-1234|sk-a1/);
      assert.deepEqual(sent(json, all, { sizes, isJson: true }), one);
      replacements += one.replacements;
    }),
    { seed: 20_261_130, numRuns: 700 },
  );
  assert.ok(replacements > 1_000, `${replacements}`);
});

describe("in arguments", () => {
  for (const [json, expected] of [
    ['{"n":4111111111111111}', '{"n":"[redacted: card]"}'],
    ['{"n": -4111111111111111 , "m": 1}', '{"n": "[redacted: card]" , "m": 1}'],
    ["4111111111111111", '"[redacted: card]"'],
    ['{"q":"\\u0034111 1111 1111 1111\\n"}', '{"q":"[redacted: card]\\n"}'],
    ['{"q":"\\n4111 1111 1111 1111\\u0020and"}', '{"q":"\\n[redacted: card]\\u0020and"}'],
    ['{"K-1234":"K-123456"}', '{"[redacted: case]":"[redacted: case]"}'],
    ['{"q":"operation\\u0020nightfall"}', '{"q":"(a plan)"}'],
    ['{"q":"say \\"nightfall\\" now"}', '{"q":"say \\"(a plan)\\" now"}'],
  ] as const)
    test(`${json} becomes ${expected}`, () => {
      for (const sizes of [[1], [500], [7, 3]]) assert.equal(sent(json, all, { isJson: true, sizes }).text, expected);
    });

  for (const json of ['{"a":"operation","nightfall":1}', '{"q":[4111,1111,1111,1111]}'])
    test(`${json} is left as it is: no find, or one that only looks like it`, () => {
      const { isStopped, text } = sent(json, all, { isJson: true });
      assert.ok(isStopped || JSON.parse(text) !== undefined);
    });

  test("a number that goes on where nothing is known yet is not replaced in part, however it is cut", () => {
    const bare = chainOf([{ expression: "4{16}", charsMax: 16, band: "redact" }], { holdBackChars: 17 });
    for (let before = 0; before < 70; before += 1) {
      const json = `{"a":"${"x".repeat(before)}","n":${"4".repeat(16)}.${"5".repeat(40)}}`;
      const one = sent(json, bare, { isJson: true });
      assert.deepEqual(sent(json, bare, { sizes: [json.length], isJson: true }), one);
      if (!one.isStopped) assert.equal(one.text, `{"a":"${"x".repeat(before)}","n":"[redacted: p0]"}`);
    }
  });

  test("what no replacement can stand for stops the answer: a find over two strings, a bare one with spaces", () => {
    const wide = chainOf([{ expression: 'a"[,:]"b', charsMax: 5, band: "redact" }, card]);
    for (const json of ['{"xa":"b"}', '["a","b"]', '{"n":4111 1111 1111 1111}']) {
      const { isStopped, text } = sent(json, wide, { isJson: true });
      assert.ok(isStopped, json);
      assert.equal(text, "");
    }
  });
});

test("in arguments, what goes on from what was replaced already must not reach over the end of its string", () => {
  const chain = chainOf([
    { expression: "a{100}", charsMax: 100, band: "redact" },
    { expression: 'a(?:"[,:]")?b{90}', charsMax: 94, band: "redact" },
  ]);
  const [as, bs] = ["a".repeat(100), "b".repeat(90)];
  for (const sizes of [[1], [60], [10_000]]) {
    const within = sent(`{"q":"${as}${bs} and so on ${"x ".repeat(100)}"}`, chain, { isJson: true, sizes });
    assert.equal(within.text, `{"q":"[redacted: p0] and so on ${"x ".repeat(100)}"}`);
    assert.equal(sent(`{"q":"${as}","${bs}":"${"x ".repeat(100)}"}`, chain, { isJson: true, sizes }).isStopped, true);
  }
});

test("finds that overlap have one replacement, a stop beats a replacement, and nothing of what stops has left", () => {
  const chain = chainOf([
    { expression: "abcd", charsMax: 4, band: "redact", name: "one" },
    { expression: "cdef", charsMax: 4, band: "redact", name: "two" },
    { words: ["stop here"], name: "stop" },
  ]);
  assert.deepEqual(sent("x abcdef y", chain), { text: "x [redacted: one] y", replacements: 1, isStopped: false });
  assert.deepEqual(sent("x cdef abcd y", chain), {
    text: "x [redacted: two] [redacted: one] y",
    replacements: 2,
    isStopped: false,
  });
  const stopped = sent(`abcd ${"x ".repeat(200)}stop here`, chain);
  assert.ok(stopped.isStopped && stopped.text.startsWith("[redacted: one] x") && !stopped.text.includes("stop"));
});

test("what goes on for longer than it may is stopped, and a token that is longer than is needed to know it goes whole", () => {
  const endless = chainOf([{ expression: "ab+", charsMax: 20, band: "redact" }]);
  assert.equal(sent(`x a${"b".repeat(400)} y`, endless).isStopped, true);
  assert.equal(sent(`x a${"b".repeat(15)} y`, endless).text, "x [redacted: p0] y");
  const long = `eyJhbGciOi${"a".repeat(300)}.eyJ${"b".repeat(5_000)}.${"c".repeat(300)}`;
  for (const sizes of [[1], [60], [10_000]])
    assert.deepEqual(sent(`Bearer ${long}, he said`, all, { sizes }), {
      text: "Bearer [redacted: token], he said",
      replacements: 1,
      isStopped: false,
    });
});

test("a token ends with its text, also where that ends for a call and goes on behind it", () => {
  const guard = createStreamGuard(all, decide, { outputCharsMax: 1_000_000 });
  const steps = [guard.push(`It is sk-${"a1".repeat(20)}`), guard.finish(), guard.push("Hello you"), guard.finish()];
  assert.equal(steps.map((step) => step.text).join(""), "It is [redacted: token]Hello you");
});

test("a find that invisible characters stretch further than is held back stops the answer", () => {
  const stretched = Array.from("nightfall").join("\u200b".repeat(40));
  for (const sizes of [[1], [60], [10_000]])
    assert.deepEqual(sent(`${"x ".repeat(100)}${stretched} y`, all, { sizes }), {
      ...sent(`${"x ".repeat(100)}${stretched} y`, all),
      isStopped: true,
    });
  const bit = Array.from("nightfall").join("\u200b");
  assert.equal(sent(`${"x ".repeat(100)}${bit} y`, all).text, `${"x ".repeat(100)}(a plan) y`);
});

function messages(patterns: readonly object[], stream: object = {}): string {
  return JSON.stringify(Safeguards.safeParse(documentOf(patterns, stream)).error?.issues ?? []);
}

test("without held-back text, and beyond what a find may be, documents are refused", () => {
  assert.match(messages([card], { holdBackChars: 20 }), /must be at least 38/);
  assert.match(messages([{ known: "private-key", band: "redact" }]), /what follows would leave/);
  assert.match(messages([{ ...card, replacement: 'a "replacement"' }]), /no quotes/);
  assert.match(messages([{ ...card, replacement: "x\ny" }]), /no quotes/);
  assert.match(messages([{ known: "payment-card", replacement: "x" }]), /whose band is redact/);
  assert.equal(messages([{ ...card, replacement: "" }]), "[]");
});
