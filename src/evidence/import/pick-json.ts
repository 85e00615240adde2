// Picks what is asked for out of JSON of any size, as it streams by: the rest is passed over, its strings and brackets
// counted and nothing of it kept. What is kept is read by the loose parser; what is passed over is checked for being whole,
// not for being right. For reports of other tools, of gigabytes, of which a few fields matter.
import { concatBytes, fromUtf8 } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";
import { parseLooseJson } from "./loose-json.ts";

/** What is wanted of a value: all of it; members of an object; each element of an array, which is given out as it ends. */
export type Shape = "whole" | { readonly members?: Readonly<Record<string, Shape>>; readonly elements?: Shape };

/** An element of an array that was asked for, or, last, what was picked of the whole. */
export interface Picked {
  readonly kind: "element" | "root";
  readonly value: unknown;
}

/** Bytes of one value that is kept whole, and of a key. */
const keptBytesMax = 16 * 1024 * 1024;
const keptDepthMax = 200;
/** Frames of objects and arrays that were asked for; shapes are not deeper. */
const framesMax = 32;

/** Fails with request_invalid where the JSON is broken or was cut; `what` names it in that message. */
export async function* pickJson(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  shape: Shape,
  what: string,
): AsyncGenerator<Picked, void> {
  const picker = newPicker(shape, what);
  for await (const chunk of chunks) {
    take(picker, chunk);
    if (picker.out.length > 0) yield* picker.out.splice(0);
  }
  finish(picker);
  yield* picker.out;
}

interface Frame {
  readonly isObject: boolean;
  readonly members: Readonly<Record<string, Shape>>;
  /** Of an array whose elements are given out. */
  readonly elements: Shape | undefined;
  readonly picked: Map<string, unknown>;
  key: string;
}

/** What is expected next: a value, a value or the end, a key, a key or the end, a colon, a comma or the end, nothing. */
type Expecting = "value" | "value-or-end" | "key" | "key-or-end" | "colon" | "comma" | "nothing";

/** A value, or a key, that is going by. */
interface Passing {
  /** Null where it is not kept. */
  readonly kept: Uint8Array[] | null;
  keptBytes: number;
  readonly isKey: boolean;
  /** A number or a word: ends before what follows. */
  readonly isScalar: boolean;
  depth: number;
  inString: boolean;
  isEscaped: boolean;
  isOver: boolean;
}

interface Picker {
  readonly shape: Shape;
  readonly what: string;
  readonly frames: Frame[];
  readonly out: Picked[];
  expecting: Expecting;
  passing: Passing | undefined;
  /** Bytes of the chunks before this one, for messages. */
  before: number;
}

function newPicker(shape: Shape, what: string): Picker {
  return { shape, what, frames: [], out: [], expecting: "value", passing: undefined, before: 0 };
}

const byteOf = { quote: 0x22, backslash: 0x5c, comma: 0x2c, colon: 0x3a } as const;
const openObject = 0x7b;
const closeObject = 0x7d;
const openArray = 0x5b;
const closeArray = 0x5d;

function take(picker: Picker, chunk: Uint8Array): void {
  let at = 0;
  while (at < chunk.length) {
    const { passing } = picker;
    if (passing === undefined) {
      at = step(picker, chunk, at);
      continue;
    }
    const from = at;
    at = passing.isScalar ? passScalar(passing, chunk, at) : passOver(passing, chunk, at);
    keep(picker, passing, chunk.subarray(from, at));
    if (!passing.isOver) break;
    picker.passing = undefined;
    ended(picker, passing);
  }
  picker.before += chunk.length;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** One byte between values; where it begins a value, that value's first byte is left for `passOver`. */
function step(picker: Picker, chunk: Uint8Array, at: number): number {
  const byte = chunk[at] ?? 0;
  if (isSpace(byte)) return at + 1;
  switch (picker.expecting) {
    case "value":
    case "value-or-end":
      return beginValue(picker, byte, at);
    case "key":
    case "key-or-end":
      return beginKey(picker, byte, at);
    case "colon":
      if (byte !== byteOf.colon) throw broken(picker, at);
      picker.expecting = "value";
      return at + 1;
    case "comma":
      return afterValue(picker, byte, at);
    case "nothing":
      throw wrong(picker, `goes on after its end, at byte ${picker.before + at}`);
  }
}

function beginValue(picker: Picker, byte: number, at: number): number {
  if (picker.expecting === "value-or-end" && byte === closeArray) return closeFrame(picker, at);
  if (notValues.has(byte)) throw broken(picker, at);
  const shape = shapeHere(picker, picker.frames.at(-1));
  const isOpened = typeof shape === "object" && openFrameFor(picker, shape, byte);
  if (isOpened) return at + 1;
  const isScalar = byte !== byteOf.quote && byte !== openObject && byte !== openArray;
  // Where part of an object was asked for and something else stands there, a short value is kept: it may be null.
  const isKept = shape === "whole" || (shape !== undefined && isScalar);
  picker.passing = newPassing({ isKept, isKey: false, isScalar });
  return at;
}

const notValues: ReadonlySet<number> = new Set([closeArray, closeObject, byteOf.comma, byteOf.colon]);

/** Goes into an object or array of which a part is wanted; false where what stands there is something else. */
function openFrameFor(picker: Picker, { members, elements }: Exclude<Shape, "whole">, byte: number): boolean {
  if (byte === openObject && members !== undefined) openFrame(picker, { isObject: true, members, elements: undefined });
  else if (byte === openArray && elements !== undefined) openFrame(picker, { isObject: false, members: {}, elements });
  else return false;
  return true;
}

function shapeHere(picker: Picker, frame: Frame | undefined): Shape | undefined {
  if (frame === undefined) return picker.shape;
  if (!frame.isObject) return frame.elements;
  return Object.hasOwn(frame.members, frame.key) ? frame.members[frame.key] : undefined;
}

function beginKey(picker: Picker, byte: number, at: number): number {
  if (picker.expecting === "key-or-end" && byte === closeObject) return closeFrame(picker, at);
  if (byte !== byteOf.quote) throw broken(picker, at);
  picker.passing = newPassing({ isKept: true, isKey: true, isScalar: false });
  return at;
}

function afterValue(picker: Picker, byte: number, at: number): number {
  const frame = picker.frames.at(-1);
  if (byte === byteOf.comma) {
    picker.expecting = frame?.isObject === true ? "key" : "value";
    return at + 1;
  }
  if (byte !== (frame?.isObject === true ? closeObject : closeArray)) throw broken(picker, at);
  return closeFrame(picker, at);
}

function openFrame(picker: Picker, given: Pick<Frame, "isObject" | "members" | "elements">): void {
  if (picker.frames.length >= framesMax) throw wrong(picker, "nests deeper than any report");
  picker.frames.push({ ...given, picked: new Map(), key: "" });
  picker.expecting = given.isObject ? "key-or-end" : "value-or-end";
}

function closeFrame(picker: Picker, at: number): number {
  const frame = picker.frames.pop();
  // Of an array the elements went out one by one, so nothing is left of it here.
  if (frame !== undefined) give(picker, frame.isObject ? Object.fromEntries(frame.picked) : []);
  return at + 1;
}

/** A value that was asked for has ended: it belongs to the frame around it. */
function give(picker: Picker, value: unknown): void {
  const frame = picker.frames.at(-1);
  picker.expecting = frame === undefined ? "nothing" : "comma";
  if (frame === undefined) picker.out.push({ kind: "root", value });
  else if (!frame.isObject) picker.out.push({ kind: "element", value });
  else if (frame.picked.has(frame.key)) throw wrong(picker, `names the key "${frame.key}" twice in one object`);
  else frame.picked.set(frame.key, value);
}

const notYet = { inString: false, isEscaped: false, isOver: false } as const;

function newPassing(about: { readonly isKept: boolean; readonly isKey: boolean; readonly isScalar: boolean }): Passing {
  const { isKept, isKey, isScalar } = about;
  return { kept: isKept ? [] : null, keptBytes: 0, isKey, isScalar, depth: 0, ...notYet };
}

/** The end of a number or a word, which is what follows it; the chunk's where that is not in it. */
function passScalar(passing: Passing, chunk: Uint8Array, start: number): number {
  for (let at = start; at < chunk.length; at += 1) {
    const byte = chunk[at] ?? 0;
    if (isSpace(byte) || byte === byteOf.comma || byte === closeArray || byte === closeObject) {
      passing.isOver = true;
      return at;
    }
  }
  return chunk.length;
}

/** Passes over a string, an object or an array, up to behind its end or the chunk's. */
function passOver(passing: Passing, chunk: Uint8Array, start: number): number {
  let at = start;
  while (at < chunk.length && !passing.isOver) {
    if (passing.inString) {
      at = stringEnd(passing, chunk, at);
      passing.isOver = !passing.inString && passing.depth === 0;
      continue;
    }
    const byte = chunk[at] ?? 0;
    at += 1;
    if (byte === byteOf.quote) passing.inString = true;
    else if (byte === openObject || byte === openArray) passing.depth += 1;
    else if (byte === closeObject || byte === closeArray) {
      passing.depth -= 1;
      passing.isOver = passing.depth === 0;
    }
  }
  return at;
}

/** Behind the quote that ends a string; searched for, since transcripts are long strings. */
function stringEnd(passing: Passing, chunk: Uint8Array, start: number): number {
  let at = start;
  if (passing.isEscaped) {
    passing.isEscaped = false;
    at += 1;
  }
  let backslash = chunk.indexOf(byteOf.backslash, at);
  for (;;) {
    const quote = chunk.indexOf(byteOf.quote, at);
    if (backslash < 0 || (quote >= 0 && quote < backslash)) {
      if (quote < 0) return chunk.length;
      passing.inString = false;
      return quote + 1;
    }
    at = backslash + 2;
    if (at > chunk.length) {
      passing.isEscaped = true;
      return chunk.length;
    }
    backslash = chunk.indexOf(byteOf.backslash, at);
  }
}

function keep(picker: Picker, passing: Passing, part: Uint8Array): void {
  if (passing.kept === null || part.length === 0) return;
  passing.keptBytes += part.length;
  if (passing.keptBytes > keptBytesMax) throw wrong(picker, `holds a value of more than ${keptBytesMax} bytes`);
  // A copy: the chunk goes on to be somebody else's.
  passing.kept.push(part.slice());
}

function ended(picker: Picker, passing: Passing): void {
  if (passing.kept === null) {
    picker.expecting = picker.frames.length === 0 ? "nothing" : "comma";
    return;
  }
  const text = fromUtf8(concatBytes(passing.kept));
  if (text === undefined) throw wrong(picker, "is not UTF-8");
  const value = parseLooseJson(text, { charsMax: keptBytesMax, depthMax: keptDepthMax });
  const frame = picker.frames.at(-1);
  if (passing.isKey && frame !== undefined) {
    frame.key = String(value);
    picker.expecting = "colon";
  } else {
    give(picker, value);
  }
}

function finish(picker: Picker): void {
  // A bare number or word at the very end has nothing behind it that would end it.
  if (picker.passing?.isScalar === true && picker.frames.length === 0) {
    const { passing } = picker;
    picker.passing = undefined;
    ended(picker, passing);
  }
  if (picker.expecting !== "nothing") throw wrong(picker, `was cut at byte ${picker.before}`);
}

function broken(picker: Picker, at: number): Failure {
  return wrong(picker, `is broken at byte ${picker.before + at}`);
}

function wrong({ what }: Picker, how: string): Failure {
  return new Failure("request_invalid", `${what} ${how}. Is the file whole?`);
}
