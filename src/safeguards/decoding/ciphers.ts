// Stretches of a text whose letters were shifted through the alphabet or stand backwards, or that are Base64 in groups. A
// stretch is undone where it then reads like a language, and clearly more so than it does as it stands; words in it that clearly read
// better as they stand are left so.
import { readBase64, type Reading } from "./encodings.ts";
import {
  languageMin,
  lettersOf,
  lettersOfAscii,
  likeness,
  likenessOf,
  logOfPair,
  noLetter,
  shiftsByLetters,
} from "./letter-pairs.ts";
import { isListed, listedLettersMax } from "./word-list.ts";
import { plainMin, strangeLettersMin, type Survey } from "./survey.ts";
import type { Stretch } from "../windows.ts";

/** By how much a stretch has to read better when it is undone, and by how much more divided by its letters: few may do so by chance. */
const gainMin = 0.6;
const gainOfFew = 12;
/** Of a long stretch as much as this shows how it was written. */
const triedCharsMax = 2_000;

/**
 * What is hidden so in the stretches of a text that read like no language, in order; what is `found` to be something else is
 * not looked at again. Cost: linear.
 */
export function ciphersIn(text: string, { odd }: Survey, found: readonly Reading[]): readonly Reading[] {
  let at = 0;
  return odd.flatMap(([from, to]) => {
    while ((found[at]?.to ?? Infinity) <= from) at += 1;
    const isFound = (found[at]?.from ?? Infinity) < to;
    const grouped = isFound ? undefined : readGroups(text.slice(from, to));
    if (grouped !== undefined) return [{ from, to, text: grouped, isSenseless: false }];
    const stretches = isFound ? strangeBetween(text, [from, to], found.slice(at)) : [[from, to] as const];
    return stretches.flatMap(([start, end]) => {
      const undone = undo(text.slice(start, end));
      if (undone === undefined) return [];
      const isSenseless = undone.isSenseless === true && !isSpelt(text, start - 1) && !isSpelt(text, end);
      return [{ from: start, to: end, text: undone.text, isSenseless }];
    });
  });
}

/** Whether a sign that ends a stretch stands between letters, as it does in words that are spelt out. */
function isSpelt(text: string, at: number): boolean {
  return /^[A-Za-z][^A-Za-z\s][A-Za-z]$/.test(text.slice(Math.max(0, at - 1), at + 2));
}

/** Parts of a stretch, between what is wholly read, that read like no language by themselves; all of it where nothing is. */
function strangeBetween(text: string, [from, to]: Stretch, found: readonly Reading[]): readonly Stretch[] {
  const parts: Stretch[] = [];
  let start = from;
  for (const one of found) {
    if (one.from >= to) break;
    if (one.isPart === true) continue;
    parts.push([start, one.from]);
    start = one.to;
  }
  if (start === from) return [[from, to]];
  parts.push([start, to]);
  return parts.filter(
    ([first, last]) => last - first >= strangeLettersMin && likeness(text.slice(first, last)) < plainMin,
  );
}

/** Nearly all of a stretch of Base64 is signs of it, in groups or not. */
const base64ShareMin = 0.6;
/** Capitals and figures stand anywhere in it. */
const looksLikeGroups = /[a-z0-9][A-Z]/;

function readGroups(stretch: string): string | undefined {
  if (!looksLikeGroups.test(stretch)) return undefined;
  const signs = stretch.match(/[A-Za-z0-9+/_-]/g)?.length ?? 0;
  return signs < base64ShareMin * stretch.length ? undefined : readBase64(stretch);
}

interface Way {
  readonly isBackwards: boolean;
  readonly shift: number;
}

/** Undone in the likeliest way; undefined where none is clearly likelier than the stretch as it stands. */
function undo(stretch: string): Pick<Reading, "text" | "isSenseless"> | undefined {
  const letters = lettersOf(stretch.slice(0, triedCharsMax));
  const way = wayOf(letters);
  return way === undefined ? undefined : undoneIn(stretch, way);
}

/** So many shifts by how often each letter stands there, which nearly always has the right one among them; then all others. */
const shiftsFirst = 6;

function wayOf(forwards: Uint8Array): Way | undefined {
  const shifts = shiftsByLetters(forwards);
  const backwards = forwards.toReversed();
  let reached = Math.max(languageMin, likenessOf(forwards, 0) + gainMin + gainOfFew / forwards.length);
  let best: Way | undefined;
  for (const [at, shift] of shifts.entries()) {
    if (at === shiftsFirst && best !== undefined) break;
    for (const letters of [forwards, backwards]) {
      const likes = likenessOf(letters, shift);
      if (likes <= reached) continue;
      best = { isBackwards: letters === backwards, shift };
      reached = likes;
    }
  }
  return best;
}

/** By how many bits a word has to read better as it stands to be left so. */
const plainGainMin = 8;
/** By how many it may be a word, which is then judged as it stands, too; words backwards are less unlike words. */
const doubtGainMin = { forwards: 4, backwards: 6 } as const;
/** Shorter words say too little of how they are written. */
const wordLettersMin = 3;

/**
 * With words that clearly read better as they stand left so: a stretch may be shifted in part. Where there are none, and nothing else that
 * may be a word, the stretch says nothing as it stands.
 */
function undoneIn(stretch: string, way: Way): Pick<Reading, "text" | "isSenseless"> {
  const { isBackwards, shift } = way;
  const source = isBackwards ? reversed(stretch) : stretch;
  const written = Buffer.from(source, "utf16le");
  const units = new Uint16Array(written.buffer, written.byteOffset, source.length);
  const { mayHavePlain, hasWords } = undoWords(units, way);
  return {
    text: shift === 0 && !mayHavePlain ? source : written.toString("utf16le"),
    isSenseless: !mayHavePlain && hasWords && !mayHaveWords.test(stretch),
  };
}

interface Undone {
  /** Some may have been words as they stood. */
  readonly mayHavePlain: boolean;
  /** Some are words now, so that it was no padding. */
  readonly hasWords: boolean;
}

/** Undoes each word of a text that is turned already, in place. */
function undoWords(units: Uint16Array, way: Way): Undone {
  let mayHavePlain = false;
  let hasWords = false;
  let from = 0;
  for (let at = 0; at <= units.length; at += 1) {
    if (letterOf(units[at] ?? 0) !== noLetter) continue;
    const undone = at === from ? undefined : undoWord(units.subarray(from, at), way);
    from = at + 1;
    mayHavePlain ||= undone?.mayHavePlain === true;
    hasWords ||= undone?.hasWords === true;
  }
  return { mayHavePlain, hasWords };
}

function undoWord(word: Uint16Array, { isBackwards, shift }: Way): Undone {
  const doubtful = isBackwards ? doubtGainMin.backwards : doubtGainMin.forwards;
  const gain = word.length < wordLettersMin ? 0 : bitsOf(word, 0, isBackwards) - bitsOf(word, shift, false);
  const mayHavePlain = gain > doubtful || isListed(lookedUp(word, isBackwards));
  const isUndone = gain <= plainGainMin;
  if (isUndone) shiftLetters(word, shift);
  else if (isBackwards) word.reverse();
  return { mayHavePlain, hasWords: isUndone && isListed(lookedUp(word, false)) };
}

/** Shorter words stand in no list; many of them are words by chance. */
const listedLettersMin = 4;

/** A word as it is looked up; nothing where it is too short or too long to be. */
function lookedUp(word: Uint16Array, isTurned: boolean): string {
  if (word.length < listedLettersMin || word.length > listedLettersMax) return "";
  return String.fromCharCode(...(isTurned ? word.toReversed() : word)).toLowerCase();
}

/** The base-2 logarithm of how likely the letters of a word follow each other, shifted or turned, with an end before and after. */
function bitsOf(word: Uint16Array, shift: number, isTurned: boolean): number {
  let sum = 0;
  let before = noLetter;
  for (let at = 0; at < word.length; at += 1) {
    const letter = (letterOf(word[isTurned ? word.length - 1 - at : at] ?? 0) + shift) % 26;
    sum += logOfPair(before, letter);
    before = letter;
  }
  return sum + logOfPair(before, noLetter);
}

function letterOf(unit: number): number {
  return lettersOfAscii[unit] ?? noLetter;
}

function shiftLetters(word: Uint16Array, by: number): void {
  for (const [at, unit] of word.entries()) {
    const first = unit < 97 ? 65 : 97;
    word[at] = first + ((unit - first + by) % 26);
  }
}

/** Letters among figures or of other alphabets, and single letters in a row: words that were not looked at. */
const mayHaveWords =
  /[^\0-\x7f]|[A-Za-z][0-9@$]|[0-9@$][A-Za-z]|(?:(?<![A-Za-z])[A-Za-z](?![A-Za-z])[^A-Za-z]{1,3}){3}/;

function reversed(text: string): string {
  return Array.from(text).toReversed().join("");
}
