// The words in a JSON text, as whoever is given the JSON understands them: escapes undone, braces and quotes gone. Safeguards
// read words; `{"q":"…"}` or `\u0062` around them is what hides a sentence from a detector and from no model. A tolerant
// reader and not a parser: models write JSON that is none, and what a parser merges or refuses is sent all the same.
import type { RequestText } from "../terms/provenance.ts";

/** Times that JSON may stand inside a text of JSON and still be read. */
const readingsMax = 3;

/** An escape, or a line that begins as JSON does. No line is looked at from another's beginning: that would cost their product. */
const isJsonLeft = /\\["nrtu]|(?:^|\n)[^\S\n]*[{[]\s*"/;

const quote = 0x22;
const backslash = 0x5c;

/** All that is written in `json`, strings unescaped, members and elements on lines of their own. Cost: linear. */
export function wordsOfJson(json: string): string {
  let words = json;
  for (let reading = 0; reading < readingsMax; reading += 1) {
    words = readOnce(words);
    if (!isJsonLeft.test(words)) break;
  }
  return words;
}

/** A text that begins as an object or a list of texts does, or in which a character is escaped: a word before it hides nothing. */
function isJsonLike(text: string): boolean {
  return /^\s*[{[][^"]{0,64}"/.test(text) || (text.includes("\\u") && /\\u[0-9a-fA-F]{4}/.test(text));
}

/**
 * The texts, and after them the words of those that are or hold JSON, from whom these are: whoever wraps a sentence in braces does
 * not hide it.
 */
export function withWordsOfJson(texts: readonly RequestText[]): readonly RequestText[] {
  const wrapped = texts.filter(({ text }) => isJsonLike(text));
  if (wrapped.length === 0) return texts;
  return [...texts, ...wrapped.map(({ text, provenance }) => ({ text: wordsOfJson(text), provenance }))];
}

function readOnce(json: string): string {
  const draft: Draft = { json, words: "", at: 0 };
  while (draft.at < json.length) {
    takeBetween(draft);
    takeString(draft);
  }
  return draft.words.trim();
}

interface Draft {
  readonly json: string;
  words: string;
  at: number;
}

/** Up to and past the next opening quote: marks become line ends and escaped characters themselves, everything else stays. */
function takeBetween(draft: Draft): void {
  const opening = draft.json.indexOf('"', draft.at);
  const end = opening < 0 ? draft.json.length : opening;
  const marked = draft.json.slice(draft.at, end).replaceAll(/[{}[\],:]+/g, "\n");
  draft.words += marked.replaceAll(/(?<!\\)\\+u([0-9a-fA-F]{4})/g, (_escape, hex: string) => charOf(hex));
  draft.at = end + 1;
}

/** Up to and past the closing quote, or to the end where there is none. */
function takeString(draft: Draft): void {
  const { json } = draft;
  let from = draft.at;
  let at = from;
  while (at < json.length && json.charCodeAt(at) !== quote) {
    if (json.charCodeAt(at) !== backslash) {
      at += 1;
      continue;
    }
    const escape = escapeAt(json, at);
    draft.words += json.slice(from, at) + escape.char;
    at += escape.length;
    from = at;
  }
  draft.words += json.slice(from, at);
  draft.at = at + 1;
}

const spaces: Readonly<Record<string, string>> = { n: "\n", r: "\n", t: "\t", b: " ", f: "\n" };

function escapeAt(json: string, at: number): { readonly char: string; readonly length: number } {
  const letter = json[at + 1] ?? "";
  const hex = letter === "u" ? /^[0-9a-fA-F]{4}$/.exec(json.slice(at + 2, at + 6)) : null;
  if (hex !== null) return { char: charOf(hex[0]), length: 6 };
  return { char: spaces[letter] ?? letter, length: 2 };
}

function charOf(hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}
