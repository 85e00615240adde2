// Stretches of a text that are written in another alphabet or in numbers, and what they read as. Only what gives words counts:
// a digest or a picture in Base64 decodes to bytes that are none, and stays as it is.
import { languageMin, likeness } from "./letter-pairs.ts";
import type { Survey } from "./survey.ts";

/** A stretch of a text, and what it reads as. */
export interface Reading {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** It may say more, or something else, as it stands. */
  readonly isPart?: boolean;
  /** Whether it is known to say nothing, or maybe something, as it stands. */
  readonly isSenseless?: boolean;
}

interface Encoding {
  /** Whether it is worth to look. */
  readonly isLikely: (survey: Survey, text: string) => boolean;
  /** With the flag `g`; linear, whatever the text. */
  readonly runs: RegExp;
  /** Undefined where it is none after all. */
  readonly read: (run: string) => string | undefined;
  readonly isPart?: boolean;
}

const base64Runs = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{16,})*={0,2}/g;

const encodings: readonly Encoding[] = [
  {
    // As programming languages and mail write bytes and characters.
    isLikely: ({ digits }) => digits >= 4,
    runs: /(?:(?:(?:\\|0)?x|[=%]|U\+00|\\u00|\\u\{)[0-9a-f]{2}\}?[\s,]{0,2}){4,}/gi,
    read: (run) =>
      wordsOf(bytesOfHex(Array.from(run.matchAll(/(?:x|[=%]|[u+]00|\{)([0-9a-f]{2})/gi), ([, pair]) => pair).join(""))),
  },
  {
    isLikely: ({ hasPercent }) => hasPercent,
    runs: /(?<![^\s%])[^\s%]*(?:%[0-9a-f]{2}[^\s%]*)+/gi,
    read: (run) =>
      run.replaceAll(/(?:%[0-9a-f]{2})+/gi, (written) => {
        const bytes = bytesOfHex(written.replaceAll("%", ""));
        return utf8Of(bytes) ?? wordsOf(bytes) ?? written;
      }),
  },
  {
    isLikely: ({ hasHash }) => hasHash,
    runs: /(?:&#(?:x[0-9a-f]{1,6}|[0-9]{1,7});?)+(?: (?:&#(?:x[0-9a-f]{1,6}|[0-9]{1,7});?)+)*/gi,
    read: (run) =>
      charsOf(
        Array.from(run.matchAll(/&#(x?)([0-9a-f]+)/gi), ([, hex, code = ""]) =>
          Number.parseInt(code, hex === "" ? 10 : 16),
        ),
      ).replaceAll(unreadable, " "),
  },
  {
    isLikely: ({ digits }) => digits >= 8,
    runs: /(?:\\[0-7]{2,3}){4,}/g,
    read: (run) => wordsOf(Uint8Array.from(run.match(/[0-7]+/g) ?? [], (byte) => Number.parseInt(byte, 8))),
  },
  {
    isLikely: ({ digits }) => digits >= 8,
    runs: /(?<![0-9a-z])(?:0x)?(?:[0-9a-f]{2}[\s:,-]{0,2}){8,}/gi,
    read: (run) => wordsOf(bytesOfHex(run.replace(/^0x/i, "").replaceAll(/[^0-9a-f]/gi, ""))),
  },
  {
    isLikely: ({ digits }) => digits >= 28,
    // Nothing is asked of what stands behind: a run that is long enough is found at its first sign, or each sign would be gone back to.
    runs: /(?<![01])(?:(?:0b)?(?:[01]{8}|[01]{7}(?![01]))[\s,;-]{0,2}){4,}/g,
    read: (run) => wordsOf(Uint8Array.from(run.match(/[01]{7,8}/g) ?? [], (byte) => Number.parseInt(byte, 2))),
  },
  {
    isLikely: ({ digits }) => digits >= 18,
    runs: /(?<![0-9.])(?:[0-9]{2,3}[\s,;:/.-]{1,2}){8,}[0-9]{2,3}(?![0-9])/g,
    read: (run) => languageIn(charsOf(Array.from(run.matchAll(/[0-9]+/g), ([code]) => Number(code)))),
  },
  {
    // Letters by their places in the alphabet.
    isLikely: ({ digits }) => digits >= 12,
    runs: /(?<![0-9.,])(?:[0-9]{1,2}[\s,;:/|._-]{1,3}){11,}[0-9]{1,2}(?![0-9])/g,
    read: readPlaces,
  },
  {
    isLikely: ({ dotsAndDashes, hasBeyondAscii }) => dotsAndDashes >= 12 || hasBeyondAscii,
    runs: /(?<![^\s"'(])(?:[.\u00b7\u2022\u2027\u2219\u22c5_\u2010-\u2015\u2212-]{1,6}[ /|]{1,3}){7,}[.\u00b7\u2022\u2027\u2219\u22c5_\u2010-\u2015\u2212-]{1,6}/g,
    read: readMorse,
  },
  {
    // Texts put together in a programme's way, where that puts words together.
    isPart: true,
    isLikely: ({ hasPlus }) => hasPlus,
    runs: /"[^"\n]{0,200}"(?:\s{0,3}\+\s{0,3}"[^"\n]{0,200}")+|'[^'\n]{0,200}'(?:\s{0,3}\+\s{0,3}'[^'\n]{0,200}')+/g,
    read: readConcatenated,
  },
  {
    // Pieces that are given names, to be put together by them.
    isPart: true,
    isLikely: ({ hasEquals }) => hasEquals,
    runs: /(?<![\w$])[A-Za-z_$][\w$]{0,20} {0,3}:?= {0,3}(?:"[^"\n]{0,400}"|'[^'\n]{0,400}')(?:[\s;,]{1,6}(?:(?:and|let|const|var) )?[A-Za-z_$][\w$]{0,20} {0,3}:?= {0,3}(?:"[^"\n]{0,400}"|'[^'\n]{0,400}'))+/g,
    read: readNamedPieces,
  },
  {
    // Letters by themselves, with wider gaps between words; without those the words are not known any more. Where the gaps
    // are is the writer's choice, so that as it stands, which is read without any, is judged too.
    isPart: true,
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
    runs: base64Runs,
    read: (run) => readableIn(Buffer.from(run.replaceAll(/\s/g, ""), "base64")),
  },
  {
    isLikely: ({ longestRun }) => longestRun >= 16,
    runs: base64Runs,
    read: readBase64,
    isPart: true,
  },
];

/** Signs that a dozen characters take. */
const base64SignsMin = 16;

/** What Base64 says, whatever stands between its signs and whatever up to three signs before it are. */
export function readBase64(run: string): string | undefined {
  const signs = run.replaceAll(/[^A-Za-z0-9+/_-]/g, "");
  for (let before = 0; before < 4 && signs.length - before >= base64SignsMin; before += 1) {
    const words = wordsOf(Buffer.from(signs.slice(before), "base64"));
    if (words !== undefined) return words;
  }
  return undefined;
}

const nothing: readonly Reading[] = [];

/** Most texts have too little of everything. */
function mayBeEncoded(surveyed: Survey, text: string): boolean {
  const { longestRun, digits, dotsAndDashes, hasPercent, hasHash, hasPlus, hasEquals, hasBeyondAscii } = surveyed;
  const has = hasPercent || hasHash || hasPlus || hasEquals || hasBeyondAscii;
  return has || longestRun >= 16 || digits >= 4 || dotsAndDashes >= 12 || text.includes("  ");
}

/** What is encoded in a text, in order, without overlaps. Cost: linear. */
export function encodedIn(text: string, survey: Survey): readonly Reading[] {
  if (!mayBeEncoded(survey, text)) return nothing;
  const found: Reading[] = [];
  // Of several that begin at one place the first counts.
  const places = new Set<number>();
  for (const { isLikely, runs, read, isPart = false } of encodings) {
    if (!isLikely(survey, text)) continue;
    for (const { index: from, 0: run } of text.matchAll(runs)) {
      const words = places.has(from) ? undefined : read(run);
      if (words === undefined || words === run) continue;
      found.push({ from, to: from + run.length, text: words, isPart });
      places.add(from);
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

/** Two figures a byte; what stands between pairs is none. */
function bytesOfHex(digits: string): Uint8Array {
  return Buffer.from(hexOnly.test(digits) ? digits : digits.replaceAll(/[^0-9a-f]/gi, ""), "hex");
}

const hexOnly = /^[0-9a-f]*$/i;

/** What is none becomes U+FFFD: an error would cost more than the decoding. */
const decoder = new TextDecoder("utf-8");

/** The bytes as text, where they are UTF-8 without control characters. */
function utf8Of(bytes: Uint8Array): string | undefined {
  const text = decoder.decode(bytes);
  return isReadable(text) ? text : undefined;
}

/** As `utf8Of`, and with something to read. */
function readableIn(bytes: Uint8Array): string | undefined {
  const text = utf8Of(bytes);
  return text?.trim() === "" ? undefined : text;
}

/** As `readableIn`; where some of the bytes are no text, what reads like a language between them. */
function wordsOf(bytes: Uint8Array): string | undefined {
  const text = decoder.decode(bytes);
  if (isReadable(text)) return text.trim() === "" ? undefined : text;
  // Every other byte of ASCII in UTF-16 is none.
  return languageIn(bytes.includes(0) ? decoder.decode(bytes.filter((byte) => byte !== 0)) : text);
}

/** Shorter stretches among what is no text are there by chance. */
const languageCharsMin = 12;

/** The stretches of a text that read like a language, between what is not readable. */
function languageIn(text: string): string | undefined {
  if (text.length < languageCharsMin) return undefined;
  const parts = text.split(unreadable).filter((part) => part.length >= languageCharsMin && readsLikeLanguage(part));
  return parts.length === 0 ? undefined : parts.join(" ");
}

function charsOf(codes: readonly number[]): string {
  return Array.from(codes, (code) => (code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code))).join("");
}

// oxlint-disable-next-line no-control-regex -- they are what it is about
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]+/g;

/** No control character but those between lines. */
function isReadable(text: string): boolean {
  return text.search(unreadable) < 0;
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
  const signs = run.replaceAll(/[\u00b7\u2022\u2027\u2219\u22c5]/g, ".").replaceAll(/[_\u2010-\u2015\u2212]/g, "-");
  const words = signs.split(/\s*[/|]\s*| {2,}/);
  const text = words.map((word) => Array.from(word.split(" "), (code) => morse.get(code) ?? "").join("")).join(" ");
  return readsLikeLanguage(text) ? text : undefined;
}

/** A is 1 and Z is 26; words apart by another sign than letters, or not at all. */
function readPlaces(run: string): string | undefined {
  const between = run.match(/[^0-9]+/g) ?? [];
  const usual = mostOf(between);
  let words = "";
  for (const [at, [place]] of Array.from(run.matchAll(/[0-9]+/g)).entries()) {
    const letter = Number(place);
    if (letter < 1 || letter > 26) return undefined;
    words += (at > 0 && between[at - 1] !== usual ? " " : "") + String.fromCharCode(96 + letter);
  }
  return readsLikeLanguage(words) ? words : undefined;
}

function mostOf(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}

/** What the pieces come to, where a word is cut between two of them. */
function readConcatenated(run: string): string | undefined {
  const pieces = Array.from(
    run.matchAll(/"([^"\n]*)"|'([^'\n]*)'/g),
    ([, double = "", single = ""]) => double + single,
  );
  const isCut = pieces.some((piece, at) => /\p{L}$/u.test(piece) && /^\p{L}/u.test(pieces[at + 1] ?? ""));
  return isCut ? pieces.join("") : undefined;
}

/** In the order in which they stand, as words and run together: whether a piece ends within a word is not known. */
function readNamedPieces(run: string): string | undefined {
  const pieces = Array.from(
    run.matchAll(/= {0,3}(?:"([^"\n]*)"|'([^'\n]*)')/g),
    ([, double = "", single = ""]) => double + single,
  );
  const asWords = pieces.join(" ");
  if (!readsLikeLanguage(asWords)) return undefined;
  // What is read in the place of the run must not hide what was encoded in a name.
  const names = Array.from(run.matchAll(longNames), ([name]) => name).filter((name) => !readsLikeLanguage(name));
  return [asWords, pieces.join(""), ...names].join("\n");
}

const longNames = /(?<![\w$])[A-Za-z_$][\w$]{11,20}(?= {0,3}:?=)/g;

/** Of a few different letters, as a row of dots or figures is not. */
function readsLikeLanguage(text: string): boolean {
  return new Set(text).size > 4 && likeness(text) > languageMin;
}
