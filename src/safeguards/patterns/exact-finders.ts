// How the patterns of an operator's own are found in a text: words in the folded one, where case, accents, look-alikes and what
// cannot be seen do not count; expressions and known kinds in the text as it was written.
import type { RE2JS } from "re2js";
import { gap, inAscii, knownPatterns } from "./exact-known.ts";
import { type OwnedWord, WordFinder } from "./exact-words.ts";
import { foldText } from "../normalise.ts";
import type { Stretch } from "../windows.ts";

/** The next find that begins at a place or after it. */
export type NextFind = (text: string, from: number) => Stretch | undefined;

export function expressionFinder(compiled: RE2JS): NextFind {
  return (text, from) => {
    if (from > text.length) return undefined;
    const matcher = compiled.matcher(text);
    return matcher.find(from) ? [matcher.start(), matcher.end()] : undefined;
  };
}

/** Cost: of each call as far as the next find, and once the length of the text more where it has signs of other alphabets. */
export function knownFinder(known: keyof typeof knownPatterns): NextFind {
  const { expression, isGenuine } = knownPatterns[known];
  const own = new RegExp(expression);
  let [written, text] = ["", ""];
  return (searched, from) => {
    if (searched !== written) [written, text] = [searched, inAscii(searched)];
    own.lastIndex = from;
    for (let found = own.exec(text); found !== null; found = own.exec(text)) {
      const genuine = genuineIn(found[0], isGenuine);
      if (genuine > 0) return [found.index, found.index + genuine];
      // What is not genuine from here may be so from the next character on.
      own.lastIndex = found.index + 1;
    }
    return undefined;
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

/** Where the next sign after a word begins that shows, and where its own last one ends. */
export type OnOwned = (owner: number, found: Stretch, endOfWord: number) => void;

/** Of each word the first, at the least; with `isAll` of every place the longest word that ends there. */
export function wordsFinder(words: readonly OwnedWord[], isAll = false): (text: string, onWord: OnOwned) => void {
  const finder = new WordFinder(words);
  return (text, onWord) => {
    const { units, offsets, length } = foldText(text);
    const isApart = (at: number): boolean => {
      const before = (offsets[at] ?? 0) - 1;
      return before !== offsets[at - 1] && separator.test(text[before] ?? "");
    };
    const onFound = (owner: number, start: number, end: number): void => {
      const last = offsets[end - 1] ?? 0;
      const isPair = (text.codePointAt(last) ?? 0) > 0xffff;
      onWord(owner, [offsets[start] ?? 0, offsets[end] ?? text.length], last + (isPair ? 2 : 1));
    };
    finder.search({ units, length, isApart }, onFound, isAll);
  };
}

/** What may stand between letters that are written one by one. */
const separator = /[\s._*-]/;
