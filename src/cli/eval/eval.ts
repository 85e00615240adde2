// `headgate eval`: evidence. A run is permitted in the ledger before its first request, goes through the front door, and
// is sealed over every try; a report from elsewhere is imported and stays marked as declared.
import type { Command } from "commander";
import { Name } from "../../terms/ids.ts";
import { Failure } from "../../terms/failure.ts";
import type { Answer } from "../answer.ts";
import type { Context } from "../context.ts";
import { AttackOptions, showAttacks } from "./attacks.ts";
import { ExportOptions, exportRun } from "./export.ts";
import { ForgetOptions, forget } from "./forget.ts";
import { CalibrateOptions, calibrate } from "./calibrate.ts";
import { CompareOptions, compare } from "./compare.ts";
import { OpenOptions, openSample } from "./open.ts";
import { ReportOptions, report } from "./report.ts";
import { showEvidence } from "./show.ts";
import { WithdrawOptions, withdraw } from "./withdraw.ts";
import { grade } from "./grade.ts";
import { GradeOptions, ImportOptions, RegisterOptions, RunOptions } from "./options.ts";
import { importReport } from "./import.ts";
import { MandateOptions, mandate } from "./mandate.ts";
import { ProveEvidenceOptions, proveEvidence } from "./prove.ts";
import { beginSuiteRun, registerSuiteRun, resumeSuiteRun, runPermit } from "./run.ts";
import { type Call, addVerb, argument, noOptions, parsed } from "../verb.ts";

export function addEvalVerbs(program: Command, context: Context): void {
  const evaluation = program.command("eval").description("evidence: run suites, import reports");
  addVerb(evaluation, context, {
    usage: "run [suite]",
    summary: "run a suite through the front door; logs its permit first",
    flags: [
      ...planFlags,
      ["--concurrency <count>", "requests on their way at one time (default 4)"],
      ["--per-minute <count>", "requests that leave in a minute, at the most"],
      ["--max-requests <count>", "stop after so many requests of this sitting, tries again included; --resume goes on"],
      ["--max-tokens <count>", "stop once the answers of this sitting took so many tokens, prompts included"],
      ["--max-minutes <count>", "stop after so many minutes"],
      judgeOriginFlag,
      ["--permit <permit>", "begin what was registered on this machine with `eval register`; no suite is named then"],
      ["--resume <run>", "go on with a run that was cut off; asks again only what had no answer"],
      ["--seal", "with --resume: seal it as it is; what has no answer counts as unknown"],
    ],
    options: RunOptions,
    run,
  });
  addVerb(evaluation, context, {
    usage: "register <suite>",
    summary: "log the plan of a run, and its permit, ahead of the run; `eval run --permit` begins it",
    flags: [...planFlags, ["--look", "show the plan and register nothing"]],
    options: RegisterOptions,
    run: async (call) => registerSuiteRun(call, parsed(Name, argument(call, 0), "The suite")),
    more: "Whether a run went as it was registered is worked out from the record: docs/registered-plans.md.",
  });
  addGradeVerb(evaluation, context);
  addOutsideVerbs(evaluation, context);
  addReportVerbs(evaluation, context);
  addReadingVerbs(evaluation, context);
  addTextVerbs(evaluation, context);
}

const planFlags: readonly (readonly [string, string])[] = [
  ["--model <name>", "which model"],
  ["--slot <slot>", "candidate (default) or in-force"],
  ["--stage <stage>", "the stage it is for, where safeguards' modes differ between stages (default: all of them)"],
  ["--attempts <count>", "on each item (default 1)"],
  ["--hours <count>", "how long the permit lasts (default 24, at most 168)"],
  ["--confidence <share>", "of the bound (default: what the release plan asks, else 0.95)"],
  ["--rule <rule>", "fixed (default): all trials, then the bound; or sequential: ended when the limit is shown"],
  ["--limit <rate>", "the rate that it is to show is not exceeded (default: what the release plan asks)"],
  ["--keep <days>", "how long answers are kept here, encrypted (default 90); then eval forget --expired erases them"],
  ["--requirement <id>", "the requirement of the release plan that it is for (default: all that ask for the suite)"],
  ["--probe <id>", "as the next probe of this live measure, on what is certified: asks what is drawn for it"],
  ["--bare", "without safeguards, to compare with; a second person signs before it begins"],
];

const judgeOriginFlag = [
  "--judge-origin <origins>",
  "of an outside organisation's suite: where its judges and attacker may be sent what is answered, with commas",
] as const;

function addGradeVerb(evaluation: Command, context: Context): void {
  addVerb(evaluation, context, {
    usage: "grade <run>",
    summary: "people mark answers, by single keys and blind: of a run, or of a hand-out that somebody else gave you",
    flags: [
      ["--hand-out <file>", "write answers for another person to mark elsewhere"],
      ["--for <which>", "with --hand-out: for the first, second (default) or third person who marks them"],
      ["--take-in <file>", "take in the marks that another person made of a hand-out"],
      ["--file <file>", "marks from a file in place of keys: {key, verdict} a line"],
      ["--out <file>", "of a hand-out: where its marks go (default: beside it)"],
    ],
    options: GradeOptions,
    run: grade,
    more: "Stop with q at any time; what is marked is kept, and the same command goes on. With --json it asks nothing and says what is open.",
  });
}

/** What is on record, read and taken back. */
function addReadingVerbs(evaluation: Command, context: Context): void {
  addVerb(evaluation, context, {
    usage: "show [run]",
    summary: "the evidence on record, or one run of it by attack and by category",
    options: noOptions,
    run: showEvidence,
  });
  addVerb(evaluation, context, {
    usage: "compare <run> <other>",
    summary: "two runs of one suite, item by item: the difference with its interval, and what came out otherwise",
    flags: [["--confidence <share>", "of the interval (default 0.95)"]],
    options: CompareOptions,
    run: compare,
  });
  addVerb(evaluation, context, {
    usage: "report <run>",
    summary: "a run as a page of its own, with figures, tables and what it takes to compute them again",
    flags: [
      ["--out <file>", "where to write it; a new file, for example report.html"],
      ["--beside <run>", "another run of the same suite, to compare it with"],
      ["--confidence <share>", "of the bounds (default 0.95)"],
    ],
    options: ReportOptions,
    run: report,
  });
  addVerb(evaluation, context, {
    usage: "calibrate <suite>",
    summary: "how sure the suite's grader is: right and wrong on the answers that its calibration set labels",
    flags: [["--confidence <share>", "of the intervals (default 0.95)"], judgeOriginFlag],
    options: CalibrateOptions,
    run: calibrate,
    more: "A run of the suite does the same and states the counts in its evidence. What they are for: docs/calibration.md.",
  });
  addVerb(evaluation, context, {
    usage: "attacks [names...]",
    summary: "the attacks that a suite can name; with --text, what those named make of it, one after another",
    flags: [
      ["--text <text>", "what to make them on"],
      ["--draw <number>", "which draw, of those that leave something to chance (default 1)"],
    ],
    options: AttackOptions,
    run: showAttacks,
  });
  addVerb(evaluation, context, {
    usage: "withdraw <run>",
    summary: "take evidence back: it never counts again, and what was certified on it lapses at once",
    flags: [["--reason <text>", "why; kept aside, the ledger holds a commitment to it"]],
    options: WithdrawOptions,
    run: withdraw,
    more: "The exchanges of its permit stay on record and count as unknown: withdrawing a bad run does not undo it.",
  });
}

/** What is kept of a run on this machine: shown to one, and erased. */
function addTextVerbs(evaluation: Command, context: Context): void {
  addVerb(evaluation, context, {
    usage: "open <run>",
    summary: "write one sample as a file for an auditor: request, answer, and the proof that they were sealed",
    flags: [
      ["--item <id>", "which item of the suite"],
      ["--attempt <number>", "which attempt on it (default: the first)"],
      ["--out <file>", "where to; it must not exist yet"],
    ],
    options: OpenOptions,
    run: openSample,
    more: "headgate verify FILE checks it offline. Nothing else of the run leaves.",
  });
  addVerb(evaluation, context, {
    usage: "forget [run]",
    summary: "erase what is kept of a run here: answers, secret, salts; what is sealed stays valid",
    flags: [["--expired", "all of this profile's whose time is over"]],
    options: ForgetOptions,
    run: forget,
    more: "It destroys the run's key, so that copies of the run file open no more. A copy of the key has to be destroyed where it lies.",
  });
}

/** Evaluators outside the operator: what they may run, and that what they found stands. */
function addOutsideVerbs(evaluation: Command, context: Context): void {
  addVerb(evaluation, context, {
    usage: "mandate [person]",
    summary: "let an evaluator from outside run suites, or withdraw that; without a person, the mandates there are",
    flags: [
      ["--model <name>", "which model"],
      ["--suite <names>", "which suites, with commas between them"],
      ["--own-suites", "they may apply suites of their own, and run those"],
      ["--tokens <count>", "how many tokens in all, as their permits count them"],
      ["--days <count>", "for how long (default 30)"],
      ["--withdraw <mandate>", "end this one, from now on: gateways refuse the permits under it"],
      ["--reason <text>", "with --withdraw: why; kept aside, the ledger holds a commitment to it"],
    ],
    options: MandateOptions,
    run: mandate,
  });
  addVerb(evaluation, context, {
    usage: "prove <run>",
    summary: "prove from what your profile kept that your evidence stands in the ledger, or was left out of it",
    flags: [
      ["--bundle <file>", "compare with a bundle instead of the server's ledger"],
      ["--out <file>", "write the proof, which anybody checks with `ledger verify --proof`"],
    ],
    options: ProveEvidenceOptions,
    run: proveEvidence,
  });
}

/** Evidence from other tools, and to them. */
function addReportVerbs(evaluation: Command, context: Context): void {
  addVerb(evaluation, context, {
    usage: "import <file>",
    summary: "bring a report made elsewhere (Inspect, promptfoo, garak, CSV or JSON by a mapping); marked as declared",
    flags: [
      ["--model <name>", "which model the report is about"],
      ["--suite <name>", "the suite it was made with"],
      ["--measure <name>", "the measure it gives"],
      [
        "--failure <words>",
        "what is a failure: of Inspect C, I, P or N, with commas; of promptfoo fail or pass; of garak hit or pass",
      ],
      ["--map <file>", "a mapping: which field is what, and which value is which outcome (any CSV, any JSON a line)"],
      ["--format <tool>", "inspect, promptfoo or garak, where the file does not show it"],
      ["--scorer <name>", "whose score counts, where there are several: a scorer; detectors, with commas"],
      ["--cluster <field>", "metadata field, or variable, of the independent units (default: what the tool repeats)"],
      ["--category <field>", "metadata field that names the category"],
      ["--target <provider>", "which provider, where a promptfoo file has several"],
      ["--hitlog <file>", "a garak hit log, to compare with the report"],
      ["--look", "show what the file says and seal nothing"],
    ],
    options: ImportOptions,
    run: importReport,
    more: "You vouch for it by signing. It counts only where a requirement says so, and never shows that safeguards work.",
  });
  addVerb(evaluation, context, {
    usage: "export <run>",
    summary: "write evidence as a file for other tools: a log that Inspect opens, JSON a line, or CSV",
    flags: [
      ["--format <form>", "inspect, jsonl or csv"],
      ["--out <file>", "where to; it must not exist yet"],
      ["--texts", "with prompts and answers, where the answers lie on this machine"],
    ],
    options: ExportOptions,
    run: exportRun,
  });
}

async function run(call: Call<RunOptions>): Promise<Answer> {
  const { resume, permit, seal } = call.options;
  if (resume !== undefined && permit !== undefined)
    throw new Failure("request_invalid", "--resume and --permit are two names of one thing: give one of them.");
  if (resume !== undefined) return resumeSuiteRun(call, resume);
  if (permit !== undefined) return runPermit(call, permit);
  if (seal) throw new Failure("request_invalid", "--seal goes with --resume RUN, or --permit PERMIT.");
  return beginSuiteRun(call, parsed(Name, argument(call, 0), "The suite"));
}
