// The shipped model in several processes, one thread each. Threads of one process wait for each other by spinning, which
// ruins all of them on a busy machine; processes do not, so two cores do twice the work of one.
import { Failure } from "../../terms/failure.ts";
import { type Upstream, counted } from "../../upstream/upstream.ts";

interface Worker {
  readonly upstream: Upstream;
  busy: number;
}

/** Opens `count` of the same upstream as one. Each request goes to whichever has least to do. */
export async function openSeveral(count: number, open: () => Promise<Upstream>): Promise<Upstream> {
  const workers: Worker[] = [];
  try {
    // One after another: the first may still have to fetch what the others then find.
    for (let at = 0; at < count; at++) workers.push({ upstream: await open(), busy: 0 });
  } catch (error) {
    await closeAll(workers);
    throw error;
  }
  return {
    lacks: (call) => leastBusy(workers).upstream.lacks(call),
    complete: async (call, signal, asking) => {
      const worker = leastBusy(workers);
      worker.busy += 1;
      try {
        return await worker.upstream.complete(call, signal, asking);
      } finally {
        worker.busy -= 1;
      }
    },
    stream: (call, signal, asking) => {
      const worker = leastBusy(workers);
      return counted(
        () => worker.upstream.stream(call, signal, asking),
        (change) => {
          worker.busy += change;
        },
      );
    },
    measure: async () => measureAll(workers),
    health: async () => {
      const all = await Promise.all(workers.map(async ({ upstream }) => upstream.health()));
      return all.find(({ kind }) => kind === "down") ?? { kind: "up" };
    },
    close: async () => {
      await closeAll(workers);
    },
  };
}

function leastBusy(workers: readonly Worker[]): Worker {
  const [first] = workers.toSorted((one, other) => one.busy - other.busy);
  if (first === undefined) throw new Failure("model_unavailable", "No process of the model runs.");
  return first;
}

/** What was measured is said only where every process loaded the same file. */
async function measureAll(workers: readonly Worker[]): ReturnType<Upstream["measure"]> {
  const [first, ...others] = await Promise.all(workers.map(async ({ upstream }) => upstream.measure()));
  if (first === undefined || others.some(({ weights }) => weights !== first.weights)) {
    throw new Failure("model_unavailable", "The processes of the model loaded different files. Start again.");
  }
  return first;
}

async function closeAll(workers: readonly Worker[]): Promise<void> {
  await Promise.all(workers.map(async ({ upstream }) => upstream.close()));
}
