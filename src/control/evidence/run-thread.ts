// The thread that sealed runs are opened and looked through in, away from the one that serves: a run of a hundred thousand samples
// takes seconds to check and count. It keeps the runs that were asked for last, by bytes, and hands out pages of them.
import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { graderInWords } from "../../evidence/graders/grader-digest.ts";
import { csvLines, jsonLines } from "../../evidence/export-run.ts";
import { type OpenRun, type Overview, comparedRuns, overviewOf } from "../../evidence/run-overview.ts";
import { type RunRow, orderOf, pageOf, rowsOf } from "../../evidence/run-rows.ts";
import { openRecorded } from "../../evidence/seal.ts";
import { Suite } from "../../evidence/suite-document.ts";
import { openSuite } from "../../evidence/suite.ts";
import { parseJson } from "../../proof/canonical.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { type Loaded, type Question, type Reply, ToThread } from "./run-questions.ts";

/** Bytes that open runs take, as they are reckoned; the one that was asked for last stays in any case. */
const { runsBytesMax } = z.object({ runsBytesMax: z.number().int().positive() }).parse(workerData);
/** What an open run takes in memory for each byte of its artefacts. */
const bytesPerByte = 4;
/** Exports that are under way; the oldest ends where more are begun. */
const exportsMax = 16;
/** Characters of an export that are handed out at once. */
const exportCharsMax = 256 * 1024;

interface Kept {
  readonly run: OpenRun;
  readonly bytes: number;
}

interface Export {
  readonly run: string | undefined;
  readonly begun: Extract<Question, { ask: "export" }>;
  /** Lines that were handed out. */
  handed: number;
  /** Undefined where its run was put aside meanwhile: it goes on from the run as it is opened again. */
  lines: Generator<string, void> | undefined;
}

const kept = new Map<string, Kept>();
/** What each open run came to: counted once. */
const overviews = new WeakMap<OpenRun, Overview>();
const exports = new Map<number, Export>();

parentPort?.on("message", (message: unknown) => {
  const asked = ToThread.parse(message);
  parentPort?.postMessage({ id: asked.id, ...replyTo(asked) }, []);
});

function replyTo(asked: ToThread): Reply {
  try {
    if (asked.kind === "load") {
      keep(asked);
      return { kind: "value", value: null };
    }
    if (asked.kind === "end-export") {
      exports.delete(asked.export);
      return { kind: "value", value: null };
    }
    const missing = asked.runs.find((run) => !kept.has(run));
    if (missing !== undefined) return { kind: "missing", run: missing };
    return { kind: "value", value: answerTo(asked) };
  } catch (error) {
    if (error instanceof Failure) return { kind: "failed", code: error.code, message: error.message };
    throw error;
  }
}

function keep({ run, sealed, said, suite, items }: Loaded): void {
  const document = Suite.parse(parseJson(suite, { bytesMax: suite.length, depthMax: 32, code: "artefact_missing" }));
  const opened = openRecorded(sealed, said, nodePrimitives);
  const loaded = items === null ? [] : openSuite(document, items, nodePrimitives).items;
  const rows = rowsOf(opened, loaded, document.measure.failure);
  const bytes = bytesPerByte * (sealed.length + (items?.length ?? 0));
  kept.delete(run);
  kept.set(run, { run: { sealed: opened, suite: document, items: loaded, rows }, bytes });
  let total = 0;
  for (const one of kept.values()) total += one.bytes;
  for (const [oldest, { bytes: freed }] of kept) {
    if (total <= runsBytesMax || oldest === run) break;
    kept.delete(oldest);
    for (const one of exports.values()) if (one.run === oldest) one.lines = undefined;
    total -= freed;
  }
}

/** Whatever is asked for last stays longest. */
function openRun(run: string | undefined): OpenRun {
  const found = kept.get(run ?? "");
  if (run === undefined || found === undefined) throw new Failure("not_found", "There is no such evidence here.");
  kept.delete(run);
  kept.set(run, found);
  return found.run;
}

function answerTo(question: Question): unknown {
  const run = openRun(question.runs[0]);
  switch (question.ask) {
    case "overview": {
      const { name, answerTokens, measure } = run.suite;
      const suite = { name, grader: graderInWords(run.suite), answerTokens, cluster: measure.cluster };
      return { overview: overviewIn(run), suite };
    }
    case "page": {
      const { rows, total, next } = pageOf(run.rows, question.filter, question);
      return { samples: rows.map(rowView), total, next };
    }
    case "sample":
      return sampleView(run, question);
    case "compare": {
      const { differences, ...rest } = comparedRuns(run, openRun(question.runs[1]));
      const { after, limit } = question;
      const page = differences.slice(after, after + limit);
      const next = after + page.length < differences.length ? after + page.length : null;
      return { ...rest, differences: page, differ: differences.length, next };
    }
    case "export":
      exports.set(question.id, { run: question.runs[0], begun: question, handed: 0, lines: undefined });
      for (const oldest of exports.keys()) if (exports.size > exportsMax) exports.delete(oldest);
      return question.id;
    case "export-more":
      return moreOf(run, question.export);
  }
}

function overviewIn(run: OpenRun): Overview {
  const overview = overviews.get(run) ?? overviewOf(run);
  overviews.set(run, overview);
  return overview;
}

function rowView({ number, sample, id, category, attack, countsAs, isCounted }: RunRow): unknown {
  const { cluster, attempt, outcome, at, answer, declared, graded = [] } = sample;
  const score = declared?.score ?? null;
  const about = { number, id, category, attack, cluster, attempt, outcome, countsAs, isCounted, at };
  return { ...about, hasAnswer: answer !== null, score, graded };
}

function sampleView({ rows }: OpenRun, { number, filter }: Extract<Question, { ask: "sample" }>): unknown {
  const row = rows.rows[number];
  if (row === undefined)
    throw new Failure("not_found", `This run has no sample ${number}; it has ${rows.rows.length}.`);
  const order = orderOf(rows, filter);
  const place = order.indexOf(number);
  const item = rows.items.get(row.sample.item);
  const asked = item?.body.messages.map(({ role, content }) => ({ role, content })) ?? null;
  return {
    row: rowView(row),
    sample: row.sample,
    receipt: row.sample.receipt,
    asked,
    previous: place <= 0 ? null : (order[place - 1] ?? null),
    next: place < 0 ? null : (order[place + 1] ?? null),
  };
}

function linesOf(run: OpenRun, { exported, filter, format }: Export["begun"]): Generator<string, void> {
  const items = new Map(
    run.items.map(({ leaf, id: name, category, attack, body: { messages } }) => [
      leaf,
      { id: name, category, attack, messages },
    ]),
  );
  const { failure } = run.suite.measure;
  const whole = { ...exported, run: run.sealed, failure, items, answers: undefined, order: orderOf(run.rows, filter) };
  return format === "csv" ? csvLines(whole) : jsonLines(whole);
}

/** Null at its end. */
function moreOf(run: OpenRun, id: number): string | null {
  const one = exports.get(id);
  if (one === undefined) throw new Failure("not_found", "This export was given up for newer ones. Begin it again.");
  if (one.lines === undefined) {
    one.lines = linesOf(run, one.begun);
    for (let skipped = 0; skipped < one.handed; skipped += 1) one.lines.next();
  }
  let text = "";
  while (text.length < exportCharsMax) {
    const line = one.lines.next();
    if (line.done === true) break;
    one.handed += 1;
    text += line.value;
  }
  if (text === "") exports.delete(id);
  return text === "" ? null : text;
}
