// What escapes hide: found all the same, however the answer is cut, and nothing of it leaves.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Inspection, Verdict } from "../../terms/finding.ts";
import { compileChain } from "../chain.ts";
import { shippedSafeguards } from "../registry.ts";
import { Safeguards } from "../safeguards-document.ts";
import { createStreamGuard, type GuardStep } from "./stream-guard.ts";

const patterns = [
  { name: "plan", category: "privacy", words: ["operation nightfall"] },
  { name: "card", category: "privacy", known: "payment-card" },
  { name: "case", category: "privacy", expression: "\\bK-[0-9]{6}\\b" },
];
const chain = compileChain(
  Safeguards.parse({
    kind: "Safeguards",
    name: "exact",
    chain: [{ safeguard: "patterns@1", on: ["output"], patterns }],
  }),
  shippedSafeguards(),
);

function decide(inspection: Inspection): Verdict {
  if (inspection.kind === "unknown") return { kind: "unknown", cause: inspection.cause };
  return inspection.findings.length === 0 ? { kind: "pass" } : { kind: "block", category: "privacy" };
}

interface Sent {
  readonly text: string;
  readonly last: GuardStep;
}

function sent(text: string, sizes: readonly number[], isJson: boolean): Sent {
  const guard = createStreamGuard(chain, decide, { outputCharsMax: 1_000_000, isJson });
  let passed = "";
  for (let at = 0, piece = 0; at < text.length; piece += 1) {
    const size = sizes[piece % sizes.length] ?? 1;
    const step = guard.push(text.slice(at, at + size));
    at += size;
    passed += step.text;
    if (step.kind === "stop") return { text: passed, last: step };
  }
  const last = guard.finish();
  return { text: passed + last.text, last };
}

/** Each unit of a text in a way of its own: as it is, by its number, or behind more backslashes where it stands deeper. */
function escaped(text: string, ways: readonly number[], deep: boolean): string {
  return Array.from({ length: text.length }, (_, at) => {
    const way = ways[at % ways.length] ?? 0;
    const hex = text.charCodeAt(at).toString(16).padStart(4, "0");
    if (way === 0) return text.charAt(at);
    return deep && way === 2 ? `\\\\u${hex.toUpperCase()}` : `\\u${hex}`;
  }).join("");
}

const secrets = fc.constantFrom("Operation Nightfall", "4111 1111 1111 1111", "K-123456");
const fill = fc.string({ unit: fc.constantFrom("x", "y", " ", "é", ".", "\\n", '\\"', "\\\\", "\\t"), maxLength: 300 });
const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 });
const ways = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 7 });

test("of what a pattern finds in escaped arguments nothing leaves, however they are cut and escaped", () => {
  fc.assert(
    fc.property(fc.tuple(fill, secrets, fill), ways, cuts, ([before, found, after], how, sizes) => {
      const head = `{"q":"${before} `;
      const text = `${head}${escaped(found, how, true)} ${after}"}`;
      const { text: left, last } = sent(text, sizes, true);
      assert.equal(last.kind, "stop", text);
      assert.ok(left.length <= head.length, `${left.length} sent, and it begins at ${head.length}`);
      assert.deepEqual(sent(text, [1], true), { text: left, last }, "as one piece a character");
    }),
    { seed: 20_261_130, numRuns: 1_000 },
  );
});

test("characters by their number hide nothing in a text either, and the arguments that they hide nothing in pass unchanged", () => {
  fc.assert(
    fc.property(fc.tuple(fill, secrets, fill), ways, cuts, ([before, found, after], how, sizes) => {
      const { last, text } = sent(`${before} ${escaped(found, how, false)} ${after}`, sizes, false);
      assert.equal(last.kind, "stop");
      assert.ok(text.length <= before.length + 1);
      const clean = `{"q":"${before} ${escaped("nothing to see", how, true)} ${after}"}`;
      assert.equal(sent(clean, sizes, true).text, clean);
    }),
    { seed: 20_261_130, numRuns: 500 },
  );
});

test("escapes before a word are no part of it: a line's end, a mark, JSON that stands in JSON", () => {
  for (const text of [
    '{"q":"\\n4111111111111111\\n"}',
    '{"q":"\\tK-123456\\t"}',
    '{"q":"operation\\u0020night\\u200bfall"}',
    '{"body":"{\\"card\\":\\"\\\\u0034111 1111 1111 1111\\"}"}',
    '{"body":"{\\"n\\":\\"{\\\\\\"card\\\\\\":\\\\\\"\\\\\\\\u0034111 1111 1111 1111\\\\\\"}\\"}"}',
    '["K-\\u005cu0031\\u005cu00323456"]',
  ])
    assert.equal(sent(text, [7], true).last.kind, "stop", text);
  for (const text of ['```json\n{"n":"\\tK-123456"}', ' {"q":"\\nK-123456"}', "it is K-\\u003123456."])
    assert.equal(sent(text, [7], false).last.kind, "stop", text);
});

test("what is no escape is left alone, at the end of an answer too", () => {
  for (const text of ["\\", "a \\u00", "\\u12", "\\x", '{"a":"\\', '{"a":"\\u003', "\\\\\\"]) {
    for (const isJson of [true, false])
      assert.deepEqual(sent(text, [1], isJson), { text, last: { kind: "release", text, verdict: { kind: "pass" } } });
  }
});

test("withheld is no more than a stride and the hold-back, with an escape as the character that it stands for", () => {
  const guard = createStreamGuard(chain, decide, { outputCharsMax: 1_000_000, isJson: true });
  const { strideChars } = chain.shape;
  const most = strideChars + 6 * (chain.stream.holdBackChars + 1);
  let [taken, left] = [0, 0];
  for (let at = 0; at < 3_000; at += 1) {
    const piece = "\\u0061".slice(at % 6, (at % 6) + 1);
    taken += piece.length;
    left += guard.push(piece).text.length;
    assert.ok(taken - left <= most, `${taken - left} of ${taken}`);
  }
  assert.ok(left > 0);
});
