// Exact patterns: what they find and what they leave alone, that cutting changes nothing, and that nothing of a find leaves.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { type Inspection, lets, type Verdict } from "../../terms/finding.ts";
import { compileChain, pinSafeguards } from "../chain.ts";
import { exactPatterns } from "./exact-patterns.ts";
import { WordFinder } from "./exact-words.ts";
import { foldText } from "../normalise.ts";
import { Patterns } from "./patterns-document.ts";
import { shippedSafeguards } from "../registry.ts";
import type { Safeguard } from "../safeguard.ts";
import { Safeguards } from "../safeguards-document.ts";
import { createStreamGuard } from "../stream/stream-guard.ts";

const none = { review: {}, block: {} };

function patternsOf(...patterns: readonly object[]): Safeguard {
  return exactPatterns(
    Patterns.parse(patterns.map((pattern, at) => ({ name: `p${at}`, category: "privacy", ...pattern }))),
  );
}

/** What is found, by pattern, as it stands in the text. */
function foundIn(text: string, safeguard: Safeguard): Record<string, string> {
  const inspection = safeguard.inspect(text, "output", none);
  assert.ok(inspection.kind === "inspected");
  return Object.fromEntries(inspection.findings.map(({ pattern = "", span }) => [pattern, text.slice(...span)]));
}

describe("words", () => {
  const falcon = patternsOf({ words: ["Project Falcon", "zürich"] });

  for (const text of [
    "about project falcon.",
    "PROJECT   FALCON",
    "the Pro\u200bject Fal\u00adcon",
    "ｐｒｏｊｅｃｔ ｆａｌｃｏｎ",
    "prоject fаlcon",
    "(Project\nFalcon)",
    "in Zurich",
    "×Zürich÷",
    "a z u r i c h a",
    "p.r.o.j.e.c.t falcon",
  ]) {
    test(`are found in ${JSON.stringify(text)}`, () => {
      assert.notDeepEqual(foundIn(text, falcon), {});
    });
  }

  for (const text of ["project falconry", "subproject falcon", "project a falcon", "zurichs", ""]) {
    test(`are not found in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(foundIn(text, falcon), {});
    });
  }

  test("are pointed at as they were written", () => {
    assert.deepEqual(foundIn("see ＰＲＯＪＥＣＴ Fal\u200bcon now", falcon), { p0: "ＰＲＯＪＥＣＴ Fal\u200bcon" });
  });

  test("are found one within another, each for its own pattern, and in scripts without spaces", () => {
    const many = patternsOf({ words: ["new york city"] }, { words: ["york"] }, { words: ["秘密"] });
    assert.deepEqual(foundIn("in New York City, 这是秘密计划", many), { p0: "New York City", p1: "York", p2: "秘密" });
  });

  for (const [word, text] of [
    ["बम", "यह बम। है"],
    ["قنبلة", "ما قنبلة؟"],
    ["קוד", "קוד־של"],
    ["ระเบิด", "วิธีทำระเบิดที่บ้าน"],
  ] as const)
    test(`end where their script punctuates or writes no spaces: ${text}`, () => {
      assert.deepEqual(foundIn(text, patternsOf({ words: [word] })), { p0: word });
    });

  test("are found in a request, however far and wherever invisible characters stretch them", () => {
    const stretched = Array.from("zurich").join("\u200b".repeat(70));
    for (const before of [16_000, 16_200, 16_380])
      assert.deepEqual(foundIn(`${"x ".repeat(before / 2)}${stretched} y`, falcon), { p0: stretched });
  });

  test("are found stretched at the beginning of an answer, whatever that shows nothing stands before them", () => {
    for (const before of ["", " ", "\n", "\u200b", " \u200b ", "x ", "- "])
      for (const invisible of [5, 20, 40, 90]) {
        const stretched = Array.from("zurich").join("\u200b".repeat(invisible));
        for (const stride of [40, 60, 250])
          assert.deepEqual(foundInStretches(`${before}${stretched} y`, stride, falcon), new Set(["p0"]), stretched);
      }
  });

  test("are found in an answer that invisible characters stretch over many windows", () => {
    const stretched = Array.from("project falcon").join("\u200b\u0301".repeat(40));
    for (const stride of [40, 60, 150])
      assert.deepEqual(foundInStretches(`${"x ".repeat(100)}${stretched} y`, stride, falcon), new Set(["p0"]));
  });

  test("within words within words are told of a few times, however many stand in a text", () => {
    const words = Array.from({ length: 40 }, (_, at) => "-".repeat(at + 2));
    const owned = [0, 1, 2].flatMap((owner) => words.map((word) => ({ word, owner })));
    const { units, length } = foldText("-".repeat(5_000));
    let told = 0;
    new WordFinder(owned).search({ units, length, isApart: () => false }, () => void (told += 1));
    assert.ok(told >= owned.length && told <= 3 * owned.length, `${told}`);
  });

  test("are looked for by the thousand in one pass", () => {
    const words = Array.from({ length: 10_000 }, (_, at) => `word${at} of the list`);
    assert.deepEqual(foundIn("neither word10000 of the list nor word9999 of the list", patternsOf({ words })), {
      p0: "word9999 of the list",
    });
  });
});

describe("known kinds", () => {
  const genuine = {
    "payment-card": [
      "4111 1111 1111 1111",
      "5500-0000-0000-0004",
      "378282246310005",
      "4111\u00a01111\u202f1111\u20111111",
      "4111.1111.1111.1111",
      "4111_1111_1111_1111",
      "4111\u200b1111\u20131111\u30001111",
      "４１１１ １１１１ １１１１ １１１１",
      "٤١١١١١١١١١١١١١١١",
    ],
    iban: [
      "GB82\u202fWEST\u202f1234\u202f5698\u202f7654\u202f32",
      "GB82 WEST 1234 5698 7654 32",
      "DE89370400440532013000",
      "gb82 west 1234 5698 7654 32",
      "De89 3704 0044 0532 0130 00",
    ],
    "us-social-security": ["219-09-9999", "219 09 9999", "219\u201109\u20119999"],
    email: [
      "jane.doe+x@mail.example.org",
      "jane@a-name-of-more-than-twenty-letters.example.org",
      "jane@one.of.many.hosts.example.org",
      "jane.doe (at) example (dot) org",
      "Jane[AT]mail[dot]example.org",
      "jane@example[.]org",
      "jane at example dot org",
      "jane＠example．org",
    ],
    "private-key": [
      "-----BEGIN PRIVATE KEY-----",
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "-----BEGIN EC PRIVATE KEY-----",
      "-----BEGIN PGP PRIVATE KEY BLOCK-----",
      "----- BEGIN RSA PRIVATE KEY -----",
      "\u2014\u2013BEGIN PRIVATE KEY\u2014\u2013",
      "PuTTY-User-Key-File-3",
    ],
    "access-token": [
      "AKIAIOSFODNN7EXAMPLE",
      "hg_fedcba9876543210fedcba9876543210",
      ...["ghp_", "glrt-", "xapp-", "gsk_", "sk-proj-", "sk-ant-api03-", "ya29.", "pypi-AgE", "hvs.", "ATATT3"].map(
        (begin) => `${begin}${"a1".repeat(20)}`,
      ),
      `dapi${"0a".repeat(16)}`,
      `SG.${"a1".repeat(11)}.${"b2".repeat(20)}`,
      `123456789:AA${"x".repeat(33)}`,
      `ab.8Q~${"c3".repeat(17)}`,
    ],
  } as const;
  const others = {
    "payment-card": [
      "4111 1111 1111 1112",
      "0000 0000 0000 0000",
      "41111111111111111111111",
      "ISBN 978-3-16-148410-0",
      "3.141592653589793",
      "4111.1111.1111.1111.1111",
    ],
    iban: ["GB82 WEST 1234 5698 7654 33", "AB12 CDEF", "GB82 WEST 1234 5698 7654 3229", "ab12 cdef ghij klmn opqr"],
    "us-social-security": ["219-09 9999", "219099999", "000-12-3456", "666-12-3456", "219-00-9999", "219-09-99990"],
    email: ["jane at example.org", "@example.org", "a@b", "at home (at) work", "she stood at a dot on a map"],
    "private-key": ["-----BEGIN PUBLIC KEY-----", "BEGIN PRIVATE KEY"],
    "access-token": [
      "AKIA",
      "key-0123",
      "SKETCH",
      "12345678:30",
      "task-force-of-the-american-people-and-so-on",
      "ghp_short",
    ],
  } as const;

  for (const [known, texts] of Object.entries(genuine)) {
    for (const text of texts)
      test(`${known}: ${text}`, () => {
        assert.deepEqual(foundIn(`It is ${text}, he said.`, patternsOf({ known })), { p0: text });
      });
  }

  for (const [known, texts] of Object.entries(others)) {
    for (const text of texts)
      test(`${known}: not ${text}`, () => {
        assert.deepEqual(foundIn(`It is ${text}, he said.`, patternsOf({ known })), {});
      });
  }

  for (const text of ["7 4111 1111 1111 1111", "4111 1111 1111 1111 9", "23 4111 1111 1111 1111 2027"])
    test(`a genuine number among other digits is found: ${text}`, () => {
      assert.deepEqual(foundIn(text, patternsOf({ known: "payment-card" })), { p0: "4111 1111 1111 1111" });
    });

  test("a number between underscores is found, and the end of a long address", () => {
    assert.deepEqual(foundIn("card_4111111111111111_", patternsOf({ known: "payment-card" })), {
      p0: "4111111111111111",
    });
    assert.deepEqual(foundIn(`${"x".repeat(60)}@example.org`, patternsOf({ known: "email" })), {
      p0: `${"x".repeat(41)}@example.org`,
    });
  });

  test("a genuine account before words in capitals is found", () => {
    const text = "DE89 3704 0044 0532 0130 00 AND NO OTHER";
    assert.deepEqual(foundIn(text, patternsOf({ known: "iban" })), { p0: "DE89 3704 0044 0532 0130 00" });
  });
});

/** Texts in which something of a few patterns is likely, and stands across every cut. */
const letters = ["a", "b", " ", "1", "é", "-"] as const;
const fewLetters = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 10, maxLength: 80, size: "max" })
  // Spaces stretch a word, which is then found at once where it may go on.
  .map((text) => text.replaceAll(/ +/g, " "));
const withInvisible = fc.string({ unit: fc.constantFrom(...letters, "\u200b"), maxLength: 80, size: "max" });
const few = patternsOf(
  { words: ["ab", "b a"] },
  { words: ["1-1"] },
  { expression: "\\ba[b1]{2}a\\b", charsMax: 4 },
  { expression: "b1?b", charsMax: 3 },
);

/** The patterns that are found in a text that comes in stretches of `stride`. */
function foundInStretches(text: string, stride: number, safeguard: Safeguard): Set<string> {
  const reader = safeguard.openAnswer?.(none, { windowChars: 120, strideChars: stride });
  const found = new Set<string>();
  for (let at = 0; at < text.length; at += stride) {
    const inspection = reader?.read(text.slice(at, at + stride), at + stride >= text.length);
    assert.ok(inspection?.kind === "inspected");
    for (const { pattern = "", span } of inspection.findings) {
      found.add(pattern);
      assert.ok(span[0] >= 0 && span[1] <= text.length && span[0] < span[1], "in the text");
    }
  }
  return found;
}

test("an answer that comes in stretches shows the patterns that it shows as a whole, and no other", () => {
  let shown = 0;
  fc.assert(
    fc.property(fewLetters, fc.integer({ min: 1, max: 40 }), (text, stride) => {
      const whole = new Set(Object.keys(foundIn(text, few)));
      shown += whole.size;
      assert.deepEqual(foundInStretches(text, stride, few), whole, `${JSON.stringify(text)} by ${stride}`);
    }),
    { seed: 20_261_130, numRuns: 3_000 },
  );
  assert.ok(shown > 300, `${shown}`);
});

test("invisible characters between hide nothing, wherever the answer is cut", () => {
  fc.assert(
    fc.property(withInvisible, fc.integer({ min: 1, max: 40 }), (text, stride) => {
      const found = foundInStretches(text, stride, few);
      for (const [name, as] of Object.entries(foundIn(text, few)))
        assert.ok(as.length > 6 || found.has(name), `${name} in ${JSON.stringify(text)} by ${stride}`);
    }),
    { seed: 20_261_130, numRuns: 3_000 },
  );
});

test("what goes on without an end is found when it is as long as it was said to be", () => {
  const endless = patternsOf({ expression: "ab+", charsMax: 20 }, { words: ["secret"] });
  for (const stride of [1, 7, 60]) {
    const reader = endless.openAnswer?.(none, { windowChars: 120, strideChars: stride });
    const text = `a${"b".repeat(400)}`;
    let seen = 0;
    for (; seen < text.length; seen += stride) {
      const inspection = reader?.read(text.slice(seen, seen + stride), false);
      if (inspection?.kind === "inspected" && inspection.findings.length > 0) break;
    }
    assert.ok(seen <= 21 + stride, `${seen} by ${stride}`);
    assert.deepEqual(foundInStretches(`a secret${"\u200b".repeat(300)}`, stride, endless), new Set(["p1"]));
  }
});

function decide(inspection: Inspection): Verdict {
  if (inspection.kind === "unknown") return { kind: "unknown", cause: inspection.cause };
  return inspection.findings.length === 0 ? { kind: "pass" } : { kind: "block", category: "privacy" };
}

const secret = patternsOf({ words: ["operation nightfall"] }, { known: "payment-card" }, { expression: "K-[0-9]{6}" });

test("of what a pattern finds in an answer, nothing leaves, however the answer is cut", async () => {
  const document = Safeguards.parse({
    kind: "Safeguards",
    name: "exact",
    chain: [
      {
        safeguard: "patterns@1",
        on: ["output"],
        patterns: [
          { name: "plan", category: "privacy", words: ["operation nightfall"] },
          { name: "card", category: "privacy", known: "payment-card" },
          { name: "case", category: "privacy", expression: "K-[0-9]{6}" },
        ],
      },
    ],
  });
  const chain = compileChain(document, shippedSafeguards());
  const fill = fc.string({ unit: fc.constantFrom("x", "y", " ", "9", "é", "."), maxLength: 700 });
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 });
  const inner = fc.constantFrom("Operation Nightfall", "4111 1111 1111 1111", "K-123456");
  await fc.assert(
    fc.asyncProperty(fc.tuple(fill, inner, fill), cuts, async ([before, found, after], sizes) => {
      const text = `${before} ${found} ${after}`;
      const start = before.length + 1;
      const guard = createStreamGuard(chain, decide, { outputCharsMax: 100_000 });
      let sent = "";
      let isStopped = false;
      for (let at = 0, piece = 0; at < text.length && !isStopped; piece += 1) {
        const size = sizes[piece % sizes.length] ?? 1;
        const step = guard.push(text.slice(at, at + size));
        at += size;
        sent += step.text;
        isStopped = step.kind === "stop";
      }
      const last = isStopped ? undefined : guard.finish();
      if (last !== undefined) sent += last.text;
      assert.ok(isStopped || last?.kind === "stop", JSON.stringify(text));
      assert.ok(sent.length <= start, `${sent.length} sent, and it begins at ${start}`);
      assert.ok(!lets(decide(chain.inspectOutput(text))), "so does the whole answer");
    }),
    { seed: 20_261_130, numRuns: 1_500 },
  );
  assert.notDeepEqual(foundIn("operation nightfall", secret), {});
});

test("a request of any length is read in steps, and what stands across two of them is found", async () => {
  const text = "x".repeat(16_380) + " K-123456 " + "y ".repeat(40_000);
  const steps = secret.inspectRequest?.(text, none, "");
  assert.ok(steps !== undefined);
  let stops = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) stops += 1;
  assert.ok(stops >= 5, `${stops}`);
  const inspection = await step.value();
  assert.ok(inspection.kind === "inspected");
  assert.deepEqual(
    inspection.findings.map(({ span }) => text.slice(...span)),
    ["K-123456"],
  );
});

const bare = { name: "one", category: "privacy" };
const one = { ...bare, words: ["secret plan"] };

function withPatterns(patterns: readonly object[], change: object = {}): object {
  const chain = [{ safeguard: "patterns@1", on: ["input", "output"], patterns, ...change }];
  return { kind: "Safeguards", name: "exact", chain };
}

function messagesOf(document: object): string {
  const { error } = Safeguards.safeParse(document);
  return JSON.stringify(error?.issues ?? []);
}

describe("documents", () => {
  for (const [what, patterns, complaint] of [
    ["a bomb of repetitions", [{ ...bare, expression: "((((x{30}){30}){30}){30})" }], "invalid repeat count"],
    ["too large an expression", [{ ...bare, expression: "(?:[a-z]{40}b?){20}" }], "too large an expression"],
    ["an expression that looks back", [{ ...bare, expression: "(a)\\1" }], "invalid escape sequence"],
    ["an expression that finds nothing at all", [{ ...bare, expression: "x*" }], "which is everywhere"],
    [
      "a find that is longer than it may be",
      [{ ...bare, expression: "K(-[0-9]{4}|[a-z]{9}){3}", charsMax: 15 }],
      "at least 16",
    ],
    ["a boundary alone", [{ ...bare, expression: "\\b" }], "which is everywhere"],
    ["a word of nothing that shows", [{ ...one, words: ["\u200b\u200b a"] }], "at least two characters that show"],
    ["a kind that is not known", [{ ...bare, known: "credit-card" }], "payment-card"],
    ["two of one name", [one, one], "named twice"],
    ["no patterns", [], "Too small"],
  ] as const) {
    test(`${what} is refused, and why is said`, () => {
      assert.match(messagesOf(withPatterns(patterns)), new RegExp(complaint));
    });
  }

  test("all patterns of a document together are bounded: its expressions by their search, its words by their length", () => {
    assert.match(
      messagesOf(withPatterns([{ ...bare, expression: "[a-z0-9]{450}", charsMax: 450 }], { on: ["input"] })),
      /cost 22\d{4} together, and may cost 100000/,
    );
    const many = Array.from({ length: 64 }, (_, at) => ({ ...bare, name: `p${at}`, expression: `C${at}-[0-9]{4}` }));
    assert.equal(messagesOf(withPatterns(many)), "[]", "sixty-four usual ones are no such sum");
    const half = many.map((pattern) => ({ ...pattern, expression: "[a-z]{7}" }));
    const [entry] = [{ safeguard: "patterns@1", on: ["input"], patterns: half }];
    assert.equal(messagesOf({ kind: "Safeguards", name: "exact", chain: [entry] }), "[]");
    assert.match(messagesOf({ kind: "Safeguards", name: "exact", chain: [entry, entry] }), /may cost 100000/);
    const words = Array.from({ length: 1_501 }, (_, at) => `${at} `.padEnd(100, "x"));
    assert.equal(messagesOf(withPatterns([{ ...bare, words: words.slice(1) }])), "[]");
    assert.match(messagesOf(withPatterns([{ ...bare, words }])), /150100 characters of words, and may have 150000/);
  });

  test("patterns have no rates, and detectors no patterns", () => {
    const limits = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
    assert.match(messagesOf(withPatterns([one], limits)), /unrecognized_keys/);
    assert.match(messagesOf(withPatterns([one], { safeguard: "misuse@4", ...limits })), /unrecognized_keys/);
  });

  test("answers are held back for as long as the longest find, or the document is refused", () => {
    const long = { ...bare, expression: "A-[0-9]{50,150}", charsMax: 152 };
    assert.match(messagesOf(withPatterns([long])), /must be at least 153/);
    assert.equal(messagesOf({ ...withPatterns([long]), stream: { holdBackChars: 153 } }), "[]");
    assert.equal(messagesOf(withPatterns([long], { on: ["input"] })), "[]");
    assert.equal(messagesOf(withPatterns([long], { mode: "flag" })), "[]");
  });

  test("what was pinned and is other patterns now is refused", () => {
    const registry = shippedSafeguards();
    const pinned = pinSafeguards(Safeguards.parse(withPatterns([one])), registry);
    assert.equal(compileChain(pinned, registry).safeguards.length, 1);
    const [entry] = pinned.chain;
    const other = { ...pinned, chain: [{ ...entry, patterns: [{ ...one, words: ["another"] }] }] };
    assert.throws(() => compileChain(Safeguards.parse(other), registry), { code: "artefact_missing" });
  });
});
