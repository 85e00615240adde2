// Where gateways of other processes get their feed: a port for other machines, in TLS where the server has it, or a unix
// socket for workers. The protocol and its proofs are the same on both (src/feed/serve-feed.ts).
import { randomBytes } from "node:crypto";
import { chmodSync, rmSync } from "node:fs";
import { type RequestListener, type Server, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Control } from "../control/open-control.ts";
import { createFeedHandler } from "../feed/serve-feed.ts";
import { nodePrimitives } from "../proof/node.ts";
import type { Signer } from "../proof/primitives.ts";
import { Failure } from "../terms/failure.ts";
import type { Report } from "./report.ts";
import type { Tls } from "./tls.ts";

export type FeedPlace =
  | { readonly kind: "port"; readonly host: string; readonly port: number; readonly tls: Tls | undefined }
  | { readonly kind: "socket"; readonly path: string };

export interface FeedListenerOptions {
  readonly control: Control;
  readonly signer: Signer;
  readonly report: Report;
}

export interface FeedListener {
  /** 0 for a socket. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

const bounds = { headersMs: 10_000, requestMs: 60_000, idleMs: 30_000, connectionsMax: 1_024 } as const;
/** A unix socket's path, with the zero byte behind it, on Linux. */
const socketPathBytesMax = 107;

/** Listens. Fails with configuration_invalid where the place cannot be had. */
export async function openFeedListener(place: FeedPlace, options: FeedListenerOptions): Promise<FeedListener> {
  const { control, signer, report } = options;
  const handler = createFeedHandler({
    connect: (gateway, gone) => control.connect(gone, gateway),
    isGateway: (key) => control.state.root?.body.gateways.includes(key) === true,
    control: signer,
    primitives: nodePrimitives,
    randomBytes: (count) => randomBytes(count),
    monotonic: () => performance.now(),
    report,
  });
  const server = serverFor(place, handler.handle);
  server.headersTimeout = bounds.headersMs;
  server.requestTimeout = bounds.requestMs;
  server.keepAliveTimeout = bounds.idleMs;
  server.maxConnections = bounds.connectionsMax;
  await listening(server, place);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: async () => {
      handler.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeAllConnections();
      await closed;
      if (place.kind === "socket") rmSync(place.path, { force: true });
    },
  };
}

function serverFor(place: FeedPlace, handle: RequestListener): Server {
  if (place.kind === "socket" || place.tls === undefined) return createServer(handle);
  const server = createTlsServer({ ...place.tls.pair, minVersion: "TLSv1.2" }, handle);
  place.tls.serve(server);
  return server;
}

async function listening(server: Server, place: FeedPlace): Promise<void> {
  const where = place.kind === "port" ? `${place.host}:${place.port}` : place.path;
  if (place.kind === "socket") {
    if (Buffer.byteLength(place.path) > socketPathBytesMax) {
      throw new Failure("configuration_invalid", `${where} is too long for a socket. Put HEADGATE_DATA higher up.`);
    }
    rmSync(place.path, { force: true });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Failure("configuration_invalid", `The feed cannot listen on ${where}. Set HEADGATE_FEED_PORT.`, { cause }),
      );
    });
    if (place.kind === "port") server.listen(place.port, place.host, resolve);
    else server.listen(place.path, resolve);
  });
  if (place.kind === "socket") chmodSync(place.path, 0o600);
}
