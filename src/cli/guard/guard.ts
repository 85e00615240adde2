// `headgate guard`: safeguards by themselves. Here `scan`: the safeguards over a file, without a server: what they would find,
// and what policy makes of it.
import type { Command } from "commander";
import { z } from "zod";
import { decide, redactedIn } from "../../policy/decide.ts";
import { ScanRow, type Scanner, scan } from "../../safeguards/scan.ts";
import { Failure } from "../../terms/failure.ts";
import { Surface } from "../../terms/finding.ts";
import { withWordsOfJson, wordsOfJson } from "../../wire/json-words.ts";
import type { Answer } from "../answer.ts";
import type { Context } from "../context.ts";
import { card, CardOptions } from "./card.ts";
import { compare, CompareOptions } from "./compare.ts";
import { label, LabelOptions } from "./label.ts";
import { ConformOptions, conformTo } from "./conform.ts";
import { reliability, ReliabilityOptions } from "./reliability.ts";
import { tune, TuneOptions } from "./tune.ts";
import {
  type JsonLine,
  type OfflineChain,
  callerFlags,
  callerOptions,
  jsonLines,
  withOfflineChain,
} from "./offline-chain.ts";
import { type Call, addVerb, argument } from "../verb.ts";

const Options = z.object({
  safeguards: z.string().optional(),
  policy: z.string().optional(),
  surface: Surface.optional(),
  jsonText: z.boolean().default(false),
  ...callerOptions,
});

/** What is judged by, and as what. */
const chainFlags = [
  ["--safeguards <file>", "a Safeguards document (default: the shipped example)"],
  ["--policy <file>", "a UsagePolicy document (default: the shipped example)"],
  ["--surface <surface>", "input (default) or output"],
] as const;

export function addGuardVerbs(program: Command, context: Context): void {
  const guard = program.command("guard").description("safeguards by themselves");
  addVerb(guard, context, {
    usage: "scan <file>",
    summary: "scan rows {id, text, response?, provenance?} of a JSONL file; one line of JSON a row, no server",
    flags: [
      ...chainFlags,
      [
        "--json-text",
        "texts are JSON, as arguments of calls and answers by a schema are: read without their escapes, too",
      ],
      ...callerFlags,
    ],
    options: Options,
    run: scanFile,
    more: 'A row with a response is judged by that answer, unless --surface input is given; one with "provenance": "data" is judged as what a tool gave.',
  });
  addVerb(guard, context, {
    usage: "tune <file>",
    summary: "what each benign rate would catch and refuse of labelled rows {id, text, label}; no server",
    flags: [
      ...chainFlags,
      ...callerFlags,
      ["--category <category>", "try the rates for this category only; the others keep what the document says"],
      ["--refused-max <share>", "greatest share of benign texts that may be refused (default 0.01)"],
      ["--by-category", "choose a rate for each category; rows may name the set that they stand with ('set')"],
      ["--sets <shares>", "with --by-category: sets of which another share may be refused, as everyday=0.003"],
      ["--svg <file>", "draw it there, as ROC and DET curves with intervals"],
    ],
    options: TuneOptions,
    run: tune,
    more: "Leaves with 3 where no rate tried is shown to keep to --refused-max.",
  });
  addVerb(guard, context, {
    usage: "reliability <file>",
    summary: "whether variants of the same request, rows {behaviour, dimension, text}, get the same verdict; no server",
    flags: [
      ["--safeguards <file>", "a Safeguards document (default: the shipped example)"],
      ["--policy <file>", "a UsagePolicy document (default: the shipped example)"],
      ...callerFlags,
    ],
    options: ReliabilityOptions,
    run: reliability,
    more: "A row with a response is judged by that answer.",
  });
  addLearningVerbs(guard, context);
}

function addLearningVerbs(guard: Command, context: Context): void {
  addVerb(guard, context, {
    usage: "label <items>",
    summary: "keep a text that was judged wrongly, with what it is, in a file of labelled items; no server",
    flags: [
      ["--text <file>", "the text, in a file (required)"],
      ["--label <label>", "harmful or benign (required)"],
      ["--category <category>", "what it is harmful as"],
      ["--about <id>", "the receipt or review that it comes from"],
      ["--safeguards <file>", "a Safeguards document to judge it by (default: the shipped example)"],
      ["--policy <file>", "a UsagePolicy document (default: the shipped example)"],
      ["--surface <surface>", "input (default) or output"],
      [
        "--provenance <who>",
        "who wrote it, of requests: user (default), instructions, model, or data, which is what a tool gave",
      ],
      ...callerFlags,
    ],
    options: LabelOptions,
    run: label,
  });
  addVerb(guard, context, {
    usage: "card <safeguard>",
    summary: "what was measured of a safeguard that ships, as misuse@4, and what was asked for; no server",
    options: CardOptions,
    run: card,
    more: "The same figures as in the console; --json has the curves.",
  });
  addVerb(guard, context, {
    usage: "compare <before> <after>",
    summary: "two cards of a detector, or two results of its bench, set by set; no server",
    options: CompareOptions,
    run: compare,
  });
  addVerb(guard, context, {
    usage: "conform <target>",
    summary:
      "check safeguards that are asked over HTTP against what they declare: a service's URL, or a Safeguards document",
    flags: [
      ["--key <reference>", "env:UPSTREAM_… or file:NAME: the key of a service named by its URL"],
      ["--timeout-ms <ms>", "the time that a service named by its URL has (default 5000)"],
      ["--finds <file>", "rows {text}: something has to be found in each, by every safeguard that is checked"],
      ["--finds-untested", "do not fail because nobody said what it has to find"],
    ],
    options: ConformOptions,
    run: conformTo,
    more: "Asks some thirty questions, from this machine. Leaves with 1 where a check fails, and where --finds is missing.",
  });
}

async function scanFile(call: Call<z.infer<typeof Options>>): Promise<Answer> {
  return withOfflineChain(call.options, call.context, async (offline) => {
    const { surface, jsonText } = call.options;
    const scanners = {
      input: scannerFor(offline, "input", jsonText),
      output: scannerFor(offline, "output", jsonText),
    };
    return scanRows(call, (row) => scanners[surface ?? (row.response === undefined ? "input" : "output")]);
  });
}

async function scanRows(call: Call<z.infer<typeof Options>>, scannerOf: (row: ScanRow) => Scanner): Promise<Answer> {
  const { context } = call;
  const counts = new Map<string, number>();
  for (const line of jsonLines(argument(call, 0))) {
    const row = rowOf(line);
    const result = await scan(row, scannerOf(row));
    counts.set(result.verdict, (counts.get(result.verdict) ?? 0) + 1);
    context.write(`${JSON.stringify(result)}\n`);
  }
  if (!call.base.json) context.tell(`${[...counts].map(([verdict, count]) => `${verdict} ${count}`).join(", ")}\n`);
  return { json: null, text: "", exit: 0, next: undefined, isPrinted: true };
}

function rowOf({ value, number }: JsonLine): ScanRow {
  const row = ScanRow.safeParse(value);
  if (row.success) return row.data;
  throw new Failure(
    "request_invalid",
    `Line ${number} is not a row: {"id": …, "text": …} and, where an answer is judged, "response".`,
  );
}

function scannerFor({ chain, safeguards, policy }: OfflineChain, surface: Surface, jsonText: boolean): Scanner {
  return {
    chain,
    safeguards,
    decide: (inspection) => decide(inspection, policy, { scopes: [], surface }),
    redacts: (inspection) => redactedIn(inspection, policy, { scopes: [], surface: "output" }),
    surface,
    isJson: jsonText,
    textsOf: (said) => (jsonText ? [said, { ...said, text: wordsOfJson(said.text) }] : withWordsOfJson([said])),
  };
}
