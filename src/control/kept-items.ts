// The items of suites that were opened lately, by the digest of their document: near its bound a suite takes many seconds to
// open, and each judgement of a stage asks for it. Two who ask at once share one opening.
import type { CountedItem, ItemsMemory } from "../release/records.ts";
import type { Digest } from "../terms/ids.ts";

/** Items that are kept, of all suites together; some 200 bytes each. */
const itemsKeptMax = 250_000;

export function keptItems(itemsMax = itemsKeptMax): ItemsMemory {
  const kept = new Map<Digest, Promise<readonly CountedItem[]>>();
  const counts = new Map<Digest, number>();
  const drop = (suite: Digest): void => {
    kept.delete(suite);
    counts.delete(suite);
  };
  const makeRoom = (): void => {
    let total = 0;
    for (const count of counts.values()) total += count;
    for (const [suite, count] of counts) {
      if (total <= itemsMax) return;
      drop(suite);
      total -= count;
    }
  };
  return async (suite, make) => {
    const found = kept.get(suite);
    if (found !== undefined) {
      // Whoever was asked for last stays longest.
      const count = counts.get(suite);
      counts.delete(suite);
      if (count !== undefined) counts.set(suite, count);
      return found;
    }
    const making = make();
    kept.set(suite, making);
    try {
      const items = await making;
      counts.set(suite, items.length);
      makeRoom();
      return items;
    } catch (error) {
      drop(suite);
      throw error;
    }
  };
}
