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
import { type ServeOptions, urlOf } from "./gateway-here.ts";
import { type ControlHere, openControlHere, openFeedPort } from "./serve.ts";
import { type ServerKeys, gatewayKeyName } from "./server-keys.ts";
import { type Workers, startWorkers } from "./workers.ts";

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
  const here = await openControlHere(options);
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
    await workers?.close((configuration.operating?.drainMsMax ?? drainMsUsual) + endMs);
    for (const listener of listeners) await listener.close();
    await here.close();
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
    const start = (pin: Digest): void => {
      workers = startWorkers({ plans: plansOf(configuration.data, count), report, environment: environmentOf(pin) });
    };
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
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  function environmentOf(pin: Digest): Readonly<Record<string, string | undefined>> {
    const own = { HEADGATE_TRUST: pin, HEADGATE_FEED: `unix:${socketPath}`, HEADGATE_KEYS: configuration.keys };
    // What the control plane is reached by, and what only it may know, is none of a worker's.
    const { HEADGATE_STORE: _1, HEADGATE_WORKERS: _2, PGPASSWORD: _3, ...rest } = options.environment;
    return { ...rest, ...own, HEADGATE_PORT: String(ports.data), HEADGATE_HOST: configuration.host };
  }
}

function plansOf(data: string, count: number): Parameters<typeof startWorkers>[0]["plans"] {
  return Array.from({ length: count }, (_, at) => ({
    number: at + 1,
    keyName: gatewayKeyName(at),
    folder: path.join(data, "workers", String(at + 1)),
  }));
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
