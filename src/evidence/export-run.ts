// A sealed run in forms that other tools read: a log that Inspect opens, or a row a try as CSV or JSON. Without texts unless
// they are handed in: the record has commitments only. Source of Inspect's form: inspect_ai, log/_log.py (read, not copied).
import { Failure } from "../terms/failure.ts";
import type { Digest, Timestamp } from "../terms/ids.ts";
import { type CountedAs, type FailureKind, countedAs } from "../terms/trial.ts";
import { type Sample, type SealedRun, countedSamples } from "./seal.ts";

/** What is known of an item beside its leaf. */
export interface ExportedItem {
  readonly id: string;
  readonly category: string;
  readonly attack: string | undefined;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

export interface Exported {
  readonly run: SealedRun;
  readonly evidence: Digest;
  readonly at: Timestamp;
  readonly model: string;
  readonly measure: string;
  readonly failure: FailureKind;
  readonly basis: string;
  readonly digests: Readonly<Record<string, string>>;
  readonly root: Digest;
  /** By leaf; empty for a report from elsewhere, whose items have no text here. */
  readonly items: ReadonlyMap<Digest, ExportedItem>;
  /** Prompts may leave, and these answers, by the commitment that each opens; undefined where no text leaves. */
  readonly answers: ReadonlyMap<Digest, string> | undefined;
  /** Which samples, by their places, and in which order; all of them as they were sealed where it is not given. */
  readonly order?: Iterable<number>;
}

/** A try, and whether one of the same attempt with an answer stands in its place. */
interface Row {
  readonly sample: Sample;
  readonly isCounted: boolean;
  readonly countsAs: CountedAs;
}

function rowsIn({ run, failure, order }: Exported): readonly Row[] {
  const counted = new Map(countedSamples(run.samples, failure).map(({ sample, countsAs }) => [sample, countsAs]));
  const wanted = order === undefined ? run.samples : Array.from(order).flatMap((at) => run.samples[at] ?? []);
  return wanted.map((sample) => ({
    sample,
    isCounted: counted.has(sample),
    countsAs: counted.get(sample) ?? countedAs(sample.outcome, failure),
  }));
}

const columns = [
  "run",
  "item",
  "id",
  "category",
  "attack",
  "cluster",
  "attempt",
  "outcome",
  "counted",
  "counts_as",
  "score",
  "receipt",
  "at",
  "answer_commitment",
  "graded",
] as const;
const textColumns = ["prompt", "answer"] as const;
/** `graded` is a list of what each grader said. */
type Cell = string | number | boolean | null | NonNullable<Sample["graded"]>;
type Cells = Readonly<Record<(typeof columns)[number] | (typeof textColumns)[number], Cell>>;

function cellsOf(exported: Exported, { sample, isCounted, countsAs }: Row): Cells {
  return {
    run: exported.run.run,
    item: sample.item,
    ...knownOf(exported, sample),
    cluster: sample.cluster,
    attempt: sample.attempt,
    outcome: sample.outcome,
    counted: isCounted,
    counts_as: countsAs,
    receipt: sample.receipt,
    at: sample.at,
    answer_commitment: sample.answer,
    graded: sample.graded ?? null,
    answer: answerTo(exported, sample) ?? null,
  };
}

/** What the suite says of its item, or the report of its attempt. */
function knownOf(
  { items }: Exported,
  { item, declared }: Sample,
): Pick<Cells, "id" | "category" | "attack" | "score" | "prompt"> {
  const found = items.get(item);
  if (found === undefined) {
    const { category = null, attack = null, score = null } = declared ?? {};
    return { id: null, category, attack, score, prompt: null };
  }
  const { id, category, attack = null, messages } = found;
  const prompt = messages.map(({ role, content }) => `${role}: ${content}`).join("\n");
  return { id, category, attack, score: null, prompt };
}

function answerTo({ answers }: Exported, { answer }: Sample): string | undefined {
  return answer === null ? undefined : answers?.get(answer);
}

/** A JSON object a line, a try each, in the order in which they were sealed. */
export function* jsonLines(exported: Exported): Generator<string, void> {
  const wanted = exported.answers === undefined ? columns : [...columns, ...textColumns];
  for (const row of rowsIn(exported)) {
    const cells = cellsOf(exported, row);
    yield `${JSON.stringify(Object.fromEntries(wanted.map((name) => [name, cells[name]])))}\n`;
  }
}

/** RFC 4180, with a first line of names. */
export function* csvLines(exported: Exported): Generator<string, void> {
  const wanted = exported.answers === undefined ? columns : [...columns, ...textColumns];
  yield `${wanted.join(",")}\r\n`;
  for (const row of rowsIn(exported)) {
    const cells = cellsOf(exported, row);
    yield `${wanted.map((name) => csvCell(cells[name])).join(",")}\r\n`;
  }
}

/** A text that a spreadsheet would take for a formula gets an apostrophe before it: answers are anybody's text. */
function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "object") return csvCell(value.map(({ by, verdict }) => `${by} ${verdict}`).join("; "));
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const scorer = "headgate";

/** An Inspect log in its JSON form, schema version 2. One sample an attempt; a try that was superseded is a retry of it. */
export function* inspectLog(exported: Exported): Generator<string, void> {
  const rows = rowsIn(exported);
  const samples = samplesOf(rows);
  const ids = [...new Set(rows.map(({ sample }) => idOf(exported, sample)))];
  // What was planned of every item, as far as the tries show it: readers take what is short of it for missing.
  const counts = [...Map.groupBy(samples, ({ row }) => row.sample.item).values()].map(({ length }) => length);
  const epochs = counts.reduce((least, count) => Math.min(least, count), counts[0] ?? 1);
  yield `${JSON.stringify(headOf(exported, { samples, ids, epochs })).slice(0, -1)},"samples":[`;
  for (const [at, sample] of samples.entries())
    yield `${at === 0 ? "" : ","}\n${JSON.stringify(sampleOf(exported, sample))}`;
  yield "\n]}\n";
}

/** One sample of an Inspect log: an attempt, and how often it was tried before. */
interface InspectSample {
  readonly row: Row;
  readonly epoch: number;
  readonly retries: number;
}

function samplesOf(rows: readonly Row[]): readonly InspectSample[] {
  const tries = Map.groupBy(rows, ({ sample }) => `${sample.item} ${sample.attempt}`);
  const taken = new Map<string, Set<number>>();
  return [...tries.values()].flatMap((each) => {
    const retries = each.filter(({ isCounted }) => !isCounted).length;
    return each
      .filter(({ isCounted }) => isCounted)
      .map((row) => ({ row, retries, epoch: freeEpoch(taken, row.sample) }));
  });
}

/** Inspect counts epochs from 1 and has one sample of each: a second answer to one attempt gets the next that is free. */
function freeEpoch(taken: Map<string, Set<number>>, { item, attempt }: Sample): number {
  const epochs = taken.get(item) ?? new Set<number>();
  taken.set(item, epochs);
  let epoch = Math.max(1, attempt);
  while (epochs.has(epoch)) epoch += 1;
  epochs.add(epoch);
  return epoch;
}

function idOf({ items }: Exported, { item }: Sample): string {
  return items.get(item)?.id ?? item;
}

interface Counted {
  readonly samples: readonly InspectSample[];
  readonly ids: readonly string[];
  readonly epochs: number;
}

function headOf(exported: Exported, { samples, ids, epochs }: Counted): Readonly<Record<string, unknown>> {
  const { run, evidence, at, model, measure, basis, digests, root, failure } = exported;
  const clean = samples.filter(({ row }) => row.countsAs === "clean").length;
  const failed = samples.filter(({ row }) => row.countsAs === "failed").length;
  const scored = clean + failed;
  const accuracy = { name: "accuracy", value: scored === 0 ? 0 : clean / scored, params: {} };
  const errors = samples.filter(({ row }) => row.sample.outcome === "errored").length;
  return {
    version: 2,
    status: "success",
    eval: {
      eval_id: run.run,
      run_id: run.run,
      created: at,
      task: run.suite,
      task_id: run.suite,
      task_version: 0,
      task_args: {},
      dataset: { name: run.suite, samples: ids.length, sample_ids: ids, shuffled: false },
      model: `headgate/${model}`,
      model_args: {},
      config: { epochs, fail_on_error: false },
      packages: {},
      metadata: { headgate: { evidence, run: run.run, permit: run.permit, basis, measure, failure, digests, root } },
      scorers: [{ name: scorer }],
    },
    plan: { name: "headgate eval run", steps: [] },
    results: {
      total_samples: samples.length,
      completed_samples: samples.length - errors,
      scores: [
        {
          name: scorer,
          scorer,
          scored_samples: scored,
          unscored_samples: samples.length - scored - errors,
          params: {},
          metrics: { accuracy },
        },
      ],
    },
    stats: { started_at: at, completed_at: at, model_usage: {} },
  };
}

/** A failure of the measure is incorrect; clean is correct; what is unknown has no score, and says why. */
function sampleOf(exported: Exported, { row, epoch, retries }: InspectSample): Readonly<Record<string, unknown>> {
  const { sample, countsAs } = row;
  const { outcome, cluster, receipt, answer: commitment, attempt, declared, graded } = sample;
  const { category, attack } = knownOf(exported, sample);
  const score = { value: countsAs === "failed" ? "I" : "C", answer: outcome, metadata: { outcome } };
  return {
    id: idOf(exported, sample),
    epoch,
    target: "C",
    ...textsOf(exported, sample),
    scores: countsAs === "unknown" ? {} : { [scorer]: score },
    metadata: {
      outcome,
      cluster,
      attempt,
      item: sample.item,
      receipt,
      commitment,
      ...(graded === undefined ? {} : { graded }),
      ...declared,
      category,
      attack,
    },
    events: [],
    ...(outcome === "errored" ? { error: errorOf("the attempt ended without an answer") } : {}),
    ...(outcome === "truncated" ? { limit: { type: "custom", limit: 0 } } : {}),
    error_retries: Array.from({ length: retries }, () => errorOf("tried again")),
  };
}

function textsOf(exported: Exported, sample: Sample): Readonly<Record<string, unknown>> {
  const item = exported.items.get(sample.item);
  if (exported.answers === undefined || item === undefined)
    return { input: "not exported (see: headgate eval export --texts)", messages: [] };
  const answer = answerTo(exported, sample);
  const { messages } = item;
  if (answer === undefined) return { input: messages, messages };
  return { input: messages, messages: [...messages, assistant(answer)], output: outputOf(exported, answer) };
}

function assistant(content: string): { role: string; content: string } {
  return { role: "assistant", content };
}

function outputOf({ model }: Exported, answer: string): Readonly<Record<string, unknown>> {
  return { model, choices: [{ message: assistant(answer), stop_reason: "stop" }], completion: answer };
}

function errorOf(message: string): Readonly<Record<string, unknown>> {
  return { message, traceback: "", traceback_ansi: "" };
}

/** The answers that open commitments of this run. Fails with proof_invalid where a text is not the one that was sealed. */
export function answersOf(
  run: SealedRun,
  openings: readonly { readonly commitment: Digest; readonly text: string }[],
): ReadonlyMap<Digest, string> {
  const sealed = new Set(run.samples.map(({ answer }) => answer));
  const other = openings.find(({ commitment }) => !sealed.has(commitment));
  if (other === undefined) return new Map(openings.map(({ commitment, text }) => [commitment, text]));
  throw new Failure(
    "proof_invalid",
    "An answer in the file beside the run is not one that was sealed. Nothing was written.",
  );
}
