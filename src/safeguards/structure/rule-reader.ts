// What each rule of `structure@1` is to the safeguard: counts over the pieces of one text.
import type { Span } from "../../terms/finding.ts";
import type { Normalised } from "../normalise.ts";

/** A piece of a text, which ends between words where there are any. */
export interface Piece {
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly from: number;
  /** Without disguises of its letters, in lower case, on one line. */
  readonly plain: Normalised;
}

/** Is given the pieces of one text in order, each once. */
export interface RuleReader {
  readonly add: (piece: Piece) => void;
  /** Where what the rule looks for stands in the text, as far as that can be said; undefined where it does not. */
  readonly found: () => Span | undefined;
}

/** Where a stretch of the plain text of a piece stands in the whole text. */
export function inText({ from, plain }: Piece, [start, end]: Span): Span {
  return [from + (plain.offsets[start] ?? 0), from + (plain.offsets[end] ?? 0)];
}
