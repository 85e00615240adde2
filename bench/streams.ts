// What open streams cost the gateway, with everything on, and a bare proxy beside it: memory of 5,000 of them, what is added between tokens, how soon a
// server hears that a caller has left, how soon nothing comes any more once a hold was sent; and, asked for, a soak with callers
// that leave. The model's server and the callers live in this process, on the other core, so that one clock measures both.
import { type ClientRequest, Agent, request as httpRequest } from "node:http";
import { freePort } from "../src/main/free-port.ts";
import { output } from "./load.ts";
import {
  type OpenedGateway,
  type Servers,
  benchFile,
  coreBeside,
  launcher,
  openServers,
  quantile,
  residentMb,
  rounded,
} from "./servers.ts";
import { type StreamUpstream, openStreamUpstream } from "./stream-upstream.ts";

/** Held until dead memory has been looked for more than once: what a shorter while shows is how soon it was measured. */
const memory = { streams: 5_000, everyMs: 2_000, chars: 40, secondsHeld: 40 } as const;
const tokens = { streams: 100, everyMs: 50, chars: 5, seconds: 10 } as const;
const aborts = { streams: 200, everyMs: 50, chars: 40 } as const;
const silent = { everyMs: 60_000, chars: 40 } as const;
const holding = { streams: 1_000, everyMs: 200, chars: 40 } as const;
/** Each lives for long enough that one which has no answer by then has failed, on a machine that does other things too. */
const soaking = {
  streams: 400,
  everyMs: 100,
  chars: 40,
  lifeMsMin: 2_000,
  lifeMsMax: 20_000,
  sampleMs: 10_000,
} as const;

/** How a caller reads one stream. */
export interface Reading {
  readonly id: number;
  readonly request: ClientRequest;
  firstTextAt: number;
  lastTextAt: number;
  /** Characters that the server had sent when the first of them came. */
  sentBefore: number;
  chars: number;
  readonly delays: number[];
  status: number;
  endedAt: number;
  error: string;
}

interface Door {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
}

export interface Ground {
  readonly upstream: StreamUpstream;
  readonly door: Door;
}

const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
let ids = 0;

/** How a model writes: pieces of so many characters, so far apart. */
interface Pace {
  readonly everyMs: number;
  readonly chars: number;
}

function openStream({ upstream, door }: Ground, { everyMs, chars }: Pace): Reading {
  ids += 1;
  const id = ids;
  const content = `stream ${id} every ${everyMs} by ${chars}: please tell me about gardens, rivers and bridges`;
  const body = JSON.stringify({
    model: door.model,
    stream: true,
    messages: [{ role: "user", content }],
    max_tokens: 4_096,
  });
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body), ...door.headers };
  const to = { host: "127.0.0.1", port: door.port, path: "/v1/chat/completions", method: "POST", headers, agent };
  const request = httpRequest(to);
  const none = {
    firstTextAt: Number.NaN,
    lastTextAt: Number.NaN,
    sentBefore: 0,
    chars: 0,
    status: 0,
    endedAt: Number.NaN,
    error: "no answer",
  };
  const reading: Reading = { id, request, delays: [], ...none };
  request.on("response", (response) => {
    reading.status = response.statusCode ?? 0;
    response.setEncoding("utf8").on("data", (piece: string) => {
      takeText(reading, piece, upstream);
    });
    response.on("close", () => {
      reading.endedAt = performance.now();
    });
    response.on("error", () => undefined);
  });
  request.on("error", (error) => {
    reading.endedAt = performance.now();
    reading.error = error.message;
  });
  request.end(body);
  return reading;
}

const textPattern = /"content":"([^"]+)"/g;

function takeText(reading: Reading, piece: string, upstream: StreamUpstream): void {
  let chars = 0;
  for (const [, text = ""] of piece.matchAll(textPattern)) chars += text.length;
  if (chars === 0) return;
  const now = performance.now();
  const sent = upstream.sent(reading.id);
  reading.lastTextAt = now;
  if (reading.chars === 0) {
    reading.firstTextAt = now;
    reading.sentBefore = sent?.chars ?? 0;
  }
  reading.chars += chars;
  // What came now came because of the piece that the server sent last.
  if (sent !== undefined) reading.delays.push(now - sent.at);
}

export async function opened(ground: Ground, count: number, pace: Pace): Promise<Reading[]> {
  const readings: Reading[] = [];
  while (readings.length < count) {
    for (let at = 0; at < 50 && readings.length < count; at += 1) readings.push(openStream(ground, pace));
    // How many can be open is asked here, not how many may come in one moment.
    await until(() => readings.slice(-openingMax).some(isAnswered), 10_000);
    await waitMs(10);
  }
  await until(() => readings.every(({ chars, endedAt }) => chars > 0 || !Number.isNaN(endedAt)), 60_000);
  return readings;
}

/** Streams that wait for their status at a time. */
const openingMax = 200;
const isAnswered = ({ status, endedAt }: Reading): boolean => status > 0 || !Number.isNaN(endedAt);

export function leave(readings: readonly Reading[]): void {
  for (const { request } of readings) request.destroy();
}

export const hasFailed = ({ status, chars, endedAt }: Reading): boolean =>
  status !== 200 || chars === 0 || !Number.isNaN(endedAt);

/** In a word: refused with a status, silent, or ended too early. */
export function whyFailed({ status, chars, error }: Reading): string {
  if (status !== 200) return status === 0 ? error : String(status);
  return chars === 0 ? "no text" : "ended";
}

async function waitMs(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until it is so, or the time is over: what is then not so is counted as failed by who asked. */
export async function until(isSo: () => boolean, msMax: number): Promise<void> {
  const endAt = performance.now() + msMax;
  while (!isSo() && performance.now() < endAt) await waitMs(20);
}

/** Resident memory of the gateway's process, which here holds the control plane's end and the ledger too. */
async function measureMemory(ground: Ground, pid: number): Promise<object> {
  const beforeMb = await residentMb(pid);
  const readings = await opened(ground, memory.streams, memory);
  const samples: number[] = [];
  for (let second = 0; second < memory.secondsHeld; second += 1) {
    await waitMs(1_000);
    samples.push(await residentMb(pid));
  }
  const failed = readings.filter(hasFailed).map(whyFailed);
  const sentBefore = readings.map((reading) => reading.sentBefore);
  leave(readings);
  await until(() => ground.upstream.open() === 0, 10_000);
  const firstTextAfterChars = { p50: quantile(sentBefore, 0.5), max: Math.max(...sentBefore) };
  return {
    streams: memory.streams,
    failed: failed.length,
    failures: [...new Set(failed)],
    beforeMb,
    maxMb: Math.max(...samples),
    lastMb: samples.at(-1),
    kbAStream: rounded(((Math.max(...samples) - beforeMb) * 1_024) / memory.streams, 1),
    firstTextAfterChars,
  };
}

async function measureDelays(ground: Ground): Promise<{ readonly p50Ms: number; readonly p99Ms: number }> {
  const readings = await opened(ground, tokens.streams, tokens);
  for (const { delays } of readings) delays.length = 0;
  await waitMs(tokens.seconds * 1_000);
  const delays = readings.flatMap((reading) => reading.delays);
  leave(readings);
  await until(() => ground.upstream.open() === 0, 10_000);
  return { p50Ms: rounded(quantile(delays, 0.5)), p99Ms: rounded(quantile(delays, 0.99)) };
}

/** From a caller's leaving until the server's connection closes, before the first token and after it. */
async function measureAborts(ground: Ground): Promise<object> {
  const running = await opened(ground, aborts.streams / 2, aborts);
  const waiting = Array.from({ length: aborts.streams / 2 }, () => openStream(ground, silent));
  await until(() => waiting.every(({ id }) => ground.upstream.sent(id) !== undefined), 10_000);
  const left: number[] = [];
  for (const reading of [...running, ...waiting]) {
    const at = performance.now();
    reading.request.destroy();
    const closedAt = await ground.upstream.closed(reading.id);
    left.push(closedAt - at);
  }
  return { streams: left.length, p50Ms: rounded(quantile(left, 0.5)), maxMs: rounded(Math.max(...left)) };
}

async function measureHold(ground: Ground, hold: () => Promise<void>): Promise<object> {
  const readings = await opened(ground, holding.streams, holding);
  const failed = readings.filter(hasFailed).length;
  const sentAt = performance.now();
  await hold();
  const answerMs = performance.now() - sentAt;
  await until(() => readings.every(({ endedAt }) => !Number.isNaN(endedAt)), 10_000);
  const lastText = readings.map(({ lastTextAt }) => Math.max(0, lastTextAt - sentAt));
  const ends = readings.map(({ endedAt }) => endedAt - sentAt);
  const unended = ends.filter((ms) => Number.isNaN(ms)).length;
  const [lastTextMaxMs, endMaxMs] = [rounded(Math.max(...lastText)), rounded(Math.max(...ends))];
  return { streams: readings.length, failed, unended, answerMs: rounded(answerMs), lastTextMaxMs, endMaxMs };
}

/** Streams that begin and end all the time, half of them left by their caller in the middle. */
async function soak({ ground, pid, minutes, say }: Soaking): Promise<object> {
  const endAt = performance.now() + minutes * 60_000;
  let streams = 0;
  const failures: string[] = [];
  const one = async (slot: number): Promise<void> => {
    while (performance.now() < endAt) {
      streams += 1;
      const reading = openStream(ground, soaking);
      // Spread without chance, so that every run is the same.
      const spreadMs = soaking.lifeMsMax - soaking.lifeMsMin;
      await waitMs(soaking.lifeMsMin + ((slot * 997 + streams * 7_919) % spreadMs));
      const isEarly = streams % 10 === 0;
      if (!isEarly && (reading.status !== 200 || !Number.isNaN(reading.endedAt))) failures.push(whyFailed(reading));
      if (streams % 2 === 0) ground.upstream.finish(reading.id);
      else reading.request.destroy();
      await until(() => !Number.isNaN(reading.endedAt), 5_000);
      if (Number.isNaN(reading.endedAt)) failures.push("unended");
      reading.request.destroy();
    }
  };
  const samples: number[] = [];
  const sampling = setInterval(() => {
    void residentMb(pid).then((mb) => {
      samples.push(mb);
      say(`soak: ${mb} MB, ${streams} streams, ${failures.length} failed`);
    });
  }, soaking.sampleMs);
  await Promise.all(Array.from({ length: soaking.streams }, async (_, slot) => one(slot)));
  clearInterval(sampling);
  await until(() => ground.upstream.open() === 0, 10_000);
  const third = Math.max(1, Math.floor(samples.length / 3));
  const memoryMb = {
    firstThird: rounded(quantile(samples.slice(0, third), 0.5), 1),
    lastThird: rounded(quantile(samples.slice(-third), 0.5), 1),
    max: Math.max(...samples),
  };
  const failed = { count: failures.length, why: [...new Set(failures)] };
  return { minutes, atOnce: soaking.streams, streams, failed, stillOpenUpstream: ground.upstream.open(), memoryMb };
}

interface Soaking {
  readonly ground: Ground;
  readonly pid: number;
  readonly minutes: number;
  readonly say: (line: string) => void;
}

interface Asked {
  /** 0 for none. */
  readonly soakMinutes: number;
  readonly say: (line: string) => void;
}

export async function measureStreams({ soakMinutes, say }: Asked): Promise<Readonly<Record<string, object>>> {
  const servers = await openServers();
  const upstream = await openStreamUpstream();
  if (servers.isPinned) await output("taskset", ["-a", "-cp", String(coreBeside), String(process.pid)]);
  try {
    const gateway = await servers.gateway({ upstreamPort: upstream.port, safeguards: "shipped" });
    const ground = { upstream, door: doorOf(gateway) };
    const { door, pid } = await openBare(servers, upstream.port);
    const bare = { upstream, door };
    say("streams: what is added between tokens");
    const delays = { bare: await measureDelays(bare), headgate: await measureDelays(ground) };
    say("streams: memory");
    const resident = { bare: await measureMemory(bare, pid), headgate: await measureMemory(ground, gateway.pid) };
    say("streams: callers that leave");
    const left = await measureAborts(ground);
    const soaked = soakMinutes > 0 ? { soak: await soakFresh({ servers, upstream, minutes: soakMinutes, say }) } : {};
    say("streams: a hold");
    const hold = await gateway.signHold();
    const held = await measureHold(ground, async () => {
      const answer = await fetch(`${gateway.url}/hold`, { method: "POST", body: hold });
      if (answer.status !== 200) throw new Error(`the hold was refused: ${await answer.text()}`);
    });
    return { memory: resident, tokenDelay: delays, aborts: left, hold: held, ...soaked };
  } finally {
    await servers.close();
    await upstream.close();
    agent.destroy();
  }
}

interface Fresh {
  readonly servers: Servers;
  readonly upstream: StreamUpstream;
  readonly minutes: number;
  readonly say: (line: string) => void;
}

/** A gateway of its own: memory that 5,000 streams took would hide what is lost. */
async function soakFresh({ servers, upstream, minutes, say }: Fresh): Promise<object> {
  const gateway = await servers.gateway({ upstreamPort: upstream.port, safeguards: "shipped" });
  return soak({ ground: { upstream, door: doorOf(gateway) }, pid: gateway.pid, minutes, say });
}

function doorOf({ url, key }: OpenedGateway): Door {
  return { port: Number(new URL(url).port), headers: { authorization: `Bearer ${key}` }, model: "small" };
}

/** With the flags that our launcher gives to Node, so that what is more is ours. */
async function openBare(
  servers: Servers,
  upstreamPort: number,
): Promise<{ readonly door: Door; readonly pid: number }> {
  const port = await freePort();
  const to = ["--port", String(port), "--upstream", `http://127.0.0.1:${upstreamPort}`];
  const { pid } = servers.start([process.execPath, launcher, benchFile("bare-proxy.ts"), ...to]);
  await waitMs(1_000);
  return { door: { port, headers: {}, model: "bench" }, pid };
}

/** As a table for people. */
export function streamTable(measured: Readonly<Record<string, object>>): string {
  const lines = Object.entries(measured).map(([what, figures]) => `| ${what} | ${JSON.stringify(figures)} |`);
  return ["| streams | |\n|---|---|", ...lines].join("\n");
}
