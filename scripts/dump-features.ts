// Turns texts into the numbers that training reads, with the very code that judges them later, so that the two cannot
// drift apart. Usage: node scripts/dump-features.ts ROWS.jsonl VOCABULARY.txt OUT-FOLDER
// Writes window.u32 (row of each window), learn.u8 (1: a window to learn from, 0: for thresholds only), ngrams.u32 with ngram-ends.u32, pieces.u16 with piece-ends.u32.
import { closeSync, createReadStream, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { argv } from "node:process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { ngramsOf } from "../src/safeguards/ngrams.ts";
import { normalise } from "../src/safeguards/normalise.ts";
import { detectorShape } from "../src/safeguards/detector-shape.ts";
import { wholeWindows, windowEnds, windowStart } from "../src/safeguards/windows.ts";
import { wordPieces } from "../src/safeguards/wordpiece.ts";

const Row = z.object({ text: z.string(), surface: z.enum(["input", "output"]) });
/** Long texts are sampled: their first windows and their last one are kept. */
const windowsMax = 8;
/** The windows of the stream guard with the default document. */
const streamShape = { windowChars: detectorShape.windowChars, strideChars: 60 };

interface Part {
  readonly start: number;
  readonly end: number;
  /** Growing windows of answers only set thresholds: the beginning of a harmful answer need not be harmful. */
  readonly isLearnt: boolean;
}

function partsOf(length: number, surface: "input" | "output"): Part[] {
  const whole = wholeWindows(length, detectorShape.windowChars).map(([start, end]) => ({ start, end, isLearnt: true }));
  if (surface === "input") return sampled(whole);
  const growing = windowEnds(length, streamShape).map((end) => ({
    start: windowStart(end, streamShape),
    end,
    isLearnt: false,
  }));
  return [...sampled(whole), ...sampled(growing)];
}

function sampled(parts: readonly Part[]): Part[] {
  return parts.length <= windowsMax ? [...parts] : [...parts.slice(0, windowsMax - 1), ...parts.slice(-1)];
}

class Column {
  readonly #file: number;
  constructor(path: string) {
    this.#file = openSync(path, "w");
  }
  add(values: Uint32Array | Uint16Array | Uint8Array): void {
    writeSync(this.#file, values);
  }
  close(): void {
    closeSync(this.#file);
  }
}

async function dump(rowsFile: string, vocabularyFile: string, out: string): Promise<void> {
  const vocabulary = readFileSync(vocabularyFile, "utf8").trimEnd().split("\n");
  const pieces = wordPieces(vocabulary, vocabulary.indexOf("[UNK]"));
  const names = ["window.u32", "learn.u8", "ngrams.u32", "ngram-ends.u32", "pieces.u16", "piece-ends.u32"] as const;
  const [window, learn, ngrams, ngramEnds, pieceIds, pieceEnds] = names.map((name) => new Column(join(out, name)));
  let row = 0;
  let ngramEnd = 0;
  let pieceEnd = 0;
  for await (const line of createInterface({ input: createReadStream(rowsFile) })) {
    const source = Row.parse(JSON.parse(line));
    const { text } = normalise(source.text);
    for (const { start, end, isLearnt } of partsOf(text.length, source.surface)) {
      const part = text.slice(start, end);
      const found = ngramsOf(part, detectorShape.buckets);
      const ids = pieces.idsOf(part, detectorShape.piecesMax);
      ngramEnd += found.length;
      pieceEnd += ids.length;
      window?.add(Uint32Array.of(row));
      learn?.add(Uint8Array.of(isLearnt ? 1 : 0));
      ngrams?.add(found);
      ngramEnds?.add(Uint32Array.of(ngramEnd));
      pieceIds?.add(Uint16Array.from(ids));
      pieceEnds?.add(Uint32Array.of(pieceEnd));
    }
    row += 1;
  }
  for (const column of [window, learn, ngrams, ngramEnds, pieceIds, pieceEnds]) column?.close();
  console.log(`${row} rows, ${ngramEnd} n-grams, ${pieceEnd} pieces`);
}

const [rowsFile, vocabularyFile, out] = argv.slice(2);
if (rowsFile === undefined || vocabularyFile === undefined || out === undefined)
  throw new Error("Usage: node scripts/dump-features.ts ROWS.jsonl VOCABULARY.txt OUT-FOLDER");
await dump(rowsFile, vocabularyFile, out);
