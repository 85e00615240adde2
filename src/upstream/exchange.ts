// One HTTP request to an upstream and its answer, read piece by piece. On undici's `dispatch` and not on `request` or
// `fetch`: that is the fastest of the three by far, its abort closes the socket at once, and it lets us bound everything
// the far end controls: bytes, waiting times, and how much lies here unread.
import type { Dispatcher, Pool } from "undici";
import { Failure } from "../terms/failure.ts";
import {
  type ExchangeBounds,
  type ExchangeHead,
  type ExchangeRequest,
  type Headers,
  type Phase,
  abandoned,
  asFailure,
  dispatch,
  headOf,
  timeout,
  tooLong,
} from "./exchange-request.ts";
import type { StopSignal } from "./stop.ts";

/** Bytes that may lie unread before the upstream is told to wait. */
const unreadBytesMax = 64 * 1024;

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #bounds: ExchangeBounds;
  readonly #signal: StopSignal;
  readonly #deadlineAt: number;
  #controller: Dispatcher.DispatchController | undefined;
  #head: ExchangeHead | undefined;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #bytes = 0;
  #isPaused = false;
  #isEnded = false;
  #failure: Failure | undefined;
  /** Set while somebody waits. */
  #wake: (() => void) | undefined;
  /** One for all waits: a stream waits once a token, and mostly for as long. */
  #timer: NodeJS.Timeout | undefined;
  #timerMs = 0;
  #phase: Phase = "headers";

  constructor(pool: Pool, request: ExchangeRequest, options: { bounds: ExchangeBounds; signal: StopSignal }) {
    this.#bounds = options.bounds;
    this.#signal = options.signal;
    this.#deadlineAt = performance.now() + options.bounds.totalMsMax;
    if (options.signal.aborted) {
      this.#onAbort();
      return;
    }
    options.signal.addEventListener("abort", this.#onAbort);
    dispatch(pool, request, this);
  }

  /** Status and content type. Throws `upstream_timeout` after `msMax`. */
  async head(msMax: number): Promise<ExchangeHead> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#head !== undefined) return this.#head;
      await this.wait(msMax, "headers");
    }
  }

  /** The next piece of the body that is here, `end` after the last, undefined where it has to be waited for. */
  take(): Buffer | "end" | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    const piece = this.#unread.shift();
    if (piece === undefined) return this.#isEnded ? "end" : undefined;
    this.#unreadBytes -= piece.length;
    this.#resumeWhenRead();
    return piece;
  }

  /** Until something happens; `take` then says what: after `msMax`, at once when it is 0, a failure, `upstream_timeout`. */
  // Not async: every open stream waits here, and a frame of its own would cost more than the wait.
  wait(msMax: number, phase: Phase): Promise<void> {
    // The shorter of the phase's time and the whole exchange's ends it.
    const msLeft = this.#deadlineAt - performance.now();
    const ms = Math.max(0, Math.min(msLeft, msMax));
    this.#phase = msLeft < msMax ? "total" : phase;
    if (ms === 0) this.#fail(timeout(this.#phase));
    if (this.#failure !== undefined) return Promise.resolve();
    this.#alarmIn(ms);
    return new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** The whole body. */
  async rest(): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (;;) {
      const piece = this.take();
      if (piece === "end") return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
      if (piece === undefined) await this.wait(this.#bounds.totalMsMax, "idle");
      else pieces.push(piece);
    }
  }

  /** Done with it: an answer that is still coming is cut off and its socket closed at once. */
  close(): void {
    this.#leave();
    if (!this.#isEnded)
      this.#fail(new Failure("upstream_failed", "The exchange was left.", { detail: { why: "abandoned" } }));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    try {
      this.#head = headOf(status, headers);
    } catch (error) {
      this.#fail(asFailure(error, true));
      return;
    }
    // Pieces of the first packet, which would all stay in memory for as long as the exchange lasts.
    controller.rawHeaders = null;
    this.#wakeUp();
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#bounds.bytesMax) {
      this.#fail(tooLong(this.#bounds.bytesMax));
      return;
    }
    this.#unread.push(piece);
    this.#unreadBytes += piece.length;
    if (this.#unreadBytes > unreadBytesMax && !this.#isPaused) {
      this.#isPaused = true;
      controller.pause();
    }
    this.#wakeUp();
  }

  onResponseEnd(): void {
    this.#isEnded = true;
    this.#leave();
    this.#wakeUp();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#isEnded = true;
    this.#failure ??= asFailure(error, this.#head !== undefined);
    this.#leave();
    this.#wakeUp();
  }

  readonly #onAbort = (): void => {
    this.#fail(abandoned(this.#signal));
  };

  #fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#unread = [];
    this.#controller?.abort(this.#failure);
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Nothing comes any more that anybody waits for. */
  #leave(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    clearTimeout(this.#timer);
  }

  #resumeWhenRead(): void {
    if (!this.#isPaused || this.#unreadBytes > unreadBytesMax / 2) return;
    this.#isPaused = false;
    this.#controller?.resume();
  }

  #alarmIn(ms: number): void {
    if (this.#timer !== undefined && ms === this.#timerMs) {
      this.#timer.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timerMs = ms;
    this.#timer = setTimeout(() => {
      // It goes off as well while a slow caller is waited for, and not the server.
      if (this.#wake !== undefined) this.#fail(timeout(this.#phase));
    }, ms);
  }
}
