// Writes a stream to its caller, no faster than it is read: while one does not read on, nothing is asked of the model's server
// for it, and whoever reads nothing for long is let go.
import type { ServerResponse } from "node:http";
import type { StreamedText } from "./answer.ts";
import type { Clock } from "./follower.ts";
import type { Heartbeats } from "./heartbeat.ts";

/** A caller that reads nothing for this long, in milliseconds, is let go. */
export const stalledMsMax = 30_000;

interface Line {
  readonly response: ServerResponse;
  readonly gateway: { readonly clock: Clock };
  readonly heartbeats: Heartbeats;
}

export async function sendStream(
  text: StreamedText,
  { response, gateway, heartbeats }: Line,
  /** Name and value in turn. */
  headers: string[],
): Promise<void> {
  const { clock } = gateway;
  let sentAt = clock.monotonic();
  const write = (piece: string): boolean => {
    sentAt = clock.monotonic();
    return response.write(piece);
  };
  const unwatch = heartbeats.watch({
    sentAt: () => sentAt,
    // Whoever does not read what was sent is not helped by more of it.
    beat: () => response.destroyed || response.writableNeedDrain || write(text.heartbeat()),
  });
  try {
    response.writeHead(200, headers);
    response.flushHeaders();
    for (let piece = await text.next(); piece !== undefined; piece = await text.next()) {
      if (response.destroyed) break;
      if (!write(piece)) await drained(response);
    }
  } finally {
    unwatch();
    await text.leave();
  }
  response.end();
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
