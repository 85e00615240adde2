// Which stretches of a text are judged. Streamed and whole text use the same windows, so that how an answer was cut
// into chunks cannot change what is decided about it; no stretch is left out, the last one always ends at the end.

/** Where a piece of a text starts and ends, in UTF-16 units. */
export type Stretch = readonly [start: number, end: number];

/** Length of a window and the distance between the ends of two, in UTF-16 units. */
export interface WindowShape {
  readonly windowChars: number;
  readonly strideChars: number;
}

/** Ends of the windows of a text of `length` units: every stride, and the end itself. Empty text has none. */
export function windowEnds(length: number, shape: WindowShape): number[] {
  const ends: number[] = [];
  for (let end = shape.strideChars; end < length; end += shape.strideChars) ends.push(end);
  if (length > 0) ends.push(length);
  return ends;
}

/** Where the window that ends at `end` starts. */
export function windowStart(end: number, shape: WindowShape): number {
  return Math.max(0, end - shape.windowChars);
}
