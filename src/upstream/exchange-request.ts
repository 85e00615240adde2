// How a request to an upstream begins, what the head of its answer says, and how it fails: the same whether the answer is read
// piece by piece (exchange.ts) or taken whole (whole-exchange.ts). Functions, so that neither holds an object for it.
import type { Dispatcher, Pool } from "undici";
import { Failure, failureCode } from "../terms/failure.ts";

export interface ExchangeRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Name and value in turn. */
  readonly headers: string[];
  readonly body?: string;
}

export interface ExchangeBounds {
  readonly bytesMax: number;
  readonly totalMsMax: number;
}

export interface ExchangeHead {
  readonly status: number;
  readonly contentType: string;
  /** Of a header `retry-after` in whole seconds, bounded; dates are not read. */
  readonly retryAfterSeconds: number | undefined;
}

export type Phase = "headers" | "first token" | "idle" | "total";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Sends it. What becomes of it, the handler is told; it is never sent twice. */
export function dispatch(pool: Pool, request: ExchangeRequest, handler: Dispatcher.DispatchHandler): void {
  const { method, path, headers, body = null } = request;
  pool.dispatch({ method, path, headers, body, idempotent: false }, handler);
}

/** Why it was given up: the signal's own Failure, where it has one. */
export function abandoned({ reason }: { readonly reason: unknown }): Failure {
  if (reason instanceof Failure) return reason;
  return new Failure("upstream_failed", "The request was given up.", { cause: reason, detail: { why: "abandoned" } });
}

/** Throws `upstream_failed` for an answer that is compressed. */
export function headOf(status: number, headers: Headers): ExchangeHead {
  if ((headers["content-encoding"] ?? "identity") !== "identity") {
    throw broken("The upstream compressed its answer although it was asked not to.", "garbage");
  }
  const retryAfterSeconds = secondsIn(headers["retry-after"]);
  return { status, contentType: String(headers["content-type"] ?? ""), retryAfterSeconds };
}

/** Longest rest that a server can ask for, in seconds. */
const retryAfterSecondsMax = 3_600;

function secondsIn(header: string | string[] | undefined): number | undefined {
  if (typeof header !== "string" || !/^\d{1,9}$/.test(header)) return undefined;
  return Math.min(Number(header), retryAfterSecondsMax);
}

export function timeout(phase: Phase): Failure {
  return new Failure("upstream_timeout", `The upstream was too slow (${phase}).`, {
    detail: { phase: phase.replace(" ", "_") },
  });
}

export function asFailure(error: unknown, hasHead: boolean): Failure {
  if (failureCode(error) !== undefined && error instanceof Failure) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "UND_ERR_CONNECT_TIMEOUT") {
    return new Failure("upstream_timeout", "The upstream took no connection in time.", {
      cause: error,
      detail: { phase: "connect" },
    });
  }
  return hasHead
    ? brokenOff(error)
    : broken("The upstream cannot be reached, or closed the connection before it answered.", "connect", error);
}

export function brokenOff(cause?: unknown): Failure {
  return broken("The upstream broke off its answer.", "cut", cause);
}

export function tooLong(bytesMax: number): Failure {
  return broken(`The upstream's answer is longer than ${bytesMax} bytes.`, "too_long");
}

function broken(message: string, why: string, cause?: unknown): Failure {
  return new Failure("upstream_failed", message, { detail: { why }, ...(cause === undefined ? {} : { cause }) });
}
