// The view by spelling for many windows of one text: features are hashed once, a count of each goes along as the window
// slides, and sums of whole numbers stay exact. Gives for each window what `ngramsOf` of its text and a sum would give.
import { characterSeed, finish, isWordUnit, mix, wordSeed } from "./ngrams.ts";

/** One text at a time: `begin`, `moveTo` windows in the order of the text, `rewind`. */
export class SpellingWindows {
  /** Distinct features of the window. */
  features = 0;
  /** Sums of the weights of the distinct features of the window, of the first head and of the second. */
  first = 0;
  second = 0;

  /** For each bucket: how often it stands in the window (16 bits), and the weights of two heads (8 bits each). */
  readonly #buckets: Int32Array;
  readonly #mask: number;
  #units: Uint16Array = new Uint16Array(0);
  #length = 0;
  /** The features that start at each unit, of lengths 3, 4 and 5, and 0 where the text is too short for one. */
  #grams = new Int32Array(3 * roomLeast);
  /** Where words start and end, the hash and feature of each, and the feature of each with the word before it. */
  #words = new Int32Array(wordFields * (roomLeast / 2 + 1));
  #wordCount = 0;
  #start = 0;
  #end = 0;
  #wordsIn = 0;
  #wordsOut = 0;
  readonly #edge = new Int32Array(edgeMax);
  #edgeCount = 0;
  readonly #scratch = new Int32Array(1);

  /** `tables` are the weights of two heads by bucket; `buckets` is a power of two. */
  constructor([first, second]: readonly [Int8Array, Int8Array], buckets: number) {
    this.#mask = buckets - 1;
    this.#buckets = Int32Array.from(
      { length: buckets },
      (_, bucket) => ((second[bucket] ?? 0) << 24) | (((first[bucket] ?? 0) & 0xff) << 16),
    );
  }

  /** Takes the first `length` units, which must stay as they are until `rewind`. */
  begin(units: Uint16Array, length: number): void {
    this.#units = units;
    this.#length = length;
    const room = this.#grams.length / 3;
    if (length > room || room > keptUnitsMax) {
      const size = Math.max(length, roomLeast);
      this.#grams = new Int32Array(3 * size);
      this.#words = new Int32Array(wordFields * (size / 2 + 1));
    }
    this.#hashGrams();
    this.#hashWords();
  }

  /** Slides on to a window that neither starts nor ends before the last one, and adds what its edges cut. */
  moveTo(start: number, end: number): void {
    for (let at = 0; at < this.#edgeCount; at += 1) this.#leave(this.#edge[at] ?? 0);
    this.#edgeCount = 0;
    this.#leaveUntil(start);
    this.#enterUntil(end);
    this.#addEdges();
  }

  /**
   * Back to before the first window. Must be called after the last one, whatever happens between: the next text would
   * else be judged with features of this one.
   */
  rewind(): void {
    const buckets = this.#buckets;
    const clear = (feature: number): void => {
      buckets[feature] = (buckets[feature] ?? 0) & weightBits;
    };
    for (let at = 3 * this.#start; at < 3 * this.#end; at += 1) clear(this.#grams[at] ?? 0);
    for (let word = this.#wordsOut; word < this.#wordsIn; word += 1) {
      clear(this.#field(word, wordFeature));
      const pair = this.#field(word, pairFeature);
      if (pair !== none) clear(pair);
    }
    for (let at = 0; at < this.#edgeCount; at += 1) clear(this.#edge[at] ?? 0);
    this.#edgeCount = 0;
    this.#start = 0;
    this.#end = 0;
    this.#wordsIn = 0;
    this.#wordsOut = 0;
    this.features = 0;
    this.first = 0;
    this.second = 0;
  }

  #hashGrams(): void {
    const units = this.#units;
    const grams = this.#grams;
    const length = this.#length;
    const mask = this.#mask;
    for (let at = 0; at + 2 < length; at += 1) {
      let hash = mix(mix(mix(characterSeed, units[at] ?? 0), units[at + 1] ?? 0), units[at + 2] ?? 0);
      grams[3 * at] = finish(hash) & mask;
      hash = mix(hash, units[at + 3] ?? 0);
      grams[3 * at + 1] = finish(hash) & mask;
      grams[3 * at + 2] = finish(mix(hash, units[at + 4] ?? 0)) & mask;
    }
    for (let at = Math.max(0, 3 * (length - 2)); at < 3 * length; at += 1) grams[at] = 0;
  }

  #hashWords(): void {
    const units = this.#units;
    const words = this.#words;
    const length = this.#length;
    let count = 0;
    let before = 0;
    for (let at = 0; at < length;) {
      if (!isWordUnit(units[at] ?? 0)) {
        at += 1;
        continue;
      }
      const start = at;
      let hash = wordSeed;
      for (; at < length && isWordUnit(units[at] ?? 0); at += 1) hash = mix(hash, units[at] ?? 0);
      const field = count * wordFields;
      words[field + wordStart] = start;
      words[field + wordEnd] = at;
      words[field + wordHash] = hash;
      words[field + wordFeature] = finish(hash) & this.#mask;
      words[field + pairFeature] = before === 0 ? none : finish(mix(before, hash)) & this.#mask;
      before = hash;
      count += 1;
    }
    this.#wordCount = count;
  }

  #enter(feature: number): void {
    this.#scratch[0] = feature;
    this.#enterAll(this.#scratch, 0, 1);
  }

  #leave(feature: number): void {
    this.#scratch[0] = feature;
    this.#leaveAll(this.#scratch, 0, 1);
  }

  /** Without branches: whether a feature is new is as good as random, and a wrong guess costs more than the sums. */
  #enterAll(list: Int32Array, from: number, until: number): void {
    const buckets = this.#buckets;
    let { features, first, second } = this;
    for (let at = from; at < until; at += 1) {
      const feature = list[at] ?? 0;
      const bucket = buckets[feature] ?? 0;
      buckets[feature] = bucket + 1;
      // All bits where it was not there, else none.
      const isNew = ((bucket & countBits) - 1) >> 31;
      features -= isNew;
      first += ((bucket << 8) >> 24) & isNew;
      second += (bucket >> 24) & isNew;
    }
    this.features = features;
    this.first = first;
    this.second = second;
  }

  #leaveAll(list: Int32Array, from: number, until: number): void {
    const buckets = this.#buckets;
    let { features, first, second } = this;
    for (let at = from; at < until; at += 1) {
      const feature = list[at] ?? 0;
      const bucket = (buckets[feature] ?? 0) - 1;
      buckets[feature] = bucket;
      const isGone = ((bucket & countBits) - 1) >> 31;
      features += isGone;
      first -= ((bucket << 8) >> 24) & isGone;
      second -= (bucket >> 24) & isGone;
    }
    this.features = features;
    this.first = first;
    this.second = second;
  }

  /** Lets go of all that starts before `start` and had come in. */
  #leaveUntil(start: number): void {
    const end = this.#end;
    // Of what starts so far before the end, all sizes had come in.
    const whole = Math.max(this.#start, Math.min(start, end - 4));
    this.#leaveAll(this.#grams, 3 * this.#start, 3 * whole);
    for (let at = whole; at < Math.min(start, end); at += 1)
      for (let size = 3; size <= end - at && size <= 5; size += 1) this.#leave(this.#grams[3 * at + size - 3] ?? 0);
    this.#start = start;
    this.#leaveWordsUntil(start);
  }

  #leaveWordsUntil(start: number): void {
    let word = this.#wordsOut;
    for (; word < this.#wordCount && this.#field(word, wordStart) < start; word += 1) {
      if (word < this.#wordsIn) this.#leave(this.#field(word, wordFeature));
      const pair = word + 1 < this.#wordsIn ? this.#field(word + 1, pairFeature) : none;
      if (pair !== none) this.#leave(pair);
    }
    this.#wordsOut = word;
  }

  /** Takes in all that ends by `end`, and not by the end before, and does not start before the window. */
  #enterUntil(end: number): void {
    const start = this.#start;
    const before = this.#end;
    const whole = Math.max(start, before);
    for (let at = Math.max(start, before - 4); at < whole; at += 1) this.#enterSizes(at, before, end);
    this.#enterAll(this.#grams, 3 * whole, 3 * (end - 4));
    for (let at = Math.max(whole, end - 4); at < end - 2; at += 1) this.#enterSizes(at, before, end);
    this.#end = Math.max(end, start);
    this.#enterWordsUntil(end);
  }

  /** Enters what starts at `at` and ends after `before` and by `end`. */
  #enterSizes(at: number, before: number, end: number): void {
    for (let size = 3; size <= 5; size += 1)
      if (at + size > before && at + size <= end) this.#enter(this.#grams[3 * at + size - 3] ?? 0);
  }

  #enterWordsUntil(end: number): void {
    let word = this.#wordsIn;
    for (; word < this.#wordCount && this.#field(word, wordEnd) <= end; word += 1) {
      if (word >= this.#wordsOut) this.#enter(this.#field(word, wordFeature));
      const pair = word > this.#wordsOut ? this.#field(word, pairFeature) : none;
      if (pair !== none) this.#enter(pair);
    }
    this.#wordsIn = word;
  }

  #field(word: number, field: number): number {
    return this.#words[word * wordFields + field] ?? none;
  }

  /** What the text of the window has by standing alone: a space on either side, and words that its ends cut. */
  #addEdges(): void {
    const start = this.#start;
    const last = this.#end - start + 1;
    for (let size = 3; size <= 5; size += 1) {
      if (size <= last + 1) this.#addEdgeGram(start - 1, size);
      if (last - size + 1 > 0) this.#addEdgeGram(start + last - size, size);
    }
    this.#addEdgeWords();
  }

  #addEdgeGram(from: number, size: number): void {
    let hash = characterSeed;
    for (let at = from; at < from + size; at += 1)
      hash = mix(hash, at < this.#start || at >= this.#end ? 32 : (this.#units[at] ?? 0));
    this.#addEdge(finish(hash));
  }

  #addEdgeWords(): void {
    // The words before `wordsOut` start before the window: at most the last of them reaches into it.
    const isFirstCut = this.#wordsOut > 0 && this.#field(this.#wordsOut - 1, wordEnd) > this.#start;
    let before = 0;
    if (isFirstCut) {
      before = this.#hashWord(this.#start, Math.min(this.#end, this.#field(this.#wordsOut - 1, wordEnd)));
      this.#addEdge(finish(before));
    }
    if (this.#wordsOut < this.#wordsIn) {
      if (before !== 0) this.#addEdge(finish(mix(before, this.#field(this.#wordsOut, wordHash))));
      before = this.#field(this.#wordsIn - 1, wordHash);
    }
    // The words from `wordsIn` on end after it: at most the first of them begins in it.
    const last = this.#wordsIn;
    if (last < this.#wordsOut || last >= this.#wordCount || this.#field(last, wordStart) >= this.#end) return;
    const hash = this.#hashWord(this.#field(last, wordStart), this.#end);
    this.#addEdge(finish(hash));
    if (before !== 0) this.#addEdge(finish(mix(before, hash)));
  }

  #hashWord(start: number, end: number): number {
    let hash = wordSeed;
    for (let at = start; at < end; at += 1) hash = mix(hash, this.#units[at] ?? 0);
    return hash;
  }

  #addEdge(number: number): void {
    const feature = number & this.#mask;
    this.#edge[this.#edgeCount] = feature;
    this.#edgeCount += 1;
    this.#enter(feature);
  }
}

const countBits = 0xffff;
const weightBits = ~countBits;
/** Fields of a word. */
const wordStart = 0;
const wordEnd = 1;
const wordHash = 2;
const wordFeature = 3;
const pairFeature = 4;
const wordFields = 5;
const none = -1;
/** Room for a text: what there is at the least, and what is kept at the most. In units. */
const roomLeast = 4096;
const keptUnitsMax = 1 << 17;
/** Six characters' features and four words' ones. */
const edgeMax = 10;
