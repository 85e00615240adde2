// A run by attack and by category, in figures: each part with its interval, for the terminal, for JSON and for reports.
import type { Breakdown, Part } from "../../evidence/breakdown.ts";
import { type PartFigures, figuresOf } from "../../evidence/part-figures.ts";
import type { Tally } from "../../statistics/measure.ts";
import { percentToTenth } from "../../statistics/share.ts";
import { legible } from "../legible.ts";

/** A table each for attacks and categories, of those that there are, with an interval drawn for every row. */
export function breakdownInWords(taken: Breakdown): string {
  const sides = (["attack", "category"] as const).filter((by) => taken[by].length > 0);
  return sides.map((by) => tableOf(by, taken[by])).join("\n\n");
}

const barChars = 32;

function tableOf(by: keyof Breakdown, parts: readonly Part[]): string {
  // Items name their categories, and may be anybody's.
  const rows = parts.map((part) => figuresOf({ ...part, name: legible(part.name) }));
  const wide = Math.max(by.length, ...rows.map(({ name }) => name.length));
  const head = `${by.padEnd(wide)}  failed of  unknown  95 % interval     0 %${" ".repeat(barChars - 6)}100 %`;
  const lines = rows.map((row) => {
    const [lower, upper] = row.interval;
    const counts = `${row.clustersFailed}/${row.clusters}`.padStart(9);
    const interval = `${percentToTenth(lower)} – ${percentToTenth(upper)}`.padEnd(16);
    const tries = row.perCluster === 1 ? "" : `  ${triesOf(row)}`;
    return `${row.name.padEnd(wide)}  ${counts}  ${String(row.clustersUnknown).padStart(7)}  ${interval}  ${barOf(row)}${tries}`;
  });
  return [head, ...lines].join("\n");
}

/** hit@k as measured, and what independent tries would give. */
function triesOf({ perCluster, clustersFailed, clusters, expectedOfTries }: PartFigures): string {
  return `hit@${perCluster} ${percentToTenth(clustersFailed / clusters)} (independent tries: ${percentToTenth(expectedOfTries)})`;
}

function barOf({ interval: [lower, upper], clustersFailed, clusters }: PartFigures): string {
  const at = (share: number): number => Math.min(barChars - 1, Math.floor(share * barChars));
  const estimate = at(clustersFailed / clusters);
  const signs = Array.from({ length: barChars }, (_, place) => {
    if (place === estimate) return "●";
    return place >= at(lower) && place <= at(upper) ? "─" : "·";
  });
  return signs.join("");
}

/** What the bound counts is said first: clusters, where several attempts make one. */
export function tallyInWords(tally: Tally): string {
  const { failures, trials, unknown, clusters, clustersFailed, clustersUnknown } = tally;
  if (clusters === trials) return `${failures} of ${trials} failed, ${unknown} unknown`;
  const attempts = `of their ${trials} attempts ${failures} failed, ${unknown} unknown`;
  return `${clustersFailed} of ${clusters} clusters failed, ${clustersUnknown} unknown (${attempts})`;
}
