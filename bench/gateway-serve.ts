// The gateway of bench/gateway.ts, in a process of its own: everything on, as in the embedded default, where the control
// plane's end of the feed and the ledger (in memory here) run beside it. Says where it listens, as one JSON line, and answers
// each line `hold` with a signed hold on its model. With `--safeguards off` the only safeguard finds nothing at no cost (a
// chain of none is not served); with `words` it looks for four words, exactly, by `patterns@1`.
// node bench/gateway-serve.ts [--upstream 9101] [--safeguards shipped|words|off]
import { rename, writeFile } from "node:fs/promises";
import { Session } from "node:inspector/promises";
import { parseArgs } from "node:util";
import { createInterface } from "node:readline";
import type { Inspection } from "../src/terms/finding.ts";
import { type Registry, shippedSafeguards } from "../src/safeguards/registry.ts";
import { callerKeyOf, digestOfLabel, idOf } from "../src/acts/fixtures.ts";
import { keepHeapSmall } from "../src/main/heap.ts";
import { digestOf } from "../src/proof/digest.ts";
import { toUtf8 } from "../src/proof/encoding.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { upstreamBounds } from "../src/upstream/upstream.ts";
import { ada, bo, openGatewayWorld, small, wordSafeguard, words } from "../test/flows/gateway-world.ts";

const { values } = parseArgs({
  options: {
    upstream: { type: "string", default: "9101" },
    safeguards: { type: "string", default: "shipped" },
    allocations: { type: "string" },
  },
});

keepHeapSmall();
if (values.allocations !== undefined) sampleAllocations(values.allocations);
const streamsMax = 10_000;
const secret = "hg_fedcba9876543210fedcba9876543210";
const isShipped = values.safeguards === "shipped";
const nothingFound: Inspection = { kind: "inspected", findings: [] };
const nothing: Registry = {
  names: words.names,
  get: () => ({
    ...wordSafeguard,
    inspect: () => nothingFound,
    openAnswer: () => ({ read: () => nothingFound, readAll: (_text, ends) => ends.map(() => nothingFound) }),
  }),
};
const exactWords = {
  safeguard: "patterns@1",
  on: ["input", "output"],
  patterns: [{ name: "words", category: "weapons", words: ["poison", "doubtful", "exploit", "curious"] }],
};
const world = await openGatewayWorld({
  upstreamPort: Number(values.upstream),
  grant: { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000_000 },
  bounds: { exchangesMax: streamsMax, idleMsMax: upstreamBounds.totalMsMax },
  stream: {},
  isDrainKept: false,
  ...(isShipped ? { registry: shippedSafeguards(), safeguards: { safeguard: "misuse@4" } } : {}),
  ...(values.safeguards === "off" ? { registry: nothing } : {}),
  ...(values.safeguards === "words" ? { chain: [exactWords] } : {}),
});
const hash = digestOf(toUtf8(secret), nodePrimitives);
const key = { ...callerKeyOf(hash), key: idOf.key("bench"), limits: { exchanges: streamsMax } };
await world.world.say({ verb: "key", body: key, by: [ada] });
await world.publish();
console.log(JSON.stringify({ url: world.url(), key: secret, pid: process.pid }));
let holds = 0;
createInterface({ input: process.stdin }).on("line", () => {
  holds += 1;
  const hold = idOf.hold(`bench ${holds}`);
  const body = { hold, scope: { kind: "model", model: small }, reason: digestOfLabel("a reason") } as const;
  void world.world.sign({ verb: "hold", body, by: [bo] }).then(({ envelope }) => {
    console.log(JSON.stringify({ hold: Buffer.from(envelope).toString("base64") }));
  });
});
/** From one signal to the next. */
function sampleAllocations(file: string): void {
  const session = new Session();
  session.connect();
  process.once("SIGUSR2", () => {
    const asked = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    void session.post("HeapProfiler.startSampling", { samplingInterval: 4096, ...asked });
    process.once("SIGUSR2", () => {
      void session.post("HeapProfiler.stopSampling").then(async ({ profile }) => {
        await writeFile(`${file}.part`, JSON.stringify(profile.head));
        await rename(`${file}.part`, file);
      });
    });
  });
}

process.once("SIGTERM", () => {
  void world.close().then(() => process.exit(0));
});
