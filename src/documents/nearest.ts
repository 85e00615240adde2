// "Did you mean …": the known word nearest to an unknown one, by edit distance. Words here are field names and closed
// vocabularies, so the plain quadratic distance is fast enough.

/** Letters of a word that is compared at all. */
const wordCharsMax = 64;

/** The known word at most a third of its letters away, or undefined when none is near. */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  if (word.length > wordCharsMax) return undefined;
  const ranked = known
    .filter((candidate) => candidate.length <= wordCharsMax)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .toSorted((one, other) => one.distance - other.distance);
  const [best] = ranked;
  if (best === undefined) return undefined;
  const isNear = best.distance <= Math.max(2, Math.floor(Math.max(word.length, best.candidate.length) / 3));
  return isNear ? best.candidate : undefined;
}

/** Insertions, deletions and substitutions from one word to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let at = 0; at < from.length; at++) row = nextRow(row, at, { letter: from.charAt(at), to });
  return row.at(-1) ?? 0;
}

function nextRow(row: readonly number[], at: number, { letter, to }: { letter: string; to: string }): number[] {
  const next = [at + 1];
  for (let column = 1; column <= to.length; column++) {
    const replaced = (row[column - 1] ?? 0) + (to.charAt(column - 1) === letter ? 0 : 1);
    next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
  }
  return next;
}
