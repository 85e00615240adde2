// A text in sentences and lines, as somebody reads it who looks for an order in it: an order is short, and what stands around it dilutes
// it. Nothing is left out, nothing stands in two of them. One pass, linear time.
import { foldText, type Folded } from "../normalise.ts";
import type { Stretch } from "../windows.ts";

/** Shorter ones stand with what follows: a word a line is no way to hide an order. */
export const sentenceCharsMin = 24;
/** Longer ones are cut, at a space where there is one. */
export const sentenceCharsMax = 240;

/** Stretches of the text, in order. */
export function* sentencesOf(text: string): Generator<Stretch, void, void> {
  let start = 0;
  let space = 0;
  for (let at = 0; at < text.length; at += 1) {
    const kind = kinds[text.charCodeAt(at)] ?? none;
    if (kind === none) {
      if (at - start < sentenceCharsMax) continue;
      const end = space > start ? space + 1 : at;
      yield [start, end];
      start = end;
      continue;
    }
    if (kind === aSpace) {
      space = at;
      continue;
    }
    const end = kind === before ? at : at + 1;
    if (end - start < sentenceCharsMin || (kind === ending && !isSpaced(text, end))) continue;
    yield [start, end];
    start = end;
  }
  if (start < text.length) yield [start, text.length];
}

/** Signs that are written over and over, such as lines of them in code, say no more than a few of them. */
const runMax = 3;

/** A sentence as it is judged: folded, and without what repeats itself. Valid until anything is folded. */
export function foldSentence(sentence: string): Pick<Folded, "units" | "length"> {
  const { units, length } = foldText(sentence);
  let kept = 0;
  let run = 0;
  for (let at = 0; at < length; at += 1) {
    const unit = units[at] ?? 0;
    run = kept > 0 && units[kept - 1] === unit ? run + 1 : 1;
    if (run > runMax) continue;
    units[kept] = unit;
    kept += 1;
  }
  return { units, length: kept };
}

/** What a unit is: a place to cut behind, or before, or behind where a space follows; or a space; or nothing of it. */
const [none, aSpace, after, before, ending] = [0, 1, 2, 3, 4];
const kindOf: ReadonlyMap<number, number> = new Map(
  (
    [
      [" \t", aSpace],
      ["\n\r|>\u2028\u2029\u3002\uff01\uff1f", after],
      ["<", before],
      [".!?\u2026", ending],
    ] as const
  ).flatMap(([signs, kind]) => Array.from(signs, (sign) => [sign.charCodeAt(0), kind] as const)),
);
const kinds = Uint8Array.from({ length: 0x10000 }, (_, unit) => kindOf.get(unit) ?? none);

/** Whether what ends before `at` is followed by what stands between sentences. */
function isSpaced(text: string, at: number): boolean {
  return at >= text.length || /[\s"'”’»)\]}<|]/.test(text.charAt(at));
}
