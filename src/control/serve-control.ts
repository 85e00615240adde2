// The control plane's listener: loopback unless told otherwise, with bounds on slow and idle clients.
import { createAdaptorServer } from "@hono/node-server";
import { Server } from "node:http";
import { Server as TlsServer, createServer as createTlsServer } from "node:https";
import type { Hono } from "hono";
import { Failure } from "../terms/failure.ts";

export interface ControlServer {
  readonly port: number;
  /** After the requests that are running; longer than `graceMs` they are cut. */
  readonly close: () => Promise<void>;
}

export interface ControlAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where it speaks TLS itself. */
  readonly tls?: ControlTls | undefined;
  /** Milliseconds; a test's own. */
  readonly stalledMs?: number;
}

interface ControlTls {
  readonly pair: { readonly cert: string; readonly key: string };
  /** Told of the server, so that it gets what follows the pair. */
  readonly serve: (server: TlsServer) => void;
}

/** `stalledMs`: after it a connection that takes nothing of an answer is cut. `requestMs` is beyond what src/control/body.ts gives the largest body; late requests are looked for every `checkMs`. */
const bounds = {
  headersMs: 10_000,
  requestMs: 75_000,
  checkMs: 5_000,
  idleMs: 5_000,
  stalledMs: 60_000,
  connectionsMax: 256,
  graceMs: 2_000,
} as const;

/** Listens. Fails with configuration_invalid where the address cannot be had. */
export async function serveControl(
  app: Hono,
  { host, port, tls, stalledMs = bounds.stalledMs }: ControlAddress,
): Promise<ControlServer> {
  const times = { connectionsCheckingInterval: bounds.checkMs, keepAliveTimeout: bounds.idleMs };
  const server =
    tls === undefined
      ? createAdaptorServer({ fetch: app.fetch, serverOptions: times })
      : createAdaptorServer({
          fetch: app.fetch,
          createServer: createTlsServer,
          serverOptions: { ...times, ...tls.pair, minVersion: "TLSv1.2" },
        });
  if (!(server instanceof Server || server instanceof TlsServer)) {
    throw new Error("the control plane listens with node:http or node:https");
  }
  if (server instanceof TlsServer) tls?.serve(server);
  cutStalled(server, stalledMs);
  server.headersTimeout = bounds.headersMs;
  server.requestTimeout = bounds.requestMs;
  server.maxConnections = bounds.connectionsMax;
  await listening(server, { host, port });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: async () => closed(server),
  };
}

/** Whoever asks and does not read on is let go: else a few hundred such would leave no connection for a hold. */
function cutStalled(server: Server | TlsServer, ms: number): void {
  server.prependListener("request", (_request, response) => {
    // A server that is still at work on the answer has sent nothing yet, and is waited for.
    response.setTimeout(ms, () => {
      if (response.socket !== null && response.socket.writableLength > 0) response.destroy();
    });
  });
}

async function listening(server: Server | TlsServer, { host, port }: ControlAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Failure(
          "configuration_invalid",
          `Cannot listen on ${host}:${port}. Is another headgate running? Set HEADGATE_CONTROL_PORT.`,
          { cause },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}

async function closed(server: Server | TlsServer): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.closeAllConnections();
    }, bounds.graceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
