// One process that is both planes: control plane and embedded gateway, joined by the feed, each with its own listener.
// Built here and taken apart here; `headgate serve`, the demo and the drill run the same composition.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { Server as TlsServer } from "node:https";
import path from "node:path";
import { type Control, openControl } from "../control/open-control.ts";
import { readTrustFile } from "../control/initialise.ts";
import { type ControlServer, serveControl } from "../control/serve-control.ts";
import type { Clock } from "../gateway/follower.ts";
import { openMark } from "../gateway/mark.ts";
import { type OpenGateway, openGateway } from "../gateway/open.ts";
import { nodePrimitives } from "../proof/node.ts";
import { type Registry, shippedSafeguards } from "../safeguards/registry.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, Instant } from "../terms/ids.ts";
import type { ModelDocument } from "../upstream/model-document.ts";
import { openUpstream } from "../upstream/open-upstream.ts";
import { type Upstream, upstreamBounds } from "../upstream/upstream.ts";
import type { Configuration, Environment } from "./configuration.ts";
import { takeLock } from "./lock.ts";
import type { Report } from "./report.ts";
import { openServerKeys } from "./server-keys.ts";
import { openStore } from "./open-store.ts";
import { type Telemetry, openTelemetry } from "./telemetry/telemetry.ts";
import { type Tls, openTls } from "./tls.ts";

export interface ServeOptions {
  readonly configuration: Configuration;
  readonly environment: Environment;
  readonly version: string;
  readonly demo: boolean;
  readonly report: Report;
  readonly clock?: Clock;
  /** Other than the one the documents name: for the drill's scripted upstream and the demo's restriction. */
  readonly upstream?: (document: ModelDocument) => Promise<Upstream>;
  readonly registry?: Registry;
}

export interface Serving {
  readonly control: Control;
  readonly gateway: OpenGateway;
  readonly dataPlane: string;
  readonly controlPlane: string;
  /** Opens log files anew and reads the TLS files again. */
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}

const systemClock: Clock = {
  now: () => Instant.parse(Date.now()),
  monotonic: () => performance.now(),
};

/** Starts both planes. Fails with configuration_invalid, and with whatever keeps the ledger from being trusted. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { configuration } = options;
  const clock = options.clock ?? systemClock;
  mkdirSync(configuration.data, { recursive: true, mode: 0o700 });
  const unlock = takeLock(path.join(configuration.data, "lock"));
  const trustFile = path.join(configuration.data, "trust.json");
  const trust = readTrustFile(trustFile);
  const keys = openServerKeys(configuration.keys, trust !== undefined);
  const ports = await choosePorts(configuration);
  const pin = configuration.trust ?? trust?.root;
  const watch = openWatch(options);
  const { report } = watch.telemetry;
  const database = await openStore(configuration.store);
  const mark = await knownMark(configuration.data);
  const control = await openControl({
    database,
    primitives: nodePrimitives,
    clock: clock.now,
    random: (count) => randomBytes(count),
    signers: { log: keys.log, control: keys.control, gateways: [keys.gateway] },
    paths: { codeFile: path.join(configuration.data, "init-code"), trustFile },
    version: options.version,
    dataPlane: urlOf(configuration, ports.data),
    demo: options.demo,
    metrics: watch.telemetry.metrics,
    recentRefusal: watch.telemetry.recentRefusal,
    hosts: configuration.hosts,
    mark,
    pin,
    report,
  }).catch(async (error: unknown) => {
    // A connection to a database left open would keep the process from ending.
    await database.close();
    throw error;
  });
  const gateway = await openEmbeddedGateway(options, { control, clock, pin, ports, signer: keys.gateway, watch });
  watch.telemetry.attach(gateway.gateway);
  let server: ControlServer | undefined;
  // The gateway first: while it drains, a hold still reaches it by the control plane.
  const undo = async (): Promise<void> => {
    await gateway.close();
    await server?.close();
    await control.close();
    await watch.close();
    await database.close();
    unlock();
  };
  try {
    server = await openListeners(configuration, ports, { gateway, control, watch });
  } catch (error) {
    await undo();
    throw error;
  }
  const addresses = {
    dataPlane: urlOf(configuration, ports.data),
    controlPlane: urlOf(configuration, server.port),
  };
  report("ready", addresses);
  return {
    control,
    gateway,
    ...addresses,
    reload: watch.reload,
    close: async () => {
      report("stopping", { live: gateway.gateway.live.count() });
      await undo();
    },
  };
}

/** What sees to a server while it runs, and its TLS. */
interface Watch {
  readonly telemetry: Telemetry;
  readonly tls: Tls | undefined;
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}

function openWatch({ configuration, version, report }: ServeOptions): Watch {
  const { operating = {}, data, store } = configuration;
  const tls = operating.tls === undefined ? undefined : openTls(operating.tls, report);
  const telemetry = openTelemetry({
    operating,
    version,
    folder: data,
    store: store.kind === "sqlite" ? store.path : undefined,
    report,
    randomBytes: (count) => randomBytes(count),
    tlsEnd: tls?.notAfter,
  });
  return {
    telemetry,
    tls,
    reload: () => {
      telemetry.reopen();
      tls?.reload();
    },
    close: async () => {
      tls?.close();
      await telemetry.close();
    },
  };
}

async function openListeners(
  { host }: Configuration,
  ports: Ports,
  { gateway, control, watch }: Pick<Serving, "gateway" | "control"> & Pick<Around, "watch">,
): Promise<ControlServer> {
  await listen(gateway.server, host, ports.data);
  if (gateway.server instanceof TlsServer) watch.tls?.serve(gateway.server);
  return serveControl(control.app, { host, port: ports.control, tls: watch.tls });
}

interface Around {
  readonly control: Control;
  readonly clock: Clock;
  readonly pin: Digest | undefined;
  readonly ports: Ports;
  readonly watch: Watch;
  readonly signer: Parameters<typeof openGateway>[0]["signer"];
}

async function openEmbeddedGateway(options: ServeOptions, around: Around): Promise<OpenGateway> {
  const { configuration, environment } = options;
  const { telemetry, tls } = around.watch;
  const { report } = telemetry;
  const { drainMsMax } = configuration.operating ?? {};
  const ownPorts = new Set([around.ports.data, around.ports.control]);
  const opened = async (document: ModelDocument): Promise<Upstream> =>
    openUpstream(document, {
      secrets: { environment, folder: configuration.secrets },
      ownPorts,
      cacheFolder: configuration.cache,
      modelFile: configuration.modelFile,
      bounds: upstreamBounds,
      onProgress: (progress) => {
        report("model", typeof progress === "string" ? { step: progress } : { ...progress });
      },
      onEmbeddedEvent: ({ kind }) => {
        report("model", { step: kind });
      },
      onPoolEvent: ({ member, is }) => {
        report("upstream", { model: document.name, server: member, is });
      },
    });
  return openGateway({
    feed: around.control.feed,
    pin: around.pin,
    signer: around.signer,
    folder: configuration.data,
    registry: options.registry ?? shippedSafeguards(),
    openUpstream: options.upstream ?? opened,
    clock: around.clock,
    primitives: nodePrimitives,
    randomBytes: (count) => randomBytes(count),
    contact: configuration.contact,
    hosts: configuration.hosts,
    proxies: configuration.proxies ?? [],
    report,
    answered: telemetry.answered,
    isTracing: telemetry.isTracing,
    tls: tls?.pair,
    ...(drainMsMax === undefined ? {} : { drainMsMax }),
  });
}

/** The tree this machine's gateway verified last: the store must contain it, or nothing starts. */
async function knownMark(data: string): Promise<{ readonly size: number; readonly root: Digest } | undefined> {
  const file = path.join(data, "mark");
  if (!existsSync(file)) return undefined;
  const mark = await openMark(file);
  const { size, root } = mark.content();
  await mark.close();
  return root === null ? undefined : { size, root };
}

interface Ports {
  readonly data: number;
  readonly control: number;
}

/** Port 0 asks for any free one; it is chosen now, because each plane names the other. */
async function choosePorts({ host, port, controlPort }: Configuration): Promise<Ports> {
  const data = port === 0 ? await freePort(host) : port;
  return { data, control: controlPort === 0 ? await freePort(host) : controlPort };
}

async function freePort(host: string): Promise<number> {
  const server = createServer();
  await listen(server, host, 0);
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  if (typeof address !== "object" || address === null) throw new Error("a listening server has an address");
  return address.port;
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `Cannot listen on ${host}:${port}. Is another headgate running? Set HEADGATE_PORT.`;
      reject(new Failure("configuration_invalid", message, { cause }));
    });
    server.listen(port, host, resolve);
  });
}

function urlOf({ host, operating }: Configuration, port: number): string {
  const scheme = operating?.tls === undefined ? "http" : "https";
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
