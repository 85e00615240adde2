// `/metrics` of a gateway on its own, which has no control plane to show it: on a port of its own, to this machine only, or,
// where the operator made a token for it, to whoever bears that.
import { timingSafeEqual } from "node:crypto";
import { type IncomingMessage, type Server, createServer } from "node:http";
import type { Metrics } from "../control/core.ts";
import { toUtf8 } from "../proof/encoding.ts";
import { listen } from "./gateway-here.ts";

export interface MetricsPlace {
  readonly host: string;
  readonly port: number;
}

const local = "127.0.0.1";
const bounds = { requestMs: 10_000, connectionsMax: 32 } as const;

/** Fails with configuration_invalid where the port is taken. */
export async function openMetricsListener({ host, port }: MetricsPlace, metrics: Metrics): Promise<Server> {
  const server = createServer((request, response) => {
    const end = (status: number, text: string, type = "text/plain"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    if (request.method !== "GET" || request.url !== "/metrics") end(404, "GET /metrics\n");
    else if (!mayRead(request, metrics.token)) end(401, "Bear the token of HEADGATE_METRICS_TOKEN, or set one.\n");
    else {
      metrics.read().then(
        ({ text, type }) => {
          end(200, text, type);
        },
        () => {
          end(500, "The numbers could not be read.\n");
        },
      );
    }
  });
  server.requestTimeout = bounds.requestMs;
  server.maxConnections = bounds.connectionsMax;
  await listen(server, { host: metrics.token === undefined ? local : host, port });
  return server;
}

/** Without a token only this machine, by its own name: a page of the web that resolves its name to it asks by another. */
function mayRead({ headers }: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/.test(headers.host ?? "");
  const [given, wanted] = [toUtf8(headers.authorization ?? ""), toUtf8(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
