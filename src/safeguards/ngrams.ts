// Hashed n-grams of normalised text, 4 characters and 1 and 2 words: what the first look counts. They come in the order of
// the text, each as often as it stands there, so that what a window holds is a sum over its blocks. Training reads the
// output of this very code.

/** Reads a text on and on, which starts after a space. */
export class NgramReader {
  /** The last four characters, a byte each. */
  #characters = 0x20202020;
  #word = wordSeed;
  #wordBefore = 0;

  /** The buckets of the n-grams that end in a stretch. Valid until anything is read. */
  read(units: Uint16Array, from: number, to: number): Uint32Array {
    if (found.length < (to - from) * ngramsAUnit) found = new Uint32Array((to - from) * ngramsAUnit);
    const into = found;
    let characters = this.#characters;
    let word = this.#word;
    let count = 0;
    for (let at = from; at < to; at += 1) {
      const unit = units[at] ?? 0;
      const byte = bytes[unit] ?? 0;
      characters = (characters << 8) | byte;
      into[count] = Math.imul(characters, 0x27d4eb2f) >>> shift;
      count += 1;
      if (inWords[unit] === 1) word = Math.imul(word ^ byte, 0x01000193) ^ (word >>> 15);
      else if (word !== wordSeed) {
        into[count] = wordBuckets + bucketOf(word);
        into[count + 1] = bucketOf(Math.imul(word ^ Math.imul(this.#wordBefore, wordSeed), 0x01000193));
        count += 2;
        this.#wordBefore = word;
        word = wordSeed;
      }
    }
    this.#characters = characters;
    this.#word = word;
    return into.subarray(0, count);
  }

  /** The same for a space after the last unit: where the text ends. */
  readEnd(): Uint32Array {
    return this.read(aSpace, 0, 1);
  }

  /** What the buckets that `read` gives hold in `table`, added up: two signed bytes each, and how many they are. */
  sum({ units, from, to }: Units, table: Int16Array, into: NgramSums): void {
    let characters = this.#characters;
    let word = this.#word;
    let [count, first, second] = [0, 0, 0];
    for (let at = from; at < to; at += 1) {
      const unit = units[at] ?? 0;
      const byte = bytes[unit] ?? 0;
      characters = (characters << 8) | byte;
      let both = table[Math.imul(characters, 0x27d4eb2f) >>> shift] ?? 0;
      first += both >> 8;
      second += (both << 24) >> 24;
      count += 1;
      if (inWords[unit] === 1) word = Math.imul(word ^ byte, 0x01000193) ^ (word >>> 15);
      else if (word !== wordSeed) {
        both = table[wordBuckets + bucketOf(word)] ?? 0;
        first += both >> 8;
        second += (both << 24) >> 24;
        both = table[bucketOf(Math.imul(word ^ Math.imul(this.#wordBefore, wordSeed), 0x01000193))] ?? 0;
        first += both >> 8;
        second += (both << 24) >> 24;
        count += 2;
        this.#wordBefore = word;
        word = wordSeed;
      }
    }
    this.#characters = characters;
    this.#word = word;
    into.count += count;
    into.first += first;
    into.second += second;
  }

  /** The same for a space after the last unit. */
  sumEnd(table: Int16Array, into: NgramSums): void {
    this.sum(theEnd, table, into);
  }
}

/** A stretch of normalised text. */
interface Units {
  readonly units: Uint16Array;
  readonly from: number;
  readonly to: number;
}

export interface NgramSums {
  count: number;
  first: number;
  second: number;
}

/** Single words have the upper half of the buckets to themselves. */
const wordBuckets = 1 << 16;
/** Buckets that n-grams are hashed into. */
export const ngramBuckets = 2 * wordBuckets;
const shift = 16;
const wordSeed = 0x2f0b4a27;
/** Most n-grams that end at one unit. */
const ngramsAUnit = 3;
let found = new Uint32Array(1024);
const aSpace = Uint16Array.of(32);
const theEnd: Units = { units: aSpace, from: 0, to: 1 };

function bucketOf(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> shift;
}

/** Units as bytes: ASCII as it is, others mixed into the upper half. */
const bytes = Uint8Array.from({ length: 0x10000 }, (_, unit) =>
  unit < 0x80 ? unit : 0x80 | (Math.imul(unit, 0x9e3779b1) >>> 25),
);

/** 1 for units that are part of a word: letters, digits, the apostrophe, all that is not ASCII. */
const inWords = Uint8Array.from({ length: 0x10000 }, (_, unit) =>
  (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || unit === 39 || unit > 0x7f ? 1 : 0,
);
