// Which entries of the ledger name a term: an id, a digest, a key, a name. Terms are kept as seeded 64-bit hashes and entries as
// numbers, in arrays of whole numbers, so that a hundred thousand entries take megabytes. Two halves of a bounded size: when one
// is full the older one is dropped, and from which entry on terms are known is said with every answer.

/** Namings in one half, at most; a half takes about 32 bytes each. */
const halfMax = 1_048_576;

export interface Terms {
  /** Entries are added in their order. */
  readonly add: (entry: number, terms: Iterable<string>) => void;
  /** Newest first. */
  readonly entriesOf: (term: string) => readonly number[];
  /** The first entry whose terms are all known. */
  readonly from: () => number;
}

export interface TermsOptions {
  /** Random: nobody chooses terms that meet in one slot. */
  readonly seeds: readonly [number, number];
  /** Namings in one half. */
  readonly max?: number;
}

export function createTerms({ seeds, max = halfMax }: TermsOptions): Terms {
  let older: Half | undefined;
  let newer = createHalf(0);
  return {
    add: (entry, terms) => {
      for (const term of terms) {
        if (newer.count() >= max) [older, newer] = [newer, createHalf(entry)];
        newer.add(hashOf(term, seeds), entry);
      }
    },
    entriesOf: (term) => {
      const hash = hashOf(term, seeds);
      return [...newer.entriesOf(hash), ...(older?.entriesOf(hash) ?? [])];
    },
    // A half may begin amid the terms of an entry; the half before it has the others, until it is dropped.
    from: () => (older === undefined || older.first === 0 ? 0 : older.first + 1),
  };
}

interface Hash {
  readonly low: number;
  readonly high: number;
}

/** FNV-1a over UTF-16 units, twice with different seeds. */
function hashOf(term: string, [seed, other]: readonly [number, number]): Hash {
  let low = seed ^ 0x811c9dc5;
  let high = other ^ 0x811c9dc5;
  for (let at = 0; at < term.length; at += 1) {
    const unit = term.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x01000193);
  }
  return { low: low >>> 0, high: high >>> 0 };
}

interface Half {
  /** The entry that it began with. */
  readonly first: number;
  readonly count: () => number;
  readonly add: (hash: Hash, entry: number) => void;
  readonly entriesOf: (hash: Hash) => readonly number[];
}

/** Open addressing: a slot has a term's hash and its newest naming; each naming has the one before it, counted from 1. */
function createHalf(first: number): Half {
  let slots = createSlots(1_024);
  let entries = new Uint32Array(1_024);
  let before = new Uint32Array(1_024);
  let [count, used] = [0, 0];

  function grown(): void {
    if (count === entries.length) [entries, before] = [twice(entries), twice(before)];
    if (2 * used < slots.newest.length) return;
    const old = slots;
    slots = createSlots(2 * old.newest.length);
    for (const [at, newest] of old.newest.entries()) {
      if (newest === 0) continue;
      const place = placeOf(slots, { low: old.low[at] ?? 0, high: old.high[at] ?? 0 });
      write(slots, place, { low: old.low[at] ?? 0, high: old.high[at] ?? 0, newest });
    }
  }

  return {
    first,
    count: () => count,
    add: (hash, entry) => {
      grown();
      const place = placeOf(slots, hash);
      const newest = slots.newest[place] ?? 0;
      if (newest === 0) used += 1;
      else if (entries[newest - 1] === entry) return;
      entries[count] = entry;
      before[count] = newest;
      count += 1;
      write(slots, place, { ...hash, newest: count });
    },
    entriesOf: (hash) => {
      const found: number[] = [];
      for (let at = slots.newest[placeOf(slots, hash)] ?? 0; at > 0; at = before[at - 1] ?? 0)
        found.push(entries[at - 1] ?? 0);
      return found;
    },
  };
}

interface Slots {
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  readonly newest: Uint32Array;
}

function createSlots(size: number): Slots {
  return { low: new Uint32Array(size), high: new Uint32Array(size), newest: new Uint32Array(size) };
}

/** Where the hash is, or the free slot where it would be. Half of the slots are free. */
function placeOf({ low, high, newest }: Slots, hash: Hash): number {
  const mask = newest.length - 1;
  let at = hash.low & mask;
  while (newest[at] !== 0 && (low[at] !== hash.low || high[at] !== hash.high)) at = (at + 1) & mask;
  return at;
}

function write(slots: Slots, place: number, { low, high, newest }: Hash & { readonly newest: number }): void {
  slots.low[place] = low;
  slots.high[place] = high;
  slots.newest[place] = newest;
}

function twice(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
