// Bodies of requests. Whoever reaches the port may send a little; much only an active person, known by a pass before the
// first byte is read. What lies in memory at once is bounded, a slow sender is cut, and the shape of the JSON is counted
// before it is parsed: what costs time in JSON is the number of its parts, and the server has one thread.
import type { Context } from "hono";
import type { z } from "zod";
import { parseJson } from "../proof/canonical.ts";
import { Failure } from "../terms/failure.ts";
import { controlBodyBytesMax } from "./contract.ts";

/** Bytes that are taken without a pass: a join and a first root are smaller. */
export const strangerBytesMax = 128 * 1024;

/** Bytes of bodies held at once, and milliseconds a body may take to come. Small ones never wait behind large ones. */
const poolsDefault: Pools = {
  stranger: { heldBytesMax: 16 * 1024 * 1024, bodyMsMax: 10_000 },
  small: { heldBytesMax: 16 * 1024 * 1024, bodyMsMax: 10_000 },
  large: { heldBytesMax: 2 * controlBodyBytesMax, bodyMsMax: 60_000 },
};

type Pool = "stranger" | "small" | "large";
export type Pools = Readonly<Record<Pool, { readonly heldBytesMax: number; readonly bodyMsMax: number }>>;

/** Brackets, colons and commas outside strings; the largest statement has some four hundred. */
const partsMax = 1000;
const depthMax = 8;

interface Taking<T> {
  readonly type: z.ZodType<T>;
  readonly bytesMax: number;
}

export interface Bodies {
  /**
   * Reads and parses the body, and gives it to `use`; its bytes count as held until that is over. Fails with
   * body_too_large, session_missing (too large for a stranger), store_unavailable (too many at once) or request_invalid.
   */
  readonly take: <T, R>(context: Context, taking: Taking<T>, use: (value: T) => Promise<R>) => Promise<R>;
}

/** `isKnown` says whether the request bears the pass of an active person. */
export function createBodies(isKnown: (context: Context) => Promise<boolean>, pools: Pools = poolsDefault): Bodies {
  const held: Record<Pool, number> = { stranger: 0, small: 0, large: 0 };
  return {
    take: async (context, { type, bytesMax }, use) => {
      checkContentType(context);
      const length = lengthOf(context, bytesMax);
      const pool = poolFor(length, await isKnown(context));
      if (held[pool] + length > pools[pool].heldBytesMax) {
        throw new Failure("store_unavailable", "The server reads as many requests as it can just now. Try again soon.");
      }
      held[pool] += length;
      try {
        const bytes = await readWhole(context, length, pools[pool].bodyMsMax);
        return await use(parseBody(bytes, type));
      } finally {
        held[pool] -= length;
      }
    },
  };
}

/** A form of another site can send text, and no JSON, without asking first. */
function checkContentType(context: Context): void {
  const [type = ""] = (context.req.header("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== "application/json") {
    throw new Failure("request_invalid", "The body must be JSON: send the header content-type: application/json.");
  }
}

function lengthOf(context: Context, bytesMax: number): number {
  const text = context.req.header("content-length") ?? "";
  if (!/^\d{1,15}$/.test(text) || context.req.header("transfer-encoding") !== undefined) {
    throw new Failure("request_invalid", "Say how long the body is: send it whole, with the header content-length.");
  }
  const length = Number(text);
  if (length <= bytesMax) return length;
  throw new Failure("body_too_large", `A request to this route is at most ${bytesMax} bytes.`);
}

function poolFor(length: number, isKnown: boolean): Pool {
  if (length <= strangerBytesMax) return isKnown ? "small" : "stranger";
  if (isKnown) return "large";
  throw new Failure(
    "session_missing",
    `More than ${strangerBytesMax} bytes are taken from an admitted person only: --profile FILE. Check this machine's clock, too: a pass lives a minute.`,
  );
}

async function readWhole(context: Context, length: number, msMax: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const reader = context.req.raw.body?.getReader();
  if (reader === undefined) return bytes.subarray(0, 0);
  // Ends the read that waits; the sender's connection goes with it.
  const timer = setTimeout(() => {
    reader.cancel().catch(() => undefined);
  }, msMax);
  try {
    const read = await fill(bytes, reader);
    if (read === length) return bytes;
  } catch (cause) {
    throw cutShort(cause);
  } finally {
    clearTimeout(timer);
  }
  throw cutShort();
}

/** How many bytes came; NaN where they are more than there is room for. */
async function fill(bytes: Uint8Array, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<number> {
  let at = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return at;
    if (at + value.length > bytes.length) return Number.NaN;
    bytes.set(value, at);
    at += value.length;
  }
}

function cutShort(cause?: unknown): Failure {
  return new Failure("request_invalid", "The body did not come whole, or not in time. Send it again.", { cause });
}

function parseBody<T>(bytes: Uint8Array, type: z.ZodType<T>): T {
  if (!hasFewParts(bytes)) throw new Failure("request_invalid", `The body's JSON has more than ${partsMax} parts.`);
  const value = parseJson(bytes, { bytesMax: bytes.length, depthMax, partsMax });
  const result = type.safeParse(value);
  if (result.success) return result.data;
  throw new Failure("request_invalid", `The body is not what this route takes (${firstIssue(result.error)}).`);
}

const issueCharsMax = 200;

/** The first thing that is wrong, cut: zod repeats the keys that it does not know, all of them. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  const place = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  return `${place}${issue?.message ?? ""}`.slice(0, issueCharsMax);
}

/** `{`, `[`, `:` and `,`. */
const openers = new Set([0x7b, 0x5b, 0x3a, 0x2c]);
const quote = 0x22;
const backslash = 0x5c;

/** One pass over the bytes that stops at the first part too many. Strings are skipped at the speed of indexOf. */
function hasFewParts(bytes: Uint8Array): boolean {
  let parts = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) at = closingQuote(bytes, at + 1);
    else if (openers.has(byte)) parts++;
    if (parts > partsMax) return false;
  }
  return true;
}

function closingQuote(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(quote, from);
  while (at >= 0 && isEscaped(bytes, at, from)) at = bytes.indexOf(quote, at + 1);
  return at < 0 ? bytes.length : at;
}

function isEscaped(bytes: Uint8Array, at: number, from: number): boolean {
  let start = at;
  while (start > from && bytes[start - 1] === backslash) start--;
  return (at - start) % 2 === 1;
}
