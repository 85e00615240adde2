// Writes a stream to its caller, no faster than it is read: while one does not read on, nothing is asked of the model's server
// for it, and whoever reads nothing for long is let go.
import type { ServerResponse } from "node:http";
import type { StreamedText } from "./answer.ts";
import type { Clock } from "./follower.ts";
import type { Heartbeats, Line } from "./heartbeat.ts";

/** A caller that reads nothing for this long, in milliseconds, is let go. */
export const stalledMsMax = 30_000;

interface Sending {
  readonly response: ServerResponse;
  readonly gateway: { readonly clock: Clock };
  readonly heartbeats: Heartbeats;
}

/** `headers`: name and value in turn. */
export async function sendStream(text: StreamedText, sending: Sending, headers: string[]): Promise<void> {
  try {
    sending.response.writeHead(200, headers);
    sending.response.flushHeaders();
  } catch (error) {
    await text.end();
    throw error;
  }
  // What is sent already does not stay for as long as the stream.
  return relay(text, sending);
}

async function relay(text: StreamedText, { response, gateway, heartbeats }: Sending): Promise<void> {
  const line = new CallersLine(text, response, gateway.clock);
  heartbeats.watch(line);
  let end: string | undefined;
  try {
    for (let piece = text.take(); piece !== undefined; piece = text.take()) {
      if (piece === "") await text.wait();
      else if (response.destroyed) break;
      else if (!line.write(piece)) await drained(response);
    }
  } finally {
    end = await text.end();
    heartbeats.leave(line);
  }
  if (end !== undefined && !response.destroyed && !line.write(end)) await drained(response);
  response.end();
}

class CallersLine implements Line {
  readonly #text: StreamedText;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #sentAt: number;

  constructor(text: StreamedText, response: ServerResponse, clock: Clock) {
    this.#text = text;
    this.#response = response;
    this.#clock = clock;
    this.#sentAt = clock.monotonic();
  }

  /** False where the caller has to read first. */
  write(piece: string): boolean {
    this.#sentAt = this.#clock.monotonic();
    return this.#response.write(piece);
  }

  sentAt(): number {
    return this.#sentAt;
  }

  /** Whoever does not read what was sent is not helped by more of it. */
  beat(): void {
    const { destroyed, writableNeedDrain } = this.#response;
    const text = destroyed || writableNeedDrain ? "" : this.#text.heartbeat();
    if (text !== "") this.write(text);
  }
}

/** Waits until the caller reads on; one who does not is let go. */
async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => response.destroy(), stalledMsMax);
    const done = (): void => {
      clearTimeout(timer);
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}
