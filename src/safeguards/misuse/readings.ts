// Cuts a stretch of text that is in doubt into what the second look reads at once: each word once, in readings of about
// the same size.
import { detectorShape } from "./detector-shape.ts";
import { encoderTokensMax } from "./encoder.ts";
import { type Stretch } from "../windows.ts";
import { type WordPieces, wordEnd, wordStart } from "./wordpiece.ts";

export interface Reading {
  /** Where it lies in the text, in units. */
  readonly stretch: Stretch;
  readonly pieces: Uint16Array;
}

/**
 * The readings of a stretch, in order; a word that begins before the stretch is read whole. With stops in a long one, none
 * where it has at most `unitsAStep` units.
 */
export function* readingsOf(
  units: Uint16Array,
  [from, to]: Stretch,
  pieces: WordPieces,
): Generator<void, Reading[], void> {
  const words = yield* wordsOf(units, [startOfWord(units, from), to], pieces);
  const total = words.ids.length;
  const enough = total / Math.ceil(total / readingPiecesMax);
  const readings: Reading[] = [];
  let first = 0;
  let count = 0;
  let at = 0;
  const close = (end: number): void => {
    const stretch: Stretch = [words.starts[first] ?? 0, words.ends[end - 1] ?? 0];
    readings.push({ stretch, pieces: Uint16Array.from(words.ids.slice(at, at + count)) });
    first = end;
    at += count;
    count = 0;
  };
  words.counts.forEach((more, word) => {
    if (count > 0 && (count >= enough || count + more > readingPiecesMax)) close(word);
    count += more;
  });
  if (count > 0) close(words.counts.length);
  return readings;
}

/** Units of a text that are worked on in one step: some tenths of a millisecond to some milliseconds. */
export const unitsAStep = 128 * detectorShape.blockUnits;

/** Word pieces of one reading; the encoder adds the two tokens that enclose them. */
export const readingPiecesMax = encoderTokensMax - 2;

/** Side by side and not one object a word: a long text of points has a hundred thousand. */
interface Words {
  readonly starts: number[];
  readonly ends: number[];
  /** How many pieces of `ids` are the word's. */
  readonly counts: number[];
  readonly ids: number[];
}

function* wordsOf(units: Uint16Array, [from, to]: Stretch, { cut, ids }: WordPieces): Generator<void, Words, void> {
  const words: Words = { starts: [], ends: [], counts: [], ids: [] };
  let stopped = from;
  for (let start = wordStart(units, from, to); start < to;) {
    if (start - stopped >= unitsAStep) {
      yield;
      stopped = start;
    }
    const end = wordEnd(units, start, to);
    const count = cut(units, start, end);
    words.starts.push(start);
    words.ends.push(end);
    words.counts.push(count);
    for (let index = 0; index < count; index += 1) words.ids.push(ids[index] ?? 0);
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
