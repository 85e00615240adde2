// What every process with a gateway in it has, whether the control plane is in it too or not: its options, what watches over
// it, its ports, and the gateway opened on a feed.
import { randomBytes } from "node:crypto";
import type { Server } from "node:http";
import type { Feed } from "../feed/feed.ts";
import type { Clock } from "../gateway/follower.ts";
import { type OpenGateway, openGateway } from "../gateway/open.ts";
import { nodePrimitives } from "../proof/node.ts";
import { type Registry, shippedSafeguards } from "../safeguards/registry.ts";
import { openRemoteDesk } from "../safeguards/remote/desk.ts";
import { Failure } from "../terms/failure.ts";
import { type Digest, toInstant } from "../terms/ids.ts";
import type { ModelDocument } from "../upstream/model-document.ts";
import { openUpstream } from "../upstream/open-upstream.ts";
import { type Upstream, upstreamBounds } from "../upstream/upstream.ts";
import type { Configuration, Environment } from "./configuration.ts";
import { freePort } from "./free-port.ts";
import type { Report } from "./report.ts";
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

export const systemClock: Clock = {
  now: () => toInstant(Date.now()),
  monotonic: () => performance.now(),
};

/** What sees to a server while it runs, and its TLS. */
export interface Watch {
  readonly telemetry: Telemetry;
  readonly tls: Tls | undefined;
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}

/** `store`: the database's file, where this process has one. */
export function openWatch({ configuration, version, report }: ServeOptions, store?: string): Watch {
  const { operating = {}, data } = configuration;
  const tls = operating.tls === undefined ? undefined : openTls(operating.tls, report);
  const telemetry = openTelemetry({
    operating,
    version,
    folder: data,
    store,
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

export interface Around {
  readonly feed: Feed;
  readonly clock: Clock;
  readonly pin: Digest | undefined;
  readonly ports: Ports;
  readonly watch: Watch;
  readonly signer: Parameters<typeof openGateway>[0]["signer"];
  /** Where the console of this very deployment is, unless it is set. */
  readonly console?: string | undefined;
}

/** Opens a gateway of this configuration on a feed; it does not listen yet. */
export async function openGatewayHere(options: ServeOptions, around: Around): Promise<OpenGateway> {
  const { configuration, environment } = options;
  const { telemetry, tls } = around.watch;
  const { report } = telemetry;
  const { drainMsMax } = configuration.operating ?? {};
  const ownPorts = new Set([around.ports.data, around.ports.control]);
  const secrets = { environment, folder: configuration.secrets };
  const opened = async (document: ModelDocument): Promise<Upstream> =>
    openUpstream(document, {
      secrets,
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
    feed: around.feed,
    pin: around.pin,
    signer: around.signer,
    folder: configuration.data,
    registry: options.registry ?? shippedSafeguards(),
    remotes: openRemoteDesk({
      secrets,
      ownPorts,
      now: around.clock.now,
      randomBytes: (count) => randomBytes(count),
      report,
      asked: telemetry.asked,
    }),
    openUpstream: options.upstream ?? opened,
    clock: around.clock,
    primitives: nodePrimitives,
    randomBytes: (count) => randomBytes(count),
    contact: configuration.contact,
    hosts: configuration.hosts,
    proxies: configuration.proxies ?? [],
    pages: pagesOf(configuration.console, around.console),
    report,
    answered: telemetry.answered,
    isTracing: telemetry.isTracing,
    tls: tls?.pair,
    ...(drainMsMax === undefined ? {} : { drainMsMax }),
  });
}

/** What is set counts, `null` for none; the usual one where nothing is. */
export function pagesOf(set: string | null | undefined, usual: string | undefined): readonly string[] {
  const origin = set === undefined ? usual : set;
  return origin === null || origin === undefined ? [] : [origin];
}

/** Where a browser on this machine finds the console: by the name that passkeys take. Elsewhere it has to be said. */
export function consoleOf({ host, operating }: Configuration, port: number): string | undefined {
  if (!["127.0.0.1", "localhost", "::1"].includes(host)) return undefined;
  return `${operating?.tls === undefined ? "http" : "https"}://localhost:${port}`;
}

export interface Ports {
  readonly data: number;
  readonly control: number;
}

/** Port 0 asks for any free one; it is chosen now, because each plane names the other. */
export async function choosePorts({ host, port, controlPort }: Configuration): Promise<Ports> {
  const data = port === 0 ? await freePort(host) : port;
  return { data, control: controlPort === 0 ? await freePort(host) : controlPort };
}

interface Listening {
  readonly host: string;
  readonly port: number;
  /** Other processes listen on the same port, and the system shares connections out among them. */
  readonly reusePort?: boolean;
}

export async function listen(server: Server, { host, port, reusePort = false }: Listening): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const message = `Cannot listen on ${host}:${port}. Is another headgate running? Set HEADGATE_PORT.`;
      reject(new Failure("configuration_invalid", message, { cause }));
    });
    server.listen({ port, host, reusePort }, resolve);
  });
}

export function urlOf({ host, operating }: Configuration, port: number): string {
  const scheme = operating?.tls === undefined ? "http" : "https";
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${scheme}://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
