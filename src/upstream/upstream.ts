// What the gateway knows of a model server, whatever its dialect, or of several that serve one model. A call may be tried
// more than once; before every attempt the asker is asked, so that the check is on the model really called.
import type { Digest } from "../terms/ids.ts";
import type { FailureCode } from "../terms/failure.ts";
import type { AnswerEvent, WholeAnswer } from "../wire/answer.ts";
import type { Call, CallField } from "../wire/call.ts";
import type { StopSignal } from "./stop.ts";

export type UpstreamHealth =
  | { readonly kind: "up" }
  | { readonly kind: "down"; readonly code: FailureCode; readonly message: string };

/**
 * Every method throws `upstream_failed`, `upstream_timeout` or `destination_refused`; `detail.why` is a closed word:
 * refused, redirect, garbage, too_long, cut, error_frame, status, overloaded, connect, abandoned, too_long_context,
 * unavailable.
 */
export interface Upstream {
  /** The first part of a call that the server cannot be asked for: to be refused before it is sent, not dropped. */
  readonly lacks: (call: Call) => CallField | undefined;
  readonly complete: (call: Call, signal: StopSignal, asking?: Asking) => Promise<WholeAnswer>;
  /** Nothing is sent before it is first read. */
  readonly stream: (call: Call, signal: StopSignal, asking?: Asking) => AnswerStream;
  /** Tokens of what would be asked, where the server counts them: it reads the texts, and says nothing. */
  readonly count?: (call: Call, signal: StopSignal, asking?: Asking) => Promise<number>;
  /** What was measured of the model that answers: nothing for a server that others run. */
  readonly measure: () => Promise<{ readonly weights?: Digest }>;
  readonly health: () => Promise<UpstreamHealth>;
  readonly close: () => Promise<void>;
}

/**
 * A streamed answer as it comes: what is here is taken, and only where nothing is, somebody waits, in one place for all layers
 * between server and caller. Each layer that waited by itself would cost an open stream half a kilobyte, and each event a turn.
 */
export interface AnswerStream {
  /**
   * The next events that are here, at least one; `end` once the answer is whole; undefined where they have to be waited for.
   * Throws where the answer ends early, but not before what was read until then was taken.
   */
  readonly take: () => readonly AnswerEvent[] | "end" | undefined;
  /** After `take` gave undefined: until it may give more. Never rejects. */
  readonly wait: () => Promise<void>;
  /** Done with it: where the answer is still coming, its connection closes at once. */
  readonly close: () => void;
}

/** The next events, at least one; undefined once the answer is whole, and a failure where it ends early. */
export async function nextEvents(stream: AnswerStream): Promise<readonly AnswerEvent[] | undefined> {
  let events = stream.take();
  for (; events === undefined; events = stream.take()) await stream.wait();
  return events === "end" ? undefined : events;
}

/** The events one by one; leaving the loop closes the stream. */
export async function* eachEvent(stream: AnswerStream): AsyncGenerator<AnswerEvent, void, void> {
  try {
    for (let events = await nextEvents(stream); events !== undefined; events = await nextEvents(stream)) yield* events;
  } finally {
    stream.close();
  }
}

/** The same stream; `count` is told 1 as it begins and -1 as it is over. */
export function counted(open: () => AnswerStream, count: (change: 1 | -1) => void): AnswerStream {
  let stream: AnswerStream | undefined;
  let isOver = false;
  const close = (): void => {
    if (!isOver && stream !== undefined) count(-1);
    isOver = true;
    stream?.close();
  };
  const begin = (): AnswerStream => {
    const begun = open();
    count(1);
    return begun;
  };
  return {
    take: () => {
      if (isOver) return "end";
      stream ??= begin();
      try {
        const events = stream.take();
        if (events === "end") close();
        return events;
      } catch (error) {
        close();
        throw error;
      }
    },
    wait: () => stream?.wait() ?? Promise.resolve(),
    close,
  };
}

/** What goes with a call and is no part of it. */
export interface Asking {
  /** Asked right before every attempt, with the server's place in the Model document; what it throws ends the call. */
  readonly beforeAttempt: (member: number) => void;
  /** Keeps the server's prompt cache apart by organisation; sent only where the document says so. */
  readonly cacheSalt: () => string;
  /** What is left for this attempt where others went before it; else the bounds' own total holds. */
  readonly totalMsMax?: number;
  /** Where requests are traced: the header of W3C Trace Context. */
  readonly traceparent?: string;
}

export interface UpstreamBounds {
  /** Until the head of a stream's answer; a whole answer has no head before it is done, so there `totalMsMax` holds. */
  readonly headersMsMax: number;
  /** From the head until the first event that carries something. */
  readonly firstTokenMsMax: number;
  /** Between any two pieces of a stream, while we are waiting for it and not it for us. */
  readonly idleMsMax: number;
  readonly totalMsMax: number;
  readonly healthMsMax: number;
  readonly responseBytesMax: number;
  readonly streamBytesMax: number;
  readonly lineBytesMax: number;
  readonly eventBytesMax: number;
  /** Exchanges under way with one upstream; more are refused at once. */
  readonly exchangesMax: number;
}

export const upstreamBounds: UpstreamBounds = {
  headersMsMax: 60_000,
  firstTokenMsMax: 60_000,
  idleMsMax: 30_000,
  totalMsMax: 600_000,
  healthMsMax: 3_000,
  responseBytesMax: 16 * 1024 * 1024,
  streamBytesMax: 64 * 1024 * 1024,
  lineBytesMax: 1024 * 1024,
  eventBytesMax: 1024 * 1024,
  exchangesMax: 8_192,
};
