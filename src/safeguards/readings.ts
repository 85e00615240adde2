// Cuts a stretch of text that is in doubt into what the second look reads at once: each word once, in readings of about
// the same size.
import { encoderTokensMax } from "./encoder.ts";
import { type Stretch } from "./windows.ts";
import { type WordPieces, wordEnd, wordStart } from "./wordpiece.ts";

export interface Reading {
  /** Where it lies in the text, in units. */
  readonly stretch: Stretch;
  readonly pieces: Uint16Array;
}

/** The readings of a stretch, in order; a word that begins before the stretch is read whole. */
export function readingsOf(units: Uint16Array, [from, to]: Stretch, pieces: WordPieces): Reading[] {
  const words = wordsOf(units, [startOfWord(units, from), to], pieces);
  const total = words.reduce((sum, word) => sum + word.ids.length, 0);
  const enough = total / Math.ceil(total / readingPiecesMax);
  const readings: Reading[] = [];
  let first = 0;
  let count = 0;
  const close = (end: number): void => {
    const inside = words.slice(first, end);
    const [start, stop] = [inside[0]?.start ?? 0, inside.at(-1)?.end ?? 0];
    readings.push({ stretch: [start, stop], pieces: Uint16Array.from(inside.flatMap(({ ids }) => ids)) });
    first = end;
    count = 0;
  };
  words.forEach(({ ids }, at) => {
    if (count > 0 && (count >= enough || count + ids.length > readingPiecesMax)) close(at);
    count += ids.length;
  });
  if (count > 0) close(words.length);
  return readings;
}

/** Word pieces of one reading; the encoder adds the two tokens that enclose them. */
export const readingPiecesMax = encoderTokensMax - 2;

interface Word {
  readonly start: number;
  readonly end: number;
  readonly ids: readonly number[];
}

function wordsOf(units: Uint16Array, [from, to]: Stretch, { cut, ids }: WordPieces): Word[] {
  const words: Word[] = [];
  for (let start = wordStart(units, from, to); start < to;) {
    const end = wordEnd(units, start, to);
    words.push({ start, end, ids: [...ids.subarray(0, cut(units, start, end))] });
    start = wordStart(units, end, to);
  }
  return words;
}

/** A longer word is cut. */
const wordUnitsMax = 48;

function startOfWord(units: Uint16Array, from: number): number {
  for (let at = from; at > 0 && from - at < wordUnitsMax; at -= 1) if (units[at - 1] === 32) return at;
  return from < wordUnitsMax ? 0 : from;
}
