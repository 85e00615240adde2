// Words whose inner letters were put in another order, and in which a sign may be a neighbour of the one that was meant, read as people and
// models read them (Best-of-N jailbreaking, arXiv 2412.03556). Put right by a list of common words; what is not found there stays.
import { type WordList, listedLettersMax, shareOf, signatureOf, wordList } from "./word-list.ts";
import type { Stretch } from "../windows.ts";

/** Shorter words have nothing to scramble. */
const wordCharsMin = 4;
/** Fewer words that can be put right are mistakes of somebody who types. */
const wordsMin = 2;
/** Of the words that are long enough. */
const shareMin = 0.2;

/**
 * The text with scrambled words put right, unit for unit, where the stretches have some; else as it is. Cost: linear, some
 * microseconds for 100 characters of them; the list is read once.
 */
export function scrambledUndone(text: string, stretches: readonly Stretch[]): string {
  if (stretches.length === 0) return text;
  const list = wordList();
  let words = 0;
  let right = 0;
  let undone = "";
  let at = 0;
  for (const [from, to] of stretches) {
    undone += text.slice(at, from);
    undone += text.slice(from, to).replaceAll(tokens, (token) => {
      words += 1;
      const meant = meantBy(token.toLowerCase(), list);
      if (meant === undefined) return token;
      right += 1;
      return meant;
    });
    at = to;
  }
  return right >= wordsMin && right >= shareMin * words ? undone + text.slice(at) : text;
}

/** A word with what stands for its letters; signs that end a word are not its own. */
const tokens = new RegExp(
  `(?<![!-~])[!-~]{${wordCharsMin - 1},${listedLettersMax - 1}}[A-Za-z@[\`{](?=[^!-~]|[.,!?:;"')\\]]|$)`,
  "g",
);

/** Undefined for a word that is none of the list's, and for one that is. Signs may be a place further in ASCII, or back: one of them. */
function meantBy(word: string, { places, bySignature }: WordList): string | undefined {
  if (places.has(word)) return undefined;
  const signature = signatureOf(word);
  const scrambled = wordOf(word, bySignature.get(signature));
  if (scrambled !== undefined) return scrambled;
  const strange = word.search(/[^a-z]/);
  let best: string | undefined;
  for (let at = Math.max(0, strange); at < (strange < 0 ? word.length : strange + 1); at += 1) {
    const sign = word.charCodeAt(at);
    for (const other of [sign - 1, sign + 1]) {
      if (!isSmallLetter(other)) continue;
      const found = bySignature.get((signature - shareOf(word, at, sign) + shareOf(word, at, other)) >>> 0);
      const near = wordOf(word, found);
      if (near !== undefined && (best === undefined || (places.get(near) ?? 0) < (places.get(best) ?? 0))) best = near;
    }
  }
  return best;
}

/** Words of other lengths may have the same signature by chance. */
function wordOf(word: string, found: string | undefined): string | undefined {
  return found?.length === word.length ? found : undefined;
}

function isSmallLetter(sign: number): boolean {
  return sign >= 97 && sign <= 122;
}
