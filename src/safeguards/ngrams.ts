// Hashed character 3- to 5-grams and word 1- and 2-grams of normalised text: the view of a text by its spelling.
// Each feature counts once however often it stands there. The training script reads the output of this very code.

/** Writes the distinct features of `text` (normalised) into `sink` as numbers below `buckets`, a power of two. */
export function ngramsOf(text: string, buckets: number): Uint32Array {
  const seen = scratch(buckets);
  seen.begin();
  const mask = buckets - 1;
  addCharacters(text, mask, seen);
  addWords(text, mask, seen);
  return seen.taken();
}

function addCharacters(text: string, mask: number, seen: Seen): void {
  // The text stands between two spaces.
  const end = text.length + 2;
  let first = 32;
  let second = unitAt(text, 0);
  let third = unitAt(text, 1);
  let fourth = unitAt(text, 2);
  for (let at = 0; at + 2 < end; at += 1) {
    const fifth = unitAt(text, at + 3);
    let hash = mix(mix(mix(characterSeed, first), second), third);
    seen.add(finish(hash) & mask);
    if (at + 3 < end) {
      hash = mix(hash, fourth);
      seen.add(finish(hash) & mask);
    }
    if (at + 4 < end) seen.add(finish(mix(hash, fifth)) & mask);
    first = second;
    second = third;
    third = fourth;
    fourth = fifth;
  }
}

function unitAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 32;
}

function addWords(text: string, mask: number, seen: Seen): void {
  let word = wordSeed;
  let length = 0;
  let before = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const unit = at < text.length ? text.charCodeAt(at) : 32;
    if (isWordUnit(unit)) {
      word = mix(word, unit);
      length += 1;
      continue;
    }
    if (length === 0) continue;
    seen.add(finish(word) & mask);
    if (before !== 0) seen.add(finish(mix(before, word)) & mask);
    before = word;
    word = wordSeed;
    length = 0;
  }
}

/** Whether a unit is part of a word: letters, digits, the apostrophe, all that is not ASCII. */
export function isWordUnit(unit: number): boolean {
  return (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || unit === 39 || unit > 0x7f;
}

/** What the hash of characters starts from. */
export const characterSeed = 0x811c9dc5;
/** What the hash of a word starts from. */
export const wordSeed = 0x2f0b4a27;

/** A hash with one more unit, or one more hash, in it. */
export function mix(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193) ^ (hash >>> 15);
}

/** The number of a feature, from its hash; the lowest bits name its bucket. */
export function finish(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return value ^ (value >>> 16);
}

/** A set of small numbers that is emptied by counting up, so that a text costs only its own length. */
class Seen {
  readonly #stamp: Uint32Array;
  #turn = 0;
  #taken = new Uint32Array(4096);
  #length = 0;

  constructor(buckets: number) {
    this.#stamp = new Uint32Array(buckets);
  }

  begin(): void {
    this.#length = 0;
    this.#turn = (this.#turn + 1) >>> 0;
    if (this.#turn !== 0) return;
    this.#stamp.fill(0);
    this.#turn = 1;
  }

  add(value: number): void {
    if (this.#stamp[value] === this.#turn) return;
    this.#stamp[value] = this.#turn;
    if (this.#length === this.#taken.length) {
      const wider = new Uint32Array(this.#taken.length * 2);
      wider.set(this.#taken);
      this.#taken = wider;
    }
    this.#taken[this.#length] = value;
    this.#length += 1;
  }

  /** Valid until the next `begin`. */
  taken(): Uint32Array {
    return this.#taken.subarray(0, this.#length);
  }
}

const scratches = new Map<number, Seen>();

function scratch(buckets: number): Seen {
  const known = scratches.get(buckets);
  if (known !== undefined) return known;
  const made = new Seen(buckets);
  scratches.set(buckets, made);
  return made;
}
