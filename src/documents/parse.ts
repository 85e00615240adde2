// YAML in, documents out. Several documents a file, several files at once; every error of all of them is reported together,
// each with file, line, column and the nearest known name. YAML's aliases and custom tags are refused: what is reviewed is
// what stands there.
import { LineCounter, type Document, isAlias, isMap, isNode, isPair, isScalar, parseAllDocuments, visit } from "yaml";
import { z } from "zod";
import { Failure } from "../terms/failure.ts";
import { type AnyDocument, AnyKind, documentTypes } from "./kinds.ts";
import { nearestWord } from "./nearest.ts";
import { fieldsAt } from "./schema.ts";

export interface SourceFile {
  /** As people know it: shown in errors, and `items` paths are relative to its folder. */
  readonly path: string;
  readonly text: string;
}

export type Path = readonly PropertyKey[];

export interface ParsedDocument {
  readonly document: AnyDocument;
  readonly path: string;
  /** `file:line:column` of the value at a path of the document, or of the nearest thing around it. */
  readonly locate: (path: Path) => string;
}

export const fileCharsMax = 1024 * 1024;
const documentsMax = 256;

/** Errors shown at once; the rest is counted. */
const errorsShownMax = 25;

/** Every document in `files`, in order. Fails with document_invalid, whose message has a line an error. */
export function parseDocuments(files: readonly SourceFile[]): readonly ParsedDocument[] {
  const errors: string[] = [];
  const parsed = files.flatMap((file) => parseFile(file, errors));
  if (parsed.length > documentsMax) errors.push(`More than ${documentsMax} documents; apply them in parts.`);
  throwAll(errors);
  return parsed;
}

/** Throws document_invalid with every error on a line of its own; does nothing when there is none. */
export function throwAll(errors: readonly string[]): void {
  if (errors.length === 0) return;
  const rest = errors.length > errorsShownMax ? [`… and ${errors.length - errorsShownMax} more`] : [];
  const message = [...errors.slice(0, errorsShownMax), ...rest].join("\n");
  throw new Failure("document_invalid", message, { detail: { errors: errors.length } });
}

function parseFile(file: SourceFile, errors: string[]): readonly ParsedDocument[] {
  if (file.text.length > fileCharsMax) {
    errors.push(`${file.path}: is longer than ${fileCharsMax} characters`);
    return [];
  }
  const lines = new LineCounter();
  const read = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (!Array.isArray(read)) return [];
  return read.flatMap((yaml) => {
    const source: Source = { file, yaml, at: (offset) => position(file.path, lines, offset) };
    return parseOne(source, errors);
  });
}

interface Source {
  readonly file: SourceFile;
  readonly yaml: Document.Parsed;
  readonly at: (offset: number) => string;
}

function parseOne(source: Source, errors: string[]): readonly ParsedDocument[] {
  const { yaml, at } = source;
  if (yaml.contents === null && yaml.errors.length === 0) return [];
  const faults = [...yaml.errors, ...yaml.warnings].map((fault) => `${at(fault.pos[0])}: ${firstLine(fault.message)}`);
  faults.push(...aliases(source));
  if (faults.length > 0) {
    errors.push(...faults);
    return [];
  }
  const value: unknown = yaml.toJS();
  const kind = kindOf(value, source, errors);
  if (kind === undefined) return [];
  const parsed = documentTypes[kind].safeParse(value);
  if (parsed.success)
    return [{ document: parsed.data, path: source.file.path, locate: (path) => locate(source, path) }];
  errors.push(...parsed.error.issues.flatMap((issue: Issue) => describe(issue, { source, kind, value })));
  return [];
}

function aliases({ yaml, at }: Source): readonly string[] {
  const found: string[] = [];
  visit(yaml, {
    Alias: (_, node) => {
      found.push(`${at(node.range?.[0] ?? 0)}: anchors and aliases are not admitted; write the value out`);
    },
  });
  return found;
}

function kindOf(value: unknown, source: Source, errors: string[]): AnyKind | undefined {
  const stated = z.looseObject({ kind: z.unknown() }).safeParse(value).data?.kind;
  const known = AnyKind.safeParse(stated);
  if (known.success) return known.data;
  const word = typeof stated === "string" ? stated : "";
  const where = locate(source, ["kind"]);
  if (word === "") errors.push(`${where}: a document begins with its kind, one of ${AnyKind.options.join(", ")}`);
  else errors.push(`${where}: unknown kind "${word}"${suggestion(word, AnyKind.options)}`);
  return undefined;
}

interface Place {
  readonly source: Source;
  readonly kind: AnyKind;
  readonly value: unknown;
}

type Issue = z.core.$ZodIssue;

function describe(issue: Issue, place: Place): readonly string[] {
  const { source } = place;
  const where = locate(source, issue.path);
  const field = fieldOf(issue);
  if (issue.code === "unrecognized_keys") {
    const known = fieldsAt(place.kind, issue.path);
    const hint = (key: string): string =>
      known.includes(key) ? "; it goes with others than this one" : suggestion(key, known);
    return issue.keys.map(
      (key) => `${locate(source, [...issue.path, key])}: ${field}unknown field "${key}"${hint(key)}`,
    );
  }
  if (issue.code === "invalid_union") return describeUnion(issue, place);
  return [`${where}: ${field}${wording(issue, place)}`];
}

function fieldOf({ path }: Issue): string {
  return path.length === 0 ? "" : `${path.join(".")}: `;
}

/** Of a list, in the parser's own words: the type has none. */
function isBoundOfList({ message, origin }: Issue & { readonly origin: string }): boolean {
  return origin === "array" && message.startsWith("Too ");
}

/** What zod says of a union that no branch of fits, where the type has no words of its own. */
const unionWords = /^Invalid (input|discriminator value)/;

function wording(issue: Issue, place: Place): string {
  const value = valueAt(place.value, issue.path);
  if (issue.code === "invalid_value") return choice(value, issue.values.map(String));
  if (issue.code === "too_small" && isBoundOfList(issue)) return `has to have ${issue.minimum} or more in it`;
  if (issue.code === "too_big" && isBoundOfList(issue)) return `may have ${issue.maximum} in it at the most`;
  if (issue.code !== "invalid_type") return issue.message;
  return value === undefined ? "is missing" : issue.message.replace("Invalid input: ", "");
}

function describeUnion(issue: Extract<Issue, { code: "invalid_union" }>, place: Place): readonly string[] {
  const [best] = issue.errors.toSorted((one, other) => costOf(one) - costOf(other));
  if (best !== undefined) {
    return best.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, place));
  }
  // Words of the document's own type say more than a list of what is known.
  if (!unionWords.test(issue.message))
    return [`${locate(place.source, issue.path)}: ${fieldOf(issue)}${issue.message}`];
  const options = "options" in issue ? (issue.options ?? []).map(String) : [];
  return [`${locate(place.source, issue.path)}: ${fieldOf(issue)}${choice(valueAt(place.value, issue.path), options)}`];
}

/** How far a value is from one branch of a union: the branch with the fewest complaints is the one that was meant. */
function costOf(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + costOfOne(issue), 0);
}

/** The field that says which branch is meant: one that it does not fit was not, however little else is wrong. */
const naming = "safeguard";
const otherNameCost = 100;

function costOfOne(issue: Issue): number {
  if (issue.code === "unrecognized_keys") return issue.keys.length;
  if (issue.code === "invalid_union" && issue.errors.length > 0) return Math.min(...issue.errors.map(costOf));
  return issue.path.at(-1) === naming ? otherNameCost : 1;
}

function choice(value: unknown, known: readonly string[]): string {
  const words = `one of ${known.slice(0, 16).join(", ")}`;
  if (typeof value !== "string") return words;
  const near = nearestWord(value, known);
  return `unknown value "${value}"; ${near === undefined ? "" : `did you mean "${near}"? `}${words}`;
}

export function suggestion(word: string, known: readonly string[]): string {
  const near = nearestWord(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length === 0 ? "" : `; known here: ${known.slice(0, 16).join(", ")}`;
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)];
    return z.record(z.string(), z.unknown()).safeParse(inner).data?.[String(step)];
  }, value);
}

/** Where the value at `path` begins; for a missing one, where the thing around it begins. For a key, the key. */
function locate(source: Source, path: Path): string {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(source.yaml, path.slice(0, length));
    if (offset !== undefined) return source.at(offset);
  }
  return source.at(source.yaml.contents?.range[0] ?? 0);
}

function offsetOf(yaml: Document.Parsed, path: Path): number | undefined {
  const last = path.at(-1);
  const around: unknown = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true);
  if (isMap(around)) {
    const pair = around.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node: unknown = yaml.getIn(path, true);
  return isNode(node) && !isAlias(node) ? node.range?.[0] : undefined;
}

function position(path: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text;
}
