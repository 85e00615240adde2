// The list of common words of four letters and more that what is scrambled is put right by, and that says of a stretch that it may be
// written in plain words. Read once, when a text first asks for it.
import { readFileSync } from "node:fs";

/** Longest word of the list that is looked up. */
export const listedLettersMax = 18;

export interface WordList {
  /** Each word's place in the list: the commonest is first. */
  readonly places: ReadonlyMap<string, number>;
  /** By signature the commonest word that has it. */
  readonly bySignature: ReadonlyMap<number, string>;
}

let known: WordList | undefined;

export function wordList(): WordList {
  if (known !== undefined) return known;
  const words = readFileSync(new URL("../artefacts/words-1.txt", import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  const bySignature = new Map<number, string>();
  for (const word of words) {
    const signature = signatureOf(word);
    if (!bySignature.has(signature)) bySignature.set(signature, word);
  }
  known = { places: new Map(words.map((word, at) => [word, at])), bySignature };
  return known;
}

/** Whether a word, in small letters, is one of the list. */
export function isListed(word: string): boolean {
  return wordList().places.has(word);
}

/** What a sign adds to the signature of a word that it begins, ends or stands in: any numbers that are far apart. */
const [asFirst, asLast, asInner] = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35].map((factor) =>
  Uint32Array.from({ length: 128 }, (_, sign) => Math.imul(Math.imul(sign + 1, factor) ^ (factor >>> 7), 0x27d4eb2f)),
);

/** The same for words with the same first and last sign and the same others, in whatever order; hardly ever for others. */
export function signatureOf(word: string): number {
  let sum = 0;
  for (let at = 0; at < word.length; at += 1) sum += shareOf(word, at, word.charCodeAt(at));
  return sum >>> 0;
}

export function shareOf(word: string, at: number, sign: number): number {
  if (at === 0) return asFirst?.[sign] ?? 0;
  return (at === word.length - 1 ? asLast?.[sign] : asInner?.[sign]) ?? 0;
}
