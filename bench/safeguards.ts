// What the shipped safeguards are worth, in one command: recall and refusals, answers, disguises, conversations, reliability and cost on
// named evaluation sets that nothing was trained or tuned on, each figure with its n and a 95 % interval, beside what was asked
// for. Prints one line of JSON and tables; `--write` keeps the result, the page docs/safeguards-measured.md, its
// plots, and the figures that ship beside the safeguards' cards.
// node bench/safeguards.ts EVAL-FOLDER [--write] [--every N]     one row in N, to try it
// node bench/safeguards.ts --redraw                              page, plots and figures anew from the result that is kept
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { measureDisguises } from "./obfuscation.ts";
import { measureRewordings } from "./rewordings.ts";
import { writeCardFigures } from "./safeguards/card-figures.ts";
import { measureConversations } from "./safeguards/conversations.ts";
import { cardOf, measureCost } from "./safeguards/cost.ts";
import { type Judge, openJudge } from "./safeguards/judge.ts";
import { lineOf } from "./safeguards/lines.ts";
import { measureOwn } from "./safeguards/own.ts";
import { pageOf } from "./safeguards/page.ts";
import { plotsOf } from "./safeguards/plots.ts";
import { Report, shareOf } from "./safeguards/report.ts";
import { heldBackRows, openSets, rowsIn, sets } from "./safeguards/rows.ts";
import {
  areasOf,
  calibrationOf,
  categoriesOf,
  curvesOf,
  everydayOf,
  measureSets,
  ratesCounted,
  resultsOf,
} from "./safeguards/sets.ts";
import { targetsOf } from "./safeguards/targets.ts";
import { measureReliability } from "./safeguards/variants.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    redraw: { type: "boolean", default: false },
    every: { type: "string", default: "1" },
  },
});
const root = join(import.meta.dirname, "..");
const resultFile = join(import.meta.dirname, "results", "safeguards.json");

/** Of each set: requests that are judged in all disguises. */
const rowsDisguised = 60;

const startedAt = performance.now();

function say(line: string): void {
  const { user, system } = process.cpuUsage();
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  console.error(`${seconds} s, ${Math.round((user + system) / 1e6)} s of processors  ${line}`);
}

function missingIn(path: string): readonly string[] {
  return Object.keys(sets).filter((name) => !existsSync(join(path, `${name}.jsonl.gz`)));
}

async function measure(folder: string, every: number): Promise<Report> {
  const open = openSets(folder, every);
  const judge = openJudge();
  const few = (count: number): number => Math.max(4, Math.round(count / every));
  const measured = await measureSets(judge, open, say);
  const everyday = everydayOf(measured, 0.01);
  const cost = await measureCost(judge, measured);
  say("cost");
  const own = heldBackRows().filter((_, at) => every === 1 || at % every < 4);
  const rewordings = await measureRewordings(judge, own);
  say("rewordings");
  const disguises = await measureDisguises(judge, open, few(rowsDisguised));
  say("disguises");
  const sizes = { everyday: few(800), lookAlike: few(300), attacks: few(100) };
  const conversations = await measureConversations(judge, open, sizes);
  say("conversations");
  const languages = rowsIn(join(folder, "..", "train", "catqa_en_zh_vi.jsonl.gz"));
  const sources = { open, own, languages: languages.slice(0, few(languages.length)), rowsASet: few(rowsDisguised) };
  const reliability = await measureReliability(judge, sources);
  say("reliability");
  const report = {
    bench: "safeguards" as const,
    at: new Date().toISOString(),
    seconds: Math.round((performance.now() - startedAt) / 1_000),
    safeguard: judge.detector,
    digest: judge.registry.get(judge.detector).digest,
    detectors: judge.detectors.map((safeguard) => ({ safeguard, digest: judge.registry.get(safeguard).digest })),
    isWhole: every === 1,
    rates: [...ratesCounted],
    shipped: shippedRates(judge),
    everyday: { benignRate: everyday.benignRate, refused: everyday.refused },
    sets: resultsOf(measured, everyday),
    own: await measureOwn(judge, own, everyday),
    areas: areasOf(measured),
    curves: curvesOf(measured),
    categories: categoriesOf(measured, everyday),
    calibration: calibrationOf(measured),
    disguises,
    conversations,
    rewordings,
    reliability,
    cost,
    held: judge.detectors.flatMap((safeguard) => heldIn(safeguard, cardOf(safeguard))),
  };
  return Report.parse({ ...report, targets: targetsOf(report) });
}

const Limit = z.object({ benignRate: z.number() });
const Entry = z.object({
  safeguard: z.string(),
  block: Limit,
  review: Limit,
  categories: z.array(z.object({ category: z.string(), review: Limit.optional() })).default([]),
});

function shippedRates({ document, detector }: Judge): Report["shipped"] {
  const entries = document.chain.map((entry) => Entry.parse(entry));
  const main = entries.find(({ safeguard }) => safeguard === detector);
  if (main === undefined) throw new Error(`The shipped documents do not have ${detector}.`);
  return {
    block: main.block.benignRate,
    review: main.review.benignRate,
    categories: main.categories.map(({ category, review = main.review }) => ({ category, review: review.benignRate })),
    others: entries
      .filter(({ safeguard }) => safeguard !== detector)
      .map(({ safeguard, review }) => ({ safeguard, review: review.benignRate })),
  };
}

const Card = z.object({
  held: z.record(
    z.string(),
    z.array(z.object({ source: z.string(), label: z.string(), rows: z.number(), flagged: z.number() })),
  ),
});

/** At the rates that matter here: what ships, and the one that lies nearest to 1 % of everyday requests. */
function heldIn(safeguard: string, card: unknown): Report["held"] {
  const { held } = Card.parse(card);
  return ["0.005", "0.05"].flatMap((rate) =>
    (held[rate] ?? []).map(({ source, label, rows, flagged }) => ({
      safeguard,
      source,
      label,
      rate: Number(rate),
      flagged: shareOf(Math.round(flagged * rows), rows),
    })),
  );
}

function draw(report: Report): void {
  const plots = join(root, "docs", "measured");
  mkdirSync(plots, { recursive: true });
  for (const [name, svg] of plotsOf(report)) writeFileSync(join(plots, name), svg);
  writeFileSync(join(root, "docs", "safeguards-measured.md"), pageOf(report));
  writeCardFigures(report);
}

const [folder] = positionals;
const every = Number(values.every);
if (values.redraw) {
  draw(Report.parse(JSON.parse(readFileSync(resultFile, "utf8"))));
} else if (folder === undefined || !Number.isInteger(every) || every < 1) {
  console.error("Usage: node bench/safeguards.ts EVAL-FOLDER [--write] [--every N], or --redraw");
  process.exitCode = 2;
} else {
  const missing = missingIn(folder);
  if (missing.length > 0) throw new Error(`${folder} lacks ${missing.join(", ")} (as NAME.jsonl.gz).`);
  const report = await measure(folder, every);
  console.log(JSON.stringify(report));
  for (const { what, of, target, measured, verdict, isShown } of report.targets)
    console.log(lineOf([what, of, target, measured, `${verdict}${isShown ? "" : ", not beyond doubt"}`]));
  if (values.write) {
    writeFileSync(resultFile, `${JSON.stringify(report)}\n`);
    draw(report);
  }
}
process.exit();
