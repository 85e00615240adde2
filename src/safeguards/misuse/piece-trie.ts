// A set of short texts with a number each, and the longest of them that a stretch of text begins with. One table of hashed
// steps (from a node by a unit to a node) in typed arrays: no string is made for a look-up.

/** Growing set; `found` is what the last `longest` that gave a length found. */
export class PieceTrie {
  found = -1;
  /** Steps as pairs of key and node; a key is the node that is left times 2^16 plus the unit, and -1 where there is none. */
  #keys = new Float64Array(1024).fill(-1);
  #nodes = new Int32Array(1024);
  /** The number that ends at a node, or -1. Node 0 is the root. */
  #numbers: number[] = [-1];
  #ends = Int32Array.of(-1);

  add(piece: string, number: number): void {
    let node = 0;
    for (let at = 0; at < piece.length; at += 1) node = this.#stepOrMake(node, piece.charCodeAt(at));
    this.#numbers[node] = number;
    this.#ends = new Int32Array(0);
  }

  /** Length of the longest piece that stands at `start` and ends by `end`, 0 for none. */
  longest(units: Uint16Array, start: number, end: number): number {
    if (this.#ends.length === 0) this.#ends = Int32Array.from(this.#numbers);
    const ends = this.#ends;
    let node = 0;
    let length = 0;
    for (let at = start; at < end; at += 1) {
      node = this.#step(node, units[at] ?? 0);
      if (node < 0) break;
      const number = ends[node] ?? -1;
      if (number < 0) continue;
      this.found = number;
      length = at + 1 - start;
    }
    return length;
  }

  #step(node: number, unit: number): number {
    const keys = this.#keys;
    const key = node * 0x10000 + unit;
    for (let slot = slotOf(node, unit) & (keys.length - 1); ; slot = (slot + 1) & (keys.length - 1)) {
      const known = keys[slot];
      if (known === key) return this.#nodes[slot] ?? -1;
      if (known === -1) return -1;
    }
  }

  #stepOrMake(node: number, unit: number): number {
    const known = this.#step(node, unit);
    if (known >= 0) return known;
    const made = this.#numbers.push(-1) - 1;
    // At most a quarter full: what is sought in vain, which is every second step, is seen at once.
    if (made * 4 > this.#keys.length) this.#grow();
    this.#put(node * 0x10000 + unit, made);
    return made;
  }

  #put(key: number, node: number): void {
    const keys = this.#keys;
    let slot = slotOf(Math.floor(key / 0x10000), key % 0x10000) & (keys.length - 1);
    while (keys[slot] !== -1) slot = (slot + 1) & (keys.length - 1);
    keys[slot] = key;
    this.#nodes[slot] = node;
  }

  #grow(): void {
    const keys = this.#keys;
    const nodes = this.#nodes;
    this.#keys = new Float64Array(keys.length * 2).fill(-1);
    this.#nodes = new Int32Array(keys.length * 2);
    keys.forEach((key, slot) => {
      if (key >= 0) this.#put(key, nodes[slot] ?? 0);
    });
  }
}

function slotOf(node: number, unit: number): number {
  const hash = Math.imul(node ^ Math.imul(unit, 0x9e3779b1), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
