// Makes release cards in a thread, one after the other, and keeps the newest few: a card says the same until the ledger grows.
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { Failure, type FailureCode, httpStatus } from "../terms/failure.ts";
import type { Instant } from "../terms/ids.ts";

/** Cards that are kept, of a megabyte or so each. */
const cardsKept = 4;
/** Cards that wait to be made; more are refused. */
const waitingMax = 16;
const cardMsMax = 50_000;
/** Megabytes that a thread may take before it is ended. */
const memoryMbMax = 1024;

export interface CardDesk {
  /**
   * The card by a name that holds the ledger's size; `bundle` is called where it has to be made. Fails with store_unavailable where too many
   * wait or it takes too long, and with proof_invalid where the bundle does not verify.
   */
  readonly card: (name: string, at: Instant, bundle: () => Promise<Uint8Array>) => Promise<Uint8Array<ArrayBuffer>>;
}

const Said = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("card"), card: z.instanceof(Uint8Array) }),
  z.object({ kind: z.literal("failed"), code: z.string(), message: z.string() }),
]);

export function createCardDesk(make = cardInThread): CardDesk {
  const kept = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function made(at: Instant, bundle: () => Promise<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
    if (waiting >= waitingMax)
      throw new Failure("store_unavailable", "Many release cards are being made. Ask again in a minute.");
    waiting += 1;
    const before = last;
    const one = (async () => {
      await before;
      return make(await bundle(), at);
    })();
    last = one.catch(() => undefined);
    try {
      return await one;
    } finally {
      waiting -= 1;
    }
  }

  return {
    card: async (name, at, bundle) => {
      const known = kept.get(name);
      if (known !== undefined) return known;
      const one = made(at, bundle);
      kept.set(name, one);
      for (const oldest of kept.keys()) if (kept.size > cardsKept) kept.delete(oldest);
      one.catch(() => {
        if (kept.get(name) === one) kept.delete(name);
      });
      return one;
    },
  };
}

async function cardInThread(bundle: Uint8Array, at: Instant): Promise<Uint8Array<ArrayBuffer>> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const thread = new Worker(new URL("card-thread.ts", import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: memoryMbMax },
    workerData: { bundle, at },
  });
  thread.unref();
  const late = (): void => {
    reject(new Failure("store_unavailable", "Making this release card took too long. Use headgate bundle --html."));
  };
  const timer = setTimeout(late, cardMsMax).unref();
  thread.on("message", (message: unknown) => {
    const said = Said.parse(message);
    if (said.kind === "card") resolve(said.card.slice());
    else reject(new Failure(isCode(said.code) ? said.code : "store_unavailable", said.message));
  });
  const over = (): void => {
    reject(new Failure("store_unavailable", "The thread that makes release cards met an error. Ask again."));
  };
  thread.on("error", over);
  thread.on("exit", over);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

function isCode(code: string): code is FailureCode {
  return Object.hasOwn(httpStatus, code);
}
