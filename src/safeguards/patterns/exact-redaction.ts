// What is to be redacted in an answer: every find of such a pattern, each told once, as soon as whatever comes next cannot change
// where it ends. A find that is longer than it may be is no longer redacted but stops the answer.
import { RE2JS } from "re2js";
import type { Finding } from "../../terms/finding.ts";
import { type NextFind, expressionFinder, knownFinder, wordsFinder } from "./exact-finders.ts";
import { knownPatterns } from "./exact-known.ts";
import { foldText } from "../normalise.ts";
import { charsToHold, replacementOf, type Pattern, patternsName } from "./patterns-document.ts";
import type { Stretch } from "../windows.ts";

export interface Redactions {
  readonly words: ((text: string, onWord: (pattern: Pattern, found: Stretch) => void) => void) | undefined;
  readonly forms: readonly Form[];
}

interface Form {
  readonly pattern: Pattern;
  readonly next: NextFind;
  /** What goes on behind a find is a part of it: with the flag `y`. */
  readonly tail: RegExp | undefined;
}

/** Of the patterns that are for it; undefined where none is. */
export function redactionsOf(patterns: readonly Pattern[]): Redactions | undefined {
  const own = patterns.filter(({ band }) => band === "redact");
  if (own.length === 0) return undefined;
  const words = own.flatMap((pattern, owner) =>
    "words" in pattern ? pattern.words.map((word) => ({ word, owner })) : [],
  );
  const find = words.length === 0 ? undefined : wordsFinder(words, true);
  return {
    words:
      find === undefined
        ? undefined
        : (text, onWord) => {
            find(text, (owner, [start], end) => {
              const pattern = own[owner];
              if (pattern !== undefined) onWord(pattern, [start, end]);
            });
          },
    forms: own.flatMap(formOf),
  };
}

function formOf(pattern: Pattern): readonly Form[] {
  if ("words" in pattern) return [];
  if ("expression" in pattern)
    return [{ pattern, next: expressionFinder(RE2JS.compile(pattern.expression)), tail: undefined }];
  const { tail } = knownPatterns[pattern.known];
  return [{ pattern, next: knownFinder(pattern.known), tail }];
}

/** A piece of an answer with what came before it, as far as a find may need; `from` is where the text begins in the answer. */
interface Piece {
  readonly text: string;
  readonly from: number;
  readonly stretch: string;
  readonly isEnd: boolean;
}

/** Finds of one form in one stretch, at the most: each is looked for from the end of the one before. */
const findsMax = 128;

/** Reads one answer. */
export class RedactionReader {
  readonly #redactions: Redactions;
  /** Of each form: where the next find may begin, in the answer. */
  readonly #next: number[];
  /** The forms whose last find goes on behind what was read. */
  readonly #running = new Set<Form>();

  constructor(redactions: Redactions) {
    this.#redactions = redactions;
    this.#next = redactions.forms.map(() => 0);
  }

  read(piece: Piece): readonly Finding[] {
    const findings: Finding[] = [];
    const words: { readonly pattern: Pattern; readonly found: Stretch }[] = [];
    // What folds a text is in use until the search is over, and is asked for again below.
    this.#redactions.words?.(piece.text, (pattern, found) => void words.push({ pattern, found }));
    for (const { pattern, found } of words)
      if (isNewWord(found, charsToHold(pattern), piece)) findings.push(findingOf(pattern, found, piece));
    for (const [at, form] of this.#redactions.forms.entries()) this.#readForm(at, form, { piece, findings });
    if (piece.isEnd) this.#running.clear();
    return findings;
  }

  #readForm(
    at: number,
    form: Form,
    { piece, findings }: { readonly piece: Piece; readonly findings: Finding[] },
  ): void {
    const { pattern, next } = form;
    const { text, from } = piece;
    const hold = charsToHold(pattern);
    let place = Math.max(this.#runOn(form, piece, findings), (this.#next[at] ?? 0) - from, from > 0 ? 1 : 0);
    for (let finds = 0; ; finds += 1) {
      const found = next(text, place);
      if (found === undefined) break;
      const [start, end] = found;
      const isOpen = end === text.length && !piece.isEnd;
      if (isOpen && start > text.length - hold) break;
      if (isOpen || finds === findsMax) {
        findings.push({ ...findingOf(pattern, found, piece), band: "block" });
        break;
      }
      const over = this.#endOf(form, end, text);
      if (over > start) findings.push(findingOf(pattern, [start, over], piece));
      place = Math.max(over, start + 1);
    }
    this.#next[at] = from + place;
  }

  /** Where the find of before ends that goes on in this stretch. */
  #runOn(form: Form, piece: Piece, findings: Finding[]): number {
    if (!this.#running.delete(form)) return 0;
    const { text, stretch } = piece;
    const start = text.length - stretch.length;
    const end = this.#endOf(form, start, text);
    if (end > start) findings.push(findingOf(form.pattern, [start, end], piece));
    return end;
  }

  #endOf(form: Form, end: number, text: string): number {
    if (form.tail === undefined) return end;
    form.tail.lastIndex = end;
    const tail = form.tail.exec(text)?.[0].length ?? 0;
    if (end + tail === text.length) this.#running.add(form);
    return end + tail;
  }
}

/** Whether a word is told with this stretch: it was not yet, as all that came before is told already. */
function isNewWord(found: Stretch, hold: number, { text, from, stretch, isEnd }: Piece): boolean {
  const [start, end] = found;
  if (start === 0 && from > 0) return false;
  const before = text.length - stretch.length;
  const wasTold = end <= before && isSettled(found, hold, text.slice(0, before));
  return !wasTold && (isEnd || isSettled(found, hold, text));
}

/** Whether a sign that shows is behind a word, or as much that shows nothing as may be held back. */
function isSettled([start, end]: Stretch, hold: number, text: string): boolean {
  return start <= text.length - hold || foldText(text.slice(end)).length > 0;
}

function findingOf(pattern: Pattern, [start, end]: Stretch, { from }: Piece): Finding {
  const { category, name } = pattern;
  const span = [from + start, from + end] as const;
  return {
    category,
    score: 1,
    band: "redact",
    span,
    detector: patternsName,
    pattern: name,
    replacement: replacementOf(pattern),
  };
}
