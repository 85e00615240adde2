// Server-sent events from bytes. Apart because it reads what an upstream controls, and because splitting must happen on
// bytes: a character or a line end may be cut in two by a packet. Source: WHATWG HTML, section 9.2.6, less `id` and
// `retry`, which only matter to a client that reconnects.
import { Failure } from "../terms/failure.ts";

export interface SseEvent {
  /** `message` unless the stream says otherwise. */
  readonly event: string;
  readonly data: string;
}

export interface SseBounds {
  readonly lineBytesMax: number;
  readonly eventBytesMax: number;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Every line is decoded by itself, so that one decoder does for all streams. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Takes bytes as they come and gives back the events they complete, each as it is asked for, so that what stands before a
 * fault is read before it. Throws `upstream_failed` past its bounds.
 */
export class SseSplitter {
  readonly #bounds: SseBounds;
  /** The beginning of a line whose end has not come. */
  #rest: Uint8Array[] = [];
  #lineBytes = 0;
  #data: string | undefined;
  #event = "";
  #skipLineFeed = false;
  #isFirstLine = true;

  constructor(bounds: SseBounds) {
    this.#bounds = bounds;
  }

  *push(bytes: Uint8Array): Generator<SseEvent, void, void> {
    let start = this.#skipLineFeed && bytes[0] === lineFeed ? 1 : 0;
    if (bytes.length > 0) this.#skipLineFeed = false;
    let nextReturn = bytes.indexOf(carriageReturn, start);
    for (;;) {
      const nextFeed = bytes.indexOf(lineFeed, start);
      if (nextReturn !== -1 && nextReturn < start) nextReturn = bytes.indexOf(carriageReturn, start);
      const end = earlier(nextFeed, nextReturn);
      if (end === -1) break;
      const event = this.#endLine(bytes.subarray(start, end));
      if (event !== undefined) yield event;
      start = end + 1;
      if (end === nextReturn) {
        if (start === bytes.length) this.#skipLineFeed = true;
        else if (bytes[start] === lineFeed) start += 1;
      }
    }
    this.#keep(bytes, start);
  }

  /** At the end of the stream: an event whose last blank line is missing is still an event. */
  *end(): Generator<SseEvent, void, void> {
    const last = this.#lineBytes > 0 ? this.#endLine(new Uint8Array()) : undefined;
    const event = last ?? this.#dispatch();
    if (event !== undefined) yield event;
  }

  /** A copy: a few bytes of a line must not keep the packet that they came in. */
  #keep(bytes: Uint8Array, start: number): void {
    if (start === bytes.length) return;
    this.#lineBytes += bytes.length - start;
    this.#checkLine();
    this.#rest.push(Uint8Array.prototype.slice.call(bytes, start));
  }

  #checkLine(): void {
    if (this.#lineBytes > this.#bounds.lineBytesMax) throw tooLong("line", this.#bounds.lineBytesMax);
  }

  #endLine(last: Uint8Array): SseEvent | undefined {
    this.#lineBytes += last.length;
    this.#checkLine();
    const line = this.#decode(this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last]));
    if (this.#rest.length > 0) this.#rest = [];
    this.#lineBytes = 0;
    if (line === "") return this.#dispatch();
    this.#field(line);
    return undefined;
  }

  #decode(bytes: Uint8Array): string {
    let line: string;
    try {
      line = decoder.decode(bytes);
    } catch (cause) {
      throw new Failure("upstream_failed", "The upstream's stream is not UTF-8.", {
        cause,
        detail: { why: "garbage" },
      });
    }
    const isFirst = this.#isFirstLine;
    this.#isFirstLine = false;
    return isFirst && line.startsWith("\uFEFF") ? line.slice(1) : line;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const start = line[colon + 1] === " " ? colon + 2 : colon + 1;
    const value = colon === -1 ? "" : line.slice(start);
    if (name === "event") this.#event = value;
    if (name !== "data") return;
    const data = this.#data === undefined ? value : `${this.#data}\n${value}`;
    if (data.length > this.#bounds.eventBytesMax) throw tooLong("event", this.#bounds.eventBytesMax);
    this.#data = data;
  }

  #dispatch(): SseEvent | undefined {
    const [event, data] = [this.#event === "" ? "message" : this.#event, this.#data];
    this.#data = undefined;
    this.#event = "";
    return data === undefined ? undefined : { event, data };
  }
}

function earlier(a: number, b: number): number {
  if (a === -1) return b;
  return b === -1 ? a : Math.min(a, b);
}

function tooLong(what: string, bytesMax: number): Failure {
  return new Failure("upstream_failed", `The upstream sent a ${what} of more than ${bytesMax} bytes.`, {
    detail: { why: "too_long" },
  });
}
