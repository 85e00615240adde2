// Long work one piece at a time, with a pause as long as the work after each step: reading a large prompt keeps the event
// loop busy for some 50 ms in all, and at once it would keep leases from being renewed and holds from being heard.
export interface Turns {
  /** What `work` gives, once it was its turn and all its steps are done. What it throws ends its turn. */
  readonly take: <T>(work: () => Generator<void, T, void>) => Promise<T>;
}

export function createTurns(): Turns {
  let free: Promise<void> = Promise.resolve();
  return {
    take: async (work) => {
      const { promise: done, resolve } = Promise.withResolvers<void>();
      const before = free;
      free = done;
      await before;
      const pace = { startedAt: performance.now() };
      try {
        return await through(work(), pace);
      } finally {
        void pause(performance.now() - pace.startedAt).then(resolve);
      }
    },
  };
}

async function through<T>(steps: Generator<void, T, void>, pace: { startedAt: number }): Promise<T> {
  for (;;) {
    pace.startedAt = performance.now();
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause(performance.now() - pace.startedAt);
  }
}

/** At least until the loop has looked at its sockets once: the timer alone may be over before. */
async function pause(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    if (milliseconds < 1) setImmediate(resolve);
    else setTimeout(() => setImmediate(resolve), milliseconds);
  });
}
