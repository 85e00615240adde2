// The page docs/canary-measured.md and its plots: when canaries are rolled back, by rule and by true rate.
import { percent } from "../../src/statistics/share.ts";
import { type Line, plot } from "../evidence/plots.ts";
import { controlRate, doubt, horizon, limit, rules } from "./rules.ts";
import { courseSteps, type Outcome } from "./simulate.ts";

export interface Report {
  readonly bench: "canary";
  readonly at: string;
  readonly runs: number;
  readonly rollBacks: readonly Outcome[];
  readonly widenings: readonly Outcome[];
  readonly partlySeen: readonly Outcome[];
}

const ruleNames = rules.map(({ name }) => name);

export function pageOf({ at, runs, rollBacks, widenings, partlySeen }: Report): string {
  const [right, wrong] = [rollBacks.filter(({ rate }) => rate > limit), rollBacks.filter(({ rate }) => rate <= limit)];
  return [
    "# How soon a canary is rolled back, and how often wrongly",
    "",
    `Made by \`node bench/canary.ts --write\` (${at.slice(0, 10)}; ${count(runs)} runs each, fixed seeds); the figures are in \`bench/results/canary.json\`. Simulated: nothing here is a measurement of another`,
    `product, only of its rule as its documentation states it. The limit is ${percent(limit)}, the doubt ${percent(doubt)}, and ${count(horizon)} exchanges are watched. How the watch works says [decisions/046](../decisions/046-watched-rates.md).`,
    "",
    "## Right at the limit, or below it: nothing ought to be rolled back",
    "",
    "Runs that are rolled back within the horizon. **Bold** is more often than the doubt, beyond what chance explains.",
    "",
    "![Runs wrongly rolled back, by exchanges](measured/canary-false.svg)",
    "",
    byRule(wrong, ({ decided, runs: of, interval }) => marked(decided / of, interval.lower)),
    "",
    "## Above the limit: how soon",
    "",
    "Exchanges until half of the runs are rolled back · until nine in ten are. In brackets the share rolled back within the horizon, where it is not nearly all.",
    "",
    "![Runs rolled back at a true rate of 5 %, by exchanges](measured/canary-found.svg)",
    "",
    byRule(right, times),
    "",
    "The rules beside ours:",
    "",
    "- *Argo Rollouts* measures a rate in each interval, and aborts once more measurements than `failureLimit` (0 unless it is set) failed; *Flagger* rolls back once `threshold` checks failed. Neither forgets failed ones. How many exchanges",
    "  an interval has is the traffic's matter: here 100, once 1,000. *Three in a row* is the same with a memory that is cleared.",
    `- *Difference from a control*: LaunchDarkly's guarded rollouts test a difference from the stable version sequentially, and the page that describes it gives no formula. This is such a test (an asymptotic confidence sequence, arXiv 2103.06476), with a control at ${percent(controlRate)},`,
    `  as many exchanges as the canary, ${percent(limit - controlRate)} more allowed, at the same doubt, a look after each 100. It needs no limit known beforehand, and twice the exchanges.`,
    "",
    "A fixed threshold that is quick is quick at every rate: it rolls back what is right at the limit, and in time what is well below it, since each interval is a new chance to fail. One that forgives is slow where it matters.",
    "The watch is quick where harm is plain, and slow where it is close to the limit, and its doubt is that of the whole time it is looked at.",
    "",
    ...widenSection(widenings),
    ...partlySection(partlySeen, runs),
  ].join("\n");
}

function widenSection(widenings: readonly Outcome[]): readonly string[] {
  return [
    "## May widen",
    "",
    "Exchanges until half of the runs may widen · until nine in ten may; at the limit and above, the share that may, which is an error.",
    "",
    table(
      ["true rate", "may widen within the horizon", "exchanges"],
      widenings.map((outcome) => [
        percent(outcome.rate),
        outcome.rate >= limit
          ? marked(outcome.decided / outcome.runs, outcome.interval.lower)
          : percent(outcome.decided / outcome.runs),
        outcome.rate >= limit ? "–" : times(outcome),
      ]),
    ),
    "",
  ];
}

function partlySection(partlySeen: readonly Outcome[], runs: number): readonly string[] {
  return [
    "## Seen in part",
    "",
    `One exchange in ten looks suspicious, and half of the harm is among those. The grader's interval is 85 to 97 % found and at most 0.5 % raised. At ${percent(limit)} the share wrongly rolled back; at 5 % exchanges; of ${count(Math.ceil(runs / 10))} runs each.`,
    "",
    table(
      ["what is seen", `wrongly, at ${percent(limit)}`, "found, at 5 %"],
      partlySeen
        .filter(({ rate }) => rate === limit)
        .map((outcome) => {
          const found = partlySeen.find(({ rule, rate }) => rule === outcome.rule && rate > limit);
          return [
            outcome.rule,
            marked(outcome.decided / outcome.runs, outcome.interval.lower),
            found === undefined ? "-" : times(found),
          ];
        }),
    ),
    "",
    "Fewer looks cost time in proportion, unless they go where harm is. Labels that do not come cost more than those that were never asked for: they count as clean here, and as failed where it may widen. What a grader may raise falsely",
    "is added to the limit.",
    "",
  ];
}

export function plotsOf({ rollBacks }: Report): ReadonlyMap<string, string> {
  return new Map([
    ["canary-false.svg", plotOf(rollBacks, { rate: limit, most: horizon, what: "runs wrongly rolled back" })],
    ["canary-found.svg", plotOf(rollBacks, { rate: 0.05, most: 1000, what: "runs rolled back" })],
  ]);
}

interface Drawn {
  readonly rate: number;
  /** Exchanges across. */
  readonly most: number;
  readonly what: string;
}

function plotOf(rollBacks: readonly Outcome[], { rate, most, what }: Drawn): string {
  const lines = ruleNames
    .filter((name) => !name.startsWith("three") && !name.includes("1,000"))
    .flatMap((name) => rollBacks.filter((one) => one.rule === name && one.rate === rate))
    .map((outcome) => lineOf(outcome, most));
  return plot({
    title: `A true rate of ${percent(rate)}, limit ${percent(limit)}: ${what}`,
    most: 1,
    upTicks: [0, 0.05, 0.25, 0.5, 0.75, 1],
    even: doubt,
    acrossTicks: [0, 0.2, 0.4, 0.6, 0.8, 1].map((at) => [at, count(at * most)]),
    acrossWords: "exchanges",
    upWords: what,
    lines,
    description: lines.map(({ name }) => name).join("; "),
  });
}

function lineOf({ rule, decided, runs, course }: Outcome, most: number): Line {
  return {
    name: `${rule}: ${percent(decided / runs)} in the end`,
    places: course
      .map((share, step) => ({ x: ((step + 1) * horizon) / courseSteps / most, y: share }))
      .filter(({ x }) => x <= 1),
  };
}

function byRule(outcomes: readonly Outcome[], cell: (outcome: Outcome) => string): string {
  const rates = [...new Set(outcomes.map(({ rate }) => rate))];
  return table(
    ["rule", ...rates.map((rate) => `true ${percent(rate)}`)],
    ruleNames.map((name) => [
      name,
      ...rates.map((rate) =>
        outcomes
          .filter((one) => one.rule === name && one.rate === rate)
          .map(cell)
          .join(""),
      ),
    ]),
  );
}

function times({ median, mostly, decided, runs }: Outcome): string {
  const share = decided / runs;
  const words = [median, mostly].map((exchanges) => (exchanges === null ? "–" : count(exchanges))).join(" · ");
  return share > 0.995 ? words : `${words} (${percent(share)})`;
}

/** Bold where it is more than the doubt, its 99 % interval included. */
function marked(share: number, atLeast: number): string {
  return atLeast > doubt ? `**${percent(share)}**` : percent(share);
}

function count(of: number): string {
  return of.toLocaleString("en");
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
