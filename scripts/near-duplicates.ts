// Finds near-duplicates of the training rows without having them: each training text leaves the hashes of eight bands of
// five MinHash values of its word set in a Bloom filter. Two texts whose word sets overlap by 0.8 (Jaccard) share a band
// with a chance of 96 %, by 0.5 with 22 %; equal ones always. About one unrelated text in a thousand is reported too.
// Source of the method: Broder, "On the resemblance and containment of documents" (1997).

const bands = 8;
const valuesPerBand = 5;
const probes = 10;

export interface TrainingBands {
  readonly has: (text: string) => boolean;
}

/** The words of a text as a set, lower case. */
export function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}']+/gu));
}

/** Shared words over all words of two texts. */
export function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of a) if (b.has(word)) shared += 1;
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}

/** A filter over all `texts`: by default twenty bits for each band of each. */
export function buildBands(texts: Iterable<string>, bitsPerBand = 20): Uint8Array {
  const hashes = new Set<number>();
  for (const text of texts) for (const hash of bandHashes(text)) hashes.add(hash);
  const filter = new Uint8Array(Math.ceil((hashes.size * bitsPerBand) / 8));
  for (const hash of hashes)
    for (const bit of bitsOf(hash, filter.length * 8)) filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
  return filter;
}

export function readBands(filter: Uint8Array): TrainingBands {
  const holds = (hash: number): boolean =>
    bitsOf(hash, filter.length * 8).every((bit) => ((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0);
  return { has: (text) => bandHashes(text).some(holds) };
}

/** The bands of a text; texts that are alike share some. */
export function bandHashes(text: string): number[] {
  const words = Array.from(wordsOf(text), wordHash);
  if (words.length === 0) return [];
  const hashes: number[] = [];
  for (let band = 0; band < bands; band += 1) {
    let hash = mix(band + 1, 0x51ed270b);
    for (let value = 0; value < valuesPerBand; value += 1) {
      const seed = mix(band * valuesPerBand + value + 1, 0x2545f491);
      hash = mix(
        hash,
        words.reduce((least, word) => Math.min(least, mix(word, seed)), 0xffffffff),
      );
    }
    hashes.push(hash);
  }
  return hashes;
}

function wordHash(word: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < word.length; at += 1) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function mix(a: number, b: number): number {
  let value = Math.imul(a ^ (b >>> 15), 0x85ebca6b) ^ b;
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  value = Math.imul(value ^ (value >>> 16) ^ a, 0x27d4eb2f);
  return (value ^ (value >>> 15)) >>> 0;
}

function bitsOf(hash: number, bits: number): number[] {
  const step = mix(hash, 0x9e3779b9) | 1;
  return Array.from({ length: probes }, (_, probe) => (hash + Math.imul(probe, step >>> 0) + probe * probe) >>> 0).map(
    (value) => value % bits,
  );
}
