// A gateway on its own: no database, no control plane, nothing but a folder for its mark and spool, its key, and a feed that
// it reaches over a network or a socket. It starts only with the first trust root pinned: there is nobody to ask.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import type { Server } from "node:http";
import { Server as TlsServer } from "node:https";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FeedAddress } from "../feed/connection.ts";
import type { UsageCount } from "../feed/feed.ts";
import { openRemoteFeed } from "../feed/remote-feed.ts";
import { closureNow } from "../gateway/admission.ts";
import type { OpenGateway } from "../gateway/open.ts";
import { nodePrimitives } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { troubleIn } from "../terms/trouble.ts";
import {
  type Ports,
  type ServeOptions,
  type Watch,
  choosePorts,
  listen,
  openGatewayHere,
  openWatch,
  systemClock,
  urlOf,
} from "./gateway-here.ts";
import { takeLock } from "../store/lock.ts";
import { openMetricsListener } from "./metrics-listener.ts";
import { reportLive } from "./report-live.ts";
import type { Report } from "./report.ts";
import { openGatewayKey } from "./server-keys.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

export interface GatewayServeOptions extends ServeOptions {
  /** File name of the gateway's key in the keys folder. */
  readonly keyName?: string;
  /** Several processes listen on the port, and the system shares connections out among them. */
  readonly isShared?: boolean;
  /** One of several in one deployment's folder, beside its control plane. */
  readonly isWorker?: boolean;
  /** Ends the wait for a control plane that does not answer. */
  readonly leave?: AbortSignal;
}

export interface ServingGateway {
  readonly gateway: OpenGateway;
  readonly dataPlane: string;
  readonly telemetry: Telemetry;
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}

/** Fails with configuration_invalid. Waits for the control plane; undefined where `leave` ended that. */
export async function serveGateway(options: GatewayServeOptions): Promise<ServingGateway | undefined> {
  const { configuration, leave } = options;
  const { address, pin } = checked(options);
  mkdirSync(configuration.data, { recursive: true, mode: 0o700 });
  const unlock = takeLock(path.join(configuration.data, options.isWorker === true ? "gateway.lock" : "lock"));
  const signer = openGatewayKey(configuration.keys, options.keyName ?? "gateway");
  const ports = await choosePorts(configuration);
  const watch = openWatch(options);
  const { report } = watch.telemetry;
  const remote = openRemoteFeed({ address, gateway: signer, primitives: nodePrimitives, randomBytes: bytes });
  const usageToday = async (): Promise<readonly UsageCount[]> => waiting(remote.usageToday, report, leave);
  const undo = async (): Promise<void> => {
    remote.close();
    await watch.close();
    unlock();
  };
  const clock = options.clock ?? systemClock;
  const feed = { ...remote, usageToday };
  let opened: OpenGateway;
  try {
    opened = await openGatewayHere(options, { feed, clock, pin, ports, signer, watch });
  } catch (error) {
    await undo();
    if (leave?.aborted === true) return undefined;
    throw error;
  }
  watch.telemetry.attach(opened.gateway);
  let metrics: Server | undefined;
  // Whoever started a worker asks it.
  const stopReports =
    options.isWorker === true ? undefined : reportLive({ samples: watch.telemetry.liveHere, tell: remote.reportLive });
  const close = async (): Promise<void> => {
    stopReports?.();
    await opened.close();
    metrics?.close();
    metrics?.closeAllConnections();
    await undo();
  };
  const dataPlane = urlOf(configuration, ports.data);
  try {
    metrics = await listenHere(opened, { options, ports, watch });
  } catch (error) {
    await close();
    throw error;
  }
  report("ready", { dataPlane });
  return {
    gateway: opened,
    dataPlane,
    telemetry: watch.telemetry,
    reload: watch.reload,
    close: async () => {
      report("stopping", { live: opened.gateway.live.count() });
      await close();
    },
  };
}

interface Here {
  readonly options: GatewayServeOptions;
  readonly ports: Ports;
  readonly watch: Watch;
}

/** Listens for callers, and, where a port is set for it, for whoever reads the numbers. */
async function listenHere(opened: OpenGateway, { options, ports, watch }: Here): Promise<Server | undefined> {
  const { configuration, isShared: reusePort = false, leave } = options;
  const { host, distribution } = configuration;
  if (reusePort) await opening(opened, leave);
  await listen(opened.server, { host, port: ports.data, reusePort });
  if (opened.server instanceof TlsServer) watch.tls?.serve(opened.server);
  const port = distribution?.metricsPort;
  return port === undefined ? undefined : openMetricsListener({ host, port }, watch.telemetry.metrics);
}

function checked({ configuration, isWorker = false }: GatewayServeOptions): {
  readonly address: FeedAddress;
  readonly pin: Digest;
} {
  const { trust: pin, distribution, data } = configuration;
  const address = distribution?.feed;
  if (address === undefined) throw invalid("HEADGATE_FEED says where the control plane's feed is: https://HOST:PORT.");
  if (pin === undefined) {
    throw invalid("A gateway on its own starts only with HEADGATE_TRUST=sha256:…, the digest of the first trust root.");
  }
  if (!isWorker && existsSync(path.join(data, "trust.json"))) {
    throw invalid("HEADGATE_DATA is the folder of a control plane; a gateway on its own has one for itself.");
  }
  return { address, pin };
}

/** For how long a gateway that shares its port lets the others answer until it is open itself, in milliseconds. */
const openingMsMax = 10_000;
const lookMs = 50;

async function opening({ gateway }: OpenGateway, leave: AbortSignal | undefined): Promise<void> {
  const end = performance.now() + openingMsMax;
  const isLeft = (): boolean => leave?.aborted === true || performance.now() > end;
  while (closureNow(gateway) !== undefined && !isLeft()) await sleep(lookMs);
}

const waitMs = 1_000;

/** Asks until it is answered. */
async function waiting<T>(ask: () => Promise<T>, report: Report, leave: AbortSignal | undefined): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (leave?.aborted === true) throw error;
      report("feed", { why: troubleIn(error) });
    }
    await sleep(waitMs, undefined, leave === undefined ? {} : { signal: leave }).catch(() => undefined);
  }
}

function bytes(count: number): Uint8Array {
  return randomBytes(count);
}

function invalid(message: string): Failure {
  return new Failure("configuration_invalid", message);
}
