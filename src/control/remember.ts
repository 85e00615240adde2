// Answers that anyone may ask for are made once for a short while: judging a model checks hundreds of signatures, and a
// bundle is large. Callers put the ledger's size into the key, so that no answer outlives what it was made from.

const rememberedMs = 2_000;
const answersMax = 32;

export type Memory<T> = (key: string, make: () => Promise<T>) => Promise<T>;

/** A memory of answers by key; one that failed is forgotten at once. `now` in milliseconds. */
export function createMemory<T>(now: () => number): Memory<T> {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<T> }>();
  return async (key, make) => {
    const found = kept.get(key);
    if (found !== undefined && now() < found.until) return found.answer;
    if (kept.size >= answersMax) kept.clear();
    const answer = make();
    kept.set(key, { until: now() + rememberedMs, answer });
    answer.catch(() => {
      kept.delete(key);
    });
    return answer;
  };
}
