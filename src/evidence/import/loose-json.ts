// JSON as Python writes it: bare NaN and Infinity, integers beyond a double. JSON.parse refuses the first and silently
// rounds the second, which would merge two sample ids into one. For foreign reports only; our own bytes go through
// src/proof/canonical.ts, which is strict.
import { Failure } from "../../terms/failure.ts";

export interface LooseLimits {
  readonly charsMax: number;
  readonly depthMax: number;
  /** Values, all together; `valuesMaxDefault` unless told. */
  readonly valuesMax?: number;
}

const valuesMaxDefault = 5_000_000;

/** The value of `text`; integers that a double cannot hold are bigints. Fails with request_invalid, naming the place. */
export function parseLooseJson(text: string, limits: LooseLimits): unknown {
  if (text.length > limits.charsMax) throw refusal(`is longer than ${limits.charsMax} characters`);
  const reader: Reader = { text, at: 0, values: 0, limits };
  const value = readValue(reader, 0);
  skipSpace(reader);
  if (reader.at !== text.length) throw refusal(`goes on after its end, at character ${reader.at}`);
  return value;
}

interface Reader {
  readonly text: string;
  at: number;
  values: number;
  readonly limits: LooseLimits;
}

function readValue(reader: Reader, depth: number): unknown {
  if (depth > reader.limits.depthMax) throw refusal(`nests deeper than ${reader.limits.depthMax}`);
  const valuesMax = reader.limits.valuesMax ?? valuesMaxDefault;
  reader.values += 1;
  if (reader.values > valuesMax) throw refusal(`holds more than ${valuesMax} values`);
  skipSpace(reader);
  const first = reader.text[reader.at];
  if (first === "{") return readObject(reader, depth);
  if (first === "[") return readArray(reader, depth);
  return first === '"' ? readString(reader) : readWord(reader);
}

/** Through entries, so that a key called __proto__ is a key like any other. */
function readObject(reader: Reader, depth: number): Readonly<Record<string, unknown>> {
  const members = new Map<string, unknown>();
  eachMember(reader, "}", () => {
    const key = readString(reader);
    if (members.has(key)) throw refusal(`names the key ${JSON.stringify(key).slice(0, 80)} twice in one object`);
    skipSpace(reader);
    expect(reader, ":");
    members.set(key, readValue(reader, depth + 1));
  });
  return Object.fromEntries(members);
}

function readArray(reader: Reader, depth: number): readonly unknown[] {
  const elements: unknown[] = [];
  eachMember(reader, "]", () => {
    elements.push(readValue(reader, depth + 1));
  });
  return elements;
}

/** What stands between brackets, comma by comma. */
function eachMember(reader: Reader, close: string, read: () => void): void {
  reader.at += 1;
  skipSpace(reader);
  if (reader.text[reader.at] === close) {
    reader.at += 1;
    return;
  }
  for (;;) {
    skipSpace(reader);
    read();
    skipSpace(reader);
    if (reader.text[reader.at] === close) break;
    expect(reader, ",");
  }
  reader.at += 1;
}

function readString(reader: Reader): string {
  if (reader.text[reader.at] !== '"') throw unexpected(reader);
  const start = reader.at + 1;
  let end = reader.text.indexOf('"', start);
  while (end >= 0 && isEscaped(reader.text, end, start)) end = reader.text.indexOf('"', end + 1);
  if (end < 0) throw refusal(`has a string without an end, from character ${reader.at}`);
  reader.at = end + 1;
  const body = reader.text.slice(start, end);
  return body.includes("\\") ? unescaped(body) : body;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let start = at;
  while (start > from && text[start - 1] === "\\") start -= 1;
  return (at - start) % 2 === 1;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

function unescaped(body: string): string {
  return body.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/gsu, (_all, hex: string | undefined, letter: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const plain = escapes[letter];
    if (plain === undefined) throw refusal("has a string with an unknown escape");
    return plain;
  });
}

const wordPattern = /-?(?:Infinity|NaN|(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|true|false|null/y;

const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

function readWord(reader: Reader): unknown {
  wordPattern.lastIndex = reader.at;
  const word = wordPattern.exec(reader.text)?.[0];
  if (word === undefined) throw unexpected(reader);
  reader.at += word.length;
  return words.has(word) ? words.get(word) : numberOf(word);
}

/** Digits of an integer that is worth keeping exactly; a longer one is no id. */
const digitsMax = 400;

function numberOf(word: string): number | bigint {
  const value = Number(word);
  if (Number.isSafeInteger(value) || /[.eE]/.test(word)) return value;
  if (word.length > digitsMax) throw refusal(`has an integer of more than ${digitsMax} digits`);
  return BigInt(word);
}

const spacePattern = /[ \t\r\n]*/y;

function skipSpace(reader: Reader): void {
  spacePattern.lastIndex = reader.at;
  reader.at += spacePattern.exec(reader.text)?.[0].length ?? 0;
}

function expect(reader: Reader, char: string): void {
  if (reader.text[reader.at] !== char) throw unexpected(reader);
  reader.at += 1;
}

function unexpected(reader: Reader): Failure {
  return refusal(`is broken at character ${reader.at}`);
}

function refusal(what: string): Failure {
  return new Failure("request_invalid", `The report's JSON ${what}. Is the file whole?`);
}
