// Views of a text in which what is encoded stands as it reads when it is decoded: Base64, hexadecimal, percent and character
// codes, entities, binary, Morse, letters shifted through the alphabet or written backwards, figures for letters. Whoever
// asks a model to decode hides nothing from a detector that reads these, too. Decoded again where that gives something to
// decode, as often as `levelsMax`; what is not through by then is not a pass.
import type { Span } from "../terms/finding.ts";
import { ciphersIn } from "./ciphers.ts";
import { encodedIn, inOrder, type Reading } from "./encodings.ts";
import { figuresUndone } from "./figures.ts";
import { survey } from "./survey.ts";

export interface DecodedView {
  readonly text: string;
  /** Where a stretch of the view stands in the source: the whole of every encoded stretch that it touches. */
  readonly sourceOf: (span: Span) => Span;
}

export interface Decoded {
  readonly views: readonly DecodedView[];
  /** Whether something is left to decode after the last view. */
  readonly isLeft: boolean;
}

const levelsMax = 4;
const plain: Decoded = { views: [], isLeft: false };

/** None for a text with nothing to decode. Cost: linear in the length of the text, with a stop after each level. */
export function* decodedViews(source: string): Generator<void, Decoded, void> {
  let view: DecodedView = { text: source, sourceOf: (span) => span };
  let next = viewsBelow(view);
  if (next.length === 0) return plain;
  const views: DecodedView[] = [];
  for (let level = 0; level < levelsMax && next.length > 0; level += 1) {
    yield;
    views.push(...next);
    [view = view] = next;
    next = viewsBelow(view);
  }
  return { views, isLeft: next.length > 0 };
}

/** The whole with what is encoded in it decoded, and what was encoded alone; none where nothing is. */
function viewsBelow(view: DecodedView): readonly DecodedView[] {
  const { text } = view;
  const surveyed = survey(text);
  const readings = inOrder([...encodedIn(text, surveyed), ...ciphersIn(text, surveyed)]);
  const whole = readings.length === 0 ? view : viewOf(view, readings);
  const undone = surveyed.hasLetterLike ? figuresUndone(whole.text) : whole.text;
  if (undone === text) return [];
  return [{ ...whole, text: undone }, ...readingsAlone(view, readings)];
}

/** Shorter ones say nothing without what stands around them. */
const aloneCharsMin = 16;

/** What was encoded by itself: the words around it, such as an order to decode, are not its own. */
function readingsAlone(before: DecodedView, readings: readonly Reading[]): readonly DecodedView[] {
  const long = readings.filter(({ text }) => text.length >= aloneCharsMin);
  if (long.length === 0) return [];
  const pieces: Piece[] = [];
  let text = "";
  for (const { from, to, text: reading } of long) {
    pieces.push({ at: text.length, from, to, isDecoded: true });
    text += `${reading}\n`;
  }
  return [shown(before, text, pieces)];
}

function viewOf(before: DecodedView, readings: readonly Reading[]): DecodedView {
  const pieces: Piece[] = [];
  let text = "";
  let at = 0;
  for (const { from, to, text: reading } of readings) {
    if (from > at) pieces.push({ at: text.length, from: at, to: from, isDecoded: false });
    text += before.text.slice(at, from);
    pieces.push({ at: text.length, from, to, isDecoded: true });
    text += reading;
    at = to;
  }
  pieces.push({ at: text.length, from: at, to: before.text.length, isDecoded: false });
  text += before.text.slice(at);
  return shown(before, text, pieces);
}

function shown(before: DecodedView, text: string, pieces: readonly Piece[]): DecodedView {
  return {
    text,
    sourceOf: ([start, end]) => before.sourceOf([placeOf(pieces, start, "start"), placeOf(pieces, end, "end")]),
  };
}

interface Piece {
  /** Where it begins in the view; what it stands for in the text before. */
  readonly at: number;
  readonly from: number;
  readonly to: number;
  readonly isDecoded: boolean;
}

function placeOf(pieces: readonly Piece[], offset: number, side: "start" | "end"): number {
  const piece = pieces.findLast(({ at }) => (side === "start" ? at <= offset : at < offset)) ?? pieces[0];
  if (piece === undefined) return offset;
  if (!piece.isDecoded) return Math.min(piece.to, piece.from + offset - piece.at);
  return side === "start" ? piece.from : piece.to;
}
