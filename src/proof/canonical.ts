// Canonical JSON (RFC 8785) out, and strict JSON in. `JSON.parse` alone lets two readers see two documents: the last of two
// equal keys wins, a byte order mark or a bad byte is silently replaced, 9007199254740993 becomes ...992, and "__proto__"
// may become something else further on. `parseJson` refuses all of these; the gateway reads request bodies with it too.
import canonicalize from "canonicalize";
import { Failure, type FailureCode } from "../terms/failure.ts";
import { fromUtf8, toUtf8 } from "./encoding.ts";

/** The one spelling of a JSON value. Fails with statement_invalid on what JSON cannot say (NaN, a lone surrogate). */
export function canonicalText(value: unknown): string {
  // Members that stand in order already are written by the platform as RFC 8785 writes them.
  if (isInOrder(value, 0)) return JSON.stringify(value);
  const plain = plainText(value, 0);
  if (plain !== undefined) return plain;
  let text: string | undefined;
  try {
    text = canonicalize(value);
  } catch (cause) {
    throw new Failure("statement_invalid", "This value cannot be written as canonical JSON.", { cause });
  }
  if (text === undefined) throw new Failure("statement_invalid", "This value cannot be written as JSON at all.");
  return text;
}

/** Containers inside each other that are written here. */
const plainDepthMax = 32;

/** Plain data that can be said in JSON, with the members of every object in the order of their UTF-16 units. */
function isInOrder(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object") return typeof value === "boolean";
  if (value === null) return true;
  if (depth >= plainDepthMax || "toJSON" in value) return false;
  if (Array.isArray(value)) return areSayable(value, depth + 1);
  return Object.getPrototypeOf(value) === Object.prototype && areInOrder(value, depth + 1);
}

/** Not with `every`, which passes over holes. */
function areSayable(elements: readonly unknown[], depth: number): boolean {
  for (const element of elements) {
    if (!isInOrder(element, depth)) return false;
  }
  return true;
}

function areInOrder(members: object, depth: number): boolean {
  let before: string | undefined;
  for (const [key, member] of Object.entries(members)) {
    if ((before !== undefined && key <= before) || !key.isWellFormed() || !isInOrder(member, depth)) return false;
    before = key;
  }
  return true;
}

/**
 * The canonical text of plain data, several times as fast as the library writes it; undefined for all that needs a second
 * look (methods of its own, holes, numbers and texts that JSON cannot say, great depth), which the library then gets.
 */
function plainText(value: unknown, depth: number): string | undefined {
  if (typeof value === "string") return value.isWellFormed() ? JSON.stringify(value) : undefined;
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : undefined;
  if (typeof value === "boolean") return value ? "true" : "false";
  if (value === null) return "null";
  return typeof value === "object" && depth < plainDepthMax ? plainContainer(value, depth + 1) : undefined;
}

function plainContainer(value: object, depth: number): string | undefined {
  if ("toJSON" in value) return undefined;
  if (Array.isArray(value)) return plainElements(value, depth);
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  return plainMembers(new Map<string, unknown>(Object.entries(value)), Object.keys(value).toSorted(), depth);
}

function plainElements(elements: readonly unknown[], depth: number): string | undefined {
  let text = "[";
  for (const element of elements) {
    const plain = plainText(element, depth);
    if (plain === undefined) return undefined;
    text += text === "[" ? plain : `,${plain}`;
  }
  return `${text}]`;
}

function plainMembers(
  members: ReadonlyMap<string, unknown>,
  keys: readonly string[],
  depth: number,
): string | undefined {
  let text = "{";
  for (const key of keys) {
    const plain = plainText(members.get(key), depth);
    if (plain === undefined || !key.isWellFormed()) return undefined;
    text += `${text === "{" ? "" : ","}${JSON.stringify(key)}:${plain}`;
  }
  return `${text}}`;
}

export function canonicalBytes(value: unknown): Uint8Array {
  return toUtf8(canonicalText(value));
}

export interface JsonLimits {
  readonly bytesMax: number;
  /** Objects and arrays inside each other; a bare string has depth 0. */
  readonly depthMax: number;
  /** Members of objects and elements of arrays, all together; `partsMaxDefault` unless told. */
  readonly partsMax?: number;
  /** What to fail with; request_invalid unless told. */
  readonly code?: FailureCode;
}

/** Parts a document may have unless its reader says otherwise: what costs time in JSON is their number, not the bytes. */
const partsMaxDefault = 100_000;

/** The value of strict JSON in strict UTF-8. About the cost of `JSON.parse` and one pass over text and value. */
export function parseJson(bytes: Uint8Array, limits: JsonLimits): unknown {
  if (bytes.length > limits.bytesMax) throw refusal(limits, `is longer than ${limits.bytesMax} bytes`);
  const text = fromUtf8(bytes);
  if (text === undefined) throw refusal(limits, "is not UTF-8");
  const partsMax = limits.partsMax ?? partsMaxDefault;
  const { colons, commas, opens } = countMarks(text);
  if (colons > partsMax || commas > partsMax || opens > partsMax)
    throw refusal(limits, `has more than ${partsMax} parts`);
  const value = parseText(text, limits);
  const walk = { members: 0, limits };
  inspect(value, 0, walk);
  // Every member of valid JSON has one colon outside strings; an equal key was merged away, so the value has fewer.
  if (colons !== walk.members) throw refusal(limits, "names a key twice in one object");
  return value;
}

/** Whether the bytes are exactly the canonical spelling of the value they hold. */
export function isCanonical(bytes: Uint8Array, value: unknown): boolean {
  return fromUtf8(bytes) === canonicalText(value);
}

function parseText(text: string, limits: JsonLimits): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refusal(limits, "is not JSON", cause);
  }
}

interface Walk {
  members: number;
  readonly limits: JsonLimits;
}

function inspect(value: unknown, depth: number, walk: Walk): void {
  if (typeof value === "string") inspectText(value, walk);
  else if (typeof value === "number") inspectNumber(value, walk);
  else if (typeof value === "object" && value !== null) inspectContainer(value, depth + 1, walk);
}

function inspectContainer(value: object, depth: number, walk: Walk): void {
  if (depth > walk.limits.depthMax) throw refusal(walk.limits, `nests deeper than ${walk.limits.depthMax}`);
  if (Array.isArray(value)) {
    for (const element of value) inspect(element, depth, walk);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    walk.members++;
    if (key === "__proto__") throw refusal(walk.limits, "has a key called __proto__");
    inspectText(key, walk);
    inspect(member, depth, walk);
  }
}

function inspectText(text: string, walk: Walk): void {
  if (!text.isWellFormed()) throw refusal(walk.limits, "holds half of a surrogate pair");
}

function inspectNumber(value: number, walk: Walk): void {
  const exact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  if (!exact) throw refusal(walk.limits, "holds a number that a double cannot hold exactly");
}

interface Marks {
  readonly colons: number;
  readonly commas: number;
  readonly opens: number;
}

/** Marks outside strings: in valid JSON, how many members its objects have, how many parts go on, how many begin. */
function countMarks(text: string): Marks {
  let colons = 0;
  let commas = 0;
  let opens = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === colon) colons++;
    else if (char === comma) commas++;
    else if (char === bracket || char === brace) opens++;
    else if (char === quote) at = closingQuote(text, at + 1);
  }
  return { colons, commas, opens };
}

const colon = 0x3a;
const comma = 0x2c;
const bracket = 0x5b;
const brace = 0x7b;
const quote = 0x22;
const backslash = 0x5c;

/** Long strings are skipped at the speed of indexOf: a quote ends the string unless an odd run of backslashes precedes it. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && isEscaped(text, at, from)) at = text.indexOf('"', at + 1);
  return at < 0 ? text.length : at;
}

function isEscaped(text: string, at: number, from: number): boolean {
  let start = at;
  while (start > from && text.charCodeAt(start - 1) === backslash) start--;
  return (at - start) % 2 === 1;
}

function refusal(limits: JsonLimits, what: string, cause?: unknown): Failure {
  return new Failure(limits.code ?? "request_invalid", `The JSON ${what}.`, { cause });
}
