// The page docs/evidence-measured.md: the tables of a result, in words.
import { percent } from "../../src/statistics/share.ts";
import type { FixedCoverage, Misses } from "./coverage.ts";
import type { FalsePass } from "./false-pass.ts";

export interface Report {
  readonly bench: "evidence";
  readonly at: string;
  readonly runs: number;
  readonly falsePasses: readonly FalsePass[];
  readonly fixed: readonly FixedCoverage[];
  readonly clusters: readonly Misses[];
  readonly judge: readonly Misses[];
  readonly grader: readonly Misses[];
  readonly paired: readonly Misses[];
  readonly pairedClusters: readonly Misses[];
}

export function pageOf(report: Report): string {
  const { falsePasses, fixed, clusters, judge, grader, paired, pairedClusters, runs, at } = report;
  const limits = [...new Set(falsePasses.map(({ limit }) => limit))];
  const rules = [...new Set(falsePasses.map(({ rule }) => rule))];
  return [
    "# How often the rules of evidence are wrong",
    "",
    `Made by \`node bench/evidence.ts --write\` (${at.slice(0, 10)}; ${runs.toLocaleString("en")} runs each, fixed seeds); the figures are in \`bench/results/evidence.json\`. What the rules are says [statistics.md](statistics.md).`,
    "",
    "## Wrongly proven safe",
    "",
    "The true rate lies right at the limit, so that no rule ought to call it shown to be at most the limit but in 5 % of runs. Whoever runs the evaluation looks fifty times, after each 1 / limit trials, and",
    "stops at the first pass. Simulated, and in brackets by the exact distribution.",
    "",
    "![Runs wrongly called safe, by look](measured/false-pass.svg)",
    "",
    table(
      ["rule", ...limits.map((limit) => `limit ${percent(limit)}`)],
      rules.map((rule) => [
        rule,
        ...limits.map((limit) => {
          const found = falsePasses.find((one) => one.rule === rule && one.limit === limit);
          return found === undefined
            ? "-"
            : `${marked(found.passed / found.runs, found.interval.lower)} (${percent(found.exact.at(-1) ?? 0)})`;
        }),
      ]),
    ),
    "",
    "**Bold** is more often than the 5 % that were promised, beyond what chance explains. The first rule is what a gate reads: its number of trials stands in the permit. Those that are common promise 5 %",
    "only to whoever looks once. *Rollback* is the other error: a rate at the limit that is called higher.",
    "",
    ...fixedSection(fixed),
    "",
    ...missesSection(
      "Attempts in clusters",
      "One-sided upper bounds at 95 %, five attempts a cluster: how often the bound lies below the true rate of attempts.",
      clusters,
    ),
    "",
    "Counting clusters is exact, and for attempts wide: it bounds the share of items on which any attempt fails. The bound on the mean share of a cluster holds too, whatever the shares are, and is of attempts",
    "where clusters are of one size. The last two are approximations: with few clusters or few failures the clustered error is too small, or nothing.",
    "",
    ...missesSection(
      "A judge that errs",
      "One-sided upper bounds at 95 % of 1,000 judged trials, the judge calibrated on 100 failed and 200 clean ones (Lee and others: the upper end of their interval at 90 %).",
      judge,
    ),
    "",
    ...missesSection(
      "A grader's misses in the bound",
      "A gate whose limit lies right at the true rate, at 95 %; the grader calibrated on 100 failed and 200 clean answers, which are like the run's unless it is said. How often it passes wrongly, by each rule, and how often it fails wrongly.",
      grader,
    ),
    "",
    "A requirement with `corrected: true` adds what the grader may have missed and takes nothing off, so it also holds where most answers never come to the grader, where errors hang together, and where the calibration has",
    "more false alarms than the run: there the correction both ways passes what it should not. In the last row the calibration finds what the run's answers hide from it, and no rule can know that.",
    "",
    ...missesSection("Two systems on the same items", "Two-sided intervals of the difference at 95 %.", paired),
    "",
    ...missesSection(
      "Two systems on items in clusters",
      "Two-sided intervals of the difference at 95 %; of equal systems, how often the swap test finds a difference at 5 %.",
      pairedClusters,
    ),
    "",
  ].join("\n");
}

function fixedSection(fixed: readonly FixedCoverage[]): readonly string[] {
  return [
    "## Intervals of one rate",
    "",
    "Two-sided at 95 %, looked at once, exact, at 200 true rates from 0 to 50 %: how often the interval misses the true rate, at the worst rate and in the mean.",
    "",
    "![How often intervals miss, by true rate](measured/coverage.svg)",
    "",
    table(
      ["trials", ...(fixed[0]?.missed.map(({ rule }) => rule) ?? [])],
      fixed.map(({ trials, missed }) => [
        String(trials),
        ...missed.map(({ worst, mean }) => `${marked(worst, worst)}, mean ${percent(mean)}`),
      ]),
    ),
    "",
    "Wilson's interval holds in the mean and not at every rate, which is why it is drawn and no gate reads it.",
  ];
}

function missesSection(title: string, what: string, all: readonly Misses[]): readonly string[] {
  const rules = [...new Set(all.map(({ rule }) => rule))];
  const settings = [...new Set(all.map(({ setting }) => setting))];
  return [
    `## ${title}`,
    "",
    what,
    "",
    table(
      ["", ...rules],
      settings.map((setting) => [
        setting,
        ...rules.map((rule) => {
          const found = all.find((one) => one.setting === setting && one.rule === rule);
          return found === undefined ? "-" : marked(found.missed, found.interval.lower);
        }),
      ]),
    ),
  ];
}

/** Bold where it is more than was promised, its 99 % interval included. */
function marked(share: number, atLeast: number): string {
  return atLeast > 0.05 + 1e-9 ? `**${percent(share)}**` : percent(share);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
