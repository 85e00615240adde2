// How long a prompt is: in characters, of which usage is guessed where a server does not count, and in tokens at the most,
// which is what limits are held against before the call. What an attacker controls is how many tokens a character makes, so
// the bound is by kind of character: letters make words, digits and marks stand alone, rare characters are cut into bytes.
import { type Call, type Part, type ToolCallPart, type Turn, callTexts } from "./call.ts";

/** What a template adds to a turn, and what a picture counts, in tokens. */
const turnTokensMax = 16;
const imageTokensMax = 2_000;
/** Characters of ciphertext that make a token, at the least: sealed reasoning is counted as what it was. */
const sealedCharsPerTokenMin = 4;

/** Characters of all that the model reads; `texts` are the call's. */
export function promptChars(call: Call, texts: readonly string[]): number {
  return charsOf(rawTexts(call, texts)) + call.preamble.length;
}

/** Tokens of all that the caller has the model read, at the most; the document's own prompt is not the caller's. */
export function promptTokensMax(call: Call, texts: readonly string[]): number {
  const texted = rawTexts(call, texts).reduce((sum, text) => sum + tokensMax(text), 0);
  return call.turns.reduce((sum, { parts }) => sum + turnTokensMax + unreadTokens(parts), texted);
}

/** The texts as they are sent: safeguards are given the words of what is JSON, and a model all of it. */
function rawTexts(call: Call, texts: readonly string[]): readonly string[] {
  if (call.tools.length === 0 && call.output?.kind !== "json-schema" && !call.turns.some(hasCalls)) return texts;
  const { output, tools, turns, ...others } = call;
  const spoken = callTexts({ ...others, tools: [], turns: turns.map(withoutCalls) });
  const calls = turns.flatMap(({ parts }) => parts.filter(isToolCall));
  const schemas = [...tools, ...(output?.kind === "json-schema" ? [output] : [])];
  return [...spoken, ...calls.flatMap(({ name, arguments: args }) => [name, args]), ...schemas.map(jsonOf)];
}

function hasCalls({ parts }: Turn): boolean {
  return parts.some(isToolCall);
}

function isToolCall(part: Part): part is ToolCallPart {
  return part.kind === "tool-call";
}

function withoutCalls(turn: Turn): Turn {
  return { ...turn, parts: turn.parts.filter((part) => !isToolCall(part)) };
}

function jsonOf(value: object): string {
  return JSON.stringify(value);
}

/** Tokens of what no text says. */
function unreadTokens(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + unreadTokensOf(part), 0);
}

function unreadTokensOf(part: Part): number {
  switch (part.kind) {
    case "image":
      return imageTokensMax;
    case "sealed":
      return Math.ceil(part.data.length / sealedCharsPerTokenMin);
    case "reasoning":
      return Math.ceil((part.seal ?? "").length / sealedCharsPerTokenMin);
    case "tool-result":
      return part.parts.filter(({ kind }) => kind === "image").length * imageTokensMax;
    case "text":
    case "refusal":
    case "tool-call":
      return 0;
  }
}

function charsOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** Tokens of a text, at the most. Cost: linear. */
export function tokensMax(text: string): number {
  const known = text.length > ascii.length ? undefined : halfTokensOfAscii(text);
  if (known !== undefined) return Math.ceil(known / 2);
  let halves = 0;
  for (let at = 0; at < text.length; at += 1) halves += halfTokensOf(text.charCodeAt(at));
  return Math.ceil(halves / 2);
}

/** A text of ASCII is counted as bytes, several times as fast: every request has one. Undefined for any other text. */
function halfTokensOfAscii(text: string): number | undefined {
  const { read, written } = encoder.encodeInto(text, ascii);
  if (read !== text.length || written !== text.length) return undefined;
  let halves = 0;
  for (let at = 0; at < written; at += 1) halves += halvesOfAscii[ascii[at] ?? 0] ?? 0;
  return halves;
}

const encoder = new TextEncoder();
const ascii = new Uint8Array(8_192);

/** Half tokens of one UTF-16 unit: a letter of a word ½, another sign of ASCII 1, and further out up to a token a byte. */
function halfTokensOf(unit: number): number {
  if (unit < 0x80) return halvesOfAscii[unit] ?? 2;
  // Letters of Latin, Greek, Cyrillic, Arabic, Indic scripts, …
  if (unit < 0x2000) return 2;
  if (isEastAsian(unit)) return 3;
  // A pair of surrogates is four bytes, everything else three.
  return unit >= 0xd800 && unit < 0xe000 ? 4 : 6;
}

const halvesOfAscii = Uint8Array.from({ length: 0x80 }, (_, unit) => (isLetterOrSpace(unit) ? 1 : 2));

function isLetterOrSpace(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a);
}

/** Kana, Han, Hangul. */
function isEastAsian(unit: number): boolean {
  return (unit >= 0x3040 && unit < 0xa000) || (unit >= 0xac00 && unit < 0xd7a4);
}

/** Characters of ASCII that make a token, about. */
const charsPerToken = 4;

/** Tokens of a text, about: what is guessed where a server does not count. Cost: linear. */
export function tokensAbout(text: string): number {
  return Math.ceil(tokenPartsAbout(text));
}

/** The same, not rounded, for a text that comes in pieces. */
export function tokenPartsAbout(text: string): number {
  let quarters = 0;
  for (let at = 0; at < text.length; at += 1) quarters += text.charCodeAt(at) < 0x2000 ? 1 : charsPerToken;
  return quarters / charsPerToken;
}
