// How soon a hold stops what runs: one order, three gateway processes (one beside the control plane, two over the network feed), a
// thousand streams through them. The hold is told as `headgate release hold` tells it, to the first gateway and the control plane;
// the others hear of it over their feeds. Beside it, in the same run, what there is without that: the process killed, and a control
// plane that is gone, after which leases end. The model's server and the callers live in this process, so that one clock measures.
// node bench/hold.ts [--write] [--streams 1000] [--rounds 3]
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { need } from "../src/main/in-process.ts";
import { type Deployment, openDeployment, until as comesTrue } from "../test/flows/processes.ts";
import { quantile, rounded } from "./servers.ts";
import { type Ground, type Reading, hasFailed, leave, opened, until, whyFailed } from "./streams.ts";
import { openStreamUpstream } from "./stream-upstream.ts";

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    streams: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
  },
});
const streams = Number(values.streams);
const pace = { everyMs: 500, chars: 40 } as const;
const endMsMax = 30_000;
const any = z.unknown();
const say = (line: string): void => {
  console.error(line);
};

interface Watch {
  readonly streams: number;
  /** Streams that were not whole before the order. */
  readonly failed: number;
  /** Streams that had not ended half a minute after it. */
  readonly unended: number;
  /** From before the order was signed until it was answered. */
  readonly answerMs: number;
  readonly lastTextMs: { readonly p50: number; readonly max: number };
  readonly lastByteMs: { readonly p50: number; readonly max: number };
  /** Of each gateway, the first one first: the last byte of its streams. */
  readonly byGateway: readonly number[];
  readonly load: number;
}

/** Opens the streams, gives the order, and reads until all have ended. */
async function watch(grounds: readonly Ground[], order: () => Promise<void>): Promise<Watch> {
  const parts: Reading[][] = [];
  for (const ground of grounds) parts.push(await opened(ground, Math.ceil(streams / grounds.length), pace));
  const readings = parts.flat();
  const failed = readings.filter(hasFailed).length;
  if (failed > 0) say(`failed before the order: ${[...new Set(readings.filter(hasFailed).map(whyFailed))].join(", ")}`);
  const orderAt = performance.now();
  await order();
  const answerMs = rounded(performance.now() - orderAt, 1);
  await until(() => readings.every(({ endedAt }) => !Number.isNaN(endedAt)), endMsMax);
  const texts = readings.map(({ lastTextAt }) => Math.max(0, lastTextAt - orderAt));
  const endsOf = (some: readonly Reading[]): readonly number[] =>
    some.flatMap(({ endedAt }) => (Number.isNaN(endedAt) ? [] : [Math.max(0, endedAt - orderAt)]));
  const ends = endsOf(readings);
  leave(readings);
  return {
    streams: readings.length,
    failed,
    unended: readings.length - ends.length,
    answerMs,
    lastTextMs: { p50: rounded(quantile(texts, 0.5), 1), max: rounded(Math.max(...texts), 1) },
    lastByteMs: { p50: rounded(quantile(ends, 0.5), 1), max: rounded(Math.max(...ends), 1) },
    byGateway: parts.map((part) => rounded(Math.max(...endsOf(part)), 1)),
    load: rounded(loadavg()[0] ?? Number.NaN, 1),
  };
}

/** What streams for as long as it is read is not asked for a whole answer. */
async function isReady(plane: string): Promise<boolean> {
  const response = await fetch(`${plane}/readyz`, { headers: { connection: "close" } });
  await response.arrayBuffer();
  return response.ok;
}

/** By whoever may: the proposal, its one signature, the certificate. */
async function resume({ desk, owner }: Deployment): Promise<void> {
  const mine = ["--profile", owner];
  const { json } = await desk.run(["release", "resume", "m", ...mine]);
  const { proposal } = z.object({ proposal: z.string() }).parse(json);
  await need(desk.run(["release", "sign", proposal, "--reason", "bench", ...mine]), any);
  await need(desk.run(["release", "advance", proposal, ...mine]), any);
}

const upstream = await openStreamUpstream();
const deployment = await openDeployment({
  environment: { HEADGATE_FEED_PORT: "0" },
  upstreamPort: upstream.port,
  // Three gateways, their callers and the model's server share two cores here: what safeguards cost is bench/gateway.ts's to say.
  isLight: true,
  exchanges: 10_000,
  outputTokensMax: 8_192,
});
try {
  const { desk, owner, folder, key } = deployment;
  const feed = `http://127.0.0.1:${String(deployment.server.ready["feedPort"])}`;
  const planes = [deployment.dataPlane()];
  for (const name of ["second", "third"]) {
    const keys = join(folder, `${name}-keys`);
    await need(desk.run(["root", "propose", "--add-gateway", join(keys, "gateway.key"), "--profile", owner]), any);
    const gateway = await deployment.gateway(name, { HEADGATE_FEED: feed, HEADGATE_KEYS: keys });
    planes.push(String(gateway.ready["dataPlane"]));
  }
  const headers = { authorization: `Bearer ${key}` };
  const grounds = planes.map((plane): Ground => ({
    upstream,
    door: { port: Number(new URL(plane).port), headers, model: "m" },
  }));
  for (const plane of planes) await comesTrue(async () => isReady(plane), 60_000);
  const holds: Watch[] = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    holds.push(
      await watch(grounds, async () => {
        await need(desk.run(["release", "hold", "m", "--reason", "bench", "--profile", owner]), any);
      }),
    );
    say(`hold ${round + 1}: ${JSON.stringify(holds.at(-1))}`);
    await resume(deployment);
  }
  // The first gateway goes with its process; the others have nobody to renew their leases.
  const without = await watch(grounds, async () => {
    deployment.server.process.kill("SIGKILL");
  });
  const [killed, ...leases] = without.byGateway;
  const result = {
    at: new Date().toISOString(),
    cores: availableParallelism(),
    gateways: planes.length,
    pace,
    holds,
    baseline: {
      killedLastByteMs: killed,
      leaseEndedLastByteMs: Math.max(...leases),
      failed: without.failed,
      load: without.load,
    },
  };
  console.log(JSON.stringify(result));
  const isVoid = [...holds, without].some(({ failed, unended }) => failed + unended > 0);
  if (isVoid) say("void: not every stream was whole before the order and ended after it");
  if (values.write && !isVoid) {
    await writeFile(join(import.meta.dirname, "results", "hold.json"), `${JSON.stringify(result, null, 2)}\n`);
  }
} finally {
  await deployment.close();
  await upstream.close();
}
