// What one character becomes when its disguise is undone: its compatibility form in lower case without accents, or nothing
// where it shows nothing. Source: Unicode Standard Annex 15.

/** Characters that show nothing: joiners, direction marks, fillers, selectors, tags, soft hyphen. First to last. */
const invisible: readonly (readonly [first: number, last: number])[] = [
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xe0000, 0xe0fff],
];

/** Whether a character shows nothing by itself. */
export function isInvisible(code: number): boolean {
  return invisible.some(([first, last]) => code >= first && code <= last);
}

/** Han, Hangul syllables, private use, and all planes past the second but for compatibility forms and the tags. */
const alwaysItself: readonly (readonly [first: number, last: number])[] = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xf8ff],
  [0x20000, 0x2f7ff],
  [0x2fb00, 0xdffff],
  [0xe1000, 0x10ffff],
];

/** For each character below U+20000: whether it is not known yet, folds to itself, or to what `folds` says. */
const kinds = new Uint8Array(0x20000);
const kindItself = 1;
const kindOther = 2;
kinds.fill(kindItself, 0xd800, 0xe000);
for (const [first, last] of alwaysItself) kinds.fill(kindItself, first, last + 1);

/**
 * What characters fold to that do not fold to themselves. Each is worked out once in the life of the process: a memory
 * that a caller could fill with characters that nobody uses would make all others slow.
 */
const folds = new Map<number, string>();

/** Whether a character stays as it is; what it becomes otherwise is then in `folds`. */
export function foldsToItself(code: number): boolean {
  const kind = kinds[code];
  if (kind === kindItself) return true;
  if (kind === kindOther || folds.has(code)) return false;
  if (kind === undefined && alwaysItself.some(([first, last]) => code >= first && code <= last)) return true;
  const folded = isInvisible(code) ? "" : fold(code);
  const isSame = folded === String.fromCodePoint(code);
  if (kind !== undefined) kinds[code] = isSame ? kindItself : kindOther;
  if (!isSame) folds.set(code, folded);
  return isSame;
}

/** One character in compatibility form, lower case, without the accents of Latin, Greek and Cyrillic. */
function fold(code: number): string {
  return String.fromCodePoint(code).normalize("NFKD").toLowerCase().replaceAll(accents, "").normalize("NFC");
}

/** Marks that belong to no script of their own, and those of Cyrillic: on whatever letter they stand, it is meant without them. */
const accents = /[\u0300-\u036f]|[\u0483-\u0489]|[\u1ab0-\u1aff]|[\u1dc0-\u1dff]|[\u20d0-\u20ff]|[\ufe20-\ufe2f]/gu;

/** The marks of Arabic, Hebrew, Devanagari, Thai and others carry meaning in their script; on Latin letters and figures they are a disguise. */
export function isMark(code: number): boolean {
  return code > 0x36f && mark.test(String.fromCodePoint(code));
}

const mark = /\p{M}/u;

export function isLatinOrDigit(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57);
}

/** What a character becomes that does not stay as it is. */
export function foldOf(code: number): string {
  return folds.get(code) ?? "";
}
