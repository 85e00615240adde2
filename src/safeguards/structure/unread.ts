// The rule `encoded-payload`: how much of a text is written in an alphabet or cipher that decode.ts does not undo. A model may know
// Base32 or a cipher with a key; the detectors do not. Pictures and keys look the same, so that this is for the record first.
import type { Span } from "../../terms/finding.ts";
import { ciphersIn } from "../decoding/ciphers.ts";
import { encodedIn, inOrder, type Reading } from "../decoding/encodings.ts";
import { likeness } from "../decoding/letter-pairs.ts";
import { survey } from "../decoding/survey.ts";
import type { Stretch } from "../windows.ts";
import type { RuleReader } from "./rule-reader.ts";

export function unreadCounter(charsMin: number): RuleReader {
  let chars = 0;
  let first: number | undefined;
  let last = 0;
  return {
    add: ({ text, from }) => {
      for (const [start, end] of unreadIn(text)) {
        chars += end - start;
        first ??= from + start;
        last = from + end;
      }
    },
    found: (): Span | undefined => (first !== undefined && chars >= charsMin ? [first, last] : undefined),
  };
}

/** Signs in a row without a space, as alphabets of bytes are written; a word is shorter. */
const runs = /[!-~]{32,}/g;
/** Of what reads like no language even where letters are seldom next to each other. Base64 and Base32 are around -6.5. */
const senselessMax = -5.4;
/** Letters of a stretch that was enciphered letter by letter; fewer may read like nothing by chance. */
const cipherLettersMin = 40;
/** An address, a path, a line of code: what has several of these in it is none of the alphabets. */
const written = /[^A-Za-z0-9+/=_-]/g;

/** Stretches that are encoded and that nothing reads, in order. Cost: linear. */
function unreadIn(text: string): readonly Stretch[] {
  const surveyed = survey(text);
  const { longestRun, odd } = surveyed;
  if (longestRun < shortestRun && odd.length === 0) return [];
  const encoded = encodedIn(text, surveyed);
  const read = inOrder([...encoded, ...ciphersIn(text, surveyed, encoded)]);
  const senseless = Array.from(text.matchAll(runs)).flatMap(({ 0: run, index }): Reading[] =>
    isSenseless(run) ? [{ from: index, to: index + run.length, text: "" }] : [],
  );
  const enciphered = odd.flatMap(([from, to]): Reading[] =>
    isEnciphered(text.slice(from, to)) ? [{ from, to, text: "" }] : [],
  );
  const others = without(enciphered, senseless).map(([from, to]): Reading => ({ from, to, text: "" }));
  return without(inOrder([...senseless, ...others]), read);
}

const shortestRun = 24;

function isSenseless(run: string): boolean {
  if ((run.match(written)?.length ?? 0) > run.length / 16) return false;
  if (isNumber.test(run) || isRepeated(run)) return false;
  return likeness(run) < senselessMax || (run.match(/[A-Za-z]/g)?.length ?? 0) < run.length / 3;
}

/** A rule drawn with signs, a number. */
const isNumber = /^[0-9_=+/-]*$/;

function isRepeated(run: string): boolean {
  return new Set(run).size < 8;
}

function isEnciphered(stretch: string): boolean {
  const letters = stretch.match(/[A-Za-z]/g)?.length ?? 0;
  return letters >= cipherLettersMin && letters > stretch.length / 2 && likeness(stretch) < senselessMax;
}

function without(stretches: readonly Reading[], read: readonly Reading[]): readonly Stretch[] {
  let at = 0;
  return stretches.flatMap(({ from, to }): Stretch[] => {
    while ((read[at]?.to ?? Infinity) <= from) at += 1;
    return (read[at]?.from ?? Infinity) < to ? [] : [[from, to]];
  });
}
