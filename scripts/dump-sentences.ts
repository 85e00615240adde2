// Turns texts into the numbers that training of the detector of planted orders reads, with the very code that judges them later.
// Usage: node scripts/dump-sentences.ts ROWS.jsonl OUT-FOLDER
// Writes for each sentence row.u32, label.u8 (1: most of it is the row's order, 2: some of it, 0: nothing) and ends.u32, where its
// n-grams end in ngrams.u32.
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { NgramReader } from "../src/safeguards/ngrams.ts";
import { foldSentence, sentencesOf } from "../src/safeguards/injection/sentences.ts";

const Row = z.object({ text: z.string(), order: z.string().optional() });

/** Share of a sentence that an order takes: none, some, most of it. */
function labelOf([start, end]: readonly [number, number], [from, to]: readonly [number, number]): number {
  const shared = Math.min(end, to) - Math.max(start, from);
  if (shared <= 0) return 0;
  return shared >= (end - start) / 2 || shared >= (to - from) * 0.8 ? 1 : 2;
}

async function dump(rowsFile: string, out: string): Promise<void> {
  const open = (name: string): number => openSync(join(out, name), "w");
  const files = {
    row: open("row.u32"),
    label: open("label.u8"),
    span: open("span.u32"),
    ends: open("ends.u32"),
    ngrams: open("ngrams.u32"),
  };
  let row = 0;
  let sentences = 0;
  let end = 0;
  for await (const line of createInterface({ input: createReadStream(rowsFile) })) {
    const { text, order } = Row.parse(JSON.parse(line));
    const at = order === undefined ? -1 : text.indexOf(order);
    if (order !== undefined && at < 0) throw new Error(`An order does not stand in its text: ${order}`);
    const span = [at, at + (order?.length ?? 0)] as const;
    for (const stretch of sentencesOf(text)) {
      const { units, length } = foldSentence(text.slice(...stretch));
      const reader = new NgramReader();
      for (const found of [() => reader.read(units, 0, length), () => reader.readEnd()]) {
        const some = found();
        writeSync(files.ngrams, some);
        end += some.length;
      }
      writeSync(files.row, Uint32Array.of(row));
      writeSync(files.span, Uint32Array.of(...stretch));
      writeSync(files.label, Uint8Array.of(order === undefined ? 0 : labelOf(stretch, span)));
      writeSync(files.ends, Uint32Array.of(end));
      sentences += 1;
    }
    row += 1;
  }
  for (const file of Object.values(files)) closeSync(file);
  console.log(`${row} rows, ${sentences} sentences, ${end} n-grams`);
}

const [rowsFile, out] = argv.slice(2);
if (rowsFile === undefined || out === undefined)
  throw new Error("Usage: node scripts/dump-sentences.ts ROWS.jsonl OUT-FOLDER");
await dump(rowsFile, out);
