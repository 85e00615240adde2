// How often the rules of evidence are wrong: rates right at their limit that are "proven" to lie below it, where one looks fifty
// times, and bounds that miss what they are of, with clusters, with a judge that errs and of two systems on the same items; by
// simulation with fixed seeds and, where it can be, exactly. Prints one line of JSON and tables; `--write` keeps the result,
// the page docs/evidence-measured.md and its plots.
// node bench/evidence.ts [--write] [--runs 20000]
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  clusterMisses,
  fixedCoverage,
  graderMisses,
  judgeMisses,
  pairedClusterMisses,
  pairedMisses,
} from "./evidence/coverage.ts";
import { falsePasses } from "./evidence/false-pass.ts";
import { pageOf, type Report } from "./evidence/page.ts";
import { plotsOf } from "./evidence/plots.ts";

const { values } = parseArgs({
  options: { write: { type: "boolean", default: false }, runs: { type: "string", default: "20000" } },
});
const runs = Number(values.runs);
if (!Number.isSafeInteger(runs) || runs < 1) throw new Error(`--runs ${values.runs} is no number of runs.`);

const report: Report = {
  bench: "evidence",
  at: new Date().toISOString(),
  runs,
  falsePasses: [0.001, 0.01, 0.1, 0.45].flatMap((limit) => falsePasses(limit, runs)),
  fixed: [20, 100, 1000].map(fixedCoverage),
  clusters: clusterMisses(runs),
  judge: judgeMisses(runs),
  grader: graderMisses(runs),
  paired: pairedMisses(runs),
  pairedClusters: pairedClusterMisses(runs),
};
const json = JSON.stringify(report, (_, value: unknown) =>
  typeof value === "number" ? Number(value.toPrecision(5)) : value,
);
console.log(json);
console.log(pageOf(report));
if (values.write) {
  const root = join(import.meta.dirname, "..");
  writeFileSync(join(import.meta.dirname, "results", "evidence.json"), `${json}\n`);
  writeFileSync(join(root, "docs", "evidence-measured.md"), pageOf(report));
  mkdirSync(join(root, "docs", "measured"), { recursive: true });
  for (const [name, svg] of plotsOf(report.falsePasses, report.fixed))
    writeFileSync(join(root, "docs", "measured", name), svg);
}
