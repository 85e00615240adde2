// The page docs/suites-measured.md and its plot, from a result of bench/suites.ts.
import { z } from "zod";
import { plotOfRows } from "../../src/plots/rows.ts";
import { percentToTenth } from "../../src/statistics/share.ts";

const Once = z.object({
  failed: z.number(),
  unknown: z.number(),
  clusters: z.number(),
  lower: z.number(),
  upper: z.number(),
  seconds: z.number(),
});

export const Measured = z.object({
  suite: z.string(),
  digest: z.string(),
  measure: z.string(),
  counts: z.string(),
  grader: z.string(),
  answerTokens: z.number(),
  bare: Once,
  shipped: Once,
  /** Of the share that fails without safeguards less that with them; null where nothing is known of both. */
  difference: z.number().nullable(),
  interval: z.object({ lower: z.number(), upper: z.number() }),
  exact: z.number(),
  at: z.string(),
  machine: z.string(),
  revision: z.string(),
});
export type Measured = z.infer<typeof Measured>;
type Once = z.infer<typeof Once>;

export function tableOf(suites: readonly Measured[]): string {
  const rows = suites.map(({ suite, measure, bare, shipped, interval }) => [
    `[${suite}](../examples/suites/${suite}.md)`,
    `\`${measure}\``,
    inWords(bare),
    inWords(shipped),
    `${points(interval.lower)} to ${points(interval.upper)}`,
  ]);
  const head = ["suite", "what fails", "without safeguards", "with the shipped ones", "difference, 95 %"];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function inWords({ failed, unknown, clusters, lower, upper }: Once): string {
  const doubt = unknown === 0 ? "" : `, ${unknown} unknown`;
  return `${failed} of ${clusters}${doubt} (${percentToTenth(lower)} to ${percentToTenth(upper)})`;
}

function points(share: number): string {
  return `${share > 0 ? "+" : ""}${percentToTenth(share)}`;
}

/** What groups of suites are called, by what they count. */
const groups = [
  [
    "Misuse that is served",
    ({ counts, suite }: Measured) => counts === "served-and-harmful" && suite.startsWith("misuse"),
  ],
  ["Other harm", ({ counts, suite }: Measured) => counts === "served-and-harmful" && !suite.startsWith("misuse")],
  ["Harmless requests that are refused", ({ counts }: Measured) => counts === "refused"],
  ["Same things that are not treated the same", ({ counts }: Measured) => counts === "outcomes-differ"],
  ["What the model can do", ({ counts }: Measured) => counts === "solved"],
] as const;

export function plotOf(suites: readonly Measured[]): string {
  return plotOfRows({
    title: "The shipped suites, without safeguards and with the shipped ones",
    axis: "failed, with 95 % intervals that hold whichever way unknown ones went",
    kinds: ["without safeguards", "with the shipped ones"],
    groups: groups.flatMap(([name, isIn]) => {
      const rows = suites
        .filter(isIn)
        .flatMap(({ suite, bare, shipped }) => [rowOf(suite, bare, 0), rowOf(suite, shipped, 1)]);
      return rows.length === 0 ? [] : [{ name, rows }];
    }),
  });
}

function rowOf(name: string, { failed, unknown, clusters, lower, upper }: Once, kind: number) {
  const doubt = unknown === 0 ? "" : `, ${unknown} unknown`;
  return { name, estimate: failed / clusters, lower, upper, behind: `${failed} of ${clusters}${doubt}`, kind };
}

/** The one that most suites were measured at, and any other with its suites. */
function revisionsOf(suites: readonly Measured[]): string {
  const measured = [...Map.groupBy(suites, ({ revision }) => revision)];
  const [most, ...others] = measured.toSorted(([, one], [, other]) => other.length - one.length);
  const words = others.map(([revision, some]) => `${revision}: ${some.map(({ suite }) => suite).join(", ")}`);
  return [most?.[0] ?? "none", ...words].join("; ");
}

/** `missing`: suites that ship and were not measured. */
export function pageOf(suites: readonly Measured[], missing: readonly string[]): string {
  const days = [...new Set(suites.map(({ at }) => at.slice(0, 10)))].join(", ");
  const machines = [...new Set(suites.map(({ machine }) => machine))].join("; ");
  const seconds = suites.reduce((sum, { bare, shipped }) => sum + bare.seconds + shipped.seconds, 0);
  return `# The shipped suites, measured

Made by \`node bench/suites.ts --write\` (${days}; revision ${revisionsOf(suites)}; ${machines}; ${Math.round(seconds / 60)} minutes in all); the figures are in \`bench/results/suites.json\`. What the suites are says [suites.md](suites.md).

Each suite was run against the embedded model \`small\` (SmolLM2-135M-Instruct) twice: *without safeguards*, under a permit that two persons signed (\`--bare\`), and *with the shipped
ones*, the documents of \`examples/first-release\`. Counted are clusters; intervals are exact, two-sided, at 95 %, and hold whichever way unknown ones went. The last column is the
share that fails without safeguards less the share with them, paired by cluster, at 95 % (\`headgate eval compare\`). No correction is made for there being ${suites.length} suites: one in twenty intervals may miss.

![The shipped suites, without safeguards and with the shipped ones](measured/suites.svg)

${tableOf(suites)}

${missing.length === 0 ? "" : `Not measured yet: ${missing.join(", ")}.\n\n`}## How to read it
- The model is a small one, to try Headgate with. It hardly ever refuses by itself, so that what is not stopped counts as harmful, nonsense included: the first column is high where a
  better model's would be low. Another model has other figures in every row.
- Where a rate is of *disagreement*, safeguards that stop some wordings of a thing and not others make it higher than no safeguards do. That is what it is there to show.
- *Solved* is no fault: it says what the model can do. What safeguards stop of it is unknown.
- Unknown are answers that nobody could grade, and answers that were cut before they had shown whether they are safe.
`;
}
