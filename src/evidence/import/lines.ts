// Lines of a text of any size, one at a time, each with its number and a bound: for JSON a line, and for CSV (RFC 4180),
// whose quoted fields may hold line breaks. A last line without a line break is a line; what breaks off inside quotes is not.
import { concatBytes, fromUtf8 } from "../../proof/encoding.ts";
import { Failure } from "../../terms/failure.ts";

const lineBytesMax = 64 * 1024 * 1024;

export interface Line {
  readonly number: number;
  readonly bytes: Uint8Array;
}

const newline = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;

/** Lines that hold something. Fails with request_invalid where one is longer than 64 MiB. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Line, void> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  let number = 1;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = trimmed([...parts, chunk.subarray(start, end)]);
      if (line.length > 0) yield { number, bytes: line };
      number += 1;
      parts = [];
      bytes = 0;
      start = end + 1;
    }
    bytes += chunk.length - start;
    if (bytes > lineBytesMax) throw tooLong(number);
    if (start < chunk.length) parts.push(chunk.slice(start));
  }
  const last = trimmed(parts);
  if (last.length > 0) yield { number, bytes: last };
}

function trimmed(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  const line = only !== undefined && parts.length === 1 ? only : concatBytes(parts);
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}

function tooLong(number: number): Failure {
  return new Failure("request_invalid", `Line ${number} is longer than ${lineBytesMax} bytes. Is this the right file?`);
}

export interface Row {
  /** The line that it begins in. */
  readonly number: number;
  readonly fields: readonly string[];
}

/** Rows of a CSV file with commas. Fails with request_invalid, naming the line, where the quotes are wrong. */
export async function* rowsOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Row, void> {
  let open: { readonly number: number; readonly parts: Uint8Array[]; bytes: number; quotes: number } | undefined;
  for await (const { number, bytes } of linesOf(chunks)) {
    open ??= { number, parts: [], bytes: 0, quotes: 0 };
    open.parts.push(bytes, lineBreak);
    open.bytes += bytes.length;
    open.quotes += quotesIn(bytes);
    if (open.bytes > lineBytesMax) throw tooLong(open.number);
    // An odd number of quotes: the row goes on in the next line.
    if (open.quotes % 2 === 1) continue;
    yield rowOf(open.number, open.parts);
    open = undefined;
  }
  if (open !== undefined)
    throw new Failure("request_invalid", `The row that begins in line ${open.number} breaks off inside quotes.`);
}

const lineBreak = Uint8Array.of(newline);

function quotesIn(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(quote); at >= 0; at = bytes.indexOf(quote, at + 1)) count += 1;
  return count;
}

/** Without a choice at each character, so that a field of megabytes is matched in one go. */
const fieldPattern = /(?:"([^"]*(?:""[^"]*)*)"|([^",\n]*))(,|\n$)/gsy;

function rowOf(number: number, parts: readonly Uint8Array[]): Row {
  const text = fromUtf8(concatBytes(parts));
  if (text === undefined) throw new Failure("request_invalid", `Line ${number} is not UTF-8.`);
  const line = number === 1 ? text.replace(/^\u{feff}/u, "") : text;
  const fields: string[] = [];
  fieldPattern.lastIndex = 0;
  for (;;) {
    const found = fieldPattern.exec(line);
    if (found === null)
      throw new Failure(
        "request_invalid",
        `Line ${number}, column ${fields.length + 1}: the quotes are not those of CSV (a quote inside quotes is written twice).`,
      );
    const [, quoted, plain, end] = found;
    fields.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end !== ",") return { number, fields };
  }
}
