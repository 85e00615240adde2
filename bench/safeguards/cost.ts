// What the first look costs on the thread that serves, for 1,000 characters of everyday evaluation texts as they are and with views that
// have to be decoded, and how many everyday requests go on to the second look.
import { readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { compileChain } from "../../src/safeguards/chain.ts";
import { disguises } from "../obfuscation.ts";
import { byDoubt } from "../texts.ts";
import type { Judge } from "./judge.ts";
import { type Cost, shareOf } from "./report.ts";
import type { Measured } from "./sets.ts";

const chars = 1_000;
const textsMost = 400;
const decoded = ["Base64 with a lead-in", "hexadecimal", "ROT13", "percent signs"] as const;

export async function measureCost(judge: Judge, measured: readonly Measured[]): Promise<Cost> {
  const everyday = measured.filter(({ part }) => part === "everyday").map(({ text }) => text);
  const plain = longTexts(everyday);
  const disguised = plain.map((text, at) => {
    const as = disguises[decoded[at % decoded.length] ?? "none"];
    return (as?.(text.slice(0, chars / 2)) ?? text).slice(0, chars);
  });
  const { doubtful } = await byDoubt(everyday);
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    plain: firstLooks(judge, plain),
    decoded: firstLooks(judge, disguised),
    escalated: shareOf(doubtful.length, everyday.length),
  };
}

/** Of so many characters each, put together from short ones. */
function longTexts(texts: readonly string[]): readonly string[] {
  const long: string[] = [];
  let text = "";
  for (const one of texts) {
    text += `${one} `;
    if (text.length < chars) continue;
    long.push(text.slice(0, chars));
    text = "";
    if (long.length >= textsMost) break;
  }
  return long;
}

/** Each text by itself, in µs, the least of three rounds after one that warms up: other work on the machine only ever adds. */
function firstLooks(judge: Judge, texts: readonly string[]): Cost["plain"] {
  const chain = compileChain(judge.document, judge.registry);
  const look = (text: string): void => {
    const steps = chain.inspectInputInSteps([text]);
    while (steps.next().done !== true);
  };
  const times = texts.map(() => Infinity);
  for (let round = 0; round < 4; round += 1)
    for (const [at, text] of texts.entries()) {
      const start = performance.now();
      look(text);
      const micros = (performance.now() - start) * 1_000;
      if (round > 0) times[at] = Math.min(times[at] ?? Infinity, micros);
    }
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number): number => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { texts: texts.length, p50: at(0.5), p99: at(0.99) };
}

/** The card of a detector says what it makes of rows that training held back. */
export function cardOf(detector: string): unknown {
  const file = new URL(`../../src/safeguards/artefacts/${detector.replace("@", "-")}.card.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8"));
}
