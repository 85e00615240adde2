// `npm run fuzz`: a million malformed bodies and a hundred thousand ways to cut streams, in process, from fixed seeds. A
// failure prints its seed and the line that runs it again. `--from`, `--bodies` and `--streams` choose a part of it.
import { parseArgs } from "node:util";
import { type Finding, fuzzBodies } from "../test/fuzz/fuzz-bodies.ts";
import { cutsOfStream, fuzzStreams } from "../test/fuzz/fuzz-streams.ts";

const bodiesDefault = 1_000_000;
const cutsDefault = 100_000;
const bodiesAtOnce = 20_000;
const streamsAtOnce = 1_000;
const findingsShown = 10;

const { values } = parseArgs({
  options: {
    from: { type: "string", default: "1" },
    bodies: { type: "string", default: String(bodiesDefault) },
    streams: { type: "string", default: String(Math.ceil(cutsDefault / cutsOfStream)) },
  },
});
const from = numberOf(values.from);
const startedAt = performance.now();
const wrong = fuzzAllBodies(numberOf(values.bodies)) + fuzzAllStreams(numberOf(values.streams));
console.log(`${wrong === 0 ? "nothing" : wrong} found in ${Math.round((performance.now() - startedAt) / 1000)} s`);
process.exitCode = wrong === 0 ? 0 : 1;

function numberOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${text} is not a number. Use: npm run fuzz -- --from 1 --bodies 1000 --streams 100`);
}

function fuzzAllBodies(count: number): number {
  let [found, admitted, slowestMs] = [0, 0, 0];
  for (let at = 0; at < count; at += bodiesAtOnce) {
    const done = fuzzBodies(from + at, Math.min(bodiesAtOnce, count - at));
    admitted += done.admitted;
    slowestMs = Math.max(slowestMs, done.slowestMs);
    found += shown(done.findings, "--bodies 1 --streams 0");
    if ((at / bodiesAtOnce) % 10 === 9) console.log(`  ${at + done.bodies} bodies …`);
  }
  if (count > 0)
    console.log(`${count} bodies: ${admitted} admitted, slowest ${slowestMs.toFixed(1)} ms, ${found} found`);
  return found;
}

function fuzzAllStreams(count: number): number {
  const ended = { served: 0, blocked: 0, failed: 0 };
  let found = 0;
  for (let at = 0; at < count; at += streamsAtOnce) {
    const done = fuzzStreams(from + at, Math.min(streamsAtOnce, count - at));
    ended.served += done.ended.served;
    ended.blocked += done.ended.blocked;
    ended.failed += done.ended.failed;
    found += shown(done.findings, "--streams 1 --bodies 0");
  }
  const { served, blocked, failed } = ended;
  if (count > 0) {
    const ends = `${served} served, ${blocked} blocked, ${failed} failed`;
    console.log(`${count * cutsOfStream} ways to cut ${count} streams: ${ends}, ${found} found`);
  }
  return found;
}

function shown(findings: readonly Finding[], part: string): number {
  for (const { seed, what } of findings.slice(0, findingsShown)) {
    console.log(`${what}\n  again: npm run fuzz -- --from ${seed} ${part}`);
  }
  return findings.length;
}
