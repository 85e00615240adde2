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

/** Takes bytes as they come and gives back the events they complete. Throws `upstream_failed` past its bounds. */
export class SseSplitter {
  readonly #bounds: SseBounds;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #pieces: Uint8Array[] = [];
  #lineBytes = 0;
  #data: string[] = [];
  #eventBytes = 0;
  #event = "";
  #skipLineFeed = false;
  #isFirstLine = true;

  constructor(bounds: SseBounds) {
    this.#bounds = bounds;
  }

  push(bytes: Uint8Array): readonly SseEvent[] {
    const events: SseEvent[] = [];
    let start = this.#skipLineFeed && bytes[0] === lineFeed ? 1 : 0;
    if (bytes.length > 0) this.#skipLineFeed = false;
    let nextReturn = bytes.indexOf(carriageReturn, start);
    for (;;) {
      const nextFeed = bytes.indexOf(lineFeed, start);
      if (nextReturn !== -1 && nextReturn < start) nextReturn = bytes.indexOf(carriageReturn, start);
      const end = earlier(nextFeed, nextReturn);
      if (end === -1) break;
      this.#endLine(bytes.subarray(start, end), events);
      start = end + 1;
      if (end === nextReturn) {
        if (start === bytes.length) this.#skipLineFeed = true;
        else if (bytes[start] === lineFeed) start += 1;
      }
    }
    this.#keep(bytes.subarray(start));
    return events;
  }

  /** At the end of the stream: an event whose last blank line is missing is still an event. */
  end(): readonly SseEvent[] {
    const events: SseEvent[] = [];
    if (this.#lineBytes > 0) this.#endLine(new Uint8Array(), events);
    this.#dispatch(events);
    return events;
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return;
    this.#lineBytes += rest.length;
    if (this.#lineBytes > this.#bounds.lineBytesMax) throw tooLong("line", this.#bounds.lineBytesMax);
    this.#pieces.push(rest);
  }

  #endLine(last: Uint8Array, events: SseEvent[]): void {
    this.#keep(last);
    const bytes = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#lineBytes = 0;
    const line = this.#decode(bytes ?? new Uint8Array());
    if (line === "") this.#dispatch(events);
    else this.#field(line);
  }

  #decode(bytes: Uint8Array): string {
    let line: string;
    try {
      line = this.#decoder.decode(bytes);
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
    this.#eventBytes += value.length;
    if (this.#eventBytes > this.#bounds.eventBytesMax) throw tooLong("event", this.#bounds.eventBytesMax);
    this.#data.push(value);
  }

  #dispatch(events: SseEvent[]): void {
    if (this.#data.length > 0)
      events.push({ event: this.#event === "" ? "message" : this.#event, data: this.#data.join("\n") });
    this.#data = [];
    this.#eventBytes = 0;
    this.#event = "";
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
