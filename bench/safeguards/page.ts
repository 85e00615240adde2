// The page that shows what was measured: plots, and every figure of them as a table, for those who do not see plots.
import { percentFigure, rateOf } from "../../src/statistics/share.ts";
import { fixed, lineOf } from "./lines.ts";
import { leftOut } from "./records.ts";
import type { Area, Report, SetResult, Share } from "./report.ts";
import { shareOf } from "./report.ts";
import { type Published, oursPublished, packages, published } from "./rivals.ts";

export function pageOf(report: Report): string {
  return [
    ...headOf(report),
    ...targetsPart(report),
    ...requestsPart(report),
    ...answersPart(report),
    ...calibrationPart(report),
    ...disguisesPart(report),
    ...conversationsPart(report),
    ...reliabilityPart(report),
    ...rivalsPart(report),
    ...recordsPart(report),
  ].join("\n");
}

function cell(share: Share | null | undefined): string {
  if (share === null || share === undefined || share.of === 0) return "–";
  return `${percentFigure(rateOf(share))} [${percentFigure(share.lower)}, ${percentFigure(share.upper)}]`;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  return [lineOf(head), lineOf(head.map(() => "---")), ...rows.map(lineOf), ""];
}

/** Those of categories, and of detectors of other texts. */
function ownRates({ categories, others }: Report["shipped"]): string {
  const rates = [
    ...categories.map(({ category, review }) => `${category} ${percentFigure(review)} %`),
    ...others.map(({ safeguard, review }) => `${safeguard}, of data, ${percentFigure(review)} %`),
  ];
  return rates.length === 0 ? "" : ` (${rates.join(", ")})`;
}

function headOf({ detectors, at, isWhole, shipped, everyday }: Report): readonly string[] {
  const part = isWhole
    ? []
    : ["**These figures are of a part of the rows, to try the command. They stand for nothing.**", ""];
  return [
    "# Safeguards, measured",
    "",
    "Written by `node bench/safeguards.ts EVAL-FOLDER --write` ([bench](../bench/README.md)); do not edit. All figures, also those of the plots, stand in",
    "[bench/results/safeguards.json](../bench/results/safeguards.json).",
    "",
    ...part,
    `${detectors.map(({ safeguard, digest }) => `${safeguard} (weights \`${digest}\`)`).join(" and ")}, measured on ${at.slice(0, 10)} by the shipped documents (\`examples/first-release\`): stopped is what reaches the threshold of ${percentFigure(shipped.review)} %`,
    `of the benign reference stream${ownRates(shipped)}. The evaluation sets are public, named, and nothing was trained or tuned on them; *in kind* means that training had rows of the same`,
    "source, or lines of our own for its kind of request. All intervals are 95 %: of shares exact (Clopper-Pearson), of areas under curves by DeLong's variance, over questions where several",
    "answers belong to one, of agreement by Hoeffding's bound ([statistics](statistics.md#agreement)).",
    `*At 1 % of everyday requests* is the threshold that 1 % of all everyday requests of these sets reach (${cell(everyday.refused)} % of ${everyday.refused.of}), a benign rate of ${percentFigure(everyday.benignRate)} %:`,
    "what is compared with others by; it is not shipped.",
    "",
    "Children's safety cannot be measured with these sets: such rows were taken out of them.",
    "",
  ];
}

function targetsPart({ targets }: Report): readonly string[] {
  const rows = targets.map(({ what, of, target, measured, verdict, isShown, basis }) => [
    what,
    of,
    target,
    measured,
    `${verdict}${isShown ? "" : ", not beyond doubt"}`,
    basis,
  ]);
  const met = targets.filter(({ verdict }) => verdict === "met").length;
  return [
    "## What was asked for",
    "",
    `${met} of ${targets.length} lines are met. *Not beyond doubt*: the interval reaches over the target. Figures of training records are of folds whose encoder was trained on fewer draws than what ships.`,
    "",
    ...table(["what", "of", "target", "measured, n", "verdict", "basis"], rows),
  ];
}

function requestsPart({ sets, rates, own, categories, areas, cost }: Report): readonly string[] {
  const requests = sets.filter(({ surface }) => surface === "input");
  return [
    "## Requests",
    "",
    "![ROC curves of requests](measured/roc.svg)",
    "",
    "![DET curves of requests](measured/det.svg)",
    "",
    "Points with intervals stand at the calibrated benign rates, 0.1 to 10 %. Curves end where the first look clears everything else. Mails of BIPIA were judged twice, as one text of the user's and as an agent sends them, with",
    "the mail as data of a tool: in the curve of attacks, in the look-alikes' and in the category injection each of them counts twice, so that their intervals are somewhat too narrow.",
    "",
    "![Share stopped of every set](measured/sets.svg)",
    "",
    ...setsTable(requests, rates),
    ...table(
      ["own lines, held back from training", "lines", "stopped as shipped, %", "at 1 % of everyday, %"],
      own.map(({ name, rows, stopped, atEveryday }) => [name, rows, cell(stopped), cell(atEveryday)]),
    ),
    ...areasTable(
      areas.filter(({ part }) => part === "misuse" || part === "attack"),
      "harmful requests against all everyday ones",
    ),
    "![Harmful requests found by category](measured/categories.svg)",
    "",
    ...table(
      ["category", "rows", "stopped as shipped, %", "at 1 % of everyday, %"],
      categories.map(({ category, stopped, atEveryday }) => [category, stopped.of, cell(stopped), cell(atEveryday)]),
    ),
    `The first look takes ${cost.plain.p50} µs for 1,000 characters of plain text (99 %: ${cost.plain.p99}), ${cost.decoded.p50} µs where it has to be decoded (99 %: ${cost.decoded.p99}); ${cell(cost.escalated)} % of ${cost.escalated.of} everyday requests`,
    `are looked at twice. One thread of ${cost.cpu}, which others used too (load ${cost.load}).`,
    "",
  ];
}

function setsTable(sets: readonly SetResult[], rates: readonly number[]): readonly string[] {
  const head = [
    "set",
    "label",
    "kind",
    "rows",
    "stopped as shipped, %",
    ...rates.map((rate) => `at ${percentFigure(rate)} %`),
  ];
  const hasEveryday = sets.some(({ atEveryday }) => atEveryday !== null);
  const rows = sets.map(({ set, label, part, seen, of, stopped, flagged, atEveryday }) => [
    set,
    label,
    `${part}, ${seen}`,
    of,
    cell(stopped),
    ...flagged.map((count) => percentFigure(count / of)),
    ...(hasEveryday ? [cell(atEveryday)] : []),
  ]);
  return table([...head, ...(hasEveryday ? ["at 1 % of everyday, %"] : [])], rows);
}

function areasTable(areas: readonly Area[], what: string): readonly string[] {
  return table(
    ["AUC", "kind", "harmful", "harmless", what],
    areas.map(({ set, seen, harmful, benign, area, lower, upper, clusters }) => [
      set,
      seen,
      harmful,
      benign,
      `${area.toFixed(3)} [${lower.toFixed(3)}, ${upper.toFixed(3)}]${clusters ? ", by question" : ""}`,
    ]),
  );
}

function answersPart({ sets, rates, areas }: Report): readonly string[] {
  const answers = sets.filter(({ surface }) => surface === "output");
  return [
    "## Answers, and content as a model might write it",
    "",
    "![ROC and DET curves of answers](measured/answers.svg)",
    "",
    ...areasTable(
      areas.filter(({ part }) => part === "answer" || part === "content"),
      "harmful against harmless of the same set",
    ),
    ...setsTable(answers, rates),
  ];
}

function calibrationPart({ calibration }: Report): readonly string[] {
  const rows = calibration.flatMap(({ name, bins }) =>
    bins.map(({ score, harmful }) => [name, score.toFixed(2), harmful.of, cell(harmful)]),
  );
  return [
    "## Scores against what is seen",
    "",
    "![Reliability diagram](measured/calibration.svg)",
    "",
    "Sets have the share of harmful texts that they have, which is not that of any traffic: read the diagram for its order and its steps.",
    "",
    ...table(["of", "mean score", "texts", "harmful, %"], rows),
  ];
}

function disguisesPart({ disguises }: Report): readonly string[] {
  return [
    "## Disguises",
    "",
    "The same rows, plain and disguised, flagged at a benign rate of 2 %; harmless rows are disguised too.",
    "",
    ...table(
      ["disguise", "harmful flagged, %", "harmless flagged, %", "AUC", "AUC lost"],
      disguises.map(({ disguise, harmful, benign, auc, aucLost, aucLost95 }) => [
        disguise,
        cell(harmful),
        cell(benign),
        auc.toFixed(3),
        `${fixed(aucLost, 3)} [${aucLost95.map((end) => fixed(end, 3)).join(", ")}]`,
      ]),
    ),
  ];
}

function conversationsPart({ conversations, rewordings }: Report): readonly string[] {
  return [
    "## Conversations",
    "",
    "No labelled ones can be had, so these are put together from single requests: two to eight turns, harmless ones of one set each, every request in one of them at most. *Slow*: harmful turns between harmless ones; *retry*: one",
    "request in several wordings; *escalating*: a harmful turn after look-alikes. What is judged is the highest turn, and all turns together, as gateways do",
    "([decisions/022](../decisions/022-conversations.md)). Where each turn passes alone there is little left to find: what reads a whole conversation is a judge. Published, of other conversations and so not like for like:",
    "90.8 % found at 1.2 % of 10,066 harmless ones, 588 composed attacks of turns that each match a rule (arXiv 2602.11247).",
    "",
    ...table(
      ["conversations", "turns", "rows", "stopped as shipped, %", "at 1.2 % of everyday ones, %"],
      conversations.map(({ kind, isHarmful, passing, stopped, atBenign }) => [
        kind,
        isHarmful ? (passing ? "harmful ones, each passes alone" : "any harmful ones") : "harmless",
        stopped.of,
        cell(stopped),
        cell(atBenign),
      ]),
    ),
    "Goals of our own, held back from training, asked in up to eight wordings until one passes, where the usage policy remembers what was stopped (`rewordings`):",
    "",
    ...table(
      [
        "after so many stopped",
        "first stopped, another passed, %",
        "harmful goals that passed, %",
        "harmless wordings refused, %",
        "harmless goals never served, %",
      ],
      rewordings.map((one) => [
        one.after === 0 ? "no memory" : one.after,
        `${cell(one.stoppedAtFirstThenPassed)} of ${one.stoppedAtFirstThenPassed.of}`,
        `${cell(one.harmfulGoalsPassed)} of ${one.harmfulGoalsPassed.of}`,
        `${cell(one.benignWordingsRefused)} of ${one.benignWordingsRefused.of}`,
        `${cell(one.benignGoalsNeverServed)} of ${one.benignGoalsNeverServed.of}`,
      ]),
    ),
  ];
}

function reliabilityPart({ reliability }: Report): readonly string[] {
  const { parts, dimensions, overall, twins } = reliability;
  return [
    "## Reliability",
    "",
    `Two variants of the same request have the same verdict in **${percentFigure(overall.mean)} % [${percentFigure(overall.lower)}, ${percentFigure(overall.upper)}]**, the mean over ${dimensions.length} dimensions ([what it means](statistics.md#agreement)). Everyday requests, nearly all of`,
    "which pass in any variant, are left out: these are harmful requests and look-alikes, where a verdict can turn.",
    "",
    "![Agreement by dimension](measured/reliability.svg)",
    "",
    ...table(
      [
        "dimension",
        "of",
        "requests",
        "variants",
        "stopped, %",
        "one verdict for all, %",
        "two variants agree, %",
        "beyond chance",
      ],
      [
        ...dimensions.map(({ dimension, agreement }) => agreementRow(`**${dimension}**`, "", agreement)),
        ...parts.map(({ dimension, part, agreement }) => agreementRow(dimension, part, agreement)),
      ],
    ),
    "Ambiguity the other way round: of a harmful request and a harmless one in nearly the same words the one ought to be stopped and the other not.",
    "",
    ...table(
      ["pairs", "n", "told apart, %", "both passed, %", "both stopped, %", "the wrong one stopped, %"],
      twins.map(({ pairs, toldApart, bothPassed, bothStopped, reversed }) => [
        pairs,
        toldApart.of,
        cell(toldApart),
        cell(bothPassed),
        cell(bothStopped),
        cell(reversed),
      ]),
    ),
  ];
}

type Agreement = Report["reliability"]["dimensions"][number]["agreement"];

function agreementRow(name: string, part: string, agreement: Agreement): readonly (string | number)[] {
  const { behaviours, variants, stopped, same, pairs, beyondChance } = agreement;
  return [
    name,
    part,
    behaviours,
    variants,
    percentFigure(stopped / variants),
    cell({ ...same, of: behaviours }),
    `${percentFigure(pairs.mean)} [${percentFigure(pairs.lower)}, ${percentFigure(pairs.upper)}]`,
    beyondChance === null ? "–" : fixed(beyondChance, 2),
  ];
}

function rivalsPart(report: Report): readonly string[] {
  const { sets } = report;
  const known = [...new Set(packages.flatMap(({ flagged }) => Object.keys(flagged)))];
  const rows = known.flatMap((key) => {
    const ours = sets.find(({ set, label }) => `${set} ${label}` === key);
    if (ours === undefined) return [];
    return [
      [
        key,
        cell(ours.stopped),
        cell(ours.atEveryday),
        ...packages.map(({ flagged }) => (flagged[key] === undefined ? "–" : percentFigure(flagged[key]))),
      ],
    ];
  });
  return [
    "## Beside others",
    "",
    "Share flagged on the same sets, in per cent. *Like for like*: the n-grams, trained on the same public rows and set to 1 % of the same everyday requests, beside our column of that name. *Not like for like*: the packages,",
    "at thresholds of their own and on at most 600 rows a set; read what they flag of harmless rows beside what they find. All but ours measured once, before this command was there.",
    "",
    ...table(["set", "ours, as shipped", "ours, at 1 % of everyday", ...packages.map(({ name }) => name)], rows),
    "F1 as published, in per cent (of XSTest's prompts by its makers, with the safe ones that are flagged). *Not like for like*: these are language models on graphics cards; their sets are whole where ours lack the rows about children (80 of 100, 398 of 400, 1,496 of 1,680,",
    "2,154 of 2,250), and moderation samples, which we judge as content that a model might write, are requests to them.",
    "",
    ...table(
      ["", "SimpleSafetyTests", "HarmBench", "OpenAI moderation", "XSTest prompts", "XSTest answers"],
      [...oursPublished(report), ...published].map(publishedRow),
    ),
  ];
}

function publishedRow({ name, simpleSafetyTests, harmBench, moderation, ...xstest }: Published): string[] {
  const figures = [simpleSafetyTests, harmBench, moderation, xstest.xstestPrompts, xstest.xstestAnswers];
  return [name, ...figures.map((figure) => figure ?? "–")];
}

function recordsPart({ held }: Report): readonly string[] {
  return [
    "## From training's records",
    "",
    "Sources left out whole (three folds of the fourth round, decisions/010; at most 250 rows of each), found at 1 % of everyday requests and at 0.5 % of the benign reference:",
    "",
    ...table(
      ["source", "by", "at 1 % of everyday, %", "at 0.5 %, %", "rows"],
      leftOut.map(({ source, by, rows, found, foundShipped }) => [
        source,
        by,
        cell(shareOf(found, rows)),
        cell(shareOf(foundShipped, rows)),
        rows,
      ]),
    ),
    "Rows held back from training, from the detectors' cards:",
    "",
    ...table(
      ["safeguard", "source", "label", "benign rate, %", "flagged, %", "rows"],
      held.map(({ safeguard, source, label, rate, flagged }) => [
        safeguard,
        source,
        label,
        percentFigure(rate),
        cell(flagged),
        flagged.of,
      ]),
    ),
  ];
}
