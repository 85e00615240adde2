// Simulated canaries around a limit of 1 %: how soon our watch rolls back, how often wrongly, and what rules of delivery tools make of
// the very same ones; how soon it may widen; what it costs to see only part. With fixed seeds. Prints one line of JSON and tables;
// `--write` keeps the result, the page docs/canary-measured.md and its plots.
// node bench/canary.ts [--write] [--runs 20000]
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Report, pageOf, plotsOf } from "./canary/page.ts";
import { limit } from "./canary/rules.ts";
import { partlySeen, rollBacks, widenings } from "./canary/simulate.ts";

const { values } = parseArgs({
  options: { write: { type: "boolean", default: false }, runs: { type: "string", default: "20000" } },
});
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs} is no number of runs.`);

const report: Report = {
  bench: "canary",
  at: new Date().toISOString(),
  runs,
  rollBacks: [0.001, 0.002, 0.005, limit, 0.015, 0.02, 0.03, 0.05, 0.1].flatMap((rate) => rollBacks(rate, runs)),
  widenings: [0, 0.001, 0.002, 0.003, 0.005, limit, 0.02].map((rate) => widenings(rate, runs)),
  // Exchange by exchange, which takes longer.
  partlySeen: [limit, 0.05].flatMap((rate) => partlySeen(rate, Math.ceil(runs / 10))),
};
const json = JSON.stringify(report, (_, value: unknown) =>
  typeof value === "number" ? Number(value.toPrecision(5)) : value,
);
console.log(json);
console.log(pageOf(report));
if (values.write) {
  const docs = join(import.meta.dirname, "..", "docs");
  writeFileSync(join(import.meta.dirname, "results", "canary.json"), `${json}\n`);
  writeFileSync(join(docs, "canary-measured.md"), pageOf(report));
  for (const [name, svg] of plotsOf(report)) writeFileSync(join(docs, "measured", name), svg);
}
