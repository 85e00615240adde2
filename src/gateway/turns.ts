// Long work one piece at a time, with a pause as long as the work after each step: reading a large prompt keeps the event
// loop busy for some 50 ms in all, and at once it would keep leases from being renewed and holds from being heard. Callers
// take turns, so that one who sends many large prompts makes nobody else wait for all of them.
import { Lines } from "../safeguards/misuse/lines.ts";

export interface Turns {
  /** What `work` gives, once it was its turn and all its steps are done. What it throws ends its turn. */
  readonly take: <T>(work: () => Generator<void, T, void>, caller: string) => Promise<T>;
}

export function createTurns(): Turns {
  const lines = new Lines<() => Promise<void>>();
  let isWorking = false;

  async function workOn(): Promise<void> {
    if (isWorking) return;
    isWorking = true;
    for (let next = lines.next(); next !== undefined; next = lines.next()) await next();
    isWorking = false;
  }

  return {
    take: <T>(work: () => Generator<void, T, void>, caller: string) => {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const turn = async (): Promise<void> => {
        const pace = { startedAt: performance.now() };
        await through(work(), pace).then(resolve, reject);
        await pause(performance.now() - pace.startedAt);
      };
      lines.add(caller, [turn]);
      void workOn();
      return promise;
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
