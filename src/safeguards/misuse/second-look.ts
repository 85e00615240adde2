// Asks the encoder, which runs in a thread of its own, about windows that the cheap views leave in doubt. Everything is
// bounded: windows under way, time, memory of earlier answers. What goes wrong is a cause, never an answer.
import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { UnknownCause } from "../../terms/finding.ts";
import { Lines } from "./lines.ts";

export interface SecondLook {
  /** The logits for the word pieces of each window of one text of a caller's, in order, or why there are none. */
  readonly ask: (windows: readonly Uint16Array[], caller: string) => Promise<Answer>;
}

type Answer =
  | { readonly kind: "asked"; readonly logits: readonly Float32Array[] }
  | { readonly kind: "unknown"; readonly cause: UnknownCause };

/** Where the weights are, and the SHA-256 that they must have. */
export interface EncoderFile {
  readonly file: string;
  readonly sha256: string;
}

/**
 * Windows that wait for an answer, over all callers; more are refused as overloaded, or whatever came last of the caller who
 * has the most waiting, where who asks has less: so none can take another's share. 10 to 100 ms each, by length.
 */
export const waitingMax = 1024;
/** Windows of one text. */
export const windowsMax = 512;
/** For all windows of a text; what is not read by then is unknown. */
const waitMsMax = 30_000;
/** For one window; a thread that takes longer is ended, and a new one started on the next question. */
const windowMsMax = 10_000;
/** A thread that nobody asks for so long is ended. */
const idleMsMax = 600_000;
/** Windows that the thread has at once: the one it reads and the next, so that it need not wait for it. */
const inHandMax = 2;
/** Answers kept, so that a conversation sent again is not read again: by the same caller, or others could tell by the time. */
const keptMax = 2048;

const Reply = z.strictObject({ id: z.number(), logits: z.instanceof(Float32Array) });

/** Why no answer came. */
class Stopped extends Error {
  readonly why: UnknownCause;
  constructor(why: UnknownCause) {
    super(why);
    this.why = why;
  }
}

/** Starts the thread on the first question; it keeps no process alive. */
export function secondLookAt(encoder: EncoderFile): SecondLook {
  const kept = new Map<string, Float32Array>();
  const thread = new Thread(encoder);
  const keep = (key: string, logits: Float32Array): void => {
    const [oldest] = kept.keys();
    if (kept.size >= keptMax && oldest !== undefined) kept.delete(oldest);
    kept.set(key, logits);
  };
  return {
    ask: async (windows, caller) => {
      const keys = windows.map((pieces) => `${caller} ${keyOf(pieces)}`);
      const known = keys.map((key) => kept.get(key));
      const asked = windows.filter((_, at) => known[at] === undefined);
      if (asked.length > windowsMax) return { kind: "unknown", cause: "overloaded" };
      try {
        const answers = (await thread.ask(asked, caller)).values();
        const logits = known.map((before, at) => {
          const now = before ?? answers.next().value ?? new Float32Array();
          if (before === undefined) keep(keys[at] ?? "", now);
          return now;
        });
        return { kind: "asked", logits };
      } catch (cause) {
        return { kind: "unknown", cause: cause instanceof Stopped ? cause.why : "failed" };
      }
    },
  };
}

function keyOf(pieces: Uint16Array): string {
  return Buffer.from(pieces.buffer, pieces.byteOffset, pieces.byteLength).toString("latin1");
}

interface Job extends PromiseWithResolvers<Float32Array> {
  readonly pieces: Uint16Array;
}

class Thread {
  readonly #encoder: EncoderFile;
  readonly #lines = new Lines<Job>();
  readonly #inHand = new Map<number, Job & { readonly timer: NodeJS.Timeout }>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #handed = 0;

  constructor(encoder: EncoderFile) {
    this.#encoder = encoder;
  }

  /** Throws Stopped. */
  async ask(windows: readonly Uint16Array[], caller: string): Promise<Float32Array[]> {
    if (windows.length === 0) return [];
    const jobs = windows.map((pieces): Job => ({ pieces, ...Promise.withResolvers<Float32Array>() }));
    const given = this.#lines.room(caller, jobs.length, waitingMax - this.#inHand.size);
    if (given === undefined) throw new Stopped("overloaded");
    for (const { reject } of given) reject(new Stopped("overloaded"));
    const timer = setTimeout(() => {
      for (const job of jobs) job.reject(new Stopped("timeout"));
    }, waitMsMax);
    const leave = this.#lines.add(caller, jobs);
    try {
      this.#handOver();
      return await Promise.all(jobs.map(async ({ promise }) => promise));
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  #handOver(): void {
    while (this.#inHand.size < inHandMax) {
      const job = this.#lines.next();
      if (job === undefined) return;
      const worker = this.#worker ?? this.#start();
      this.#handed += 1;
      const timer = setTimeout(() => {
        this.#end(worker, "timeout");
      }, windowMsMax);
      this.#inHand.set(this.#handed, { ...job, timer });
      worker.ref();
      worker.postMessage({ id: this.#handed, pieces: job.pieces }, []);
    }
  }

  #start(): Worker {
    const worker = new Worker(new URL("encoder-worker.ts", import.meta.url), { workerData: this.#encoder, env: {} });
    this.#worker = worker;
    const lost = (): void => {
      this.#end(worker, "failed");
    };
    worker.on("error", lost).on("exit", lost);
    worker.on("message", (message: unknown) => {
      this.#take(worker, message);
    });
    return worker;
  }

  #take(worker: Worker, message: unknown): void {
    const reply = Reply.safeParse(message);
    const job = reply.success ? this.#inHand.get(reply.data.id) : undefined;
    if (!reply.success || job === undefined) return;
    clearTimeout(job.timer);
    this.#inHand.delete(reply.data.id);
    job.resolve(reply.data.logits);
    this.#handOver();
    if (this.#inHand.size > 0) return;
    worker.unref();
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#inHand.size === 0) this.#end(worker, "failed");
    }, idleMsMax).unref();
  }

  /** Ends the thread; whatever waits for it has no answer. */
  #end(worker: Worker, why: UnknownCause): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    clearTimeout(this.#idle);
    const left = [...this.#inHand.values(), ...this.#lines.takeAll()];
    for (const { timer } of this.#inHand.values()) clearTimeout(timer);
    this.#inHand.clear();
    for (const { reject } of left) reject(new Stopped(why));
    void worker.terminate();
  }
}
