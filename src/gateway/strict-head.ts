// What a request's head must be before anything else is made of it. Node's parser is the strict one (a length beside chunks,
// a bare line feed, a folded line end there); this refuses what it lets pass and what two readers could read in two ways: a
// header that decides and comes twice, a target that is no plain path, more headers than are counted.
import type { IncomingMessage } from "node:http";
import { Failure } from "../terms/failure.ts";

/** Bounds of a head and of the time it takes, for node:http. */
export const requestBounds = {
  requestTimeout: 60_000,
  headersTimeout: 10_000,
  /** Bytes of a head, all its lines together. */
  maxHeaderSize: 16 * 1024,
  insecureHTTPParser: false,
  /** Looked at here: Node answers that one itself, and goes on with what stands behind it. */
  requireHostHeader: false,
  /** Lines of a head; one more and it is refused, as the parser says nothing of those it drops. */
  headersMax: 100,
} as const;

/** Headers that decide who asks, or where a request ends: each at most once. */
const once: ReadonlyMap<string, number> = new Map(
  [
    "host",
    "authorization",
    "x-api-key",
    "x-headgate-item",
    "content-length",
    "transfer-encoding",
    "content-type",
    "content-encoding",
  ].map((name, at) => [name, 1 << at]),
);
const hostBit = once.get("host") ?? 0;

/** Fails with request_invalid. */
export function checkHead({ rawHeaders, url }: Pick<IncomingMessage, "rawHeaders" | "url">): void {
  if (rawHeaders.length / 2 >= requestBounds.headersMax) {
    throw invalid(`A request has fewer than ${requestBounds.headersMax} headers.`);
  }
  /** A bit for each of `once`. */
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    const bit = once.get(name) ?? 0;
    if ((seen & bit) !== 0) throw invalid(`The header ${name} comes twice: which one counts?`);
    seen |= bit;
  }
  if ((seen & hostBit) === 0) throw invalid("The header host is missing.");
  const target = url ?? "";
  // `http://host/…` names a second host beside the Host header's, and `//host/…` is read as one by some.
  if (!target.startsWith("/") || target.startsWith("//")) throw invalid("The target of a request is a path from / on.");
}

/** Whether it was the head that was refused. */
export function isBadHead(error: unknown): boolean {
  return error instanceof Failure && error.detail["head"] === true;
}

function invalid(message: string): Failure {
  return new Failure("request_invalid", message, { detail: { head: true } });
}
