// Texts in which each letter stands for another, by a table that stands in the same text (`q=a w=b …`, arXiv 2308.06463): whoever is
// given the table reads them.
import type { Reading } from "./encodings.ts";
import { lettersOf, likenessOf } from "./letter-pairs.ts";
import type { Survey } from "./survey.ts";
import type { Stretch } from "../windows.ts";

/** As tables are written: two letters and what stands between them. */
const pairs =
  /(?<![A-Za-z0-9])["'`]?([A-Za-z])["'`]? {0,2}(?:=>?|-+>|\u2192|\u21d2|:|is|means) {0,2}["'`]?([A-Za-z])["'`]?(?![A-Za-z0-9])/g;
/** Fewer are no table of an alphabet. */
const pairsMin = 8;
/** Sentences and clauses, each of which is written by the table or not. */
const sentences = /[^\n\r.!?:;]+/g;
/** Shorter ones say too little of how they are written. */
const lettersMin = 6;
/** By how much one has to read better by the table. */
const gainMin = 0.5;

/** What reads clearly better by the table, in order; none where there is no table. Cost: linear. */
export function tabledIn(text: string, { odd }: Survey): readonly Reading[] {
  if (odd.length === 0) return [];
  const found = Array.from(text.matchAll(pairs));
  if (found.length < pairsMin) return [];
  const outside = between(found, text.length);
  const ways = [tableOf(found, 1), tableOf(found, 2)].filter((table) => table.size >= pairsMin);
  const read = ways.map((table) => readBy(table, text, outside));
  return read.toSorted((one, other) => other.gain - one.gain)[0]?.readings ?? [];
}

type Table = ReadonlyMap<string, string>;

/** `from`: the place in a pair of the letter that is written. */
function tableOf(found: readonly RegExpExecArray[], from: 1 | 2): Table {
  const small = found.map((pair) => [pair[from] ?? "", pair[3 - from] ?? ""].map((letter) => letter.toLowerCase()));
  const table = new Map(small.map(([written = "", meant = ""]) => [written, meant] as const));
  return new Map(
    [...table].flatMap(([written, meant]) => [
      [written, meant],
      [written.toUpperCase(), meant.toUpperCase()],
    ]),
  );
}

/** What stands around the pairs of a table. */
function between(found: readonly RegExpExecArray[], length: number): readonly Stretch[] {
  let at = 0;
  const gaps = found.map(({ index, 0: pair }): Stretch => {
    const gap = [at, index] as const;
    at = index + pair.length;
    return gap;
  });
  return [...gaps, [at, length] as const].filter(([from, to]) => to - from >= lettersMin);
}

interface ReadByTable {
  /** How much better all of it reads. */
  readonly gain: number;
  readonly readings: readonly Reading[];
}

/** The sentences outside the table. */
function readBy(table: Table, text: string, outside: readonly Stretch[]): ReadByTable {
  const readings: Reading[] = [];
  let all = 0;
  const written = outside.flatMap(([start, end]) =>
    Array.from(
      text.slice(start, end).matchAll(sentences),
      ({ index, 0: sentence }) => [start + index, sentence] as const,
    ),
  );
  for (const [from, sentence] of written) {
    const undone = sentence.replaceAll(/[A-Za-z]/g, (letter) => table.get(letter) ?? letter);
    const [before, after] = [lettersOf(sentence), lettersOf(undone)];
    const gain = likenessOf(after, 0) - likenessOf(before, 0);
    if (after.length < lettersMin || gain < gainMin) continue;
    all += gain * after.length;
    readings.push({ from, to: from + sentence.length, text: undone });
  }
  return { gain: all, readings };
}
