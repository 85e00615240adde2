// Load on one address for some seconds: by wrk where it is installed, else by a generator of our own, which is slower and
// says so in the result. Every answer that is not 200 is counted; a window with one of them is void.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Pool } from "undici";
import { z } from "zod";

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent in turn. */
  readonly bodies: readonly string[];
}

export interface LoadSettings {
  readonly connections: number;
  readonly seconds: number;
  /** Core to pin the generator to, where `taskset` is installed. */
  readonly core: number | undefined;
  readonly folder: string;
}

const Window = z.object({
  tool: z.enum(["wrk", "own"]),
  requests: z.number(),
  perSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  failed: z.number(),
});
export type Window = z.infer<typeof Window>;

export async function load(target: Target, settings: LoadSettings): Promise<Window> {
  return (await has("wrk")) ? withWrk(target, settings) : withOwn(target, settings);
}

/** Whether a command of this name can be started. */
export async function has(command: string): Promise<boolean> {
  try {
    await output("which", [command]);
    return true;
  } catch {
    return false;
  }
}

/** What a command prints; throws when it ends with another code than 0. */
export async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  await once(child, "close");
  if (child.exitCode !== 0) throw new Error(`${command} ended with ${child.exitCode}`);
  return text;
}

async function withWrk(target: Target, settings: LoadSettings): Promise<Window> {
  const script = join(settings.folder, "post.lua");
  await writeFile(script, luaFor(target));
  const wrk = [
    "wrk",
    "-t1",
    `-c${settings.connections}`,
    `-d${settings.seconds}s`,
    "--timeout",
    "10s",
    "-s",
    script,
    target.url,
  ];
  const pinned =
    settings.core !== undefined && (await has("taskset")) ? ["taskset", "-c", String(settings.core), ...wrk] : wrk;
  const [command = "", ...args] = pinned;
  const line = (await output(command, args)).split("\n").find((text) => text.startsWith("{")) ?? "";
  return Window.parse({ tool: "wrk", ...z.record(z.string(), z.number()).parse(JSON.parse(line)) });
}

/** wrk counts a status of 400 and more as an error; a redirect cannot come from what is measured here. */
function luaFor({ headers, bodies }: Target): string {
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  return `wrk.method = "POST"
${lines.join("\n")}
local bodies = {${bodies.map((body) => `[==[${body}]==]`).join(",\n")}}
local requests = {}
local at = 0
init = function() for i = 1, #bodies do requests[i] = wrk.format(nil, nil, nil, bodies[i]) end end
request = function() at = at % #requests + 1 return requests[at] end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"perSecond":%.1f,"p50Ms":%.3f,"p99Ms":%.3f,"failed":%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

async function withOwn(target: Target, settings: LoadSettings): Promise<Window> {
  const url = new URL(target.url);
  const pool = new Pool(url.origin, { connections: settings.connections });
  const times: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const endAt = startedAt + settings.seconds * 1_000;
  const one = async (): Promise<void> => {
    while (performance.now() < endAt) {
      const at = performance.now();
      const reply = await pool.request({
        method: "POST",
        path: url.pathname,
        headers: { ...target.headers },
        body: target.bodies[times.length % target.bodies.length] ?? "",
      });
      await reply.body.dump();
      if (reply.statusCode !== 200) failed += 1;
      times.push(performance.now() - at);
    }
  };
  await Promise.all(Array.from({ length: settings.connections }, one));
  await pool.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN;
  const perSecond = (times.length / (performance.now() - startedAt)) * 1_000;
  return { tool: "own", requests: times.length, perSecond, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}
