// Splits normalised text into the word pieces of a BERT vocabulary: punctuation stands alone, other words are cut
// greedily into the longest pieces known. The view of a text by its meaning starts from these ids.
// Source: the WordPiece of "Google's Neural Machine Translation System" (arXiv 1609.08144), as BERT uses it.
import { PieceTrie } from "./piece-trie.ts";

export interface WordPieces {
  /** Ids of the pieces of `text`, at most `piecesMax` of them; later text is not looked at. */
  readonly idsOf: (text: string, piecesMax: number) => number[];
  /**
   * Ids of the pieces of one word, which stands from `start` to `end` (see `wordStart`, `wordEnd`). Gives how many;
   * they lie in `ids` until the next call.
   */
  readonly cut: (units: Uint16Array, start: number, end: number) => number;
  readonly ids: Int32Array;
}

/** `vocabulary` in the order of its ids; pieces inside words start with ##. `unknown` stands for what is in none. */
export function wordPieces(vocabulary: readonly string[], unknown: number): WordPieces {
  const starts = new PieceTrie();
  const insides = new PieceTrie();
  vocabulary.forEach((piece, id) => {
    if (piece.startsWith("##")) insides.add(piece.slice(2), id);
    else starts.add(piece, id);
  });
  const ids = new Int32Array(wordUnitsMax);
  const cut = (units: Uint16Array, start: number, end: number): number => {
    ids[0] = unknown;
    if (end - start > wordUnitsMax) return 1;
    let count = 0;
    for (let at = start; at < end; count += 1) {
      const trie = at === start ? starts : insides;
      const length = trie.longest(units, at, end);
      if (length === 0) {
        ids[0] = unknown;
        return 1;
      }
      ids[count] = trie.found;
      at += length;
    }
    return count;
  };
  return {
    cut,
    ids,
    idsOf: (text, piecesMax) => {
      const { length } = text;
      const units = new Uint16Array(length);
      for (let at = 0; at < length; at += 1) units[at] = text.charCodeAt(at);
      const all: number[] = [];
      let start = wordStart(units, 0, length);
      while (start < length && all.length < piecesMax) {
        const end = wordEnd(units, start, length);
        const count = cut(units, start, end);
        for (let index = 0; index < count && all.length < piecesMax; index += 1) all.push(ids[index] ?? unknown);
        start = wordStart(units, end, length);
      }
      return all;
    },
  };
}

/** Longer words are unknown as a whole. In UTF-16 units. */
const wordUnitsMax = 48;

/** Where the next word from `at` on starts: at what is no space. `end` if there is none before it. */
export function wordStart(units: Uint16Array, at: number, end: number): number {
  let start = at;
  while (start < end && kinds[units[start] ?? 0] === kindSpace) start += 1;
  return start;
}

/** Where the word that starts at `start` ends: letters, digits and marks together, everything else by itself. */
export function wordEnd(units: Uint16Array, start: number, end: number): number {
  const kind = kindAt(units, start, end);
  let at = start + widthAt(units, start, end);
  if (kind !== kindWord) return at;
  while (at < end && kindAt(units, at, end) === kindWord) at += widthAt(units, at, end);
  return at;
}

const kindSpace = 0;
const kindWord = 1;
const kindOther = 2;

/** Kinds of the characters of one unit. Halves of pairs stand for themselves here, and are no letters. */
const kinds = Uint8Array.from({ length: 0x10000 }, (_, unit) => kindOf(unit));

function kindOf(code: number): number {
  const character = String.fromCodePoint(code);
  if (/[\p{L}\p{N}\p{M}]/u.test(character)) return kindWord;
  return /\s/u.test(character) ? kindSpace : kindOther;
}

function kindAt(units: Uint16Array, at: number, end: number): number {
  const unit = units[at] ?? 0;
  if (widthAt(units, at, end) === 1) return kinds[unit] ?? kindOther;
  return kindOf(((unit - 0xd800) << 10) + (units[at + 1] ?? 0) - 0xdc00 + 0x10000);
}

function widthAt(units: Uint16Array, at: number, end: number): number {
  const unit = units[at] ?? 0;
  if (unit < 0xd800 || unit > 0xdbff || at + 1 >= end) return 1;
  const next = units[at + 1] ?? 0;
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1;
}
