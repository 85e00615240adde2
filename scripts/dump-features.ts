// Turns texts into the numbers that training reads, with the very code that judges them later, so that the two cannot
// drift apart. Usage: node scripts/dump-features.ts ROWS.jsonl VOCABULARY.txt OUT-FOLDER
// Writes, for each block of a text, block-row.u32 and block-ends.u32 (of its n-grams in block-ngrams.u32); for each reading of
// a request, reading-row.u32, reading-span.u32 (first unit and end), reading-ends.u32 with reading-ngrams.u32, piece-ends.u32
// with pieces.u16. For each row, order-span.u32: where a planted order stands in it, or two zeros.
import { closeSync, createReadStream, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { detectorShape } from "../src/safeguards/misuse/detector-shape.ts";
import { NgramReader } from "../src/safeguards/ngrams.ts";
import { type Folded, foldText } from "../src/safeguards/normalise.ts";
import { readingsOf } from "../src/safeguards/misuse/readings.ts";
import { allSteps } from "../src/safeguards/steps.ts";
import { wordPieces } from "../src/safeguards/misuse/wordpiece.ts";

const Row = z.object({ text: z.string(), surface: z.enum(["input", "output"]), order: z.string().optional() });
/** The stretches of an answer with the default document. */
const answerStretch = 60;

class Column {
  readonly #file: number;
  constructor(path: string) {
    this.#file = openSync(path, "w");
  }
  add(values: Uint32Array | Uint16Array): void {
    writeSync(this.#file, values);
  }
  close(): void {
    closeSync(this.#file);
  }
}

/** Where an order stands in a text, as it is folded there. */
function orderSpan(folded: Folded, order: string | undefined): Uint32Array {
  if (order === undefined) return Uint32Array.of(0, 0);
  const text = foldedText(folded);
  const sought = foldedText(foldText(order)).trim();
  const at = text.indexOf(sought);
  if (at < 0) throw new Error(`An order does not stand in its text: ${order}`);
  return Uint32Array.of(at, at + sought.length);
}

function foldedText({ units, length }: Folded): string {
  return Array.from(units.subarray(0, length), (unit) => String.fromCharCode(unit)).join("");
}

async function dump(rowsFile: string, vocabularyFile: string, out: string): Promise<void> {
  const vocabulary = readFileSync(vocabularyFile, "utf8").trimEnd().split("\n");
  const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));
  const column = (name: string): Column => new Column(join(out, name));
  const blocks = { row: column("block-row.u32"), ends: column("block-ends.u32"), ngrams: column("block-ngrams.u32") };
  const readings = {
    row: column("reading-row.u32"),
    span: column("reading-span.u32"),
    ends: column("reading-ends.u32"),
    ngrams: column("reading-ngrams.u32"),
    pieceEnds: column("piece-ends.u32"),
    pieces: column("pieces.u16"),
  };
  const orders = column("order-span.u32");
  let row = 0;
  let [blockEnd, readingEnd, pieceEnd] = [0, 0, 0];
  const addBlocks = ({ units, length }: Folded, size: number): void => {
    const reader = new NgramReader();
    for (let at = 0; at < length; at += size) {
      const inside = reader.read(units, at, Math.min(length, at + size));
      blocks.ngrams.add(inside);
      blockEnd += inside.length;
      if (at + size >= length) {
        const last = reader.readEnd();
        blocks.ngrams.add(last);
        blockEnd += last.length;
      }
      blocks.row.add(Uint32Array.of(row));
      blocks.ends.add(Uint32Array.of(blockEnd));
    }
  };
  const addReadings = ({ units, length }: Folded): void => {
    for (const { stretch, pieces: ids } of allSteps(readingsOf(units, [0, length], pieces))) {
      const reader = new NgramReader();
      for (const found of [() => reader.read(units, ...stretch), () => reader.readEnd()]) {
        const some = found();
        readings.ngrams.add(some);
        readingEnd += some.length;
      }
      pieceEnd += ids.length;
      readings.row.add(Uint32Array.of(row));
      readings.span.add(Uint32Array.of(...stretch));
      readings.ends.add(Uint32Array.of(readingEnd));
      readings.pieceEnds.add(Uint32Array.of(pieceEnd));
      readings.pieces.add(ids);
    }
  };
  for await (const line of createInterface({ input: createReadStream(rowsFile) })) {
    const { text, surface, order } = Row.parse(JSON.parse(line));
    const folded = foldText(text);
    addBlocks(folded, surface === "input" ? detectorShape.blockUnits : answerStretch);
    if (surface === "input") addReadings(folded);
    orders.add(orderSpan(folded, order));
    row += 1;
  }
  for (const one of [...Object.values(blocks), ...Object.values(readings), orders]) one.close();
  console.log(`${row} rows, ${blockEnd} n-grams in blocks, ${readingEnd} in readings, ${pieceEnd} pieces`);
}

const [rowsFile, vocabularyFile, out] = argv.slice(2);
if (rowsFile === undefined || vocabularyFile === undefined || out === undefined)
  throw new Error("Usage: node scripts/dump-features.ts ROWS.jsonl VOCABULARY.txt OUT-FOLDER");
await dump(rowsFile, vocabularyFile, out);
