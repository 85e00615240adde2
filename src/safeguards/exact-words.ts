// Finds any of many words in one pass over folded text, however many they are: the automaton of Aho and Corasick, "Efficient
// string matching: an aid to bibliographic search" (Communications of the ACM 18, 1975).
import { normalise } from "./normalise.ts";

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
  /** From a node by a unit to the next one; `node * 65536 + unit` is the key. Node 0 is the beginning of all words. */
  readonly #next = new Map<number, number>();
  /** Units that a word begins with. */
  readonly #begins = new Uint8Array(65_536);
  /** Node of the longest beginning of a word that this node's text ends with. */
  readonly #shorter: number[] = [0];
  readonly #endings: Ending[][] = [[]];

  constructor(words: readonly OwnedWord[]) {
    const parents: { readonly parent: number; readonly unit: number }[] = [{ parent: 0, unit: 0 }];
    for (const { word, owner } of words) {
      const { text } = normalise(word);
      let node = 0;
      for (let at = 0; at < text.length; at += 1) {
        const unit = text.charCodeAt(at);
        let next = this.#next.get(node * 65_536 + unit);
        if (next === undefined) {
          next = parents.length;
          parents.push({ parent: node, unit });
          this.#next.set(node * 65_536 + unit, next);
          this.#endings.push([]);
        }
        node = next;
      }
      this.#begins[text.charCodeAt(0)] = 1;
      const endings = this.#endings[node] ?? [];
      if (endings.length === 0) endings.push({ owners: new Set(), length: text.length });
      endings[0]?.owners.add(owner);
    }
    this.#link(parents);
  }

  /**
   * Words that no letter or digit runs on from, of those that stand next to it as it was written: of each word the first that
   * neither begins nor ends the text, at the least.
   */
  search(searched: Searched, onWord: OnWord): void {
    const { units, length } = searched;
    const found = new Set<Ending>();
    let node = 0;
    for (let at = 0; at < length; at += 1) {
      if (node === 0 && !this.#mayBegin(at, searched)) continue;
      node = this.#step(node, units[at] ?? 0);
      const endings = this.#endingsAt(node);
      const end = at + 1;
      if (endings.length === 0 || runsOnAt(end, searched)) continue;
      for (const ending of endings) {
        const start = end - ending.length;
        if (found.has(ending) || runsOnAt(start, searched)) continue;
        tell(ending, end, onWord);
        // Whatever comes before or after such a one, it stays one.
        if (start > 0 && end < length) found.add(ending);
      }
    }
  }

  #endingsAt(node: number): readonly Ending[] {
    return this.#endings[node] ?? none;
  }

  #mayBegin(at: number, searched: Searched): boolean {
    return this.#begins[searched.units[at] ?? 0] === 1 && !runsOnAt(at, searched);
  }

  #step(from: number, unit: number): number {
    for (let node = from; ; node = this.#shorter[node] ?? 0) {
      const next = this.#next.get(node * 65_536 + unit);
      if (next !== undefined) return next;
      if (node === 0) return 0;
    }
  }

  /** Breadth first, so that what is shorter is linked already. */
  #link(parents: readonly { readonly parent: number; readonly unit: number }[]): void {
    const depths = [0];
    for (let node = 1; node < parents.length; node += 1) depths.push((depths[parents[node]?.parent ?? 0] ?? 0) + 1);
    const nodes = parents.map((_, node) => node).toSorted((one, other) => (depths[one] ?? 0) - (depths[other] ?? 0));
    for (const node of nodes) {
      const { parent, unit } = parents[node] ?? { parent: 0, unit: 0 };
      const shorter = parent === 0 ? 0 : this.#step(this.#shorter[parent] ?? 0, unit);
      this.#shorter[node] = shorter;
      if (node > 0) this.#endings[node]?.push(...(this.#endings[shorter] ?? []));
    }
  }
}

const none: readonly Ending[] = [];

function tell({ owners, length }: Ending, end: number, onWord: OnWord): void {
  for (const owner of owners) onWord(owner, end - length, end);
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
