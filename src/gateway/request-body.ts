// The body of a request, read within bounds: of itself, of all that are being read, and of those of one caller, so that no
// caller's slow bodies keep the others' out, and nobody's keep a hold out.
import type { IncomingMessage } from "node:http";
import { Failure } from "../terms/failure.ts";

/** Bytes of bodies that are being read, and of them those that count for one caller; more is asked to come again. */
export interface BodyBounds {
  readonly bytesMax: number;
  readonly callerBytesMax: number;
}

const callBounds: BodyBounds = { bytesMax: 256 * 1024 * 1024, callerBytesMax: 64 * 1024 * 1024 };
/** Whoever sends a hold is known only once it was read. */
const holdBounds: BodyBounds = { bytesMax: 16 * 1024 * 1024, callerBytesMax: 16 * 1024 * 1024 };

/** Bytes of bodies under way. */
export interface Bodies {
  readonly bounds: BodyBounds;
  bytes: number;
  readonly byCaller: Map<string, number>;
}

export function bodiesOfCalls(bounds: BodyBounds = callBounds): Bodies {
  return { bounds, bytes: 0, byCaller: new Map() };
}

export function bodiesOfHolds(): Bodies {
  return bodiesOfCalls(holdBounds);
}

export interface Reading {
  readonly request: IncomingMessage;
  /** The whole body was read, though the parser may not have said so yet. */
  isRead: boolean;
}

export interface BodyLimits {
  readonly bytesMax: number;
  readonly bodies: Bodies;
  /** Whose body it is. */
  readonly caller: string;
}

/** Fails with body_too_large, or gateway_closed where too much is being read already. */
export async function readBody(asked: Reading, limits: BodyLimits): Promise<Uint8Array> {
  // A short body came with its head, and is there as soon as the parser was left once. It is whole when it has the length
  // that was said, exactly; any other (in chunks, after `Expect`, empty, still coming) is waited for.
  await Promise.resolve();
  const { request } = asked;
  const { readableLength: bytes, headers } = request;
  if (Number(headers["content-length"] ?? 0) > limits.bytesMax) throw tooLarge(limits);
  if (bytes > limits.bytesMax || String(bytes) !== headers["content-length"]) return collectBody(request, limits);
  const body: unknown = request.read();
  if (!Buffer.isBuffer(body)) return collectBody(request, limits);
  asked.isRead = true;
  // Nothing is left of it but its end.
  request.resume();
  return body;
}

function tooLarge({ bytesMax }: BodyLimits): Failure {
  return new Failure("body_too_large", `A request has at most ${bytesMax} bytes.`);
}

async function collectBody(request: IncomingMessage, limits: BodyLimits): Promise<Uint8Array> {
  const { bytesMax, bodies, caller } = limits;
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of request) {
      if (!Buffer.isBuffer(part)) throw new Failure("request_invalid", "The body could not be read.");
      bytes += part.length;
      take(bodies, caller, part.length);
      if (bytes > bytesMax) throw tooLarge(limits);
      if (isTooMuch(bodies, caller)) {
        throw new Failure("gateway_closed", "", { detail: { reason: "backlog", retryAfterSeconds: 1 } });
      }
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch (cause) {
    // Whoever leaves in the middle of a body is no fault of ours: nobody is there to be told, and the log is not for it.
    throw request.complete || cause instanceof Failure
      ? cause
      : new Failure("request_invalid", "The body broke off.", { cause });
  } finally {
    take(bodies, caller, -bytes);
  }
}

function take(bodies: Bodies, caller: string, bytes: number): void {
  const now = (bodies.byCaller.get(caller) ?? 0) + bytes;
  bodies.bytes += bytes;
  if (now > 0) bodies.byCaller.set(caller, now);
  else bodies.byCaller.delete(caller);
}

function isTooMuch({ bounds, bytes, byCaller }: Bodies, caller: string): boolean {
  return bytes > bounds.bytesMax || (byCaller.get(caller) ?? 0) > bounds.callerBytesMax;
}
