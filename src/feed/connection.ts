// One message out and one back, over HTTP/1.1, TLS or a unix socket; connections are kept. Says nothing of who is at the
// other end: that is src/feed/session.ts.
import { Agent, type IncomingMessage, type RequestOptions, request as requestPlain } from "node:http";
import { Agent as TlsAgent, request as requestTls } from "node:https";
import { Failure } from "../terms/failure.ts";
import { messageBytesMax, nextWaitMs } from "./calls.ts";
import { feedPath, headers } from "./session.ts";

const connectionsMax = 32;

/** Where the control plane's feed is. */
export type FeedAddress =
  | { readonly kind: "url"; readonly url: URL; readonly ca: string | undefined }
  | { readonly kind: "socket"; readonly path: string };

export interface Reply {
  readonly status: number;
  readonly signature: string | undefined;
  readonly body: Uint8Array;
}

interface Sending {
  readonly method: string;
  readonly head: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
}

export interface Connection {
  readonly send: (name: string, sending: Sending) => Promise<Reply>;
  readonly close: () => void;
}

export function connectionTo(address: FeedAddress): Connection {
  const kept = { keepAlive: true, maxSockets: connectionsMax, timeout: nextWaitMs + 10_000 };
  const isTls = address.kind === "url" && address.url.protocol === "https:";
  const agent = isTls ? new TlsAgent(kept) : new Agent(kept);
  const send = isTls ? requestTls : requestPlain;
  const to: RequestOptions & { ca?: string } =
    address.kind === "socket"
      ? { socketPath: address.path, host: "localhost" }
      : {
          host: address.url.hostname.replace(/^\[(.*)\]$/, "$1"),
          port: address.url.port,
          ...(address.ca === undefined ? {} : { ca: address.ca }),
        };
  return {
    send: async (name, { method, head, body, signal }) =>
      new Promise((resolve, reject) => {
        const fail = (cause: unknown): void => {
          reject(unreachable("The control plane's feed cannot be reached.", cause));
        };
        const length = method === "POST" ? { "content-length": String(body.length) } : {};
        const request = send({
          ...to,
          agent,
          method,
          path: `${feedPath}${name}`,
          headers: { ...head, ...length },
          signal,
        });
        request.on("error", fail);
        request.on("response", (response) => {
          readReply(response).then(resolve, fail);
        });
        request.end(body);
      }),
    close: () => {
      agent.destroy();
    },
  };
}

async function readReply(response: IncomingMessage): Promise<Reply> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) continue;
    length += part.length;
    if (length > messageBytesMax.answer) {
      response.destroy();
      throw new Error("The answer is larger than any of the feed's.");
    }
    parts.push(part);
  }
  const signature = response.headers[headers.signature];
  const status = response.statusCode ?? 0;
  return { status, signature: typeof signature === "string" ? signature : undefined, body: Buffer.concat(parts) };
}

export function unreachable(message: string, cause?: unknown): Failure {
  return new Failure("server_unreachable", message, { cause });
}
