// Stretches of a text that are written in another alphabet or in numbers, and what they read as. Only what gives words counts:
// a digest or a picture in Base64 decodes to bytes that are none, and stays as it is.
import { languageMin, likeness } from "./letter-pairs.ts";
import type { Survey } from "./survey.ts";

/** A stretch of a text, and what it reads as. */
export interface Reading {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

interface Encoding {
  /** Whether it is worth to look. */
  readonly isLikely: (survey: Survey, text: string) => boolean;
  /** With the flag `g`; linear, whatever the text. */
  readonly runs: RegExp;
  /** Undefined where it is none after all. */
  readonly read: (run: string) => string | undefined;
}

const hexPairs = /[0-9a-f]{2}/gi;

const encodings: readonly Encoding[] = [
  {
    isLikely: ({ hasPercent }) => hasPercent,
    runs: /(?<![^\s%])[^\s%]*(?:%[0-9a-f]{2}[^\s%]*)+/gi,
    read: (run) =>
      run.replaceAll(/(?:%[0-9a-f]{2})+/gi, (bytes) => utf8Of(bytesOfHex(bytes.replaceAll("%", ""))) ?? bytes),
  },
  {
    isLikely: ({ hasHash }) => hasHash,
    runs: /(?:&#(?:x[0-9a-f]{1,6}|[0-9]{1,7});?)+/gi,
    read: (run) =>
      charsOf(
        Array.from(run.matchAll(/&#(x?)([0-9a-f]+)/gi), ([, hex, code = ""]) =>
          Number.parseInt(code, hex === "" ? 10 : 16),
        ),
      ),
  },
  {
    isLikely: ({ digits }) => digits >= 4,
    runs: /(?:(?:\\|0)?x[0-9a-f]{2}[ ,]{0,2}){4,}/gi,
    read: (run) => wordsOf(bytesOfHex(Array.from(run.matchAll(/x([0-9a-f]{2})/gi), ([, pair]) => pair).join(""))),
  },
  {
    isLikely: ({ digits }) => digits >= 8,
    runs: /(?<![0-9a-z])(?:[0-9a-f]{2}[ :,-]?){8,}(?![0-9a-z])/gi,
    read: (run) => wordsOf(bytesOfHex(run.replaceAll(/[^0-9a-f]/gi, ""))),
  },
  {
    isLikely: ({ digits }) => digits >= 32,
    runs: /(?<![0-9])(?:[01]{8}[ ,]?){4,}(?![0-9])/g,
    read: (run) => wordsOf(Uint8Array.from(run.match(/[01]{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))),
  },
  {
    isLikely: ({ digits }) => digits >= 18,
    runs: /(?<![0-9.])(?:[0-9]{2,3}[ ,;]{1,2}){8,}[0-9]{2,3}(?![0-9.])/g,
    read: (run) => {
      const text = charsOf(Array.from(run.matchAll(/[0-9]+/g), ([code]) => Number(code)));
      return text !== undefined && readsLikeLanguage(text) ? text : undefined;
    },
  },
  {
    isLikely: ({ dotsAndDashes }) => dotsAndDashes >= 12,
    runs: /(?<![^\s"'(])(?:[.-]{1,6}[ /|]{1,3}){7,}[.-]{1,6}/g,
    read: readMorse,
  },
  {
    // Letters by themselves, with wider gaps between words; without those the words are not known any more.
    isLikely: (_, text) => text.includes("  "),
    runs: /(?:(?<!\S)\S(?!\S)\s*){8,}/g,
    read: (run) => {
      const words = run.split(/\s{2,}/).map((spelled) => spelled.replaceAll(/\s/g, ""));
      const text = words.join(" ");
      return words.length > 1 && readsLikeLanguage(text) ? text : undefined;
    },
  },
  {
    isLikely: ({ longestRun }) => longestRun >= 16,
    runs: /(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{16,})*={0,2}/g,
    read: (run) => wordsOf(Buffer.from(run.replaceAll(/\s/g, ""), "base64")),
  },
];

const nothing: readonly Reading[] = [];

/** Most texts have too little of everything. */
function mayBeEncoded({ longestRun, digits, dotsAndDashes, hasPercent, hasHash }: Survey, text: string): boolean {
  return longestRun >= 16 || digits >= 4 || dotsAndDashes >= 12 || hasPercent || hasHash || text.includes("  ");
}

/** What is encoded in a text, in order, without overlaps. Cost: linear. */
export function encodedIn(text: string, survey: Survey): readonly Reading[] {
  if (!mayBeEncoded(survey, text)) return nothing;
  const found: Reading[] = [];
  for (const { isLikely, runs, read } of encodings) {
    if (!isLikely(survey, text)) continue;
    for (const { index: from, 0: run } of text.matchAll(runs)) {
      const words = read(run);
      if (words !== undefined && words !== run) found.push({ from, to: from + run.length, text: words });
    }
  }
  return inOrder(found);
}

/** By where they begin, without those that begin within another. */
export function inOrder(readings: readonly Reading[]): readonly Reading[] {
  let end = 0;
  return readings
    .toSorted((one, other) => one.from - other.from)
    .filter(({ from, to }) => {
      if (from < end) return false;
      end = to;
      return true;
    });
}

function bytesOfHex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(hexPairs) ?? [], (pair) => Number.parseInt(pair, 16));
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** The bytes as text, where they are UTF-8 without control characters. */
function utf8Of(bytes: Uint8Array): string | undefined {
  try {
    const text = strict.decode(bytes);
    return isReadable(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** As `utf8Of`, and with something to read. */
function wordsOf(bytes: Uint8Array): string | undefined {
  const text = utf8Of(bytes);
  return text?.trim() === "" ? undefined : text;
}

function charsOf(codes: readonly number[]): string | undefined {
  if (codes.some((code) => code > 0x10ffff)) return undefined;
  const text = Array.from(codes, (code) => String.fromCodePoint(code)).join("");
  return isReadable(text) ? text : undefined;
}

/** No control character but those between lines. */
function isReadable(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what it is about
  return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/.test(text);
}

const morse: ReadonlyMap<string, string> = new Map(
  Object.entries({
    a: ".-",
    b: "-...",
    c: "-.-.",
    d: "-..",
    e: ".",
    f: "..-.",
    g: "--.",
    h: "....",
    i: "..",
    j: ".---",
    k: "-.-",
    l: ".-..",
    m: "--",
    n: "-.",
    o: "---",
    p: ".--.",
    q: "--.-",
    r: ".-.",
    s: "...",
    t: "-",
    u: "..-",
    v: "...-",
    w: ".--",
    x: "-..-",
    y: "-.--",
    z: "--..",
    0: "-----",
    1: ".----",
    2: "..---",
    3: "...--",
    4: "....-",
    5: ".....",
    6: "-....",
    7: "--...",
    8: "---..",
    9: "----.",
  }).map(([letter, code]) => [code, letter] as const),
);

/** ITU-R M.1677-1: letters apart by a space, words by a slash, a bar or more spaces. */
function readMorse(run: string): string | undefined {
  const words = run.split(/\s*[/|]\s*| {2,}/);
  const text = words.map((word) => Array.from(word.split(" "), (code) => morse.get(code) ?? "").join("")).join(" ");
  return readsLikeLanguage(text) ? text : undefined;
}

/** Of a few different letters, as a row of dots or figures is not. */
function readsLikeLanguage(text: string): boolean {
  return new Set(text).size > 4 && likeness(text) > languageMin;
}
