// One pass over a text that says which decoding it is worth to try: how many signs of each kind there are, and which stretches
// read like no language as they stand. Nearly all texts are done with after it.
import { lettersOfAscii, logOfPair, noLetter } from "./letter-pairs.ts";
import type { Stretch } from "../windows.ts";

export interface Survey {
  /** Longest run of letters, digits and the other signs of Base64. */
  longestRun: number;
  digits: number;
  /** Those that end a word, as in prose, are not among them. */
  dotsAndDashes: number;
  hasPercent: boolean;
  hasHash: boolean;
  /** Signs that stand for letters where figures do. */
  hasLetterLike: boolean;
  hasPlus: boolean;
  hasEquals: boolean;
  hasBeyondAscii: boolean;
  /** Between two ends of sentences or clauses. */
  readonly odd: Stretch[];
  /** Those and others that read hardly like a language, as words do whose letters are scrambled. */
  readonly strained: Stretch[];
}

/** Fewer letters say too little about how they were written. */
export const strangeLettersMin = 12;
/** What reads better than this as it stands is left alone; of English, 2 in 100 stretches do not. */
export const plainMin = -4;

/** Of English, 1 in 10 stretches reads worse than this, and of scrambled English 9. */
const easyMin = -3.7;

/** Of each unit: the letter, `noLetter`, or `ending` for what ends a stretch, and above that what else it is. */
const ending = 27;
const letterBits = 31;
const [digitShift, dotOrDashShift] = [6, 7];
const [inRun, digit, dotOrDash, percent, hash, letterLike] = [32, 1 << digitShift, 1 << dotOrDashShift, 256, 512, 1024];
const [plus, foreign, equals] = [2048, 4096, 8192];
const beyondAscii = 128;
const kinds = Uint16Array.from({ length: beyondAscii + 1 }, (_, unit) => {
  if (unit === beyondAscii) return noLetter | foreign;
  const sign = String.fromCharCode(unit);
  const is = (signs: RegExp, bit: number): number => (signs.test(sign) ? bit : 0);
  const letter = /[\n\r.!?:;"()[\]{}<>]/.test(sign) ? ending : (lettersOfAscii[unit] ?? noLetter);
  const marks = is(/%/, percent) | is(/#/, hash) | is(/[0-9@$]/, letterLike) | is(/\+/, plus) | is(/=/, equals);
  return letter | marks | is(/[A-Za-z0-9+/_-]/, inRun) | is(/[0-9]/, digit) | is(/[.-]/, dotOrDash);
});

const encoder = new TextEncoder();
const unitsOfMost = new Uint8Array(16_384);

/** The units of a text and a line's end, one value for all beyond ASCII: bytes are gone through several times as fast. */
function unitsOf(text: string): Uint8Array {
  const units = text.length < unitsOfMost.length ? unitsOfMost : new Uint8Array(text.length + 1);
  const { read, written } = encoder.encodeInto(text, units);
  if (read !== text.length || written !== text.length) {
    for (let at = 0; at < text.length; at += 1) units[at] = Math.min(text.charCodeAt(at), beyondAscii);
  }
  units[text.length] = lineEnd;
  return units;
}

/** Cost: linear in the length of the text. */
export function survey(text: string): Survey {
  const odd: Stretch[] = [];
  const strained: Stretch[] = [];
  const units = unitsOf(text);
  let from = 0;
  let letters = 0;
  let sum = 0;
  let others = 0;
  let before = noLetter;
  let seen = 0;
  let run = 0;
  let longestRun = 0;
  let digits = 0;
  let dotsAndDashes = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const kind = kinds[units[at] ?? beyondAscii] ?? noLetter;
    const letter = kind & letterBits;
    if (letter < noLetter) {
      sum += logOfPair(before, letter);
      letters += 1;
      before = letter;
      run += 1;
      continue;
    }
    const isAfterLetter = before !== noLetter;
    if (isAfterLetter) {
      sum += logOfPair(before, noLetter);
      others += 1;
      before = noLetter;
    }
    seen |= kind;
    if ((kind & inRun) === 0) {
      if (run > longestRun) longestRun = run;
      run = 0;
    } else run += 1;
    digits += (kind >> digitShift) & 1;
    if (!isAfterLetter) dotsAndDashes += (kind >> dotOrDashShift) & 1;
    if (letter === noLetter) continue;
    if (letters >= strangeLettersMin) note({ odd, strained }, [from, at], sum / (letters + others));
    from = at + 1;
    letters = 0;
    sum = 0;
    others = 0;
  }
  return { longestRun, digits, dotsAndDashes, ...signsIn(seen), odd, strained };
}

function note({ odd, strained }: Pick<Survey, "odd" | "strained">, stretch: Stretch, likeness: number): void {
  if (likeness < easyMin) strained.push(stretch);
  if (likeness < plainMin) odd.push(stretch);
}

function signsIn(
  seen: number,
): Pick<Survey, "hasPercent" | "hasHash" | "hasLetterLike" | "hasPlus" | "hasEquals" | "hasBeyondAscii"> {
  const has = (bit: number): boolean => (seen & bit) !== 0;
  return {
    hasPercent: has(percent),
    hasHash: has(hash),
    hasLetterLike: has(letterLike),
    hasPlus: has(plus),
    hasEquals: has(equals),
    hasBeyondAscii: has(foreign),
  };
}

const lineEnd = 10;
