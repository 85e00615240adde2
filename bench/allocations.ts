// What a request leaves behind: V8's sample of all that the gateway allocates under load, also what is collected soon, by the function
// of ours that asked for it. Bytes do not depend on who else works on the machine, as microseconds do.
// node bench/allocations.ts [--safeguards shipped|words|off] [--rows 30]
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import { freePort } from "../src/main/free-port.ts";
import { load } from "./load.ts";
import { benchFile, coreBeside, openServers } from "./servers.ts";
import { byDoubt, distinctTexts } from "./texts.ts";

const { values } = parseArgs({
  options: { safeguards: { type: "string", default: "shipped" }, rows: { type: "string", default: "30" } },
});
const { safeguards } = values;
if (safeguards !== "shipped" && safeguards !== "words" && safeguards !== "off")
  throw new Error("--safeguards is shipped, words or off.");

interface Sampled {
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly selfSize: number;
  readonly children: readonly Sampled[];
}

const Frame = z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() });
const Node: z.ZodType<Sampled> = z.object({
  callFrame: Frame,
  selfSize: z.number(),
  get children() {
    return z.array(Node);
  },
});

/** Bytes by the innermost function of ours. */
function addTo(bytes: Map<string, number>, { callFrame, selfSize, children }: Sampled, above: string): void {
  const ours = /\/((?:src|test|bench)\/.*)/.exec(callFrame.url)?.[1];
  const name = ours === undefined ? above : `${ours}:${callFrame.lineNumber + 1} ${callFrame.functionName}`;
  bytes.set(name, (bytes.get(name) ?? 0) + selfSize);
  for (const child of children) addTo(bytes, child, name);
}

async function written(file: string): Promise<string> {
  for (let waited = 0; waited < 100 && !existsSync(file); waited += 1) await sleep(100);
  return readFileSync(file, "utf8");
}

const servers = await openServers();
try {
  const upstreamPort = await freePort();
  servers.start([process.execPath, benchFile("fixed-upstream.ts"), "--port", String(upstreamPort)], { isBeside: true });
  const allocations = join(servers.folder, "allocations.json");
  const gateway = await servers.gateway({ upstreamPort, safeguards, allocations });
  const { clear } = await byDoubt(distinctTexts(1_300, 870));
  const bodies = clear.map((content) => JSON.stringify({ model: "small", messages: [{ role: "user", content }] }));
  const headers = { "content-type": "application/json", authorization: `Bearer ${gateway.key}` };
  const target = { url: `${gateway.url}/v1/chat/completions`, headers, bodies };
  const settings = { connections: 32, core: servers.isPinned ? coreBeside : undefined, folder: servers.folder };
  await load(target, { ...settings, seconds: 3 });
  process.kill(gateway.pid, "SIGUSR2");
  await sleep(300);
  const { requests } = await load(target, { ...settings, seconds: 4 });
  process.kill(gateway.pid, "SIGUSR2");
  const bytes = new Map<string, number>();
  addTo(bytes, Node.parse(JSON.parse(await written(allocations))), "Node and libraries by themselves");
  const perRequest = [...bytes].map(([name, size]) => ({ name, bytes: Math.round(size / requests) }));
  const most = perRequest.toSorted((one, other) => other.bytes - one.bytes).slice(0, Number(values.rows));
  const all = perRequest.reduce((sum, one) => sum + one.bytes, 0);
  console.log(
    JSON.stringify({
      bench: "allocations",
      at: new Date().toISOString(),
      safeguards,
      requests,
      bytesARequest: all,
      most,
    }),
  );
  console.log(`| bytes a request | of ${all} |\n|---|---|`);
  for (const one of most) console.log(`| ${one.bytes} | ${one.name} |`);
} finally {
  await servers.close();
}
