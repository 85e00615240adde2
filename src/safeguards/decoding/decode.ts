// Views of a text in which what is encoded stands as it reads when it is decoded: Base64, hexadecimal, percent and character
// codes, entities, binary, Morse, letters shifted through the alphabet or written backwards, figures for letters. Whoever
// asks a model to decode hides nothing from a detector that reads these, too. Decoded again where that gives something to
// decode, as often as `levelsMax`; what is not through by then is not a pass.
import type { Span } from "../../terms/finding.ts";
import { ciphersIn } from "./ciphers.ts";
import { encodedIn, inOrder, type Reading } from "./encodings.ts";
import { figuresUndone } from "../figures.ts";
import { likeness } from "./letter-pairs.ts";
import { tabledIn } from "./letter-table.ts";
import { scrambledUndone } from "./scrambled.ts";
import { spokenLast } from "../spoken.ts";
import { survey } from "./survey.ts";
import type { Stretch } from "../windows.ts";

export interface DecodedView {
  readonly text: string;
  /** Where a stretch of the view stands in the source: the whole of every encoded stretch that it touches. */
  readonly sourceOf: (span: Span) => Span;
}

export interface Decoded {
  readonly views: readonly DecodedView[];
  /**
   * Whether the source says nothing that the views do not, as all that differs in them cannot be read in the source: it is
   * written in another alphabet or in numbers. Not so where letters were shifted or turned, which may be done to plain words, too.
   */
  readonly isReplaced: boolean;
  /** Whether something is left to decode after the last view. */
  readonly isLeft: boolean;
}

const levelsMax = 4;
const plain: Decoded = { views: [], isReplaced: false, isLeft: false };

/** None for a text with nothing to decode. Cost: linear in the length of the text, with a stop after each level. */
export function* decodedViews(source: string): Generator<void, Decoded, void> {
  let view: DecodedView = { text: source, sourceOf: (span) => span };
  let below = viewsBelow(view);
  const spoken = spokenIn(source);
  if (below.views.length === 0) return spoken === undefined ? plain : { ...plain, views: [spoken] };
  const { isReplaced } = below;
  const views: DecodedView[] = spoken === undefined ? [] : [spoken];
  for (let level = 0; level < levelsMax && below.views.length > 0; level += 1) {
    yield;
    views.push(...below.views);
    [view = view] = below.views;
    below = viewsBelow(view);
  }
  return { views, isReplaced, isLeft: below.views.length > 0 };
}

/** What is said last in a dialogue within the text, by itself. */
function spokenIn(text: string): DecodedView | undefined {
  const place = spokenLast(text);
  if (place === undefined) return undefined;
  const [from, to] = place;
  return { text: text.slice(from, to), sourceOf: ([start, end]) => [from + start, from + end] };
}

/**
 * The whole with what is encoded in it decoded, and what was encoded alone; where nothing is, the whole with letters for
 * figures; none where there are no such either. Not both at once: figures are signs of what is encoded further.
 */
function viewsBelow(view: DecodedView): Pick<Decoded, "views" | "isReplaced"> {
  const { text } = view;
  const surveyed = survey(text);
  const tabled = tabledIn(text, surveyed);
  const others = encodedIn(text, surveyed);
  const encoded = tabled.length === 0 ? others : inOrder([...tabled, ...others]);
  const ciphers = ciphersIn(text, surveyed, encoded);
  const readings = inOrder([...encoded, ...ciphers]);
  const ordered = scrambledUndone(text, unread(surveyed.strained, readings));
  const unscrambled = ordered === text ? [] : [{ ...view, text: ordered }];
  if (readings.length > 0) {
    const views = [viewOf(view, readings), ...readingsAlone(view, readings), ...unscrambled];
    return { views, isReplaced: readings.every((one) => one.isSenseless ?? isSenseless(text, one)) };
  }
  const undone = surveyed.hasLetterLike ? figuresUndone(text) : text;
  if (undone !== text) return { views: [{ ...view, text: undone }, ...unscrambled], isReplaced: false };
  return unscrambled.length === 0 ? plain : { views: unscrambled, isReplaced: false };
}

/** Those in which nothing is read as something else. */
function unread(stretches: readonly Stretch[], readings: readonly Reading[]): readonly Stretch[] {
  let at = 0;
  return stretches.filter(([from, to]) => {
    while ((readings[at]?.to ?? Infinity) <= from) at += 1;
    return (readings[at]?.from ?? Infinity) >= to;
  });
}

/** Likeness below which nobody reads words: of Base64 it is around -6.5. Words run together may be Base64 of something. */
const senselessMax = -5;

/** What is not read whole may be words beside what is encoded. */
function isSenseless(text: string, { from, to, isPart }: Reading): boolean {
  if (isPart === true) return false;
  const written = text.slice(from, to);
  const letters = written.match(/[A-Za-z]/g)?.length ?? 0;
  return letters < written.length / 2 || likeness(written) < senselessMax;
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
