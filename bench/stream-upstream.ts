// A model's server that streams everyday words for as long as it is read, one piece of text at a time, and remembers when it
// sent what, and when each connection closed. A prompt says how fast: `stream 12 every 50 by 5: …`.
import { once } from "node:events";
import { type ServerResponse, createServer } from "node:http";
import { distinctTexts } from "./texts.ts";

interface Sent {
  readonly at: number;
  readonly chars: number;
}

export interface StreamUpstream {
  readonly port: number;
  /** The last piece of a stream; undefined for one that was not asked for yet. */
  readonly sent: (id: number) => Sent | undefined;
  /** When its connection closed. */
  readonly closed: (id: number) => Promise<number>;
  /** Ends a stream as a model does. */
  readonly finish: (id: number) => void;
  /** Streams that are open now. */
  readonly open: () => number;
  readonly close: () => Promise<void>;
}

interface Stream {
  readonly response: ServerResponse;
  at: number;
  chars: number;
  readonly closed: Promise<number>;
  readonly finish: () => void;
}

const text = distinctTexts(20, 2_000).join(" ");
/** So many pieces come at once, so that a stream that is slow shows text soon. */
const piecesAtOnce = 8;

export async function openStreamUpstream(): Promise<StreamUpstream> {
  const streams = new Map<number, Stream>();
  let isOpen = 0;
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const prompt = Buffer.concat(parts).toString("utf8");
      const [, id = "0", everyMs = "50", chars = "5"] = /stream (\d+) every (\d+) by (\d+)/.exec(prompt) ?? [];
      isOpen += 1;
      const stream = begin(response, { everyMs: Number(everyMs), chars: Number(chars) });
      void stream.closed.then(() => {
        isOpen -= 1;
      });
      streams.set(Number(id), stream);
    });
    request.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return {
    port: address.port,
    sent: (id) => streams.get(id),
    closed: async (id) => {
      const stream = streams.get(id);
      return stream === undefined ? Number.NaN : stream.closed;
    },
    finish: (id) => streams.get(id)?.finish(),
    open: () => isOpen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

interface Pace {
  readonly everyMs: number;
  readonly chars: number;
}

function begin(response: ServerResponse, { everyMs, chars }: Pace): Stream {
  let next = 0;
  let timer: NodeJS.Timeout | undefined;
  const closed = new Promise<number>((resolve) => {
    response.once("close", () => {
      clearInterval(timer);
      resolve(performance.now());
    });
  });
  const finish = (): void => {
    clearInterval(timer);
    if (response.writableEnded) return;
    const usage = { prompt_tokens: 20, completion_tokens: next, total_tokens: next + 20 };
    const ending = { index: 0, delta: {}, finish_reason: "stop" };
    response.end(`${frame([ending])}${frame([], usage)}data: [DONE]\n\n`);
  };
  const stream: Stream = { response, at: performance.now(), chars: 0, closed, finish };
  const send = (): void => {
    const from = (next * chars) % (text.length - chars);
    const content = text.slice(from, from + chars);
    next += 1;
    stream.at = performance.now();
    stream.chars += content.length;
    response.write(frame([{ index: 0, delta: { content }, finish_reason: null }]));
  };
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(frame([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]));
  // A caller that leaves before the first token: nothing is sent to it at all.
  if (everyMs < silentMs) for (let piece = 0; piece < piecesAtOnce; piece += 1) send();
  timer = setInterval(send, everyMs);
  return stream;
}

/** A pause from which on a stream has no text at its beginning. */
const silentMs = 10_000;

function frame(choices: readonly object[], usage: object | null = null): string {
  const chunk = { id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1_700_000_000, model: "fixed" };
  return `data: ${JSON.stringify({ ...chunk, choices, usage })}\n\n`;
}
