// Undoes cheap disguises before text is judged: compatibility forms, invisible and tag characters, accents, look-alike
// letters, case, spacing, spelled-out words. One pass, linear time, with a map back to the offsets of the source.
// Sources: Unicode Standard Annex 15 (forms), Technical Standard 39 (confusables; a minimal table of ours).

import { foldOf, foldsToItself, isLatinOrDigit, isMark } from "./folds.ts";

export interface Normalised {
  readonly text: string;
  /** For each UTF-16 unit of `text`, the offset in the source where it came from; one more entry for the end. */
  readonly offsets: Uint32Array;
}

/** Normalised text with its map. Cost: linear in the length of `source`. */
export function normalise(source: string): Normalised {
  const folded = foldText(source);
  return { text: textOf(folded, 0, folded.length), offsets: folded.offsets.slice(0, folded.length + 1) };
}

/** Normalised text as units in memory that is used again: valid until the next `foldText`. */
export interface Folded {
  readonly units: Uint16Array;
  /** As `offsets` of `Normalised`; only the first `length` + 1 count. */
  readonly offsets: Uint32Array;
  readonly length: number;
}

/** What `normalise` gives, without copies. Cost: linear in the length of `source`. */
export function foldText(source: string): Folded {
  const draft = scratch;
  draft.begin(source.length);
  draft.append(source);
  if (draft.hasForeign) foldLookAlikes(draft);
  if (draft.hasSpelledOut) joinSpelledOut(draft);
  while (draft.length > 0 && draft.last() === space) draft.length -= 1;
  draft.offsets[draft.length] = source.length;
  return draft;
}

/** The text of a stretch of what was folded. */
function textOf({ units }: Pick<Folded, "units">, start: number, end: number): string {
  return Buffer.from(units.buffer, units.byteOffset + 2 * start, 2 * (end - start)).toString("utf16le");
}

/**
 * Folds a text that comes in stretches, each once, in memory that all such texts use in turn. There are thousands of them at a
 * time: each keeps what the next stretch can depend on, its last word, and no more.
 */
export class GrowingFold {
  /** The last units: at least `watchBack` of them, and all since the last space that is not forgotten. */
  #tail = "";
  /** How many units count as remembered. */
  #length = 0;
  /** Half of a pair, which waits for the other half. */
  #half = "";

  /** Where the units of the last stretch lie, until the next one of any text is appended. */
  get units(): Uint16Array {
    return growing.units;
  }

  /**
   * Appends a stretch; gives where its units lie, and whether they are certainly what `foldText` of a text with this
   * stretch gives, which they are not where letters are spelled out or words mix look-alikes.
   */
  append(stretch: string): { readonly from: number; readonly to: number; readonly isPlain: boolean } {
    if (this.#length > forgetAt) this.#forget();
    const draft = growing;
    draft.resume(this.#tail);
    const from = draft.length;
    const isCut = isHighSurrogate(stretch.charCodeAt(stretch.length - 1));
    draft.append(this.#half + (isCut ? stretch.slice(0, -1) : stretch));
    this.#half = isCut ? stretch.slice(-1) : "";
    this.#length += draft.length - from;
    this.#tail = draft.tail();
    const isPlain = !draft.hasSpelledOut && !(draft.hasForeign && hasMixedWord(draft, from));
    return { from, to: draft.length, isPlain };
  }

  /**
   * Appends stretches of plain ASCII that follow each other, all at once: what `append` of each would give, by the places
   * where its units end (the first begins at the first of them). Undefined, and nothing is appended, where they are not so plain
   * that this is certain.
   */
  appendAll(source: string, ends: readonly number[]): number[] | undefined {
    const draft = growing;
    draft.resume(this.#tail);
    const from = draft.length;
    if (this.#half !== "" || draft.hasForeign || !draft.appendAscii(source) || draft.hasSpelledOut) return undefined;
    const tail = draft.tail();
    if (tail.length > lookBack) return undefined;
    const places = [from];
    let at = from;
    let length = this.#length;
    for (const end of ends) {
      const before = at;
      while (at < draft.length && (draft.offsets[at] ?? 0) < end) at += 1;
      places.push(at);
      length = (length > forgetAt ? lookBack : length) + at - before;
    }
    this.#tail = tail;
    this.#length = length;
    return places;
  }

  #forget(): void {
    this.#tail = this.#tail.slice(-lookBack);
    this.#length = lookBack;
  }
}

const forgetAt = 256;
const lookBack = 128;
/** How far back a separator is compared with those before it. */
const watchBack = 5;

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** The text as it grows, with the offset of every unit. NFKC of one character is at most 18 units long. */
class Draft {
  units: Uint16Array;
  offsets: Uint32Array;
  length = 0;
  /** Whether a letter stands there that is drawn like a Latin one. */
  hasForeign = false;
  /** Whether single letters stand there with the same separator between. */
  hasSpelledOut = false;

  constructor(size: number) {
    this.units = new Uint16Array(size);
    this.offsets = new Uint32Array(size);
  }

  begin(sourceLength: number): void {
    this.length = 0;
    this.hasForeign = false;
    this.hasSpelledOut = false;
    const wanted = sourceLength + 32;
    if (this.units.length >= wanted && this.units.length <= keptUnitsMax) return;
    const size = Math.max(wanted, 4096);
    this.units = new Uint16Array(size);
    this.offsets = new Uint32Array(size);
  }

  append(source: string): void {
    while (this.length + source.length + 2 > this.units.length) this.#grow();
    const plain = this.#appendPlain(source, this.#appendBytes(source));
    for (let at = plain; at < source.length; at = this.#appendPlain(source, at)) {
      const code = source.codePointAt(at) ?? 0;
      appendFolded(this, code, at);
      at += code > 0xffff ? 2 : 1;
    }
  }

  /** Appends all of it, or says that not all of it is ASCII. */
  appendAscii(source: string): boolean {
    while (this.length + source.length + 2 > this.units.length) this.#grow();
    return this.#appendPlain(source, this.#appendBytes(source)) === source.length;
  }

  /** ASCII from the start on, as bytes, which are gone through twice as fast. Gives where it ends; 0 for a short text. */
  #appendBytes(source: string): number {
    let from = 0;
    while (source.length - from >= bytesAtLeast) {
      const part = source.length <= asciiBytes.length ? source : source.slice(from, from + asciiBytes.length);
      asBytes.encodeInto(part, asciiBytes);
      const read = this.#appendAsciiBytes(part.length, from);
      from += read;
      if (read < part.length) break;
    }
    return from;
  }

  #appendAsciiBytes(count: number, from: number): number {
    const { units, offsets } = this;
    let { length } = this;
    let last = this.last();
    let at = 0;
    for (; at < count; at += 1) {
      const unit = asciiBytes[at] ?? 0x80;
      if (unit >= 0x80) break;
      const folded = asciiFolds[unit] ?? space;
      units[length] = folded;
      offsets[length] = from + at;
      if (folded < lettersFirst && separators[folded] === 1) {
        if (folded === space && last === space) continue;
        if (units[length - 2] === folded) this.#watch(folded, length);
      }
      length += 1;
      last = folded;
    }
    this.length = length;
    return at;
  }

  /** ASCII from `at` on, the usual case, without calls. Gives where it ends. */
  #appendPlain(source: string, from: number): number {
    while (this.length + source.length - from + 2 > this.units.length) this.#grow();
    const { units, offsets } = this;
    let { length } = this;
    let last = this.last();
    let at = from;
    for (; at < source.length; at += 1) {
      const unit = source.charCodeAt(at);
      if (unit >= 0x80) break;
      const folded = asciiFolds[unit] ?? space;
      if (folded === space && last === space) continue;
      units[length] = folded;
      offsets[length] = at;
      if (separators[folded] === 1 && units[length - 2] === folded) this.#watch(folded, length);
      length += 1;
      last = folded;
    }
    this.length = length;
    return at;
  }

  push(unit: number, offset: number): void {
    const at = this.length;
    if (at + 1 >= this.units.length) this.#grow();
    this.units[at] = unit;
    this.offsets[at] = offset;
    this.length = at + 1;
    if (unit < 0x80 && separators[unit] === 1) this.#watch(unit, at);
  }

  last(): number {
    return this.length === 0 ? space : (this.units[this.length - 1] ?? space);
  }

  /** Begins after units that were folded before. */
  resume(tail: string): void {
    this.begin(tail.length);
    for (let at = 0; at < tail.length; at += 1) {
      const unit = tail.charCodeAt(at);
      this.units[at] = unit;
      // What was no mixed word so far may become one.
      if (unit >= 0x80 && lookAlikes.has(unit)) this.hasForeign = true;
    }
    this.length = tail.length;
  }

  /** The last units, from the last space on. */
  tail(): string {
    const { units, length } = this;
    let start = length;
    while (start > 0 && (length - start < watchBack || units[start] !== space)) start -= 1;
    return String.fromCharCode(...units.subarray(start, length));
  }

  /** Sees where the same separator stood three times, single letters between: only there can a word be joined. */
  #watch(unit: number, at: number): void {
    const { units } = this;
    if (at < watchBack || units[at - 2] !== unit || units[at - 4] !== unit) return;
    // Look-alikes are letters before they are folded and after.
    if (isLetter(units[at - 1] ?? 0) && isLetter(units[at - 3] ?? 0)) this.hasSpelledOut = true;
  }

  #grow(): void {
    const units = new Uint16Array(this.units.length * 2);
    const offsets = new Uint32Array(units.length);
    units.set(this.units);
    offsets.set(this.offsets);
    this.units = units;
    this.offsets = offsets;
  }
}

const space = 32;
const asBytes = new TextEncoder();
const asciiBytes = new Uint8Array(16_384);
/** Shorter texts are not worth the call. */
const bytesAtLeast = 48;
/** Memory for longer texts than this is not kept. */
const keptUnitsMax = 1 << 19;
/** From here on no ASCII unit is a separator. */
const lettersFirst = 96;
/** 1 for what may stand between the letters of a word that is spelled out. */
const separators = Uint8Array.from({ length: 128 }, (_, unit) => (isSeparator(unit) ? 1 : 0));
/** What an ASCII unit becomes: lower case, or a space for all that shows nothing. */
const asciiFolds = Uint8Array.from({ length: 128 }, (_, unit) => foldAscii(unit));

function foldAscii(unit: number): number {
  if (unit <= space || unit === 0x7f) return space;
  return unit >= 65 && unit <= 90 ? unit + 32 : unit;
}

function appendAscii(draft: Draft, code: number, offset: number): void {
  const folded = asciiFolds[code] ?? space;
  if (folded !== space || draft.last() !== space) draft.push(folded, offset);
}

function appendFolded(draft: Draft, code: number, offset: number): void {
  if (code >= 0xe0020 && code <= 0xe007e) {
    appendAscii(draft, code - 0xe0000, offset);
    return;
  }
  if (foldsToItself(code)) {
    if (!isLatinOrDigit(draft.last()) || !isMark(code)) appendItself(draft, code, offset);
    return;
  }
  const folded = foldOf(code);
  for (let index = 0; index < folded.length; index += 1) {
    const unit = folded.charCodeAt(index);
    if (unit < 0x80) appendAscii(draft, unit, offset);
    else appendItself(draft, unit, offset);
  }
}

/** One unit, or a pair of surrogates: none of those is drawn like a Latin letter. */
function appendItself(draft: Draft, code: number, offset: number): void {
  if (code > 0xffff) {
    draft.push(0xd800 + ((code - 0x10000) >> 10), offset);
    draft.push(0xdc00 + (code & 0x3ff), offset);
    return;
  }
  if (!draft.hasForeign && lookAlikes.has(code)) draft.hasForeign = true;
  draft.push(code, offset);
}

/** Cyrillic, Greek and other letters drawn like Latin ones. Folded only in words that hold Latin letters too. */
export const lookAlikes: ReadonlyMap<number, number> = new Map(
  Object.entries({
    a: "аαɑ",
    b: "ьʙ",
    c: "сϲ",
    d: "ԁ",
    e: "еєε",
    g: "ɡ",
    h: "һн",
    i: "іιıɩ",
    j: "ј",
    k: "кκ",
    l: "ӏ",
    m: "м",
    n: "ոη",
    o: "оοօ",
    p: "рρ",
    q: "ԛ",
    r: "гr",
    s: "ѕ",
    t: "тτ",
    u: "υս",
    v: "ѵν",
    w: "ԝω",
    x: "хχ",
    y: "уγ",
  }).flatMap(([latin, others]) => Array.from(others, (other) => [other.charCodeAt(0), latin.charCodeAt(0)] as const)),
);

function foldLookAlikes(draft: Draft): void {
  for (let start = 0; start < draft.length;) {
    const end = wordEnd(draft, start);
    if (isMixed(draft, start, end)) foldWord(draft, start, end);
    start = end + 1;
  }
}

/** Whether a word that ends after `from` mixes Latin letters and such that look alike. */
function hasMixedWord(draft: Draft, from: number): boolean {
  let start = from;
  while (start > 0 && draft.units[start - 1] !== space) start -= 1;
  // Its beginning was forgotten.
  if (start === 0 && from > 0) return true;
  for (let end = 0; start < draft.length; start = end + 1) {
    end = wordEnd(draft, start);
    if (isMixed(draft, start, end)) return true;
  }
  return false;
}

function wordEnd({ units, length }: Draft, start: number): number {
  const end = units.indexOf(space, start);
  return end < 0 || end > length ? length : end;
}

function isMixed({ units }: Draft, start: number, end: number): boolean {
  let isLatin = false;
  let isForeign = false;
  for (let at = start; at < end; at += 1) {
    const unit = units[at] ?? 0;
    if (unit >= 97 && unit <= 122) isLatin = true;
    else if (lookAlikes.has(unit)) isForeign = true;
  }
  return isLatin && isForeign;
}

function foldWord(draft: Draft, start: number, end: number): void {
  for (let at = start; at < end; at += 1) {
    const latin = lookAlikes.get(draft.units[at] ?? 0);
    if (latin === undefined) continue;
    draft.units[at] = latin;
  }
}

/** Fewer single letters in a row than this are left alone: "a b c" is a list, "k i l l" is a word. */
const spelledOutMin = 4;

/** Joins words written letter by letter with one separator between ("b o m b", "b.o.m.b"). */
function joinSpelledOut(draft: Draft): void {
  let write = 0;
  for (let read = 0; read < draft.length;) {
    const letters = startsWord(draft, read) ? lettersFrom(draft, read) : 0;
    if (letters < spelledOutMin) {
      draft.units[write] = draft.units[read] ?? 0;
      draft.offsets[write] = draft.offsets[read] ?? 0;
      write += 1;
      read += 1;
      continue;
    }
    for (let letter = 0; letter < letters; letter += 1) {
      draft.units[write] = draft.units[read + 2 * letter] ?? 0;
      draft.offsets[write] = draft.offsets[read + 2 * letter] ?? 0;
      write += 1;
    }
    read += 2 * letters - 1;
  }
  draft.length = write;
}

function startsWord(draft: Draft, at: number): boolean {
  return at === 0 || draft.units[at - 1] === space;
}

/** How many single letters stand in a row from `at`, each followed by the same one separator. */
function lettersFrom(draft: Draft, at: number): number {
  const separator = draft.units[at + 1] ?? 0;
  if (!isLetter(draft.units[at] ?? 0) || !isSeparator(separator)) return 0;
  let letters = 1;
  let next = at + 2;
  while (next < draft.length && draft.units[next - 1] === separator && isLetter(draft.units[next] ?? 0)) {
    const after = next + 1 < draft.length ? (draft.units[next + 1] ?? space) : space;
    if (isLetter(after)) break;
    letters += 1;
    next += 2;
  }
  return letters;
}

function isLetter(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit > 0xbf && unit < 0x2000);
}

function isSeparator(unit: number): boolean {
  return unit === space || unit === 45 || unit === 46 || unit === 95 || unit === 42;
}

const scratch = new Draft(4096);
const growing = new Draft(4096);
