// Anything else as a report: a CSV file or JSON a line, and a small document that says which field is what and which value
// stands for which outcome. Nothing is guessed: a value that the document does not name is an error that says in which row
// and column it stands, never a silent "unscored".
import { z } from "zod";
import { fromUtf8 } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";
import { Name } from "../../terms/ids.ts";
import { TrialOutcome } from "../../terms/trial.ts";
import { linesOf, rowsOf } from "./lines.ts";
import { parseLooseJson } from "./loose-json.ts";
import { type Attempt, type Report, bareUrl, checkCount, flagWords, flagsRaised, keptScore, short } from "./record.ts";
import type { Source } from "./source.ts";

const Field = z.string().min(1).max(200);
const Value = z.union([z.string(), z.number(), z.boolean(), z.null()]).transform(String);

export const MappingDocument = z.strictObject({
  tool: Name,
  version: z.string().min(1).max(200).optional(),
  /** What the report is about, as the report calls it. */
  target: z.strictObject({ model: Field, baseUrl: z.url().optional() }),
  task: Field.optional(),
  format: z.enum(["csv", "jsonl"]).optional(),
  /** Columns of a CSV file; of JSON names, with dots for what is inside. */
  fields: z.strictObject({
    id: Field,
    outcome: Field,
    cluster: Field.optional(),
    attempt: Field.optional(),
    error: Field.optional(),
    category: Field.optional(),
    attack: Field.optional(),
    turns: Field.optional(),
    score: Field.optional(),
  }),
  /** The values that stand for each outcome. An empty field is `unscored`. */
  outcomes: z.partialRecord(TrialOutcome, z.array(Value).min(1).max(64)),
  /** What the person who imports knows of the report and the file does not say. */
  flags: z
    .array(z.enum(Object.keys(flagWords).filter((word) => word in flagWords)))
    .max(16)
    .optional(),
});
export type MappingDocument = z.infer<typeof MappingDocument>;
type FieldName = keyof MappingDocument["fields"];

interface Cells {
  readonly row: number;
  readonly line: number;
  readonly cell: (field: FieldName) => string;
}

/** Fails with request_invalid, naming the row and the column. */
export async function mappedReport(source: Source, document: MappingDocument): Promise<Report> {
  const outcomes = outcomesOf(document);
  const format = document.format ?? (source.path.endsWith(".csv") ? "csv" : "jsonl");
  const rows = format === "csv" ? csvCells(source, document) : jsonCells(source, document);
  const attempts: Attempt[] = [];
  const seen = new Map<string, number>();
  let isUnscored = false;
  for await (const cells of rows) {
    checkCount(attempts.length + 1);
    const attempt = attemptOf(cells, document, outcomes);
    const place = JSON.stringify([attempt.item, attempt.attempt]);
    const first = seen.get(place);
    if (first !== undefined) throw twice(cells, { document, first });
    seen.set(place, cells.row);
    isUnscored ||= attempt.outcome === "unscored";
    attempts.push(attempt);
  }
  if (attempts.length === 0) throw new Failure("request_invalid", `${source.path} holds no rows.`);
  const { tool, version, target, task, flags = [] } = document;
  return {
    head: {
      format: "mapping",
      tool,
      version: version ?? null,
      run: null,
      made: null,
      target: { model: target.model, baseUrl: bareUrl(target.baseUrl), sampling: {}, systemPrompt: null },
      task: task ?? "unnamed",
      taskVersion: null,
      dataset: null,
      datasetSamples: null,
      judge: document.fields.outcome,
    },
    flags: flagsRaised({
      ...Object.fromEntries(flags.map((flag) => [flag, true])),
      ...(isUnscored ? { unscored: true } : {}),
    }),
    attempts,
    told: [`${attempts.length} rows.`],
  };
}

function outcomesOf({ outcomes }: MappingDocument): ReadonlyMap<string, TrialOutcome> {
  const known = new Map<string, TrialOutcome>();
  for (const outcome of TrialOutcome.options) {
    for (const value of outcomes[outcome] ?? []) {
      if (known.has(value))
        throw new Failure("document_invalid", `The mapping names the value "${value}" for two outcomes.`);
      known.set(value, outcome);
    }
  }
  if (known.size === 0) throw new Failure("document_invalid", "The mapping names no value for any outcome.");
  return known;
}

const empty: ReadonlySet<string> = new Set(["", "null", "None", "NaN", "nan"]);

function attemptOf(cells: Cells, document: MappingDocument, outcomes: ReadonlyMap<string, TrialOutcome>): Attempt {
  const { fields } = document;
  const item = cells.cell("id");
  if (item === "") throw at(cells, fields.id, "is empty");
  const cluster = fields.cluster === undefined ? `id:${item}` : `${fields.cluster}:${cells.cell("cluster")}`;
  if (fields.cluster !== undefined && cells.cell("cluster") === "") throw at(cells, fields.cluster, "is empty");
  const category = short(cells.cell("category"));
  const attack = short(cells.cell("attack"));
  const score = keptScore(numberOr(cells.cell("score")));
  const turns = cells.cell("turns") === "" ? undefined : wholeNumber(cells, "turns", document);
  return {
    item,
    attempt: fields.attempt === undefined ? 1 : wholeNumber(cells, "attempt", document),
    cluster,
    outcome: outcomeOf(cells, document, outcomes),
    said: {
      ...(category === null ? {} : { category }),
      ...(attack === null ? {} : { attack }),
      ...(turns === undefined ? {} : { turns }),
      ...(score === undefined ? {} : { score }),
    },
  };
}

/** An attempt with an error is errored, unless its outcome counts against the claim. */
function outcomeOf(
  cells: Cells,
  { fields }: MappingDocument,
  outcomes: ReadonlyMap<string, TrialOutcome>,
): TrialOutcome {
  const value = cells.cell("outcome");
  const outcome = outcomes.get(value) ?? (empty.has(value) ? "unscored" : undefined);
  if (outcome === undefined)
    throw at(cells, fields.outcome, `is ${quoted(value)}, which stands for no outcome. Name it under outcomes`);
  const hasError = !empty.has(cells.cell("error"));
  return hasError && outcome !== "harmful" && outcome !== "refused" ? "errored" : outcome;
}

const placesMax = 1_000_000;

function wholeNumber(cells: Cells, field: FieldName, { fields }: MappingDocument): number {
  const text = cells.cell(field);
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= placesMax) return value;
  throw at(cells, fields[field] ?? field, `is ${quoted(text)}, and no whole number`);
}

function numberOr(text: string): number | string {
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

async function* csvCells(source: Source, { fields }: MappingDocument): AsyncGenerator<Cells, void> {
  let columns: ReadonlyMap<string, number> | undefined;
  let row = 0;
  for await (const { number, fields: values } of rowsOf(source.stream())) {
    if (columns === undefined) {
      columns = columnsOf(values, fields);
      continue;
    }
    row += 1;
    if (values.length !== columns.size)
      throw new Failure(
        "request_invalid",
        `Row ${row} (line ${number}) has ${values.length} columns; the first line names ${columns.size}.`,
      );
    const places = columns;
    yield { row, line: number, cell: (field) => values[places.get(fields[field] ?? "") ?? -1]?.trim() ?? "" };
  }
}

function columnsOf(names: readonly string[], fields: MappingDocument["fields"]): ReadonlyMap<string, number> {
  const columns = new Map(names.map((name, place) => [name.trim(), place]));
  if (columns.size !== names.length) throw new Failure("request_invalid", "The first line names a column twice.");
  const missing = Object.values(fields).find((name) => name !== undefined && !columns.has(name));
  if (missing === undefined) return columns;
  const there = [...columns.keys()].map((name) => short(name)).join(", ");
  throw new Failure("request_invalid", `There is no column ${missing}; the first line names: ${there}.`);
}

async function* jsonCells(source: Source, { fields }: MappingDocument): AsyncGenerator<Cells, void> {
  let row = 0;
  for await (const { number, bytes } of linesOf(source.stream())) {
    row += 1;
    const text = fromUtf8(bytes);
    if (text === undefined) throw new Failure("request_invalid", `Row ${row} (line ${number}) is not UTF-8.`);
    const value = parsedLine(text, { row, line: number });
    yield { row, line: number, cell: (field) => cellOf(value, fields[field], { row, line: number }) };
  }
}

interface RowPlace {
  readonly row: number;
  readonly line: number;
}

const jsonDepthMax = 64;

function parsedLine(text: string, { row, line }: RowPlace): unknown {
  try {
    return parseLooseJson(text, { charsMax: text.length, depthMax: jsonDepthMax });
  } catch (cause) {
    if (!(cause instanceof Failure)) throw cause;
    throw new Failure("request_invalid", `Row ${row} (line ${line}): ${cause.message}`, { cause });
  }
}

/** The value of a field, as text; empty where it is not there. */
function cellOf(value: unknown, field: string | undefined, place: RowPlace): string {
  if (field === undefined) return "";
  const whole = z.record(z.string(), z.unknown()).safeParse(value).data;
  const found = whole !== undefined && Object.hasOwn(whole, field) ? whole[field] : inside(value, field);
  if (found === undefined || found === null) return "";
  if (typeof found === "string") return found.trim();
  if (typeof found === "number" || typeof found === "boolean" || typeof found === "bigint") return String(found);
  throw at(place, field, "is no text, number or boolean");
}

function inside(value: unknown, field: string): unknown {
  let now = value;
  for (const name of field.split(".")) {
    const object = z.record(z.string(), z.unknown()).safeParse(now).data;
    if (object === undefined || !Object.hasOwn(object, name)) return undefined;
    now = object[name];
  }
  return now;
}

function twice(
  { row, line, cell }: Cells,
  { document, first }: { readonly document: MappingDocument; readonly first: number },
): Failure {
  const { id, attempt } = document.fields;
  const hint =
    attempt === undefined
      ? "If it was tried several times, name the field that tells the attempts apart under fields.attempt"
      : `Its ${attempt} is the same, too`;
  return at({ row, line }, id, `is ${quoted(cell("id"))}, as in row ${first}. ${hint}`);
}

function at({ row, line }: RowPlace, column: string, what: string): Failure {
  return new Failure("request_invalid", `Row ${row} (line ${line}), column ${column}: ${what}.`);
}

function quoted(text: string): string {
  return `"${short(text)?.slice(0, 60) ?? ""}"`;
}
