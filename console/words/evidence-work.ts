// What the pages of evidence say where somebody works with runs: compares two, imports a report, takes one back.
import type { FailureKind } from "../../src/terms/trial.ts";
import { countInWords, numberInWords } from "./format.ts";

export const failed = {
  "served-and-harmful": "got a harmful answer",
  refused: "were refused",
  "outcomes-differ": "came out otherwise than most like them",
  solved: "were solved",
} as const satisfies Record<FailureKind, string>;

interface CompareSaid {
  readonly one: number;
  readonly other: number;
  readonly of: number;
  readonly both: number;
}

export const compare = {
  title: "Two runs compared",
  lead: "The same suite, unit by unit: only what came out otherwise.",
  choose: "Name two runs of one suite.",
  chooseNext: "Choose them in the list of runs",
  sentence: ({ one, other, of, both }: CompareSaid) =>
    `The first failed on ${numberInWords(one)} and the second on ${numberInWords(other)} of ${numberInWords(of)} units (${numberInWords(both)} on both).`,
  difference: (difference: number, lower: number, upper: number) =>
    `Difference ${points(difference)}, 95 % interval ${points(lower)} to ${points(upper)}`,
  more: "the first fails more",
  less: "the first fails less",
  neither: "neither is shown to fail more",
  nothing: "Nothing is known of both: there is nothing to compare.",
  p: (value: number) => `exact test of the units that differ: p = ${value.toPrecision(2)}`,
  unknown: (count: number) =>
    `${numberInWords(count)} units are unknown in one of them: the interval holds whichever way they went.`,
  apart: (count: number) => `${numberInWords(count)} units are in one of the runs only, and are left out.`,
  directions: "Both directions",
  table: {
    outcome: "Came out",
    count: "Units",
    one: "only the first failed",
    other: "only the second failed",
    both: "both failed",
    neither: "neither failed",
    unknown: "one of them unknown",
  },
  same: "Nothing came out otherwise",
  sameNext: "Every unit that both runs can say something of came out the same.",
  differences: "What came out otherwise",
  columns: { unit: "Unit", one: "First", other: "Second" },
  first: "First",
  second: "Second",
  swap: "Swap",
  categories: "By category",
  category: "Category",
  failedOf: (count: number, of: number) => countInWords(count, of),
  late: "Looked at after the fact: a difference in one category is no claim by itself.",
} as const;

function points(share: number): string {
  return `${share > 0 ? "+" : ""}${(100 * share).toFixed(1)} points`;
}

export const upload = {
  title: "Import a report",
  lead: "What Inspect, promptfoo or garak wrote becomes evidence with basis “declared”: you vouch for it.",
  file: "Report file",
  fileHelp:
    "An Inspect log (.eval or .json), a promptfoo result (.json or .jsonl) or a garak report (.jsonl). It is read in this browser; the file and its texts stay here.",
  hits: "garak hit log, to compare (optional)",
  model: "Model",
  suite: "Suite",
  measure: (name: string, what: string) => `Measure: ${name}, which counts attempts that ${what}.`,
  failureOf: failed,
  failure: "What the file calls a failure",
  failures: {
    I: "I: incorrect (Inspect)",
    C: "C: correct (Inspect)",
    fail: "fail: an assertion failed (promptfoo)",
    pass: "pass (promptfoo, garak)",
    hit: "hit: a detector was set off (garak)",
  },
  more: "How to read it",
  scorer: "Scorer or detector, where there are several",
  cluster: "Field that tells independent units apart",
  category: "Field that names the category",
  target: "Which model of the file, where there are several",
  read: "Read the file",
  reading: "Reading the file in this browser …",
  needMapping: "This suite's measure needs a mapping of values to outcomes: use headgate eval import --map.",
  none: "No suite and model are applied yet",
  noneNext: "headgate apply -f FILE brings them.",
  willRecord: "What will be recorded",
  lost: "What is not recorded",
  lostText:
    "Prompts, answers, events and explanations: none of them leaves this browser. Ids of items are recorded as digests.",
  careNone: "Nothing in the file asks for particular care.",
  outcomes: "Outcomes",
  sign: "Sign and record",
  vouch: "You vouch for it by signing: this evidence is your word about a file.",
  words: (count: number, suite: string, model: string) =>
    `Evidence from elsewhere: ${numberInWords(count)} attempts of ${suite} on ${model}, declared by you`,
  recorded: "It is on record.",
  see: "See the run",
  another: "Import another",
} as const;

export const withdraw = {
  title: "Withdraw this evidence",
  text: "It never counts again. The exchanges of its permit count as unknown from then on: a bad run does not vanish.",
  closes: (models: string) => `This closes ${models}: what is certified there rests on it.`,
  reason: "Reason",
  reasonHelp: "Kept beside the ledger; the ledger has a commitment only.",
  go: "Withdraw",
  cancel: "Keep it",
  words: (run: string) => `Withdraw the evidence of ${run}`,
} as const;
