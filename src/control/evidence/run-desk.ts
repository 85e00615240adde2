// Asks the thread that has sealed runs open, and sends it those that it lacks. The thread begins with the first question and keeps no
// process alive; one that died, or takes too long, is ended, and the next question begins another.
import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { Evidence } from "../../acts/state.ts";
import { readSuite, type Records } from "../../release/records.ts";
import { Failure, httpStatus, type FailureCode } from "../../terms/failure.ts";
import type { Digest } from "../../terms/ids.ts";
import { type Question, Reply, type ToThread } from "./run-questions.ts";

/** Questions that wait for an answer; more are refused. */
const waitingMax = 64;
/** For one answer; opening the largest run takes some ten seconds on a slow machine. */
const answerMsMax = 120_000;
/** Bytes that open runs take in the thread, as they are reckoned there. */
const runsBytesUsual = 512 * 1024 * 1024;
/** Megabytes that the thread may take before it is ended. */
const memoryMbMax = 2048;

type Distribute<Q, K extends string> = Q extends unknown ? Omit<Q, K> : never;
/** What is asked; whom of is said beside it. */
type Asked = Distribute<Question, "id" | "kind" | "runs">;

export interface RunDesk {
  /** What the thread answers to a question about one run, or about two. Fails with artefact_missing, proof_invalid, not_found or store_unavailable. */
  readonly ask: (runs: readonly Evidence[], asked: Asked) => Promise<unknown>;
  /** Whoever took an export wants no more of it. */
  readonly endExport: (id: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Waiting extends PromiseWithResolvers<Reply> {
  readonly timer: NodeJS.Timeout;
}

export function openRunDesk(records: Records, runsBytesMax = runsBytesUsual): RunDesk {
  const thread = new Thread(runsBytesMax);
  const loading = new Map<Digest, Promise<void>>();

  async function load({ act, body }: Evidence): Promise<void> {
    const suite = await records.artefact(body.digests.suite);
    const { content } = await readSuite(records, body.digests.suite);
    const pinned = body.permit === null ? undefined : content?.digest;
    const items = pinned === undefined ? null : await records.artefact(pinned);
    const sealed = await records.artefact(body.samples.artefact);
    valueOf(await thread.send({ kind: "load", run: act, said: body.samples, sealed, suite, items }));
  }

  /** Those who ask for the same run at once wait for one opening. */
  async function loaded(evidence: Evidence): Promise<void> {
    const begun = loading.get(evidence.act) ?? load(evidence);
    loading.set(evidence.act, begun);
    try {
      await begun;
    } finally {
      loading.delete(evidence.act);
    }
  }

  return {
    ask: async (runs, asked) => {
      const acts = runs.map(({ act }) => act);
      for (let tries = 0; tries <= 2 * runs.length; tries += 1) {
        const reply = await thread.send({ ...asked, kind: "ask", runs: acts });
        const missing = reply.kind === "missing" ? runs.find(({ act }) => act === reply.run) : undefined;
        if (missing === undefined) return valueOf(reply);
        await loaded(missing);
      }
      throw new Failure("store_unavailable", runs.length === 1 ? crowded : tooLarge);
    },
    endExport: async (id) => {
      await thread.send({ kind: "end-export", export: id });
    },
    close: async () => thread.end("The server stops."),
  };
}

const crowded = "Others look at runs that leave this one no room. Try again in a moment.";
const tooLarge = "These runs are too large to be open together here. Compare them with headgate eval compare.";

/** The thread that is, or that the next message begins. */
class Thread {
  readonly #waiting = new Map<number, Waiting>();
  readonly #runsBytesMax: number;
  #worker: Worker | undefined;
  #next = 0;

  constructor(runsBytesMax: number) {
    this.#runsBytesMax = runsBytesMax;
  }

  async send(message: Distribute<ToThread, "id">): Promise<Reply> {
    if (this.#waiting.size >= waitingMax)
      throw new Failure("store_unavailable", "Too many look at runs at once. Try again in a moment.");
    const id = this.#next;
    this.#next += 1;
    const timer = setTimeout(() => {
      void this.end("Opening this run took too long. Ask again.");
    }, answerMsMax);
    timer.unref();
    const one: Waiting = { ...Promise.withResolvers<Reply>(), timer };
    this.#waiting.set(id, one);
    this.#running().postMessage({ ...message, id }, []);
    return one.promise;
  }

  async end(why: string): Promise<void> {
    const ended = this.#worker;
    this.#worker = undefined;
    for (const one of this.#waiting.values()) {
      clearTimeout(one.timer);
      one.reject(new Failure("store_unavailable", why));
    }
    this.#waiting.clear();
    await ended?.terminate();
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const begun = new Worker(new URL("run-thread.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: memoryMbMax },
      workerData: { runsBytesMax: this.#runsBytesMax },
    });
    begun.unref();
    begun.on("message", (message: unknown) => {
      this.#answered(message);
    });
    // One that was ended for another has nothing more to say.
    const over = (): void => {
      if (this.#worker === begun)
        void this.end("The thread that opens runs met an error, or ran out of memory. Ask again.");
    };
    begun.on("error", over);
    begun.on("exit", over);
    this.#worker = begun;
    return begun;
  }

  #answered(message: unknown): void {
    const { id } = z.object({ id: z.number() }).parse(message);
    const one = this.#waiting.get(id);
    if (one === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(one.timer);
    one.resolve(Reply.parse(message));
  }
}

function valueOf(reply: Reply): unknown {
  if (reply.kind === "value") return reply.value;
  if (reply.kind === "missing") throw new Failure("store_unavailable", "The run was closed again. Ask again.");
  throw new Failure(isCode(reply.code) ? reply.code : "store_unavailable", reply.message);
}

function isCode(code: string): code is FailureCode {
  return Object.hasOwn(httpStatus, code);
}
