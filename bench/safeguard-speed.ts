// What the shipped chain costs: 1,000 characters of prompt, of whole answer, of streamed answer, and
// how long one prompt of 256 KB keeps the event loop. Texts are stretches of this repository's own papers, which speak of
// attacks throughout; everyday ones, as they are and disguised, show what the first look costs by itself.
// node bench/safeguard-speed.ts [--label WORD] [--write]
import { appendFileSync, globSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { compileChain, type Chain } from "../src/safeguards/chain.ts";
import { shippedSafeguards } from "../src/safeguards/registry.ts";
import { Safeguards } from "../src/safeguards/safeguards-document.ts";
import { createStreamGuard } from "../src/safeguards/stream/stream-guard.ts";
import { byDoubt, distinctTexts } from "./texts.ts";

const { values } = parseArgs({
  options: { label: { type: "string", default: "now" }, write: { type: "boolean", default: false } },
});

const root = path.dirname(import.meta.dirname);
const papers = globSync("{docs,decisions}/*.md", { cwd: root }).toSorted();
const prose = papers.map((file) => readFileSync(path.join(root, file), "utf8")).join("\n\n");
const chars = 1000;
const texts = Array.from({ length: Math.floor(prose.length / chars) }, (_, at) =>
  prose.slice(at * chars, (at + 1) * chars),
);
const longPrompt = prose.repeat(Math.ceil((256 * 1024) / prose.length)).slice(0, 256 * 1024);

const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };
const document = Safeguards.parse({
  kind: "Safeguards",
  name: "default",
  chain: [{ safeguard: "misuse@4", on: ["input", "output"], ...rates }],
});
const chain = compileChain(document, shippedSafeguards());

/** A piece of a streamed answer, about one token. */
const pieceChars = 4;

function streamed(text: string, over: Chain): void {
  const guard = createStreamGuard(over, () => ({ kind: "pass" }), { outputCharsMax: 1_000_000 });
  for (let at = 0; at < text.length; at += pieceChars) guard.push(text.slice(at, at + pieceChars));
  guard.finish();
}

/** Time of `work` on each text, in µs: that of the best pass, since other work on the machine only ever adds. */
function microseconds(work: (text: string) => void, over = texts): number {
  const passes: number[] = [];
  for (let pass = 0; pass < 25; pass += 1) {
    const start = performance.now();
    for (const text of over) work(text);
    passes.push(((performance.now() - start) * 1000) / over.length);
  }
  return Math.round(Math.min(...passes) * 10) / 10;
}

/** The whole inspection of a long prompt and its longest step, in ms: the best of five. */
function longPromptMs(): { readonly whole: number; readonly longestStep: number } {
  const runs = Array.from({ length: 5 }, () => {
    const steps = chain.inspectInputInSteps([longPrompt]);
    const times: number[] = [];
    for (let isOver = false; !isOver;) {
      const start = performance.now();
      isOver = steps.next().done === true;
      times.push(performance.now() - start);
    }
    return { whole: times.reduce((sum, time) => sum + time, 0), longestStep: Math.max(...times) };
  });
  const least = (name: "whole" | "longestStep"): number =>
    Math.round(Math.min(...runs.map((run) => run[name])) * 100) / 100;
  return { whole: least("whole"), longestStep: least("longestStep") };
}

/** What happens to a request on the thread that serves. */
function firstLook(text: string): void {
  const steps = chain.inspectInputInSteps([text]);
  while (steps.next().done !== true);
}

/** Everyday texts of the same length, and the same with letters that have to be undone. */
const everyday = distinctTexts(1000, chars).map((text) => text.slice(0, chars));
const disguises = [
  (text: string): string => text.replaceAll("e", "é").replaceAll("o", "ｏ"),
  (text: string): string => text.replaceAll("a", "а"),
  (text: string): string => text.replaceAll("t", "t\u200b"),
  (text: string): string => text.replaceAll("river", "r-i-v-e-r"),
];
const disguised = everyday.map((text, at) => (disguises[at % disguises.length] ?? String)(text));

/** Each text by itself, in µs, after a round that warms up. */
function firstLooks(over: readonly string[]): { readonly p50: number; readonly p99: number } {
  for (const text of over) firstLook(text);
  const times = over.map((text) => {
    const start = performance.now();
    firstLook(text);
    return (performance.now() - start) * 1000;
  });
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Every tenth text, as second looks take long. */
const few = texts.filter((_, at) => at % 10 === 0);

/** Of these: how many get a second look, and how long that takes in ms, one after the other, each for the first time. */
async function secondLookMs(): Promise<{ readonly share: number; readonly p50: number; readonly p95: number }> {
  const fresh = compileChain(document, shippedSafeguards());
  await fresh.inspectInput([texts.join(" ").slice(0, 2000)]);
  const times: number[] = [];
  for (const text of few) {
    const start = performance.now();
    await fresh.inspectInput([text]);
    times.push(performance.now() - start);
  }
  const asked = times.filter((time) => time > 4).toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((asked[Math.floor(share * (asked.length - 1))] ?? 0) * 10) / 10;
  return { share: asked.length / few.length, p50: at(0.5), p95: at(0.95) };
}

const passing: string[] = [];
for (const text of few) {
  const inspection = await chain.inspectInput([text]);
  if (inspection.kind === "inspected" && inspection.findings.length === 0) passing.push(text);
}
const result = {
  bench: "safeguard-speed",
  at: new Date().toISOString(),
  label: values.label,
  node: process.version,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  load: loadavg()[0],
  texts: texts.length,
  passing: passing.length,
  microsecondsPer1000Chars: {
    input: microseconds(firstLook),
    inputPassing: microseconds(firstLook, passing),
    wholeOutput: microseconds((text) => chain.inspectOutput(text)),
    streamedOutput: microseconds((text) => {
      streamed(text, chain);
    }),
  },
  everydayMicroseconds: { plain: firstLooks(everyday), disguised: firstLooks(disguised) },
  everydayDoubted: (await byDoubt(everyday)).doubtful.length / everyday.length,
  prompt256KiBMs: longPromptMs(),
  secondLook: await secondLookMs(),
};
const { input, inputPassing, wholeOutput, streamedOutput } = result.microsecondsPer1000Chars;
console.log(`input            ${input} µs per 1,000 characters`);
console.log(`  that passes    ${inputPassing} µs (${passing.length} of ${few.length} texts)`);
const { plain, disguised: undone } = result.everydayMicroseconds;
console.log(
  `everyday input   p50 ${plain.p50}, p99 ${plain.p99} µs; disguised p50 ${undone.p50}, p99 ${undone.p99} µs`,
);
console.log(
  `second look      ${result.secondLook.p50} ms (p95 ${result.secondLook.p95}), ${Math.round(100 * result.secondLook.share)} % of texts`,
);
console.log(`whole output     ${wholeOutput} µs`);
console.log(`streamed output  ${streamedOutput} µs (pieces of ${pieceChars})`);
console.log(
  `prompt, 256 KiB  ${result.prompt256KiBMs.whole} ms in all, longest step ${result.prompt256KiBMs.longestStep} ms`,
);
console.log(JSON.stringify(result));
if (values.write)
  appendFileSync(path.join(import.meta.dirname, "results", "safeguard-speed.json"), `${JSON.stringify(result)}\n`);
