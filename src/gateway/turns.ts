// Long work one piece at a time, with a pause as long as the work after each: reading a large prompt keeps the event loop
// busy for a good part of a second, and one after another would keep leases from being renewed and holds from being heard.
export interface Turns {
  /** What `work` gives, once it was its turn. */
  readonly take: <T>(work: () => T) => Promise<T>;
}

export function createTurns(): Turns {
  let free: Promise<void> = Promise.resolve();
  return {
    take: async (work) => {
      const { promise: done, resolve } = Promise.withResolvers<void>();
      const before = free;
      free = done;
      await before;
      const startedAt = performance.now();
      try {
        return work();
      } finally {
        // The timer alone may be over before the loop has looked at its sockets once.
        setTimeout(() => setImmediate(resolve), performance.now() - startedAt);
      }
    },
  };
}
