// One HTTP request to an upstream whose answer is wanted whole, as most are: one promise, one timer, and nothing of exchange.ts's
// reading piece by piece. The same bounds hold: bytes, total time, and an abort that closes the socket at once.
import type { Dispatcher, Pool } from "undici";
import type { Failure } from "../terms/failure.ts";
import {
  type ExchangeBounds,
  type ExchangeHead,
  type ExchangeRequest,
  type Headers,
  abandoned,
  asFailure,
  brokenOff,
  dispatch,
  headOf,
  timeout,
  tooLong,
} from "./exchange-request.ts";
import type { StopSignal } from "./stop.ts";

export interface WholeOptions {
  readonly bounds: ExchangeBounds;
  readonly signal: StopSignal;
  /** Looks at the head before a byte of the body is taken; what it throws ends the exchange. */
  readonly check: (head: ExchangeHead) => void;
}

export interface WholeReply {
  readonly head: ExchangeHead;
  readonly body: Buffer;
}

/** Throws a Failure: `upstream_timeout`, `upstream_failed`, what `check` threw, or the signal's reason. */
export function askWhole(pool: Pool, request: ExchangeRequest, options: WholeOptions): Promise<WholeReply> {
  return new Promise((resolve, reject) => {
    const exchange = new WholeExchange(options, { resolve, reject });
    if (options.signal.aborted) exchange.fail(abandoned(options.signal));
    else dispatch(pool, request, exchange);
  });
}

interface Settling {
  readonly resolve: (reply: WholeReply) => void;
  readonly reject: (failure: Failure) => void;
}

class WholeExchange implements Dispatcher.DispatchHandler {
  readonly #options: WholeOptions;
  readonly #settling: Settling;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #head: ExchangeHead | undefined;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #failure: Failure | undefined;
  #isOver = false;

  constructor(options: WholeOptions, settling: Settling) {
    this.#options = options;
    this.#settling = settling;
    this.#timer = setTimeout(() => {
      this.fail(timeout("total"));
    }, options.bounds.totalMsMax);
    options.signal.addEventListener("abort", this.#onAbort);
  }

  /** The first failure counts; the socket is closed with it. */
  fail(failure: Failure): void {
    this.#failure ??= failure;
    this.#pieces = [];
    if (!this.#end()) return;
    this.#settling.reject(this.#failure);
    this.#controller?.abort(this.#failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(this.#failure);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    try {
      this.#head = headOf(status, headers);
      this.#options.check(this.#head);
    } catch (error) {
      this.fail(asFailure(error, true));
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    const { bytesMax } = this.#options.bounds;
    this.#bytes += piece.length;
    if (this.#bytes > bytesMax) this.fail(tooLong(bytesMax));
    else if (!this.#isOver) this.#pieces.push(piece);
  }

  onResponseEnd(): void {
    const [first] = this.#pieces;
    const head = this.#head;
    if (head === undefined) this.fail(brokenOff());
    else if (this.#end()) {
      const body = first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
      this.#settling.resolve({ head, body });
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(asFailure(error, this.#head !== undefined));
  }

  readonly #onAbort = (): void => {
    this.fail(abandoned(this.#options.signal));
  };

  /** Whether this is its end; there is only one. */
  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    return true;
  }
}
