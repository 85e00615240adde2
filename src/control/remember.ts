// Answers that anyone may ask for are made once for a short while: judging a model checks hundreds of signatures, and a
// bundle is large. Callers put the ledger's size into the key, so that no answer outlives what it was made from.

const rememberedMs = 2_000;
const answersMax = 32;

export type Memory<T> = (key: string, make: () => Promise<T>) => Promise<T>;

interface Remembered<T> {
  readonly answer: Promise<T>;
  /** While it is made, everybody who asks waits for it: however slow it is, it is made once at a time. */
  until: number;
}

/** A memory of answers by key; one that failed is forgotten at once. `now` in milliseconds. */
export function createMemory<T>(now: () => number): Memory<T> {
  const kept = new Map<string, Remembered<T>>();
  return async (key, make) => {
    const found = kept.get(key);
    if (found !== undefined && now() < found.until) return found.answer;
    kept.delete(key);
    const [oldest] = kept.keys();
    if (kept.size >= answersMax && oldest !== undefined) kept.delete(oldest);
    const one: Remembered<T> = { answer: make(), until: Number.POSITIVE_INFINITY };
    kept.set(key, one);
    one.answer.then(
      () => {
        one.until = now() + rememberedMs;
      },
      () => {
        if (kept.get(key) === one) kept.delete(key);
      },
    );
    return one.answer;
  };
}
