// What the shipped chain flags on evaluation sets it was never trained or tuned on: the share flagged in the block band
// and in the review band (which is enforced as block until there are reviewers), by set and label, with exact 95 %
// intervals, and the time it takes. Usage: node bench/safeguard-quality.ts EVAL-FOLDER [--write]
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { compileChain, type Chain } from "../src/safeguards/chain.ts";
import { shippedSafeguards } from "../src/safeguards/registry.ts";
import { Safeguards } from "../src/safeguards/safeguards-document.ts";
import { clopperPearson } from "../src/statistics/binomial.ts";
import type { Inspection, Surface } from "../src/terms/finding.ts";

const rates = { block: { benignRate: 0.005 }, review: { benignRate: 0.02 } };

const Row = z.object({
  text: z.string(),
  label: z.string(),
  kind: z.string(),
  response: z.string().optional(),
  response_label: z.string().optional(),
});
type Row = z.infer<typeof Row>;

interface Judged {
  readonly text: string;
  readonly label: string;
  readonly surface: Surface;
}

/** Content that a model might write is judged as output; so are answers. Requests are judged as input. */
function judgedOf(row: Row, set: string): Judged[] {
  const isContent = set === "hatecheck" || set === "openai_moderation";
  if (row.response === undefined)
    return [{ text: row.text, label: row.label, surface: isContent ? "output" : "input" }];
  return [{ text: row.response, label: row.response_label ?? "ambiguous", surface: "output" }];
}

interface Share {
  readonly flagged: number;
  readonly of: number;
  readonly share: number;
  readonly interval95: readonly [number, number];
}

interface Result {
  readonly set: string;
  readonly surface: Surface;
  readonly label: string;
  readonly block: Share;
  readonly review: Share;
}

function bandOf(inspection: Inspection): "clear" | "review" | "block" {
  if (inspection.kind === "unknown") return "block";
  if (inspection.findings.some((finding) => finding.band === "block")) return "block";
  return inspection.findings.length > 0 ? "review" : "clear";
}

function shareOf(flagged: number, of: number): Share {
  const { lower, upper } = clopperPearson({ failures: flagged, trials: of }, 0.95);
  return { flagged, of, share: round(flagged / of), interval95: [round(lower), round(upper)] };
}

function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

async function measureSet(chain: Chain, folder: string, file: string): Promise<Result[]> {
  const set = file.replace(".jsonl.gz", "");
  const groups = new Map<string, { rows: Judged[]; bands: string[] }>();
  const lines = gunzipSync(readFileSync(join(folder, file)))
    .toString("utf8")
    .trimEnd()
    .split("\n");
  for (const judged of lines.flatMap((line) => judgedOf(Row.parse(JSON.parse(line)), set))) {
    if (judged.label !== "harmful" && judged.label !== "benign") continue;
    const key = `${judged.surface} ${judged.label}`;
    const group = groups.get(key) ?? { rows: [], bands: [] };
    groups.set(key, group);
    const { surface, text } = judged;
    group.rows.push(judged);
    group.bands.push(bandOf(surface === "input" ? await chain.inspectInput([text]) : chain.inspectOutput(text)));
  }
  return [...groups.values()].flatMap(({ rows, bands }): Result[] => {
    const [first] = rows;
    if (first === undefined) return [];
    const blocked = bands.filter((band) => band === "block").length;
    const flagged = bands.filter((band) => band !== "clear").length;
    const { surface, label } = first;
    return [{ set, surface, label, block: shareOf(blocked, rows.length), review: shareOf(flagged, rows.length) }];
  });
}

/** Milliseconds for 1,000 characters of input, over texts of that length made of evaluation rows: median and p99. */
async function speedOf(chain: Chain, folder: string): Promise<{ p50: number; p99: number }> {
  const text = gunzipSync(readFileSync(join(folder, "mt_bench_vicuna_bench.jsonl.gz"))).toString("utf8");
  const times: number[] = [];
  for (let at = 0; at + 1000 < text.length && times.length < 300; at += 500) {
    const start = performance.now();
    await chain.inspectInput([text.slice(at, at + 1000)]);
    times.push(performance.now() - start);
  }
  const sorted = times.slice(20).toSorted((a, b) => a - b);
  const quantile = (share: number): number => round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return { p50: quantile(0.5), p99: quantile(0.99) };
}

function percent({ share, interval95 }: Share): string {
  const [low, high] = interval95.map((bound) => (100 * bound).toFixed(1));
  return `${(100 * share).toFixed(1).padStart(5)} % [${low}, ${high}]`;
}

const [folder, flag] = argv.slice(2);
if (folder === undefined) throw new Error("Usage: node bench/safeguard-quality.ts EVAL-FOLDER [--write]");
const registry = shippedSafeguards();
const chain = compileChain(
  Safeguards.parse({
    kind: "Safeguards",
    name: "default",
    chain: [{ safeguard: "misuse@3", on: ["input", "output"], ...rates }],
  }),
  registry,
);
const results: Result[] = [];
console.log("| set | side | label | rows | block band (0.5 %) | review band (2 %) |\n|---|---|---|---:|---:|---:|");
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith(".jsonl.gz"))
  .toSorted())
  for (const result of await measureSet(chain, folder, file)) {
    results.push(result);
    const { set, surface, label, block, review } = result;
    console.log(`| ${set} | ${surface} | ${label} | ${block.of} | ${percent(block)} | ${percent(review)} |`);
  }
const speed = await speedOf(chain, folder);
const report = {
  bench: "safeguard-quality",
  digest: registry.get("misuse@3").digest,
  rates,
  msPer1000Chars: speed,
  results,
};
console.log(JSON.stringify(report));
if (flag === "--write")
  writeFileSync(new URL("results/safeguard-quality.json", import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
