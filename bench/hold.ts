// How long after a hold is sent do running streams still get text? Streams of a model that never ends, a hold sent to the
// gateway, and for each stream the time from sending the hold to its last text and to its end.
// node bench/hold.ts [--streams 50] [--rounds 5]
import { cpus } from "node:os";
import path from "node:path";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { certify, digestOfLabel, idOf, releaseOf } from "../src/acts/fixtures.ts";
import { type GatewayWorld, ada, bo, openGatewayWorld, said, small, until } from "../test/flows/gateway-world.ts";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "50" },
    rounds: { type: "string", default: "5" },
    out: { type: "string", default: path.join(import.meta.dirname, "results", "hold.json") },
  },
});
const streams = Number(values.streams);

interface Ended {
  readonly lastTextAt: number;
  readonly endedAt: number;
}

/** Reads to the end and notes when text came last. */
async function follow(response: Response): Promise<Ended> {
  let lastTextAt = 0;
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
    const piece: unknown = read.value;
    if (!(piece instanceof Uint8Array)) continue;
    if (/"content":"[^"]/.test(decoder.decode(piece, { stream: true }))) lastTextAt = performance.now();
  }
  return { lastTextAt, endedAt: performance.now() };
}

interface Round {
  readonly answerMs: number;
  readonly lastTextMs: readonly number[];
  readonly endMs: readonly number[];
}

async function round(world: GatewayWorld, number: number): Promise<Round> {
  const responses = await Promise.all(
    Array.from({ length: streams }, async () =>
      world.ask(said("word ".repeat(40), { stream: true, max_tokens: 4096 })),
    ),
  );
  const following = responses.map(async (response) => follow(response));
  const hold = idOf.hold(`round ${number}`);
  const body = { hold, scope: { kind: "model", model: small }, reason: digestOfLabel("a reason") } as const;
  const { envelope } = await world.world.sign({ verb: "hold", body, by: [bo] });
  await new Promise((resolve) => {
    setTimeout(resolve, 200);
  });
  const sentAt = performance.now();
  const answer = await fetch(`${world.url()}/hold`, { method: "POST", body: new Uint8Array(envelope) });
  if (answer.status !== 200) throw new Error(`the hold was refused: ${await answer.text()}`);
  const answerMs = performance.now() - sentAt;
  const ended = await Promise.all(following);
  await until(() => world.gateway().gateway.follower.state.holds.has(hold));
  const answers = [hold];
  const wanted = { model: small, stage: "trusted", configuration: world.configuration, answers } as const;
  await certify(world.world, releaseOf(world.world, wanted), [ada, bo]);
  await world.publish();
  return {
    answerMs,
    lastTextMs: ended.map(({ lastTextAt }) => Math.max(0, lastTextAt - sentAt)),
    endMs: ended.map(({ endedAt }) => endedAt - sentAt),
  };
}

function summary(numbers: readonly number[]): { readonly p50: number; readonly max: number } {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number): number => Number((sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2));
  return { p50: at(0.5), max: at(1) };
}

const world = await openGatewayWorld({ grant: { requestsPerMinute: 1_000_000, tokensPerDay: 1_000_000_000 } });
world.mock.set({ fault: "never-ends" });
const rounds: Round[] = [];
for (let number = 0; number < Number(values.rounds); number += 1) rounds.push(await round(world, number));
await world.close();
const results = {
  answerMs: summary(rounds.map(({ answerMs }) => answerMs)),
  lastTextMs: summary(rounds.flatMap(({ lastTextMs }) => lastTextMs)),
  endMs: summary(rounds.flatMap(({ endMs }) => endMs)),
};
const record = {
  bench: "hold",
  at: new Date().toISOString(),
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  streams,
  rounds: rounds.length,
  results,
};
await writeFile(values.out, `${JSON.stringify(record)}\n`);
console.log(JSON.stringify(record));
console.log("| from sending the hold to | p50 ms | max ms |\n|---|---|---|");
console.log(`| its answer, on the mark | ${results.answerMs.p50} | ${results.answerMs.max} |`);
console.log(`| the last text of a stream | ${results.lastTextMs.p50} | ${results.lastTextMs.max} |`);
console.log(`| the end of a stream | ${results.endMs.p50} | ${results.endMs.max} |`);
