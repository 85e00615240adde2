// Splits normalised text into the word pieces of a BERT vocabulary: punctuation stands alone, other words are cut
// greedily into the longest pieces known. The view of a text by its meaning starts from these ids.
// Source: the WordPiece of "Google's Neural Machine Translation System" (arXiv 1609.08144), as BERT uses it.

export interface WordPieces {
  /** Ids of the pieces of `text`, at most `piecesMax` of them; later text is not looked at. */
  readonly idsOf: (text: string, piecesMax: number) => number[];
}

/** `vocabulary` in the order of its ids; pieces inside words start with ##. `unknown` stands for what is in none. */
export function wordPieces(vocabulary: readonly string[], unknown: number): WordPieces {
  const starts = new Map<string, number>();
  const insides = new Map<string, number>();
  vocabulary.forEach((piece, id) => {
    if (piece.startsWith("##")) insides.set(piece.slice(2), id);
    else starts.set(piece, id);
  });
  const known = new Map<string, readonly number[]>();
  const piecesOf = (word: string): readonly number[] => {
    const before = known.get(word);
    if (before !== undefined) return before;
    const ids = cut(word, { starts, insides, unknown });
    if (known.size < wordsKeptMax) known.set(word, ids);
    return ids;
  };
  return {
    idsOf: (text, piecesMax) => {
      const ids: number[] = [];
      for (const [word] of text.matchAll(words)) {
        if (ids.length >= piecesMax) break;
        ids.push(...piecesOf(word));
      }
      return ids.length > piecesMax ? ids.slice(0, piecesMax) : ids;
    },
  };
}

const words = /[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}\p{M}]/gu;
const wordsKeptMax = 20_000;
const wordCharsMax = 48;

interface Pieces {
  readonly starts: ReadonlyMap<string, number>;
  readonly insides: ReadonlyMap<string, number>;
  readonly unknown: number;
}

function cut(word: string, pieces: Pieces): readonly number[] {
  if (word.length > wordCharsMax) return [pieces.unknown];
  const ids: number[] = [];
  for (let at = 0; at < word.length;) {
    const table = at === 0 ? pieces.starts : pieces.insides;
    let end = word.length;
    while (end > at && !table.has(word.slice(at, end))) end -= 1;
    const id = end > at ? table.get(word.slice(at, end)) : undefined;
    if (id === undefined) return [pieces.unknown];
    ids.push(id);
    at = end;
  }
  return ids;
}
