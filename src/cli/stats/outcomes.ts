// Outcomes from a file or the standard input, one trial a line, read as they come: `failed`, `clean` or `unknown` (or 1, 0, ?),
// one column or two, with the name of a cluster before them or not. Memory does not grow with the lines.
import { createReadStream } from "node:fs";
import type { CountedAs } from "../../terms/trial.ts";
import { Failure } from "../../terms/failure.ts";
import type { Context } from "../context.ts";
import { legible } from "../legible.ts";

const linesMax = 10_000_000;
const lineBytesMax = 1024;
/** Clusters whose counts are kept side by side. */
export const clustersMax = 1_000_000;

export interface OutcomeLine {
  /** Undefined in every line or in none. */
  readonly cluster: string | undefined;
  /** As many as were asked for. */
  readonly outcomes: readonly CountedAs[];
}

const words: ReadonlyMap<string, CountedAs> = new Map([
  ["failed", "failed"],
  ["clean", "clean"],
  ["unknown", "unknown"],
  ["1", "failed"],
  ["0", "clean"],
  ["?", "unknown"],
]);

/** All lines of `path` (`-` is the standard input) with `columns` outcomes each. Throws request_invalid, naming the line. */
export async function* outcomesIn(
  path: string,
  columns: 1 | 2,
  context: Context,
): AsyncGenerator<OutcomeLine, void, undefined> {
  const name = nameOf(path);
  let number = 0;
  let hasClusters: boolean | undefined;
  for await (const text of linesOf(path, context)) {
    number += 1;
    if (number > linesMax) throw new Failure("request_invalid", `${name} has more than ${linesMax} lines.`);
    if (text.trim() === "") continue;
    const line = parseLine(text, columns);
    if (line === undefined)
      throw new Failure(
        "request_invalid",
        `${name}, line ${number}: "${legible(text.slice(0, 60))}" is not ${formOf(columns)}.`,
      );
    const isClustered = line.cluster !== undefined;
    if (hasClusters !== undefined && hasClusters !== isClustered)
      throw new Failure(
        "request_invalid",
        `${name}, line ${number}: either every line names its cluster or none does.`,
      );
    hasClusters = isClustered;
    yield line;
  }
  if (hasClusters === undefined) throw new Failure("request_invalid", `${name} holds no outcome.`);
}

/** As sentences begin with it. */
export function nameOf(path: string): string {
  return path === "-" ? "The standard input" : path;
}

function formOf(columns: 1 | 2): string {
  const one = "failed, clean or unknown (1, 0, ?)";
  return columns === 1
    ? `${one}, with a cluster and a comma before it or not`
    : `two of ${one} with a comma between, and a cluster before them or not`;
}

function parseLine(text: string, columns: 1 | 2): OutcomeLine | undefined {
  const fields = text.split(/[,\t]/).map((field) => field.trim());
  const outcomes = fields.slice(-columns).flatMap((field) => words.get(field) ?? []);
  if (outcomes.length !== columns || fields.length > columns + 1) return undefined;
  if (fields.length === columns) return { cluster: undefined, outcomes };
  const [cluster = ""] = fields;
  return cluster === "" ? undefined : { cluster, outcomes };
}

async function* linesOf(path: string, context: Context): AsyncGenerator<string, void, undefined> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunksOf(path, context)) {
    let bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10)) {
      yield lineIn(bytes.subarray(0, end), path);
      bytes = bytes.subarray(end + 1);
    }
    rest = bytes;
    if (rest.length > lineBytesMax) lineIn(rest, path);
  }
  if (rest.length > 0) yield lineIn(rest, path);
}

function lineIn(bytes: Uint8Array, path: string): string {
  if (bytes.length > lineBytesMax)
    throw new Failure(
      "request_invalid",
      `${nameOf(path)} has a line of more than ${lineBytesMax} bytes: one trial stands on each line.`,
    );
  return new TextDecoder().decode(bytes);
}

async function* chunksOf(path: string, context: Context): AsyncGenerator<Uint8Array, void, undefined> {
  const source = path === "-" ? context.input?.() : createReadStream(path);
  if (source === undefined) throw new Failure("request_invalid", "There is no standard input here. Name a file.");
  try {
    for await (const chunk of source) yield chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk));
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(
      "request_invalid",
      `${nameOf(path)} cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`,
      { cause },
    );
  }
}
