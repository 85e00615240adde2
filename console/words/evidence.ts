// What the pages of evidence say.
import type { FailureKind } from "../../src/terms/trial.ts";
import { compare, failed, upload, withdraw } from "./evidence-work.ts";
import { boundsInWords, countInWords, numberInWords, percentInWords } from "./format.ts";

interface Said {
  readonly failure: FailureKind | null;
  readonly failures: number;
  readonly trials: number;
  readonly unknown: number;
  readonly upper: number;
  readonly lower: number;
  readonly confidence: number;
  readonly isExact: boolean;
}

/** "3 of 200 attempts got a harmful answer; for prompts like these, below 1 in 26 with 95 % confidence." */
function sentence({ failure, failures, trials, unknown, upper, confidence, isExact }: Said): string {
  const what = failure === null ? "failed" : failed[failure];
  const open = unknown === 0 ? "" : ` (of ${numberInWords(unknown)} more nobody can say, which counts as failed)`;
  const worst = isExact ? "" : " at the worst";
  const bound = boundsInWords({ lower: 0, upper, confidence });
  return `${countInWords(failures, trials)} attempts ${what}${open}; for prompts like these, ${bound}${worst}.`;
}

const notBecause = {
  withdrawn: "it was withdrawn",
  declared: "the gate takes only what was measured here",
  "other-model": "it is of another model document",
  "other-safeguards": "it is of other safeguards",
  "other-policy": "it is of another usage policy",
  "other-suite": "it is of another version of the suite",
  "other-grader": "it was graded otherwise",
} as const;

const outcome = {
  harmful: "harmful",
  safe: "safe",
  refused: "refused",
  unscored: "not judged",
  errored: "no answer",
  truncated: "cut short",
} as const;

const countsAs = { failed: "failed", unknown: "unknown", clean: "clean" } as const;
const basis = { "measured-here": "measured here", declared: "declared by its signer" } as const;
const slot = { candidate: "candidate", "in-force": "in force" } as const;

interface PlanSaid {
  readonly rule: string;
  readonly trials: number;
  readonly limit: string;
  readonly confidence: number;
}

interface ReportSaid {
  readonly tool: string;
  readonly task: string;
  readonly model: string;
  readonly judge: string;
}

const runs = {
  title: "Evidence",
  lead: "Every run on record, unfinished ones too: what it came to, whose it is, and which gates count it.",
  importReport: "Import a report",
  none: "No run is recorded yet",
  noneNext: "headgate eval run measures a model through its own safeguards. A report of another tool is imported here.",
  noneFit: "No run fits these filters",
  noneFitNext: "Show all runs",
  caption: "Runs",
  columns: {
    run: "Run",
    measure: "What it came to",
    basis: "Basis",
    plan: "Plan",
    by: "Signed by",
    gates: "Gates",
    at: "When",
  },
  filters: {
    title: "Filters",
    model: "Model",
    suite: "Suite",
    person: "Person",
    basis: "Basis",
    slot: "Slot",
    standing: "Standing",
    since: "From (UTC)",
    until: "To (UTC)",
    any: "any",
  },
  standing: { counts: "counts", withdrawn: "withdrawn", unfinished: "unfinished" },
  sealed: (attempts: number) => `${numberInWords(attempts)} samples sealed`,
  unfinished: (exchanges: number, of: number) =>
    exchanges === 0
      ? `Registered, not begun: ${numberInWords(of)} trials planned.`
      : `Begun and not sealed: ${countInWords(exchanges, of)} exchanges made. What is missing counts as unknown.`,
  withdrawn: "Withdrawn",
  withdrawnBy: (person: string) => `Withdrawn by ${person}`,
  registered: (rule: string, trials: number) => `registered: ${rule}, ${numberInWords(trials)} trials`,
  notRegistered: "no plan here: it was run elsewhere",
  rule: { fixed: "all of them", sequential: "may be stopped at any time" },
  bare: "without safeguards",
  outside: (organisation: string) => `of ${organisation}, outside`,
  counted: (stages: readonly string[]) => `counts for ${stages.join(", ")}`,
  notCounted: "no gate counts it",
  notSealed: "not sealed: no gate counts it",
  noGate: "no gate asks for it",
  notBecause,
  certified: "a certificate rests on it",
  flags: (count: number) => (count === 1 ? "1 reason for care" : `${numberInWords(count)} reasons for care`),
  shown: (from: number, to: number, total: number) =>
    `${numberInWords(from)} to ${numberInWords(to)} of ${numberInWords(total)}`,
  compare: (count: number) => (count === 2 ? "Compare these two" : "Choose two to compare"),
  choose: (run: string) => `Choose ${run} to compare`,
  chosen: "Compare",
} as const;

const aboutRun = {
  lead: (suite: string, model: string) => `${suite} on ${model}`,
  tabs: "Views of this run",
  overview: "Overview",
  samples: "Samples",
  record: "Record",
  notFound: "There is no such run",
  withdraw: "Withdraw",
  compare: "Compare with another run",
  isWithdrawn: "This evidence was withdrawn: it counts for nothing, and the exchanges of its permit count as unknown.",
  scope: (tokens: number) =>
    `The bound is for prompts like this suite's and answers of at most ${numberInWords(tokens)} tokens, by what its grader says; not for attackers who adapt.`,
  units: (clustersFailed: number, clusters: number, unknown: number) =>
    `The bound counts ${numberInWords(clusters)} independent units: ${numberInWords(clustersFailed)} failed${unknown === 0 ? "" : `, of ${numberInWords(unknown)} nobody can say`}.`,
  tries: (tries: number, attempts: number, unanswered: number) =>
    `${tries === attempts ? `${numberInWords(attempts)} attempts` : `${numberInWords(attempts)} attempts took ${numberInWords(tries)} tries`}${unanswered === 0 ? "" : `; ${numberInWords(unanswered)} have no answer`}.`,
  care: "Read with care",
  where: "Where it failed",
  by: { category: "By category", attack: "By attack" },
  forest: (what: string) =>
    `The share of units that failed, with the 95 % interval of each; what is unknown is clean at its left end and failed at its right. ${what}`,
  forestWorst: (name: string, failedCount: number, of: number) =>
    `Most failed in ${name}: ${countInWords(failedCount, of)}.`,
  forestNone: "Nothing failed.",
  part: { name: "Part", failed: "Failed", unknown: "Unknown", interval: "95 % interval", tries: "Tries on each" },
  intervalOf: (lower: number, upper: number) => `${percentInWords(lower)} to ${percentInWords(upper)}`,
  outcomes: { title: "Outcomes", outcome: "Outcome", count: "Samples" },
  graders: {
    title: "Graders",
    lead: (grader: string) => `Graded by ${grader}.`,
    noError: "How often this grader errs is not stated: its suite names no calibration set, or it was not asked.",
    stated: "Its stated error, on answers whose labels are known",
    sensitivity: "Finds a failure",
    specificity: "Passes what is none",
    of: (hits: number, of: number) => countInWords(hits, of),
    alone: "One grader gave every verdict: there is no second word to agree with.",
    agreement: (one: string, other: string) => `${one} and ${other}`,
    agreed: (share: number, pairs: number) =>
      `They said the same of ${percentInWords(share)} of ${numberInWords(pairs)} answers.`,
    kappa: (kappa: number, lower: number, upper: number) =>
      `Cohen's kappa ${kappa.toFixed(2)}; ${lower.toFixed(2)} to ${upper.toFixed(2)} whatever the truth is, with 95 % confidence.`,
    noPairs: "No answer was judged by both of them.",
    guessing: "a grader that guesses",
    right: "Right",
    noKappa: "Cohen's kappa is not defined: both always said the same.",
    differ: (count: number) => `Graders differ on ${numberInWords(count)} answers.`,
    seeDiffer: "See them",
    confusion: (one: string, other: string) => `What ${one} (rows) and ${other} (columns) said of the same answers`,
    rows: (one: string) => `${one} says`,
  },
  calibration: {
    title: "How sure the grader is",
    text: "The share of labelled answers on which the grader was right, with 95 % intervals; a grader that guesses lies at 50 %.",
  },
  worst: {
    title: "Items that failed most",
    item: "Item",
    unit: "Unit",
    failed: "Failed",
    unknown: "Unknown",
    none: "No item failed.",
  },
  gates: {
    title: "Gates that ask for it",
    lead: "A gate counts a run only where every digest is what it releases.",
    stage: "Stage",
    slot: "Of",
    requirement: "Requirements",
    counts: "Counts",
    yes: "yes",
    no: (why: string) => `no: ${why}`,
    none: "No stage of this model's plan asks for this measure.",
  },
  plan: {
    title: "The plan, and whether it was followed",
    none: "A report from elsewhere has no plan here: nobody registered it before it was run.",
    said: ({ rule, trials, limit, confidence }: PlanSaid) =>
      `Registered before the first sample: ${numberInWords(trials)} trials, ${rule}, to show ${limit} with ${percentInWords(confidence)} confidence.`,
    limit: (share: number) => `at most ${percentInWords(share)}`,
    noLimit: "a bound",
    checking: "Checking its receipts one by one …",
    followed: "It went as registered, by the receipts of the gateways.",
    asRegistered: "as registered",
    otherwise: "otherwise",
    deviates: "It left its plan:",
  },
  chain: {
    title: "From plan to record",
    lead: "Each step is signed by somebody, and stands in the ledger.",
    step: "Step",
    what: "What",
    proof: "Proof",
    permit: "Permit",
    permitText: (items: number, attempts: number) =>
      `${numberInWords(items)} items, ${attempts === 1 ? "one attempt" : `${numberInWords(attempts)} attempts`} each, bound before the first request`,
    receipts: "Receipts",
    receiptsText: (kept: number, counted: number) =>
      `${numberInWords(kept)} receipts of gateways are kept; the ledger counts ${numberInWords(counted)} exchanges`,
    samples: "Sealed samples",
    samplesText: (count: number) => `${numberInWords(count)} samples under one Merkle root`,
    evidence: "Evidence",
    evidenceText: (person: string) => `signed by ${person}`,
    source: "Report",
    sourceText: (tool: string) => `a file of ${tool}; its digest is signed, the file is not here`,
    certificate: "Certificate",
    certificateText: (models: string) => `what ${models} is released on names it`,
    entry: (index: number) => `Entry ${numberInWords(index)}`,
  },
  digests: {
    title: "Digests",
    model: "Model",
    safeguards: "Safeguards",
    policy: "Usage policy",
    suite: "Suite",
    grader: "Grader",
    root: "Root of the samples",
    artefact: "Samples",
    code: "Program",
    file: "File",
  },
  declared: {
    title: "What the report says",
    text: ({ tool, task, model, judge }: ReportSaid) =>
      `${tool} ran ${task} on ${model}, judged by ${judge}. Nothing of it was measured here.`,
  },
} as const;

const samples = {
  filters: "Filters of samples",
  outcome: "Outcome",
  counts: "Counts as",
  category: "Category",
  attack: "Attack",
  search: "Search ids and prompts",
  searchHelp: "Exactly as written, in ids, categories, receipts and prompts. Answers are not here.",
  sort: "Order",
  sorts: { sealed: "as sealed", worst: "worst first", id: "by item", category: "by category", at: "by time" },
  differ: "Graders",
  differs: "differ only",
  any: "any",
  caption: "Samples",
  columns: {
    number: "No.",
    item: "Item",
    category: "Category",
    attack: "Attack",
    attempt: "Attempt",
    outcome: "Outcome",
    counts: "Counts as",
    graded: "Graders say",
  },
  superseded: "tried again",
  none: "No sample fits these filters",
  noneNext: "Show all samples",
  shown: (from: number, to: number, total: number) =>
    total === 0 ? "none" : `${numberInWords(from)} to ${numberInWords(to)} of ${numberInWords(total)}`,
  first: "First",
  previous: "Previous page",
  next: "Next page",
  last: "Last",
  saveCsv: "Save as CSV",
  saveJsonl: "Save as JSONL",
  open: (number: number) => `Open sample ${numberInWords(number + 1)}`,
  outcomes: outcome,
  countsAs,
} as const;

const sample = {
  title: (number: number) => `Sample ${numberInWords(number + 1)}`,
  close: "Close",
  previous: "Previous",
  next: "Next",
  keys: "J and K go to the next and the previous sample, Escape closes it.",
  hidden: "Texts are hidden: suites hold what people should not meet by surprise.",
  showAll: "Show texts",
  hideAll: "Hide texts",
  showOne: "Show this text",
  length: (chars: number) => `${numberInWords(chars)} characters, hidden`,
  facts: {
    item: "Item",
    unit: "Unit",
    attempt: "Attempt",
    outcome: "Outcome",
    counts: "Counts as",
    score: "Score",
    receipt: "Receipt",
    leaf: "Leaf",
    commitment: "Commitment to the answer",
    at: "When",
    graded: "Graders say",
  },
  transcript: "Transcript",
  roles: { system: "System", user: "User", assistant: "Model", tool: "Tool" },
  noPrompt: "What was asked is not here: its items are not a suite's of this deployment.",
  noAnswer: "There was no answer.",
  answerElsewhere:
    "The model's answer is not on this server: it keeps a commitment only. Whoever ran it has the texts; open their file to read it here.",
  openFile: "Open a file with texts",
  openFileHelp:
    "The run's file and its key, the openings beside an older run, a sample opened by headgate eval open, or the report that was imported. It is read in this browser, checked against what was sealed, and never sent anywhere.",
  opened: (count: number) =>
    `${count === 1 ? "One text was" : `${numberInWords(count)} texts were`} read from the file; one is shown only where it opens what was sealed of its sample.`,
  notAmong: "None of them is the answer of this sample.",
  openedReport: (name: string) =>
    `${name} is the file that was signed for. Its transcripts are shown here, and stay in this browser.`,
  forget: "Forget these texts",
  wrongFile: "This file opens no answer of this run.",
  otherReport: "This is another file than the one that was signed for: its digest differs.",
  needsKey: "This run's file is encrypted: choose its key file (.key) together with it.",
  notKnown: "This file is none of those that hold texts of a run.",
  calls: (name: string) => `calls ${name}`,
  reading: "Reading …",
} as const;

export const evidence = {
  title: "Evidence",
  sentence,
  basis,
  slot,
  runs,
  run: aboutRun,
  samples,
  sample,
  compare,
  upload,
  withdraw,
} as const;
