// Where the gateway's time goes under load: a CPU profile of its process, as a table of what costs most (time spent in Node and
// in libraries counts for the function of ours that asked for it) and as a flame graph. `--write` keeps both in bench/results.
// node bench/profile.ts [--write] [--safeguards shipped|words|off] [--seconds 8]
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { freePort } from "../src/main/free-port.ts";
import { type Stack, flameGraph } from "./flame-graph.ts";
import { load } from "./load.ts";
import { benchFile, coreBeside, openServers } from "./servers.ts";
import { byDoubt, distinctTexts } from "./texts.ts";

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    safeguards: { type: "string", default: "shipped" },
    seconds: { type: "string", default: "8" },
  },
});

const Frame = z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() });
const Profile = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: Frame, children: z.array(z.number()).optional() })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});
type Profile = z.infer<typeof Profile>;

/** Of the time after the start, what was not idle. */
function stacksOf({ nodes, samples, timeDeltas }: Profile, startMicros: number): Stack[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const own = new Map<number, number>();
  let elapsed = 0;
  for (const [at, id] of samples.entries()) {
    const micros = timeDeltas[at] ?? 0;
    elapsed += micros;
    if (elapsed > startMicros) own.set(id, (own.get(id) ?? 0) + micros);
  }
  return [...own].flatMap(([id, micros]) => {
    const frames: string[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame !== undefined) frames.unshift(nameOf(frame));
    }
    return frames.at(-1) === "(idle)" ? [] : [{ frames: frames.slice(1), micros }];
  });
}

function nameOf({ functionName, url, lineNumber }: z.infer<typeof Frame>): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "" || functionName.startsWith("(")) return name;
  const ours = /\/((?:src|test|bench)\/[^/].*)$/.exec(url)?.[1];
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined) return `${library}: ${name}`;
  return ours === undefined ? `node: ${name}` : `${ours}:${lineNumber + 1} ${name}`;
}

/** The innermost function of ours, or what the time was spent in without one. */
function blamed(frames: readonly string[]): string {
  const ours = frames.findLast((frame) => /^(?:src|test|bench)\//.test(frame));
  if (ours !== undefined) return ours;
  const library = frames.find((frame) => frame.includes(": ") && !frame.startsWith("node: "));
  if (library !== undefined) return `${library.split(":", 1)[0]}, called by Node`;
  const last = frames.at(-1) ?? "";
  return last.startsWith("(") ? last : "Node itself";
}

function table(stacks: readonly Stack[]): string {
  const total = stacks.reduce((sum, { micros }) => sum + micros, 0);
  const byName = new Map<string, number>();
  for (const { frames, micros } of stacks) byName.set(blamed(frames), (byName.get(blamed(frames)) ?? 0) + micros);
  const most = [...byName].toSorted(([, one], [, other]) => other - one).slice(0, 40);
  const lines = most.map(([name, micros]) => `| ${((100 * micros) / total).toFixed(1)} % | ${name} |`);
  return ["| share | of the time at work |", "|---|---|", ...lines].join("\n");
}

const { safeguards } = values;
if (safeguards !== "shipped" && safeguards !== "words" && safeguards !== "off") {
  throw new Error("--safeguards is shipped, words or off.");
}
const warmSeconds = 4;
const seconds = Number(values.seconds);
const servers = await openServers();
try {
  const upstreamPort = await freePort();
  servers.start([process.execPath, benchFile("fixed-upstream.ts"), "--port", String(upstreamPort)], { isBeside: true });
  const gateway = await servers.gateway({ upstreamPort, safeguards, isProfiled: true });
  const { clear } = await byDoubt(distinctTexts(1_300, 870));
  const bodies = clear.map((content) => JSON.stringify({ model: "small", messages: [{ role: "user", content }] }));
  const headers = { "content-type": "application/json", authorization: `Bearer ${gateway.key}` };
  const target = { url: `${gateway.url}/v1/chat/completions`, headers, bodies };
  const settings = { connections: 32, core: servers.isPinned ? coreBeside : undefined, folder: servers.folder };
  await load(target, { ...settings, seconds: warmSeconds });
  const window = await load(target, { ...settings, seconds });
  const ended = new Promise((resolve) => gateway.child.once("exit", resolve));
  gateway.child.kill("SIGTERM");
  await ended;
  const name = (await readdir(servers.folder)).find((file) => file.endsWith(".cpuprofile")) ?? "";
  const profile = Profile.parse(JSON.parse(await readFile(join(servers.folder, name), "utf8")));
  const stacks = stacksOf(profile, warmSeconds * 1_000_000);
  const about = `Safeguards ${safeguards}, ${Math.round(window.perSecond)} requests a second while profiled, ${window.failed} failed; ${process.version}.`;
  console.log(`${about}\n\n${table(stacks)}`);
  if (values.write) {
    const at = join(import.meta.dirname, "results", `profile-${safeguards}`);
    await writeFile(`${at}.md`, `${about}\n\n${table(stacks)}\n`);
    await writeFile(`${at}.svg`, flameGraph(stacks));
  }
} finally {
  await servers.close();
}
