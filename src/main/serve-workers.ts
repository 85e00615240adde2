// The control plane in this process, and HEADGATE_WORKERS gateways in processes of their own on one port. Workers start once
// there is a trust root to pin, which before `headgate init` there is not.
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Control } from "../control/open-control.ts";
import { readTrustFile } from "../control/initialise.ts";
import { type ControlServer, serveControl } from "../control/serve-control.ts";
import { Failure } from "../terms/failure.ts";
import type { Digest } from "../terms/ids.ts";
import { type FeedListener, openFeedListener } from "./feed-listener.ts";
import { type ServeOptions, consoleOf, pagesOf, urlOf } from "./gateway-here.ts";
import { type ControlHere, openControlHere, openFeedPort } from "./serve.ts";
import { type ServerKeys, gatewayKeyName } from "./server-keys.ts";
import { type Snapshot, gauge } from "./telemetry/series.ts";
import type { Others } from "./telemetry/telemetry.ts";
import { Counted, Remembered, Snapshots, WorkerRunning } from "./worker-talk.ts";
import { type WorkerState, type Workers, startWorkers } from "./workers.ts";

export interface ServingWorkers {
  readonly control: Control;
  readonly dataPlane: string;
  readonly controlPlane: string;
  readonly feedPort: number | undefined;
  readonly reload: () => void;
  readonly close: () => Promise<void>;
}

/** How long a worker has to end beyond what its running exchanges have, in milliseconds. */
const endMs = 10_000;
const drainMsUsual = 10_000;
const rootLookMs = 250;

/** Fails with configuration_invalid, also where the trust root does not name every worker's key. */
export async function serveWithWorkers(options: ServeOptions, count: number): Promise<ServingWorkers> {
  const { configuration } = options;
  const here = await openControlHere(quiet(options));
  const { control, keys, ports, watch } = here;
  const { report } = watch.telemetry;
  const closing = new AbortController();
  const socketPath = path.join(configuration.data, "feed.sock");
  const listeners: (FeedListener | ControlServer)[] = [];
  let workers: Workers | undefined;
  let starting: Promise<void> = Promise.resolve();
  const close = async (): Promise<void> => {
    closing.abort();
    await starting;
    // The gateways first: while they drain, a hold still reaches them.
    await workers?.close((configuration.operating?.drainMsMax ?? drainMsUsual) + endMs);
    for (const listener of listeners) await listener.close();
    await here.close();
  };
  const start = (pin: Digest): void => {
    const given = { options, pin, socketPath, ports };
    workers = startWorkers({ plans: plansOf(configuration.data, count), report, environment: environmentOf(given) });
    watch.telemetry.attachOthers(othersOf(workers));
  };
  try {
    checkNamed(control, keys);
    const given = { control, signer: keys.control, report };
    listeners.push(await openFeedListener({ kind: "socket", path: socketPath }, given));
    const { host } = configuration;
    const server = await serveControl(control.app, { host, port: ports.control, tls: watch.tls });
    listeners.push(server);
    const feed = await openFeedPort(configuration, here);
    if (feed !== undefined) listeners.push(feed);
    const dataPlane = urlOf(configuration, ports.data);
    const controlPlane = urlOf(configuration, server.port);
    if (here.pin === undefined) starting = rootOf(here, options, closing.signal).then((pin) => pin && start(pin));
    else start(here.pin);
    await workers?.ready;
    report("ready", { dataPlane, controlPlane, workers: count });
    return {
      control,
      dataPlane,
      controlPlane,
      feedPort: feed?.port,
      reload: () => {
        watch.reload();
        workers?.reload();
      },
      close: async () => {
        report("stopping", { workers: count });
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** This process answers no request, so it has no access log, and traces nothing: its workers do. */
function quiet(options: ServeOptions): ServeOptions {
  const { accessLog: _1, otlp: _2, ...operating } = options.configuration.operating ?? {};
  return { ...options, configuration: { ...options.configuration, operating } };
}

interface Given extends Pick<ControlHere, "ports"> {
  readonly options: ServeOptions;
  readonly pin: Digest;
  readonly socketPath: string;
}

/** What the control plane reaches its store by, and what only it may know, is none of a worker's. */
function environmentOf({ options, pin, socketPath, ports }: Given): Readonly<Record<string, string | undefined>> {
  const { configuration, environment } = options;
  const rest = Object.entries(environment).filter(
    ([name]) => !/^(?:PG|HEADGATE_(?:STORE|WORKERS|FEED|METRICS))/.test(name),
  );
  return {
    ...Object.fromEntries(rest),
    HEADGATE_TRUST: pin,
    HEADGATE_FEED: `unix:${socketPath}`,
    HEADGATE_KEYS: configuration.keys,
    HEADGATE_HOST: configuration.host,
    HEADGATE_PORT: String(ports.data),
    // Where no request of a document may go.
    HEADGATE_CONTROL_PORT: String(ports.control),
    HEADGATE_CONSOLE_ORIGIN: pagesOf(configuration.console, consoleOf(configuration, ports.control))[0] ?? "none",
  };
}

/** The first has the data folder itself, as the gateway of a single process has: one can become the other. */
function plansOf(data: string, count: number): Parameters<typeof startWorkers>[0]["plans"] {
  const folderOf = (number: number): string => (number === 1 ? data : path.join(data, "workers", String(number)));
  return Array.from({ length: count }, (_, at) => ({ number: at + 1, folder: folderOf(at + 1) }));
}

function othersOf(workers: Workers): Others {
  return {
    snapshots: async () => {
      const answers = await workers.ask({ ask: "metrics" });
      const told = [...answers].map(([number, answer]) => [`worker-${number}`, snapshotsOf(answer)] as const);
      const states = workers.states().map((state) => [`worker-${state.number}`, stateGauges(state)] as const);
      const all = [...states, ...told].reduce(
        (sum, [name, snapshots]) => sum.set(name, [...(sum.get(name) ?? []), ...snapshots]),
        new Map<string, readonly Snapshot[]>(),
      );
      return all;
    },
    live: async (since) => {
      const answers = await workers.ask({ ask: "live", since });
      return [...answers].flatMap(([number, answer]) => {
        const counted = Counted.safeParse(answer).data;
        return counted === undefined ? [] : [{ gateway: gatewayKeyName(number - 1), samples: counted }];
      });
    },
    running: async () => {
      const answers = await workers.ask({ ask: "running" });
      return workers.states().map(({ number }) => {
        const [own] = WorkerRunning.safeParse(answers.get(number)).data ?? [];
        return { gateway: number === 1 ? "gateway" : `gateway-${number}`, running: own?.running ?? null };
      });
    },
    recentRefusal: async (id) => {
      const answers = await workers.ask({ ask: "refusal", id });
      const found = [...answers.values()].map((answer) => Remembered.safeParse(answer).data ?? undefined);
      return found.find((refusal) => refusal !== undefined);
    },
  };
}

function snapshotsOf(answer: unknown): readonly Snapshot[] {
  return Snapshots.safeParse(answer).data ?? [];
}

function stateGauges({ isListening, restarts }: WorkerState): readonly Snapshot[] {
  return [
    gauge("headgate_worker_up", "Whether the worker listens.", [{ labels: {}, value: isListening ? 1 : 0 }]),
    gauge("headgate_worker_restarts", "Times the worker was started again.", [{ labels: {}, value: restarts }]),
  ];
}

/** Fails with configuration_invalid where a root is in force that lacks a worker's key: its feed would refuse it. */
function checkNamed({ state }: Control, { gateways }: ServerKeys): void {
  const named = state.root?.body.gateways;
  const at = named === undefined ? -1 : gateways.findIndex(({ publicKey }) => !named.includes(publicKey));
  if (at < 0) return;
  throw new Failure(
    "configuration_invalid",
    `HEADGATE_WORKERS is ${gateways.length}, and the trust root does not name ${gatewayKeyName(at)}.key. Add it: headgate root propose --add-gateway FILE`,
  );
}

/** The first root, once somebody made one; undefined where the server was stopped before. */
async function rootOf(
  { control }: ControlHere,
  options: ServeOptions,
  signal: AbortSignal,
): Promise<Digest | undefined> {
  const file = path.join(options.configuration.data, "trust.json");
  while (!signal.aborted) {
    if (control.state.root !== undefined) return readTrustFile(file)?.root;
    await sleep(rootLookMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
