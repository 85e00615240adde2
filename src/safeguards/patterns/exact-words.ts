// Finds any of many words in one pass over folded text, however many they are: the automaton of Aho and Corasick, "Efficient
// string matching: an aid to bibliographic search" (Communications of the ACM 18, 1975).
import { normalise } from "../normalise.ts";

/** A word, and whose it is. */
export interface OwnedWord {
  readonly word: string;
  readonly owner: number;
}

/** A word's end. One for all who own the word, so that a text of nothing but words in words costs no more for many owners. */
interface Ending {
  readonly owners: Set<number>;
  /** Of the word, in folded units. */
  readonly length: number;
}

export interface Searched {
  /** Folded. */
  readonly units: Uint16Array;
  readonly length: number;
  /** Whether something that shows stood before this unit which is no longer there. */
  readonly isApart: (at: number) => boolean;
}

export type OnWord = (owner: number, start: number, end: number) => void;

const withoutSpaces =
  /[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Tai_Le}\p{Script=New_Tai_Lue}\p{Script=Tai_Tham}\p{Script=Balinese}]/u;

export class WordFinder {
  readonly #steps: Steps;
  /** Units that a word begins with. */
  readonly #begins = new Uint8Array(65_536);
  /** Node of the longest beginning of a word that this node's text ends with. */
  readonly #shorter: Int32Array;
  /** The longest of those that is a whole word; 0 where none is. */
  readonly #word: Int32Array;
  /** One more than the place of the word that ends in this node. */
  readonly #ends: Int32Array;
  readonly #endings: Ending[] = [];

  constructor(words: readonly OwnedWord[]) {
    const texts = words.map(({ word }) => normalise(word).text);
    const nodesMax = texts.reduce((sum, { length }) => sum + length, 1);
    this.#steps = new Steps(nodesMax);
    this.#shorter = new Int32Array(nodesMax);
    this.#word = new Int32Array(nodesMax);
    this.#ends = new Int32Array(nodesMax);
    const tree: Tree = { parents: new Int32Array(nodesMax), units: new Uint16Array(nodesMax), nodes: 1, deepest: 0 };
    for (const [at, text] of texts.entries()) this.#add(text, words[at]?.owner ?? 0, tree);
    this.#link(tree);
  }

  /**
   * Words that no letter or digit runs on from, of those that stand next to it as it was written: of each word the first that
   * neither begins nor ends the text, at the least. With `isAll` of every place the longest that ends there.
   */
  search(searched: Searched, onWord: OnWord, isAll = false): void {
    const { units } = searched;
    const found = isAll ? undefined : new Set<Ending>();
    let node = 0;
    for (let at = 0; at < searched.length; at += 1) {
      if (node === 0 && !this.#mayBegin(at, searched)) continue;
      node = this.#step(node, units[at] ?? 0);
      const longest = this.#longestWord(node);
      if (longest !== 0 && !runsOnAt(at + 1, searched)) this.#tell({ longest, end: at + 1, found }, searched, onWord);
    }
  }

  #tell({ longest, end, found }: Ended, searched: Searched, onWord: OnWord): void {
    for (const ending of this.#wordsFrom(longest)) {
      const start = end - ending.length;
      if (found?.has(ending) === true || runsOnAt(start, searched)) continue;
      for (const owner of ending.owners) onWord(owner, start, end);
      if (found === undefined) return;
      // Whatever comes before or after such a one, it stays one.
      if (start > 0 && end < searched.length) found.add(ending);
    }
  }

  /** A word, and the shorter ones that it ends with. */
  #wordsFrom(longest: number): readonly Ending[] {
    const endings: Ending[] = [];
    for (let node = longest; node !== 0; node = this.#word[node] ?? 0) {
      const ending = this.#endings[(this.#ends[node] ?? 0) - 1];
      if (ending !== undefined) endings.push(ending);
    }
    return endings;
  }

  /** The node of the longest word that a node's text ends with, itself included. */
  #longestWord(node: number): number {
    return this.#ends[node] === 0 ? (this.#word[node] ?? 0) : node;
  }

  #mayBegin(at: number, searched: Searched): boolean {
    return this.#begins[searched.units[at] ?? 0] === 1 && !runsOnAt(at, searched);
  }

  #step(from: number, unit: number): number {
    for (let node = from; ; node = this.#shorter[node] ?? 0) {
      const next = this.#steps.next(node, unit);
      if (next !== 0 || node === 0) return next;
    }
  }

  #add(text: string, owner: number, tree: Tree): void {
    let node = 0;
    for (let at = 0; at < text.length; at += 1) {
      const unit = text.charCodeAt(at);
      let next = this.#steps.next(node, unit);
      if (next === 0) {
        next = tree.nodes;
        tree.nodes += 1;
        tree.parents[next] = node;
        tree.units[next] = unit;
        this.#steps.add(node, unit, next);
      }
      node = next;
    }
    tree.deepest = Math.max(tree.deepest, text.length);
    this.#begins[text.charCodeAt(0)] = 1;
    const known = this.#endings[(this.#ends[node] ?? 0) - 1];
    if (known === undefined) this.#ends[node] = this.#endings.push({ owners: new Set([owner]), length: text.length });
    else known.owners.add(owner);
  }

  /** Breadth first, so that what is shorter is linked already. */
  #link(tree: Tree): void {
    for (const node of breadthFirst(tree)) {
      const parent = tree.parents[node] ?? 0;
      const shorter = parent === 0 ? 0 : this.#step(this.#shorter[parent] ?? 0, tree.units[node] ?? 0);
      this.#shorter[node] = shorter;
      this.#word[node] = this.#longestWord(shorter);
    }
  }
}

/** Where words end. */
interface Ended {
  readonly longest: number;
  readonly end: number;
  /** Those that need not be told again; undefined where the longest is, every time. */
  readonly found: Set<Ending> | undefined;
}

/** All beginnings of words. */
interface Tree {
  readonly parents: Int32Array;
  readonly units: Uint16Array;
  /** How many there are, the empty one included. */
  nodes: number;
  deepest: number;
}

/** All nodes but the first, by their depth. */
function breadthFirst({ parents, nodes, deepest }: Tree): Int32Array {
  const depths = new Int32Array(nodes);
  const places = new Int32Array(deepest + 2);
  for (let node = 1; node < nodes; node += 1) {
    const depth = (depths[parents[node] ?? 0] ?? 0) + 1;
    depths[node] = depth;
    places[depth + 1] = (places[depth + 1] ?? 0) + 1;
  }
  for (let depth = 1; depth < places.length; depth += 1)
    places[depth] = (places[depth] ?? 0) + (places[depth - 1] ?? 0);
  const inOrder = new Int32Array(nodes - 1);
  for (let node = 1; node < nodes; node += 1) {
    const depth = depths[node] ?? 0;
    inOrder[places[depth] ?? 0] = node;
    places[depth] = (places[depth] ?? 0) + 1;
  }
  return inOrder;
}

/** From a node by a unit to the next one: one table for all, as a list of words may have a million of them. Never to node 0. */
class Steps {
  readonly #from: Int32Array;
  readonly #unit: Uint16Array;
  readonly #to: Int32Array;
  readonly #mask: number;

  constructor(stepsMax: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * stepsMax));
    this.#from = new Int32Array(size);
    this.#unit = new Uint16Array(size);
    this.#to = new Int32Array(size);
    this.#mask = size - 1;
  }

  /** 0 where there is none. */
  next(node: number, unit: number): number {
    return this.#to[this.#placeOf(node, unit)] ?? 0;
  }

  add(node: number, unit: number, next: number): void {
    const at = this.#placeOf(node, unit);
    this.#from[at] = node;
    this.#unit[at] = unit;
    this.#to[at] = next;
  }

  /** Where the step is, or would be. */
  #placeOf(node: number, unit: number): number {
    const mixed = Math.imul(Math.imul(node, 0x9e37_79b1) ^ Math.imul(unit, 0x85eb_ca6b), 0xc2b2_ae35);
    let at = (mixed ^ (mixed >>> 15)) & this.#mask;
    while (this.#to[at] !== 0 && (this.#from[at] !== node || this.#unit[at] !== unit)) at = (at + 1) & this.#mask;
    return at;
  }
}

function runsOnAt(at: number, { units, length, isApart }: Searched): boolean {
  return at > 0 && at < length && isJoined(units[at - 1] ?? 0, units[at] ?? 0) && !isApart(at);
}

/** Whether two units belong to one word. Scripts that are written without spaces have no such words. */
function isJoined(one: number, other: number): boolean {
  return isWordUnit(one) && isWordUnit(other);
}

function isWordUnit(unit: number): boolean {
  return wordUnits[unit] === 1;
}

/** 1 for letters, marks on them and digits below the scripts of East Asia, but not for what punctuates them. */
const wordUnits = Uint8Array.from({ length: 0x2000 }, (_, unit) => {
  const sign = String.fromCharCode(unit);
  return /[\p{L}\p{M}\p{N}]/u.test(sign) && !withoutSpaces.test(sign) ? 1 : 0;
});
