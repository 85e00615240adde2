// What the gateway costs, in one command: requests of 1,200 distinct texts against a bare proxy and gateways of its kind, each
// on one core before the same fixed upstream, in interleaved windows; then open streams (bench/streams.ts). Ends with one JSON
// line and tables; `--write` keeps the JSON in bench/results.
// node bench/gateway.ts [--write] [--seconds 8] [--passes 3] [--connections 32] [--no-peers] [--no-requests] [--no-streams]
//   [--soak 10m] [--peers-folder FOLDER]
// node bench/gateway.ts --quick [--ours off,shipped,words]: in a minute, the bare proxy and Headgate with safeguards off alone
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../src/main/free-port.ts";
import type { LoadSettings, Target } from "./load.ts";
import { type Contender, type Result, measureAll, measureOnceEach, ready, tableOf } from "./measure.ts";
import { openPeers } from "./peers.ts";
import { type Servers, benchFile, coreBeside, openServers, rounded } from "./servers.ts";
import { measureStreams, streamTable } from "./streams.ts";
import { byDoubt, distinctTexts } from "./texts.ts";

const { values } = parseArgs({
  allowNegative: true,
  options: {
    write: { type: "boolean", default: false },
    peers: { type: "boolean", default: true },
    "peers-folder": { type: "string", default: join(tmpdir(), "headgate-bench-peers") },
    requests: { type: "boolean", default: true },
    streams: { type: "boolean", default: true },
    soak: { type: "string", default: "0m" },
    seconds: { type: "string", default: "8" },
    passes: { type: "string", default: "3" },
    connections: { type: "string", default: "32" },
    quick: { type: "boolean", default: false },
    ours: { type: "string" },
  },
});
const { quick } = values;
/** Which of ours are measured, by their safeguards. */
const chosen = new Set((values.ours ?? (quick ? "off" : "shipped,off,words")).split(","));

const say = (line: string): void => {
  console.error(line);
};
const textChars = 870;
const textCount = 1_200;
/** Some hundred of them are doubtful. */
const textsSearched = quick ? 1_400 : 20_000;
const secondLookConnections = 4;

interface Texts {
  readonly clear: readonly string[];
  readonly doubtful: readonly string[];
}

async function texts(): Promise<Texts> {
  const { clear, doubtful } = await byDoubt(distinctTexts(textsSearched, textChars));
  return { clear: clear.slice(0, textCount), doubtful };
}

interface Place {
  readonly origin: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

function targetAt({ origin, model, headers }: Place, contents: readonly string[]): Target {
  const bodies = contents.map((content) =>
    JSON.stringify({ model, messages: [{ role: "user", content }], max_tokens: 256, temperature: 0 }),
  );
  return { url: `${origin}/v1/chat/completions`, headers: { "content-type": "application/json", ...headers }, bodies };
}

interface Opened {
  readonly list: readonly Contender[];
  /** Ours with everything on, where that is measured. */
  readonly escalating: Contender | undefined;
  readonly missing: readonly string[];
}

async function open(servers: Servers, { clear, doubtful }: Texts): Promise<Opened> {
  const [upstreamPort, barePort] = [await freePort(), await freePort()];
  servers.start([process.execPath, benchFile("fixed-upstream.ts"), "--port", String(upstreamPort)], { isBeside: true });
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const bare = servers.start([
    process.execPath,
    benchFile("bare-proxy.ts"),
    "--port",
    String(barePort),
    "--upstream",
    upstream,
  ]);
  const bareAt = { origin: `http://127.0.0.1:${barePort}`, model: "bench", headers: {} };
  const list: Contender[] = [{ name: "bare node:http + undici", target: targetAt(bareAt, clear), pid: bare.pid }];
  const ours = [
    ["Headgate, everything on", "shipped"],
    ["Headgate, safeguards off", "off"],
    ["Headgate, four exact words", "words"],
  ] as const;
  let escalating: Contender | undefined;
  for (const [name, safeguards] of ours.filter(([, one]) => chosen.has(one))) {
    const { url, key, pid } = await servers.gateway({ upstreamPort, safeguards });
    const at = { origin: url, model: "small", headers: { authorization: `Bearer ${key}` } };
    list.push({ name, target: targetAt(at, clear), pid });
    if (safeguards !== "shipped") continue;
    escalating = { name: "Headgate, second look at every request", target: targetAt(at, doubtful), pid };
  }
  const { peers, missing } =
    values.peers && !quick
      ? await openPeers({ servers, upstreamPort, folder: values["peers-folder"] })
      : { peers: [], missing: [] };
  for (const peer of peers) {
    const contender = { name: peer.name, target: targetAt(peer, clear), pid: peer.pid };
    try {
      await ready(contender, 90);
      if (peer.blocked !== undefined) await mustBlock(peer, peer.blocked);
      list.push(contender);
    } catch (error) {
      missing.push(`${peer.name} is not measured: ${error instanceof Error ? error.message : "it does not answer"}`);
    }
  }
  for (const contender of list) await ready(contender, 20);
  return { list, escalating, missing };
}

interface OfRequests {
  readonly results: readonly Result[];
  readonly [figure: string]: unknown;
}

/** A guardrail that lets its word through is not on, and is not measured. */
async function mustBlock(peer: Place, word: string): Promise<void> {
  const { url, headers, bodies } = targetAt(peer, [`Please tell me about ${word}.`]);
  const reply = await fetch(url, { method: "POST", headers, body: bodies[0] ?? "" });
  await reply.arrayBuffer();
  if (reply.status === 200) throw new Error("its guardrail lets through what it should stop.");
}

async function requests(): Promise<OfRequests> {
  const servers = await openServers();
  try {
    const found = await texts();
    const settings: LoadSettings = {
      connections: Number(values.connections),
      seconds: quick ? 3 : Number(values.seconds),
      core: servers.isPinned ? coreBeside : undefined,
      folder: servers.folder,
    };
    const { list, escalating, missing } = await open(servers, found);
    for (const line of missing) say(line);
    const measured = await measureAll(list, { settings, passes: Number(values.passes), say });
    const shareOfTexts = rounded(found.doubtful.length / textsSearched, 4);
    const secondLook =
      escalating === undefined
        ? undefined
        : { shareOfTexts, ...(await measureOnceEach(escalating.target, secondLookConnections)) };
    const { connections, seconds } = settings;
    return {
      connections,
      seconds,
      passes: Number(values.passes),
      pinned: servers.isPinned,
      missing,
      secondLook,
      ...measured,
    };
  } finally {
    await servers.close();
  }
}

const soakMinutes = Number(/^(\d+)m$/.exec(values.soak)?.[1] ?? Number.NaN);
if (Number.isNaN(soakMinutes)) throw new Error("--soak is a number of minutes, for example 10m.");
const machine = { at: new Date().toISOString(), node: process.version, cpu: cpus()[0]?.model ?? "unknown" };
const about = { ...machine, cores: availableParallelism(), loadBefore: rounded(loadavg()[1] ?? Number.NaN, 2) };
const ofRequests = values.requests ? await requests() : undefined;
const ofStreams = values.streams && !quick ? await measureStreams({ soakMinutes, say }) : undefined;
const record = { bench: "gateway", ...about, requests: ofRequests, streams: ofStreams };
console.log(JSON.stringify(record));
if (ofRequests !== undefined) console.log(tableOf(ofRequests.results));
if (ofStreams !== undefined) console.log(streamTable(ofStreams));
if (values.write && !quick) {
  if (ofRequests !== undefined) await keep("gateway.json", { bench: "gateway", ...about, ...ofRequests });
  if (ofStreams !== undefined) await keep("streams.json", { bench: "streams", ...about, ...ofStreams });
}

async function keep(name: string, result: object): Promise<void> {
  await writeFile(join(import.meta.dirname, "results", name), `${JSON.stringify(result)}\n`);
}
