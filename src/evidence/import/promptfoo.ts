// A promptfoo result file as a report: `-o FILE.json`, or one result a line (`.jsonl`). A row that ended in an error is not
// a harmful outcome, and neither is one whose grader broke: both are unknown. Rows with the same variables are one
// cluster, whatever prompt they went into and however often they were repeated. Source: promptfoo, src/types (read, not
// copied), and files that it wrote.
import { z } from "zod";
import { canonicalText } from "../../proof/canonical.ts";
import { digestOfText } from "../../proof/digest.ts";
import { fromUtf8 } from "../../proof/encoding.ts";
import type { Hasher } from "../../proof/primitives.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import type { TrialOutcome } from "../../terms/trial.ts";
import { linesOf } from "./lines.ts";
import { parseLooseJson } from "./loose-json.ts";
import { type Shape, pickJson } from "./pick-json.ts";
import { type Attempt, type Reading, type Report, checkCount, flagsRaised, keptScore, short } from "./record.ts";
import type { Source } from "./source.ts";

const Metadata = z.looseObject({ graderError: z.unknown().optional(), human: z.unknown().optional() }).nullish();

const Component = z.object({
  assertion: z.object({ type: z.string() }).nullish(),
  reason: z.string().nullish(),
  metadata: Metadata,
});

const Row = z.object({
  promptIdx: z.number().int().nonnegative().default(0),
  testIdx: z.number().int().nonnegative().default(0),
  provider: z.union([z.string(), z.object({ id: z.string().default(""), label: z.string().nullish() })]).nullish(),
  vars: z.record(z.string(), z.unknown()).nullish(),
  testCase: z
    .object({ metadata: z.record(z.string(), z.unknown()).nullish(), assert: z.array(z.unknown()).nullish() })
    .nullish(),
  response: z.object({ cached: z.boolean().nullish(), error: z.unknown().optional() }).nullish(),
  error: z.unknown().optional(),
  failureReason: z.number().int().nullish(),
  success: z.boolean(),
  score: z.unknown().optional(),
  gradingResult: z
    .object({
      comment: z.unknown().optional(),
      componentResults: z.array(Component.nullable()).nullish(),
      metadata: Metadata,
    })
    .nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});
type Row = z.infer<typeof Row>;

const rowShape: Shape = {
  members: {
    promptIdx: "whole",
    testIdx: "whole",
    provider: "whole",
    vars: "whole",
    testCase: { members: { metadata: "whole", assert: "whole" } },
    response: { members: { cached: "whole" } },
    error: { members: {} },
    failureReason: "whole",
    success: "whole",
    score: "whole",
    gradingResult: {
      members: { comment: "whole", componentResults: "whole", metadata: "whole" },
    },
    metadata: "whole",
  },
};

const Head = z.object({
  evalId: z.string().nullish(),
  results: z
    .object({
      timestamp: z.string().nullish(),
      stats: z
        .object({
          successes: z.number().int().default(0),
          failures: z.number().int().default(0),
          errors: z.number().int().default(0),
        })
        .nullish(),
    })
    .nullish(),
  config: z
    .object({
      description: z.string().nullish(),
      evaluateOptions: z.looseObject({ cache: z.boolean().nullish(), repeat: z.number().nullish() }).nullish(),
    })
    .nullish(),
  metadata: z.object({ promptfooVersion: z.string().nullish(), evaluationCreatedAt: z.string().nullish() }).nullish(),
});
type Head = z.infer<typeof Head>;

const fileShape: Shape = {
  members: {
    evalId: "whole",
    results: { elements: rowShape, members: { timestamp: "whole", stats: "whole", results: { elements: rowShape } } },
    config: { members: { description: "whole", evaluateOptions: "whole" } },
    metadata: "whole",
  },
};

export interface PromptfooFile {
  readonly head: Head;
  readonly rows: readonly Kept[];
  /** False for one result a line, where nothing says what was planned, or that it is all. */
  readonly hasStats: boolean;
}

interface Kept {
  readonly row: Omit<Row, "vars" | "testCase" | "metadata" | "gradingResult">;
  readonly provider: string;
  readonly cluster: string;
  readonly category: string | undefined;
  readonly attack: string | undefined;
  readonly isUngraded: boolean;
  readonly isHuman: boolean;
}

/** Fails with request_invalid, naming the row. */
export async function readPromptfoo(source: Source, reading: Reading, hasher: Hasher): Promise<PromptfooFile> {
  const rows: Kept[] = [];
  const keep = (value: unknown): void => {
    checkCount(rows.length + 1);
    rows.push(keptOf(rowFrom(value, rows.length + 1), reading, hasher));
  };
  if (!source.path.endsWith(".jsonl")) {
    let head: unknown;
    for await (const { kind, value } of pickJson(source.stream(), fileShape, "This promptfoo file")) {
      if (kind === "root") head = value;
      else keep(value);
    }
    const parsed = Head.safeParse(head);
    if (!parsed.success) throw wrong("has a head that is not as promptfoo writes it", parsed.error);
    const { stats } = parsed.data.results ?? {};
    return { head: parsed.data, rows, hasStats: stats !== null && stats !== undefined };
  }
  for await (const { bytes } of linesOf(source.stream())) {
    const text = fromUtf8(bytes);
    if (text === undefined) throw wrong(`has a row ${rows.length + 1} that is not UTF-8`);
    keep(parseLooseJson(text, { charsMax: text.length, depthMax: 200 }));
  }
  return { head: {}, rows, hasStats: false };
}

function rowFrom(value: unknown, number: number): Row {
  const parsed = Row.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(
    `has a result ${number} whose ${issue?.path.join(".") ?? "form"} is not as promptfoo writes it`,
    parsed.error,
  );
}

/** What matters of a row, without its texts. */
function keptOf(row: Row, reading: Reading, hasher: Hasher): Kept {
  const { promptIdx, testIdx, failureReason, success, score, response, error } = row;
  const metadata = { ...row.testCase?.metadata, ...row.metadata };
  return {
    row: { promptIdx, testIdx, failureReason, success, score, response: { cached: response?.cached }, error },
    provider: providerOf(row),
    cluster: clusterOf(row, metadata, { reading, hasher }),
    category: wordOf(metadata[reading.category ?? "pluginId"]),
    attack: wordOf(metadata["strategyId"]),
    ...gradingOf(row),
  };
}

function gradingOf({ gradingResult, testCase }: Row): Pick<Kept, "isUngraded" | "isHuman"> {
  const components = (gradingResult?.componentResults ?? []).filter((one) => one !== null);
  const said = [gradingResult?.metadata, ...components.map(({ metadata }) => metadata)];
  const isBroken = said.some((one) => one?.graderError !== undefined && one.graderError !== false);
  const hasAssertions = components.length > 0 || (testCase?.assert?.length ?? 0) > 0;
  return {
    // Without a single assertion promptfoo calls a row a success: nothing was judged.
    isUngraded: isBroken || !hasAssertions,
    isHuman: components.some(({ assertion }) => assertion?.type === "human") || isThere(gradingResult?.comment),
  };
}

function wordOf(value: unknown): string | undefined {
  return short(value) ?? undefined;
}

function providerOf({ provider }: Row): string {
  if (typeof provider === "string") return provider;
  const label = provider?.label ?? "";
  return label === "" ? (provider?.id ?? "") : label;
}

function clusterOf(
  row: Row,
  metadata: Readonly<Record<string, unknown>>,
  { reading, hasher }: { readonly reading: Reading; readonly hasher: Hasher },
): string {
  const { cluster: field } = reading;
  if (field === undefined) {
    // Some strategies rewrite a variable; without any, the place in the list of tests is all there is.
    const vars = row.vars ?? {};
    if (Object.keys(vars).length === 0) return `test:${row.testIdx}`;
    return `vars:${digestOfText(textOf(vars), hasher).slice("sha256:".length, "sha256:".length + 32)}`;
  }
  const value = row.vars?.[field] ?? metadata[field];
  if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") return `${field}:${value}`;
  throw wrong(`has a result of test ${row.testIdx} without ${field} among its vars and metadata, to cluster by`);
}

/** Integers beyond a double came out as bigints, which canonical JSON does not know. */
function textOf(vars: Readonly<Record<string, unknown>>): string {
  return canonicalText(
    JSON.parse(JSON.stringify(vars, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value))),
  );
}

/** What was kept of a file, as a report. Fails with request_invalid on what could only be guessed. */
export function promptfooReport(file: PromptfooFile, reading: Reading): Report {
  const providers = [...new Set(file.rows.map(({ provider }) => provider))];
  const provider = chosen(providers, reading.target);
  const rows = file.rows.filter((kept) => kept.provider === provider);
  const failsOn = failingWord(reading.failure);
  const attempts = attemptsOf(rows, { failsOn, failed: reading.failed });
  const ours = countsOf(file.rows);
  const theirs = file.hasStats ? { ...noCounts, ...file.head.results?.stats } : undefined;
  return {
    head: headOf(file.head, provider),
    flags: flagsRaised({
      "human-grades": rows.some(({ isHuman }) => isHuman),
      unscored: attempts.some(({ outcome }) => outcome === "unscored"),
      "errors-dropped": attempts.some(({ outcome }) => outcome === "errored"),
      cached: rows.some(({ row }) => row.response?.cached === true),
      "missing-completion": theirs === undefined,
      "counts-differ": theirs !== undefined && !isSame(theirs, ours),
    }),
    attempts,
    told: [
      ...(theirs === undefined
        ? ["One result a line: the file does not say how many there should be."]
        : [`promptfoo counts ${inWords(theirs)}; its rows are ${inWords(ours)}.`]),
      ...(providers.length > 1 ? [`Of ${file.rows.length} rows, ${rows.length} are of ${short(provider)}.`] : []),
    ],
  };
}

function headOf({ evalId, results, config, metadata }: Head, provider: string): Report["head"] {
  return {
    format: "promptfoo",
    tool: Name.parse("promptfoo"),
    version: short(metadata?.promptfooVersion),
    run: short(evalId),
    made: short(metadata?.evaluationCreatedAt ?? results?.timestamp),
    target: { model: short(provider) ?? "unnamed", baseUrl: null, sampling: {}, systemPrompt: null },
    task: short(config?.description) ?? "unnamed",
    taskVersion: null,
    dataset: null,
    datasetSamples: null,
    judge: "assertions",
  };
}

interface Counts {
  readonly successes: number;
  readonly failures: number;
  readonly errors: number;
}

const noCounts: Counts = { successes: 0, failures: 0, errors: 0 };

function isSame(one: Counts, other: Counts): boolean {
  return one.successes === other.successes && one.failures === other.failures && one.errors === other.errors;
}

function inWords({ successes, failures, errors }: Counts): string {
  return `${successes} passed, ${failures} failed, ${errors} erred`;
}

function chosen(providers: readonly string[], wanted: string | undefined): string {
  const [only] = providers;
  if (only === undefined) throw wrong("has no results");
  if (wanted !== undefined && providers.includes(wanted)) return wanted;
  if (wanted === undefined && providers.length === 1) return only;
  const listed = providers.map((name) => short(name)).join(", ");
  throw wrong(`is about ${providers.length} providers. Choose one with --target: ${listed}`);
}

/** promptfoo says pass or fail; which of them is the measure's failure is the importer's to say. */
function failingWord(words: readonly string[]): "pass" | "fail" {
  const [word] = words;
  if (words.length === 1 && (word === "pass" || word === "fail")) return word;
  throw new Failure(
    "request_invalid",
    "Say which result is the failure: --failure fail (an assertion failed) or pass.",
  );
}

interface Judging {
  readonly failsOn: "pass" | "fail";
  readonly failed: Reading["failed"];
}

function attemptsOf(rows: readonly Kept[], judging: Judging): readonly Attempt[] {
  // Repeats of a test are further attempts on it, in the order in which they stand there.
  const times = new Map<string, number>();
  return rows.map((kept) => {
    const item = `${kept.row.testIdx}/${kept.row.promptIdx}`;
    const attempt = (times.get(item) ?? 0) + 1;
    times.set(item, attempt);
    const { category, attack } = kept;
    const score = keptScore(kept.row.score);
    return {
      item,
      attempt,
      cluster: kept.cluster,
      outcome: outcomeOf(kept, judging),
      said: {
        ...(category === undefined ? {} : { category }),
        ...(attack === undefined ? {} : { attack }),
        ...(score === undefined ? {} : { score }),
        ...(kept.isHuman ? { human: true } : {}),
      },
    };
  });
}

function outcomeOf({ row, isUngraded }: Kept, { failsOn, failed }: Judging): TrialOutcome {
  if (isErrored(row)) return "errored";
  if (isUngraded) return "unscored";
  return (row.success ? "pass" : "fail") === failsOn ? failed : "safe";
}

const reasonError = 2;

/** A failed assertion leaves its words in `error`, so where there is a reason it decides. */
function isErrored({ failureReason, error, success }: Kept["row"]): boolean {
  if (typeof failureReason === "number") return failureReason === reasonError;
  return !success && isThere(error);
}

function countsOf(rows: readonly Kept[]): Counts {
  const errors = rows.filter(({ row }) => isErrored(row)).length;
  const successes = rows.filter(({ row }) => row.success && !isErrored(row)).length;
  return { successes, errors, failures: rows.length - errors - successes };
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function wrong(what: string, cause?: unknown): Failure {
  return new Failure("request_invalid", `This promptfoo file ${what}.`, { cause });
}
