// A real connection between a gateway and its feed, for tests: both ends as src/feed has them, and between them a listener
// that can be cut, and that hands what it carries to whoever wants to change it.
import { once } from "node:events";
import { type IncomingMessage, type Server, type ServerResponse, createServer, request as send } from "node:http";
import { servers } from "../../src/acts/fixtures.ts";
import type { Feed } from "../../src/feed/feed.ts";
import { type RemoteFeed, openRemoteFeed } from "../../src/feed/remote-feed.ts";
import { type FeedHandler, createFeedHandler } from "../../src/feed/serve-feed.ts";
import { nodePrimitives as primitives, randomBytes } from "../../src/proof/node.ts";
import type { Signer } from "../../src/proof/primitives.ts";
import type { PublicKey } from "../../src/terms/ids.ts";

/** A message on its way, as somebody in between sees it. */
export interface Seen {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Network {
  readonly remote: (gateway?: Signer) => RemoteFeed;
  /** Nothing comes through, and what is open breaks. */
  readonly cut: () => void;
  readonly mend: () => void;
  /** The control plane starts anew: it knows no session any more. */
  readonly restart: () => void;
  /** What was asked, in order. */
  readonly asked: Seen[];
  /** Changes the body or headers of an answer on its way. */
  tamper: (url: string, answer: { body: Buffer; headers: Record<string, string> }) => void;
  /** Sends what was seen once more; the status it got. */
  readonly replay: (seen: Seen) => Promise<number>;
  readonly isGateway: { named: (key: PublicKey) => boolean };
  readonly port: () => number;
  readonly close: () => Promise<void>;
}

export async function networkTo(feed: Feed): Promise<Network> {
  const isGateway = { named: (key: PublicKey): boolean => key === servers.gateway.publicKey };
  const handlerOf = (): FeedHandler =>
    createFeedHandler({
      connect: () => feed,
      isGateway: (key) => isGateway.named(key),
      control: servers.control,
      primitives,
      randomBytes,
      monotonic: () => performance.now(),
      report: () => undefined,
    });
  let handler = handlerOf();
  const control = createServer((request, response) => {
    handler.handle(request, response);
  });
  const controlPort = await listening(control);
  const network: Network = {
    asked: [],
    tamper: () => undefined,
    isGateway,
    cut: () => {
      isCut = true;
      middle.closeAllConnections();
    },
    mend: () => {
      isCut = false;
    },
    restart: () => {
      handler.close();
      handler = handlerOf();
    },
    remote: (gateway = servers.gateway) => {
      const url = new URL(`http://127.0.0.1:${middlePort}`);
      const remote = openRemoteFeed({ address: { kind: "url", url, ca: undefined }, gateway, primitives, randomBytes });
      remotes.push(remote);
      return remote;
    },
    replay: async (seen) => (await forward(seen, controlPort)).status,
    port: () => middlePort,
    close: async () => {
      for (const remote of remotes) remote.close();
      handler.close();
      for (const server of [middle, control]) {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
    },
  };
  let isCut = false;
  const remotes: RemoteFeed[] = [];
  const middle = createServer((request, response) => {
    if (isCut) {
      request.socket.destroy();
      return;
    }
    carry(request, response, { network, controlPort }).catch(() => {
      response.destroy();
    });
  });
  const middlePort = await listening(middle);
  return network;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return address.port;
}

async function carry(
  request: IncomingMessage,
  response: ServerResponse,
  { network, controlPort }: { readonly network: Network; readonly controlPort: number },
): Promise<void> {
  const seen = {
    url: request.url ?? "",
    headers: request.headers,
    body: await bodyOf(request),
    method: request.method,
  };
  network.asked.push(seen);
  const gone = new AbortController();
  response.once("close", () => {
    gone.abort();
  });
  const answer = await forward(seen, controlPort, gone.signal);
  network.tamper(seen.url, answer);
  response.writeHead(answer.status, { ...answer.headers, "content-length": String(answer.body.length) });
  response.end(answer.body);
}

interface Carried {
  readonly status: number;
  body: Buffer;
  headers: Record<string, string>;
}

async function forward(seen: Seen & { readonly method?: string | undefined }, port: number, signal?: AbortSignal) {
  return new Promise<Carried>((resolve, reject) => {
    const method = seen.method ?? "POST";
    const options = {
      host: "127.0.0.1",
      port,
      path: seen.url,
      method,
      headers: seen.headers,
      ...(signal && { signal }),
    };
    const request = send(options, (response) => {
      const headers: Record<string, string> = {};
      for (const name of ["content-type", "headgate-signature"]) {
        const value = response.headers[name];
        if (typeof value === "string") headers[name] = value;
      }
      bodyOf(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, body, headers });
      }, reject);
    });
    request.on("error", reject);
    request.end(seen.body);
  });
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of message) if (Buffer.isBuffer(part)) parts.push(part);
  return Buffer.concat(parts);
}
