// The safeguard `patterns@1`: exact patterns of the operator's own. Requests and answers are read in pieces that overlap by the
// longest find, so that how a text is cut does not change what is found.
import { createHash } from "node:crypto";
import { RE2JS } from "re2js";
import type { Finding, Inspection } from "../../terms/finding.ts";
import { Digest } from "../../terms/ids.ts";
import { type NextFind, expressionFinder, knownFinder, wordsFinder } from "./exact-finders.ts";
import { knownPatterns } from "./exact-known.ts";
import { type Redactions, RedactionReader, redactionsOf } from "./exact-redaction.ts";
import { foldText } from "../normalise.ts";
import { charsToHold, isSearchedSlowly, type Pattern, patternsName } from "./patterns-document.ts";
import type { AnswerReader, Safeguard, Scores, Settle } from "../safeguard.ts";
import { noScores } from "../scoring.ts";
import { allSteps } from "../steps.ts";
import type { Stretch } from "../windows.ts";

const maxChars = 400_000;
/** Of a request, between two stops; of an expression as many as take 20 ms at the worst. */
const stepChars = 16_384;
const stepCharsMin = 1_024;
const stepWork = 300_000;

/** A piece of a text, with as much of what came before as a find may need. */
interface Piece {
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly from: number;
  readonly isEnd: boolean;
}

/** Finds of one kind in a piece: which pattern, and where in the piece. At least the first of every pattern that is there. */
type Finder = (piece: Piece, onFind: (pattern: number, found: Stretch) => void) => void;

/** The patterns of one entry of a chain, compiled. Cost: linear in the sizes of words and expressions. */
export function exactPatterns(patterns: readonly Pattern[]): Safeguard {
  const reach = Math.max(...patterns.map(charsToSee));
  const hasWords = patterns.some((pattern) => "words" in pattern);
  const looking = lookingOf(patterns);
  const redactions = redactionsOf(patterns);
  const answers: Answers = {
    looking: redactions === undefined ? looking : lookingOf(patterns.filter(({ band }) => band !== "redact")),
    redactions,
    hasWords,
    reach,
  };
  const steps = function* steps(text: string): Generator<void, Finding[], void> {
    // Folded as a whole: what shows nothing may stretch a word as far as the text goes.
    const findings = findingsIn({ text, from: 0, isEnd: true }, looking, looking.words);
    for (const form of looking.forms)
      for (const piece of piecesOf(text, form)) {
        // Each may take as long as all of the rest.
        yield;
        findings.push(...findingsIn(piece, looking, form.find));
      }
    return findings;
  };
  return {
    name: "patterns",
    version: 1,
    digest: digestOfPatterns(patterns),
    maxChars,
    isSlow: isSearchedSlowly(patterns),
    readsAsWritten: true,
    thresholds: () => ({ review: {}, block: {} }),
    scores: async (text) => Promise.resolve(scoresOf(allSteps(steps(text)))),
    inspect: (text) => inspected(allSteps(steps(text))),
    *inspectRequest(text): Generator<void, Settle, void> {
      const inspection = inspected(yield* steps(text));
      return () => Promise.resolve(inspection);
    },
    redacts: redactions !== undefined,
    openAnswer: () => new PatternReader(answers),
  };
}

function inspected(findings: readonly Finding[]): Inspection {
  return findings.length === 0 ? nothingFound : { kind: "inspected", findings };
}

const nothingFound: Inspection = { kind: "inspected", findings: [] };

/** How far back a piece has to reach, in characters that show. */
function charsToSee(pattern: Pattern): number {
  return "words" in pattern ? 2 * charsToHold(pattern) : charsToHold(pattern);
}

/** Of an answer, remembered at the most: no word is stretched further. */
const beforeCharsMax = 4096;

/** The end of a text, with so many characters besides those that show nothing. */
function endOf(text: string, chars: number): string {
  const end = text.slice(-chars);
  // Plain text, the usual case: all of it shows.
  if (!/[^!-~ ]| {2}/.test(end)) return end;
  const near = text.slice(-Math.max(chars, beforeCharsMax));
  if (near.length <= chars) return near;
  const { offsets, length } = foldText(near);
  // Spaces at its beginning are none of the units: what a word stands behind is kept, or it looks as if it had begun before.
  return length <= chars ? near : near.slice(Math.min(near.length - chars, offsets[length - chars] ?? 0));
}

/** What is looked for in answers, and what of it is redacted. */
interface Answers {
  readonly looking: Looking;
  readonly redactions: Redactions | undefined;
  readonly hasWords: boolean;
  readonly reach: number;
}

class PatternReader implements AnswerReader {
  readonly #answers: Answers;
  readonly #redaction: RedactionReader | undefined;
  #before = "";
  #end = 0;

  constructor(answers: Answers) {
    this.#answers = answers;
    if (answers.redactions !== undefined) this.#redaction = new RedactionReader(answers.redactions);
  }

  read(stretch: string, isEnd: boolean): Inspection {
    const text = this.#before + stretch;
    this.#end += stretch.length;
    const { looking, hasWords, reach } = this.#answers;
    this.#before = hasWords ? endOf(text, reach) : text.slice(-reach);
    const from = this.#end - text.length;
    const findings = findingsIn({ text, from, isEnd }, looking, looking.words);
    for (const form of looking.forms) {
      const seen = text.slice(-(form.reach + stretch.length));
      const piece = { text: seen, from: this.#end - seen.length, isEnd };
      for (const finding of findingsIn(piece, looking, form.find)) findings.push(finding);
    }
    for (const finding of this.#redaction?.read({ text, from, stretch, isEnd }) ?? none) findings.push(finding);
    return inspected(findings);
  }
}

const none: readonly Finding[] = [];

function* piecesOf(text: string, { chars, reach }: Form): Generator<Piece, void, void> {
  for (let at = 0; at === 0 || at < text.length; at += chars) {
    const from = Math.max(0, at - reach);
    const end = at + chars;
    yield { text: text.slice(from, end), from, isEnd: end >= text.length };
  }
}

interface Looking {
  readonly patterns: readonly Pattern[];
  /** What is folded first. */
  readonly words: Finder;
  /** Expressions and known kinds: what is looked for as it was written. */
  readonly forms: readonly Form[];
}

interface Form {
  readonly find: Finder;
  /** How far back its pieces have to reach. */
  readonly reach: number;
  /** Of a request, between two stops. */
  readonly chars: number;
}

/** The first find of each pattern, with spans in the whole text. */
function findingsIn(piece: Piece, { patterns }: Looking, find: Finder): Finding[] {
  let first: Map<number, Stretch> | undefined;
  find(piece, (at, found) => {
    first ??= new Map();
    if (!first.has(at)) first.set(at, found);
  });
  return first === undefined
    ? []
    : [...first].flatMap(([at, [start, end]]) => {
        const pattern = patterns[at];
        if (pattern === undefined) return [];
        const { name, category, band } = pattern;
        const span = [piece.from + start, piece.from + end] as const;
        return [{ category, score: 1, band, span, detector: patternsName, pattern: name }];
      });
}

function lookingOf(patterns: readonly Pattern[]): Looking {
  return { patterns, words: wordsFinderOf(patterns), forms: formsOf(patterns) };
}

function wordsFinderOf(patterns: readonly Pattern[]): Finder {
  const words = patterns.flatMap((pattern, owner) =>
    "words" in pattern ? pattern.words.map((word) => ({ word, owner })) : [],
  );
  if (words.length === 0) return () => undefined;
  const find = wordsFinder(words);
  return settledOnly(({ text }, onFind) => {
    find(text, onFind);
  }, patterns);
}

function formsOf(patterns: readonly Pattern[]): readonly Form[] {
  return patterns.flatMap((pattern, at) => {
    if ("words" in pattern) return [];
    const reach = charsToHold(pattern);
    const rules = { at, hold: reach };
    if ("known" in pattern)
      return [{ find: formFinder(knownFinder(pattern.known), { ...rules, findsMax: reach }), reach, chars: stepChars }];
    const expression = RE2JS.compile(pattern.expression);
    const chars = Math.max(stepCharsMin, Math.min(stepChars, Math.floor(stepWork / expression.programSize()) - reach));
    return [{ find: formFinder(expressionFinder(expression), { ...rules, findsMax: 1 }), reach, chars }];
  });
}

/** Tells the first find that is settled, of the first `findsMax`. */
function formFinder(next: NextFind, { at, hold, findsMax }: FormRules): Finder {
  return (piece, onFind) => {
    let place = piece.from > 0 ? 1 : 0;
    for (let finds = 0; finds < findsMax; finds += 1) {
      const found = next(piece.text, place);
      if (found === undefined) return;
      if (isSettled(piece, found, hold)) return onFind(at, found);
      place = found[0] + 1;
    }
  };
}

interface FormRules {
  readonly at: number;
  readonly hold: number;
  readonly findsMax: number;
}

function settledOnly(find: Finder, patterns: readonly Pattern[]): Finder {
  const holds = patterns.map(charsToHold);
  return (piece, onFind) => {
    find(piece, (at, found) => {
      if (isSettled(piece, found, holds[at] ?? 0)) onFind(at, found);
    });
  };
}

/**
 * Whether a find is one, whatever comes next and whatever came before. What begins a piece that is not the first was seen in
 * the one before; what ends it may go on, and is looked at again in the next one, but not longer than it is held back.
 */
function isSettled({ text, from, isEnd }: Piece, [start, end]: Stretch, hold: number): boolean {
  if (start === 0 && from > 0) return false;
  return isEnd || end < text.length || start <= text.length - hold;
}

/** What was compiled, with the forms that the known kinds have in this program. */
function digestOfPatterns(patterns: readonly Pattern[]): Digest {
  const forms = patterns.flatMap((pattern) => {
    if (!("known" in pattern)) return [];
    const { expression, tail } = knownPatterns[pattern.known];
    return [expression.source, tail?.source ?? ""];
  });
  const text = JSON.stringify([patternsName, patterns, forms]);
  return Digest.parse(`sha256:${createHash("sha256").update(text).digest("hex")}`);
}

function scoresOf(findings: readonly Finding[]): Scores {
  const scores = noScores();
  for (const { category, score } of findings) scores[category] = score;
  return scores;
}
