// The safeguard `patterns@1`: exact patterns of the operator's own. Words are looked for in the folded text, where case, accents,
// look-alikes and what cannot be seen do not count; expressions and known kinds in the text as it was written. Requests and
// answers are read in views that overlap by the longest find, so that how a text is cut does not change what is found.
import { createHash } from "node:crypto";
import { RE2JS } from "re2js";
import type { Finding, Inspection } from "../terms/finding.ts";
import { Digest } from "../terms/ids.ts";
import { WordFinder } from "./exact-words.ts";
import { gap, inAscii, knownPatterns } from "./exact-known.ts";
import { foldText } from "./normalise.ts";
import { charsToHold, type Pattern, patternsName } from "./patterns-document.ts";
import type { AnswerReader, Safeguard, Scores, Settle } from "./safeguard.ts";
import { noScores } from "./scoring.ts";
import { allSteps } from "./steps.ts";
import type { Stretch } from "./windows.ts";

const maxChars = 400_000;
/** Of a request, between two stops; of an expression as many as take 20 ms at the worst. */
const stepChars = 16_384;
const stepCharsMin = 1_024;
const stepWork = 300_000;

/** A piece of a text, with as much of what came before as a find may need. */
interface View {
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly from: number;
  readonly isEnd: boolean;
}

/** Finds of one kind in a view: which pattern, and where in the view. At least the first of every pattern that is there. */
type Finder = (view: View, onFind: (pattern: number, found: Stretch) => void) => void;

/** The patterns of one entry of a chain, compiled. Cost: linear in the sizes of words and expressions. */
export function exactPatterns(patterns: readonly Pattern[]): Safeguard {
  const reach = Math.max(...patterns.map(charsToSee));
  const hasWords = patterns.some((pattern) => "words" in pattern);
  const looking: Looking = { patterns, hasWords, words: wordsFinderOf(patterns), forms: formsOf(patterns) };
  const steps = function* steps(text: string): Generator<void, Finding[], void> {
    // Folded as a whole: what shows nothing may stretch a word as far as the text goes.
    const findings = findingsIn({ text, from: 0, isEnd: true }, looking, looking.words);
    for (const form of looking.forms)
      for (const view of viewsOf(text, form)) {
        // Each may take as long as all of the rest.
        yield;
        findings.push(...findingsIn(view, looking, form.find));
      }
    return findings;
  };
  return {
    name: "patterns",
    version: 1,
    digest: digestOfPatterns(patterns),
    maxChars,
    readsAsWritten: true,
    thresholds: () => ({ review: {}, block: {} }),
    scores: async (text) => Promise.resolve(scoresOf(allSteps(steps(text)))),
    inspect: (text) => inspected(allSteps(steps(text))),
    *inspectRequest(text): Generator<void, Settle, void> {
      const inspection = inspected(yield* steps(text));
      return () => Promise.resolve(inspection);
    },
    openAnswer: () => new PatternReader(looking, reach),
  };
}

function inspected(findings: readonly Finding[]): Inspection {
  return findings.length === 0 ? nothingFound : { kind: "inspected", findings };
}

const nothingFound: Inspection = { kind: "inspected", findings: [] };

/** How far back a view has to reach, in characters that show. */
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
  return near.slice(Math.min(near.length - chars, offsets[Math.max(0, length - chars)] ?? 0));
}

class PatternReader implements AnswerReader {
  readonly #looking: Looking;
  readonly #reach: number;
  #before = "";
  #end = 0;

  constructor(looking: Looking, reach: number) {
    this.#looking = looking;
    this.#reach = reach;
  }

  read(stretch: string, isEnd: boolean): Inspection {
    const text = this.#before + stretch;
    this.#end += stretch.length;
    const { words, forms, hasWords } = this.#looking;
    this.#before = hasWords ? endOf(text, this.#reach) : text.slice(-this.#reach);
    const findings = findingsIn({ text, from: this.#end - text.length, isEnd }, this.#looking, words);
    for (const { find, reach } of forms) {
      const seen = text.slice(-(reach + stretch.length));
      const view = { text: seen, from: this.#end - seen.length, isEnd };
      for (const finding of findingsIn(view, this.#looking, find)) findings.push(finding);
    }
    return inspected(findings);
  }
}

function* viewsOf(text: string, { chars, reach }: Form): Generator<View, void, void> {
  for (let at = 0; at === 0 || at < text.length; at += chars) {
    const from = Math.max(0, at - reach);
    const end = at + chars;
    yield { text: text.slice(from, end), from, isEnd: end >= text.length };
  }
}

interface Looking {
  readonly patterns: readonly Pattern[];
  readonly hasWords: boolean;
  /** What is folded first. */
  readonly words: Finder;
  /** Expressions and known kinds: what is looked for as it was written. */
  readonly forms: readonly Form[];
}

interface Form {
  readonly find: Finder;
  /** How far back its views have to reach. */
  readonly reach: number;
  /** Of a request, between two stops. */
  readonly chars: number;
}

/** The first find of each pattern, with spans in the whole text. */
function findingsIn(view: View, { patterns }: Looking, find: Finder): Finding[] {
  let first: Map<number, Stretch> | undefined;
  find(view, (at, found) => {
    first ??= new Map();
    if (!first.has(at)) first.set(at, found);
  });
  return first === undefined
    ? []
    : [...first].flatMap(([at, [start, end]]) => {
        const pattern = patterns[at];
        if (pattern === undefined) return [];
        const { name, category, band } = pattern;
        const span = [view.from + start, view.from + end] as const;
        return [{ category, score: 1, band, span, detector: patternsName, pattern: name }];
      });
}

function wordsFinderOf(patterns: readonly Pattern[]): Finder {
  const words = patterns.flatMap((pattern, owner) =>
    "words" in pattern ? pattern.words.map((word) => ({ word, owner })) : [],
  );
  return words.length === 0 ? () => undefined : settledOnly(wordsFinder(words), patterns);
}

function formsOf(patterns: readonly Pattern[]): readonly Form[] {
  return patterns.flatMap((pattern, at) => {
    if ("words" in pattern) return [];
    const reach = charsToHold(pattern);
    if ("known" in pattern)
      return [{ find: settledOnly(knownFinder(pattern.known, at), patterns), reach, chars: stepChars }];
    const expression = RE2JS.compile(pattern.expression);
    const chars = Math.max(stepCharsMin, Math.min(stepChars, Math.floor(stepWork / expression.programSize()) - reach));
    return [{ find: settledOnly(expressionFinder(expression, at), patterns), reach, chars }];
  });
}

function settledOnly(find: Finder, patterns: readonly Pattern[]): Finder {
  const holds = patterns.map(charsToHold);
  return (view, onFind) => {
    find(view, (at, found) => {
      if (isSettled(view, found, holds[at] ?? 0)) onFind(at, found);
    });
  };
}

/**
 * Whether a find is one, whatever comes next and whatever came before. What begins a view that is not the first was seen in
 * the one before; what ends it may go on, and is looked at again in the next one, but not longer than it is held back.
 */
function isSettled({ text, from, isEnd }: View, [start, end]: Stretch, hold: number): boolean {
  if (start === 0 && from > 0) return false;
  return isEnd || end < text.length || start <= text.length - hold;
}

function wordsFinder(words: ConstructorParameters<typeof WordFinder>[0]): Finder {
  const finder = new WordFinder(words);
  return ({ text }, onFind) => {
    const { units, offsets, length } = foldText(text);
    const isApart = (at: number): boolean => {
      const before = (offsets[at] ?? 0) - 1;
      return before !== offsets[at - 1] && separator.test(text[before] ?? "");
    };
    finder.search({ units, length, isApart }, (owner, start, end) => {
      onFind(owner, [offsets[start] ?? 0, offsets[end] ?? text.length]);
    });
  };
}

/** What may stand between letters that are written one by one. */
const separator = /[\s._*-]/;

function expressionFinder(compiled: RE2JS, at: number): Finder {
  return ({ text, from }, onFind) => {
    const matcher = compiled.matcher(text);
    if (matcher.find(from > 0 ? 1 : 0)) onFind(at, [matcher.start(), matcher.end()]);
  };
}

function knownFinder(known: keyof typeof knownPatterns, at: number): Finder {
  const { expression, isGenuine } = knownPatterns[known];
  const own = new RegExp(expression);
  return ({ text: written, from }, onFind) => {
    const text = inAscii(written);
    own.lastIndex = from > 0 ? 1 : 0;
    for (let found = own.exec(text); found !== null; found = own.exec(text)) {
      const genuine = genuineIn(found[0], isGenuine);
      if (genuine > 0) onFind(at, [found.index, found.index + genuine]);
      // What is not genuine from here may be so from the next character on.
      own.lastIndex = found.index + 1;
    }
  };
}

const gaps = new RegExp(gap);

/** How long a genuine beginning is, up to a gap or the end, and 0 where none is: a number is written in groups, and others may follow it. */
function genuineIn(found: string, isGenuine: (found: string) => boolean): number {
  if (isGenuine(found)) return found.length;
  if (!gaps.test(found)) return 0;
  for (let end = found.length - 1; end > 0; end -= 1)
    if (gaps.test(found.charAt(end)) && isGenuine(found.slice(0, end))) return end;
  return 0;
}

/** What was compiled, with the forms that the known kinds have in this program. */
function digestOfPatterns(patterns: readonly Pattern[]): Digest {
  const forms = patterns.flatMap((pattern) =>
    "known" in pattern ? [knownPatterns[pattern.known].expression.source] : [],
  );
  const text = JSON.stringify([patternsName, patterns, forms]);
  return Digest.parse(`sha256:${createHash("sha256").update(text).digest("hex")}`);
}

function scoresOf(findings: readonly Finding[]): Scores {
  const scores = noScores();
  for (const { category, score } of findings) scores[category] = score;
  return scores;
}
