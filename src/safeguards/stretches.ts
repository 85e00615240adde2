// Stretches of a source text as stretches of the folded whole, so that windows of an answer share the work. Only where
// folding a stretch by itself would give the very same units: elsewhere it is not known and has to be folded by itself.
import type { Folded } from "./normalise.ts";
import { detectorShape } from "./detector-shape.ts";
import { type Stretch, wholeWindows } from "./windows.ts";

/** For each stretch of `source` its windows in `folded`, or undefined. An empty stretch has none. */
export function windowsOfStretches(
  source: string,
  folded: Folded,
  stretches: readonly Stretch[],
): (Stretch[] | undefined)[] {
  if (folded.hasMixedWords) return stretches.map(() => undefined);
  return stretches.map((stretch) => {
    if (stretch.some((at) => splitsPair(source, at))) return undefined;
    if (folded.spelledOut.some(([start, end]) => start < stretch[1] && stretch[0] < end)) return undefined;
    const [from, until] = unitsOf(folded, stretch);
    return wholeWindows(until - from, detectorShape.windowChars).map(([start, end]) => [from + start, from + end]);
  });
}

/** The units that come from a stretch of the source, without the spaces around them. */
function unitsOf(folded: Folded, [from, until]: Stretch): Stretch {
  const { units } = folded;
  let start = firstFrom(folded, from);
  let end = firstFrom(folded, until);
  if (start < end && units[start] === space) start += 1;
  if (start < end && units[end - 1] === space) end -= 1;
  return [start, Math.max(start, end)];
}

/** The first unit that comes from `offset` or later. */
function firstFrom({ offsets, length }: Folded, offset: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function splitsPair(source: string, at: number): boolean {
  if (at <= 0 || at >= source.length) return false;
  const [before, after] = [source.charCodeAt(at - 1), source.charCodeAt(at)];
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

const space = 32;
