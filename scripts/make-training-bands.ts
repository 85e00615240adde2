// Writes the filter that tells near-duplicates of the training rows, which ships beside the weights.
// Usage: node scripts/make-training-bands.ts ROWS.jsonl OUT.bin
import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { z } from "zod";
import { buildBands } from "./near-duplicates.ts";

const Row = z.object({ text: z.string() });

const [rowsFile, out] = argv.slice(2);
if (rowsFile === undefined || out === undefined)
  throw new Error("Usage: node scripts/make-training-bands.ts ROWS.jsonl OUT.bin");
const texts = readFileSync(rowsFile, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => Row.parse(JSON.parse(line)).text);
const filter = buildBands(texts);
writeFileSync(out, filter);
console.log(`${texts.length} rows, ${filter.length} bytes`);
