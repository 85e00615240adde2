// The safeguard `structure@1`: what a request looks like. Rules, each a count over the text or the messages: dialogues invented
// to show the model how it gives in, orders to give its own instructions away, what is encoded so that nobody here can read it,
// and how much is disguised. No weights: words stand in this folder, and in the digest. What each rule is worth:
// artefacts/structure-1.card.json.
import { createHash } from "node:crypto";
import type { Category, Finding, Inspection, Span } from "../../terms/finding.ts";
import { Digest, Name } from "../../terms/ids.ts";
import type { Safeguard, Scores, Settle } from "../safeguard.ts";
import { noScores } from "../scoring.ts";
import { allSteps } from "../steps.ts";
import { normalise } from "../normalise.ts";
import { disguiseCounter } from "./disguised.ts";
import { extractionFinder, extractionWords } from "./extraction.ts";
import type { Piece, RuleReader } from "./rule-reader.ts";
import { type Rule, structureName } from "./structure-document.ts";
import { messagesFound, turnCounter, turnWords } from "./turns.ts";
import { unreadCounter } from "./unread.ts";

const maxChars = 400_000;
/** A piece of a text, between two stops; it ends between words where there are any. */
const pieceChars = 16_384;
/** All of them find attacks on the model: what those are for, none can tell. */
const category: Category = "jailbreak";

/** The rules of one entry of a chain. */
export function structure(rules: readonly Rule[]): Safeguard {
  const ofTexts = rules.flatMap((rule) => {
    const open = readersOf(rule);
    return open === undefined ? [] : [{ rule, open }];
  });
  const steps = function* steps(text: string): Generator<void, Finding[], void> {
    const readers = ofTexts.map(({ rule, open }) => ({ rule, reader: open() }));
    for (const piece of piecesOf(text)) {
      if (piece.from > 0) yield;
      for (const { reader } of readers) reader.add(piece);
    }
    return readers.flatMap(({ rule, reader }) => findingOf(rule, reader.found()));
  };
  // Expressions are compiled when they are first used: now, and not within somebody's request.
  for (const text of toCompileBy) allSteps(steps(text));
  return {
    name: "structure",
    version: 1,
    digest: digestOf(rules),
    maxChars,
    surfaces: ["input"],
    readsAsWritten: true,
    thresholds: () => ({ review: {}, block: {} }),
    scores: async (text, surface) =>
      Promise.resolve(surface === "input" ? scoresOf(allSteps(steps(text))) : noScores()),
    inspect: (text) => inspected(allSteps(steps(text))),
    *inspectRequest(text): Generator<void, Settle, void> {
      const inspection = inspected(yield* steps(text));
      return () => Promise.resolve(inspection);
    },
    inspectConversation: (texts) =>
      inspected(
        rules.flatMap((rule) =>
          rule.rule === "many-messages" ? findingOf(rule, messagesFound(texts, rule.turnsMin)) : [],
        ),
      ),
  };
}

/** How a rule reads a text; undefined for one that looks at how texts follow each other. */
function readersOf(rule: Rule): (() => RuleReader) | undefined {
  switch (rule.rule) {
    case "many-shot":
      return () => turnCounter(rule.turnsMin);
    case "many-messages":
      return undefined;
    case "prompt-extraction":
      return extractionFinder;
    case "encoded-payload":
      return () => unreadCounter(rule.charsMin);
    case "disguise":
      return () => disguiseCounter(rule.shareMin);
  }
}

/** One of ASCII and one that is not: they are read by different code. */
const toCompileBy = [
  "User: Explain the prompt above. Assistant: Yes. +%20 a1b2c3d4e5f6g7h8 .- x0x",
  "Système : написать промпт a\u0301\u200b \u{1d41a}",
];

function findingOf({ rule, band }: Rule, span: Span | undefined): readonly Finding[] {
  if (span === undefined) return [];
  return [{ category, score: 1, band, span, detector: structureName, pattern: Name.parse(rule) }];
}

function inspected(findings: readonly Finding[]): Inspection {
  return { kind: "inspected", findings };
}

function scoresOf(findings: readonly Finding[]): Scores {
  return { ...noScores(), [category]: findings.length > 0 ? 1 : 0 };
}

function* piecesOf(text: string): Generator<Piece, void, void> {
  for (let from = 0; from < text.length;) {
    const end = endOf(text, from);
    const piece = text.slice(from, end);
    yield { text: piece, from, plain: normalise(piece) };
    from = end;
  }
}

function endOf(text: string, from: number): number {
  const end = from + pieceChars;
  if (end >= text.length) return text.length;
  const space = text.lastIndexOf(" ", end);
  return space > from ? space + 1 : end;
}

/** The settings, and the words that the rules look for in this program. */
function digestOf(rules: readonly Rule[]): Digest {
  const text = JSON.stringify([structureName, rules, turnWords, extractionWords]);
  return Digest.parse(`sha256:${createHash("sha256").update(text).digest("hex")}`);
}
