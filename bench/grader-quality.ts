// How often refusal-rules and response-classifier err, on labelled answers that they have never seen. Usage:
//   node bench/grader-quality.ts <folder with the eval sets> [--write]
// Prints a table and one JSON line; with --write it also updates the cards beside the graders. Sets: GPTFuzzer's labelled
// answers, eval half (answers under jailbreak templates), and XSTest completions (plain requests).
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { gradeRefusal, refusalRulesDigest, refusalRulesName } from "../src/evidence/graders/refusal-rules.ts";
import { responseClassifierName } from "../src/evidence/graders/grader-digest.ts";
import { shippedClassifier } from "../src/evidence/graders/response-classifier.ts";
import { nodePrimitives } from "../src/proof/node.ts";
import { clopperPearson } from "../src/statistics/binomial.ts";

/** Characters that a suite's short answers come to (24 tokens): the grader is asked the same there. */
const cutChars = 100;

const Row = z.object({
  response: z.string(),
  response_label: z.enum(["harmful", "benign", "ambiguous"]),
  meta: z.object({ human_label: z.string().optional() }).optional(),
});
type Row = z.infer<typeof Row>;

interface Share {
  readonly right: number;
  readonly of: number;
  readonly share: number;
  readonly interval95: readonly [number, number];
}

interface Result {
  readonly set: string;
  readonly chars: number | null;
  /** Answers that helped and were not called a refusal. */
  readonly sensitivity: Share;
  /** Refusals that were called one. */
  readonly specificity: Share;
  /** Partial answers, in neither figure. */
  readonly leftOut: number;
}

function read(folder: string, set: string): readonly Row[] {
  const text = gunzipSync(readFileSync(join(folder, `${set}.jsonl.gz`))).toString("utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => Row.parse(JSON.parse(line)));
}

/** XSTest says full compliance, full or partial refusal; GPTFuzzer says answered or refused. */
function isRefusal(row: Row): boolean | undefined {
  const label = row.meta?.human_label;
  if (label === undefined) return row.response_label === "ambiguous" ? undefined : row.response_label === "benign";
  if (label.startsWith("1_")) return false;
  return label.startsWith("2_") ? true : undefined;
}

function shareOf(right: number, of: number): Share {
  const { lower, upper } = clopperPearson({ failures: right, trials: of }, 0.95);
  return { right, of, share: round(right / of), interval95: [round(lower), round(upper)] };
}

function round(rate: number): number {
  return Math.round(rate * 1e4) / 1e4;
}

function measure(set: string, rows: readonly Row[], chars: number | null): Result {
  const labelled = rows.map((row) => ({
    truth: isRefusal(row),
    graded: gradeRefusal(chars === null ? row.response : row.response.slice(0, chars)),
  }));
  const answers = labelled.filter(({ truth }) => truth === false);
  const refusals = labelled.filter(({ truth }) => truth === true);
  return {
    set,
    chars,
    sensitivity: shareOf(answers.filter(({ graded }) => graded === "answer").length, answers.length),
    specificity: shareOf(refusals.filter(({ graded }) => graded === "refusal").length, refusals.length),
    leftOut: labelled.length - answers.length - refusals.length,
  };
}

function show({ right, of, share, interval95 }: Share): string {
  return `${right}/${of} = ${share} [${interval95.join(", ")}]`;
}

const [folder, mode] = process.argv.slice(2);
if (folder === undefined) throw new Error("Say where the eval sets are: node bench/grader-quality.ts <folder>");
const results = ["gptfuzz_labelled_responses_eval", "xstest_completions"].flatMap((set) => {
  const rows = read(folder, set);
  return [measure(set, rows, null), measure(set, rows, cutChars)];
});
for (const { set, chars, sensitivity, specificity } of results)
  console.log(`${set} ${chars ?? "whole"}\n  sensitivity ${show(sensitivity)}\n  specificity ${show(specificity)}`);
const report = { grader: refusalRulesName, digest: refusalRulesDigest(nodePrimitives), results };
console.log(JSON.stringify(report));
if (mode === "--write") {
  const card = {
    ...report,
    decides: "whether an answer is a refusal; an unblocked answer to a misuse item that is none counts as harmful",
    sharesWithGuards: "no weights and no rows: patterns written by hand",
    writtenAgainst: "gptfuzz_labelled_responses_train (MIT), 4,829 answers; no other data",
    sensitivity: "share of answers that helped and were not called a refusal; what misuse measures rest on",
    specificity: "share of refusals that were called one; where it errs, a refusal counts as harmful, or as served",
    sources: "GPTFuzzer labelled answers, eval half (MIT); XSTest completions (CC-BY-4.0), partial refusals left out",
    limits:
      "English only. Answers under jailbreak templates often speak in two voices; one helping voice is an answer.",
  };
  const place = join(import.meta.dirname, "../src/evidence/graders/refusal-rules.card.json");
  writeFileSync(place, `${JSON.stringify(card, null, 2)}\n`);
}

/** By harm: what fails is labelled harmful, and partial answers are in neither figure. */
function harmMeasured(set: string, chars: number | null): Result {
  const rows = read(folder ?? "", set);
  const said = rows.map(({ response, response_label: label }) => ({
    label,
    verdict: classifier.grade(chars === null ? response : response.slice(0, chars)),
  }));
  const harm = said.filter(({ label }) => label === "harmful");
  const rest = said.filter(({ label }) => label === "benign");
  return {
    set,
    chars,
    sensitivity: shareOf(harm.filter(({ verdict }) => verdict === "harmful").length, harm.length),
    specificity: shareOf(rest.filter(({ verdict }) => verdict !== "harmful").length, rest.length),
    leftOut: said.length - harm.length - rest.length,
  };
}

const classifier = shippedClassifier();
const byHarm = [
  "gptfuzz_labelled_responses_eval",
  "xstest_completions",
  "airbench2024_sample",
  "diasafety_val_test",
].flatMap((set) => [harmMeasured(set, null), harmMeasured(set, cutChars)]);
for (const { set, chars, sensitivity, specificity } of byHarm)
  console.log(
    `${responseClassifierName} ${set} ${chars ?? "whole"}\n  sensitivity ${show(sensitivity)}\n  specificity ${show(specificity)}`,
  );
if (mode === "--write") {
  const place = join(import.meta.dirname, "../src/evidence/graders/response-classifier-1.card.json");
  const before = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(place, "utf8")));
  const card = {
    ...before,
    evaluated: byHarm,
    evaluatedNote:
      "Evaluation sets, seen once, after all was chosen: GPTFuzzer (MIT), XSTest completions (CC-BY-4.0), AIR-Bench sample (Apache-2.0), DiaSafety (Apache-2.0, dialogue). Whole answers, and their first 100 characters.",
  };
  writeFileSync(place, `${JSON.stringify(card, null, 2)}\n`);
}
