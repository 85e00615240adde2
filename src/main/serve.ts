// One process that is both planes: control plane and embedded gateway, joined by the feed, each with its own listener.
// Built here and taken apart here; `headgate serve`, the demo and the drill run the same composition.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { Server as TlsServer } from "node:https";
import path from "node:path";
import { type Control, openControl } from "../control/open-control.ts";
import { readConsoleFiles } from "../control/console-files.ts";
import { readTrustFile } from "../control/initialise.ts";
import { type ControlServer, serveControl } from "../control/serve-control.ts";
import { openEndpoints } from "../control/webhooks/open-endpoints.ts";
import type { OpenEndpoint } from "../control/webhooks/webhooks.ts";
import type { Clock } from "../gateway/follower.ts";
import { openMark } from "../gateway/mark.ts";
import type { OpenGateway } from "../gateway/open.ts";
import { nodePrimitives } from "../proof/node.ts";
import type { Digest } from "../terms/ids.ts";
import type { Configuration } from "./configuration.ts";
import { consoleFolder } from "./console-build.ts";
import { type FeedListener, openFeedListener } from "./feed-listener.ts";
import {
  type Ports,
  type ServeOptions,
  type Watch,
  choosePorts,
  consoleOf,
  listen,
  openGatewayHere,
  openWatch,
  systemClock,
  urlOf,
} from "./gateway-here.ts";
import { type Registry, shippedSafeguards } from "../safeguards/registry.ts";
import { takeLock } from "../store/lock.ts";
import { furthest, keepSeen, readSeen } from "./seen.ts";
import { openSealingKeys } from "./sealing-keys.ts";
import { type ServerKeys, openServerKeys } from "./server-keys.ts";
import { machineChecksOf, settingsOf } from "./settings.ts";
import { openStore } from "./open-store.ts";
import { createControlGauges } from "./telemetry/control-gauges.ts";
import { openTrying } from "./trying.ts";

export interface Serving {
  readonly control: Control;
  readonly gateway: OpenGateway;
  readonly dataPlane: string;
  readonly controlPlane: string;
  /** Where gateways on other machines find the feed, if they do. */
  readonly feedPort: number | undefined;
  /** Opens log files anew and reads the TLS files again. */
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}

/** Starts both planes. Fails with configuration_invalid, and with whatever keeps the ledger from being trusted. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { configuration } = options;
  const { control, keys, ports, watch, ...here } = await openControlHere(options);
  const { report } = watch.telemetry;
  const [signer] = keys.gateways;
  const { pin, clock, registry } = here;
  const around = {
    feed: control.feed,
    clock,
    pin,
    ports,
    signer,
    watch,
    console: consoleOf(configuration, ports.control),
  };
  const gateway = await openGatewayHere({ ...options, registry }, around).catch(async (error: unknown) => {
    await here.close();
    throw error;
  });
  watch.telemetry.attach(gateway.gateway);
  let server: ControlServer | undefined;
  let feed: FeedListener | undefined;
  // The gateway first: while it drains, a hold still reaches it by the control plane.
  const undo = async (): Promise<void> => {
    await gateway.close();
    await feed?.close();
    await server?.close();
    await here.close();
  };
  try {
    server = await openListeners(configuration, ports, { gateway, control, watch });
    feed = await openFeedPort(configuration, { control, keys, watch });
  } catch (error) {
    await undo();
    throw error;
  }
  const addresses = {
    dataPlane: urlOf(configuration, ports.data),
    controlPlane: urlOf(configuration, server.port),
  };
  report("ready", { ...addresses, ...(feed === undefined ? {} : { feedPort: feed.port }) });
  return {
    control,
    gateway,
    ...addresses,
    feedPort: feed?.port,
    reload: watch.reload,
    close: async () => {
      report("stopping", { live: gateway.gateway.live.count() });
      await undo();
    },
  };
}

/** An open control plane that does not listen yet, and what it was opened with. */
export interface ControlHere {
  readonly control: Control;
  readonly keys: ServerKeys;
  readonly ports: Ports;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly registry: Registry;
  /** The first trust root, where there was one at the start. */
  readonly pin: Digest | undefined;
  readonly close: () => Promise<void>;
}

export async function openControlHere(options: ServeOptions): Promise<ControlHere> {
  const { data } = options.configuration;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const unlock = takeLock(path.join(data, "lock"));
  try {
    return await openLocked(options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

async function openLocked(options: ServeOptions, unlock: () => void): Promise<ControlHere> {
  const { configuration } = options;
  const clock = options.clock ?? systemClock;
  const trustFile = path.join(configuration.data, "trust.json");
  const trust = readTrustFile(trustFile);
  const keys = openServerKeys(configuration.keys, {
    isInitialised: trust !== undefined,
    gateways: configuration.distribution?.workers ?? 1,
  });
  const ports = await choosePorts(configuration);
  const pin = configuration.trust ?? trust?.root;
  const { store } = configuration;
  const watch = openWatch(options, store.kind === "sqlite" ? store.path : undefined);
  const { report } = watch.telemetry;
  const endpoints = await endpointsOf(options, ports);
  const registry = options.registry ?? shippedSafeguards();
  const trying = openTrying(options, { registry, ports, clock, report });
  const database = await openStore(store);
  const mark = furthest([await knownMark(configuration.data), readSeen(configuration.keys)]);
  const control = await openControl({
    database,
    primitives: nodePrimitives,
    clock: clock.now,
    random: (count) => randomBytes(count),
    signers: { log: keys.log, control: keys.control, gateways: keys.gateways },
    sealing: openSealingKeys(configuration.keys, clock.now),
    paths: { codeFile: path.join(configuration.data, "init-code"), trustFile },
    version: options.version,
    dataPlane: urlOf(configuration, ports.data),
    demo: options.demo,
    console: readConsoleFiles(consoleFolder),
    metrics: watch.telemetry.metrics,
    contact: configuration.contact,
    settings: settingsOf(options.environment, configuration),
    machineChecks: machineChecksOf(configuration),
    recentRefusal: watch.telemetry.recentRefusal,
    live: watch.telemetry.live,
    hosts: configuration.hosts,
    proxies: configuration.proxies,
    endpoints,
    tryText: trying.tryText,
    running: watch.telemetry.running,
    mark,
    pin,
    report,
  }).catch(async (error: unknown) => {
    // A connection to a database left open would keep the process from ending.
    await database.close();
    throw error;
  });
  const gauges = createControlGauges(control, report);
  watch.telemetry.attachControl(async () => gauges(clock.now()));
  const seen = keepSeen(configuration.keys, control.head);
  const close = async (): Promise<void> => {
    await control.close();
    await trying.close();
    seen.close();
    await watch.close();
    await database.close();
    unlock();
  };
  return { control, keys, ports, watch, clock, registry, pin, close };
}

async function endpointsOf(
  { configuration, environment }: ServeOptions,
  ports: Ports,
): Promise<readonly OpenEndpoint[]> {
  if (configuration.webhooks === undefined) return [];
  const secrets = { environment, folder: configuration.secrets };
  return openEndpoints(configuration.webhooks, { secrets, ownPorts: new Set([ports.data, ports.control]) });
}

/** The feed for gateways on other machines, where a port is set for it. */
export async function openFeedPort(
  { distribution }: Configuration,
  { control, keys, watch }: Pick<ControlHere, "control" | "keys" | "watch">,
): Promise<FeedListener | undefined> {
  const { feedPort: port, feedHost: host = "127.0.0.1" } = distribution ?? {};
  if (port === undefined) return undefined;
  const { report } = watch.telemetry;
  return openFeedListener({ kind: "port", host, port, tls: watch.tls }, { control, signer: keys.control, report });
}

async function openListeners(
  { host }: Configuration,
  ports: Ports,
  { gateway, control, watch }: Pick<Serving, "gateway" | "control"> & { readonly watch: Watch },
): Promise<ControlServer> {
  await listen(gateway.server, { host, port: ports.data });
  if (gateway.server instanceof TlsServer) watch.tls?.serve(gateway.server);
  return serveControl(control.app, { host, port: ports.control, tls: watch.tls });
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
